using System.Collections.Immutable;

namespace Streams.Domain.Dispatch;

/// <summary>What was begun is withdrawn, and what was done is taken back.</summary>
public sealed partial class Dispatcher
{
    /// <summary>Attempts at taking back by itself what nobody counts on any more: of a unit some minutes, of all else most of a day.</summary>
    private const int MostUnitTries = 3;
    private const int MostTries = 24;

    /// <summary>
    /// By unit: what it was called away from without a word from it. If it goes where it was sent it has left that behind; should it come free without, it is taken back after all.
    /// </summary>
    private readonly SortedDictionary<string, Holding> _leftBehind = new(StringComparer.Ordinal);

    private void WithdrawCommand(Holding holding, HoldingEnd end, long nowInMs)
    {
        holding.MayHaveActed |= holding.Do?.Status == CommandStatus.Executing;
        holding.State = HoldingState.Withdrawing;
        holding.End = end;
        holding.Ending = Run(
            holding, holding.Id + ".withdraw", Command.Withdraw, holding.Targets, ImmutableSortedDictionary<string, string>.Empty, holding.Id,
            nowInMs + (long)_map.Kind.Answers.TotalMilliseconds, nowInMs);
        holding.Ending.NextInMs = long.MaxValue;
        if (end == HoldingEnd.Unanswered)
        {
            Rest(holding, nowInMs);
        }
    }

    /// <summary>Nothing more comes of a command that was withdrawn.</summary>
    /// <param name="isSure">The system said so.</param>
    private void Withdrawn(Holding holding, bool isSure, long nowInMs)
    {
        Forget(holding.Do);
        Forget(holding.Ending);
        (holding.Do, holding.Ending) = (null, null);
        holding.MayHaveActed |= !isSure;

        // A unit that is sent elsewhere leaves what it did behind.
        bool isLeft = holding.Target == ActionTarget.Unit && holding.End == HoldingEnd.Preempted;
        if (isLeft && holding.Undo is not null && !isSure)
        {
            _leftBehind.TryAdd(holding.Assets[0], holding);
        }

        if (holding.Undo is null || !holding.MayHaveActed || isLeft)
        {
            Remove(holding, nowInMs);
        }
        else
        {
            Recover(holding, holding.End, nowInMs);
        }
    }

    /// <summary>Units that came free without having gone anywhere.</summary>
    private void ComeBack(long nowInMs)
    {
        foreach ((string unit, Holding holding) in _leftBehind.Where(each => !_units.ContainsKey(each.Key)).ToArray())
        {
            _leftBehind.Remove(unit);
            holding.Members.Clear();
            holding.Undoers.Clear();
            _holdings.Add(holding.Number, holding);
            _units.Add(unit, holding);
            Recover(holding, HoldingEnd.Preempted, nowInMs);
        }
    }

    private void Recover(Holding holding, HoldingEnd end, long nowInMs)
    {
        StopAgain(holding);
        holding.State = HoldingState.Recovering;
        holding.End = end;
        holding.Tries = 0;

        // Not before those that wait were looked at: what they do may take its place.
        holding.RetryInMs = nowInMs;
        _isStale = true;
    }

    /// <summary>Takes back, wherever nothing else has its way: there it is left, and what lies below is done again.</summary>
    private void Undo(Holding holding, long nowInMs)
    {
        StopAgain(holding);
        foreach (string asset in holding.Target == ActionTarget.Unit ? [] : holding.Assets.ToArray())
        {
            List<Holding> stack = _things[asset];
            int at = stack.IndexOf(holding);
            Holding? above = stack.FindLast(each => each.Family == holding.Family && each != holding && stack.IndexOf(each) > at);
            if (above is not null)
            {
                // Should nothing come of what is done in its place, this is to be taken back all the same.
                above.MayHaveActed = true;
            }

            if (above is not null || stack.FindLastIndex(Math.Max(at - 1, 0), at, each => each.Family == holding.Family && each.State == HoldingState.Standing) >= 0)
            {
                Drop(holding, asset);
            }
        }

        if (holding.Assets.Count == 0)
        {
            TakenBack(holding, nowInMs);
            return;
        }

        holding.RetryInMs = long.MaxValue;
        if (holding.State != HoldingState.Recovering)
        {
            holding.State = HoldingState.Undoing;
        }

        long deadline = nowInMs + holding.WithinInMs;
        string id = $"{holding.Id}.undo{++holding.Numbers}";
        foreach (string undoer in holding.Undoers)
        {
            deadline = Math.Max(deadline, _requests[undoer].Request.DeadlineInMs);
        }

        // A wider place may be in such a state too: then that is what this one goes back to.
        Holding? wider = WiderThan(holding);
        if (wider is not null)
        {
            wider.MayHaveActed = true;
        }

        holding.Ending = wider is null
            ? Run(holding, id, holding.Undo!, holding.Targets, ImmutableSortedDictionary<string, string>.Empty, holding.Id, deadline, nowInMs)
            : Run(holding, id, wider.Action, [], wider.Parameters, holding.Id, deadline, nowInMs);
        foreach (Holding within in Within(holding))
        {
            AimAgain(within, nowInMs);
        }
    }

    private void TakenBack(Holding holding, long nowInMs)
    {
        if (holding.State == HoldingState.Recovering)
        {
            Note(nowInMs, "taken_back", holding, holding.End.ToString().ToLowerInvariant());
        }

        // First of all it is gone, so that nothing goes back to it.
        Remove(holding, nowInMs);
        DoBelowAgain(holding, nowInMs);
    }

    private void NotTakenBack(Holding holding, CommandStatus status, string reason, long nowInMs)
    {
        foreach (string id in holding.Undoers.ToArray())
        {
            if (_requests.TryGetValue(id, out RequestRun? undo))
            {
                undo.Parts.RemoveAll(part => part.Status == CommandStatus.Done);
                undo.Parts.Add(new RequestPart(holding.Target == ActionTarget.Unit ? holding.Assets[0] : "", status, reason));
                holding.Undoers.Remove(id);
                Conclude(undo, nowInMs);
            }
        }

        if (holding.State == HoldingState.Undoing)
        {
            // It may have been taken back in part, and what lies within with it.
            holding.State = HoldingState.Doubtful;
            _isStale = true;
            DoBelowAgain(holding, nowInMs);
            return;
        }

        if (++holding.Tries >= (holding.Target == ActionTarget.Unit ? MostUnitTries : MostTries))
        {
            Note(nowInMs, "given_up", holding, $"could not be taken back: {(reason.Length > 0 ? reason : status.ToString().ToLowerInvariant())}");
            Rest(holding, nowInMs);
            Remove(holding, nowInMs);
            return;
        }

        holding.RetryInMs = nowInMs + RestInMs(holding.Tries);
        DoBelowAgain(holding, nowInMs);
    }
}
