using System.Collections.Immutable;
using Streams.Runtime.Log;

namespace Streams.Node.Configuration;

/// <summary>The topics of the cluster, by the last part of their name.</summary>
public sealed class TopicSettings(string prefix, ImmutableSortedDictionary<string, TopicSpec> byName)
{
    public const string Readings = "readings";
    public const string Observations = "observations";
    public const string Aggregates = "aggregates";
    public const string Anomalies = "anomalies";
    public const string Alerts = "alerts";
    public const string Incidents = "incidents";
    public const string Requests = "requests";
    public const string Commands = "commands";
    public const string CommandResults = "command-results";
    public const string DeadLetters = "dead-letters";
    public const string Audit = "audit";
    public const string Cap = "cap";

    public string Prefix { get; } = prefix;

    /// <summary>All of them, prefix included, as the log creates them.</summary>
    public IReadOnlyList<TopicSpec> All => [.. byName.Values];

    /// <summary>A topic by its name without the prefix, such as <c>readings</c>.</summary>
    public TopicSpec this[string name] => byName[name];
}

/// <summary><c>topics.yaml</c>: prefix, partition counts, retention, compaction and replication of every topic.</summary>
public static class TopicsFile
{
    /// <summary>What a topic is where the file does not say otherwise. Retention: input long enough to repair, output long enough to catch up.</summary>
    private static readonly (string Name, int Partitions, bool Compacted, int RetentionInDays)[] Defaults =
    [
        (TopicSettings.Readings, 32, false, 7),
        (TopicSettings.Observations, 16, false, 3),
        (TopicSettings.Aggregates, 16, false, 3),
        (TopicSettings.Anomalies, 8, false, 30),
        (TopicSettings.Alerts, 4, true, 30),
        (TopicSettings.Incidents, 8, false, 30),
        (TopicSettings.Requests, 8, false, 3),
        (TopicSettings.Commands, 8, false, 7),
        (TopicSettings.CommandResults, 8, false, 7),
        (TopicSettings.DeadLetters, 4, false, 30),
        (TopicSettings.Audit, 4, false, 365),
        (TopicSettings.Cap, 4, false, 30),
    ];

    public static TopicSettings Read(YamlFile file)
    {
        YamlSection root = file.Root;
        string prefix = root.Optional("prefix", Form.Text(@"^[A-Za-z0-9._-]{0,100}$", "letters, digits, ., _ and -, at most 100 characters"), "city.");
        short replication = (short)root.Optional("replicationFactor", Form.Whole(1, 15), 1);
        YamlSection topics = root.Section("topics");
        ImmutableSortedDictionary<string, TopicSpec>.Builder byName = ImmutableSortedDictionary.CreateBuilder<string, TopicSpec>(StringComparer.Ordinal);
        foreach ((string name, int partitions, bool compacted, int retentionInDays) in Defaults)
        {
            YamlSection topic = topics.Section(name);
            byName.Add(name, new TopicSpec(
                prefix + name,
                (int)topic.Optional("partitions", Form.Whole(1, 1000), partitions),
                topic.Optional("compacted", Form.Flag, compacted),
                (long)topic.Optional("retention", Form.Duration(TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650)), TimeSpan.FromDays(retentionInDays)).TotalMilliseconds,
                (short)topic.Optional("replicationFactor", Form.Whole(1, 15), replication)));
        }

        foreach (string inbox in new[] { TopicSettings.Readings, TopicSettings.Observations, TopicSettings.Incidents, TopicSettings.Requests, TopicSettings.CommandResults, TopicSettings.Cap })
        {
            if (byName[inbox].Compacted)
            {
                topics.Section(inbox).Fault("compacted", "is true, but every record of an actor's inbox counts", "false");
            }
        }

        file.Finish();
        return new TopicSettings(prefix, byName.ToImmutable());
    }
}
