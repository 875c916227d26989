using Streams.Runtime;
using Streams.Runtime.Storage;

namespace Streams.Node.Api;

/// <summary>
/// What the API asks of the node it runs in; everything stored it reads from the store itself. Two implementations: the running node, and
/// a node that only looks into the store. All members may be called from any thread.
/// </summary>
public interface INodeView
{
    NodeIdentity Identity { get; }

    /// <summary>The parts this node's health is made of, such as kafka, store, shards. Quick: asked every few seconds, by anybody.</summary>
    IReadOnlyList<HealthPart> Health();

    /// <summary>The shards this node runs at the moment.</summary>
    IReadOnlyList<RunningShard> Shards();

    NodeFigures Figures();

    /// <summary>All nodes that share the store, this one among them, as last heard of.</summary>
    IReadOnlyList<NodeRow> Nodes();

    /// <summary>Gives all shards back and takes none, or ends that. Returns at once; <see cref="Nodes"/> tells how far it is.</summary>
    void Drain(bool drain);

    /// <summary>The live state of an actor as the API answers it (one JSON object), or null where this node does not run its shard or the actor is unknown.</summary>
    /// <param name="kind">Such as <c>device</c>.</param>
    Task<ReadOnlyMemory<byte>?> DescribeAsync(string kind, string key, CancellationToken stop);

    /// <summary>
    /// The closed windows an actor has not yet handed to the store's history, as the rows they are to become; of a stored copy where this node does not run its
    /// shard, and null where there is no such actor. What a live one has handed over is in the store when this returns.
    /// </summary>
    /// <param name="hereOnly">Null instead of a stored copy's.</param>
    Task<IReadOnlyList<HistoryRow>?> RecentHistoryAsync(string kind, string key, CancellationToken stop, bool hereOnly = false);

    /// <summary>Returns when the log has all of them, in order per key.</summary>
    /// <exception cref="Runtime.Log.LogFailedException">The log does not have all of them; some may have arrived. Sending again is harmless, repeats are dropped.</exception>
    Task PublishAsync(IReadOnlyList<PublishedRecord> records, CancellationToken stop);
}

/// <param name="StartedAt">When this process began to serve.</param>
public sealed record NodeIdentity(string Cluster, string Node, string Version, DateTimeOffset StartedAt);

/// <summary>One part of the node's health.</summary>
/// <param name="Fatal">The process can not go on by itself: also "live" fails, so that whoever supervises it starts it anew.</param>
/// <param name="Detail">For people: what is wrong and what happens next; empty when well.</param>
public sealed record HealthPart(string Name, bool IsWell, bool Fatal = false, string Detail = "");

/// <param name="NextOffset">Where a new owner would read on: the first offset that an unwritten actor still needs.</param>
/// <param name="Lag">Records of the inbox not yet applied; null while not known.</param>
public sealed record RunningShard(ShardId Shard, long Epoch, long NextOffset, long? Lag)
{
    /// <summary>First offset not yet applied.</summary>
    public long Position { get; init; }
}

/// <summary>Counts since the node's start, except where a name says otherwise; for who shows them. All there are: <c>GET /metrics</c>.</summary>
public sealed record NodeFigures
{
    /// <summary>Records applied by actors, per kind.</summary>
    public IReadOnlyDictionary<string, long> Applied { get; init; } = new Dictionary<string, long>();

    public long Repeats { get; init; }

    /// <summary>Refused input by reason code.</summary>
    public IReadOnlyDictionary<string, long> Refused { get; init; } = new Dictionary<string, long>();

    /// <summary>Records delivered to the log.</summary>
    public long Published { get; init; }

    public long Transactions { get; init; }

    /// <summary>Actors in memory now, per kind.</summary>
    public IReadOnlyDictionary<string, long> Actors { get; init; } = new Dictionary<string, long>();
}

/// <param name="Topic">Full name.</param>
/// <param name="Headers">In order; a name may be there once.</param>
public sealed record PublishedRecord(
    string Topic, ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> Value, IReadOnlyList<KeyValuePair<string, string>> Headers);
