using Streams.Runtime.Shards;

namespace Streams.Runtime.Hosting;

/// <summary>How one node runs its shards. Immutable; change with <c>with</c>.</summary>
public sealed record EngineOptions
{
    /// <summary>Name of the installation; nodes of one cluster share it, and a store of another is refused.</summary>
    public string Cluster { get; init; } = "streams";

    /// <summary>This node's name; unique in the cluster.</summary>
    public string Node { get; init; } = Environment.MachineName;

    /// <summary>Consumer group. Default the cluster's name.</summary>
    public string? Group { get; init; }

    /// <summary>Threads that run actors. Default one per core; 1 to 64.</summary>
    public int Workers { get; init; } = Math.Clamp(Environment.ProcessorCount, 1, 64);

    /// <summary>Threads that write to the store. 1 for SQLite, which has one writer; for PostgreSQL one per worker.</summary>
    public int CommitWriters { get; init; } = 1;

    /// <summary>Longest wait for a shard to be written and published when it is handed over. Default 15 s.</summary>
    public TimeSpan ReleaseWithin { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Memory for actors on this node. Default 4 GB; shared evenly by its shards.</summary>
    public long MemoryInBytes { get; init; } = 4L << 30;

    public ShardOptions Shard { get; init; } = new();
}
