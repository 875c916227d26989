using System.Collections.Concurrent;
using System.Globalization;
using Npgsql;
using Streams.Runtime.Audit;

namespace Streams.Runtime.Storage;

/// <summary>
/// State in a PostgreSQL database that all nodes of a cluster share. Whatever threads call, each call has a pooled connection to itself.
/// </summary>
/// <remarks>
/// Every call is tried again on a new connection when the first was lost, three times in all. That is safe where the outcome is unknown
/// because a commit carries its number: if it had been written, the next try finds that number stored and writes nothing.
/// </remarks>
public sealed partial class PostgresStore : IStore
{
    internal const string SelectShards = """
        SELECT number, owner, epoch, commit_number, next_offset, incarnation, generation, urgent_number, bulk_number, claimed_at,
            idle_claims, trying_from, trying_count FROM shards
        """;

    // What the connection string does not say. No Reset On Close is not for it to say: a reset would undo the settings below.
    private const string Defaults = "Application Name=streams;Timeout=5;Command Timeout=20;Max Auto Prepare=64;Auto Prepare Min Usages=2;";

    // A node that stops in the middle of a transaction must not hold a shard's row against its successor.
    private const string Settings = """
        SET synchronous_commit = on; SET lock_timeout = '5s'; SET statement_timeout = '15s';
        SET idle_in_transaction_session_timeout = '10s'; SET tcp_user_timeout = '10s'
        """;

    /// <summary>The server's clock, in Unix milliseconds: one for all nodes.</summary>
    private const string Now = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

    private static readonly TimeSpan[] Pauses = [TimeSpan.FromMilliseconds(50), TimeSpan.FromMilliseconds(500)];

    private readonly NpgsqlDataSource _source;
    private readonly ConcurrentBag<PostgresWriter> _writers = [];
    private readonly string _name;
    private volatile bool _isOpen;

    /// <param name="connectionString">As Npgsql takes it: <c>Host=…;Database=…;Username=…;Password=…</c>. The tables go to the first schema of its <c>Search Path</c>.</param>
    public PostgresStore(string connectionString)
    {
        NpgsqlConnectionStringBuilder settings = new(Defaults + connectionString) { NoResetOnClose = true };
        _name = string.Create(CultureInfo.InvariantCulture, $"The PostgreSQL database '{settings.Database}' on {settings.Host}:{settings.Port}");
        NpgsqlDataSourceBuilder source = new(settings.ConnectionString);
        source.UsePhysicalConnectionInitializer(
            connection =>
            {
                using NpgsqlCommand set = new(Settings, connection);
                set.ExecuteNonQuery();
            },
            async connection =>
            {
                NpgsqlCommand set = new(Settings, connection);
                await using (set.ConfigureAwait(false))
                {
                    await set.ExecuteNonQueryAsync().ConfigureAwait(false);
                }
            });
        _source = source.Build();
    }

    public long Lineage { get; private set; }

    public string NodeSecret { get; private set; } = "";

    public EndedLineages Ended { get; private set; } = EndedLineages.None;

    public int SchemaVersion => PostgresSchema.Version;

    public void Open(StoreLayout layout)
    {
        _isOpen = true;
        try
        {
            On(connection =>
            {
                (Lineage, NodeSecret) = PostgresSchema.Migrate(connection, layout, _name);
                Ended = new EndedLineages(ReadAll(
                    connection, "SELECT lineage, source, number FROM ended_lineages", row => (row.GetInt64(0), row.GetInt32(1), row.GetInt64(2))));
                return true;
            });
        }
        catch
        {
            _isOpen = false;
            throw;
        }
    }

    public ShardClaim Claim(ShardId shard, string owner, string incarnation, DateTimeOffset now) => On(connection =>
    {
        using NpgsqlTransaction transaction = connection.BeginTransaction();
        ShardState before = Lock(connection, shard.Number);
        ShardState after = before.ClaimedBy(owner, incarnation, now.ToUnixTimeMilliseconds());

        // One that was not given back stopped when its node was last seen, if that is known.
        Execute(
            connection,
            $"""
            UPDATE shards SET owner = $2, epoch = $3, commit_number = $4, next_offset = $5, incarnation = $6, generation = $7, claimed_at = $8,
                idle_claims = $9, trying_from = $10, trying_count = $11, previous_owner = coalesce(owner, previous_owner), was_drained = owner IS NULL,
                stopped_at = CASE WHEN owner IS NULL THEN stopped_at ELSE (SELECT seen_at FROM nodes WHERE name = shards.owner) END,
                released_at = CASE WHEN owner IS NULL THEN released_at END, taken_at = {Now}, resumed_at = NULL
            WHERE number = $1
            """,
            after.Shard, owner, after.Epoch, after.CommitNumber, after.NextOffset, after.Incarnation, after.Generation, after.ClaimedAtInMs,
            after.IdleClaims, after.Trying.From, after.Trying.Count);
        long? last = ReadAll(
            connection,
            "SELECT max(id) FROM actors WHERE id BETWEEN $1 AND $2",
            row => row.IsDBNull(0) ? (long?)null : row.GetInt64(0),
            WriteSet.ActorId(shard.Number, 0), WriteSet.ActorId(shard.Number, -1))[0];
        transaction.Commit();
        return after.ClaimAfter(before, last is { } id ? (int)id + 1 : 0);
    });

    public void Release(ShardId shard, long epoch, TimeSpan stoppedAgo) => On(connection => Execute(
        connection,
        $"UPDATE shards SET owner = NULL, previous_owner = owner, stopped_at = {Now} - $3, released_at = {Now}, idle_claims = 0 WHERE number = $1 AND epoch = $2",
        shard.Number, epoch, (long)stoppedAgo.TotalMilliseconds));

    public ShardHandover? Resumed(ShardId shard, long epoch, TimeSpan resumedAgo) => On(connection => ReadAll(
        connection,
        $"UPDATE shards SET resumed_at = {Now} - $3 WHERE number = $1 AND epoch = $2 RETURNING previous_owner, was_drained, stopped_at, released_at, taken_at, resumed_at",
        row => ToHandover(row, 0),
        shard.Number, epoch, (long)resumedAgo.TotalMilliseconds)).SingleOrDefault();

    public IReadOnlyList<NodeRow> Beat(NodeRow self) => On(connection =>
    {
        Execute(
            connection,
            $"""
            INSERT INTO nodes (name, process, url, version, state, schema, started_at, seen_at) VALUES ($1, $2, $3, $4, $5, $6, $7, {Now})
            ON CONFLICT (name) DO UPDATE SET process = excluded.process, url = excluded.url, version = excluded.version, state = excluded.state,
                schema = excluded.schema, started_at = excluded.started_at, seen_at = excluded.seen_at
            """,
            self.Name, self.Process, self.Url, self.Version, (short)self.State, self.Schema, self.StartedAt.ToUnixTimeMilliseconds());
        Execute(connection, $"DELETE FROM nodes WHERE seen_at < {Now} - 86400000");
        return ReadNodes(connection);
    });

    public IReadOnlyList<NodeRow> ReadNodes() => On(ReadNodes);

    public void Try(ShardId shard, long epoch, Attempted records) => On(connection => Execute(
        connection,
        "UPDATE shards SET trying_from = $3, trying_count = $4 WHERE number = $1 AND epoch = $2",
        shard.Number, epoch, records.From, records.Count));

    public IReadOnlyList<CommitResult> Commit(IReadOnlyList<ShardCommit> commits)
    {
        if (commits.Count == 0)
        {
            return [];
        }

        if (!_writers.TryTake(out PostgresWriter? writer))
        {
            writer = new PostgresWriter();
        }

        try
        {
            return On(connection => writer.Commit(connection, commits));
        }
        finally
        {
            _writers.Add(writer);
        }
    }

    public IReadOnlyList<StoredActor> Load(ShardId shard, IReadOnlyCollection<string> keys) => keys.Count == 0 ? [] : On(connection => ReadAll(
        connection,
        "SELECT a.id, a.key, t.due_in_ms, a.snapshot FROM actors a LEFT JOIN timers t ON t.id = a.id WHERE a.shard = $1 AND a.key = ANY($2)",
        row => new StoredActor((int)row.GetInt64(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetInt64(2), row.GetFieldValue<byte[]>(3)),
        shard.Number, keys as string[] ?? [.. keys]));

    public IReadOnlyList<SectionRow> LoadSections(ShardId shard, int actorIndex) => On(connection => ReadAll(
        connection,
        "SELECT number, body FROM sections WHERE actor_id = $1 ORDER BY number",
        row => new SectionRow(actorIndex, row.GetInt64(0), row.GetFieldValue<byte[]>(1)),
        WriteSet.ActorId(shard.Number, actorIndex)));

    public IReadOnlyList<DueActor> LoadDue(ShardId shard, long beforeInMs, int limit) => On(connection => ReadAll(
        connection,
        """
        SELECT a.key, t.due_in_ms
        FROM (SELECT id, due_in_ms FROM timers WHERE id BETWEEN $1 AND $2 AND due_in_ms < $3 ORDER BY due_in_ms, id LIMIT $4) AS t
        JOIN actors a ON a.id = t.id
        ORDER BY t.due_in_ms, t.id
        """,
        row => new DueActor(row.GetString(0), row.GetInt64(1)),
        WriteSet.ActorId(shard.Number, 0), WriteSet.ActorId(shard.Number, -1), beforeInMs, limit));

    public IReadOnlyList<OutboxChunk> LoadOutbox(ShardId shard) => On(connection => ReadAll(
        connection,
        "SELECT lane, first_number, count, records FROM outbox WHERE shard = $1 ORDER BY lane, last_number",
        row => new OutboxChunk((Lane)row.GetInt16(0), row.GetInt64(1), row.GetInt32(2), row.GetFieldValue<byte[]>(3)),
        shard.Number));

    public int BeginLineage(AuditDraft? entry = null) => On(connection =>
    {
        using NpgsqlTransaction transaction = connection.BeginTransaction();
        LayoutCheck.RefuseWhileRunning(ReadNodes(connection), _name);
        int noted = Execute(
            connection,
            """
            INSERT INTO ended_lineages (lineage, source, number)
            SELECT $1, number * 2 + lane, CASE lane WHEN 0 THEN urgent_number ELSE bulk_number END FROM shards, unnest(ARRAY[0, 1]) AS lanes (lane)
            """,
            Lineage);
        Execute(connection, "DELETE FROM nodes");
        PostgresSchema.WriteMeta(connection, LayoutCheck.LineageKey, LayoutCheck.NewLineage());
        if (entry is not null)
        {
            Seal(connection, entry);
        }

        transaction.Commit();
        return noted / 2;
    });

    public IReadOnlyDictionary<int, long> ReadNumbers() => On(connection => ReadAll(
        connection, "SELECT number, urgent_number, bulk_number FROM shards", row => (Shard: row.GetInt32(0), Urgent: row.GetInt64(1), Bulk: row.GetInt64(2))))
        .SelectMany(row => new[] { (Source: row.Shard * 2, Number: row.Urgent), (Source: (row.Shard * 2) + 1, Number: row.Bulk) }).ToDictionary(row => row.Source, row => row.Number);

    public IReadOnlyList<ShardRow> ReadShards() => On(connection => ReadAll(
        connection,
        """
        SELECT number, owner, epoch, next_offset, generation, claimed_at, incarnation, previous_owner, was_drained, stopped_at, released_at, taken_at, resumed_at
        FROM shards ORDER BY number
        """,
        row => new ShardRow(
            ShardId.FromNumber(row.GetInt32(0)), row.IsDBNull(1) ? null : row.GetString(1), row.GetInt64(2), row.GetInt64(3), row.GetInt32(4),
            DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(5)), row.GetString(6)) { Handover = ToHandover(row, 7) }));

    public IReadOnlyList<Document> Query(DocumentQuery query)
    {
        List<object> values = [];
        string sql = DocumentQuerySql.For(query, '$', values);
        return On(connection => ReadAll(
            connection,
            sql,
            row => new Document(
                query.Collection, row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.GetFieldValue<byte[]>(5)),
            [.. values]));
    }

    public Document? Get(string collection, string id) => On<Document?>(connection =>
    {
        List<Document> found = ReadAll(
            connection,
            "SELECT scope, category, state, at_in_ms, body FROM documents WHERE collection = $1 AND id = $2",
            row => new Document(collection, id, row.GetString(0), row.GetString(1), row.GetString(2), row.GetInt64(3), row.GetFieldValue<byte[]>(4)),
            collection, id);
        return found.Count == 0 ? null : found[0];
    });

    public long Count(string collection) => On(connection => CountOf(connection, collection));

    public IReadOnlyList<Tally> Tally(string collection) => On(connection => ReadAll(
        connection,
        "SELECT category, state, count(*) FROM documents WHERE collection = $1 GROUP BY category, state",
        row => new Tally(row.GetString(0), row.GetString(1), row.GetInt64(2)),
        collection));

    public IReadOnlyList<HistoryRow> ReadHistory(ShardId shard, string key, byte part, long fromInMs, long toInMs, int limit, bool newestFirst = false) => On(connection => ReadAll(
        connection,
        HistorySql.For('$', newestFirst),
        row => new HistoryRow((int)row.GetInt64(0), (byte)row.GetInt16(1), row.GetInt64(2), row.GetFieldValue<byte[]>(3)),
        shard.Number, key, (short)part, fromInMs, toInMs, limit));

    public IReadOnlyList<JournalRow> ReadJournal(ShardId shard, string key, int limit) => On(connection => ReadAll(
        connection,
        "SELECT at_in_ms, type, body FROM journal WHERE shard = $1 AND key = $2 ORDER BY id DESC LIMIT $3",
        row => new JournalRow(key, row.GetInt64(0), row.GetString(1), row.GetFieldValue<byte[]>(2)),
        shard.Number, key, limit));

    // Several nodes may prune at once: each passes by what another is about to delete.
    public int Prune(string collection, long doneBeforeInMs, int keep = int.MaxValue) => On(connection =>
    {
        int done = Execute(
            connection,
            """
            DELETE FROM documents WHERE ctid = ANY (ARRAY
                (SELECT ctid FROM documents WHERE collection = $1 AND done_in_ms < $2 ORDER BY done_in_ms LIMIT $3 FOR UPDATE SKIP LOCKED))
            """,
            collection, doneBeforeInMs, IStore.PrunedAtOnce);
        long excess = keep == int.MaxValue ? 0 : Math.Min(CountOf(connection, collection) - keep, IStore.PrunedAtOnce - done);
        return excess <= 0
            ? done
            : done + Execute(
                connection,
                """
                DELETE FROM documents WHERE ctid = ANY (ARRAY
                    (SELECT ctid FROM documents WHERE collection = $1 ORDER BY at_in_ms, id DESC LIMIT $2 FOR UPDATE SKIP LOCKED))
                """,
                collection, excess);
    });

    public int PruneHistory(byte part, long writtenBeforeInMs) => On(connection => Execute(
        connection,
        """
        DELETE FROM history WHERE ctid = ANY (ARRAY
            (SELECT ctid FROM history
            WHERE part = $1 AND written_in_ms < $3 AND id <= (SELECT max(id) FROM (SELECT id FROM history WHERE part = $1 ORDER BY id LIMIT $2) AS first)
            FOR UPDATE SKIP LOCKED))
        """,
        (short)part, IStore.PrunedAtOnce, writtenBeforeInMs));

    public int PruneJournal(long writtenBeforeInMs) => On(connection => Execute(
        connection,
        """
        DELETE FROM journal WHERE ctid = ANY (ARRAY
            (SELECT ctid FROM journal
            WHERE written_in_ms < $2 AND id <= (SELECT max(id) FROM (SELECT id FROM journal ORDER BY id LIMIT $1) AS first)
            FOR UPDATE SKIP LOCKED))
        """,
        IStore.PrunedAtOnce, writtenBeforeInMs));

    public void Dispose()
    {
        _isOpen = false;
        _source.Dispose();
    }

    /// <summary>Reads one shard row from a statement that starts with <see cref="SelectShards"/>.</summary>
    internal static ShardState ToState(NpgsqlDataReader row) => new(
        row.GetInt32(0), row.IsDBNull(1) ? null : row.GetString(1), row.GetInt64(2), row.GetInt64(3), row.GetInt64(4), row.GetString(5), row.GetInt32(6),
        row.GetInt64(7), row.GetInt64(8), row.GetInt64(9), row.GetInt32(10), new Attempted(row.GetInt64(11), row.GetInt64(12)));

    internal static List<NodeRow> ReadNodes(NpgsqlConnection connection) => ReadAll(
        connection,
        $"SELECT name, process, url, version, state, schema, started_at, {Now} - seen_at FROM nodes WHERE seen_at >= {Now} - 86400000 ORDER BY name",
        row => new NodeRow(
            row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), (NodeState)row.GetInt16(4), row.GetInt32(5),
            DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(6)), TimeSpan.FromMilliseconds(Math.Max(0, row.GetInt64(7)))));

    /// <summary>From previous_owner, was_drained, stopped_at, released_at, taken_at and resumed_at.</summary>
    private static ShardHandover? ToHandover(NpgsqlDataReader row, int at)
    {
        long? Time(int column) => row.IsDBNull(at + column) ? null : row.GetInt64(at + column);
        return row.IsDBNull(at) ? null : ShardState.HandoverOf(row.GetString(at), row.GetBoolean(at + 1), Time(2), Time(3), Time(4), Time(5));
    }

    /// <summary>The shard's row, made if need be, locked until the transaction ends.</summary>
    private static ShardState Lock(NpgsqlConnection connection, int shard)
    {
        Execute(
            connection,
            """
            INSERT INTO shards (number, epoch, commit_number, next_offset, incarnation, generation, urgent_number, bulk_number, claimed_at)
            VALUES ($1, 0, 0, 0, '', 0, 0, 0, 0) ON CONFLICT (number) DO NOTHING
            """,
            shard);
        return ReadAll(connection, SelectShards + " WHERE number = $1 FOR UPDATE", ToState, shard)[0];
    }

    private static long CountOf(NpgsqlConnection connection, string collection) =>
        ReadAll(connection, "SELECT count(*) FROM documents WHERE collection = $1", row => row.GetInt64(0), collection)[0];

    private static List<T> ReadAll<T>(NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> toRow, params ReadOnlySpan<object> values)
    {
        using NpgsqlCommand command = Command(connection, sql, values);
        using NpgsqlDataReader rows = command.ExecuteReader();
        List<T> read = [];
        while (rows.Read())
        {
            read.Add(toRow(rows));
        }

        return read;
    }

    private static int Execute(NpgsqlConnection connection, string sql, params ReadOnlySpan<object> values)
    {
        using NpgsqlCommand command = Command(connection, sql, values);
        return command.ExecuteNonQuery();
    }

    private static NpgsqlCommand Command(NpgsqlConnection connection, string sql, ReadOnlySpan<object> values)
    {
        NpgsqlCommand command = new(sql, connection);
        foreach (object value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }

    /// <summary>Runs on a pooled connection, and again on another one after a fault that passes.</summary>
    internal T On<T>(Func<NpgsqlConnection, T> use)
    {
        if (!_isOpen)
        {
            throw new InvalidOperationException($"{_name} is not open: call Open first, and nothing after Dispose.");
        }

        for (int attempt = 0; ; attempt++)
        {
            try
            {
                using NpgsqlConnection connection = _source.OpenConnection();
                return use(connection);
            }
            catch (PostgresException fault) when (PostgresFaults.IsBrokenInvariant(fault))
            {
                throw new InvalidOperationException($"{_name}: {fault.MessageText}. The rows break a rule of the store; nothing was written.", fault);
            }
            catch (PostgresException fault) when (PostgresFaults.IsRefused(fault))
            {
                throw new StoreUnavailableException($"{_name} refuses this node: {fault.MessageText}. Check database, user, password and rights.", fault);
            }
            catch (Exception fault) when (PostgresFaults.IsUnavailable(fault))
            {
                if (attempt == Pauses.Length)
                {
                    throw new StoreUnavailableException($"{_name} did not answer as it should, {attempt + 1} times: {fault.Message}", fault);
                }

                Thread.Sleep(Pauses[attempt]);
            }
        }
    }
}
