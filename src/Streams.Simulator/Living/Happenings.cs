using Streams.Domain.Cities;
using Streams.Simulator.Obeying;

namespace Streams.Simulator.Living;

/// <summary>One effect of one run of a scenario, ready to be asked for any moment.</summary>
internal sealed class Happening
{
    /// <summary>An effect that is stopped dies down in its own fall, but no slower than this.</summary>
    public static readonly TimeSpan SlowestStop = TimeSpan.FromMinutes(10);

    private readonly long _fromInMs;
    private readonly double _lastsInMs;
    private readonly double _riseInMs;
    private readonly double _fallInMs;
    private readonly long _stoppedAtInMs;
    private readonly ScenarioRelief[] _reliefs;

    public Happening(ScenarioEffect effect, ScenarioRun run, ulong seed, bool[] areas, double[] share)
    {
        Effect = effect;
        Areas = areas;
        Share = share;
        Seed = seed;
        _fromInMs = run.StartedAtInMs + (long)effect.After.TotalMilliseconds;
        _lastsInMs = effect.Lasts.TotalMilliseconds;
        _riseInMs = effect.Rise.TotalMilliseconds;
        _fallInMs = effect.Fall.TotalMilliseconds;
        _stoppedAtInMs = run.StoppedAtInMs ?? long.MaxValue;
        _reliefs = [.. run.Reliefs.Where(relief => relief.Concerns(effect))];
    }

    public ScenarioEffect Effect { get; }

    /// <summary>By area: whether it is within the effect's.</summary>
    public bool[] Areas { get; }

    /// <summary>By area: its part of what is divided among residents.</summary>
    public double[] Share { get; }

    public ulong Seed { get; }

    public long FromInMs => _fromInMs;

    /// <summary>The devices that a fault picked, ascending; empty for a condition.</summary>
    public int[] Devices { get; init; } = [];

    /// <summary>0 for not at all to 1 for full.</summary>
    public double FullnessAt(long timeInMs)
    {
        double left = Undisturbed(timeInMs);
        if (left <= 0 || _reliefs.Length == 0)
        {
            return left;
        }

        // Shares that make a whole leave nothing, whatever their last digits.
        const double Nothing = 1e-6;
        double bears = 1;
        foreach (ScenarioRelief relief in _reliefs)
        {
            bears -= relief.At(timeInMs);
        }

        return bears < Nothing ? 0 : left * bears;
    }

    /// <summary>As if nobody did anything about it.</summary>
    private double Undisturbed(long timeInMs)
    {
        if (timeInMs < _stoppedAtInMs)
        {
            return Course(timeInMs);
        }

        double dies = Math.Min(_fallInMs, SlowestStop.TotalMilliseconds);
        double left = dies <= 0 ? 0 : 1 - ((timeInMs - _stoppedAtInMs) / dies);
        return left <= 0 ? 0 : Math.Min(Course(_stoppedAtInMs) * left, Course(timeInMs));
    }

    private double Course(long timeInMs)
    {
        double at = timeInMs - _fromInMs;
        if (at < 0 || at >= _lastsInMs)
        {
            return 0;
        }

        double up = _riseInMs > 0 ? Math.Min(1, at / _riseInMs) : 1;
        double down = _fallInMs > 0 ? Math.Min(1, (_lastsInMs - at) / _fallInMs) : 1;
        return Math.Min(up, down);
    }
}

/// <summary>Everything that befalls a city at the moment and did in the last days: the effects of all runs, by what they change. Immutable.</summary>
internal sealed class Happenings
{
    private readonly Happening[]?[] _conditions;
    private readonly Happening[] _faults;
    private readonly Dictionary<string, Happening[]> _events;

    private Happenings(Happening[] all, DeviceOrders?[]? orders)
    {
        (All, Orders) = (all, orders);
        _faults = [.. all.Where(each => each.Effect is ScenarioEffect.Fault)];
        _conditions = new Happening[CityQuantities.All.Length][];
        ILookup<string, Happening> byName = all.Where(each => each.Effect is ScenarioEffect.Condition).ToLookup(each => ((ScenarioEffect.Condition)each.Effect).Quantity);
        foreach (IGrouping<string, Happening> group in byName)
        {
            if (CityQuantities.TryFind(group.Key, out CityQuantity quantity))
            {
                _conditions[(int)quantity] = [.. group];
            }
        }

        _events = byName.Where(group => !CityQuantities.TryFind(group.Key, out _)).ToDictionary(group => group.Key, group => group.ToArray());
    }

    public static Happenings None { get; } = new([], null);

    public IReadOnlyList<Happening> All { get; }

    public IReadOnlyList<Happening> Faults => _faults;

    /// <summary>By device: what it was told; null where none was told anything.</summary>
    public DeviceOrders?[]? Orders { get; }

    public static Happenings Of(IEnumerable<ScenarioRun> runs, IReadOnlyCollection<Deed> deeds, City city, Ground ground, ulong seed)
    {
        var all = new List<Happening>();
        foreach (ScenarioRun run in runs)
        {
            Scenario? scenario = city.Scenarios.FirstOrDefault(each => each.Name == run.Scenario);
            ulong runSeed = Chance.Mix(seed, Chance.Of(run.Id));
            for (int i = 0; scenario is not null && i < scenario.Effects.Length; i++)
            {
                ScenarioEffect effect = scenario.Effects[i];
                if (ground.TryFind(effect.Area ?? run.Area, out int area))
                {
                    all.Add(Of(effect, run, Chance.Mix(runSeed, i), ground, ground.Within(area), city));
                }
            }
        }

        // What is done comes after what befalls: it answers to it.
        foreach (Deed deed in deeds)
        {
            if (StandingDeeds.HappeningOf(deed) is var (effect, run) && ground.TryFind(deed.Area, out int area))
            {
                all.Add(Of(effect, run, seed, ground, ground.Within(area), city));
            }
        }

        DeviceOrders?[]? orders = StandingDeeds.OrdersOf(deeds, city, ground);
        return all.Count == 0 && orders is null ? None : new Happenings([.. all], orders);
    }

    /// <summary>The quantity's value where nothing happened, changed by all that happens.</summary>
    public double Change(CityQuantity quantity, int area, long timeInMs, double value)
    {
        if (_conditions[(int)quantity] is { } changes)
        {
            foreach (Happening change in changes)
            {
                if (change.Areas[area] && change.FullnessAt(timeInMs) is > 0 and double fullness)
                {
                    var condition = (ScenarioEffect.Condition)change.Effect;
                    value = (value * (1 + (fullness * (condition.Times - 1)))) + (fullness * condition.Plus);
                }
            }
        }

        return value;
    }

    /// <summary>As <see cref="Change"/> for calls and requests an hour; what is added is the area's part of it.</summary>
    public double ChangeEvents(string name, int area, long timeInMs, double value)
    {
        if (_events.Count > 0 && _events.TryGetValue(name, out Happening[]? changes))
        {
            foreach (Happening change in changes)
            {
                if (change.Areas[area] && change.FullnessAt(timeInMs) is > 0 and double fullness)
                {
                    var condition = (ScenarioEffect.Condition)change.Effect;
                    value = (value * (1 + (fullness * (condition.Times - 1)))) + (fullness * condition.Plus * change.Share[area]);
                }
            }
        }

        return value;
    }

    private static Happening Of(ScenarioEffect effect, ScenarioRun run, ulong seed, Ground ground, bool[] areas, City city)
    {
        double residents = 0;
        int covered = 0;
        for (int area = 0; area < areas.Length; area++)
        {
            residents += areas[area] ? ground.OwnResidents[area] : 0;
            covered += areas[area] ? 1 : 0;
        }

        var share = new double[areas.Length];
        for (int area = 0; area < areas.Length; area++)
        {
            share[area] = !areas[area] ? 0 : residents > 0 ? ground.OwnResidents[area] / residents : 1.0 / covered;
        }

        return new Happening(effect, run, seed, areas, share) { Devices = effect is ScenarioEffect.Fault fault ? Pick(fault, seed, ground, areas, city) : [] };
    }

    private static int[] Pick(ScenarioEffect.Fault fault, ulong seed, Ground ground, bool[] areas, City city)
    {
        var candidates = new List<(ulong Lot, int Device)>();
        for (int area = 0; area < areas.Length; area++)
        {
            foreach (int device in areas[area] ? ground.DevicesIn[area] : [])
            {
                if (fault.Types.Contains(city.Devices[device].Type))
                {
                    candidates.Add((Chance.Mix(seed, Chance.Of(city.Devices[device].Id)), device));
                }
            }
        }

        candidates.Sort();
        int wanted = candidates.Count == 0 || fault.Share <= 0 ? 0 : Math.Max(1, (int)Math.Round(fault.Share * candidates.Count));
        int[] picked = [.. candidates.Take(fault.AtMost > 0 ? Math.Min(wanted, fault.AtMost) : wanted).Select(each => each.Device)];
        Array.Sort(picked);
        return picked;
    }
}
