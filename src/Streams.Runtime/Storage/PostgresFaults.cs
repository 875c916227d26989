using Npgsql;

namespace Streams.Runtime.Storage;

/// <summary>Sorts what Npgsql throws: worth another try, a broken invariant, or a fault of ours.</summary>
internal static class PostgresFaults
{
    /// <summary>
    /// The server, the network or a lock, not the statement: connection lost or refused (08, 57P0x), time ran out (57014), a lock held too
    /// long (55P03), a transaction ended because nothing came of it for too long, as in a process that was stopped (25P03, 25P04), deadlock or serialization (40),
    /// out of disk, memory or connections (53), read-only because a replica answered (25006), I/O error (58), trouble inside the server (XX), and whatever
    /// else it ended the connection for: FATAL is never the statement's fault. Out of disk it is XX000 that tells whoever connects.
    /// </summary>
    public static bool IsUnavailable(Exception fault) => fault switch
    {
        PostgresException { SqlState: "55P03" or "25006" or "25P03" or "25P04" } => true,
        PostgresException { InvariantSeverity: "FATAL" or "PANIC" } => true,
        PostgresException { SqlState: [var a, var b, ..] } => (a, b) is ('0', '8') or ('4', '0') or ('5', '3') or ('5', '7') or ('5', '8') or ('X', 'X'),
        NpgsqlException => true,
        _ => false,
    };

    /// <summary>Rows that break a rule of the tables (23) or can't be stored at all, such as text with a zero character (22).</summary>
    public static bool IsBrokenInvariant(PostgresException fault) =>
        fault.SqlState.StartsWith("23", StringComparison.Ordinal) || fault.SqlState.StartsWith("22", StringComparison.Ordinal);

    /// <summary>Wrong user or password (28), no such database (3D) or schema (3F), no rights (42501).</summary>
    public static bool IsRefused(PostgresException fault) =>
        fault.SqlState is "42501" or ['2', '8', ..] or ['3', 'D', ..] or ['3', 'F', ..];
}
