using Streams.Runtime.Audit;
using Streams.Runtime.Shards;

namespace Streams.Runtime.Storage;

/// <summary>
/// Where state lives: SQLite for one node, PostgreSQL for a cluster. Synchronous: it is called from threads that do nothing else,
/// or from the thread pool for reads. Thread-safe; commits and claims may come from several threads (SQLite lines them up).
/// Every implementation passes the inherited store spec in the tests.
/// </summary>
public interface IStore : IPeopleStore, IDisposable
{
    /// <summary>Creates or migrates the schema and checks that this store belongs to this layout.</summary>
    /// <exception cref="StoreMismatchException">
    /// Another partition count, a newer schema, nodes still running that could not go on with the migrated one, or (SQLite) another node has it open. The message says what to do.
    /// </exception>
    void Open(StoreLayout layout);

    /// <summary>
    /// Names this store's life, from its first opening on: outbox numbers mean something in one lineage only. A store that is set up anew
    /// beside old topics has another. Known once it is open.
    /// </summary>
    long Lineage { get; }

    /// <summary>The lineages before this one, where the store was restored from backups. Known once it is open.</summary>
    EndedLineages Ended { get; }

    /// <summary>
    /// To be called once after the store was restored from a backup, or lost its newest commits otherwise, before any node runs on it: the lineage ends where the
    /// store does, and another begins. Without it, what was published after the backup would be taken for what is decided anew.
    /// </summary>
    /// <param name="entry">Notes it in the audit chain, in the same transaction; null for a test's store.</param>
    /// <returns>How many shards' numbers were noted.</returns>
    /// <exception cref="StoreMismatchException">A node is running.</exception>
    int BeginLineage(AuditDraft? entry = null);

    /// <summary>Last outbox numbers of every source, as stored: nothing that was published has a greater one, unless the store lost commits.</summary>
    IReadOnlyDictionary<int, long> ReadNumbers();

    /// <summary>The version of the schema that this program makes and needs.</summary>
    int SchemaVersion { get; }

    /// <summary>
    /// Makes <paramref name="owner"/> the shard's owner: the epoch goes up by one, so every earlier owner is fenced. When the log's
    /// incarnation is another than the one stored, the generation goes up by one and <c>NextOffset</c> is 0.
    /// </summary>
    ShardClaim Claim(ShardId shard, string owner, string incarnation, DateTimeOffset now);

    /// <summary>
    /// Notes, before they are read by an owner that fears for its life, which records it takes next: should the process die of one, the next owner
    /// knows where to look. Without effect under another epoch.
    /// </summary>
    void Try(ShardId shard, long epoch, Attempted records);

    /// <summary>Marks the shard as owned by nobody and in good order, if still at this epoch. Fencing does not rest on it.</summary>
    /// <param name="stoppedAgo">Since when its owner takes no more records: the hand-over begins there.</param>
    void Release(ShardId shard, long epoch, TimeSpan stoppedAgo);

    /// <summary>Notes when a shard's new owner was at work, which ends the hand-over; without effect under another epoch.</summary>
    /// <returns>The hand-over, measured by the database's clock; null where there was none (a first claim) or the epoch is another.</returns>
    ShardHandover? Resumed(ShardId shard, long epoch, TimeSpan resumedAgo);

    /// <summary>Says that this node is alive, and answers with all nodes that were seen within a day, this one among them, by name.</summary>
    IReadOnlyList<NodeRow> Beat(NodeRow self);

    /// <summary>Nodes that were seen within a day, by name.</summary>
    IReadOnlyList<NodeRow> ReadNodes();

    /// <summary>Loads those actors that exist, in no particular order.</summary>
    IReadOnlyList<StoredActor> Load(ShardId shard, IReadOnlyCollection<string> keys);

    /// <summary>Sections of one actor's snapshot, by number.</summary>
    IReadOnlyList<SectionRow> LoadSections(ShardId shard, int actorIndex);

    /// <summary>Actors that want to be woken before <paramref name="beforeInMs"/>, earliest first.</summary>
    IReadOnlyList<DueActor> LoadDue(ShardId shard, long beforeInMs, int limit);

    /// <summary>Outbox chunks not yet deleted, by lane and then number.</summary>
    IReadOnlyList<OutboxChunk> LoadOutbox(ShardId shard);

    /// <summary>
    /// Writes the commits in one transaction. The fence is the first statement for each shard: where the epoch does not match,
    /// that commit is <see cref="CommitResult.Fenced"/> and writes nothing while the others go on.
    /// </summary>
    /// <returns>One result per commit, in order.</returns>
    /// <exception cref="InvalidOperationException">
    /// A broken invariant: a position goes back, an outbox number comes twice, two actors have one key. Nothing of any commit was written.
    /// </exception>
    /// <exception cref="StoreUnavailableException">Nothing was written, or the outcome could not be found out; the same commits may be given again (writing them twice is harmless).</exception>
    IReadOnlyList<CommitResult> Commit(IReadOnlyList<ShardCommit> commits);

    IReadOnlyList<ShardRow> ReadShards();

    /// <summary>Documents of one collection that fit the query, newest first (then by id), at most <c>Limit</c>.</summary>
    IReadOnlyList<Document> Query(DocumentQuery query);

    Document? Get(string collection, string id);

    long Count(string collection);

    /// <summary>How many documents of a collection there are in each category and state. Walks its index: some milliseconds for 40,000.</summary>
    IReadOnlyList<Tally> Tally(string collection);

    /// <summary>History rows of one part whose earliest entry is in [from, to), by that time; of equal ones in the order they were written.</summary>
    /// <param name="newestFirst">The other way round.</param>
    IReadOnlyList<HistoryRow> ReadHistory(ShardId shard, string key, byte part, long fromInMs, long toInMs, int limit, bool newestFirst = false);

    /// <summary>The newest journal entries of an actor, newest first.</summary>
    IReadOnlyList<JournalRow> ReadJournal(ShardId shard, string key, int limit);

    /// <summary>Deletes documents of a collection that were done before this, and the oldest beyond <paramref name="keep"/>; at most <see cref="PrunedAtOnce"/>. Returns how many.</summary>
    int Prune(string collection, long doneBeforeInMs, int keep = int.MaxValue);

    /// <summary>Deletes history rows of one part that were written before this, the oldest first; at most <see cref="PrunedAtOnce"/>. Returns how many.</summary>
    int PruneHistory(byte part, long writtenBeforeInMs);

    /// <summary>Deletes journal entries that were written before this, the oldest first; at most <see cref="PrunedAtOnce"/>. Returns how many.</summary>
    int PruneJournal(long writtenBeforeInMs);

    /// <summary>
    /// Rows that one call of pruning deletes. Each is a page to write (the index entries lie apart): some 4 MB, 10 ms in which nothing
    /// else is committed to SQLite.
    /// </summary>
    const int PrunedAtOnce = 250;
}

/// <summary>What a store is for: the actor kinds and their partition counts, which never change once stored.</summary>
/// <param name="Cluster">Name of this installation; a store of another one is refused.</param>
/// <param name="Owner">Name of the node that opens it.</param>
public sealed record StoreLayout(string Cluster, string Owner, IReadOnlyDictionary<byte, KindLayout> Kinds);

/// <param name="Name">Such as <c>device</c>.</param>
/// <param name="Partitions">Partitions of its inbox.</param>
public sealed record KindLayout(string Name, int Partitions);

/// <param name="Epoch">This owner's fencing token.</param>
/// <param name="NextOffset">Where to read on.</param>
/// <param name="Generation">How often the log was replaced; actor positions of an earlier generation count as none.</param>
/// <param name="LogReplaced">The incarnation stored was another: what the old log still held is lost to us.</param>
/// <param name="OldNextOffset">NextOffset before a replacement, for the report of the gap.</param>
/// <param name="LastNumbers">Per lane.</param>
/// <param name="NextActorIndex">First free actor number.</param>
public sealed record ShardClaim(
    long Epoch, long NextOffset, int Generation, bool LogReplaced, long OldNextOffset, long[] LastNumbers, int NextActorIndex)
{
    /// <summary>Claims, with this one, since the shard last came further or was given back in order.</summary>
    public int IdleClaims { get; init; } = 1;

    /// <summary>What the earlier owner noted last and did not get past; empty for nothing.</summary>
    public Attempted Trying { get; init; }
}

/// <summary>A run of offsets; or, with a count of -1, one whose actor is being loaded.</summary>
public readonly record struct Attempted(long From, long Count)
{
    private const long Load = -1;

    public static Attempted Loading(long offset) => new(offset, Load);

    public bool IsLoading => Count == Load;

    /// <summary>A single record, which nothing else can have ended the process.</summary>
    public bool IsOne => Count is 1 or Load;

    public bool Holds(long offset) => offset >= From && offset - From < Math.Abs(Count);
}

/// <param name="Snapshot">Without its sections, until <see cref="WithSections"/>.</param>
public readonly record struct StoredActor(int Index, string Key, long? DueInMs, byte[] Snapshot)
{
    /// <summary>By number; null where the snapshot has none, or they were not read.</summary>
    internal Dictionary<long, byte[]>? Sections { get; private init; }

    /// <summary>The same with the snapshot whole, read with one query more where it has sections.</summary>
    internal StoredActor WithSections(IStore store, ShardId shard)
    {
        if (!SnapshotEnvelope.HasSections(Snapshot))
        {
            return this;
        }

        Dictionary<long, byte[]> sections = [];
        using MemoryStream whole = new();
        whole.Write(Snapshot);
        foreach (SectionRow row in store.LoadSections(shard, Index))
        {
            sections.Add(row.Number, row.Body.ToArray());
            whole.Write(row.Body.Span);
        }

        return this with { Snapshot = whole.ToArray(), Sections = sections };
    }
}

public readonly record struct Tally(string Category, string State, long Count);

public readonly record struct DueActor(string Key, long DueInMs);

public enum CommitResult
{
    Written,

    /// <summary>Another owner claimed the shard: forget it.</summary>
    Fenced,
}

/// <summary>A shard as stored, for operators.</summary>
/// <param name="Incarnation">The log that <paramref name="NextOffset"/> counts in.</param>
public sealed record ShardRow(ShardId Shard, string? Owner, long Epoch, long NextOffset, int Generation, DateTimeOffset ClaimedAt, string Incarnation)
{
    /// <summary>The last one that came to its end; null where there was none yet.</summary>
    public ShardHandover? Handover { get; init; }
}

/// <summary>How a shard came to its present owner. Times are the database's, so that nodes' clocks do not matter.</summary>
/// <param name="From">The node that had it before.</param>
/// <param name="WasDrained">It was given back in order; otherwise its owner was lost.</param>
/// <param name="StoppedAt">When the owner before took no more records. Of one that was lost: when it was last seen, a second early at most.</param>
/// <param name="Releasing">From then until it had written and published what it had, and let go; nothing for one that was lost.</param>
/// <param name="Waiting">From then until the new owner claimed the shard: the group's time.</param>
/// <param name="Starting">From then until it took records, or had none to take.</param>
public sealed record ShardHandover(string From, bool WasDrained, DateTimeOffset StoppedAt, TimeSpan Releasing, TimeSpan Waiting, TimeSpan Starting)
{
    /// <summary>How long nobody worked on the shard.</summary>
    public TimeSpan Gap => Releasing + Waiting + Starting;
}

/// <summary>A node among those that share the store.</summary>
/// <param name="Name">Unique: of two processes with one name, the later one's row stands.</param>
/// <param name="Process">Names this run of it.</param>
/// <param name="Url">Where its API answers other nodes; empty where it does not.</param>
/// <param name="Version">Of the program.</param>
/// <param name="Schema">The store's version that it was built for.</param>
/// <param name="StartedAt">By the node's clock.</param>
/// <param name="SeenAgo">By the database's clock; set by the store.</param>
public sealed record NodeRow(string Name, string Process, string Url, string Version, NodeState State, int Schema, DateTimeOffset StartedAt, TimeSpan SeenAgo = default)
{
    /// <summary>Silent for longer, a node that did not leave counts as lost: several beats, and a stall of the database.</summary>
    public static readonly TimeSpan LostAfter = TimeSpan.FromSeconds(10);

    /// <summary>It runs, as far as is known.</summary>
    public bool IsAlive => State != NodeState.Left && SeenAgo < LostAfter;
}

public enum NodeState : byte
{
    Working = 0,

    /// <summary>Gives its shards back and takes none.</summary>
    Draining = 1,

    /// <summary>Holds no shards until it is told to work again.</summary>
    Drained = 2,

    /// <summary>It ended in order.</summary>
    Left = 3,
}

/// <param name="ScopePrefix">A scope and all below it; null for all.</param>
/// <param name="AtFromInMs">Inclusive.</param>
/// <param name="AtToInMs">Exclusive.</param>
/// <param name="After">Continue after this row (its time and id), as the previous page ended.</param>
/// <param name="Limit">1 to 1,000.</param>
/// <param name="Before">The page that ends before this row (its time and id): the nearest rows, newest first as ever. Not beside <paramref name="After"/>.</param>
public sealed record DocumentQuery(
    string Collection,
    string? ScopePrefix = null,
    string? Category = null,
    string? State = null,
    long? AtFromInMs = null,
    long? AtToInMs = null,
    (long AtInMs, string Id)? After = null,
    int Limit = 100,
    (long AtInMs, string Id)? Before = null);

/// <summary>The store is older than what was published from it: see <see cref="IStore.BeginLineage"/>.</summary>
public sealed class StoreRewoundException(string message) : Exception(message);

/// <summary>The store is not for this cluster, layout or version.</summary>
public sealed class StoreMismatchException(string message) : Exception(message);

/// <summary>The database could not be reached, is locked or full.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
