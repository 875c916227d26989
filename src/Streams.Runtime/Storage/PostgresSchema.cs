using System.Globalization;
using Npgsql;

namespace Streams.Runtime.Storage;

/// <summary>PostgreSQL's tables, as a list of migrations: version n is what the first n of them make. PostgreSQL 14 or later, built with LZ4 as packages are.</summary>
internal static class PostgresSchema
{
    internal static readonly Migration[] Migrations = [new(First), new(Attempts), new(Retention), new(Nodes), new(People), new(Sections)];

    /// <summary>Nodes that start together line up on this advisory lock; any constant will do that nobody else uses in the database.</summary>
    private const long MigrationLock = 0x53_74_72_65_61_6d_73;

    public static int Version => Migrations.Length;

    // Text is compared by bytes, as SQLite does and as paging and scopes need. Tables that churn are vacuumed by count, not by share of their size.
    // What is written over and over (shards, actors, timers) has room on its page and no index on what changes, so that an update stays on
    // the page and the space is used again at once: with the due time indexed among the actors, 84,000 updates of 10,000 snapshots of 3 KB
    // grew the table to 370 MB at 12,000 rows/s, without to 79 MB at 17,000. Due times are in a narrow table instead, which a shard's range
    // of reads in a millisecond. Snapshots stay in the row (MAIN): moved out, each write is an insert and a delete of two rows more.
    private const string First = """
        CREATE TABLE shards (
            number int PRIMARY KEY, owner text, epoch bigint NOT NULL, commit_number bigint NOT NULL, next_offset bigint NOT NULL,
            incarnation text NOT NULL, generation int NOT NULL, urgent_number bigint NOT NULL, bulk_number bigint NOT NULL,
            claimed_at bigint NOT NULL)
            WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
        CREATE TABLE actors (
            id bigint PRIMARY KEY, shard int NOT NULL, key text COLLATE "C" NOT NULL, snapshot bytea COMPRESSION lz4 NOT NULL)
            WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
        ALTER TABLE actors ALTER snapshot SET STORAGE MAIN;
        CREATE UNIQUE INDEX actors_key ON actors (shard, key);
        CREATE TABLE timers (
            id bigint PRIMARY KEY, due_in_ms bigint)
            WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
        CREATE TABLE outbox (
            shard int NOT NULL, lane smallint NOT NULL, first_number bigint NOT NULL, last_number bigint NOT NULL, count int NOT NULL,
            records bytea NOT NULL, PRIMARY KEY (shard, lane, last_number))
            WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
        ALTER TABLE outbox ALTER records SET STORAGE EXTERNAL;
        CREATE TABLE journal (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, shard int NOT NULL, key text COLLATE "C" NOT NULL, at_in_ms bigint NOT NULL,
            type text NOT NULL, body bytea NOT NULL);
        CREATE INDEX journal_key ON journal (shard, key, id);
        CREATE INDEX journal_at ON journal (at_in_ms);
        CREATE TABLE documents (
            collection text COLLATE "C" NOT NULL, id text COLLATE "C" NOT NULL, scope text COLLATE "C" NOT NULL,
            category text COLLATE "C" NOT NULL, state text COLLATE "C" NOT NULL, at_in_ms bigint NOT NULL, body bytea NOT NULL,
            PRIMARY KEY (collection, id))
            WITH (autovacuum_vacuum_scale_factor = 0.05);
        CREATE INDEX documents_at ON documents (collection, at_in_ms DESC, id, scope, state);
        CREATE INDEX documents_category ON documents (collection, category, at_in_ms DESC, id, scope, state);
        CREATE TABLE history (
            actor_id bigint NOT NULL, sequence bigint NOT NULL, from_in_ms bigint NOT NULL, to_in_ms bigint NOT NULL, body bytea NOT NULL,
            PRIMARY KEY (actor_id, sequence));
        CREATE INDEX history_actor_to ON history (actor_id, to_in_ms);
        CREATE INDEX history_to ON history (to_in_ms);
        """;

    private const string Attempts = """
        ALTER TABLE shards ADD COLUMN idle_claims int NOT NULL DEFAULT 0, ADD COLUMN trying_from bigint NOT NULL DEFAULT 0,
            ADD COLUMN trying_count bigint NOT NULL DEFAULT 0
        """;

    // History by parts: the oldest of a part, which alone is deleted, are first in the key, and one index more finds an actor's rows.
    // Old rows held windows of all sizes (part 4). When they were written is not known, nor when what is done was: their retention runs from now.
    private const string Retention = """
        ALTER TABLE history RENAME TO history_mixed;
        CREATE TABLE history (
            part smallint NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY, actor_id bigint NOT NULL, from_in_ms bigint NOT NULL,
            written_in_ms bigint NOT NULL, body bytea NOT NULL, PRIMARY KEY (part, id))
            WITH (autovacuum_vacuum_scale_factor = 0.05);
        ALTER TABLE history ALTER body SET STORAGE EXTERNAL;
        INSERT INTO history (part, actor_id, from_in_ms, written_in_ms, body)
            SELECT 4, actor_id, from_in_ms, (extract(epoch FROM now()) * 1000)::bigint, body FROM history_mixed ORDER BY actor_id, sequence;
        CREATE INDEX history_actor ON history (actor_id, part, from_in_ms);
        DROP TABLE history_mixed;
        DROP INDEX journal_at;
        ALTER TABLE journal ADD COLUMN written_in_ms bigint NOT NULL DEFAULT (extract(epoch FROM now()) * 1000)::bigint;
        ALTER TABLE documents ADD COLUMN done_in_ms bigint;
        UPDATE documents SET done_in_ms = (extract(epoch FROM now()) * 1000)::bigint
            WHERE collection IN ('alerts', 'anomalies') AND state IN ('cleared', 'expired', 'cancelled');
        UPDATE documents SET done_in_ms = at_in_ms WHERE collection = 'dead-letters';
        CREATE INDEX documents_done ON documents (collection, done_in_ms) WHERE done_in_ms IS NOT NULL;
        """;

    // Who runs, how shards changed hands, and what the store was before it was restored. Nodes of before write none of it, and go on beside it.
    private const string Nodes = """
        CREATE TABLE nodes (
            name text COLLATE "C" PRIMARY KEY, process text NOT NULL, url text NOT NULL, version text NOT NULL, state smallint NOT NULL, schema int NOT NULL,
            started_at bigint NOT NULL, seen_at bigint NOT NULL)
            WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
        ALTER TABLE shards ADD COLUMN previous_owner text, ADD COLUMN was_drained boolean NOT NULL DEFAULT false, ADD COLUMN stopped_at bigint,
            ADD COLUMN released_at bigint, ADD COLUMN taken_at bigint, ADD COLUMN resumed_at bigint;
        CREATE TABLE ended_lineages (lineage bigint NOT NULL, source int NOT NULL, number bigint NOT NULL, PRIMARY KEY (lineage, source))
        """;

    // Who may act, and who did what. The chain's row is locked while an entry takes its number. Programs of before know nothing of it, and go on beside it.
    private const string People = """
        CREATE TABLE tokens (
            name text COLLATE "C" PRIMARY KEY, hash text NOT NULL UNIQUE, roles text NOT NULL, area text, created_at bigint NOT NULL, created_by text NOT NULL,
            expires_at bigint, last_used_at bigint, revoked_at bigint);
        CREATE TABLE audit (
            number bigint PRIMARY KEY, id text NOT NULL UNIQUE, at_in_ms bigint NOT NULL, actor text COLLATE "C" NOT NULL, action text COLLATE "C" NOT NULL,
            body bytea NOT NULL);
        CREATE INDEX audit_actor ON audit (actor, number);
        CREATE INDEX audit_action ON audit (action, number);
        CREATE TABLE audit_chain (
            id int PRIMARY KEY CHECK (id = 1), head_number bigint NOT NULL, head_hash text NOT NULL, anchor_number bigint NOT NULL, anchor_hash text NOT NULL,
            published_through bigint NOT NULL)
            WITH (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
        INSERT INTO audit_chain VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000', 0, '0000000000000000000000000000000000000000000000000000000000000000', 0)
        """;

    // Parts of snapshots that are written by themselves. Programs of before write none, and refuse what was written with them.
    private const string Sections = """
        CREATE TABLE sections (
            actor_id bigint NOT NULL, number bigint NOT NULL, body bytea NOT NULL, PRIMARY KEY (actor_id, number))
            WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05)
        """;

    /// <summary>Brings the schema to <see cref="Version"/> and checks the layout, in one transaction; of several nodes, one at a time.</summary>
    /// <returns>The store's lineage and its nodes' secret.</returns>
    /// <exception cref="StoreMismatchException">See <see cref="LayoutCheck"/>.</exception>
    public static (long Lineage, string NodeSecret) Migrate(NpgsqlConnection connection, StoreLayout layout, string store) => Migrate(connection, layout, store, Migrations);

    /// <param name="migrations">All there are; a test's may be others than the program's.</param>
    internal static (long Lineage, string NodeSecret) Migrate(NpgsqlConnection connection, StoreLayout layout, string store, IReadOnlyList<Migration> migrations)
    {
        using NpgsqlTransaction transaction = connection.BeginTransaction();
        Execute(connection, string.Create(CultureInfo.InvariantCulture, $"SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock({MigrationLock})"));
        Execute(connection, "CREATE TABLE IF NOT EXISTS meta (key text PRIMARY KEY, value text NOT NULL)");
        Dictionary<string, string> stored = ReadMeta(connection);
        int version = LayoutCheck.VersionOf(stored.GetValueOrDefault(LayoutCheck.SchemaVersion), migrations.Count, store);
        IReadOnlyList<KeyValuePair<string, string>> missing = LayoutCheck.Check(layout, stored, store);
        Migration.Check(migrations, version, () => PostgresStore.ReadNodes(connection), store);
        for (int i = version; i < migrations.Count; i++)
        {
            Execute(connection, migrations[i].Sql);
        }

        WriteMeta(connection, LayoutCheck.SchemaVersion, migrations.Count.ToString(CultureInfo.InvariantCulture));
        foreach ((string key, string value) in missing)
        {
            WriteMeta(connection, key, value);
        }

        transaction.Commit();
        return (LayoutCheck.LineageOf(stored, missing), LayoutCheck.Of(stored, missing, LayoutCheck.NodeSecretKey));
    }

    public static void WriteMeta(NpgsqlConnection connection, string key, string value)
    {
        using NpgsqlCommand write = new("INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value", connection);
        write.Parameters.Add(new NpgsqlParameter<string> { TypedValue = key });
        write.Parameters.Add(new NpgsqlParameter<string> { TypedValue = value });
        write.ExecuteNonQuery();
    }

    private static Dictionary<string, string> ReadMeta(NpgsqlConnection connection)
    {
        using NpgsqlCommand read = new("SELECT key, value FROM meta", connection);
        using NpgsqlDataReader rows = read.ExecuteReader();
        Dictionary<string, string> stored = [];
        while (rows.Read())
        {
            stored.Add(rows.GetString(0), rows.GetString(1));
        }

        return stored;
    }

    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using NpgsqlCommand command = new(sql, connection);
        command.ExecuteNonQuery();
    }
}
