using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Streams.Domain.Detection;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Domain.Windows;

namespace Streams.Domain.Tests.Devices;

/// <summary>Device types that stand for the kinds of sensor there are.</summary>
internal static class Sensors
{
    public static DeviceCatalog Catalog { get; } = new(
    [
        Type("air_quality_station", TimeSpan.FromMinutes(1), new MetricDefinition
        {
            Name = "pm2_5", Unit = "ug/m3", Min = 0, Max = 1000,
            Detectors = new DetectorSettings { Level = new LevelLimits(150, 120, null, null, TimeSpan.FromMinutes(2)) },
        }, new MetricDefinition
        {
            Name = "air_temperature", Unit = "Cel", Min = -60, Max = 60,
            Detectors = new DetectorSettings { RatePerMinute = 2, Spike = 8 },
        }),
        Type("parking_lot", TimeSpan.FromMinutes(5), new MetricDefinition
        {
            Name = "free_spaces", Unit = "count", Min = 0,
            Detectors = new DetectorSettings { StuckAfter = TimeSpan.FromHours(1), StuckExcept = [0] },
        }),
        Type("street_light", TimeSpan.FromMinutes(5), new MetricDefinition { Name = "lamp", Unit = "1", Kind = MetricKind.State, States = ["off", "on", "fault"] },
            new MetricDefinition { Name = "door_open", Unit = "1", Kind = MetricKind.State },
            new MetricDefinition { Name = "energy", Unit = "kW.h", Kind = MetricKind.Counter }),
        Type("citizen_report", TimeSpan.Zero, new MetricDefinition { Name = "request.*", Unit = "request", Kind = MetricKind.Count }),
    ]);

    public static DeviceType Type(string name, TimeSpan interval, params ImmutableArray<MetricDefinition> metrics) => new()
    {
        Name = name, Title = name, Domain = "air", Interval = interval, Metrics = metrics,
        SilentAfter = interval > TimeSpan.Zero ? 3 * interval : null,
    };
}

/// <summary>A device and what it said, with readings in shorthand.</summary>
internal sealed class Bench(string id, DeviceCatalog? catalog = null) : IDeviceOutput
{
    public const long Start = 1795305600000; // 2026-11-22T00:00:00Z

    private readonly Reading _reading = new();

    public Device Device { get; set; } = new(id);

    public DeviceCatalog Catalog { get; set; } = catalog ?? Sensors.Catalog;

    /// <summary>What the configuration says of the device.</summary>
    public DeviceRegistration? Configured { get; set; }

    public List<string> Said { get; } = [];

    public List<AnomalyEvent> Anomalies { get; } = [];

    public List<HistoryWindow> Past { get; } = [];

    /// <summary>Rows of history handed out, in order, with where they begin.</summary>
    public List<(HistoryPart Part, long FromInMs, byte[] Body)> Rows { get; } = [];

    public HistoryNames Names { get; } = new();

    /// <summary>Sends JSON; the time comes from seconds after the start, processing time is the same unless given.</summary>
    public Outcome Send(double second, string metrics, string more = "", double? nowSecond = null)
    {
        long atInMs = Start + (long)(second * 1000);
        string json = $$"""{"deviceId":"{{Device.Id}}","time":"{{Rfc3339.Format(atInMs)}}","metrics":{{{metrics}}}{{(more.Length > 0 ? "," + more : "")}}}""";
        long nowInMs = nowSecond is { } now ? Start + (long)(now * 1000) : atInMs;
        Assert.True(ReadingParser.TryParse(Encoding.UTF8.GetBytes(json), nowInMs, _reading, out Refusal? refusal), refusal?.ToString());
        return Device.Apply(_reading, Catalog, nowInMs, Configured);
    }

    public Outcome Wake(double second) => Device.Wake(Start + (long)(second * 1000));

    public string[] Drain()
    {
        Said.Clear();
        Device.Drain(this);
        Assert.False(Device.HasPending);
        return [.. Said];
    }

    public byte[] Save()
    {
        var output = new ArrayBufferWriter<byte>();
        Device.Save(output);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The snapshot as an older form had it, up to its last flag before the history; the rest of the new form begins with that.</summary>
    /// <remarks>version, type, primary, area, name (from 2), no location, six times, sequence (2), four counts, four numbers of excess (from 3).</remarks>
    public byte[] SaveHead(byte version, out byte[] rest)
    {
        byte[] now = Save();
        SnapshotReader reader = new(now);
        reader.Byte();
        Assert.Equal((1UL, Device.Type, 1UL, Device.Area), (reader.Unsigned(), reader.Text(), reader.Unsigned(), reader.Text()));
        int named = now.Length - reader.Remaining;
        Assert.Equal(("", false), (reader.Text(), reader.Flag()));
        for (int i = 0; i < 7; i++)
        {
            reader.Signed();
        }

        for (int i = 0; i < 5; i++)
        {
            reader.Unsigned();
        }

        int counted = now.Length - reader.Remaining;
        for (int i = 0; i < 3; i++)
        {
            reader.Unsigned();
        }

        reader.Signed();
        rest = now[^reader.Remaining..];
        return [version, .. now[1..named], .. now[(named + (version > 1 ? 0 : 1))..counted]];
    }

    public void SaveAndRestore()
    {
        Assert.True(Device.TryRestore(Device.Id, Save(), Catalog, out Device? restored, out string? fault), fault);
        Device = restored;
    }

    public void Registered(DeviceRegistration registration) =>
        Said.Add($"registered {registration.Type} in {registration.Area}");

    public void Moved(DeviceRegistration registration, string fromArea) => Said.Add($"moved {fromArea} to {registration.Area}");

    public void Anomaly(AnomalyEvent anomaly)
    {
        Anomalies.Add(anomaly);
        Said.Add($"{(anomaly.IsRaised ? "raised" : "cleared")} {anomaly.Kind.Word()} {anomaly.Metric}@{(anomaly.TimeInMs - Start) / 1000}".TrimEnd());
    }

    // Nine decimals: a mean of a hundred halves never lies just between two such numbers, where the order of adding would decide.
    public void Closed(in ClosedWindow window) => Said.Add(string.Create(
        CultureInfo.InvariantCulture,
        $"{window.Metric} {window.Size.Iso()}@{(window.StartInMs - Start) / 60_000} n{window.Moments.Count} m{Math.Round(window.Moments.Mean, 9) + 0.0} r{window.Revision}+{window.Added.Count}"));

    public void History(HistoryPart part, long fromInMs, ReadOnlySpan<byte> body)
    {
        Rows.Add((part, fromInMs, body.ToArray()));
        if (part == HistoryPart.Names)
        {
            Assert.True(Names.TryAdd(body));
            return;
        }

        int before = Past.Count;
        Assert.True(WindowHistory.TryRead(part, body, Names, Past));
        Assert.Equal(fromInMs, Past.Skip(before).Min(row => row.StartInMs));
        Assert.True(Past[^1].StartInMs - fromInMs < WindowHistory.LongestInMs(part));
    }

    /// <summary>What it has not yet handed out, as bytes.</summary>
    public byte[] Recent()
    {
        ArrayBufferWriter<byte> all = new();
        Device.ShowRecentHistory(new Shown(all));
        return all.WrittenSpan.ToArray();
    }

    private sealed class Shown(ArrayBufferWriter<byte> all) : IHistoryOutput
    {
        public void History(HistoryPart part, long fromInMs, ReadOnlySpan<byte> body) => all.Write(body);
    }
}
