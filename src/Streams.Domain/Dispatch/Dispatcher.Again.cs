using System.Collections.Immutable;
using Streams.Domain.Areas;

namespace Streams.Domain.Dispatch;

/// <summary>What had to give way has its way again: of devices and places, and of places within others.</summary>
public sealed partial class Dispatcher
{
    private void DoAgain(Holding holding, long nowInMs)
    {
        holding.RetryInMs = long.MaxValue;
        ImmutableArray<string> targets = holding.Target == ActionTarget.Area ? [] : [.. holding.AgainAssets];
        holding.Again = Run(holding, $"{holding.Id}.again{++holding.Numbers}", holding.Action, targets, holding.Parameters, null, nowInMs + holding.WithinInMs, nowInMs);
    }

    private void HearAgain(Holding holding, bool isDone, long nowInMs)
    {
        if (isDone)
        {
            Note(nowInMs, "done_again", holding, holding.Place);
            holding.AgainAssets.Clear();
            holding.Tries = 0;
            holding.RetryInMs = long.MaxValue;
            DoBelowAgain(holding, nowInMs);
        }
        else
        {
            // For as long as somebody counts on it.
            holding.RetryInMs = nowInMs + RestInMs(++holding.Tries);
        }
    }

    private void StopAgain(Holding holding)
    {
        Forget(holding.Again);
        holding.Again = null;
        holding.AgainAssets.Clear();
    }

    /// <summary>The nearest place around this one that is in a state of the same family; null where none is.</summary>
    private Holding? WiderThan(Holding holding)
    {
        if (holding.Target != ActionTarget.Area || holding.StandsBeside)
        {
            return null;
        }

        for (string? place = AreaPath.ParentOf(holding.Place); place is not null && AreaPath.IsWithin(place, Area); place = AreaPath.ParentOf(place))
        {
            if (Top($"{place}|{holding.Family}") is { State: HoldingState.Doing or HoldingState.Standing, Undo: not null } wider)
            {
                return wider;
            }
        }

        return null;
    }

    /// <summary>Of what counts on a device or a place, the most urgent: an incident may have put something less urgent of its own upon it.</summary>
    private int UrgencyOf(string asset) => !_things.TryGetValue(asset, out List<Holding>? stack) ? 0
        : stack.Where(each => each.State is HoldingState.Doing or HoldingState.Standing).Select(each => each.Priority).DefaultIfEmpty(0).Max();

    /// <summary>The state of a place has changed, and that of those within it: what stands there, and is as urgent, is done again.</summary>
    private void DoBelowAgain(Holding holding, long nowInMs)
    {
        string slot = $"{holding.Place}|{holding.Family}";
        Holding? top = Top(slot);
        foreach (Holding below in Within(holding))
        {
            AimAgain(below, nowInMs);
            if (below.State is HoldingState.Doing or HoldingState.Standing && UrgencyOf(below.Assets[0]) >= UrgencyOf(slot) && !(top is { State: HoldingState.Doing or HoldingState.Standing } && top.Does(below.Action, below.Parameters)))
            {
                PutAgain(below, below.Assets[0]);
            }
        }
    }

    /// <summary>An incident may put something less urgent upon what it did itself. Where that is only another one's any more, it goes below.</summary>
    private void Yield(Holding holding)
    {
        if (holding.Target != ActionTarget.Area || holding.State != HoldingState.Standing || Top(holding.Assets[0]) != holding)
        {
            return;
        }

        List<Holding> stack = _things[holding.Assets[0]];
        int at = stack.FindIndex(each => each != holding && each.State == HoldingState.Standing && each.Priority > holding.Priority && !each.Members.Exists(id => IsOnly(holding, _requests[id].Request.IncidentId)));
        if (at >= 0)
        {
            stack.RemoveAt(stack.Count - 1);
            stack.Insert(at, holding);
            StopAgain(holding);
            PutAgain(stack[^1], holding.Assets[0]);
        }
    }

    /// <summary>What has its way in places within another one's, in a state of the same family.</summary>
    private Holding[] Within(Holding holding) => holding.Target != ActionTarget.Area || holding.StandsBeside ? [] : [.. _holdings.Values.Where(each =>
        each.Target == ActionTarget.Area && each.Family == holding.Family && each.Place.Length > holding.Place.Length && AreaPath.IsWithin(each.Place, holding.Place)
        && Top($"{each.Place}|{each.Family}") == each)];

    /// <summary>What is being taken back goes to what the wider place is, and that has changed.</summary>
    private void AimAgain(Holding holding, long nowInMs)
    {
        if (holding.State is HoldingState.Undoing or HoldingState.Recovering && holding.Ending is { } ending)
        {
            Forget(ending);
            holding.Ending = null;
            Undo(holding, nowInMs);
        }
    }

    private void PutAgain(Holding holding, string asset)
    {
        Forget(holding.Again);
        holding.Again = null;
        holding.RetryInMs = long.MinValue;
        if (!holding.AgainAssets.Contains(asset))
        {
            holding.AgainAssets.Add(asset);
        }
    }
}
