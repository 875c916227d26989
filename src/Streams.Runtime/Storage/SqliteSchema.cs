using System.Globalization;

namespace Streams.Runtime.Storage;

/// <summary>SQLite's tables, as a list of migrations: version n is what the first n of them make.</summary>
internal static class SqliteSchema
{
    internal static readonly Migration[] Migrations = [new(First), new(Attempts), new(Retention), new(Nodes), new(People), new(Sections)];

    public static int Version => Migrations.Length;

    // Large rows (snapshots, chunks, bodies) are kept in rowid tables: a WITHOUT ROWID table stores them inside its tree's inner nodes.
    // An actor's number is its rowid, so a sweep in key order walks the table once.
    // Documents are read newest first, with or without a category, so two indexes hold that order, and what else is filtered by: a scope or
    // state that is rare then costs a walk over index entries, not over rows (100,000 documents: 15 ms, not 900).
    private const string First = """
        CREATE TABLE shards (
            number INTEGER PRIMARY KEY, owner TEXT, epoch INTEGER NOT NULL, commit_number INTEGER NOT NULL, next_offset INTEGER NOT NULL,
            incarnation TEXT NOT NULL, generation INTEGER NOT NULL, urgent_number INTEGER NOT NULL, bulk_number INTEGER NOT NULL,
            claimed_at INTEGER NOT NULL);
        CREATE TABLE actors (
            id INTEGER PRIMARY KEY, shard INTEGER NOT NULL, key TEXT NOT NULL, due_in_ms INTEGER, snapshot BLOB NOT NULL);
        CREATE UNIQUE INDEX actors_key ON actors (shard, key);
        CREATE INDEX actors_due ON actors (shard, due_in_ms) WHERE due_in_ms IS NOT NULL;
        CREATE TABLE outbox (
            shard INTEGER NOT NULL, lane INTEGER NOT NULL, first_number INTEGER NOT NULL, last_number INTEGER NOT NULL,
            count INTEGER NOT NULL, records BLOB NOT NULL);
        CREATE UNIQUE INDEX outbox_number ON outbox (shard, lane, last_number);
        CREATE TABLE journal (
            id INTEGER PRIMARY KEY, shard INTEGER NOT NULL, key TEXT NOT NULL, at_in_ms INTEGER NOT NULL,
            type TEXT NOT NULL, body BLOB NOT NULL);
        CREATE INDEX journal_key ON journal (shard, key, id);
        CREATE INDEX journal_at ON journal (at_in_ms);
        CREATE TABLE documents (
            collection TEXT NOT NULL, id TEXT NOT NULL, scope TEXT NOT NULL, category TEXT NOT NULL, state TEXT NOT NULL,
            at_in_ms INTEGER NOT NULL, body BLOB NOT NULL);
        CREATE UNIQUE INDEX documents_id ON documents (collection, id);
        CREATE INDEX documents_at ON documents (collection, at_in_ms DESC, id, scope, state);
        CREATE INDEX documents_category ON documents (collection, category, at_in_ms DESC, id, scope, state);
        CREATE TABLE history (
            actor_id INTEGER NOT NULL, sequence INTEGER NOT NULL, from_in_ms INTEGER NOT NULL, to_in_ms INTEGER NOT NULL, body BLOB NOT NULL);
        CREATE UNIQUE INDEX history_sequence ON history (actor_id, sequence);
        CREATE INDEX history_actor_to ON history (actor_id, to_in_ms);
        CREATE INDEX history_to ON history (to_in_ms);
        """;

    private const string Attempts = """
        ALTER TABLE shards ADD COLUMN idle_claims INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE shards ADD COLUMN trying_from INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE shards ADD COLUMN trying_count INTEGER NOT NULL DEFAULT 0;
        """;

    // History by parts: the part stands in the id's upper bits, so that each fills pages of its own in the order of writing, and what is deleted, always
    // the oldest of a part, leaves whole pages free. One index finds an actor's rows; the three before took a fifth of the table.
    // Old rows held windows of all sizes (part 4). When they were written is not known, nor when what is done was: their retention runs from now.
    private const string Retention = """
        ALTER TABLE history RENAME TO history_mixed;
        CREATE TABLE history (
            id INTEGER PRIMARY KEY, actor_id INTEGER NOT NULL, part INTEGER NOT NULL, from_in_ms INTEGER NOT NULL, written_in_ms INTEGER NOT NULL,
            body BLOB NOT NULL);
        INSERT INTO history (id, actor_id, part, from_in_ms, written_in_ms, body)
            SELECT (4 << 48) + rowid, actor_id, 4, from_in_ms, unixepoch() * 1000, body FROM history_mixed ORDER BY rowid;
        CREATE INDEX history_actor ON history (actor_id, part, from_in_ms);
        DROP TABLE history_mixed;
        DROP INDEX journal_at;
        ALTER TABLE journal ADD COLUMN written_in_ms INTEGER NOT NULL DEFAULT 0;
        UPDATE journal SET written_in_ms = unixepoch() * 1000;
        ALTER TABLE documents ADD COLUMN done_in_ms INTEGER;
        UPDATE documents SET done_in_ms = unixepoch() * 1000
            WHERE collection IN ('alerts', 'anomalies') AND state IN ('cleared', 'expired', 'cancelled');
        UPDATE documents SET done_in_ms = at_in_ms WHERE collection = 'dead-letters';
        CREATE INDEX documents_done ON documents (collection, done_in_ms) WHERE done_in_ms IS NOT NULL;
        """;

    // As PostgreSQL's: who runs, and how shards changed hands.
    private const string Nodes = """
        CREATE TABLE nodes (
            name TEXT PRIMARY KEY, process TEXT NOT NULL, url TEXT NOT NULL, version TEXT NOT NULL, state INTEGER NOT NULL, schema INTEGER NOT NULL,
            started_at INTEGER NOT NULL, seen_at INTEGER NOT NULL);
        ALTER TABLE shards ADD COLUMN previous_owner TEXT;
        ALTER TABLE shards ADD COLUMN was_drained INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE shards ADD COLUMN stopped_at INTEGER;
        ALTER TABLE shards ADD COLUMN released_at INTEGER;
        ALTER TABLE shards ADD COLUMN taken_at INTEGER;
        ALTER TABLE shards ADD COLUMN resumed_at INTEGER;
        CREATE TABLE ended_lineages (lineage INTEGER NOT NULL, source INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (lineage, source));
        """;

    // As PostgreSQL's: who may act, and who did what.
    private const string People = """
        CREATE TABLE tokens (
            name TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, roles TEXT NOT NULL, area TEXT, created_at INTEGER NOT NULL, created_by TEXT NOT NULL,
            expires_at INTEGER, last_used_at INTEGER, revoked_at INTEGER);
        CREATE TABLE audit (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, at_in_ms INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, body BLOB NOT NULL);
        CREATE INDEX audit_actor ON audit (actor, number);
        CREATE INDEX audit_action ON audit (action, number);
        CREATE TABLE audit_chain (
            id INTEGER PRIMARY KEY CHECK (id = 1), head_number INTEGER NOT NULL, head_hash TEXT NOT NULL, anchor_number INTEGER NOT NULL, anchor_hash TEXT NOT NULL,
            published_through INTEGER NOT NULL);
        INSERT INTO audit_chain VALUES (1, 0, '0000000000000000000000000000000000000000000000000000000000000000', 0, '0000000000000000000000000000000000000000000000000000000000000000', 0);
        """;

    // Small rows that are read all of an actor's at once: they lie together in the tree.
    private const string Sections = "CREATE TABLE sections (actor_id INTEGER NOT NULL, number INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (actor_id, number)) WITHOUT ROWID";

    /// <summary>Brings the schema to <see cref="Version"/> and checks the layout, in one transaction.</summary>
    /// <returns>The store's lineage and its nodes' secret.</returns>
    /// <exception cref="StoreMismatchException">See <see cref="LayoutCheck"/>.</exception>
    public static (long Lineage, string NodeSecret) Migrate(SqliteDatabase database, StoreLayout layout, string store)
    {
        database.Begin();
        try
        {
            database.Execute("CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID");
            Dictionary<string, string> stored = ReadMeta(database);
            int version = LayoutCheck.VersionOf(stored.GetValueOrDefault(LayoutCheck.SchemaVersion), Version, store);
            IReadOnlyList<KeyValuePair<string, string>> missing = LayoutCheck.Check(layout, stored, store);
            for (int i = version; i < Version; i++)
            {
                database.Execute(Migrations[i].Sql);
            }

            WriteMeta(database, LayoutCheck.SchemaVersion, Version.ToString(CultureInfo.InvariantCulture));
            foreach ((string key, string value) in missing)
            {
                WriteMeta(database, key, value);
            }

            database.Commit();
            return (LayoutCheck.LineageOf(stored, missing), LayoutCheck.Of(stored, missing, LayoutCheck.NodeSecretKey));
        }
        catch
        {
            database.Rollback();
            throw;
        }
    }

    public static void WriteMeta(SqliteDatabase database, string key, string value) =>
        database.Prepare("INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET value = excluded.value").Bind(1, key).Bind(2, value).Run();

    public static Dictionary<string, string> ReadMeta(SqliteDatabase database)
    {
        Dictionary<string, string> stored = [];
        SqliteStatement read = database.Prepare("SELECT key, value FROM meta");
        while (read.Step())
        {
            stored.Add(read.Text(0), read.Text(1));
        }

        read.Reset();
        return stored;
    }
}
