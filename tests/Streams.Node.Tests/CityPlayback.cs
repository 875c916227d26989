using System.Buffers;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Node.Configuration;
using Streams.Simulator.Replay;
using Streams.Tests;

namespace Streams.Node.Tests;

/// <summary>
/// A city played through devices and areas in one thread, with the clock at event time: what the cluster would have said, had it
/// been there. Messages between areas travel encoded, as they do over Kafka.
/// </summary>
internal class CityPlayback : IAreaOutput
{
    /// <summary>Devices' news is handed to the areas together, as a shard does with a batch.</summary>
    private const int Batch = 64;

    private readonly DeviceCatalog _catalog;
    private readonly AlertRules _rules;
    private readonly Dictionary<string, Device> _devices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Device>.AlternateLookup<ReadOnlySpan<char>> _byId;
    private readonly Dictionary<string, Area> _areas = new(StringComparer.Ordinal);
    private readonly PriorityQueue<Device, long> _sleeping = new();
    private readonly ObservationBuilder _builder = new();
    private readonly DeviceNews _news;
    private readonly Queue<(string Area, byte[] Bytes)> _mail = [];
    private readonly Observation _observation = new();
    private readonly Reading _reading = new();
    private readonly ArrayBufferWriter<byte> _json = new(1024);
    private readonly long _deliverEveryInMs;
    private long _now;
    private long _delivered;
    private int _inBatch;

    /// <param name="deliverEvery">The areas hear what the devices said in this time at once, and the clock goes on in such steps; zero for every reading with a new time.</param>
    public CityPlayback(DeviceCatalog catalog, AlertRules rules, TimeSpan deliverEvery = default)
    {
        _deliverEveryInMs = (long)deliverEvery.TotalMilliseconds;
        _catalog = catalog;
        _rules = rules;
        _news = new DeviceNews(_builder, _catalog);
        _byId = _devices.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>The configuration that Streams comes with.</summary>
    public static Lazy<ClusterConfiguration> Shipped { get; } = new(() =>
    {
        (ClusterConfiguration? configuration, IReadOnlyList<ConfigurationFault> faults) =
            ClusterConfiguration.Load(Path.Combine(RecordedData.RepositoryRoot, "cluster-config"), new Dictionary<string, string>());
        Assert.Empty(faults);
        return configuration!;
    });

    /// <summary>Every state of every alert, in the order said.</summary>
    public List<Alert> Alerts { get; } = [];

    public Dictionary<string, int> Refusals { get; } = new(StringComparer.Ordinal);

    public int Readings { get; private set; }

    public IReadOnlyDictionary<string, Area> Areas => _areas;

    public long LastReadingInMs { get; private set; }

    /// <summary>Alerts by id: the first state, and the last.</summary>
    public IEnumerable<(Alert First, Alert Last)> Stories =>
        Alerts.GroupBy(alert => alert.Id).Select(states => (states.First(), states.Last()));

    /// <summary>Lets a day pass after the last reading, so that what was waiting for time to pass is said.</summary>
    protected void Finish()
    {
        Deliver();
        PassTime(_now + 86_400_000);
        Deliver();
    }

    public void Read(RecordedReading recorded)
    {
        _json.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_json))
        {
            recorded.Write(json, 0);
        }

        Read(recorded.DeviceId, recorded.TimeInMs, _json.WrittenSpan);
        LastReadingInMs = Math.Max(LastReadingInMs, recorded.TimeInMs);
    }

    /// <summary>Takes a reading as it would come over Kafka.</summary>
    /// <param name="arrivesAtInMs">The clock's time then; what is earlier than a reading before it comes at that one's time.</param>
    public void Read(ReadOnlySpan<char> deviceId, long arrivesAtInMs, ReadOnlySpan<byte> json)
    {
        if (arrivesAtInMs > _now && arrivesAtInMs - _delivered >= _deliverEveryInMs)
        {
            _delivered = arrivesAtInMs;
            Deliver();
            PassTime(arrivesAtInMs);
        }

        Readings++;
        if (!ReadingParser.TryParse(json, _now, _reading, out Refusal? refusal))
        {
            Refuse(refusal);
            return;
        }

        if (!_byId.TryGetValue(deviceId, out Device? device))
        {
            string id = new(deviceId);
            device = new Device(id);
            _devices.Add(id, device);
        }

        if (device.Apply(_reading, _catalog, _now).Refusal is { } refused)
        {
            Refuse(refused);
            return;
        }

        Hear(device);
    }

    private void Refuse(Refusal refusal)
    {
        string reason = $"{refusal.Reason} {refusal.Field}";
        Refusals[reason] = Refusals.GetValueOrDefault(reason) + 1;
    }

    private void Hear(Device device)
    {
        if (device.HasPending)
        {
            _news.Tell(device);
            if (++_inBatch >= Batch)
            {
                Deliver();
            }
        }

        if (device.DueInMs is { } due)
        {
            _sleeping.Enqueue(device, due);
        }
    }

    private void PassTime(long until)
    {
        while (true)
        {
            long due = _areas.Values.Min(area => area.DueInMs) ?? long.MaxValue;
            long deviceDue = _sleeping.TryPeek(out Device? device, out long at) ? at : long.MaxValue;
            if (Math.Min(due, deviceDue) > until)
            {
                break;
            }

            if (deviceDue <= due)
            {
                _sleeping.Dequeue();
                if (device!.DueInMs == deviceDue)
                {
                    _now = Math.Max(_now, deviceDue);
                    device.Wake(_now);
                    Hear(device);
                    Deliver();
                }

                continue;
            }

            _now = Math.Max(_now, due);
            Area next = _areas.Values.First(area => area.DueInMs == due);
            next.Wake(_rules, _now);
            next.Drain(this);
            Deliver();
        }

        _now = Math.Max(_now, until);
    }

    private void Deliver()
    {
        _inBatch = 0;
        foreach ((string area, Observation observation) in _builder.Observations)
        {
            ((IAreaOutput)this).ToArea(area, observation);
        }

        _builder.Clear();
        while (_mail.TryDequeue(out (string Area, byte[] Bytes) mail))
        {
            Assert.True(ObservationCodec.TryRead(mail.Bytes, _observation, out string? fault), fault);
            if (!_areas.TryGetValue(mail.Area, out Area? area))
            {
                area = new Area(mail.Area);
                _areas.Add(mail.Area, area);
            }

            area.Apply(_observation, _rules, _now);
            area.Drain(this);
        }
    }

    void IAreaOutput.Aggregate(AreaAggregate aggregate)
    {
    }

    void IAreaOutput.ToArea(string area, Observation observation)
    {
        var bytes = new ArrayBufferWriter<byte>();
        ObservationCodec.Write(observation, bytes);
        _mail.Enqueue((area, bytes.WrittenSpan.ToArray()));
    }

    void IAreaOutput.Alert(Alert alert) => Alerts.Add(alert);
}
