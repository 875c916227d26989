using System.Buffers;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Windows;

namespace Streams.Domain.Tests.Areas;

/// <summary>An area tree on one thread: observations travel encoded, as they do over Kafka, until nobody has anything left to say.</summary>
internal sealed class AreaStory(AlertRules? rules = null)
{
    public static readonly long Start = DateTimeOffset.Parse("2026-03-02T00:00:00Z", System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds();

    private readonly Queue<(string Area, byte[] Bytes)> _mail = [];

    public AlertRules Rules { get; set; } = rules ?? AlertRules.None;

    public Dictionary<string, Area> Areas { get; } = new(StringComparer.Ordinal);

    public List<(string Area, Snapshot Window)> Aggregates { get; } = [];

    public List<Alert> Alerts { get; } = [];

    public List<OrderAnswer> Answers { get; } = [];

    /// <summary>Processing time.</summary>
    public long Now { get; set; } = Start;

    public static long Minutes(double minutes) => Start + (long)(minutes * 60_000);

    public void Tell(Action<ObservationBuilder> fill)
    {
        var builder = new ObservationBuilder();
        fill(builder);
        foreach ((string to, Observation observation) in builder.Observations)
        {
            Post(to, observation);
        }

        Deliver();
    }

    /// <summary>A device has closed one window of these values, and everything before its end.</summary>
    public void Window(string area, string device, WindowSize size, long start, string metric = "pm2_5", string type = "air", params double[] values)
    {
        Tell(builder =>
        {
            AddWindow(builder, area, size, start, values, false, metric, type);
            builder.AddMember(area, Member(device, start + size.LengthInMs(), type));
        });
    }

    public static void AddWindow(
        ObservationBuilder builder, string area, WindowSize size, long start, double[] values, bool isRevision,
        string metric = "pm2_5", string type = "air")
    {
        Moments moments = default;
        QuantileSketch sketch = default;
        for (int i = 0; i < values.Length; i++)
        {
            moments.Add(values[i], start + (i * 1000));
            sketch.Add(values[i]);
        }

        builder.AddWindow(area, type, metric, "ug/m3", size, start, in moments, in sketch, isRevision);
    }

    public static MemberUpdate Member(string device, long watermark, string type = "air", long interval = 60_000, int devices = 1) => new()
    {
        Id = device, Type = type, WatermarkInMs = watermark, LastEventInMs = watermark, IntervalInMs = interval, Devices = devices,
    };

    public void Anomaly(string area, string device, string kind, bool raised, long since, long time, string metric = "pm2_5", string type = "air", double score = 0.9) =>
        Tell(builder => builder.AddAnomaly(area, new AnomalyNotice
        {
            Id = $"{device}-{kind}-{since}", DeviceId = device, Type = type, Metric = metric, Kind = kind, IsRaised = raised,
            TimeInMs = time, SinceInMs = since, Value = 1, Expected = 2, Score = score, Explanation = $"{device} is {kind}",
        }));

    /// <summary>Gives an area an order, as bytes, and lets it say what it has to say.</summary>
    public AreaOutcome Obey(string id, AreaOrder order)
    {
        var bytes = new ArrayBufferWriter<byte>();
        order.Write(bytes);
        var attributes = default(Streams.Domain.Readings.CloudEventAttributes);
        attributes.Take("specversion"u8, "1.0"u8);
        attributes.Take("id"u8, System.Text.Encoding.UTF8.GetBytes(order.Id));
        attributes.Take("source"u8, "/test"u8);
        attributes.Take("type"u8, System.Text.Encoding.UTF8.GetBytes(order.Type));
        Assert.True(AreaOrder.TryRead(bytes.WrittenSpan, attributes, out AreaOrder? read, out Streams.Domain.Readings.Refusal? wrong), wrong?.Message);
        if (!Areas.TryGetValue(id, out Area? area))
        {
            area = new Area(id);
            Areas.Add(id, area);
        }

        AreaOutcome outcome = area.Obey(read, Rules, Now, out _);
        area.Drain(new Output(this, id));
        Deliver();
        return outcome;
    }

    /// <summary>Lets processing time pass, waking every area when it asks to be.</summary>
    public void Advance(TimeSpan by)
    {
        long until = Now + (long)by.TotalMilliseconds;
        while (Areas.Values.Where(area => area.DueInMs <= until).MinBy(area => area.DueInMs) is { } next)
        {
            Now = Math.Max(Now, next.DueInMs!.Value);
            next.Wake(Rules, Now);
            next.Drain(new Output(this, next.Id));
            Deliver();
        }

        Now = until;
    }

    public void SaveAndRestoreAll()
    {
        foreach (string id in Areas.Keys.ToList())
        {
            var bytes = new ArrayBufferWriter<byte>();
            Areas[id].Save(bytes);
            Areas[id] = Area.Restore(bytes.WrittenSpan, out string? fault) ?? throw new InvalidOperationException(fault);
            var again = new ArrayBufferWriter<byte>();
            Areas[id].Save(again);
            Assert.True(bytes.WrittenSpan.SequenceEqual(again.WrittenSpan));
        }
    }

    /// <summary>Alerts in words: revision, type, state, severity, area.</summary>
    public string Said() => string.Join("; ", Alerts.Select(alert =>
        $"{alert.Area} {alert.Rule} {alert.MessageType} {alert.State} {alert.Severity}{(alert.SupersededBy is null ? "" : " superseded")}"));

    private void Post(string to, Observation observation)
    {
        var bytes = new ArrayBufferWriter<byte>();
        ObservationCodec.Write(observation, bytes);
        _mail.Enqueue((to, bytes.WrittenSpan.ToArray()));
    }

    private void Deliver()
    {
        while (_mail.TryDequeue(out (string Area, byte[] Bytes) mail))
        {
            var observation = new Observation();
            Assert.True(ObservationCodec.TryRead(mail.Bytes, observation, out string? fault), fault);
            if (!Areas.TryGetValue(mail.Area, out Area? area))
            {
                area = new Area(mail.Area);
                Areas.Add(mail.Area, area);
            }

            area.Apply(observation, Rules, Now);
            area.Drain(new Output(this, area.Id));
        }
    }

    private sealed class Output(AreaStory story, string area) : IAreaOutput
    {
        public void Aggregate(AreaAggregate aggregate) => story.Aggregates.Add((area, Snapshot.Of(aggregate)));

        public void ToArea(string to, Observation observation) => story.Post(to, observation);

        public void Alert(Alert alert) => story.Alerts.Add(alert);

        public void Answer(OrderAnswer answer) => story.Answers.Add(answer);
    }
}

/// <summary>An aggregate as it was when the area said it.</summary>
internal sealed record Snapshot(string Metric, WindowSize Size, long Start, int Revision, int Members, Moments Moments, double P50)
{
    public static Snapshot Of(AreaAggregate window) =>
        new(window.Metric, window.Size, window.StartInMs, window.Revision, window.Members, window.Moments, window.Sketch.Quantile(0.5));
}
