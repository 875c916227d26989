using System.Buffers;
using System.Text;
using SQLitePCL;

namespace Streams.Runtime.Storage;

/// <summary>A prepared statement: bind from 1, step, read columns from 0, <see cref="Reset"/>. Not thread-safe.</summary>
internal sealed class SqliteStatement(SqliteDatabase database, sqlite3_stmt statement) : IDisposable
{
    public SqliteStatement Bind(int index, long value)
    {
        database.Check(raw.sqlite3_bind_int64(statement, index, value));
        return this;
    }

    public SqliteStatement Bind(int index, long? value)
    {
        database.Check(value is { } some ? raw.sqlite3_bind_int64(statement, index, some) : raw.sqlite3_bind_null(statement, index));
        return this;
    }

    public SqliteStatement Bind(int index, string? value)
    {
        if (string.IsNullOrEmpty(value))
        {
            database.Check(value is null ? raw.sqlite3_bind_null(statement, index) : raw.sqlite3_bind_text(statement, index, ""));
            return this;
        }

        byte[]? rented = null;
        int size = Encoding.UTF8.GetMaxByteCount(value.Length);
        Span<byte> utf8 = size <= 512 ? stackalloc byte[512] : rented = ArrayPool<byte>.Shared.Rent(size);
        int length = Encoding.UTF8.GetBytes(value, utf8);
        int result = raw.sqlite3_bind_text(statement, index, (ReadOnlySpan<byte>)utf8[..length]);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        database.Check(result);
        return this;
    }

    public SqliteStatement Bind(int index, ReadOnlySpan<byte> blob)
    {
        // An empty span has no address, which SQLite would take for NULL.
        database.Check(blob.IsEmpty ? raw.sqlite3_bind_zeroblob(statement, index, 0) : raw.sqlite3_bind_blob(statement, index, blob));
        return this;
    }

    /// <summary>True when there is a row to read.</summary>
    public bool Step()
    {
        int result = raw.sqlite3_step(statement);
        switch (result)
        {
            case raw.SQLITE_ROW:
                return true;
            case raw.SQLITE_DONE:
                return false;
            default:
                raw.sqlite3_reset(statement);
                throw database.Fault(result);
        }
    }

    /// <summary>Runs a statement that answers no rows.</summary>
    /// <returns>Rows changed.</returns>
    public int Run()
    {
        while (Step())
        {
        }

        Reset();
        return database.Changes;
    }

    /// <summary>Makes the statement ready for the next run; an unfinished one holds its read lock until then.</summary>
    public void Reset() => raw.sqlite3_reset(statement);

    public long Int64(int column) => raw.sqlite3_column_int64(statement, column);

    public int Int32(int column) => raw.sqlite3_column_int(statement, column);

    public long? Int64OrNull(int column) => IsNull(column) ? null : raw.sqlite3_column_int64(statement, column);

    public string Text(int column) => raw.sqlite3_column_text(statement, column).utf8_to_string() ?? "";

    public string? TextOrNull(int column) => IsNull(column) ? null : Text(column);

    public byte[] Blob(int column) => raw.sqlite3_column_blob(statement, column).ToArray();

    public void Dispose() => statement.Dispose();

    private bool IsNull(int column) => raw.sqlite3_column_type(statement, column) == raw.SQLITE_NULL;
}
