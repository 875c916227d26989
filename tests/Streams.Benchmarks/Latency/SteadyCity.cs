using System.Diagnostics;
using System.Globalization;
using System.Text;
using Streams.Runtime.Log;

namespace Streams.Benchmarks.Latency;

/// <summary>A reading beyond its range: who, where, and when it was handed to the producer.</summary>
internal sealed record Crossing(string Device, string Area, long AtInMs);

/// <summary>
/// Devices that speak in turn at a steady rate, at the time they speak; now and then one is beyond its range: each in an area not used so far, and when every
/// area has been, another of its devices.
/// </summary>
internal sealed class SteadyCity : IDelivery
{
    public const int WarmUpInSeconds = 3;

    public const string FloodingDevice = "bench-flood";

    private readonly ILogWriter _writer;
    private readonly string _topic;
    private readonly int _partitions;
    private readonly int _devices;
    private readonly int _devicesPerArea;
    private readonly int _rate;
    private readonly int _crossingsPerSecond;
    private readonly List<Crossing> _crossings = [];
    private readonly byte[][] _ids;
    private readonly int _areas;
    private int _next;
    private long _sequence;
    private long _total;

    public SteadyCity(ILog log, string topic, int devices, int devicesPerArea, int rate, int crossingsPerSecond, int lingerInMs = 5)
    {
        // Gateways wait a little to share a batch.
        _writer = log.CreateWriter("city", lingerInMs);
        _topic = topic;
        _partitions = log.PartitionsOf(topic);
        _devices = devices;
        _devicesPerArea = devicesPerArea;
        _areas = devices / devicesPerArea;
        _rate = rate;
        _crossingsPerSecond = crossingsPerSecond;
        _ids = [.. Enumerable.Range(0, devices).Select(device => Encoding.UTF8.GetBytes(Workload.IdOf(device)))];
    }

    public IReadOnlyList<Crossing> Crossings => _crossings;

    public long Sent { get; private set; }

    /// <summary>Readings handed over by all calls, <see cref="Register"/> left out.</summary>
    public long Total => Volatile.Read(ref _total);

    public string? Failure { get; private set; }

    /// <summary>The first devices speak once a minute for so long up to now, all at once. Before <see cref="Register"/>.</summary>
    public void Remember(int devices, int minutes)
    {
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        for (int minute = minutes; minute > 0; minute--)
        {
            for (int device = 0; device < devices; device++)
            {
                Send(device, 40 + (((minute * 7) + device) % 13), isFirst: true, now - (minute * 60_000L));
            }
        }

        Flushed();
    }

    public void Register()
    {
        for (int device = 0; device < _devices; device++)
        {
            Send(device, 40, isFirst: true);
        }

        Flushed();
    }

    /// <summary>So many seconds; <see cref="Crossings"/> and <see cref="Sent"/> are of the last call.</summary>
    public void Speak(int seconds)
    {
        _crossings.Clear();
        long sent = 0;
        long crossed = 0;
        long started = Stopwatch.GetTimestamp();
        for (double at; (at = Stopwatch.GetElapsedTime(started).TotalSeconds) < seconds;)
        {
            for (; sent < at * _rate; sent++)
            {
                Send((int)(_sequence % _devices), 40 + (_sequence % 7), isFirst: false);
                Volatile.Write(ref _total, _total + 1);
            }

            for (; crossed < at * _crossingsPerSecond; crossed++)
            {
                int device = (_next % _areas * _devicesPerArea) + 1 + (_next / _areas % (_devicesPerArea - 1));
                _next++;
                _crossings.Add(new Crossing(Workload.IdOf(device), AreaOf(device), Send(device, Workload.Impossible, isFirst: false)));
                Volatile.Write(ref _total, _total + 1);
            }

            Thread.Sleep(1);
        }

        Sent = sent + crossed;
    }

    /// <summary>One device, which speaks so often until told to stop, each time of now and something else. On a thread of its own; answers how many were sent.</summary>
    public long Flood(int rate, CancellationToken stop)
    {
        byte[] id = Encoding.UTF8.GetBytes(FloodingDevice);
        Span<byte> record = stackalloc byte[Workload.LargestInBytes];
        long sent = 0;
        for (long started = Stopwatch.GetTimestamp(); !stop.IsCancellationRequested; Thread.Sleep(1))
        {
            for (double due = Stopwatch.GetElapsedTime(started).TotalSeconds * rate; sent < due; sent++)
            {
                long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
                int length = Workload.WriteReading(record, id, now, 40 + (sent % 1000 / 100.0), sent + 1, "bench/flood");
                _writer.Send(
                    new OutgoingRecord { Topic = _topic, Partition = Partitioner.PartitionOf(id, _partitions), Key = id, Value = record[..length], TimestampInMs = now },
                    this);
            }
        }

        return sent;
    }

    /// <exception cref="InvalidOperationException">The broker did not take all readings.</exception>
    public void Flush()
    {
        Flushed();
        _writer.Dispose();
    }

    private void Flushed()
    {
        if (!_writer.Flush(TimeSpan.FromSeconds(30)) || Failure is not null)
        {
            throw new InvalidOperationException($"Readings were not delivered. {Failure}");
        }
    }

    void IDelivery.Delivered()
    {
    }

    void IDelivery.Failed(string reason, bool fatal) => Failure = reason;

    private string AreaOf(int device) => string.Create(CultureInfo.InvariantCulture, $"bench/d{device / _devicesPerArea:D4}");

    /// <param name="atInMs">Event time; now where it is left out.</param>
    private long Send(int device, double value, bool isFirst, long? atInMs = null)
    {
        Span<byte> record = stackalloc byte[Workload.LargestInBytes];
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        int length = Workload.WriteReading(record, _ids[device], atInMs ?? now, value, ++_sequence, isFirst ? AreaOf(device) : null);
        _writer.Send(
            new OutgoingRecord
            {
                Topic = _topic,
                Partition = Partitioner.PartitionOf(_ids[device], _partitions),
                Key = _ids[device],
                Value = record[..length],
                TimestampInMs = now,
            },
            this);
        return now;
    }
}
