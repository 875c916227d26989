using System.Buffers;
using System.Collections.Concurrent;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Node.Configuration;
using Streams.Simulator.Replay;
using Streams.Tests;

namespace Streams.Node.Tests.Incidents;

/// <summary>
/// A recorded city played through devices and areas in one thread, as the shipped configuration has them, with the clock at event
/// time: what the cluster would have said, had it been there. Messages between areas travel encoded, as they do over Kafka.
/// </summary>
internal sealed class CityRecording : IAreaOutput
{
    /// <summary>Devices' news is handed to the areas together, as a shard does with a batch.</summary>
    private const int Batch = 64;

    private static readonly ConcurrentDictionary<string, Lazy<CityRecording>> AsShipped = new();

    private readonly DeviceCatalog _catalog;
    private readonly AlertRules _rules;
    private readonly Dictionary<string, Device> _devices = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Area> _areas = new(StringComparer.Ordinal);
    private readonly PriorityQueue<Device, long> _sleeping = new();
    private readonly ObservationBuilder _builder = new();
    private readonly DeviceNews _news;
    private readonly Queue<(string Area, byte[] Bytes)> _mail = [];
    private readonly Observation _observation = new();
    private readonly Reading _reading = new();
    private readonly ArrayBufferWriter<byte> _json = new(1024);
    private long _now;
    private int _inBatch;

    private CityRecording(Staging staging)
    {
        _catalog = new DeviceCatalog(Shipped.Value.DeviceTypes.Select(staging.Type));
        _rules = new AlertRules([.. Shipped.Value.AlertRules.Rules.Select(staging.Rule).OfType<AlertRule>()], Shipped.Value.AlertRules.Settings);
        _news = new DeviceNews(_builder, _catalog);
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

    /// <summary>Devices that the alert names, in any of its states.</summary>
    public HashSet<string> DevicesOf(Alert alert) =>
        [.. Alerts.Where(one => one.Id == alert.Id).SelectMany(DevicesNamed)];

    /// <summary>Devices that this state of an alert names, itself or for a child area.</summary>
    public static IEnumerable<string> DevicesNamed(Alert alert) =>
        alert.Evidence.SelectMany(evidence => evidence.DeviceId is { } device ? [device]
            : evidence.Area is null ? [] : (evidence.Explanation ?? "").Split(", ", StringSplitOptions.RemoveEmptyEntries));

    /// <summary>Alerts by id: the first state, and the last.</summary>
    public IEnumerable<(Alert First, Alert Last)> Stories =>
        Alerts.GroupBy(alert => alert.Id).Select(states => (states.First(), states.Last()));

    /// <summary>A file as shipped and recorded, played once for all tests.</summary>
    public static CityRecording Of(string file) => AsShipped.GetOrAdd(file, name => new Lazy<CityRecording>(() => Play(name))).Value;

    /// <summary>Plays a file of the recorded cities; skips the running test where it is absent.</summary>
    public static CityRecording Play(string file, Staging? staging = null)
    {
        staging ??= new Staging();
        var recording = new CityRecording(staging);
        using RecordedReadings readings = RecordedFile.Open(RecordedData.Require("data", "city", file + ".csv.gz"));
        while (readings.Next() && readings.Current.TimeInMs < staging.UntilInMs)
        {
            if (readings.Current.TimeInMs >= staging.FromInMs)
            {
                recording.Read(readings.Current);
            }
        }

        Assert.Equal(0, readings.Unusable.Count);
        recording.Finish();
        return recording;
    }

    /// <summary>Lets a day pass after the last reading, so that what was waiting for time to pass is said.</summary>
    private void Finish()
    {
        Deliver();
        PassTime(_now + 86_400_000);
        Deliver();
    }

    private void Read(RecordedReading recorded)
    {
        if (recorded.TimeInMs > _now)
        {
            Deliver();
            PassTime(recorded.TimeInMs);
        }

        _json.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_json))
        {
            recorded.Write(json, 0);
        }

        Readings++;
        LastReadingInMs = Math.Max(LastReadingInMs, recorded.TimeInMs);
        if (!ReadingParser.TryParse(_json.WrittenSpan, _now, _reading, out Refusal? refusal))
        {
            Refuse(refusal);
            return;
        }

        if (!_devices.TryGetValue(recorded.DeviceId, out Device? device))
        {
            device = new Device(recorded.DeviceId);
            _devices.Add(recorded.DeviceId, device);
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

/// <summary>What is played otherwise than as shipped and recorded: another part of the time, other settings.</summary>
internal sealed record Staging
{
    public long FromInMs { get; init; } = long.MinValue;

    public long UntilInMs { get; init; } = long.MaxValue;

    /// <summary>The rule to play with in place of a shipped one; null for none.</summary>
    public Func<AlertRule, AlertRule?> Rule { get; init; } = rule => rule;

    public Func<DeviceType, DeviceType> Type { get; init; } = type => type;
}
