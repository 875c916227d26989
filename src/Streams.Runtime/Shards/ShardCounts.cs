using System.Collections.Immutable;

namespace Streams.Runtime.Shards;

/// <summary>What became of a shard's records since it was claimed; for operators. The shard's thread counts, any thread may look.</summary>
public sealed class ShardCounts
{
    private ImmutableDictionary<string, long> _refusedByReason = ImmutableDictionary<string, long>.Empty;
    private volatile bool _areFinal;

    /// <summary>Records applied to an actor.</summary>
    public long Applied { get; internal set; }

    /// <summary>Records read again after a crash or restart and skipped, because their actor had them already.</summary>
    public long Replayed { get; internal set; }

    /// <summary>Repeats dropped: of messages between actors, and of readings.</summary>
    public long Repeats { get; internal set; }

    public long Refused { get; internal set; }

    /// <summary>Refused records by reason code, counted when their dead letters are handed over to be written: once each, also where a restart has a record read again.</summary>
    public IReadOnlyDictionary<string, long> RefusedByReason => Volatile.Read(ref _refusedByReason);

    /// <summary>Records that came to the wrong partition and were forwarded.</summary>
    public long Misrouted { get; internal set; }

    /// <summary>Times the shard was restored from its last commit because an actor threw.</summary>
    public long Restarts { get; internal set; }

    /// <summary>Records that the log no longer had when they were to be read.</summary>
    public long Missing { get; internal set; }

    public long Woken { get; internal set; }

    public long Passivated { get; internal set; }

    public long Decisions { get; internal set; }

    /// <summary>Actors that came into memory from the store.</summary>
    public long Loaded { get; internal set; }

    /// <summary>Time spent waiting for them.</summary>
    public TimeSpan Loading { get; internal set; }

    /// <summary>The shard has left this node: at most what it is in the middle of is still counted.</summary>
    internal bool AreFinal => _areFinal;

    internal void End() => _areFinal = true;

    internal void Refuse(string reason, long count = 1) =>
        Volatile.Write(ref _refusedByReason, _refusedByReason.SetItem(reason, _refusedByReason.GetValueOrDefault(reason) + count));

    internal void Add(ShardCounts other)
    {
        Applied += other.Applied;
        Replayed += other.Replayed;
        Repeats += other.Repeats;
        Refused += other.Refused;
        Misrouted += other.Misrouted;
        Restarts += other.Restarts;
        Missing += other.Missing;
        Woken += other.Woken;
        Passivated += other.Passivated;
        Decisions += other.Decisions;
        Loaded += other.Loaded;
        Loading += other.Loading;
        foreach ((string reason, long count) in other.RefusedByReason)
        {
            Refuse(reason, count);
        }
    }
}
