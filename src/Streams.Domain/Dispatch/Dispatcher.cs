using System.Collections.Immutable;
using Streams.Domain.Areas;

namespace Streams.Domain.Dispatch;

/// <summary>What became of telling a dispatcher something.</summary>
public enum DispatchOutcome : byte
{
    /// <summary>Known, or of no account.</summary>
    Unchanged,
    Changed,

    /// <summary><see cref="Dispatcher.Refusal"/> says why; the incident was told.</summary>
    Refused,
}

/// <summary>Takes what a dispatcher has decided. Called by <see cref="Dispatcher.Drain"/>, in the order of the decisions.</summary>
public interface IDispatcherOutput
{
    void Send(Command command);

    void Tell(string incidentId, CommandProgress progress);

    void Entry(DispatchEntry entry);
}

/// <summary>What a dispatcher did of its own accord, for the journal.</summary>
/// <param name="What">Stable snake_case: <c>preempted</c>, <c>taken_back</c>, <c>given_up</c>, <c>done_again</c>, <c>let_go</c>.</param>
/// <param name="CommandId">The command that it is about.</param>
public sealed record DispatchEntry(long TimeInMs, string What, string IncidentId, string CommandId, string Detail);

/// <summary>
/// Gives one city system its orders, in one area: who does what incidents ask for, in which order, and what becomes of it. Pure: time is an argument. A unit, a device and a place are one
/// incident's at a time; the more urgent request takes them from the less urgent one. Only a request that was told to be done leaves something standing: whatever else may have been done
/// the dispatcher takes back by itself.
/// </summary>
public sealed partial class Dispatcher
{
    /// <summary>As many as a city has incidents. Beyond, the least urgent that waits makes room for what is more urgent.</summary>
    public const int MaxOpenRequests = 2000;

    /// <summary>Units, devices and places that are somebody's.</summary>
    public const int MaxAssets = 10_000;

    /// <summary>Devices of one request: with ids of usual length its command stays below half of <see cref="CommandJson.MostBytes"/>, and an incident remembers as many.</summary>
    public const int MaxTargets = 1000;

    private const int MaxTargetChars = 40_000;

    /// <summary>Requests whose end is remembered for those that ask again.</summary>
    private const int MaxOver = 1000;

    private readonly DispatchMap _map;
    private readonly Dictionary<string, RequestRun> _requests = new(StringComparer.Ordinal);
    private readonly SortedDictionary<long, Holding> _holdings = [];
    private readonly Dictionary<string, Holding> _byCommand = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string IncidentId, CommandProgress Last)> _over = new(StringComparer.Ordinal);
    private readonly Queue<string> _overInOrder = new();
    private readonly List<Action<IDispatcherOutput>> _unsaid = [];
    private long _numbers;

    /// <summary>Ends that were ever remembered.</summary>
    private long _kept;
    private long _lastInMs = long.MinValue;
    private int _open;

    /// <param name="map">What there is to give.</param>
    public Dispatcher(DispatchMap map) => _map = map;

    public string Area => _map.Area;

    public string System => _map.Kind.Name;

    /// <summary>Of its messages.</summary>
    public string Key => $"{Area}/{System}";

    /// <summary>Requests that are not over.</summary>
    public int OpenRequests => _open;

    public int WaitingRequests => _waiting.Count;

    /// <summary>Units, devices and places that are somebody's.</summary>
    public int AssetsHeld => _units.Count + _things.Values.Sum(stack => stack.Count);

    /// <summary>Why the last thing said to it was refused.</summary>
    public string Refusal { get; private set; } = "";

    public bool HasUnsaid => _unsaid.Count > 0;

    /// <summary>When it wants to be woken; <see cref="long.MaxValue"/> for never.</summary>
    public long DueInMs
    {
        get
        {
            long due = long.MaxValue;
            bool waitsForUnits = false;
            foreach (RequestRun run in _requests.Values)
            {
                if (!run.IsOver && (run.IsUndo || run.Left > 0))
                {
                    due = Math.Min(due, run.Request.DeadlineInMs);
                    waitsForUnits |= !run.IsUndo;
                }
            }

            foreach (Holding holding in _holdings.Values)
            {
                due = Math.Min(due, holding.DueInMs);
            }

            return waitsForUnits ? Math.Min(due, NextRested()) : due;
        }
    }

    /// <summary>An incident wants something done, or taken back. The same request again has no second effect: the incident is told once more how far it has come.</summary>
    public DispatchOutcome Ask(CommandRequest request, long nowInMs)
    {
        _lastInMs = nowInMs;
        if (_requests.TryGetValue(request.CommandId, out RequestRun? known))
        {
            Tell(request.IncidentId, known.Last);
            return DispatchOutcome.Unchanged;
        }

        if (_over.TryGetValue(request.CommandId, out (string, CommandProgress Last) before))
        {
            Tell(request.IncidentId, before.Last);
            return DispatchOutcome.Unchanged;
        }

        if (request.IsExercise)
        {
            Tell(request.IncidentId, new CommandProgress(request.CommandId, CommandStatus.Accepted, nowInMs, "", []));
            Tell(request.IncidentId, new CommandProgress(request.CommandId, CommandStatus.Done, nowInMs, "exercise: nothing was moved", []));
            return DispatchOutcome.Changed;
        }

        RequestRun run = new(request with { Priority = Math.Clamp(request.Priority, 1, 9) }, ++_numbers);
        if (FaultOf(run, nowInMs) is { } fault)
        {
            Refusal = fault;
            Remember(request.IncidentId, new CommandProgress(request.CommandId, CommandStatus.Rejected, nowInMs, fault, []));
            return DispatchOutcome.Refused;
        }

        _requests.Add(run.Id, run);
        _open++;
        if (run.IsUndo)
        {
            TakeBack(run, nowInMs);
        }
        else if (request.DeadlineInMs <= nowInMs)
        {
            run.Parts.Add(new RequestPart("", CommandStatus.Failed, "it was asked for after its deadline"));
            Conclude(run, nowInMs);
        }
        else
        {
            Queue(run);
            _next = run;
        }

        Settle(nowInMs);
        return DispatchOutcome.Changed;
    }

    /// <summary>
    /// An incident does not want a request any more. What of it has not begun is not done; what was, or may have been, is taken back without being asked for: then the incident is told
    /// <see cref="CommandStatus.Withdrawn"/>. A request to take something back is forgotten, and the command that does so goes on.
    /// </summary>
    public DispatchOutcome Withdraw(string commandId, long nowInMs)
    {
        _lastInMs = nowInMs;
        if (!_requests.TryGetValue(commandId, out RequestRun? run) || run.IsWithdrawn)
        {
            return DispatchOutcome.Unchanged;
        }

        if (run.IsUndo)
        {
            Leave(run);
            run.Parts.Add(new RequestPart("", CommandStatus.Withdrawn, ""));
            Conclude(run, nowInMs);
        }
        else
        {
            WithdrawRequest(run, nowInMs);
        }

        Settle(nowInMs);
        return DispatchOutcome.Changed;
    }

    /// <summary>An incident is closed: what it left standing is let go as it is, and what it still had under way is withdrawn.</summary>
    public DispatchOutcome Release(string incidentId, long nowInMs)
    {
        _lastInMs = nowInMs;
        RequestRun[] runs = [.. _requests.Values.Where(run => run.Request.IncidentId == incidentId && !run.IsWithdrawn).OrderBy(run => run.Number)];
        foreach (RequestRun run in runs)
        {
            if (!run.IsOver)
            {
                Withdraw(run.Id, nowInMs);
                continue;
            }

            foreach (Holding holding in HoldingsOf(run.Id).ToArray())
            {
                if (holding.State is HoldingState.Standing or HoldingState.Doubtful)
                {
                    Note(nowInMs, "let_go", holding, "the incident is closed");
                    Part(holding, run.Id, nowInMs);
                }
            }
        }

        Settle(nowInMs);
        return runs.Length > 0 ? DispatchOutcome.Changed : DispatchOutcome.Unchanged;
    }

    /// <summary>A system's answer. Of a command that is unknown or over it changes nothing; nor does one that is behind what is known.</summary>
    public DispatchOutcome Hear(CommandResult result, long nowInMs)
    {
        _lastInMs = nowInMs;
        if (!_byCommand.TryGetValue(result.CommandId, out Holding? holding) || !Hear(holding, result, nowInMs))
        {
            return DispatchOutcome.Unchanged;
        }

        Settle(nowInMs);
        return DispatchOutcome.Changed;
    }

    /// <summary>Its time has come.</summary>
    public DispatchOutcome Wake(long nowInMs)
    {
        _lastInMs = nowInMs;
        int before = _unsaid.Count;
        foreach (RequestRun run in _requests.Values.Where(run => !run.IsOver && (run.IsUndo || run.Left > 0) && run.Request.DeadlineInMs <= nowInMs).OrderBy(run => run.Number).ToArray())
        {
            if (run.IsUndo)
            {
                Leave(run);
                run.Parts.Add(new RequestPart("", CommandStatus.Unanswered, "not taken back in time"));
            }
            else
            {
                run.Parts.AddRange(Enumerable.Repeat(new RequestPart("", CommandStatus.Failed, WhyItWaited(run)), run.Left));
                Unqueue(run);
            }

            Conclude(run, nowInMs);
        }

        foreach (Holding holding in _holdings.Values.ToArray())
        {
            if (holding.DueInMs <= nowInMs && _holdings.ContainsKey(holding.Number))
            {
                Wake(holding, nowInMs);
            }
        }

        _isStale = true;
        Settle(nowInMs);
        return _unsaid.Count == before ? DispatchOutcome.Unchanged : DispatchOutcome.Changed;
    }

    /// <summary>Says what was decided since the last time.</summary>
    public void Drain(IDispatcherOutput output)
    {
        foreach (Action<IDispatcherOutput> say in _unsaid)
        {
            say(output);
        }

        _unsaid.Clear();
    }

    /// <summary>Why a request can not be taken on at all; null where it can.</summary>
    private string? FaultOf(RequestRun run, long nowInMs)
    {
        CommandRequest request = run.Request;
        if (run.IsUndo)
        {
            return _open >= 2 * MaxOpenRequests ? Full() : null;
        }

        if (_map.AbsentBecause is { } why)
        {
            return $"{AreaPath.RootOf(Area)} has no {System}: {why}";
        }

        if (request.System != System || !AreaPath.IsWithin(request.Area, Area))
        {
            return $"{request.System} of {request.Area} is not {Key}'s";
        }

        if (!_map.Kind.Actions.TryGetValue(request.Action, out SystemAction? action))
        {
            return $"{System} can not {request.Action}; it can: {string.Join(", ", _map.Kind.Actions.Keys.Order(StringComparer.Ordinal))}";
        }

        if (_map.Without.TryGetValue(request.Action, out string? reason))
        {
            return $"{System} does not {request.Action} in {AreaPath.RootOf(Area)}: {reason}";
        }

        int wanted = Prepare(run, action);
        if (wanted > 0 && _open >= MaxOpenRequests && !MakesRoom(request.Priority, nowInMs))
        {
            return Full();
        }

        return wanted == 0 ? action.Target == ActionTarget.Unit ? $"no unit of {Key} can {request.Action}" : $"{request.Area} has no {string.Join(", ", _map.Kind.Devices)} of {Key}"
            : AssetsHeld + wanted > MaxAssets ? $"{Key} has {AssetsHeld} units, devices and places in use; at most {MaxAssets}"
            : null;
    }

    private string Full() => $"{Key} has {_open} requests open; at most {MaxOpenRequests}, and none that waits is less urgent";

    /// <summary>The least urgent request that waits is turned away, where it is less urgent than this and nothing of it has begun.</summary>
    private bool MakesRoom(int priority, long nowInMs)
    {
        if (_waiting.Max is not { } last || last.Request.Priority >= priority || HoldingsOf(last.Id).Any())
        {
            return false;
        }

        last.Parts.AddRange(Enumerable.Repeat(new RequestPart("", CommandStatus.Preempted, "it made room for what is more urgent"), last.Left));
        Unqueue(last);
        Conclude(last, nowInMs);
        return true;
    }

    private void Note(long nowInMs, string what, Holding holding, string detail)
    {
        DispatchEntry entry = new(nowInMs, what, holding.IncidentId, holding.Id, detail);
        _unsaid.Add(output => output.Entry(entry));
    }

    private void Tell(string incidentId, CommandProgress? progress)
    {
        if (progress is not null)
        {
            _unsaid.Add(output => output.Tell(incidentId, progress));
        }
    }

    private void Tell(RequestRun run, CommandStatus status, string reason, ImmutableArray<string> assets, long nowInMs)
    {
        run.Last = new CommandProgress(run.Id, status, nowInMs, reason, assets);
        Tell(run.Request.IncidentId, run.Last);
    }

    /// <summary>Tells the end, and keeps it for those that ask again.</summary>
    private void Remember(string incidentId, CommandProgress last)
    {
        Tell(incidentId, last);
        Keep(incidentId, last);
    }

    private void Keep(string incidentId, CommandProgress last)
    {
        // Without its assets, which may be many.
        _over[last.CommandId] = (incidentId, last with { Assets = [] });
        _overInOrder.Enqueue(last.CommandId);
        _kept++;
        while (_overInOrder.Count > MaxOver)
        {
            _over.Remove(_overInOrder.Dequeue());
        }
    }
}
