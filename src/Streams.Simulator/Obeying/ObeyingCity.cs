using System.Collections.Immutable;
using System.Globalization;
using Streams.Domain.Areas;
using Streams.Domain.Cities;
using Streams.Domain.Dispatch;
using Streams.Simulator.Living;

namespace Streams.Simulator.Obeying;

/// <summary>
/// The systems of a simulated city: they accept commands, carry them out in their own time, and say so. What becomes of a command follows from the seed and its id:
/// most are done, some are rejected or fail, some answers are lost. Times are arguments, the city's in Unix milliseconds, and do not go back.
/// </summary>
/// <remarks>Not thread-safe. Whoever drives it takes <see cref="TakeAnswers"/> and <see cref="TakeDeeds"/> after each call.</remarks>
public sealed class ObeyingCity
{
    /// <summary>Commands that ended and are remembered, the oldest forgotten first: some days of a large city. An id that was forgotten would be obeyed anew.</summary>
    public const int MostEnded = 100_000;

    /// <summary>Commands under way at once; a city's dispatchers give some hundreds. Beyond, they are rejected.</summary>
    public const int MostUnderWay = 10_000;

    /// <summary>Of those that ended, so many are remembered over a stop: whoever asks again does so within minutes.</summary>
    private const int MostKept = 1_000;

    private const double Rejects = 0.02, Fails = 0.02, Loses = 0.01;

    /// <summary>A system that heard no receipt of its last word says it once more.</summary>
    private const long SaysAgainAfterInMs = 60_000;

    /// <summary>No action takes longer than this part of what it may take.</summary>
    private const double PartOfWithin = 0.8;

    private readonly City _city;
    private readonly ulong _seed;
    private readonly Dictionary<string, SystemKind> _systems;
    private readonly HashSet<string> _areas;
    private readonly Dictionary<string, ObeyedCommand> _underWay = new(StringComparer.Ordinal);
    private readonly Dictionary<string, EndedCommand> _ended = new(StringComparer.Ordinal);
    private readonly Queue<string> _endedInOrder = new();

    /// <summary>What is due when, in the order of its time, then of its coming. An entry whose command is elsewhere by then is passed over.</summary>
    private readonly PriorityQueue<string, (long TimeInMs, long Number)> _due = new();

    /// <summary>Last words to be said again.</summary>
    private readonly PriorityQueue<SystemAnswer, (long TimeInMs, long Number)> _again = new();
    private readonly Dictionary<string, (double Latitude, double Longitude)?> _places = new(StringComparer.Ordinal);
    private Dictionary<string, (double Latitude, double Longitude)>? _units;
    private List<SystemAnswer> _answers = [];
    private List<Deed> _deeds = [];
    private long _number;

    /// <param name="systems">What each can be told to do.</param>
    /// <param name="before">What they remember; null for a new city.</param>
    public ObeyingCity(City city, IEnumerable<SystemKind> systems, ulong seed, ObeyingState? before = null)
    {
        _city = city;
        _seed = Chance.Mix(Chance.Mix(seed, Chance.Of(city.Name)), 0x0BE1UL);
        _systems = systems.ToDictionary(system => system.Name, StringComparer.Ordinal);
        _areas = [.. city.Areas.Select(area => area.Id)];
        foreach (EndedCommand ended in before?.Ended ?? [])
        {
            Remember(ended);
        }

        foreach (ObeyedCommand command in (before?.UnderWay ?? []).OrderBy(each => each.NextInMs).ThenBy(each => each.Command.CommandId, StringComparer.Ordinal))
        {
            // What the configuration no longer has can not be done any more.
            Keep(command.Command.Action == Command.Withdraw || ActionOf(command.Command) is not null ? command : command with { Ends = CommandStatus.Failed, Reason = "it is no longer known how" });
        }
    }

    /// <summary>When the next thing is due, the city's time; <see cref="long.MaxValue"/> while nothing is.</summary>
    public long NextInMs => Math.Min(
        _due.TryPeek(out _, out (long TimeInMs, long) due) ? due.TimeInMs : long.MaxValue,
        _again.TryPeek(out _, out (long TimeInMs, long) again) ? again.TimeInMs : long.MaxValue);

    public int UnderWay => _underWay.Count;

    /// <summary>What was answered since the last call, in its order. The caller's.</summary>
    public IReadOnlyList<SystemAnswer> TakeAnswers() => Interlocked.Exchange(ref _answers, []);

    /// <summary>What was done since the last call, in its order. The caller's.</summary>
    public IReadOnlyList<Deed> TakeDeeds() => Interlocked.Exchange(ref _deeds, []);

    public ObeyingState State() => new([.. _underWay.Values], [.. _endedInOrder.Skip(Math.Max(0, _endedInOrder.Count - MostKept)).Select(id => _ended[id])]);

    /// <summary>Takes a command. One that is known already does nothing new: what was answered last is answered again.</summary>
    /// <param name="key">Of its record.</param>
    /// <param name="issuersNowInMs">Whoever gives commands lives in real time: its clock, by which the command has a deadline.</param>
    /// <returns>False for a command to another city, which is not answered.</returns>
    public bool Receive(Command command, string key, long nowInMs, long issuersNowInMs)
    {
        if (AreaPath.RootOf(command.Area) != _city.Name)
        {
            return false;
        }

        Advance(nowInMs);
        if (_underWay.TryGetValue(command.CommandId, out ObeyedCommand? known))
        {
            // Before its first answer is due, that one will do.
            if (known.Status is { } status)
            {
                Say(key, command.CommandId, status, "", nowInMs, command.Attempt);
            }
        }
        else if (_ended.TryGetValue(command.CommandId, out EndedCommand? ended))
        {
            Say(key, command.CommandId, ended.Status, ended.Reason, nowInMs, command.Attempt);
        }
        else
        {
            Begin(command, key, nowInMs, issuersNowInMs);
        }

        return true;
    }

    /// <summary>Answers a record that is no command but names one: it is rejected, and remembered as such.</summary>
    /// <param name="fault">What is wrong with it.</param>
    public void Refuse(string commandId, string key, string fault, long nowInMs)
    {
        Advance(nowInMs);
        if (!_underWay.ContainsKey(commandId))
        {
            EndedCommand ended = _ended.GetValueOrDefault(commandId) ?? new EndedCommand(commandId, CommandStatus.Rejected, fault);
            Remember(ended);
            Say(key, commandId, ended.Status, ended.Reason, nowInMs, 1);
        }
    }

    /// <summary>Does what is due by then, each at its own time.</summary>
    public void Advance(long nowInMs)
    {
        while (NextInMs <= nowInMs)
        {
            long due = _due.TryPeek(out _, out (long TimeInMs, long) first) ? first.TimeInMs : long.MaxValue;
            if (_again.TryPeek(out SystemAnswer said, out (long TimeInMs, long) again) && again.TimeInMs < due)
            {
                _again.Dequeue();
                _answers.Add(said);
                continue;
            }

            if (_underWay.TryGetValue(_due.Dequeue(), out ObeyedCommand? command) && command.NextInMs == due)
            {
                GoOn(command);
            }
        }
    }

    private void Begin(Command command, string key, long nowInMs, long issuersNowInMs)
    {
        ulong lot = Chance.Mix(_seed, Chance.Of(command.CommandId));
        long accept = nowInMs + (long)Delays.Between((200, 3_000), Draw(lot, 1));
        ObeyedCommand taken = new(command, key, null, accept, accept, accept, CommandStatus.Done, "");
        string? fault = issuersNowInMs >= command.DeadlineInMs ? "too late: its deadline is over" : FaultOf(command);
        if (fault is not null)
        {
            Keep(taken with { Ends = CommandStatus.Rejected, Reason = fault });
        }
        else if (command.Action == Command.Withdraw)
        {
            Keep(Withdrawing(taken, nowInMs));
        }
        else
        {
            Keep(Planned(taken, ActionOf(command)!, lot));
        }
    }

    /// <summary>How long it will take, and how it will end.</summary>
    private ObeyedCommand Planned(ObeyedCommand taken, SystemAction action, ulong lot)
    {
        double chance = Draw(lot, 2);
        if (chance < Rejects)
        {
            return taken with
            {
                Ends = CommandStatus.Rejected,
                Reason = action.Target switch { ActionTarget.Unit => "no crew is free", ActionTarget.Devices => "the devices are under maintenance", _ => "the control room is out of service" },
            };
        }

        double before = Delays.Between(Delays.BeforeIt(action.Target), Draw(lot, 3));
        double takes = Delays.Between(Delays.Of(taken.Command.System, action), Draw(lot, 4)) + (action.Target == ActionTarget.Unit ? WayInMs(taken.Command, lot) : 0);
        double most = PartOfWithin * action.Within.TotalMilliseconds;
        if (before + takes > most)
        {
            (before, takes) = (before * most / (before + takes), takes * most / (before + takes));
        }

        bool fails = chance < Rejects + Fails;
        long begins = taken.AcceptAtInMs + (long)before;
        return taken with
        {
            BeginAtInMs = begins,
            EndAtInMs = begins + (long)(takes * (fails ? Delays.Between((0.3, 0.9), Draw(lot, 5)) : 1)),
            Ends = fails ? CommandStatus.Failed : CommandStatus.Done,
            Reason = !fails ? "" : action.Target switch { ActionTarget.Unit => "the vehicle broke down", ActionTarget.Devices => "the devices did not answer", _ => "it could not be carried out" },
        };
    }

    /// <summary>What has not begun is not done. Units that are on their way turn back; what else has begun goes on.</summary>
    private ObeyedCommand Withdrawing(ObeyedCommand taken, long nowInMs)
    {
        const string Reason = "withdrawn";
        string other = taken.Command.Compensates!;
        if (_ended.TryGetValue(other, out EndedCommand? ended))
        {
            return ended.Status is CommandStatus.Done ? taken with { Ends = CommandStatus.Failed, Reason = $"{other} is done already" } : taken;
        }

        if (!_underWay.TryGetValue(other, out ObeyedCommand? found))
        {
            // Its command may still come.
            End(new EndedCommand(other, CommandStatus.Failed, Reason), taken.Key, nowInMs, 1);
            return taken;
        }

        if (found.Command.Action == Command.Withdraw)
        {
            return taken with { Ends = CommandStatus.Failed, Reason = $"{other} withdraws something itself" };
        }

        if (found.Status == CommandStatus.Executing && ActionOf(found.Command)?.Target != ActionTarget.Unit)
        {
            return taken with { Ends = CommandStatus.Failed, Reason = $"{other} has begun and goes on" };
        }

        _underWay.Remove(other);
        End(new EndedCommand(other, CommandStatus.Failed, Reason), found.Key, nowInMs, found.Command.Attempt);
        long back = found.Status == CommandStatus.Executing ? Math.Min(nowInMs - found.BeginAtInMs, (long)Delays.LongestWayInMs) : 0;
        return taken with { BeginAtInMs = taken.AcceptAtInMs, EndAtInMs = taken.AcceptAtInMs + back };
    }

    private void GoOn(ObeyedCommand command)
    {
        Command told = command.Command;
        CommandStatus next = command.Status switch
        {
            null => command.Ends == CommandStatus.Rejected ? CommandStatus.Rejected : CommandStatus.Accepted,
            CommandStatus.Accepted => CommandStatus.Executing,
            _ => command.Ends,
        };
        if (next is CommandStatus.Accepted or CommandStatus.Executing)
        {
            Say(command.Key, told.CommandId, next, "", command.NextInMs, told.Attempt);
            Keep(command with { Status = next });
            return;
        }

        long now = command.NextInMs;
        _underWay.Remove(told.CommandId);
        if (next == CommandStatus.Done && told.Action != Command.Withdraw)
        {
            SystemKind system = _systems[told.System];
            bool isUnits = ActionOf(told)!.Target == ActionTarget.Unit;
            _deeds.Add(new Deed(
                told.CommandId, told.System, told.Action, told.Where, told.Targets, told.Parameters, now, isUnits ? Math.Max(1, told.Targets.Length) : 0,
                [.. system.Actions.Values.Where(each => each.Undo == told.Action).Select(each => each.Name).Order(StringComparer.Ordinal)], told.Compensates));
        }

        End(new EndedCommand(told.CommandId, next, command.Reason), command.Key, now, told.Attempt);
    }

    private void End(EndedCommand ended, string key, long nowInMs, int attempt)
    {
        Remember(ended);
        if (!Say(key, ended.CommandId, ended.Status, ended.Reason, nowInMs, attempt))
        {
            long again = nowInMs + SaysAgainAfterInMs;
            _again.Enqueue(new SystemAnswer(key, new CommandResult(ended.CommandId, ended.Status, again, ended.Reason)), (again, ++_number));
        }
    }

    /// <summary>False where the answer is lost.</summary>
    private bool Say(string key, string commandId, CommandStatus status, string reason, long timeInMs, int attempt)
    {
        bool isLost = Draw(Chance.Mix(Chance.Mix(_seed, Chance.Of(commandId)), attempt), 100 + (ulong)status) < Loses;
        if (!isLost)
        {
            _answers.Add(new SystemAnswer(key, new CommandResult(commandId, status, timeInMs, reason)));
        }

        return !isLost;
    }

    private void Keep(ObeyedCommand command)
    {
        _underWay[command.Command.CommandId] = command;
        _due.Enqueue(command.Command.CommandId, (command.NextInMs, ++_number));
    }

    private void Remember(EndedCommand ended)
    {
        if (_ended.TryAdd(ended.CommandId, ended))
        {
            _endedInOrder.Enqueue(ended.CommandId);
        }

        while (_endedInOrder.Count > MostEnded)
        {
            _ended.Remove(_endedInOrder.Dequeue());
        }
    }

    /// <summary>Why it can not be obeyed, with what can; null where it can.</summary>
    private string? FaultOf(Command command)
    {
        if (_underWay.Count >= MostUnderWay)
        {
            return $"{MostUnderWay} commands are under way already";
        }

        if (!_systems.TryGetValue(command.System, out SystemKind? system))
        {
            return $"there is no system {Short(command.System)}; there are: {Names(_systems.Keys)}";
        }

        if (!_areas.Contains(command.Where))
        {
            return $"{_city.Title} has no area {Short(command.Where)}";
        }

        if (command.Action == Command.Withdraw)
        {
            return command.Compensates is null ? "compensates does not say what is withdrawn" : command.Compensates == command.CommandId ? "it withdraws itself" : null;
        }

        if (!system.Actions.TryGetValue(command.Action, out SystemAction? action))
        {
            return $"{command.System} can not {Short(command.Action)}; it can: {Names(system.Actions.Keys)}";
        }

        string? unknown = command.Parameters.Keys.FirstOrDefault(name => !action.Parameters.ContainsKey(name));
        return unknown is not null
            ? $"{command.Action} has no parameter {Short(unknown)}; it has: {Names(action.Parameters.Keys)}"
            : action.Parameters.Values.OrderBy(each => each.Name, StringComparer.Ordinal).Select(parameter => FaultOf(parameter, command.Parameters)).FirstOrDefault(fault => fault is not null);
    }

    private static string? FaultOf(ActionParameter parameter, ImmutableSortedDictionary<string, string> given)
    {
        if (!given.TryGetValue(parameter.Name, out string? text))
        {
            return parameter.IsRequired ? $"the parameter {parameter.Name} is missing" : null;
        }

        return parameter.Kind switch
        {
            ParameterKind.Number when !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) || !(number >= parameter.Least && number <= parameter.Most) =>
                string.Create(CultureInfo.InvariantCulture, $"{parameter.Name} is {Short(text)}; allowed: a number from {parameter.Least} to {parameter.Most}"),
            ParameterKind.Flag when !bool.TryParse(text, out _) => $"{parameter.Name} is {Short(text)}; allowed: true, false",
            ParameterKind.Text when parameter.Choices.Length > 0 && !parameter.Choices.Contains(text) => $"{parameter.Name} is {Short(text)}; allowed: {Names(parameter.Choices)}",
            _ => null,
        };
    }

    private static string Short(string text) => text.Length > 60 ? text[..60] : text;

    private static string Names(IEnumerable<string> names) => names.Order(StringComparer.Ordinal).ToArray() is { Length: > 0 } all ? string.Join(", ", all) : "none";

    /// <summary>From where the units stand, as far as that is known, to the middle of the area; of several, the one that comes last.</summary>
    private double WayInMs(Command command, ulong lot)
    {
        double way = 0;
        (double Latitude, double Longitude)? place = command.Location is { } location ? (location.Latitude, location.Longitude) : PlaceOf(command.Where);
        if (place is var (latitude, longitude))
        {
            foreach ((double Latitude, double Longitude) from in command.Targets.Where(Units.ContainsKey).Select(unit => Units[unit]))
            {
                const double KilometresInADegree = 111.2;
                double north = (from.Latitude - latitude) * KilometresInADegree;
                double east = (from.Longitude - longitude) * KilometresInADegree * Math.Cos(latitude * Math.PI / 180);
                way = Math.Max(way, Math.Sqrt((north * north) + (east * east)) * Delays.Detour / Delays.KilometresAnHour * 3_600_000 * Delays.Between((0.85, 1.2), Draw(lot, 6)));
            }
        }

        return way > 0 ? Math.Clamp(way, Delays.ShortestWayInMs, Delays.LongestWayInMs) : Delays.Between((Delays.ShortestWayInMs, Delays.LongestWayInMs), Draw(lot, 6));
    }

    /// <summary>Depots of whatever drives.</summary>
    private Dictionary<string, (double Latitude, double Longitude)> Units => _units ??= _city.Devices
        .Where(device => Living.Models.DeviceModel.ByType.GetValueOrDefault(device.Type) is { RouteInKm: not null })
        .ToDictionary(device => device.Id, device => (device.Latitude, device.Longitude), StringComparer.Ordinal);

    /// <summary>The middle of an area's devices; null where it has none.</summary>
    private (double Latitude, double Longitude)? PlaceOf(string area)
    {
        if (!_places.TryGetValue(area, out (double, double)? place))
        {
            PlacedDevice[] within = [.. _city.Devices.Where(device => AreaPath.IsWithin(device.Area, area))];
            _places.Add(area, place = within.Length == 0 ? null : (within.Average(device => device.Latitude), within.Average(device => device.Longitude)));
        }

        return place;
    }

    private SystemAction? ActionOf(Command command) => _systems.GetValueOrDefault(command.System)?.Actions.GetValueOrDefault(command.Action);

    private static double Draw(ulong lot, ulong of) => Chance.Even(Chance.Mix(lot, of));
}
