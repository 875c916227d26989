namespace Streams.Runtime.Tests.Simulation;

/// <summary>What to break on purpose, to see that the simulation notices.</summary>
[Flags]
internal enum Sabotage
{
    None = 0,

    /// <summary>Every commit is given the epoch that is stored, so nobody is ever fenced.</summary>
    NoFence = 1,

    /// <summary>Every claim starts a new generation, so no actor knows what it has already applied.</summary>
    NoPositions = 2,

    /// <summary>Every publication gets a new number, so no repeat is recognised.</summary>
    NoMarks = 4,

    /// <summary>A jump in the offsets is taken as it is, without reading again.</summary>
    NoOffsetCheck = 8,

    /// <summary>A new owner does not publish what the earlier one left.</summary>
    NoLeftovers = 16,

    /// <summary>Chunks of a lane are published in any order.</summary>
    NoOutboxOrder = 32,

    /// <summary>The state is written without the output that belongs to it.</summary>
    NoOutbox = 64,

    /// <summary>A seek leaves the poller's held batches where they are.</summary>
    KeepHeld = 128,

    /// <summary>A seek leaves the batches that wait for the worker where they are.</summary>
    KeepWaiting = 256,

    /// <summary>A batch's offsets are counted on from its first.</summary>
    CountOffsets = 512,

    /// <summary>A shard is told at its claim that there is nothing to catch up with.</summary>
    NoCatchUp = 1024,

    /// <summary>The end of the log counts as heard of just now, although the partition is paused and nothing is heard of it.</summary>
    StaleEnds = 2048,

    /// <summary>Deadlines are not written with the actors, so that nobody finds those that are not in memory.</summary>
    NoDueIndex = 4096,

    /// <summary>Snapshots are written without the sections that changed.</summary>
    NoSections = 8192,
}
