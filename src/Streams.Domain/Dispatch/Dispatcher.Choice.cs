using System.Collections.Immutable;
using Streams.Domain.Readings;

namespace Streams.Domain.Dispatch;

/// <summary>Who gets what: waiting requests in the order of their priority, then of their asking.</summary>
public sealed partial class Dispatcher
{
    /// <summary>Where an area has fewer devices than are asked for, the nearest of so many times as many are looked at.</summary>
    private const int Beyond = 4;

    private const int MostRejections = 3;

    private readonly SortedSet<RequestRun> _waiting = new(Comparer<RequestRun>.Create(static (one, other) =>
        one.Request.Priority != other.Request.Priority ? other.Request.Priority.CompareTo(one.Request.Priority) : one.Number.CompareTo(other.Number)));

    /// <summary>Who has a unit.</summary>
    private readonly Dictionary<string, Holding> _units = new(StringComparer.Ordinal);

    /// <summary>Who has a device or a place: the newest last.</summary>
    private readonly Dictionary<string, List<Holding>> _things = new(StringComparer.Ordinal);

    /// <summary>What lies in store for those that wait for it in this pass: none that comes after them is to take it.</summary>
    private readonly HashSet<string> _reserved = new(StringComparer.Ordinal);

    /// <summary>Something came free, so that all that wait are to be looked at again.</summary>
    private bool _isStale;

    /// <summary>The only one to be looked at where nothing came free.</summary>
    private RequestRun? _next;

    /// <summary>Whether a device or a place can be had.</summary>
    private enum Hold : byte
    {
        Free,

        /// <summary>It is being freed.</summary>
        Soon,

        /// <summary>What something less urgent did to it stands.</summary>
        LessUrgent,

        /// <summary>Something less urgent is being done to it.</summary>
        LessUrgentUnderWay,
        Taken,
    }

    private void Queue(RequestRun run) => _waiting.Add(run);

    private void Unqueue(RequestRun run)
    {
        _waiting.Remove(run);
        run.Left = 0;
    }

    /// <summary>Finds out how much a request needs.</summary>
    /// <returns>Units, devices or places; 0 where there is nothing at all that could do it.</returns>
    private int Prepare(RequestRun run, SystemAction action)
    {
        switch (action.Target)
        {
            case ActionTarget.Unit:
                int fitting = _map.Units.Count(unit => Fits(unit, run.Request));
                int wanted = run.Request.Count == 0 ? fitting : run.Request.Count;
                run.Left = Math.Min(fitting, wanted);
                if (run.Left < wanted && fitting > 0)
                {
                    run.Shortage = $"{fitting} of {wanted}: there are no more";
                }

                return run.Left;
            case ActionTarget.Devices:
                run.Left = 1;
                run.Candidates = CandidatesOf(run.Request);
                return run.Request.Count == 0 ? run.Candidates.Length : Math.Min(run.Candidates.Length, run.Request.Count);
            default:
                return run.Left = 1;
        }
    }

    private ImmutableArray<string> CandidatesOf(CommandRequest request)
    {
        ImmutableArray<DispatchDevice> own = _map.DevicesIn(request.Area);
        IEnumerable<DispatchDevice> devices = own.Length < request.Count ? _map.Devices : own;
        if (!request.Targets.IsEmpty)
        {
            HashSet<string> targets = new(request.Targets, StringComparer.Ordinal);
            devices = _map.Devices.Where(device => targets.Contains(device.Id));
        }

        IEnumerable<string> nearest = devices
            .Select(device => (device.Id, Distance: PlaceOf(request) is { } place ? DispatchMap.Metres(place, device.Location) : 0))
            .OrderBy(each => each.Distance).ThenBy(each => each.Id, StringComparer.Ordinal).Select(each => each.Id);
        int most = Math.Min(MaxTargets, request.Count > 0 && own.Length < request.Count ? Beyond * request.Count : MaxTargets);
        ImmutableArray<string>.Builder candidates = ImmutableArray.CreateBuilder<string>();
        int left = MaxTargetChars;
        foreach (string id in nearest.Take(most).TakeWhile(id => (left -= id.Length + 3) >= 0))
        {
            candidates.Add(id);
        }

        return candidates.ToImmutable();
    }

    private GeoPoint? PlaceOf(CommandRequest request) => request.Location ?? _map.CentreOf(request.Area);

    private static bool Fits(DispatchUnit unit, CommandRequest request) => unit.Does.Contains(request.Action) && (request.Targets.IsEmpty || request.Targets.Contains(unit.Id));

    private void Assign(long nowInMs)
    {
        _reserved.Clear();
        RequestRun[] runs = _isStale || _holdings.Values.Any(holding => holding.State == HoldingState.Withdrawing) ? [.. _waiting] : _next is { IsOver: false, Left: > 0 } next ? [next] : [];
        _isStale = false;
        _next = null;
        foreach (RequestRun run in runs)
        {
            if (!_map.Kind.Actions.TryGetValue(run.Request.Action, out SystemAction? action))
            {
                // It was, before a restart with another configuration: it waits for its deadline.
                continue;
            }

            switch (action.Target)
            {
                case ActionTarget.Unit:
                    AssignUnits(run, action, nowInMs);
                    break;
                case ActionTarget.Devices:
                    AssignDevices(run, action, nowInMs);
                    break;
                default:
                    AssignPlace(run, action, nowInMs);
                    break;
            }
        }
    }

    private void AssignUnits(RequestRun run, SystemAction action, long nowInMs)
    {
        DispatchUnit[] fitting = [.. _map.Units.Where(unit => Fits(unit, run.Request) && !_reserved.Contains(unit.Id))];
        while (run.Left > 0 && Nearest(fitting.Where(unit => !_units.ContainsKey(unit.Id) && !Rests(unit.Id, nowInMs)), run.Request) is { } free)
        {
            if (--run.Left == 0)
            {
                _waiting.Remove(run);
            }

            Begin(run, action, [free.Id], nowInMs);
        }

        int wanting = run.Left;
        foreach (DispatchUnit unit in fitting)
        {
            if (wanting > 0 && _units.TryGetValue(unit.Id, out Holding? ending) && ending.State == HoldingState.Withdrawing && _reserved.Add(unit.Id))
            {
                wanting--;
            }
        }

        for (; wanting > 0; wanting--)
        {
            Holding[] victims = [.. fitting
                .Select(unit => _units.GetValueOrDefault(unit.Id)).OfType<Holding>()
                .Where(holding => holding.State is HoldingState.Doing or HoldingState.Standing or HoldingState.Doubtful && holding.Priority < run.Request.Priority)];
            if (victims.Length == 0)
            {
                return;
            }

            int least = victims.Min(holding => holding.Priority);
            DispatchUnit taken = Nearest(fitting.Where(unit => victims.Any(holding => holding.Priority == least && holding.Assets[0] == unit.Id)), run.Request)!;
            _reserved.Add(taken.Id);
            Preempt(_units[taken.Id], run, nowInMs);
        }
    }

    private DispatchUnit? Nearest(IEnumerable<DispatchUnit> units, CommandRequest request)
    {
        GeoPoint? place = PlaceOf(request);
        DispatchUnit? nearest = null;
        double least = double.PositiveInfinity;
        foreach (DispatchUnit unit in units)
        {
            double distance = place is { } at ? DispatchMap.Metres(at, unit.Location) : 0;
            if (nearest is null || distance < least || (distance == least && string.CompareOrdinal(unit.Id, nearest.Id) < 0))
            {
                (nearest, least) = (unit, distance);
            }
        }

        return nearest;
    }

    private void AssignDevices(RequestRun run, SystemAction action, long nowInMs)
    {
        if (run.Candidates.IsDefault)
        {
            run.Candidates = CandidatesOf(run.Request);
        }

        ILookup<Hold, string> holds = run.Candidates.Where(id => !_reserved.Contains(id)).ToLookup(id => Look(id, run.Request, action));
        int wanted = run.Request.Count == 0 ? run.Candidates.Length : Math.Min(run.Request.Count, run.Candidates.Length);
        List<string> take = [.. holds[Hold.Free].OrderBy(id => Rests(id, nowInMs)).Take(wanted)];
        List<string> soon = [.. holds[Hold.Soon].Take(wanted - take.Count)];
        take.AddRange(holds[Hold.LessUrgent].Take(wanted - take.Count - soon.Count));
        soon.AddRange(holds[Hold.LessUrgentUnderWay].Take(wanted - take.Count - soon.Count));
        foreach (string id in soon)
        {
            foreach (Holding holding in _things[id].Where(each => each.State == HoldingState.Doing).ToArray())
            {
                Preempt(holding, run, nowInMs);
            }
        }

        if (soon.Count > 0)
        {
            _reserved.UnionWith(take);
            _reserved.UnionWith(soon);
        }
        else if (take.Count > 0)
        {
            Unqueue(run);
            run.Shortage = take.Count < wanted ? $"{take.Count} of {wanted}: the others are taken" : "";
            Begin(run, action, take, nowInMs);
        }
    }

    private void AssignPlace(RequestRun run, SystemAction action, long nowInMs)
    {
        string slot = SlotOf(run.Request, action);
        if (_reserved.Contains(slot))
        {
            return;
        }

        if (Top(slot) is { State: HoldingState.Doing or HoldingState.Standing } top && top.Does(run.Request.Action, run.Request.Parameters))
        {
            Unqueue(run);
            Share(top, run, nowInMs);
            return;
        }

        switch (Look(slot, run.Request, action))
        {
            case Hold.Free or Hold.LessUrgent:
                Unqueue(run);
                Begin(run, action, [slot], nowInMs);
                break;
            case Hold.LessUrgentUnderWay:
                Preempt(Top(slot)!, run, nowInMs);
                _reserved.Add(slot);
                break;
            case Hold.Soon:
                _reserved.Add(slot);
                break;
        }
    }

    /// <summary>What the state of a place is known by: whatever the same action takes back is one state of it, but for what stands side by side.</summary>
    private static string SlotOf(CommandRequest request, SystemAction action) =>
        $"{request.Area}|{action.Undo ?? action.Name}" + (action.StandsBeside ? "|" + action.Name + string.Concat(request.Parameters.Select(each => $"|{each.Key}={each.Value}")) : "");

    private Holding? Top(string asset) => _things.TryGetValue(asset, out List<Holding>? stack) ? stack[^1] : null;

    private Hold Look(string asset, CommandRequest request, SystemAction action)
    {
        if (!_things.TryGetValue(asset, out List<Holding>? stack))
        {
            return Hold.Free;
        }

        string family = action.Undo ?? action.Name;
        Holding? owner = null;
        int priority = 0;
        bool isUnderWay = false;
        foreach (Holding holding in stack)
        {
            switch (holding.State)
            {
                case HoldingState.Withdrawing:
                    return Hold.Soon;
                case HoldingState.Undoing:
                    return Hold.Taken;
                case HoldingState.Recovering or HoldingState.Doubtful:
                    // Nobody's. What is done now takes its place; of devices only where no command that takes it back is on its way, since that one is sent for all of them.
                    // And not by something of which nothing is taken back, nor of what stands beside others, which is known by its command.
                    if (holding.Family == family && (action.Undo is null || action.StandsBeside || (holding.Ending is not null && holding.Target == ActionTarget.Devices)))
                    {
                        return Hold.Taken;
                    }

                    break;
                default:
                    owner = holding;
                    priority = Math.Max(priority, holding.Priority);
                    isUnderWay |= holding.State == HoldingState.Doing;
                    break;
            }
        }

        if (owner is null)
        {
            return Hold.Free;
        }

        if (IsOnly(owner, request.IncidentId))
        {
            // An incident does not wait for itself, but for what it has under way.
            return stack.Exists(each => each.State == HoldingState.Doing && each.Family == family) ? Hold.Taken : Hold.Free;
        }

        return priority >= request.Priority ? Hold.Taken : isUnderWay ? Hold.LessUrgentUnderWay : Hold.LessUrgent;
    }

    private bool IsOnly(Holding holding, string incidentId) =>
        holding.Members.TrueForAll(id => _requests.TryGetValue(id, out RequestRun? run) && run.Request.IncidentId == incidentId);

    private string WhyItWaited(RequestRun run)
    {
        ActionTarget target = _map.Kind.Actions.TryGetValue(run.Request.Action, out SystemAction? action) ? action.Target : ActionTarget.Unit;
        return target switch
        {
            ActionTarget.Unit => "no unit free",
            ActionTarget.Devices => "no device free",
            _ => Top(SlotOf(run.Request, action!)) is { } top ? $"{run.Request.Area} is held by {top.IncidentId}" : "not begun in time",
        };
    }
}
