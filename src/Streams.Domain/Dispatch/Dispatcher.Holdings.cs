using System.Collections.Immutable;

namespace Streams.Domain.Dispatch;

/// <summary>What commands do, from being sent to being answered.</summary>
public sealed partial class Dispatcher
{
    private void Begin(RequestRun run, SystemAction action, List<string> assets, long nowInMs)
    {
        CommandRequest request = run.Request;
        Holding holding = new()
        {
            Number = ++_numbers,
            Id = $"{run.Id}~{++run.Commands}",
            IncidentId = request.IncidentId,
            Action = action.Name,
            Undo = action.Undo,
            Target = action.Target,
            StandsBeside = action.StandsBeside,
            WithinInMs = (long)action.Within.TotalMilliseconds,
            Parameters = request.Parameters,
            Place = request.Area,
            Location = PlaceOf(request),
            Assets = assets,
            Members = [run.Id],
            Priority = request.Priority,
        };
        _holdings.Add(holding.Number, holding);
        foreach (string asset in assets)
        {
            if (action.Target == ActionTarget.Unit)
            {
                _units.Add(asset, holding);
            }
            else
            {
                Cover(asset, holding, nowInMs);
            }
        }

        holding.Do = Run(holding, holding.Id, action.Name, holding.Targets, holding.Parameters, null, request.DeadlineInMs, nowInMs);
        foreach (Holding within in Within(holding))
        {
            AimAgain(within, nowInMs);
        }
    }

    /// <summary>Puts a holding on top of what else there is on a device or a place.</summary>
    private void Cover(string asset, Holding holding, long nowInMs)
    {
        Holding[] others = _things.TryGetValue(asset, out List<Holding>? stack) ? [.. stack.Where(each => each.Family == holding.Family)] : [];
        foreach (Holding below in others.Where(each => each.State is HoldingState.Recovering or HoldingState.Doubtful))
        {
            // What is done now takes the place of what was to be taken back, and the care for it.
            holding.MayHaveActed = true;
            Drop(below, asset);
            if (below.Assets.Count == 0)
            {
                Remove(below, nowInMs);
            }
        }

        foreach (Holding below in others.Where(each => each.AgainAssets.Remove(asset)))
        {
            Forget(below.Again);
            below.Again = null;
            below.RetryInMs = nowInMs;
        }

        if (!_things.TryGetValue(asset, out stack))
        {
            _things.Add(asset, stack = []);
        }

        stack.Add(holding);
    }

    private CommandRun Run(
        Holding holding, string id, string action, ImmutableArray<string> targets, ImmutableSortedDictionary<string, string> parameters, string? compensates, long deadlineInMs, long nowInMs)
    {
        CommandRun run = new()
        {
            Id = id,
            Action = action,
            Targets = targets,
            Parameters = parameters,
            Compensates = compensates,
            Priority = holding.Priority,
            IssuedInMs = nowInMs,
            DeadlineInMs = deadlineInMs,
        };
        _byCommand.Add(id, holding);
        Send(holding, run, nowInMs);
        return run;
    }

    private void Send(Holding holding, CommandRun run, long nowInMs)
    {
        long answers = (long)_map.Kind.Answers.TotalMilliseconds;
        run.NextInMs = nowInMs + (answers << Math.Min(run.Attempt, 3));
        run.Attempt++;
        Command command = new(
            run.Id, holding.IncidentId, System, Area, run.Action, run.Targets, run.Parameters, run.Priority, run.IssuedInMs, run.DeadlineInMs, run.Attempt, run.Compensates, holding.Place, holding.Location);
        _unsaid.Add(output => output.Send(command));
    }

    private void Preempt(Holding holding, RequestRun by, long nowInMs)
    {
        string reason = $"needed for something more urgent, {by.Request.IncidentId}";
        Note(nowInMs, "preempted", holding, reason);
        bool isUnderWay = holding.State == HoldingState.Doing;
        WithdrawCommand(holding, HoldingEnd.Preempted, nowInMs);
        if (isUnderWay)
        {
            EndPart(holding, CommandStatus.Preempted, reason, nowInMs);
            return;
        }

        foreach (RequestRun run in holding.Members.Select(id => _requests.GetValueOrDefault(id)).OfType<RequestRun>().ToArray())
        {
            // Of several units the others stay.
            run.Parts.RemoveAll(part => part.Asset == holding.Assets[0]);
            if (run.IsOver)
            {
                Tell(run, CommandStatus.Preempted, $"{holding.Assets[0]}: {reason}", AssetsOf(run, HoldingsOf(run.Id)), nowInMs);
            }
            else
            {
                run.Parts.Add(new RequestPart(holding.Assets[0], CommandStatus.Preempted, reason));
            }
        }
    }

    private bool Hear(Holding holding, CommandResult result, long nowInMs)
    {
        CommandRun run = holding.Runs.First(each => each.Id == result.CommandId);
        if (result.Status is CommandStatus.Accepted or CommandStatus.Executing)
        {
            if (run.Status >= result.Status)
            {
                return false;
            }

            run.Status = result.Status;
            run.NextInMs = long.MaxValue;
            if (run == holding.Do && result.Status == CommandStatus.Executing && holding.Target == ActionTarget.Unit)
            {
                _leftBehind.Remove(holding.Assets[0]);
            }

            holding.MayHaveActed |= run == holding.Do && holding.State == HoldingState.Withdrawing && result.Status == CommandStatus.Executing;
            if (run == holding.Do && holding.State == HoldingState.Doing)
            {
                TellStatus(holding, result.Status, nowInMs);
            }

            return true;
        }

        if (result.Status > CommandStatus.Rejected)
        {
            // No word of a system's.
            return false;
        }

        _byCommand.Remove(run.Id);
        if (run == holding.Do)
        {

            // What failed may have been done in part; what was rejected was not begun.
            holding.MayHaveActed |= run.Status == CommandStatus.Executing || result.Status != CommandStatus.Rejected;
            holding.Do = null;
            HearEnd(holding, result, nowInMs);
        }
        else if (run == holding.Again)
        {
            holding.Again = null;
            HearAgain(holding, result.Status == CommandStatus.Done, nowInMs);
        }
        else
        {
            holding.Ending = null;
            if (holding.State == HoldingState.Withdrawing)
            {
                Withdrawn(holding, isSure: result.Status == CommandStatus.Done, nowInMs);
            }
            else if (result.Status == CommandStatus.Done)
            {
                TakenBack(holding, nowInMs);
            }
            else
            {
                NotTakenBack(holding, result.Status, result.Reason, nowInMs);
            }
        }

        return true;
    }

    private void TellStatus(Holding holding, CommandStatus status, long nowInMs)
    {
        foreach (RequestRun run in holding.Members.Select(id => _requests.GetValueOrDefault(id)).OfType<RequestRun>().ToArray())
        {
            // Of several units one may be behind another.
            Tell(run, run.Last is { IsOver: false } last && last.Status > status ? last.Status : status, "", AssetsOf(run, HoldingsOf(run.Id)), nowInMs);
        }
    }

    /// <summary>The command itself is done, or will not be.</summary>
    private void HearEnd(Holding holding, CommandResult result, long nowInMs)
    {
        bool isWanted = holding.State == HoldingState.Doing;
        if (result.Status == CommandStatus.Done)
        {
            foreach (string asset in holding.Assets)
            {
                _rests.Remove(asset);
                _leftBehind.Remove(asset);
            }

            if (isWanted && holding.Undo is not null)
            {
                holding.State = HoldingState.Standing;
                _isStale = true;
                EndPart(holding, CommandStatus.Done, "", nowInMs);
                Yield(holding);
                DoBelowAgain(holding, nowInMs);
            }
            else if (holding.Undo is null)
            {
                // Also where it was done before it could be withdrawn: then its incident hears of that.
                holding.State = HoldingState.Standing;
                EndPart(holding, CommandStatus.Done, "", nowInMs);
                Remove(holding, nowInMs);
            }

            return;
        }

        if (!isWanted)
        {
            Withdrawn(holding, isSure: true, nowInMs);
            return;
        }

        Rest(holding, nowInMs);
        if (holding.Target == ActionTarget.Unit && result.Status == CommandStatus.Rejected && _requests[holding.Members[0]] is { Rejections: < MostRejections - 1 } run && run.Request.DeadlineInMs > nowInMs)
        {
            run.Rejections++;
            run.Left++;
            _waiting.Add(run);
            Remove(holding, nowInMs);
            return;
        }

        holding.State = HoldingState.Withdrawing;
        holding.End = HoldingEnd.Failed;
        EndPart(holding, result.Status, result.Reason, nowInMs);
        Withdrawn(holding, isSure: true, nowInMs);
    }

    private void Wake(Holding holding, long nowInMs)
    {
        if (holding.State == HoldingState.Doing && holding.Do is { } first && first.DueInMs <= nowInMs)
        {
            if (first.DeadlineInMs > nowInMs)
            {
                Send(holding, first, nowInMs);
                return;
            }

            string reason = first.Status is null ? "no answer from the system" : "begun, and not done in time";
            WithdrawCommand(holding, HoldingEnd.Unanswered, nowInMs);
            EndPart(holding, CommandStatus.Unanswered, reason, nowInMs);
        }
        else if (holding.Ending is { } ending && ending.DueInMs <= nowInMs)
        {
            if (ending.DeadlineInMs > nowInMs)
            {
                Send(holding, ending, nowInMs);
                return;
            }

            Forget(ending);
            holding.Ending = null;
            if (holding.State == HoldingState.Withdrawing)
            {
                Withdrawn(holding, isSure: false, nowInMs);
            }
            else
            {
                NotTakenBack(holding, CommandStatus.Unanswered, "no answer from the system", nowInMs);
            }
        }
        else if (holding.Again is { } again && again.DueInMs <= nowInMs)
        {
            if (again.DeadlineInMs > nowInMs)
            {
                Send(holding, again, nowInMs);
                return;
            }

            Forget(again);
            holding.Again = null;
            HearAgain(holding, isDone: false, nowInMs);
        }
    }

    private void Forget(CommandRun? run)
    {
        if (run is not null)
        {
            _byCommand.Remove(run.Id);
        }
    }

    /// <summary>A holding lets go of a device or a place; what lay right below it has its way again.</summary>
    private void Drop(Holding holding, string asset)
    {
        List<Holding> stack = _things[asset];
        int at = stack.IndexOf(holding);
        bool isTop = stack.FindIndex(at + 1, each => each.Family == holding.Family) < 0;
        stack.RemoveAt(at);
        holding.Assets.Remove(asset);
        holding.AgainAssets.Remove(asset);
        // What leaves nothing to be taken back was meant to stay.
        bool isToStay = holding is { Undo: null, State: HoldingState.Standing };
        if (isTop && !isToStay && stack.FindLast(each => each.Family == holding.Family) is { State: HoldingState.Standing } below)
        {
            PutAgain(below, asset);
        }

        if (stack.Count == 0)
        {
            _things.Remove(asset);
        }

        _isStale = true;
    }

    private void Remove(Holding holding, long nowInMs)
    {
        foreach (CommandRun run in holding.Runs)
        {
            _byCommand.Remove(run.Id);
        }

        _holdings.Remove(holding.Number);
        foreach (string asset in holding.Assets.ToArray())
        {
            if (holding.Target == ActionTarget.Unit)
            {
                _units.Remove(asset);
            }
            else
            {
                Drop(holding, asset);
            }
        }

        _isStale = true;
        foreach (string id in holding.Undoers.Concat(holding.Members).ToArray())
        {
            if (_requests.TryGetValue(id, out RequestRun? run))
            {
                Conclude(run, nowInMs);
            }
        }
    }
}
