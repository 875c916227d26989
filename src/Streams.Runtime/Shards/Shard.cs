using Streams.Runtime.Actors;
using Streams.Runtime.Log;

namespace Streams.Runtime.Shards;

/// <summary>
/// One shard at work: records in, commits out. Synchronous and single-threaded, with no clock and no I/O but loading actors, so
/// that the same code runs under the threads of a node and under a seeded simulation.
/// </summary>
public abstract class Shard
{
    internal ShardId Id { get; init; }

    internal InboxPartition Partition { get; init; }

    /// <summary>Of its actors; serves no shard itself.</summary>
    internal abstract ActorKind Kind { get; }

    internal long Epoch { get; init; }

    /// <summary>Of the store that its outbox numbers are given out by.</summary>
    internal long Lineage { get; init; }

    public ShardCounts Counts { get; } = new();

    /// <summary>First offset not yet read.</summary>
    public abstract long NextToRead { get; }

    /// <summary>Records of the inbox not yet applied, as the poller last saw it; null before it knows.</summary>
    public long? Lag => Volatile.Read(ref _logEnd) is var end && end < 0 ? null : Math.Max(0, end - NextToRead);

    private long _logEnd = -1;
    private long _endToReach;
    private long _endNotedAtInMs;
    private long _seenThroughInMs = long.MinValue;

    /// <param name="end">Of the log, as seen at the claim.</param>
    private protected Shard(long end, long seenAtInMs)
    {
        _endToReach = end;
        _endNotedAtInMs = seenAtInMs;
    }

    /// <summary>
    /// Processing time through which everything that was in the log by then has been applied. Timers fire by it, not by the clock: after an
    /// outage a device whose readings still wait in the log is not silent.
    /// </summary>
    internal long SeenThroughInMs => Volatile.Read(ref _seenThroughInMs);

    /// <summary>How long the oldest record that is not yet applied has been in the log, at most and to a quarter of a second; null before that is known.</summary>
    internal TimeSpan? LagAt(long nowInMs) => Lag switch
    {
        null => null,
        0 => TimeSpan.Zero,
        _ => SeenThroughInMs == long.MinValue ? null : TimeSpan.FromMilliseconds(Math.Max(0, nowInMs - SeenThroughInMs)),
    };

    /// <summary>The log went this far at this time, or later. One thread at a time.</summary>
    internal void NoteLogEnd(long end, long nowInMs)
    {
        Volatile.Write(ref _logEnd, end);
        if (NextToRead >= _endToReach)
        {
            Volatile.Write(ref _seenThroughInMs, _endNotedAtInMs);
            _endToReach = end;
            _endNotedAtInMs = nowInMs;
        }
    }

    /// <summary>It has taken records, or has none to take: whoever waited for it since its last owner stopped waits no more. Called by its worker, often.</summary>
    internal void NoteAtWork(long timestamp)
    {
        if (_atWorkSince == 0)
        {
            Volatile.Write(ref _atWorkSince, timestamp);
        }
    }

    /// <summary>The timestamp since which it is at work; 0 before.</summary>
    internal long AtWorkSince => Volatile.Read(ref _atWorkSince);

    private long _atWorkSince;

    /// <summary>Next offset of the newest posted commit.</summary>
    internal abstract long NextPosted { get; }

    public abstract int ActorsInMemory { get; }

    public abstract long MemoryInBytes { get; }

    /// <summary>Whether the end of the log as seen at the assignment has been reached; timers fire only then.</summary>
    public abstract bool IsCaughtUp { get; }

    /// <summary>Commits posted and not yet written.</summary>
    internal abstract int CommitsInFlight { get; }

    internal abstract bool HasUnwritten { get; }

    /// <summary>Fenced, lost or released: takes nothing more and writes nothing more.</summary>
    internal bool IsDropped => _isDropped;

    private volatile bool _isDropped;

    /// <summary>From any thread: nothing more is taken or written. <see cref="Drop"/> follows on the shard's own thread.</summary>
    internal void MarkDropped()
    {
        _isDropped = true;
        Counts.End();
    }

    /// <summary>Committed output is still on its way to the log.</summary>
    internal abstract bool HasUnpublished { get; }

    /// <summary>Grows with every commit that is written and every chunk that is delivered.</summary>
    internal abstract long Progress { get; }

    /// <summary>Posts a commit that deletes delivered outbox rows, if there are any.</summary>
    internal abstract void ForgetPublished();

    /// <summary>Applies a batch and posts urgent commits. Does not dispose of the batch.</summary>
    internal abstract void Process(RecordBatch batch, long nowInMs);

    /// <summary>A requested seek was made: the records from now on are those read after it. To be told once for each, in their order.</summary>
    internal abstract void Sought();

    /// <summary>Wakes actors whose time has come and writes what is due for writing.</summary>
    /// <param name="hasTimeToSpare">The node is not busy: write soon what actors have to say.</param>
    /// <param name="applyingShare">Share of a core that the shard's thread spends on applying records at present, 0 to 1: what would have to be done again.</param>
    internal abstract void Tick(long nowInMs, bool hasTimeToSpare, double applyingShare);

    /// <summary>Posts everything unwritten, for a graceful release.</summary>
    internal abstract void WriteAll(long nowInMs);

    /// <summary>A posted commit is in the store. May be called on another thread.</summary>
    internal abstract void Committed();

    /// <summary>Outbox records of the lane up to this number were delivered. May be called on another thread.</summary>
    internal abstract void Published(Storage.Lane lane, long throughNumber);

    /// <summary>Restores the shard from its last commit; only when no commit is in flight.</summary>
    internal abstract void Restart();

    internal abstract bool NeedsRestart { get; }

    /// <summary>Forgets everything in memory.</summary>
    internal abstract void Drop();

    /// <summary>Everything an actor put into a commit is in the store.</summary>
    internal abstract bool IsWritten(string key);

    /// <summary>Looks at an actor, loading it if need be; null if there is none.</summary>
    internal abstract T? Ask<T>(string key, Func<Actor, T> question)
        where T : class;
}
