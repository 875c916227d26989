using Microsoft.Extensions.Logging;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Shards;

/// <summary>What a shard is made from when its partition is assigned.</summary>
/// <param name="Partitions">Partitions of the inbox: decides which keys belong here.</param>
/// <param name="IsInner">
/// The inbox is written to by this cluster's actors. Others write to an outer one: there only what this store's shards forwarded is known by its source,
/// and a source that someone else names is not believed.
/// </param>
/// <param name="Unpublished">What an earlier owner committed and this one publishes first.</param>
/// <param name="CatchUpTo">End of the partition as seen at the assignment; timers wait until the shard has read that far.</param>
/// <param name="SeenAtInMs">When that was seen, or earlier: what came later is not known to have come before a deadline that lies later.</param>
/// <param name="Post">Takes what is to be written. Posted commits are written in order; the answer comes by <see cref="Shard.Committed"/>.</param>
/// <param name="RequestSeek">Asks the polling side to read again from this offset and to call <see cref="Shard.Sought"/> before the first record that comes of it.</param>
internal sealed record ShardSeed(
    ShardId Id,
    InboxPartition Partition,
    int Partitions,
    bool IsInner,
    ShardClaim Claim,
    IReadOnlyList<OutboxChunk> Unpublished,
    long CatchUpTo,
    long SeenAtInMs,
    IStore Store,
    ShardOptions Options,
    Action<PostedCommit> Post,
    Action<Shard, long> RequestSeek,
    ILogger Logger)
{
    /// <summary>
    /// The last numbers that the store's shards had given out when the end of the log had been seen: what lies before that end has no greater one, or the store
    /// is older than the log. Null where it is not to be checked.
    /// </summary>
    public IReadOnlyDictionary<int, long>? Numbers { get; init; }
}

/// <summary>A commit on its way to the store, with the draft whose memory its rows lie in.</summary>
internal sealed record PostedCommit(Shard Owner, ShardCommit Commit, CommitDraft Draft)
{
    /// <summary>When the writer got it (<see cref="TimeProvider.GetTimestamp"/>), for figures.</summary>
    public long PostedAt { get; set; }
}
