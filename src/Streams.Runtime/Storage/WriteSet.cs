using Streams.Runtime.Audit;

namespace Streams.Runtime.Storage;

/// <summary>
/// What one transaction writes: the admitted commits of a call laid together, newest per actor and per document, in key order
/// (SQLite writes neighbours to the same page, PostgreSQL locks rows in one order). Reused from call to call by one thread at a time.
/// Use: <see cref="Begin"/>, <see cref="Hold"/> each shard's locked row, <see cref="Admit"/>, write, <see cref="Clear"/>.
/// </summary>
internal sealed class WriteSet
{
    private readonly Dictionary<int, ShardState> _states = [];
    private readonly HashSet<int> _admitted = [];

    /// <summary>Shards named by the commits, ascending: the order in which to lock them.</summary>
    public List<int> ShardNumbers { get; } = [];

    /// <summary>Rows of shards with admitted commits, as they are to be.</summary>
    public List<ShardState> Shards { get; } = [];

    public List<ActorWrite> Actors { get; } = [];

    /// <summary>Actors to delete, by their ids, with all that is theirs; before anything is written, since another row may have the same key.</summary>
    public List<long> Left { get; } = [];

    /// <summary>Sections to write; those to delete are in <see cref="DeletedSections"/>.</summary>
    public List<SectionWrite> Sections { get; } = [];

    public List<SectionWrite> DeletedSections { get; } = [];

    public List<OutboxWrite> Outbox { get; } = [];

    /// <summary>Outbox chunks to forget, one entry per shard and lane with something published.</summary>
    public List<Published> Published { get; } = [];

    public List<JournalWrite> Journal { get; } = [];

    /// <summary>Documents to write; those to delete are in <see cref="DeletedDocuments"/>.</summary>
    public List<DocumentWrite> Documents { get; } = [];

    public List<DocumentWrite> DeletedDocuments { get; } = [];

    public List<HistoryWrite> History { get; } = [];

    /// <summary>For the chain, whose lock is taken last and held shortest.</summary>
    public List<AuditDraft> Audit { get; } = [];

    /// <summary>The store's number of an actor: its shard in the high half, its index in the low half, so a shard's actors lie together.</summary>
    public static long ActorId(int shard, int index) => ((long)shard << 32) | (uint)index;

    public void Begin(IReadOnlyList<ShardCommit> commits)
    {
        Clear();
        for (int i = 0; i < commits.Count; i++)
        {
            int shard = commits[i].Shard.Number;
            if (_states.TryAdd(shard, ShardState.Unclaimed(shard)))
            {
                ShardNumbers.Add(shard);
            }
        }

        ShardNumbers.Sort();
    }

    /// <summary>A shard's row as stored, read under its lock. A shard that has none was never claimed and admits nothing.</summary>
    public void Hold(in ShardState stored) => _states[stored.Shard] = stored;

    /// <summary>Decides each commit and gathers the rows of those admitted.</summary>
    /// <exception cref="InvalidOperationException">See <see cref="ShardState.Admit"/>.</exception>
    public CommitResult[] Admit(IReadOnlyList<ShardCommit> commits)
    {
        var results = new CommitResult[commits.Count];
        for (int i = 0; i < commits.Count; i++)
        {
            ShardCommit commit = commits[i];
            int shard = commit.Shard.Number;
            Admission admission = _states[shard].Admit(commit, out ShardState after);
            results[i] = admission == Admission.Fenced ? CommitResult.Fenced : CommitResult.Written;
            if (admission == Admission.Written)
            {
                _states[shard] = after;
                _admitted.Add(shard);
                Add(shard, commit);
            }
        }

        foreach (int shard in ShardNumbers)
        {
            if (_admitted.Contains(shard))
            {
                Shards.Add(_states[shard]);
            }
        }

        RemoveLeft();
        KeepNewest(Actors, static (a, b) => a.Id.CompareTo(b.Id), static (a, b) => a.Order.CompareTo(b.Order));
        KeepNewest(Sections, static (a, b) => a.ActorId.CompareTo(b.ActorId) is var c and not 0 ? c : a.Row.Number.CompareTo(b.Row.Number), static (a, b) => a.Order.CompareTo(b.Order));
        DeletedSections.AddRange(Sections.Where(static section => section.Row.Body.IsEmpty));
        Sections.RemoveAll(static section => section.Row.Body.IsEmpty);
        KeepNewest(
            Documents,
            static (a, b) => string.CompareOrdinal(a.Row.Collection, b.Row.Collection) is var c and not 0 ? c : string.CompareOrdinal(a.Row.Id, b.Row.Id),
            static (a, b) => a.Order.CompareTo(b.Order));
        foreach (DocumentWrite document in Documents)
        {
            if (document.Row.Body.IsEmpty)
            {
                DeletedDocuments.Add(document);
            }
        }

        Documents.RemoveAll(static d => d.Row.Body.IsEmpty);
        return results;
    }

    public void Clear()
    {
        _states.Clear();
        _admitted.Clear();
        ShardNumbers.Clear();
        Shards.Clear();
        Actors.Clear();
        Left.Clear();
        Sections.Clear();
        DeletedSections.Clear();
        Outbox.Clear();
        Published.Clear();
        Journal.Clear();
        Documents.Clear();
        DeletedDocuments.Clear();
        History.Clear();
        Audit.Clear();
    }

    private void Add(int shard, ShardCommit commit)
    {
        Left.AddRange(commit.Left.Select(index => ActorId(shard, index)));
        foreach (ActorRow row in commit.Actors)
        {
            Actors.Add(new ActorWrite(ActorId(shard, row.Index), Actors.Count, shard, row));
        }

        foreach (SectionRow row in commit.Sections)
        {
            Sections.Add(new SectionWrite(ActorId(shard, row.ActorIndex), Sections.Count, row));
        }

        foreach (OutboxChunk chunk in commit.Outbox)
        {
            Outbox.Add(new OutboxWrite(shard, chunk));
        }

        for (int lane = 0; lane < commit.PublishedThrough.Length; lane++)
        {
            if (commit.PublishedThrough[lane] > 0)
            {
                Published.Add(new Published(shard, (Lane)lane, commit.PublishedThrough[lane]));
            }
        }

        foreach (JournalRow row in commit.Journal)
        {
            Journal.Add(new JournalWrite(shard, commit.AtInMs, row));
        }

        foreach (Document document in commit.Documents)
        {
            Documents.Add(new DocumentWrite(Documents.Count, document.IsDone ? commit.AtInMs : null, document));
        }

        foreach (HistoryRow row in commit.History)
        {
            History.Add(new HistoryWrite(ActorId(shard, row.ActorIndex), commit.AtInMs, row));
        }

        Audit.AddRange(commit.Audit);
    }

    /// <summary>What an earlier commit of the same transaction wrote of an actor that leaves in a later one.</summary>
    private void RemoveLeft()
    {
        if (Left.Count == 0)
        {
            return;
        }

        Left.Sort();
        Actors.RemoveAll(actor => Left.BinarySearch(actor.Id) >= 0);
        Sections.RemoveAll(section => Left.BinarySearch(section.ActorId) >= 0);
        History.RemoveAll(row => Left.BinarySearch(row.ActorId) >= 0);
    }

    /// <summary>Sorts by key and drops all but the last written of each, so that an older row can never come after a newer one.</summary>
    private static void KeepNewest<T>(List<T> rows, Comparison<T> byKey, Comparison<T> byOrder)
    {
        if (rows.Count < 2)
        {
            return;
        }

        rows.Sort((a, b) => byKey(a, b) is var c and not 0 ? c : byOrder(a, b));
        int kept = 0;
        for (int i = 1; i < rows.Count; i++)
        {
            if (byKey(rows[kept], rows[i]) != 0)
            {
                kept++;
            }

            rows[kept] = rows[i];
        }

        rows.RemoveRange(kept + 1, rows.Count - kept - 1);
    }
}

internal readonly record struct ActorWrite(long Id, int Order, int Shard, ActorRow Row);

internal readonly record struct SectionWrite(long ActorId, int Order, SectionRow Row);

internal readonly record struct OutboxWrite(int Shard, OutboxChunk Chunk);

internal readonly record struct Published(int Shard, Lane Lane, long Through);

internal readonly record struct JournalWrite(int Shard, long WrittenInMs, JournalRow Row);

internal readonly record struct DocumentWrite(int Order, long? DoneInMs, Document Row);

internal readonly record struct HistoryWrite(long ActorId, long WrittenInMs, HistoryRow Row);
