using System.Collections.Concurrent;
using Streams.Runtime.Log;
using Partitioner = Streams.Runtime.Log.Partitioner;

namespace Streams.Chaos.Load;

/// <summary>
/// Sends a city's readings into the log from a thread of its own, a tick at a time: each sensor speaks once a second of the clock. What is
/// to go wrong with the input comes of the seed. It holds back where the cluster is behind, for the broker forgets what it can not keep.
/// </summary>
internal sealed class CityLoad : IDisposable
{
    private const int TickInMs = 50;
    private const int TicksPerRound = 1000 / TickInMs;
    private const int TicksBetweenPoison = 5 * TicksPerRound;

    /// <summary>Records of a partition that may wait: some 2 MB of the 5 that the broker keeps, for a third of them are larger.</summary>
    private const long MostAhead = 6_000;

    private readonly TestCity _city;
    private readonly LastingWriter _writer;
    private readonly string _topic;
    private readonly int _partitions;
    private readonly Random _random;
    private readonly Func<int, long> _appliedOf;
    private readonly Func<int, long> _endOf;
    private readonly Thread _thread;
    private readonly Deliveries _deliveries = new();
    private readonly Draft?[] _heldBack;
    private readonly int[] _silentUntilTick = new int[TestCity.Beacons];
    private volatile bool _stop;
    private volatile bool _sendsDeadly;
    private long _round;

    /// <param name="appliedOf">Next offset that the cluster has stored for a partition.</param>
    /// <param name="endOf">The log's end of a partition, as far as anybody has seen.</param>
    public CityLoad(TestCity city, ILog log, string topic, Random random, Func<int, long> appliedOf, Func<int, long> endOf)
    {
        _city = city;
        _topic = topic;
        _partitions = log.PartitionsOf(topic);
        _random = random;
        _appliedOf = appliedOf;
        _endOf = endOf;
        _writer = new LastingWriter(() => log.CreateWriter("city", lingerInMs: 10));
        _heldBack = new Draft?[city.Sensors];
        _thread = new Thread(Run) { Name = "city", IsBackground = true };
    }

    public long Sent { get; private set; }

    public long Acknowledged => _deliveries.Count;

    public long Failed => _deliveries.Failures;

    /// <summary>How often it held back.</summary>
    public long Waits { get; private set; }

    public ConcurrentDictionary<Oddity, long> Oddities { get; } = new();

    /// <summary>When a beacon's reading of a time was known to be in the log; not there while it is not known.</summary>
    public ConcurrentDictionary<(string Beacon, long TimeInMs), long> InTheLogAtInMs { get; } = new();

    public void Start() => _thread.Start();

    /// <summary>The next tick has a reading that ends whatever process reads it.</summary>
    public void SendDeadly() => _sendsDeadly = true;

    /// <summary>Ends the load with what closes every window that is open: each sensor speaks once more, an hour and a minute of event time later.</summary>
    public void Finish()
    {
        _stop = true;
        _thread.Join();
        for (int sensor = 0; sensor < _city.Sensors; sensor++)
        {
            if (_heldBack[sensor] is { } held)
            {
                Send(held);
            }

            long time = _city.TimeOf(_round) + 3_660_000;
            Send(new Draft(
                TestCity.SensorId(sensor),
                Draft.Utf8(Draft.Json(TestCity.SensorId(sensor), time, Metrics(sensor, _round, 40), TestCity.SensorType, TestCity.AreaOf(sensor, _round), null))));
        }
    }

    /// <summary>The rest is with the broker, or has failed.</summary>
    public bool IsDone => Acknowledged + Failed >= Sent;

    public void Dispose()
    {
        _stop = true;
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        _writer.Dispose();
    }

    private void Run()
    {
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(TickInMs));
        for (int tick = 0; !_stop; tick++)
        {
            timer.WaitForNextTickAsync().AsTask().GetAwaiter().GetResult();
            while (!_stop && IsFarAhead())
            {
                Waits++;
                timer.WaitForNextTickAsync().AsTask().GetAwaiter().GetResult();
            }

            _round = tick / TicksPerRound;
            int slice = tick % TicksPerRound;
            for (int sensor = slice; sensor < _city.Sensors; sensor += TicksPerRound)
            {
                Speak(sensor);
            }

            for (int beacon = slice; beacon < TestCity.Beacons; beacon += TicksPerRound)
            {
                Speak(beacon, tick);
            }

            if (tick % TicksBetweenPoison == TicksBetweenPoison - 1)
            {
                SendPoison(TestCity.Throwing);
            }

            if (_sendsDeadly)
            {
                _sendsDeadly = false;
                SendPoison(TestCity.Deadly);
            }
        }

    }

    private bool IsFarAhead()
    {
        for (int partition = 0; partition < _partitions; partition++)
        {
            if (_endOf(partition) - _appliedOf(partition) > MostAhead)
            {
                return true;
            }
        }

        return Sent - Acknowledged - Failed > MostAhead * _partitions / 2;
    }

    private void Speak(int sensor)
    {
        string id = TestCity.SensorId(sensor);
        string area = TestCity.AreaOf(sensor, _round);
        long time = _city.TimeOf(_round);
        double value = TestCity.ParticlesOf(sensor, _round);

        // Half of the devices number their readings; repeats of the others are known by time and value.
        long? sequence = sensor % 2 == 0 ? null : _round + 1;
        Draft reading = new(id, Draft.Utf8(Draft.Json(id, time, Metrics(sensor, _round, value), TestCity.SensorType, area, sequence)));
        if (_heldBack[sensor] is { } held)
        {
            _heldBack[sensor] = null;
            Send(reading);
            Send(held);
            return;
        }

        if (_round == 0 || _random.Next(1000) >= 60)
        {
            Send(reading);
            return;
        }

        // The rare ones are those that are large.
        Oddity oddity = (Oddity)_random.Next((int)Oddity.UnsupportedContent + 1);
        if (oddity == Oddity.TooLarge && _random.Next(20) != 0)
        {
            oddity = Oddity.Duplicate;
        }

        Oddities.AddOrUpdate(oddity, 1, (_, count) => count + 1);
        switch (oddity)
        {
            case Oddity.Duplicate:
                Send(reading);

                // Under a number that was there, it is a repeat whatever it says.
                Send(sequence is null ? reading : new(id, Draft.Utf8(Draft.Json(id, time, Metrics(sensor, _round, value + 1), TestCity.SensorType, area, sequence))));
                break;
            case Oddity.Reordered:
                _heldBack[sensor] = reading;
                break;
            default:
                Send(reading);
                int own = Partitioner.PartitionOf(Draft.Utf8(id), _partitions);
                int elsewhere = (own + 1 + _random.Next(_partitions - 1)) % _partitions;
                Send(Draft.Odd(oddity, id, time + 1 + _random.Next(2000), value + 0.125, area, sequence: null, elsewhere));
                break;
        }
    }

    private void Speak(int beacon, int tick)
    {
        if (tick < _silentUntilTick[beacon])
        {
            return;
        }

        string id = TestCity.BeaconId(beacon);
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        Send(new Draft(id, Draft.Utf8(Draft.Json(id, now, """{"battery":50}""", TestCity.BeaconType, TestCity.BeaconArea(beacon), null))) { Noted = (id, now) });
        switch (_random.Next(40))
        {
            case 0:
                // A pause that is no silence yet.
                _silentUntilTick[beacon] = tick + (3 * TicksPerRound);
                break;
            case 1:
                _silentUntilTick[beacon] = tick + ((8 + _random.Next(8)) * TicksPerRound);
                break;
        }
    }

    private void SendPoison(string device) => Send(new Draft(
        device, Draft.Utf8(Draft.Json(device, _city.TimeOf(_round), Metrics(0, _round, 40), TestCity.SensorType, TestCity.AreaOf(0, 0), null))));

    private static string Metrics(int sensor, long round, double particles) => string.Create(
        System.Globalization.CultureInfo.InvariantCulture, $$"""{"pm2_5":{{particles}},"passages":{{TestCity.PassagesOf(sensor, round)}}}""");

    private void Send(Draft draft)
    {
        byte[] key = draft.Key is null ? [] : Draft.Utf8(draft.Key);
        Sent++;
        try
        {
            _writer.Send(
                new OutgoingRecord
                {
                    Topic = _topic,
                    Partition = draft.Partition ?? Partitioner.PartitionOf(key, _partitions),
                    Key = key,
                    Value = draft.Value,
                    Headers = draft.HeaderBytes(),
                },
                draft.Noted is { } noted ? new NotedDelivery(this, noted) : _deliveries);
        }
        catch (LogFailedException e)
        {
            _deliveries.Failed(e.Message, fatal: true);
        }
    }

    private sealed class Deliveries : IDelivery
    {
        private long _count;
        private long _failures;

        public long Count => Volatile.Read(ref _count);

        public long Failures => Volatile.Read(ref _failures);

        public void Delivered() => Interlocked.Increment(ref _count);

        public void Failed(string reason, bool fatal) => Interlocked.Increment(ref _failures);
    }

    private sealed class NotedDelivery(CityLoad load, (string Beacon, long TimeInMs) reading) : IDelivery
    {
        public void Delivered()
        {
            load.InTheLogAtInMs[reading] = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
            load._deliveries.Delivered();
        }

        public void Failed(string reason, bool fatal) => load._deliveries.Failed(reason, fatal);
    }
}
