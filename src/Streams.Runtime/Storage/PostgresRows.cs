using Npgsql;
using NpgsqlTypes;

namespace Streams.Runtime.Storage;

/// <summary>
/// One statement that writes many rows of a table: each column is an array parameter, in the order of the statement's <c>$n</c>, which
/// <c>unnest</c> turns back into rows. The arrays are kept from call to call.
/// </summary>
internal sealed class PostgresRows<TRow>(string sql)
{
    private readonly List<IColumn> _columns = [];

    public PostgresRows<TRow> Integer(Func<TRow, int> value) => Add(NpgsqlDbType.Integer, value);

    public PostgresRows<TRow> Bigint(Func<TRow, long> value) => Add(NpgsqlDbType.Bigint, value);

    public PostgresRows<TRow> BigintOrNull(Func<TRow, long?> value) => Add(NpgsqlDbType.Bigint, value);

    public PostgresRows<TRow> Text(Func<TRow, string> value) => Add(NpgsqlDbType.Text, value);

    public PostgresRows<TRow> Bytea(Func<TRow, ReadOnlyMemory<byte>> value) => Add(NpgsqlDbType.Bytea, value);

    /// <summary>Adds the statement to the batch, unless there is nothing to write.</summary>
    public void AddTo(NpgsqlBatch batch, List<TRow> rows)
    {
        if (rows.Count == 0)
        {
            return;
        }

        // A new command each time: one that ran remembers the statement prepared on its connection, and this may be another.
        NpgsqlBatchCommand command = new(sql);
        foreach (IColumn column in _columns)
        {
            command.Parameters.Add(column.Fill(rows));
        }

        batch.BatchCommands.Add(command);
    }

    /// <summary>Lets go of the rows' memory.</summary>
    public void Clear()
    {
        foreach (IColumn column in _columns)
        {
            column.Clear();
        }
    }

    private PostgresRows<TRow> Add<T>(NpgsqlDbType type, Func<TRow, T> value)
    {
        _columns.Add(new Column<T>(NpgsqlDbType.Array | type, value));
        return this;
    }

    private interface IColumn
    {
        NpgsqlParameter Fill(List<TRow> rows);

        void Clear();
    }

    private sealed class Column<T>(NpgsqlDbType type, Func<TRow, T> value) : IColumn
    {
        private readonly List<T> _values = [];

        public NpgsqlParameter Fill(List<TRow> rows)
        {
            _values.Clear();
            foreach (TRow row in rows)
            {
                _values.Add(value(row));
            }

            return new NpgsqlParameter<List<T>> { TypedValue = _values, NpgsqlDbType = type };
        }

        public void Clear() => _values.Clear();
    }
}
