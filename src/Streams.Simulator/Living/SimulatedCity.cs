using System.Text;
using Streams.Domain.Cities;
using Streams.Simulator.Living.Models;
using Streams.Simulator.Replay;

namespace Streams.Simulator.Living;

/// <summary>How a city is simulated.</summary>
/// <param name="Seed">The same seed, city and times give the same readings.</param>
/// <param name="FromInMs">Event time of the beginning, Unix milliseconds.</param>
public sealed record SimulationPlan(ulong Seed, long FromInMs)
{
    /// <summary>Readings a second of event time; all intervals are stretched or shortened alike. Null for the natural ones. Above 0.</summary>
    public double? Rate { get; init; }

    public Imperfections Imperfections { get; init; } = new();

    /// <summary>
    /// Keeps the past before this time short: each device begins in its last interval before it, or a quarter of an hour before where that is longer,
    /// and is heard without a gap from then on. Null: all begin at once.
    /// </summary>
    public long? PresentInMs { get; init; }
}

/// <summary>
/// A living city: the readings of all of its devices in the order in which they arrive, from a given time on, without end. What they say follows
/// from the seed and the time, and from the scenarios that were started; so a city can stop and go on at any time.
/// </summary>
public sealed class SimulatedCity : ReadingSource
{
    /// <summary>Readings held back at once: a thousand devices for some minutes. Beyond, they are sent at once.</summary>
    private const int MostHeld = 50_000;

    /// <summary>Bins say that they were emptied; nobody looks more often.</summary>
    private static readonly TimeSpan UnhurriedInterval = TimeSpan.FromHours(8);

    /// <summary>Those that report a whole hour do so within these seconds after it.</summary>
    private static readonly string[] OnTheHour = ["air_quality_station", "noise_meter", "traffic_counter", "pedestrian_counter"];

    private const long OnTheHourWithinInMs = 40_000;
    private const long ShortPastInMs = 15 * 60_000;

    private readonly City _city;
    private readonly ScenarioRuns _runs;
    private readonly ulong _seed;
    private readonly Ground _ground;
    private readonly Conditions _conditions;
    private readonly EventKinds _events;
    private readonly Mishaps _mishaps;
    private readonly ReadingDraft _draft;
    private readonly Distortion _distortion = new();
    private readonly Participant[] _devices;
    private readonly byte[] _ids;
    private readonly byte[][] _tails;
    private readonly double[][] _figures;
    private readonly DeviceModel?[] _models;

    /// <summary>By quantity, and by kind of device: whether it notices a change. Null where nobody does.</summary>
    private readonly bool[]?[] _noticing;
    private readonly Dictionary<int, Route> _routes = [];
    private readonly ReadingRounds _rounds;
    private readonly long _presentInMs;

    /// <summary>Devices that noticed something, and when they say so.</summary>
    private readonly PriorityQueue<int, (long TimeInMs, int Device)> _urgent = new();
    private readonly PriorityQueue<(int Desk, int Kind), (long TimeInMs, int Desk)> _calls = new();
    private readonly PriorityQueue<(int Device, long TimeInMs, byte[] Body), (long DueInMs, int Device)> _held = new();

    private object _version;
    private Happenings _happenings;
    private (byte[]? Metric, ScenarioEffect.Fault Fault, Happening Happening)[] _faults = [];
    private bool[] _afflicted = [];
    private long _stepInMs;
    private long _lookedInMs;
    private byte[]? _body;
    private int _device;
    private long _now;
    private long _timeInMs;
    private long _dueInMs;

    /// <exception cref="ArgumentException">A device is of a type that cannot be simulated, or stands where the city has no area; or there is none that would ever say anything.</exception>
    public SimulatedCity(City city, SimulationPlan plan, ScenarioRuns runs)
    {
        (_city, _runs, _seed) = (city, runs, Chance.Mix(plan.Seed, Chance.Of(city.Name)));
        _ground = new Ground(city);
        var clock = new CityClock(city.TimeZone);
        var weather = new Weather(city, _seed);
        _conditions = new Conditions(_ground, clock, weather, _seed);
        _draft = new ReadingDraft(_conditions, clock, new Tallies(city, clock, weather));
        _events = new EventKinds(city, _ground);
        _mishaps = new Mishaps(plan.Imperfections);
        (_devices, _ids, _tails, _figures, _models) = Enroll();
        _noticing =
        [
            .. Enum.GetValues<CityQuantity>().Select(quantity => _models.Select(model => model?.Notices?.Contains(quantity) == true).ToArray() is { } kinds && kinds.Contains(true) ? kinds : null),
        ];
        double natural = city.Devices.Sum(device => 1 / IntervalOf(device).TotalSeconds);
        double stretch = plan.Rate is { } rate && rate > 0 ? natural / rate : 1;
        ReadingsPerSecond = plan.Rate ?? natural;
        _presentInMs = plan.PresentInMs ?? long.MinValue / 2;
        _rounds = new ReadingRounds(Turns(stretch), plan.FromInMs);
        if (_rounds.NextInMs == long.MaxValue && !HasCallers())
        {
            // The next reading would be looked for without end.
            throw new ArgumentException("It has no device that would ever say anything.");
        }

        _now = _timeInMs = _dueInMs = _lookedInMs = plan.FromInMs;
        _stepInMs = plan.FromInMs - (plan.FromInMs % Conditions.StepInMs);
        (_version, _happenings) = (new object(), Happenings.None);
        Adopt();
        Step(_stepInMs);
    }

    /// <summary>Of devices that speak regularly.</summary>
    public double ReadingsPerSecond { get; }

    public int DeviceCount => _devices.Length;

    /// <summary>Event time that the city has come to; scenarios start and stop at the millisecond after it. May be asked from any thread.</summary>
    public long NowInMs => Volatile.Read(ref _now);

    public override long TimeInMs => _timeInMs;

    public override long DueInMs => _dueInMs;

    public override ReadOnlySpan<byte> Key => IdOf(_device);

    /// <param name="shiftInMs">0: a city lives at its own time.</param>
    public override ReadOnlySpan<byte> Body(long shiftInMs) => shiftInMs == 0 ? _body ?? _draft.Text : throw new ArgumentOutOfRangeException(nameof(shiftInMs), shiftInMs, "A simulated city starts at the time that it is to have.");

    public override bool Next()
    {
        while (true)
        {
            if (!ReferenceEquals(_version, _runs.Version))
            {
                // What starts now starts in the millisecond after, so that it is new against the last look.
                DeviceOrders?[]? before = _happenings.Orders;
                Adopt();
                _conditions.Compute(_now + 1, _happenings);
                Look(_now + 1);
                Heed(before, _now + 1);
            }

            long urgent = _urgent.TryPeek(out _, out (long TimeInMs, int) first) ? first.TimeInMs : long.MaxValue;
            long call = _calls.TryPeek(out _, out (long TimeInMs, int) next) ? next.TimeInMs : long.MaxValue;
            long held = _held.TryPeek(out _, out (long DueInMs, int) late) ? late.DueInMs : long.MaxValue;
            long turn = _rounds.NextInMs;
            long soonest = Math.Min(Math.Min(urgent, call), Math.Min(held, turn));
            long step = _stepInMs + Conditions.StepInMs;
            if (step <= soonest)
            {
                Step(step);
                continue;
            }

            Volatile.Write(ref _now, soonest);
            if (soonest == held)
            {
                (_device, _timeInMs, _body) = _held.Dequeue();
                _dueInMs = soonest;
                return true;
            }

            bool spoke;
            if (soonest == urgent)
            {
                spoke = Speak(_urgent.Dequeue(), soonest);
            }
            else if (soonest == call)
            {
                (int desk, int kind) = _calls.Dequeue();
                spoke = Tell(desk, kind, soonest);
            }
            else
            {
                int device = _rounds.NextDevice;
                _rounds.Advance();
                spoke = soonest >= _presentInMs - Math.Max(_devices[device].IntervalInMs, ShortPastInMs) && Speak(device, soonest);
            }

            if (spoke)
            {
                return true;
            }
        }
    }

    protected override void Dispose(bool disposing)
    {
    }

    /// <summary>Whether somebody lives where a desk would take a call.</summary>
    private bool HasCallers() =>
        Enumerable.Range(0, _ground.Areas.Length).Any(area => _ground.OwnResidents[area] > 0 && Enumerable.Range(0, _events.All.Count).Any(kind => _events.DeskOf(area, kind) >= 0));

    private static TimeSpan IntervalOf(PlacedDevice device) =>
        device.Interval > TimeSpan.Zero ? device.Interval : EventKinds.DeskTypes.Contains(device.Type) ? TimeSpan.MaxValue : UnhurriedInterval;

    private ReadOnlySpan<byte> IdOf(int device) => _ids.AsSpan(_devices[device].IdAt, _devices[device].IdLength);

    private (Participant[], byte[], byte[][], double[][], DeviceModel?[]) Enroll()
    {
        var ids = new byte[_city.Devices.Sum(device => Encoding.UTF8.GetByteCount(device.Id))];
        var tails = new Dictionary<(string Type, string Area), int>();
        var kinds = new Dictionary<(string Type, DeviceGroup Group), int>();
        var figures = new List<double[]>();
        var models = new List<DeviceModel?>();
        var devices = new Participant[_city.Devices.Length];
        int idAt = 0;
        for (int i = 0; i < devices.Length; i++)
        {
            PlacedDevice placed = _city.Devices[i];
            DeviceModel? model = DeviceModel.ByType.GetValueOrDefault(placed.Type);
            if (model is null && !EventKinds.DeskTypes.Contains(placed.Type))
            {
                throw new ArgumentException($"The device {placed.Id} is of the type {placed.Type}, which cannot be simulated.");
            }

            if (!kinds.TryGetValue((placed.Type, placed.Group), out int kind))
            {
                kinds.Add((placed.Type, placed.Group), kind = models.Count);
                models.Add(model);
                figures.Add(model is null ? [] : [.. model.Figures.Select(figure => placed.Group.Figures.GetValueOrDefault(figure.Name, figure.Default))]);
            }

            if (!tails.TryGetValue((placed.Type, placed.Area), out int tail))
            {
                tails.Add((placed.Type, placed.Area), tail = tails.Count);
            }

            int length = Encoding.UTF8.GetBytes(placed.Id, ids.AsSpan(idAt));
            devices[i] = new Participant
            {
                Own = Chance.Mix(_seed, Chance.Of(placed.Id)),
                IdAt = idAt,
                IdLength = (byte)length,
                Tail = (ushort)tail,
                Kind = (ushort)kind,
                Last = Condition.Unknown,
            };
            idAt += length;
        }

        byte[][] texts = [.. tails.OrderBy(each => each.Value).Select(each => Encoding.UTF8.GetBytes($",\"type\":\"{each.Key.Type}\",\"area\":\"{each.Key.Area}\""))];
        return (devices, ids, texts, [.. figures], [.. models]);
    }

    private IEnumerable<(int, long, long)> Turns(double stretch)
    {
        for (int i = 0; i < _devices.Length; i++)
        {
            if (_models[_devices[i].Kind] is null)
            {
                continue;
            }

            long interval = Math.Max(1, (long)Math.Round(IntervalOf(_city.Devices[i]).TotalMilliseconds * stretch));
            _devices[i].IntervalInMs = (int)Math.Min(int.MaxValue, interval);
            ulong lot = Chance.Mix(_devices[i].Own, 7UL);
            long within = Array.IndexOf(OnTheHour, _city.Devices[i].Type) >= 0 ? Math.Min(interval, OnTheHourWithinInMs) : interval;
            yield return (i, interval, (long)(Chance.Even(lot) * within));
        }
    }

    /// <summary>Takes over what was started or stopped since.</summary>
    private void Adopt()
    {
        _version = _runs.Version;
        _happenings = Happenings.Of(_runs.All, _runs.Deeds, _city, _ground, _seed);
        _faults = [.. _happenings.Faults.Select(each => (Fault: (ScenarioEffect.Fault)each.Effect, each)).Select(each => (each.Fault.Metric is { } metric ? Encoding.UTF8.GetBytes(metric) : null, each.Fault, each.each))];
        _afflicted = new bool[_faults.Length > 0 ? _devices.Length : 0];
        foreach (int device in _happenings.Faults.SelectMany(fault => fault.Devices))
        {
            _afflicted[device] = true;
        }
    }

    private void Step(long timeInMs)
    {
        _stepInMs = timeInMs;
        _conditions.Compute(timeInMs, _happenings);
        Look(timeInMs);
        Draw(timeInMs);
    }

    /// <summary>Where something has changed since the last look, everybody who notices such things is asked; who has something new to say says it in the next seconds.</summary>
    private void Look(long timeInMs)
    {
        foreach (Happening happening in _happenings.All)
        {
            double before = happening.FullnessAt(_lookedInMs), now = happening.FullnessAt(timeInMs);
            if (before == now)
            {
                continue;
            }

            if (happening.Effect is ScenarioEffect.Fault fault)
            {
                // A state or value that is shown from now on, or no longer.
                foreach (int device in fault.Kind == DeviceFault.Shows && (before > 0) != (now > 0) ? happening.Devices : [])
                {
                    SaySoon(device, timeInMs);
                }

                continue;
            }

            if (CityQuantities.TryFind(((ScenarioEffect.Condition)happening.Effect).Quantity, out CityQuantity quantity) && _noticing[(int)quantity] is { } kinds)
            {
                Look(happening.Areas, kinds, timeInMs);
            }
        }

        _lookedInMs = timeInMs;
    }

    /// <param name="areas">By area.</param>
    /// <param name="kinds">By kind of device: whether it notices what has changed.</param>
    private void Look(bool[] areas, bool[] kinds, long timeInMs)
    {
        for (int area = 0; area < areas.Length; area++)
        {
            foreach (int device in areas[area] ? _ground.DevicesIn[area] : [])
            {
                if (!kinds[_devices[device].Kind] || _devices[device].Last == Condition.Unknown)
                {
                    continue;
                }

                Begin(device, timeInMs);
                if (_models[_devices[device].Kind]!.Say(_draft) != _devices[device].Last)
                {
                    SaySoon(device, timeInMs);
                }
            }
        }
    }

    /// <summary>Devices that were told something say so in the next seconds; where they are very many, each when its turn comes.</summary>
    private void Heed(DeviceOrders?[]? before, long timeInMs)
    {
        const int MostAtOnce = 5_000;
        DeviceOrders?[]? now = _happenings.Orders;
        if (before is null && now is null)
        {
            return;
        }

        int[] told = [.. Enumerable.Range(0, _devices.Length).Where(device => !Equals(before?[device], now?[device]) && _devices[device].Last != Condition.Unknown)];
        foreach (int device in told.Length <= MostAtOnce ? told : [])
        {
            SaySoon(device, timeInMs);
        }
    }

    private void SaySoon(int device, long timeInMs)
    {
        const long WithinInMs = 3_000;
        _urgent.Enqueue(device, (timeInMs + 1 + (long)(Chance.Even(Chance.Mix(_devices[device].Own, timeInMs)) * WithinInMs), device));
    }

    /// <summary>Calls and requests of the coming step.</summary>
    private void Draw(long timeInMs)
    {
        const double StepsAnHour = 3_600_000.0 / Conditions.StepInMs;
        ulong step = Chance.Mix(_seed ^ 0xCA11, timeInMs);
        for (int area = 0; area < _ground.Areas.Length; area++)
        {
            for (int kind = 0; kind < _events.All.Count; kind++)
            {
                int desk = _events.DeskOf(area, kind);
                if (desk < 0)
                {
                    continue;
                }

                double rate = EventKinds.Rate(_events.All[kind], _ground.OwnResidents[area], _conditions, area);
                rate = _happenings.ChangeEvents(_events.All[kind].Quantity, area, timeInMs, rate);
                ulong lot = Chance.Mix(step, (area * 1000L) + kind);
                int count = rate <= 0 ? 0 : Chance.Poisson(rate / StepsAnHour, lot);
                for (int i = 0; i < count; i++)
                {
                    _calls.Enqueue((desk, kind), (timeInMs + (long)(Chance.Even(Chance.Mix(lot, (ulong)i + 1)) * Conditions.StepInMs), desk));
                }
            }
        }
    }

    private void Begin(int device, long timeInMs)
    {
        ref Participant self = ref _devices[device];
        _draft.Orders = _happenings.Orders?[device];
        _draft.Begin(IdOf(device), self.Own, _ground.AreaOf[device], _figures[self.Kind], RouteOf(device), timeInMs, self.IntervalInMs / 3_600_000.0, self.Last);
    }

    /// <summary>Lets a device make its reading; false where it says nothing, or not now.</summary>
    private bool Speak(int device, long timeInMs)
    {
        ref Participant self = ref _devices[device];
        Begin(device, timeInMs);
        bool distorted = Distort(device, timeInMs);
        if (distorted)
        {
            if (_distortion.IsSilent)
            {
                return false;
            }

            _draft.Distortion = _distortion;
        }

        byte last = self.Last;
        self.Last = _models[self.Kind]!.Say(_draft);
        return _draft.HasMetrics && !(self.Last == Condition.Mute && last == Condition.Mute) && Finish(device, timeInMs, distorted);
    }

    /// <summary>One call or request, as soon as it comes.</summary>
    private bool Tell(int desk, int kind, long timeInMs)
    {
        Begin(desk, timeInMs);
        _draft.Number(_events.All[kind].Metric, 1, 0);
        return Finish(desk, timeInMs, distorted: false);
    }

    private bool Finish(int device, long timeInMs, bool distorted)
    {
        ref Participant self = ref _devices[device];
        (double, double)? at = _draft.Position;
        if (at is null && !self.IsLocated)
        {
            at = (_city.Devices[device].Latitude, _city.Devices[device].Longitude);
        }

        self.IsLocated = true;
        _draft.End(_tails[self.Tail], at, ++self.Sequence);
        long lateBy = _mishaps.LateBy(self.Own, timeInMs);
        long due = distorted && _distortion.HeldUntilInMs > 0 ? _distortion.HeldUntilInMs : timeInMs + lateBy;
        if (_held.Count < MostHeld)
        {
            if ((distorted && _distortion.Repeats) || _mishaps.Repeats(self.Own, timeInMs))
            {
                _held.Enqueue((device, timeInMs, _draft.Text.ToArray()), (due + 1 + (timeInMs % 5_000), device));
            }

            if (due > timeInMs)
            {
                _held.Enqueue((device, timeInMs, _draft.Text.ToArray()), (due, device));
                return false;
            }
        }

        (_device, _timeInMs, _dueInMs, _body) = (device, timeInMs, timeInMs, null);
        return true;
    }

    /// <summary>Gathers what is wrong with a device now; false for nothing.</summary>
    private bool Distort(int device, long timeInMs)
    {
        ulong own = _devices[device].Own;
        bool afflicted = _afflicted.Length > 0 && _afflicted[device];
        (DeviceFault Kind, double Hours, ulong Lot)? mishap = _mishaps.Of(own, timeInMs);
        if (!afflicted && mishap is null)
        {
            return false;
        }

        _distortion.Clear(device, timeInMs);
        if (mishap is (DeviceFault.Drift, var hours, _))
        {
            _distortion.Age(hours);
        }
        else if (mishap is var (kind, _, lot))
        {
            _distortion.Add(kind, null, 0, 1, 0, lot);
        }

        foreach ((byte[]? metric, ScenarioEffect.Fault fault, Happening happening) in afflicted ? _faults : [])
        {
            if (happening.FullnessAt(timeInMs) is > 0 and double fullness && Array.BinarySearch(happening.Devices, device) >= 0)
            {
                _distortion.Add(fault.Kind, metric, fault.Amount, fullness, (timeInMs - happening.FromInMs) / 3_600_000.0, Chance.Mix(happening.Seed, device));
            }
        }

        return _distortion.IsAny;
    }

    private Route? RouteOf(int device)
    {
        if (_models[_devices[device].Kind] is not { RouteInKm: { } length })
        {
            return null;
        }

        if (!_routes.TryGetValue(device, out Route? route))
        {
            _routes.Add(device, route = Route.Through(_city.Devices, device, length, _devices[device].Own));
        }

        return route;
    }

    /// <summary>What the simulation keeps of a device: some thirty bytes.</summary>
    private struct Participant
    {
        public ulong Own;
        public int IdAt;
        public int IntervalInMs;
        public int Sequence;
        public ushort Tail;
        public ushort Kind;
        public byte IdLength;
        public byte Last;
        public bool IsLocated;
    }
}
