using System.Globalization;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Tests.Storage;

/// <summary>The spec on a database file, and what only a file can get wrong.</summary>
public sealed class SqliteStoreSpec : StoreSpec
{
    private readonly string _folder = Streams.Tests.TemporaryFolder.Create("streams-store-");

    private string DatabasePath => Path.Combine(_folder, "new", "city.db");

    protected override IStore Connect() => new SqliteStore(DatabasePath);

    protected override void Delete() => Directory.Delete(_folder, recursive: true);

    protected override void SetSchemaVersion(int version)
    {
        using SqliteDatabase database = SqliteDatabase.Open(DatabasePath, writable: true);
        SqliteSchema.WriteMeta(database, LayoutCheck.SchemaVersion, version.ToString(CultureInfo.InvariantCulture));
    }

    protected override bool MakeVersionTwo(string rows)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(DatabasePath)!);
        using SqliteDatabase database = SqliteDatabase.Open(DatabasePath, writable: true);
        database.Execute("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID; INSERT INTO meta VALUES ('schema_version', '2')");
        database.Execute(string.Join('\n', SqliteSchema.Migrations[..2].Select(step => step.Sql)) + rows);
        return true;
    }

    protected override void Tamper(string sql) => SqliteStoreSpec.TamperIn((SqliteStore)Opened, sql);

    protected override string Explain(bool newestFirst) => PlanIn((SqliteStore)Opened, newestFirst);

    internal static void TamperIn(SqliteStore store, string sql) => store.OnWriter(database =>
    {
        database.Execute(sql);
        return true;
    });

    internal static string PlanIn(SqliteStore store, bool newestFirst) => store.OnWriter(database =>
    {
        SqliteStatement plan = database.Prepare("EXPLAIN QUERY PLAN " + HistorySql.For('?', newestFirst));
        List<string> steps = [];
        while (plan.Step())
        {
            steps.Add(plan.Text(3));
        }

        plan.Reset();
        return string.Join('\n', steps);
    });

    [Fact]
    public void A_second_node_on_the_same_file_is_refused_and_told_who_has_it()
    {
        using IStore first = Connect();
        first.Open(Layout);
        using IStore second = Connect();

        StoreMismatchException refused = Assert.Throws<StoreMismatchException>(() => second.Open(Layout));

        Assert.Contains($"node 'node-1', process {Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
        Assert.Contains("PostgreSQL", refused.Message, StringComparison.Ordinal);
        first.Dispose();
        second.Open(Layout);
        Assert.Empty(second.ReadShards());
    }

    [Fact]
    public void A_file_that_is_not_a_database_is_refused_and_left_as_it_is()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(DatabasePath)!);
        File.WriteAllText(DatabasePath, new string('x', 5000));
        using IStore store = Connect();

        Assert.Contains("is not a SQLite database", Assert.Throws<StoreMismatchException>(() => store.Open(Layout)).Message, StringComparison.Ordinal);
        Assert.Equal(5000, new FileInfo(DatabasePath).Length);
    }

    [Fact]
    public void The_writer_syncs_every_commit_to_the_disk_through_the_write_ahead_log()
    {
        using SqliteStore store = new(DatabasePath);
        store.Open(Layout);

        Assert.Equal("wal", store.OnWriter(database => Setting(database, "journal_mode")));
        Assert.Equal("2", store.OnWriter(database => Setting(database, "synchronous")));
        Assert.Equal("16384", store.OnWriter(database => Setting(database, "page_size")));

        static string Setting(SqliteDatabase database, string name)
        {
            SqliteStatement read = database.Prepare($"PRAGMA {name}");
            read.Step();
            string value = read.Text(0);
            read.Reset();
            return value;
        }
    }

    [Fact]
    public void A_reader_sees_the_last_commit_while_another_is_being_written()
    {
        using IStore store = Connect();
        store.Open(Layout);
        ShardOwner owner = new(store, new ShardId(1, 0));
        owner.Write(owner.WithActor(1, 0, "d-0", "committed"));
        using SqliteDatabase writer = SqliteDatabase.Open(DatabasePath, writable: true);
        writer.Begin();
        writer.Execute("UPDATE actors SET snapshot = 'half'");

        Assert.Equal("committed"u8, Assert.Single(store.Load(new ShardId(1, 0), ["d-0"])).Snapshot);
        writer.Rollback();
    }

    [Fact]
    public void What_was_committed_is_there_after_a_crash()
    {
        using IStore store = Connect();
        store.Open(Layout);
        ShardOwner owner = new(store, new ShardId(1, 0));
        owner.Write(owner.WithActor(1, 0, "d-0", "committed"));

        // What a killed process leaves behind: the files as they are, nothing closed, no checkpoint made.
        string left = Path.Combine(_folder, "left.db");
        File.Copy(DatabasePath, left);
        File.Copy(DatabasePath + "-wal", left + "-wal");
        using SqliteStore restarted = new(left);
        restarted.Open(Layout);

        Assert.Equal("committed"u8, Assert.Single(restarted.Load(new ShardId(1, 0), ["d-0"])).Snapshot);
    }

    [Fact]
    public void The_write_ahead_log_stays_bounded()
    {
        using IStore store = Connect();
        store.Open(Layout);
        ShardOwner owner = new(store, new ShardId(1, 0));
        byte[] snapshot = new byte[1 << 20];
        for (int i = 0; i < 300; i++)
        {
            ShardCommit commit = owner.Next(i);
            commit.Actors.Add(new ActorRow(i % 3, $"d-{i % 3}", i < 3, null, snapshot));
            owner.Write(commit);
        }

        Assert.InRange(new FileInfo(DatabasePath + "-wal").Length, 1, 100L << 20);
    }

    [Fact]
    public void A_full_disk_fails_the_commit_and_the_next_one_goes_through()
    {
        using SqliteStore store = new(DatabasePath);
        store.Open(Layout);
        ShardOwner owner = new(store, new ShardId(1, 0));
        ShardCommit large = owner.Next(5);
        large.Actors.Add(new ActorRow(0, "d-0", true, null, new byte[1 << 20]));
        LimitPages(40);

        StoreUnavailableException thrown = Assert.Throws<StoreUnavailableException>(() => owner.Write(large));
        Assert.Contains("no space left", thrown.Message, StringComparison.Ordinal);
        Assert.Equal(0, Assert.Single(store.ReadShards()).NextOffset);

        LimitPages(0x3fffffff);
        Assert.Equal(CommitResult.Written, owner.Write(large));
        Assert.Equal(5, Assert.Single(store.ReadShards()).NextOffset);

        void LimitPages(int pages) => store.OnWriter(database =>
        {
            database.Execute($"PRAGMA max_page_count = {pages}");
            return pages;
        });
    }
}

/// <summary>The spec on the store that simulations use.</summary>
public sealed class SqliteInMemoryStoreSpec : StoreSpec
{
    private SqliteStore? _store;

    protected override bool SurvivesRestart => false;

    protected override bool MakeVersionTwo(string rows) => false;

    protected override void Tamper(string sql) => SqliteStoreSpec.TamperIn((SqliteStore)Opened, sql);

    protected override string Explain(bool newestFirst) => SqliteStoreSpec.PlanIn((SqliteStore)Opened, newestFirst);

    protected override IStore Connect() => _store = SqliteStore.InMemory();

    protected override void SetSchemaVersion(int version) => _store!.OnWriter(database =>
    {
        SqliteSchema.WriteMeta(database, LayoutCheck.SchemaVersion, version.ToString(CultureInfo.InvariantCulture));
        return version;
    });
}
