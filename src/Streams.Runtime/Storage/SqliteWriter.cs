using Streams.Runtime.Audit;

namespace Streams.Runtime.Storage;

/// <summary>Writes to a SQLite database: claims, commits and pruning, each one transaction. One thread at a time.</summary>
internal sealed partial class SqliteWriter(SqliteDatabase database)
{
    private const string ReadShard = """
        SELECT number, owner, epoch, commit_number, next_offset, incarnation, generation, urgent_number, bulk_number, claimed_at,
            idle_claims, trying_from, trying_count
        FROM shards WHERE number = ?1
        """;

    private static readonly string[] s_tablesOfActors = ["actors WHERE id", "sections WHERE actor_id", "history WHERE actor_id"];

    private readonly WriteSet _set = new();

    /// <summary>By part. A commit that is undone leaves a gap, which harms nothing.</summary>
    private long[]? _nextHistoryIds;

    public ShardClaim Claim(int shard, string owner, string incarnation, long nowInMs) => InTransaction(() =>
    {
        ShardState before = Read(shard) ?? ShardState.Unclaimed(shard);
        ShardState after = before.ClaimedBy(owner, incarnation, nowInMs);
        database.Prepare($"""
            INSERT INTO shards
                (number, owner, epoch, commit_number, next_offset, incarnation, generation, urgent_number, bulk_number, claimed_at,
                idle_claims, trying_from, trying_count)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
            ON CONFLICT (number) DO UPDATE SET
                owner = excluded.owner, epoch = excluded.epoch, commit_number = excluded.commit_number, next_offset = excluded.next_offset,
                incarnation = excluded.incarnation, generation = excluded.generation, claimed_at = excluded.claimed_at, idle_claims = excluded.idle_claims,
                trying_from = excluded.trying_from, trying_count = excluded.trying_count,
                previous_owner = coalesce(shards.owner, shards.previous_owner), was_drained = shards.owner IS NULL,
                stopped_at = CASE WHEN shards.owner IS NULL THEN shards.stopped_at ELSE (SELECT seen_at FROM nodes WHERE name = shards.owner) END,
                released_at = CASE WHEN shards.owner IS NULL THEN shards.released_at END, taken_at = {SqliteStore.Now}, resumed_at = NULL
            """)
            .Bind(1, after.Shard).Bind(2, after.Owner).Bind(3, after.Epoch).Bind(4, after.CommitNumber).Bind(5, after.NextOffset)
            .Bind(6, after.Incarnation).Bind(7, after.Generation).Bind(8, after.UrgentNumber).Bind(9, after.BulkNumber).Bind(10, after.ClaimedAtInMs)
            .Bind(11, after.IdleClaims).Bind(12, after.Trying.From).Bind(13, after.Trying.Count)
            .Run();
        return after.ClaimAfter(before, NextActorIndex(shard));
    });

    public void Release(int shard, long epoch, TimeSpan stoppedAgo) =>
        InTransaction(() => database.Prepare($"""
            UPDATE shards SET owner = NULL, previous_owner = owner, stopped_at = {SqliteStore.Now} - ?3, released_at = {SqliteStore.Now}, idle_claims = 0 WHERE number = ?1 AND epoch = ?2
            """)
            .Bind(1, shard).Bind(2, epoch).Bind(3, (long)stoppedAgo.TotalMilliseconds).Run());

    public void Resumed(int shard, long epoch, TimeSpan resumedAgo) =>
        InTransaction(() => database.Prepare($"UPDATE shards SET resumed_at = {SqliteStore.Now} - ?3 WHERE number = ?1 AND epoch = ?2")
            .Bind(1, shard).Bind(2, epoch).Bind(3, (long)resumedAgo.TotalMilliseconds).Run());

    public void Beat(NodeRow self) => InTransaction(() =>
    {
        database.Prepare($"""
            INSERT OR REPLACE INTO nodes (name, process, url, version, state, schema, started_at, seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, {SqliteStore.Now})
            """)
            .Bind(1, self.Name).Bind(2, self.Process).Bind(3, self.Url).Bind(4, self.Version).Bind(5, (long)self.State).Bind(6, self.Schema)
            .Bind(7, self.StartedAt.ToUnixTimeMilliseconds()).Run();
        return database.Prepare($"DELETE FROM nodes WHERE seen_at < {SqliteStore.Now} - 86400000").Run();
    });

    public void Try(int shard, long epoch, Attempted records) =>
        InTransaction(() => database.Prepare("UPDATE shards SET trying_from = ?3, trying_count = ?4 WHERE number = ?1 AND epoch = ?2")
            .Bind(1, shard).Bind(2, epoch).Bind(3, records.From).Bind(4, records.Count).Run());

    public int BeginLineage(long ending, AuditDraft? entry) => InTransaction(() =>
    {
        int noted = database.Prepare("""
            INSERT INTO ended_lineages (lineage, source, number)
            SELECT ?1, number * 2 + lane, CASE lane WHEN 0 THEN urgent_number ELSE bulk_number END FROM shards, (SELECT 0 AS lane UNION ALL SELECT 1)
            """).Bind(1, ending).Run();
        database.Execute("DELETE FROM nodes");
        SqliteSchema.WriteMeta(database, LayoutCheck.LineageKey, LayoutCheck.NewLineage());
        if (entry is not null)
        {
            Seal(entry);
        }

        return noted / 2;
    });

    public CommitResult[] Commit(IReadOnlyList<ShardCommit> commits)
    {
        // The write lock is taken by BEGIN IMMEDIATE, so the shard rows read here are the ones written below.
        database.Begin();
        try
        {
            _set.Begin(commits);
            foreach (int shard in _set.ShardNumbers)
            {
                if (Read(shard) is { } stored)
                {
                    _set.Hold(stored);
                }
            }

            CommitResult[] results = _set.Admit(commits);
            WriteShards();
            DeleteLeft();
            WriteActors();
            WriteSections();
            CrashPoint.Reach(CrashPoint.MidCommit);
            WriteOutbox();
            WriteJournal();
            WriteDocuments();
            WriteHistory();
            foreach (AuditDraft draft in _set.Audit)
            {
                _ = Find(draft.Id) ?? Seal(draft);
            }

            database.Commit();
            return results;
        }
        catch
        {
            database.Rollback();
            throw;
        }
        finally
        {
            _set.Clear();
        }
    }

    public int Prune(string collection, long doneBeforeInMs, int keep) => InTransaction(() =>
    {
        int done = database.Prepare("""
            DELETE FROM documents WHERE rowid IN
                (SELECT rowid FROM documents WHERE collection = ?1 AND done_in_ms < ?2 ORDER BY done_in_ms LIMIT ?3)
            """).Bind(1, collection).Bind(2, doneBeforeInMs).Bind(3, IStore.PrunedAtOnce).Run();
        long excess = keep == int.MaxValue ? 0 : Math.Min(Count(collection) - keep, IStore.PrunedAtOnce - done);
        return excess <= 0
            ? done
            : done + database.Prepare("""
                DELETE FROM documents WHERE rowid IN
                    (SELECT rowid FROM documents WHERE collection = ?1 ORDER BY at_in_ms, id DESC LIMIT ?2)
                """).Bind(1, collection).Bind(2, excess).Run();
    });

    // Both tables lie in the order they were written, so the first rows are the oldest, and no index on time is needed.
    public int PruneHistory(byte part, long writtenBeforeInMs) => InTransaction(() => database.Prepare("""
        DELETE FROM history WHERE id IN
            (SELECT id FROM (SELECT id, written_in_ms FROM history WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3) WHERE written_in_ms < ?4)
        """)
        .Bind(1, FirstOf(part)).Bind(2, FirstOf(part + 1) - 1).Bind(3, IStore.PrunedAtOnce).Bind(4, writtenBeforeInMs).Run());

    public int PruneJournal(long writtenBeforeInMs) => InTransaction(() => database.Prepare("""
        DELETE FROM journal WHERE id IN
            (SELECT id FROM (SELECT id, written_in_ms FROM journal ORDER BY id LIMIT ?1) WHERE written_in_ms < ?2)
        """)
        .Bind(1, IStore.PrunedAtOnce).Bind(2, writtenBeforeInMs).Run());

    /// <summary>Reads one shard row from a statement that selects its columns in <see cref="ShardState"/>'s order.</summary>
    public static ShardState ToState(SqliteStatement row) => new(
        row.Int32(0), row.TextOrNull(1), row.Int64(2), row.Int64(3), row.Int64(4), row.Text(5), row.Int32(6), row.Int64(7), row.Int64(8), row.Int64(9),
        row.Int32(10), new Attempted(row.Int64(11), row.Int64(12)));

    private ShardState? Read(int shard)
    {
        SqliteStatement read = database.Prepare(ReadShard).Bind(1, shard);
        ShardState? state = read.Step() ? ToState(read) : null;
        read.Reset();
        return state;
    }

    private int NextActorIndex(int shard)
    {
        SqliteStatement last = database.Prepare("SELECT max(id) FROM actors WHERE id BETWEEN ?1 AND ?2")
            .Bind(1, WriteSet.ActorId(shard, 0)).Bind(2, WriteSet.ActorId(shard, -1));
        last.Step();
        int next = last.Int64OrNull(0) is { } id ? (int)id + 1 : 0;
        last.Reset();
        return next;
    }

    private void WriteShards()
    {
        SqliteStatement write = database.Prepare("""
            UPDATE shards SET commit_number = ?2, next_offset = ?3, urgent_number = ?4, bulk_number = ?5, idle_claims = ?6 WHERE number = ?1
            """);
        foreach (ShardState shard in _set.Shards)
        {
            write.Bind(1, shard.Shard).Bind(2, shard.CommitNumber).Bind(3, shard.NextOffset).Bind(4, shard.UrgentNumber).Bind(5, shard.BulkNumber).Bind(6, shard.IdleClaims).Run();
        }
    }

    private void DeleteLeft()
    {
        foreach (string table in _set.Left.Count > 0 ? s_tablesOfActors : [])
        {
            SqliteStatement delete = database.Prepare($"DELETE FROM {table} = ?1");
            _set.Left.ForEach(id => delete.Bind(1, id).Run());
        }
    }

    private void WriteActors()
    {
        // An update by number leaves the key's index alone; only an actor's first row needs the insert.
        SqliteStatement update = database.Prepare("UPDATE actors SET due_in_ms = ?2, snapshot = ?3 WHERE id = ?1");
        SqliteStatement insert = database.Prepare("""
            INSERT INTO actors (id, due_in_ms, snapshot, shard, key) VALUES (?1, ?2, ?3, ?4, ?5)
            ON CONFLICT (id) DO UPDATE SET due_in_ms = excluded.due_in_ms, snapshot = excluded.snapshot
            """);
        foreach (ActorWrite actor in _set.Actors)
        {
            bool written = !actor.Row.IsNew &&
                update.Bind(1, actor.Id).Bind(2, actor.Row.DueInMs).Bind(3, actor.Row.Snapshot.Span).Run() > 0;
            if (!written)
            {
                insert.Bind(1, actor.Id).Bind(2, actor.Row.DueInMs).Bind(3, actor.Row.Snapshot.Span).Bind(4, actor.Shard).Bind(5, actor.Row.Key).Run();
            }
        }
    }

    private void WriteSections()
    {
        if (_set.DeletedSections.Count > 0)
        {
            SqliteStatement delete = database.Prepare("DELETE FROM sections WHERE actor_id = ?1 AND number = ?2");
            foreach ((long actorId, _, SectionRow row) in _set.DeletedSections)
            {
                delete.Bind(1, actorId).Bind(2, row.Number).Run();
            }
        }

        if (_set.Sections.Count > 0)
        {
            SqliteStatement upsert = database.Prepare("INSERT INTO sections (actor_id, number, body) VALUES (?1, ?2, ?3) ON CONFLICT (actor_id, number) DO UPDATE SET body = excluded.body");
            foreach ((long actorId, _, SectionRow row) in _set.Sections)
            {
                upsert.Bind(1, actorId).Bind(2, row.Number).Bind(3, row.Body.Span).Run();
            }
        }
    }

    private void WriteOutbox()
    {
        SqliteStatement delete = database.Prepare("DELETE FROM outbox WHERE shard = ?1 AND lane = ?2 AND last_number <= ?3");
        foreach (Published published in _set.Published)
        {
            delete.Bind(1, published.Shard).Bind(2, (long)published.Lane).Bind(3, published.Through).Run();
        }

        // No conflict clause: a number given out twice would lose a decision, so it must fail.
        SqliteStatement insert = database.Prepare(
            "INSERT INTO outbox (shard, lane, first_number, last_number, count, records) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
        foreach ((int shard, OutboxChunk chunk) in _set.Outbox)
        {
            insert.Bind(1, shard).Bind(2, (long)chunk.Lane).Bind(3, chunk.FirstNumber).Bind(4, chunk.LastNumber).Bind(5, chunk.Count)
                .Bind(6, chunk.Records.Span).Run();
        }
    }

    private void WriteJournal()
    {
        SqliteStatement insert = database.Prepare("INSERT INTO journal (shard, key, at_in_ms, type, written_in_ms, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
        foreach ((int shard, long written, JournalRow row) in _set.Journal)
        {
            insert.Bind(1, shard).Bind(2, row.Key).Bind(3, row.AtInMs).Bind(4, row.Type).Bind(5, written).Bind(6, row.Body.Span).Run();
        }
    }

    private void WriteDocuments()
    {
        SqliteStatement upsert = database.Prepare("""
            INSERT INTO documents (collection, id, scope, category, state, at_in_ms, body, done_in_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
            ON CONFLICT (collection, id) DO UPDATE SET
                scope = excluded.scope, category = excluded.category, state = excluded.state, at_in_ms = excluded.at_in_ms, body = excluded.body,
                done_in_ms = excluded.done_in_ms
            """);
        SqliteStatement delete = database.Prepare("DELETE FROM documents WHERE collection = ?1 AND id = ?2");
        foreach ((_, _, Document row) in _set.DeletedDocuments)
        {
            delete.Bind(1, row.Collection).Bind(2, row.Id).Run();
        }

        foreach ((_, long? done, Document row) in _set.Documents)
        {
            upsert.Bind(1, row.Collection).Bind(2, row.Id).Bind(3, row.Scope).Bind(4, row.Category).Bind(5, row.State).Bind(6, row.AtInMs)
                .Bind(7, row.Body.Span).Bind(8, done).Run();
        }
    }

    private void WriteHistory()
    {
        if (_set.History.Count == 0)
        {
            return;
        }

        _nextHistoryIds ??= ReadNextHistoryIds();
        SqliteStatement insert = database.Prepare(
            "INSERT INTO history (id, actor_id, part, from_in_ms, written_in_ms, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
        foreach ((long actorId, long written, HistoryRow row) in _set.History)
        {
            insert.Bind(1, _nextHistoryIds[row.Part]++).Bind(2, actorId).Bind(3, row.Part).Bind(4, row.FromInMs).Bind(5, written).Bind(6, row.Body.Span).Run();
        }
    }

    /// <summary>A part's rows are numbered from here on, so that they fill pages of their own and leave whole pages free when they go.</summary>
    private static long FirstOf(int part) => (long)part << 48;

    private long[] ReadNextHistoryIds()
    {
        long[] next = new long[128];
        for (int part = 0; part < next.Length; part++)
        {
            SqliteStatement last = database.Prepare("SELECT max(id) FROM history WHERE id BETWEEN ?1 AND ?2").Bind(1, FirstOf(part)).Bind(2, FirstOf(part + 1) - 1);
            last.Step();
            next[part] = last.Int64OrNull(0) + 1 ?? FirstOf(part);
            last.Reset();
        }

        return next;
    }

    private long Count(string collection)
    {
        SqliteStatement count = database.Prepare("SELECT count(*) FROM documents WHERE collection = ?1").Bind(1, collection);
        count.Step();
        long rows = count.Int64(0);
        count.Reset();
        return rows;
    }

    private T InTransaction<T>(Func<T> write)
    {
        database.Begin();
        try
        {
            T result = write();
            database.Commit();
            return result;
        }
        catch
        {
            database.Rollback();
            throw;
        }
    }
}
