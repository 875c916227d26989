using System.Data;
using Npgsql;
using NpgsqlTypes;

namespace Streams.Runtime.Storage;

/// <summary>
/// Writes commits to PostgreSQL in two round trips: lock and read the shards' rows, then everything else with the COMMIT behind it;
/// one statement a table. Used by one thread at a time.
/// </summary>
internal sealed class PostgresWriter
{
    private readonly WriteSet _set = new();

    private readonly PostgresRows<int> _locked =
        new PostgresRows<int>(PostgresStore.SelectShards + " WHERE number = ANY($1) ORDER BY number FOR UPDATE").Integer(number => number);

    private readonly PostgresRows<ShardState> _shards = new PostgresRows<ShardState>("""
        UPDATE shards s SET commit_number = c.commit_number, next_offset = c.next_offset, urgent_number = c.urgent_number, bulk_number = c.bulk_number,
            idle_claims = c.idle_claims
        FROM unnest($1, $2, $3, $4, $5, $6) AS c (number, commit_number, next_offset, urgent_number, bulk_number, idle_claims)
        WHERE s.number = c.number
        """)
        .Integer(s => s.Shard).Bigint(s => s.CommitNumber).Bigint(s => s.NextOffset).Bigint(s => s.UrgentNumber).Bigint(s => s.BulkNumber)
        .Integer(s => s.IdleClaims);

    private readonly PostgresRows<ActorWrite> _actors = new PostgresRows<ActorWrite>("""
        INSERT INTO actors (id, shard, key, snapshot) SELECT * FROM unnest($1, $2, $3, $4)
        ON CONFLICT (id) DO UPDATE SET snapshot = excluded.snapshot
        """)
        .Bigint(a => a.Id).Integer(a => a.Shard).Text(a => a.Row.Key).Bytea(a => a.Row.Snapshot);

    private readonly PostgresRows<long>[] _left =
        [.. new[] { "actors WHERE id", "timers WHERE id", "sections WHERE actor_id", "history WHERE actor_id" }.Select(rows => new PostgresRows<long>($"DELETE FROM {rows} = ANY ($1)").Bigint(id => id))];

    private readonly PostgresRows<SectionWrite> _deletedSections = new PostgresRows<SectionWrite>(
        "DELETE FROM sections s USING unnest($1, $2) AS g (actor_id, number) WHERE s.actor_id = g.actor_id AND s.number = g.number")
        .Bigint(s => s.ActorId).Bigint(s => s.Row.Number);

    private readonly PostgresRows<SectionWrite> _sections = new PostgresRows<SectionWrite>("""
        INSERT INTO sections (actor_id, number, body) SELECT * FROM unnest($1, $2, $3)
        ON CONFLICT (actor_id, number) DO UPDATE SET body = excluded.body
        """)
        .Bigint(s => s.ActorId).Bigint(s => s.Row.Number).Bytea(s => s.Row.Body);

    private readonly PostgresRows<ActorWrite> _timers = new PostgresRows<ActorWrite>("""
        INSERT INTO timers (id, due_in_ms) SELECT * FROM unnest($1, $2)
        ON CONFLICT (id) DO UPDATE SET due_in_ms = excluded.due_in_ms WHERE timers.due_in_ms IS DISTINCT FROM excluded.due_in_ms
        """)
        .Bigint(a => a.Id).BigintOrNull(a => a.Row.DueInMs);

    private readonly PostgresRows<Published> _published = new PostgresRows<Published>("""
        DELETE FROM outbox o USING unnest($1, $2, $3) AS p (shard, lane, through)
        WHERE o.shard = p.shard AND o.lane = p.lane AND o.last_number <= p.through
        """)
        .Integer(p => p.Shard).Integer(p => (int)p.Lane).Bigint(p => p.Through);

    // No conflict clause: a number given out twice would lose a decision, so it must fail.
    private readonly PostgresRows<OutboxWrite> _outbox = new PostgresRows<OutboxWrite>(
        "INSERT INTO outbox (shard, lane, first_number, last_number, count, records) SELECT * FROM unnest($1, $2, $3, $4, $5, $6)")
        .Integer(o => o.Shard).Integer(o => (int)o.Chunk.Lane).Bigint(o => o.Chunk.FirstNumber).Bigint(o => o.Chunk.LastNumber)
        .Integer(o => o.Chunk.Count).Bytea(o => o.Chunk.Records);

    private readonly PostgresRows<JournalWrite> _journal = new PostgresRows<JournalWrite>("""
        INSERT INTO journal (shard, key, at_in_ms, type, written_in_ms, body)
        SELECT shard, key, at_in_ms, type, written_in_ms, body
        FROM unnest($1, $2, $3, $4, $5, $6) WITH ORDINALITY AS j (shard, key, at_in_ms, type, written_in_ms, body, place) ORDER BY place
        """)
        .Integer(j => j.Shard).Text(j => j.Row.Key).Bigint(j => j.Row.AtInMs).Text(j => j.Row.Type).Bigint(j => j.WrittenInMs).Bytea(j => j.Row.Body);

    private readonly PostgresRows<DocumentWrite> _deletedDocuments = new PostgresRows<DocumentWrite>(
        "DELETE FROM documents d USING unnest($1, $2) AS g (collection, id) WHERE d.collection = g.collection AND d.id = g.id")
        .Text(d => d.Row.Collection).Text(d => d.Row.Id);

    private readonly PostgresRows<DocumentWrite> _documents = new PostgresRows<DocumentWrite>("""
        INSERT INTO documents (collection, id, scope, category, state, at_in_ms, body, done_in_ms)
        SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (collection, id) DO UPDATE SET
            scope = excluded.scope, category = excluded.category, state = excluded.state, at_in_ms = excluded.at_in_ms, body = excluded.body,
            done_in_ms = excluded.done_in_ms
        """)
        .Text(d => d.Row.Collection).Text(d => d.Row.Id).Text(d => d.Row.Scope).Text(d => d.Row.Category).Text(d => d.Row.State)
        .Bigint(d => d.Row.AtInMs).Bytea(d => d.Row.Body).BigintOrNull(d => d.DoneInMs);

    private readonly PostgresRows<HistoryWrite> _history = new PostgresRows<HistoryWrite>(
        "INSERT INTO history (part, actor_id, from_in_ms, written_in_ms, body) SELECT * FROM unnest($1, $2, $3, $4, $5)")
        .Integer(h => h.Row.Part).Bigint(h => h.ActorId).Bigint(h => h.Row.FromInMs).Bigint(h => h.WrittenInMs).Bytea(h => h.Row.Body);

    public CommitResult[] Commit(NpgsqlConnection connection, IReadOnlyList<ShardCommit> commits)
    {
        _set.Begin(commits);
        try
        {
            LockShards(connection);
            CrashPoint.Reach(CrashPoint.MidCommit);
            CommitResult[] results = _set.Admit(commits);
            if (_set.Shards.Count == 0)
            {
                Rollback(connection);
                return results;
            }

            if (_set.Audit.Count > 0)
            {
                PostgresStore.SealNew(connection, _set.Audit);
            }

            Write(connection);
            return results;
        }
        catch
        {
            Rollback(connection);
            throw;
        }
        finally
        {
            Clear();
        }
    }

    /// <summary>
    /// The fence. READ COMMITTED reads a row anew that it had to wait for, so what is read here is the newest and stays so until the COMMIT.
    /// Rows are locked in ascending order: nodes that commit some of the same shards can not deadlock.
    /// </summary>
    private void LockShards(NpgsqlConnection connection)
    {
        using NpgsqlBatch batch = new(connection);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("BEGIN"));
        _locked.AddTo(batch, _set.ShardNumbers);
        using NpgsqlDataReader rows = batch.ExecuteReader();
        while (rows.Read())
        {
            _set.Hold(PostgresStore.ToState(rows));
        }
    }

    private void Write(NpgsqlConnection connection)
    {
        using NpgsqlBatch batch = new(connection);
        _shards.AddTo(batch, _set.Shards);
        foreach (PostgresRows<long> left in _left)
        {
            left.AddTo(batch, _set.Left);
        }

        _actors.AddTo(batch, _set.Actors);
        _timers.AddTo(batch, _set.Actors);
        _deletedSections.AddTo(batch, _set.DeletedSections);
        _sections.AddTo(batch, _set.Sections);
        _published.AddTo(batch, _set.Published);
        _outbox.AddTo(batch, _set.Outbox);
        _journal.AddTo(batch, _set.Journal);
        _deletedDocuments.AddTo(batch, _set.DeletedDocuments);
        _documents.AddTo(batch, _set.Documents);
        _history.AddTo(batch, _set.History);
        batch.BatchCommands.Add(new NpgsqlBatchCommand("COMMIT"));
        batch.ExecuteNonQuery();
    }

    private void Clear()
    {
        _set.Clear();
        _locked.Clear();
        _shards.Clear();
        Array.ForEach(_left, static left => left.Clear());
        _actors.Clear();
        _timers.Clear();
        _deletedSections.Clear();
        _sections.Clear();
        _published.Clear();
        _outbox.Clear();
        _journal.Clear();
        _deletedDocuments.Clear();
        _documents.Clear();
        _history.Clear();
    }

    private static void Rollback(NpgsqlConnection connection)
    {
        if (connection.State != ConnectionState.Open)
        {
            return;
        }

        try
        {
            using NpgsqlCommand rollback = new("ROLLBACK", connection);
            rollback.ExecuteNonQuery();
        }
        catch (NpgsqlException)
        {
            // The connection broke: the server rolls back by itself, and the first fault is what the caller hears of.
        }
    }
}
