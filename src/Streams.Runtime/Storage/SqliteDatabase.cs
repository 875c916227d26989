using SQLitePCL;

namespace Streams.Runtime.Storage;

/// <summary>
/// One connection to a SQLite database, with its prepared statements. Used by one thread at a time; it takes no lock of its own.
/// Straight on SQLite's C functions: a row is bound and written without a command or parameter object.
/// </summary>
internal sealed class SqliteDatabase : IDisposable
{
    private readonly sqlite3 _handle;
    private readonly string _path;
    private readonly Dictionary<string, SqliteStatement> _statements = [];

    static SqliteDatabase() => Batteries_V2.Init();

    private SqliteDatabase(sqlite3 handle, string path)
    {
        _handle = handle;
        _path = path;
    }

    /// <summary>Rows changed by the last statement that ran.</summary>
    public int Changes => raw.sqlite3_changes(_handle);

    /// <exception cref="StoreUnavailableException">The file can't be opened; the message says why.</exception>
    public static SqliteDatabase Open(string path, bool writable)
    {
        int flags = raw.SQLITE_OPEN_NOMUTEX | (writable ? raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_CREATE : raw.SQLITE_OPEN_READONLY);
        int result = raw.sqlite3_open_v2(path, out sqlite3 handle, flags, null);
        SqliteDatabase database = new(handle, path);
        if (result != raw.SQLITE_OK)
        {
            Exception fault = database.Fault(result);
            database.Dispose();
            throw fault;
        }

        raw.sqlite3_extended_result_codes(handle, 1);
        return database;
    }

    /// <summary>The prepared statement for this text, made at its first use and kept.</summary>
    public SqliteStatement Prepare(string sql)
    {
        if (!_statements.TryGetValue(sql, out SqliteStatement? statement))
        {
            Check(raw.sqlite3_prepare_v2(_handle, sql, out sqlite3_stmt prepared));
            _statements.Add(sql, statement = new SqliteStatement(this, prepared));
        }

        return statement;
    }

    /// <summary>Runs statements that answer nothing, unprepared: schema, settings.</summary>
    public void Execute(string sql)
    {
        int result = raw.sqlite3_exec(_handle, sql);
        if (result != raw.SQLITE_OK)
        {
            throw Fault(result);
        }
    }

    public void Begin() => Prepare("BEGIN IMMEDIATE").Run();

    /// <summary>A read transaction: what follows sees one state, and takes the read lock once.</summary>
    public void BeginRead() => Prepare("BEGIN").Run();

    public void Commit() => Prepare("COMMIT").Run();

    /// <summary>Ends an open transaction without a trace; does nothing where there is none (SQLite may have rolled back itself).</summary>
    public void Rollback()
    {
        foreach (SqliteStatement statement in _statements.Values)
        {
            statement.Reset();
        }

        if (raw.sqlite3_get_autocommit(_handle) == 0)
        {
            raw.sqlite3_exec(_handle, "ROLLBACK");
        }
    }

    public void Check(int result)
    {
        if (result != raw.SQLITE_OK)
        {
            throw Fault(result);
        }
    }

    /// <summary>What a result code means to the caller.</summary>
    public Exception Fault(int result)
    {
        string message = raw.sqlite3_errmsg(_handle).utf8_to_string();
        return (result & 0xff) switch
        {
            raw.SQLITE_CONSTRAINT => new InvalidOperationException($"{_path}: {message}. The rows break a rule of the store; nothing was written."),
            raw.SQLITE_NOTADB => new StoreMismatchException($"{_path} is not a SQLite database. Name another file, or move this one away."),
            raw.SQLITE_CORRUPT => new StoreUnavailableException($"{_path} is damaged ({message}). Stop the node and restore a backup."),
            raw.SQLITE_FULL => new StoreUnavailableException($"{_path}: no space left on the disk. Make room; the node goes on by itself."),
            raw.SQLITE_CANTOPEN => new StoreUnavailableException($"{_path} can't be opened or created. Check that its folder exists and may be written."),
            _ => new StoreUnavailableException($"{_path}: {message} (SQLite error {result})."),
        };
    }

    public void Dispose()
    {
        foreach (SqliteStatement statement in _statements.Values)
        {
            statement.Dispose();
        }

        _statements.Clear();
        _handle.Dispose();
    }
}
