using System.Collections.Immutable;
using Streams.Domain.Alerts;
using Streams.Domain.Devices;
using Streams.Domain.Dispatch;
using Streams.Domain.Incidents;
using Streams.Node.Configuration;
using Streams.Runtime.Log;

namespace Streams.Benchmarks;

/// <summary>
/// The configuration of what is measured: one type with one metric, every detector on, all four windows; one rule that alerts when a device of
/// an area is beyond its range.
/// </summary>
internal static class BenchCity
{
    /// <summary>Topics but the readings, with a prefix of their own, so that no run reads what another wrote.</summary>
    private static readonly (string Name, int Partitions)[] Others =
    [
        (TopicSettings.Observations, 8),
        (TopicSettings.Aggregates, 8),
        (TopicSettings.Anomalies, 4),
        (TopicSettings.Alerts, 4),
        (TopicSettings.Incidents, 8),
        (TopicSettings.Requests, 8),
        (TopicSettings.Commands, 8),
        (TopicSettings.CommandResults, 8),
        (TopicSettings.DeadLetters, 4),
        (TopicSettings.Audit, 4),
        (TopicSettings.Cap, 4),
    ];

    public static TopicSettings Topics(string prefix, string readings, int partitions)
    {
        ImmutableSortedDictionary<string, TopicSpec>.Builder topics = ImmutableSortedDictionary.CreateBuilder<string, TopicSpec>(StringComparer.Ordinal);
        topics.Add(TopicSettings.Readings, new TopicSpec(readings, partitions));
        foreach ((string name, int count) in Others)
        {
            topics.Add(name, new TopicSpec(prefix + name, count));
        }

        return new TopicSettings(prefix, topics.ToImmutable());
    }

    /// <param name="store">Null for SQLite in the node's data folder, else PostgreSQL's connection string.</param>
    public static ClusterConfiguration Configuration(string bootstrapServers, TopicSettings topics, int intervalInMs, string? store, int workers = 0, SigningSettings? signing = null) => new()
    {
        Node = new NodeSettings
        {
            Cluster = topics.Prefix.TrimEnd('.'),
            Name = "bench",
            Kafka = new KafkaSettings { BootstrapServers = bootstrapServers, Group = topics.Prefix.TrimEnd('.'), SessionTimeout = TimeSpan.FromSeconds(4) },
            Store = store is null ? new StoreSettings() : new StoreSettings { Kind = StoreKind.Postgres, ConnectionString = store },
            Http = new HttpSettings { Port = 0 },
            Feeds = new FeedSettings { Public = true, Signing = signing ?? new SigningSettings() },
            Limits = new LimitSettings { ActorMemoryInBytes = 4L << 30, Workers = workers },
        },
        Topics = topics,
        DeviceTypes = [Sensor(intervalInMs, secondMetric: false)],
        AlertRules = new AlertRules([Rule()]),
        Roles = [],
        Systems = [Works()],
        CitySystems = new CitySystems([Works()], []),
        Playbooks = [Response()],
        Areas = [],
        Cities = [],
    };

    /// <param name="secondMetric">A second metric, <c>no2</c>, watched as the first.</param>
    public static DeviceType Sensor(int intervalInMs, bool secondMetric)
    {
        MetricDefinition metric = new()
        {
            Name = Workload.Metric,
            Unit = "ug/m3",
            Min = 0,
            Max = 1000,
            Detectors = new DetectorSettings
            {
                StuckAfter = TimeSpan.FromHours(6),
                RatePerMinute = 100_000,
                Spike = 12,
                Unusual = 0.5,
                Level = new LevelLimits(Workload.Level, Workload.Level - 50, null, null, TimeSpan.Zero),
            },
        };
        return new DeviceType
        {
            Name = Workload.DeviceType,
            Title = "Air quality sensor",
            Domain = "air",
            Interval = TimeSpan.FromMilliseconds(intervalInMs),
            Metrics = secondMetric ? [metric, metric with { Name = "no2" }] : [metric],
        };
    }

    /// <summary>One system that acts on an area, and one step: what is measured is the way to it.</summary>
    private static SystemKind Works() => new()
    {
        Name = "works",
        Title = "Works",
        Actions = ImmutableDictionary<string, SystemAction>.Empty
            .Add("seal", new SystemAction { Name = "seal", Title = "Sealed", Target = ActionTarget.Area, Undo = "unseal" })
            .Add("unseal", new SystemAction { Name = "unseal", Title = "Open again", Target = ActionTarget.Area }),
    };

    private static Playbook Response() => new()
    {
        Name = "pollution",
        Title = "Pollution",
        Rules = ["beyond-range"],
        Steps = [new PlaybookStep { Id = "seal", System = "works", Action = "seal", Undo = "unseal", Within = TimeSpan.FromMinutes(15) }],
    };

    private static AlertRule Rule() => new()
    {
        Id = "beyond-range",
        Condition = new AlertCondition.Devices { Kinds = ["range"], Metrics = MetricSelection.Of(Workload.Metric) },
        // Each area speaks for itself: the time of one alert is measured, not that of many made one.
        MinChildren = 0,
        Steps = [new SeverityStep(AlertSeverity.Severe, 1, 0)],
        Texts = [new AlertText("en", "Air pollution", "Air pollution in {area}", "A sensor is beyond its range.", "Stay indoors.")],
    };
}
