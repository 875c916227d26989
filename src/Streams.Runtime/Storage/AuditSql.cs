using System.Globalization;
using System.Text;
using Streams.Runtime.Audit;

namespace Streams.Runtime.Storage;

/// <summary>The query for audit entries, for both databases.</summary>
internal static class AuditSql
{
    public static string For(AuditQuery query, char mark, List<object> values)
    {
        StringBuilder sql = new("SELECT number, id, at_in_ms, actor, action, body FROM audit WHERE true");
        Where("actor = ", query.Actor);
        Where("action = ", query.Action);
        Where("at_in_ms >= ", query.SinceInMs);
        Where(query.OldestFirst ? "number > " : "number < ", query.After);
        sql.Append(query.OldestFirst ? " ORDER BY number LIMIT " : " ORDER BY number DESC LIMIT ").Append(query.Limit.ToString(CultureInfo.InvariantCulture));
        return sql.ToString();

        void Where(string condition, object? value)
        {
            if (value is not null)
            {
                values.Add(value);
                sql.Append(" AND ").Append(condition).Append(mark).Append(values.Count.ToString(CultureInfo.InvariantCulture));
            }
        }
    }

    /// <summary>The entry of a row. Its hash stands in the body, and is taken from there as it is: a row that was tampered with must still be shown.</summary>
    public static AuditEntry ToEntry(long number, string id, long atInMs, string actor, string action, byte[] body)
    {
        string hash = "";
        try
        {
            using var document = System.Text.Json.JsonDocument.Parse(body);
            hash = document.RootElement.TryGetProperty("hash", out var found) ? found.ToString() : "";
        }
        catch (System.Text.Json.JsonException)
        {
            // No longer an entry; verification says so.
        }

        return new AuditEntry(new AuditLink(number, hash), id, atInMs, actor, action, body);
    }
}
