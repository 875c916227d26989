using Streams.Simulator.Replay;

namespace Streams.Simulator.Demo;

/// <summary>
/// A city made up by this project, to be looked at without any recorded data: three days of it that end about now, with an episode
/// of fine particles, a storm and its flood, a crowd, a frozen counter and a silent meter (<see cref="CityDays"/>), and after
/// them the days as they come. It never ends. The same seed and time give the same readings.
/// </summary>
public sealed class DemoCity : RecordedReadings
{
    /// <summary>Devices do not speak on the stroke of the minute, all at once; each has its own second, up to so late.</summary>
    private const int LatestSecond = 50;

    private readonly IReadOnlyList<DemoDevice> _devices = DemoDevices.All();
    private readonly Randomness[] _random;
    private readonly PriorityQueue<int, (long TimeInMs, int Device)> _next = new();
    private readonly CityDays _days;

    /// <param name="nowInMs">The present, Unix milliseconds: the story's third day is the day before it.</param>
    public DemoCity(ulong seed, long nowInMs)
    {
        StartInMs = CityDays.StartBefore(nowInMs);
        _days = new CityDays(StartInMs);
        _random = new Randomness[_devices.Count];
        for (int i = 0; i < _devices.Count; i++)
        {
            _random[i] = new Randomness(Randomness.SeedOf(seed, _devices[i].Id));

            // Those that report hourly do so on the hour; the others have a second of their own.
            long phaseInMs = _devices[i].IntervalInSeconds % 3600 == 0 ? 0 : (long)(_random[i].Next() * LatestSecond) * 1000;
            long rare = _devices[i].Type == "waste_bin" ? (long)(_random[i].Next() * _devices[i].IntervalInSeconds) * 1000 : 0;
            _next.Enqueue(i, (StartInMs + phaseInMs + rare, i));
        }
    }

    /// <summary>Event time of the first reading, or a little before it.</summary>
    public long StartInMs { get; }

    public int DeviceCount => _devices.Count;

    public override RecordedReading Current { get; } = new();

    public override UnusableRows Unusable { get; } = new();

    /// <summary>There is no end to come nearer to.</summary>
    public override double Fraction => 0;

    public override bool Next()
    {
        while (true)
        {
            _next.TryDequeue(out int index, out (long TimeInMs, int Device) at);
            DemoDevice device = _devices[index];
            _next.Enqueue(index, (at.TimeInMs + (device.IntervalInSeconds * 1000L), index));
            double hour = _days.HourOf(at.TimeInMs);
            if (device.IsSilentAt(hour))
            {
                continue;
            }

            Current.Begin(device.Id, device.Type, device.Area, at.TimeInMs);
            Current.Location = (device.Latitude, device.Longitude);
            device.Say(Current, hour, _random[index]);
            return true;
        }
    }

    /// <summary>As fast as brings the past to the present in <paramref name="catchUp"/>; from then on in real time.</summary>
    public Pace PaceFrom(long nowInMs, TimeSpan catchUp) => new()
    {
        Speed = Math.Max(1, (nowInMs - StartInMs) / catchUp.TotalMilliseconds),
        NotBeforeEventTime = true,
    };

    protected override void Dispose(bool disposing)
    {
    }
}
