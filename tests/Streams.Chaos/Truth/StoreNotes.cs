using Npgsql;
using Streams.Runtime.Storage;

namespace Streams.Chaos.Truth;

/// <summary>A change of a shard's row, as a trigger noted it within the transaction that made it.</summary>
/// <param name="Writer">The connection's name: node and life.</param>
internal readonly record struct ShardNote(
    int Shard, string? Owner, long Epoch, long CommitNumber, long NextOffset, long UrgentNumber, long BulkNumber, int Generation, int IdleClaims, string Writer, long Transaction);

/// <summary>Rows of one table and shard that one statement wrote.</summary>
internal readonly record struct RowsNote(string Table, int Shard, string Writer, long Transaction);

/// <summary>A chunk that was put into the outbox.</summary>
internal readonly record struct OutboxNote(int Shard, OutboxChunk Chunk, string Writer, long Transaction);

/// <summary>Told of what was committed, in the order of each shard.</summary>
internal interface IStoreSink
{
    void See(in ShardNote note);

    void See(in RowsNote note);

    void See(in OutboxNote note);
}

/// <summary>
/// Triggers on the store's tables that note every change of a shard, every row that belongs to one and every chunk of the outbox in tables of
/// their own, in the same transaction, and what reads them out again. What a node does to the store, it can not do unseen.
/// </summary>
internal sealed class StoreNotes(NpgsqlDataSource source, IStoreSink sink)
{
    private const string Triggers = """
        CREATE SCHEMA chaos;
        CREATE TABLE chaos.shards (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number int, owner text, epoch bigint, commit_number bigint, next_offset bigint, urgent_number bigint,
            bulk_number bigint, generation int, idle_claims int, writer text, tx bigint);
        CREATE TABLE chaos.rows (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, relation text, shard int, writer text, tx bigint);
        CREATE TABLE chaos.outbox (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, shard int, lane smallint, first_number bigint, count int, records bytea, writer text, tx bigint);
        ALTER TABLE chaos.outbox ALTER records SET STORAGE EXTERNAL;

        CREATE FUNCTION chaos.note_shard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO chaos.shards (number, owner, epoch, commit_number, next_offset, urgent_number, bulk_number, generation, idle_claims, writer, tx)
            VALUES (NEW.number, NEW.owner, NEW.epoch, NEW.commit_number, NEW.next_offset, NEW.urgent_number, NEW.bulk_number, NEW.generation, NEW.idle_claims,
                current_setting('application_name'), txid_current());
            RETURN NULL; END $$;
        CREATE TRIGGER chaos_shard AFTER INSERT OR UPDATE ON shards FOR EACH ROW EXECUTE FUNCTION chaos.note_shard();

        CREATE FUNCTION chaos.note_outbox() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            INSERT INTO chaos.outbox (shard, lane, first_number, count, records, writer, tx)
            VALUES (NEW.shard, NEW.lane, NEW.first_number, NEW.count, NEW.records, current_setting('application_name'), txid_current());
            RETURN NULL; END $$;
        CREATE TRIGGER chaos_outbox AFTER INSERT ON outbox FOR EACH ROW EXECUTE FUNCTION chaos.note_outbox();

        CREATE FUNCTION chaos.note_rows() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
            IF TG_RELNAME IN ('timers') THEN
                INSERT INTO chaos.rows (relation, shard, writer, tx) SELECT DISTINCT TG_RELNAME::text, (n.id >> 32)::int, current_setting('application_name'), txid_current() FROM new_rows n;
            ELSIF TG_RELNAME IN ('history') THEN
                INSERT INTO chaos.rows (relation, shard, writer, tx) SELECT DISTINCT TG_RELNAME::text, (n.actor_id >> 32)::int, current_setting('application_name'), txid_current() FROM new_rows n;
            ELSE
                INSERT INTO chaos.rows (relation, shard, writer, tx) SELECT DISTINCT TG_RELNAME::text, n.shard, current_setting('application_name'), txid_current() FROM new_rows n;
            END IF;
            RETURN NULL; END $$;
        """;

    private static readonly string[] s_tables = ["actors", "timers", "journal", "history"];

    private readonly HashSet<long> _seenShards = [];
    private readonly HashSet<long> _seenRows = [];
    private readonly HashSet<long> _seenOutbox = [];

    /// <summary>Before any node writes.</summary>
    public void Install()
    {
        using NpgsqlConnection connection = source.OpenConnection();
        Execute(connection, Triggers);
        foreach (string table in s_tables)
        {
            // A statement that may insert or update fires both; an empty set notes nothing.
            Execute(connection, $"CREATE TRIGGER chaos_{table}_i AFTER INSERT ON {table} REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION chaos.note_rows()");
            Execute(connection, $"CREATE TRIGGER chaos_{table}_u AFTER UPDATE ON {table} REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION chaos.note_rows()");
        }
    }

    /// <summary>Hands on what was noted since. A note is deleted only after it was handed on, and handed on once though the connection break in between.</summary>
    /// <exception cref="NpgsqlException">The database is away; another time.</exception>
    public void Read()
    {
        using NpgsqlConnection connection = source.OpenConnection();
        Read(connection, "chaos.shards", "number, owner, epoch, commit_number, next_offset, urgent_number, bulk_number, generation, idle_claims, writer, tx", _seenShards, row => sink.See(new ShardNote(
            row.GetInt32(1), row.IsDBNull(2) ? null : row.GetString(2), row.GetInt64(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7), row.GetInt32(8),
            row.GetInt32(9), row.GetString(10), row.GetInt64(11))));
        Read(connection, "chaos.rows", "relation, shard, writer, tx", _seenRows, row => sink.See(new RowsNote(row.GetString(1), row.GetInt32(2), row.GetString(3), row.GetInt64(4))));
        Read(connection, "chaos.outbox", "shard, lane, first_number, count, records, writer, tx", _seenOutbox, row => sink.See(new OutboxNote(
            row.GetInt32(1), new OutboxChunk((Lane)row.GetInt16(2), row.GetInt64(3), row.GetInt32(4), row.GetFieldValue<byte[]>(5)), row.GetString(6), row.GetInt64(7))));
    }

    private static void Read(NpgsqlConnection connection, string table, string columns, HashSet<long> seen, Action<NpgsqlDataReader> see)
    {
        List<long> read = [];
        using (NpgsqlCommand select = new($"SELECT id, {columns} FROM {table} ORDER BY id LIMIT 20000", connection))
        using (NpgsqlDataReader rows = select.ExecuteReader())
        {
            while (rows.Read())
            {
                long id = rows.GetInt64(0);
                read.Add(id);
                if (seen.Add(id))
                {
                    see(rows);
                }
            }
        }

        if (read.Count == 0)
        {
            return;
        }

        using NpgsqlCommand delete = new($"DELETE FROM {table} WHERE id = ANY($1)", connection);
        delete.Parameters.Add(new NpgsqlParameter<long[]> { TypedValue = [.. read] });
        delete.ExecuteNonQuery();
        seen.ExceptWith(read);
    }

    private static void Execute(NpgsqlConnection connection, string sql)
    {
        using NpgsqlCommand command = new(sql, connection);
        command.ExecuteNonQuery();
    }
}
