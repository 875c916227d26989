namespace Streams.Runtime.Storage;

/// <summary>The query that reads an actor's past, the same for both stores but for how a parameter is written: it walks the index <c>history_actor</c>.</summary>
internal static class HistorySql
{
    /// <summary>Parameters: shard, key, part, from, to, limit. Columns: actor_id, part, from_in_ms, body.</summary>
    /// <param name="sign">What stands before a parameter's number: <c>?</c> for SQLite, <c>$</c> for PostgreSQL.</param>
    public static string For(char sign, bool newestFirst)
    {
        string order = newestFirst ? "DESC" : "ASC";
        return $"""
            SELECT actor_id, part, from_in_ms, body FROM history
            WHERE actor_id = (SELECT id FROM actors WHERE shard = {sign}1 AND key = {sign}2)
                AND part = {sign}3 AND from_in_ms >= {sign}4 AND from_in_ms < {sign}5
            ORDER BY from_in_ms {order}, id {order} LIMIT {sign}6
            """;
    }
}
