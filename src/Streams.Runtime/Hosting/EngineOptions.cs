using Streams.Runtime.Shards;

namespace Streams.Runtime.Hosting;

/// <summary>How one node runs its shards. Immutable; change with <c>with</c>.</summary>
public sealed record EngineOptions
{
    /// <summary>Name of the installation; nodes of one cluster share it, and a store of another is refused.</summary>
    public string Cluster { get; init; } = "streams";

    /// <summary>Of <see cref="AcceptLog"/>: whichever it is.</summary>
    public const string AnyLog = "*";

    /// <summary>This node's name; unique in the cluster.</summary>
    public string Node { get; init; } = Environment.MachineName;

    /// <summary>Consumer group of what comes from outside. Default the cluster's name.</summary>
    public string? Group { get; init; }

    /// <summary>
    /// The group that shares out a kind's shards: one for each kind that the cluster's own actors write to. Kafka's assignor evens out how many partitions each
    /// member has, whatever their topics: in one group a node that joins would be given all the inboxes with little to do, and none of the readings.
    /// </summary>
    internal string GroupOf(Actors.ActorKind kind, bool isInner) => isInner ? $"{Group ?? Cluster}-{kind.Name}" : Group ?? Cluster;

    /// <summary>The program's version, for operators.</summary>
    public string Version { get; init; } = "";

    /// <summary>
    /// Incarnation of a log that is taken although the store was read from another one: reading begins at its start, and what the old one held unread is
    /// given up. <see cref="AnyLog"/> (default) takes whichever there is, as fits a log that ends with its process; null takes none but the one that was read.
    /// </summary>
    public string? AcceptLog { get; init; } = AnyLog;

    /// <summary>How often the node says that it is alive. Default 1 s; 100 ms to 1 min.</summary>
    public TimeSpan BeatEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Threads that run actors. Default one per core; 1 to 64.</summary>
    public int Workers { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 64);

    /// <summary>Threads that write to the store. 1 for SQLite, which has one writer; for PostgreSQL one per worker.</summary>
    public int CommitWriters { get; init; } = 1;

    /// <summary>Longest wait for a shard to be written and published when it is handed over. Default 15 s.</summary>
    public TimeSpan ReleaseWithin { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// Longest wait for its output to be published when a shard is handed over and all of it is written. Default 1 s: the shard stands still meanwhile, and
    /// its next owner publishes what is left before anything else, with the same ids.
    /// </summary>
    public TimeSpan PublishWithin { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Memory for actors on this node. Default 4 GB; shared evenly by its shards.</summary>
    public long MemoryInBytes { get; init; } = 4L << 30;

    public ShardOptions Shard { get; init; } = new();
}
