using System.Text;
using Streams.Runtime.Audit;

namespace Streams.Runtime.Storage;

/// <summary>An outgoing record travels in one of two lanes, each numbered and published in order for itself, so that a decision never waits behind bulk.</summary>
public enum Lane : byte
{
    /// <summary>Decisions that others wait for.</summary>
    Urgent = 0,

    /// <summary>Closed windows and everything else that may take seconds.</summary>
    Bulk = 1,
}

/// <summary>
/// What one shard writes in one step. The store writes all of it in one transaction or nothing, and several shards' commits
/// may share a transaction. Commits of one shard are written in the order they were posted.
/// </summary>
/// <remarks>Keys, ids and every other text must not hold the character U+0000: PostgreSQL can't store it, and the commit fails for good.</remarks>
public sealed class ShardCommit
{
    public required ShardId Shard { get; init; }

    /// <summary>The epoch this owner claimed. Another epoch in the store means: fenced, nothing of this commit is written.</summary>
    public required long Epoch { get; init; }

    /// <summary>
    /// Counts this owner's commits of this shard, ascending from 1 after each claim. A number not above the one stored at this epoch was
    /// written before, so giving a commit again after an unknown outcome writes nothing twice and brings nothing back.
    /// </summary>
    public required long Number { get; init; }

    /// <summary>The first offset that some actor may still need after a crash. Never less than the one stored.</summary>
    public required long NextOffset { get; init; }

    /// <summary>Last outbox number given out, per lane (index by <see cref="Lane"/>); numbers never repeat and never go back.</summary>
    public required long[] LastNumbers { get; init; }

    /// <summary>Outbox chunks whose last number is at most this were delivered and can be deleted, per lane.</summary>
    public required long[] PublishedThrough { get; init; }

    /// <summary>Processing time, Unix milliseconds: when it was posted. What it writes is kept for so and so long from then on.</summary>
    public long AtInMs { get; init; }

    /// <summary>At most one row per actor.</summary>
    public List<ActorRow> Actors { get; } = [];

    /// <summary>Actors that are no more, by their indexes: deleted with their sections, timers and history, before anything of this commit is written.</summary>
    public List<int> Left { get; } = [];

    /// <summary>Of the actors in <see cref="Actors"/>: sections that are new or changed, and those that are no more. A later row of the same section wins.</summary>
    public List<SectionRow> Sections { get; } = [];

    public List<OutboxChunk> Outbox { get; } = [];

    public List<JournalRow> Journal { get; } = [];

    /// <summary>Read models: what the API lists and filters. Written in order; a later row of the same id wins.</summary>
    public List<Document> Documents { get; } = [];

    public List<HistoryRow> History { get; } = [];

    /// <summary>
    /// What actors did on somebody's behalf, in order; the store gives each its place in the chain. Ids are made of shard, lane and outbox number, so that what is decided again after a
    /// restore is the same entry: one that is there already is not written again.
    /// </summary>
    public List<AuditDraft> Audit { get; } = [];
}

/// <summary>An actor's snapshot.</summary>
/// <param name="Index">The actor's number within its shard, given at its creation; another's only after all that was its own is deleted.</param>
/// <param name="KeyUtf8">The actor's id; made a string only where the row is new or the store wants one.</param>
/// <param name="IsNew">True the first time the actor is written.</param>
/// <param name="DueInMs">When the actor wants to be woken (processing time, Unix milliseconds); null for never.</param>
/// <param name="Snapshot">Opaque to the store.</param>
public readonly record struct ActorRow(int Index, ReadOnlyMemory<byte> KeyUtf8, bool IsNew, long? DueInMs, ReadOnlyMemory<byte> Snapshot)
{
    public ActorRow(int index, string key, bool isNew, long? dueInMs, ReadOnlyMemory<byte> snapshot)
        : this(index, Encoding.UTF8.GetBytes(key), isNew, dueInMs, snapshot)
    {
    }

    public string Key => Encoding.UTF8.GetString(KeyUtf8.Span);
}

/// <summary>A part of an actor's snapshot that is written by itself, when it has changed.</summary>
/// <param name="ActorIndex">See <see cref="ActorRow.Index"/>.</param>
/// <param name="Number">Unique within the actor; a snapshot's sections are read in this order.</param>
/// <param name="Body">Opaque to the store; empty deletes the row.</param>
public readonly record struct SectionRow(int ActorIndex, long Number, ReadOnlyMemory<byte> Body);

/// <summary>Outgoing records packed together, published in number order and then deleted.</summary>
/// <param name="FirstNumber">Number of the first record; the others follow without gaps.</param>
public readonly record struct OutboxChunk(Lane Lane, long FirstNumber, int Count, ReadOnlyMemory<byte> Records)
{
    public long LastNumber => FirstNumber + Count - 1;
}

/// <summary>One decision, appended for good (until retention): who, when, what.</summary>
/// <param name="Key">The deciding actor's id.</param>
/// <param name="Type">The decision's name, snake_case.</param>
/// <param name="Body">UTF-8 JSON.</param>
public readonly record struct JournalRow(string Key, long AtInMs, string Type, ReadOnlyMemory<byte> Body);

/// <summary>One row of a read model.</summary>
/// <param name="Collection">Such as <c>devices</c>, <c>alerts</c>; a fixed, small set of names.</param>
/// <param name="Id">Unique within the collection.</param>
/// <param name="Scope">A path such as <c>dijon/toison-dor</c>; queries ask for a path and all below it. Empty for none.</param>
/// <param name="Category">A second thing to filter by (a device's type, an anomaly's device). Empty for none.</param>
/// <param name="State">A third one. Empty for none.</param>
/// <param name="AtInMs">What the collection is ordered by, newest first; Unix milliseconds.</param>
/// <param name="Body">UTF-8 JSON as the API answers it, or other bytes that are answered as they are (CAP's XML); empty deletes the row.</param>
/// <param name="IsDone">Nothing more is to come of it (an alert that was cleared): from this commit on its retention runs. False keeps it for good.</param>
public readonly record struct Document(
    string Collection, string Id, string Scope, string Category, string State, long AtInMs, ReadOnlyMemory<byte> Body, bool IsDone = false);

/// <summary>A packed run of an actor's past (closed windows), appended until its retention is over.</summary>
/// <param name="ActorIndex">See <see cref="ActorRow.Index"/>.</param>
/// <param name="Part">What kind of past, 0 to 127; read and deleted by it. Rows of one part lie together, in the order they were written.</param>
/// <param name="FromInMs">Event time of the earliest entry.</param>
/// <param name="Body">Opaque to the store.</param>
public readonly record struct HistoryRow(int ActorIndex, byte Part, long FromInMs, ReadOnlyMemory<byte> Body);
