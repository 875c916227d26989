namespace Streams.Runtime.Shards;

/// <summary>How a shard paces its writing and bounds its memory. Immutable; change with <c>with</c>.</summary>
public sealed record ShardOptions
{
    /// <summary>What a crash may make a new owner do again, as the time that takes. Default 1 s; 10 ms to 60 s.</summary>
    public TimeSpan ReplayWork { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>An actor with unwritten changes is written at the latest after this. Default 30 s; 100 ms to 10 min.</summary>
    public TimeSpan MaxDirtyAge { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>While the node has time to spare, an actor with something to say is written after this. Default 50 ms; 0 to 10 s.</summary>
    public TimeSpan SpeakWithin { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>
    /// An actor with this many unsaid things is written whatever the pace, so that output does not pile up in memory. Default 64:
    /// at about 100 bytes each it doubles the actor's size at most.
    /// </summary>
    public int MaxUnsaid { get; init; } = 64;

    /// <summary>Actors written in one commit. Default 256: about 1 MB, some 10 ms of a store's time, which an urgent commit may have to wait.</summary>
    public int SweepSize { get; init; } = 256;

    /// <summary>Memory for this shard's actors; beyond it those unused longest leave. Default 256 MB.</summary>
    public long MemoryInBytes { get; init; } = 256L << 20;

    /// <summary>Topic for refused records. Default <c>city.dead-letters</c>.</summary>
    public string DeadLetterTopic { get; init; } = "city.dead-letters";

    /// <summary>Share of the records from outside that a trace is begun for while traces are recorded, 0 to 1; those that come with one are traced anyhow. Default 0.</summary>
    public double TraceShare { get; init; }

    /// <summary>CloudEvents source of what the runtime itself publishes. Default <c>/streams</c>.</summary>
    public string EventSource { get; init; } = "/streams";
}
