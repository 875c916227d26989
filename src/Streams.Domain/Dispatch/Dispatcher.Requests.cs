using System.Collections.Immutable;

namespace Streams.Domain.Dispatch;

/// <summary>What becomes of requests.</summary>
public sealed partial class Dispatcher
{
    private const long LeastRestInMs = 60_000;
    private const long MostRestInMs = 3_600_000;

    /// <summary>Units and devices that failed or rejected lately, until when they are passed over, and how often in a row they did.</summary>
    private readonly SortedDictionary<string, (long UntilInMs, int Times)> _rests = new(StringComparer.Ordinal);

    /// <summary>Carries on until nothing more comes of what has happened.</summary>
    private void Settle(long nowInMs)
    {
        do
        {
            Assign(nowInMs);
            ComeBack(nowInMs);
            foreach (Holding holding in _holdings.Values.Where(each => each.State == HoldingState.Recovering && each.Ending is null && each.RetryInMs <= nowInMs).ToArray())
            {
                Undo(holding, nowInMs);
            }
        }
        while (_isStale);

        foreach (Holding holding in _holdings.Values.Where(each => each.IsToBeDoneAgain && each.RetryInMs <= nowInMs).ToArray())
        {
            DoAgain(holding, nowInMs);
        }
    }

    /// <summary>Requests share what is done, or is being done, to a place.</summary>
    private void Share(Holding holding, RequestRun run, long nowInMs)
    {
        holding.Members.Add(run.Id);
        holding.Priority = Math.Max(holding.Priority, run.Request.Priority);
        if (holding.State == HoldingState.Standing)
        {
            run.Parts.Add(new RequestPart("", CommandStatus.Done, ""));
            Conclude(run, nowInMs);
        }
        else if (holding.Do?.Status is { } status)
        {
            Tell(run, status, "", [], nowInMs);
        }
    }

    /// <summary>One part of every request that a holding is for has come to its end.</summary>
    private void EndPart(Holding holding, CommandStatus status, string reason, long nowInMs)
    {
        string asset = holding.Target == ActionTarget.Unit ? holding.Assets[0] : "";
        foreach (string id in holding.Members.ToArray())
        {
            if (_requests.TryGetValue(id, out RequestRun? run) && !run.IsOver)
            {
                run.Parts.Add(new RequestPart(asset, status, reason));
                Conclude(run, nowInMs);
            }
        }
    }

    /// <summary>Tells the incident the end of a request, if it is the end; forgets the request if nothing of it is left.</summary>
    private void Conclude(RequestRun run, long nowInMs)
    {
        Holding[] holdings = [.. HoldingsOf(run.Id)];
        bool isOutstanding = run.IsUndo ? _holdings.Values.Any(holding => holding.Undoers.Contains(run.Id))
            : run.IsWithdrawn ? holdings.Length > 0
            : run.Left > 0 || holdings.Any(holding => holding.State == HoldingState.Doing);
        if (!run.IsOver && !isOutstanding)
        {
            _waiting.Remove(run);
            run.IsOver = true;
            _open--;
            (CommandStatus status, string reason) = run.Outcome();
            if (run.IsWithdrawn && !run.Parts.Exists(part => part.Status == CommandStatus.Done))
            {
                (status, reason) = (CommandStatus.Withdrawn, "");
            }

            Tell(run, status, reason, run.IsUndo ? status == CommandStatus.Done ? run.Undone : [] : AssetsOf(run, holdings), nowInMs);
        }

        if (run.IsOver && holdings.Length == 0 && _requests.Remove(run.Id))
        {
            Keep(run.Request.IncidentId, run.Last!);
        }
    }

    private IEnumerable<Holding> HoldingsOf(string request) => _holdings.Values.Where(holding => holding.Members.Contains(request));

    /// <summary>Those that did it, those that still do.</summary>
    private static ImmutableArray<string> AssetsOf(RequestRun run, IEnumerable<Holding> holdings)
    {
        IEnumerable<string> given = holdings.Where(holding => holding.State is HoldingState.Doing or HoldingState.Standing).SelectMany(holding => (IEnumerable<string>)holding.Targets);
        return [.. run.Parts.Where(part => part.Status == CommandStatus.Done && part.Asset.Length > 0).Select(part => part.Asset).Concat(given).Distinct(StringComparer.Ordinal)];
    }

    private void WithdrawRequest(RequestRun run, long nowInMs)
    {
        run.IsWithdrawn = true;
        Unqueue(run);
        foreach (Holding holding in HoldingsOf(run.Id).ToArray())
        {
            if (IsShared(holding))
            {
                Part(holding, run.Id, nowInMs);
            }
            else if (holding.State == HoldingState.Doing)
            {
                WithdrawCommand(holding, HoldingEnd.Withdrawn, nowInMs);
            }
            else if (holding.State is HoldingState.Standing or HoldingState.Doubtful)
            {
                run.Parts.Clear();
                Recover(holding, HoldingEnd.Withdrawn, nowInMs);
            }
        }

        Conclude(run, nowInMs);
    }

    /// <summary>Takes back what a request did, and whatever of it is still under way.</summary>
    private void TakeBack(RequestRun undo, long nowInMs)
    {
        string request = undo.Request.Compensates!;
        if (_requests.TryGetValue(request, out RequestRun? run) && !run.IsOver && !run.IsWithdrawn)
        {
            WithdrawRequest(run, nowInMs);
        }

        undo.Parts.Add(new RequestPart("", CommandStatus.Done, ""));
        Holding[] holdings = [.. HoldingsOf(request)];
        foreach (Holding holding in holdings.Where(each => !IsShared(each)))
        {
            holding.Undoers.Add(undo.Id);
            undo.Undone = undo.Undone.AddRange(holding.Targets);
        }

        foreach (Holding holding in holdings)
        {
            if (IsShared(holding))
            {
                Part(holding, request, nowInMs);
            }
            else if (holding.State is HoldingState.Standing or HoldingState.Doubtful)
            {
                Undo(holding, nowInMs);
            }
            else if (holding is { State: HoldingState.Undoing, Ending: { } ending })
            {
                ending.DeadlineInMs = Math.Max(ending.DeadlineInMs, undo.Request.DeadlineInMs);
            }
            else if (holding is { State: HoldingState.Recovering, Ending: null })
            {
                // It is tried at once, not when the next attempt would be due.
                holding.RetryInMs = nowInMs;
            }
        }

        Conclude(undo, nowInMs);
    }

    /// <summary>One of those that share it can go without anything being done.</summary>
    private static bool IsShared(Holding holding) => holding is { Members.Count: > 1, State: HoldingState.Doing or HoldingState.Standing };

    /// <summary>A holding goes on without a request.</summary>
    private void Part(Holding holding, string request, long nowInMs)
    {
        holding.Members.Remove(request);
        if (holding.Members.Count == 0)
        {
            Remove(holding, nowInMs);
        }
        else
        {
            int before = holding.Priority;
            holding.Priority = holding.Members.Max(id => _requests[id].Request.Priority);
            Yield(holding);
            if (holding.State == HoldingState.Standing && holding.Priority < before)
            {
                DoBelowAgain(holding, nowInMs);
            }
        }

        if (_requests.TryGetValue(request, out RequestRun? run))
        {
            Conclude(run, nowInMs);
        }
    }

    /// <summary>Nobody waits any more for what an undo request asked for.</summary>
    private void Leave(RequestRun undo)
    {
        undo.Parts.Clear();
        foreach (Holding holding in _holdings.Values)
        {
            holding.Undoers.Remove(undo.Id);
        }
    }

    private bool Rests(string asset, long nowInMs) => _rests.TryGetValue(asset, out (long UntilInMs, int Times) rest) && rest.UntilInMs > nowInMs;

    private long NextRested()
    {
        long next = long.MaxValue;
        foreach ((long until, _) in _rests.Values)
        {
            if (until > _lastInMs)
            {
                next = Math.Min(next, until);
            }
        }

        return next;
    }

    private void Rest(Holding holding, long nowInMs)
    {
        if (holding.Target == ActionTarget.Area)
        {
            return;
        }

        foreach (string asset in holding.Assets)
        {
            int times = _rests.TryGetValue(asset, out (long, int Times) before) ? before.Times + 1 : 1;
            if (times > 1 || _rests.Count < MaxAssets)
            {
                _rests[asset] = (nowInMs + RestInMs(times), times);
            }
        }

        // A failure of long ago says nothing any more.
        foreach (string asset in _rests.Where(each => nowInMs - each.Value.UntilInMs > 24 * MostRestInMs).Select(each => each.Key).ToArray())
        {
            _rests.Remove(asset);
        }
    }

    /// <summary>A minute, and twice as long each time, an hour at most.</summary>
    private static long RestInMs(int times) => Math.Min(LeastRestInMs << Math.Min(times - 1, 10), MostRestInMs);
}
