using System.Text;

namespace Streams.Runtime.Actors;

/// <summary>
/// What the runtime keeps for an actor in memory; an actor kind derives from it and adds the state. An actor is a plain object in
/// its shard's loop: one thread at a time, no locks, no clock.
/// </summary>
public abstract class Actor
{
    /// <summary>The id as bytes; records are matched to actors by it.</summary>
    internal readonly byte[] KeyUtf8;

    /// <summary>Murmur2 of the key: decides the partition, and finds the actor in its shard's table.</summary>
    internal readonly uint Hash;

    /// <summary>Number within the shard, -1 until first written.</summary>
    internal int Index = -1;

    /// <summary>Offset of the last record applied; -1 for none in this life of the log.</summary>
    internal long Position = -1;

    /// <summary>First offset applied but not yet written, while in the dirty list.</summary>
    internal long DirtyOffset;

    internal long DirtySinceInMs;
    internal Actor? PreviousDirty;
    internal Actor? NextDirty;
    internal bool IsDirty;

    /// <summary>Has output to be published that may wait for a sweep.</summary>
    internal int Unsaid;

    /// <summary>Stands in its shard's queue of those with something to say.</summary>
    internal bool IsWaitingToSpeak;

    internal bool IsUrgent;

    /// <summary>When its entry in the timer queue is due; <see cref="long.MaxValue"/> without one.</summary>
    internal long QueuedDueInMs = long.MaxValue;

    /// <summary>Shard tick at which it was last used; for passivation.</summary>
    internal int LastUsedTick;

    internal int SizeInBytes;

    /// <summary>Number of the shard's commit that last wrote it: until that one is in the store, the actor may not leave memory.</summary>
    internal long WrittenIn;

    internal SourceMarks? Marks;

    /// <summary>Sections of its snapshot as they were last written; null for kinds that have none.</summary>
    internal Dictionary<long, byte[]>? Sections;

    /// <summary>What it is about to say goes back to this record, until it is written; null for most.</summary>
    internal Telemetry.Origin? Origin;

    protected Actor(string key)
    {
        KeyUtf8 = Encoding.UTF8.GetBytes(key);
        Hash = Log.Partitioner.Murmur2(KeyUtf8);
    }

    /// <summary>The actor's id. Makes a string; not for the hot path.</summary>
    public string Key => Encoding.UTF8.GetString(KeyUtf8);

    /// <summary>The actor's id as UTF-8.</summary>
    public ReadOnlySpan<byte> KeySpan => KeyUtf8;
}
