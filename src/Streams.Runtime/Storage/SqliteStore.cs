using System.Collections.Concurrent;
using System.Globalization;
using Streams.Runtime.Audit;

namespace Streams.Runtime.Storage;

/// <summary>
/// State in one SQLite file, for one node: one connection writes, others read beside it (WAL). A commit is on the disk when it returns.
/// The file is this process's alone: SQLite does not follow a partition to another node, so a second one is refused.
/// </summary>
public sealed partial class SqliteStore : IStore
{
    private const string Memory = ":memory:";

    // 16 KB pages: four or five snapshots to a page, which halved the slowest commits at 100,000 devices.
    // FULL: a published message must never outlive its commit. The writer itself checkpoints every 4,000 pages (64 MB): a checkpointer
    // beside it does not keep up, and a smaller limit writes hot pages back too often.
    private const string Settings = """
        PRAGMA page_size = 16384;
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA wal_autocheckpoint = 4000;
        PRAGMA journal_size_limit = 134217728;
        PRAGMA cache_size = -65536;
        PRAGMA temp_store = MEMORY;
        PRAGMA busy_timeout = 5000;
        """;

    /// <summary>This machine's clock, in Unix milliseconds.</summary>
    internal const string Now = "CAST(unixepoch('subsec') * 1000 AS INTEGER)";

    private const string ReaderSettings = "PRAGMA busy_timeout = 5000; PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;";

    private readonly string _path;
    private readonly Lock _writing = new();
    private readonly ConcurrentBag<SqliteDatabase> _readers = [];
    private SqliteDatabase? _database;
    private SqliteWriter? _writer;
    private FileStream? _lock;

    /// <param name="path">The database file; it and its folder are created. Beside it lie SQLite's own <c>-wal</c> and <c>-shm</c>, and a <c>.lock</c>.</param>
    public SqliteStore(string path) => _path = path == Memory ? path : Path.GetFullPath(path);

    /// <summary>A store that lives in this object: for simulations, thousands of them. Reads wait for writes.</summary>
    public static SqliteStore InMemory() => new(Memory);

    public long Lineage { get; private set; }

    public string NodeSecret { get; private set; } = "";

    public EndedLineages Ended { get; private set; } = EndedLineages.None;

    public int SchemaVersion => SqliteSchema.Version;

    private bool IsInMemory => _path == Memory;

    public void Open(StoreLayout layout)
    {
        lock (_writing)
        {
            if (_database is not null)
            {
                (Lineage, NodeSecret) = SqliteSchema.Migrate(_database, layout, Describe());
                Ended = ReadEnded(_database);
                return;
            }

            try
            {
                if (!IsInMemory)
                {
                    Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
                    _lock = TakeLock();
                }

                _database = SqliteDatabase.Open(_path, writable: true);
                _database.Execute(IsInMemory ? "PRAGMA temp_store = MEMORY;" : Settings);
                (Lineage, NodeSecret) = SqliteSchema.Migrate(_database, layout, Describe());
                Ended = ReadEnded(_database);
                SqliteSchema.WriteMeta(_database, "opened_by", string.Create(
                    CultureInfo.InvariantCulture, $"node '{layout.Owner}', process {Environment.ProcessId} on {Environment.MachineName}"));
                _writer = new SqliteWriter(_database);
            }
            catch
            {
                Close();
                throw;
            }
        }
    }

    public ShardClaim Claim(ShardId shard, string owner, string incarnation, DateTimeOffset now) =>
        Write(writer => writer.Claim(shard.Number, owner, incarnation, now.ToUnixTimeMilliseconds()));

    public void Release(ShardId shard, long epoch, TimeSpan stoppedAgo) =>
        Write(writer =>
        {
            writer.Release(shard.Number, epoch, stoppedAgo);
            return true;
        });

    public ShardHandover? Resumed(ShardId shard, long epoch, TimeSpan resumedAgo)
    {
        Write(writer =>
        {
            writer.Resumed(shard.Number, epoch, resumedAgo);
            return true;
        });
        return ReadShards().FirstOrDefault(row => row.Shard == shard && row.Epoch == epoch)?.Handover;
    }

    public IReadOnlyList<NodeRow> Beat(NodeRow self)
    {
        Write(writer =>
        {
            writer.Beat(self);
            return true;
        });
        return ReadNodes();
    }

    public IReadOnlyList<NodeRow> ReadNodes() => Read(database => ReadAll(
        database.Prepare($"SELECT name, process, url, version, state, schema, started_at, {Now} - seen_at FROM nodes WHERE seen_at >= {Now} - 86400000 ORDER BY name"),
        row => new NodeRow(
            row.Text(0), row.Text(1), row.Text(2), row.Text(3), (NodeState)row.Int32(4), row.Int32(5), DateTimeOffset.FromUnixTimeMilliseconds(row.Int64(6)),
            TimeSpan.FromMilliseconds(Math.Max(0, row.Int64(7))))));

    public void Try(ShardId shard, long epoch, Attempted records) =>
        Write(writer =>
        {
            writer.Try(shard.Number, epoch, records);
            return true;
        });

    public IReadOnlyList<CommitResult> Commit(IReadOnlyList<ShardCommit> commits) => Write(writer => writer.Commit(commits));

    public int Prune(string collection, long doneBeforeInMs, int keep = int.MaxValue) => Write(writer => writer.Prune(collection, doneBeforeInMs, keep));

    public int PruneHistory(byte part, long writtenBeforeInMs) => Write(writer => writer.PruneHistory(part, writtenBeforeInMs));

    public int PruneJournal(long writtenBeforeInMs) => Write(writer => writer.PruneJournal(writtenBeforeInMs));

    public IReadOnlyList<StoredActor> Load(ShardId shard, IReadOnlyCollection<string> keys) => Read(database =>
    {
        List<StoredActor> actors = new(keys.Count);
        SqliteStatement read = database.Prepare("SELECT id, due_in_ms, snapshot FROM actors WHERE shard = ?1 AND key = ?2").Bind(1, shard.Number);
        foreach (string key in keys)
        {
            read.Bind(2, key);
            if (read.Step())
            {
                actors.Add(new StoredActor((int)read.Int64(0), key, read.Int64OrNull(1), read.Blob(2)));
            }

            read.Reset();
        }

        return actors;
    });

    public IReadOnlyList<SectionRow> LoadSections(ShardId shard, int actorIndex) => Read(database => ReadAll(
        database.Prepare("SELECT number, body FROM sections WHERE actor_id = ?1 ORDER BY number").Bind(1, WriteSet.ActorId(shard.Number, actorIndex)),
        row => new SectionRow(actorIndex, row.Int64(0), row.Blob(1))));

    public IReadOnlyList<DueActor> LoadDue(ShardId shard, long beforeInMs, int limit) => Read(database => ReadAll(
        database.Prepare("SELECT key, due_in_ms FROM actors WHERE shard = ?1 AND due_in_ms < ?2 ORDER BY due_in_ms, id LIMIT ?3")
            .Bind(1, shard.Number).Bind(2, beforeInMs).Bind(3, limit),
        row => new DueActor(row.Text(0), row.Int64(1))));

    public IReadOnlyList<OutboxChunk> LoadOutbox(ShardId shard) => Read(database => ReadAll(
        database.Prepare("SELECT lane, first_number, count, records FROM outbox WHERE shard = ?1 ORDER BY lane, last_number").Bind(1, shard.Number),
        row => new OutboxChunk((Lane)row.Int32(0), row.Int64(1), row.Int32(2), row.Blob(3))));

    public int BeginLineage(AuditDraft? entry = null)
    {
        // The file's lock says that no node runs on it.
        return Write(writer => writer.BeginLineage(Lineage, entry));
    }

    public IReadOnlyDictionary<int, long> ReadNumbers() => Read(database => ReadAll(
        database.Prepare("SELECT number, urgent_number, bulk_number FROM shards"), row => (Shard: row.Int32(0), Urgent: row.Int64(1), Bulk: row.Int64(2))))
        .SelectMany(row => new[] { (Source: row.Shard * 2, Number: row.Urgent), (Source: (row.Shard * 2) + 1, Number: row.Bulk) }).ToDictionary(row => row.Source, row => row.Number);

    public IReadOnlyList<ShardRow> ReadShards() => Read(database => ReadAll(
        database.Prepare("""
            SELECT number, owner, epoch, next_offset, generation, claimed_at, incarnation, previous_owner, was_drained, stopped_at, released_at, taken_at, resumed_at
            FROM shards ORDER BY number
            """),
        row => new ShardRow(
            ShardId.FromNumber(row.Int32(0)), row.TextOrNull(1), row.Int64(2), row.Int64(3), row.Int32(4), DateTimeOffset.FromUnixTimeMilliseconds(row.Int64(5)), row.Text(6))
        {
            Handover = row.TextOrNull(7) is { } from
                ? ShardState.HandoverOf(from, row.Int64(8) != 0, row.Int64OrNull(9), row.Int64OrNull(10), row.Int64OrNull(11), row.Int64OrNull(12))
                : null,
        }));

    public IReadOnlyList<Document> Query(DocumentQuery query)
    {
        List<object> values = [];
        string sql = DocumentQuerySql.For(query, '?', values);
        return Read(database =>
        {
            SqliteStatement read = database.Prepare(sql);
            for (int i = 0; i < values.Count; i++)
            {
                _ = values[i] is long number ? read.Bind(i + 1, number) : read.Bind(i + 1, (string)values[i]);
            }

            return ReadAll(read, row => new Document(
                query.Collection, row.Text(0), row.Text(1), row.Text(2), row.Text(3), row.Int64(4), row.Blob(5)));
        });
    }

    public Document? Get(string collection, string id) => Read<Document?>(database =>
    {
        List<Document> found = ReadAll(
            database.Prepare("SELECT scope, category, state, at_in_ms, body FROM documents WHERE collection = ?1 AND id = ?2").Bind(1, collection).Bind(2, id),
            row => new Document(collection, id, row.Text(0), row.Text(1), row.Text(2), row.Int64(3), row.Blob(4)));
        return found.Count == 0 ? null : found[0];
    });

    public long Count(string collection) => Read(database =>
        ReadAll(database.Prepare("SELECT count(*) FROM documents WHERE collection = ?1").Bind(1, collection), row => row.Int64(0))[0]);

    public IReadOnlyList<Tally> Tally(string collection) => Read(database => ReadAll(
        database.Prepare("SELECT category, state, count(*) FROM documents WHERE collection = ?1 GROUP BY category, state").Bind(1, collection),
        row => new Tally(row.Text(0), row.Text(1), row.Int64(2))));

    public IReadOnlyList<HistoryRow> ReadHistory(ShardId shard, string key, byte part, long fromInMs, long toInMs, int limit, bool newestFirst = false) => Read(database => ReadAll(
        database.Prepare(HistorySql.For('?', newestFirst))
            .Bind(1, shard.Number).Bind(2, key).Bind(3, part).Bind(4, fromInMs).Bind(5, toInMs).Bind(6, limit),
        row => new HistoryRow((int)row.Int64(0), (byte)row.Int32(1), row.Int64(2), row.Blob(3))));

    public IReadOnlyList<JournalRow> ReadJournal(ShardId shard, string key, int limit) => Read(database => ReadAll(
        database.Prepare("SELECT at_in_ms, type, body FROM journal WHERE shard = ?1 AND key = ?2 ORDER BY id DESC LIMIT ?3")
            .Bind(1, shard.Number).Bind(2, key).Bind(3, limit),
        row => new JournalRow(key, row.Int64(0), row.Text(1), row.Blob(2))));

    /// <summary>For tests: what to do with the writing connection, under its lock.</summary>
    internal T OnWriter<T>(Func<SqliteDatabase, T> use)
    {
        lock (_writing)
        {
            return use(_database ?? throw NotOpen());
        }
    }

    public void Dispose()
    {
        lock (_writing)
        {
            Close();
        }
    }

    private static EndedLineages ReadEnded(SqliteDatabase database) => new(ReadAll(
        database.Prepare("SELECT lineage, source, number FROM ended_lineages"), row => (row.Int64(0), row.Int32(1), row.Int64(2))));

    private static List<T> ReadAll<T>(SqliteStatement read, Func<SqliteStatement, T> toRow)
    {
        List<T> rows = [];
        while (read.Step())
        {
            rows.Add(toRow(read));
        }

        read.Reset();
        return rows;
    }

    private T Write<T>(Func<SqliteWriter, T> write)
    {
        lock (_writing)
        {
            return write(_writer ?? throw NotOpen());
        }
    }

    private T Read<T>(Func<SqliteDatabase, T> read)
    {
        if (IsInMemory)
        {
            lock (_writing)
            {
                return InRead(_database ?? throw NotOpen(), read);
            }
        }

        if (_database is null)
        {
            throw NotOpen();
        }

        if (!_readers.TryTake(out SqliteDatabase? reader))
        {
            reader = SqliteDatabase.Open(_path, writable: false);
            reader.Execute(ReaderSettings);
        }

        try
        {
            return InRead(reader, read);
        }
        finally
        {
            _readers.Add(reader);
        }
    }

    private static T InRead<T>(SqliteDatabase database, Func<SqliteDatabase, T> read)
    {
        database.BeginRead();
        try
        {
            T result = read(database);
            database.Commit();
            return result;
        }
        catch
        {
            database.Rollback();
            throw;
        }
    }

    /// <summary>The operating system frees this lock when the process ends, however it ends.</summary>
    private FileStream TakeLock()
    {
        try
        {
            return new FileStream(_path + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreUnavailableException($"{_path}.lock can't be written. Check that the folder may be written by this user.", e);
        }
        catch (IOException)
        {
            throw new StoreMismatchException(
                $"{_path} is open in another node ({ReadHolder()}). A SQLite store serves one node: stop that one, name another data folder, or use PostgreSQL for several nodes.");
        }
    }

    private string ReadHolder()
    {
        try
        {
            using SqliteDatabase database = SqliteDatabase.Open(_path, writable: false);
            return SqliteSchema.ReadMeta(database).GetValueOrDefault("opened_by", "which has not finished opening it");
        }
        catch (Exception)
        {
            return "unknown";
        }
    }

    private void Close()
    {
        while (_readers.TryTake(out SqliteDatabase? reader))
        {
            reader.Dispose();
        }

        _writer = null;
        _database?.Dispose();
        _database = null;
        _lock?.Dispose();
        _lock = null;
    }

    private string Describe() => IsInMemory ? "The store in memory" : $"The store {_path}";

    private InvalidOperationException NotOpen() => new($"{Describe()} is not open: call Open first, and nothing after Dispose.");
}
