using System.Globalization;
using System.Text;

namespace Streams.Runtime.Storage;

/// <summary>The SQL of a <see cref="DocumentQuery"/> and its parameters, the same for both stores but for how a parameter is written.</summary>
internal static class DocumentQuerySql
{
    /// <summary>Columns: id, scope, category, state, at_in_ms, body.</summary>
    /// <param name="sign">What stands before a parameter's number: <c>?</c> for SQLite, <c>$</c> for PostgreSQL.</param>
    /// <param name="values">Filled with the parameters, strings and longs, the first being number 1.</param>
    public static string For(DocumentQuery query, char sign, List<object> values)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(query.Limit, 1, nameof(query));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(query.Limit, 1000, nameof(query));
        StringBuilder sql = new("SELECT id, scope, category, state, at_in_ms, body FROM documents WHERE collection = ");
        sql.Append(Add(query.Collection));
        if (query.ScopePrefix is not null)
        {
            // '0' is the character after '/'. The first two bounds hold for the scope and all below it, and for neighbours such as dijon-sud; they are
            // what PostgreSQL checks in the index, before it looks for a row (100,000 documents: 200 ms without them). The rest is for neighbours.
            string scope = Add(query.ScopePrefix);
            sql.Append(CultureInfo.InvariantCulture, $" AND scope >= {scope} AND scope < {Add(query.ScopePrefix + "0")}");
            sql.Append(CultureInfo.InvariantCulture, $" AND (scope = {scope} OR scope > {Add(query.ScopePrefix + "/")})");
        }

        AddIf("category =", query.Category);
        AddIf("state =", query.State);
        AddIf("at_in_ms >=", query.AtFromInMs);
        AddIf("at_in_ms <", query.AtToInMs);
        if (query.After is { } after)
        {
            string at = Add(after.AtInMs);
            sql.Append(CultureInfo.InvariantCulture, $" AND at_in_ms <= {at} AND (at_in_ms < {at} OR id > {Add(after.Id)})");
        }

        if (query.Before is { } before)
        {
            // The nearest ones before it, and those in the order of all pages.
            string at = Add(before.AtInMs);
            sql.Append(CultureInfo.InvariantCulture, $" AND at_in_ms >= {at} AND (at_in_ms > {at} OR id < {Add(before.Id)})");
            sql.Append(CultureInfo.InvariantCulture, $" ORDER BY at_in_ms, id DESC LIMIT {Add((long)query.Limit)}");
            return $"SELECT id, scope, category, state, at_in_ms, body FROM ({sql}) AS nearest ORDER BY at_in_ms DESC, id";
        }

        return sql.Append(CultureInfo.InvariantCulture, $" ORDER BY at_in_ms DESC, id LIMIT {Add((long)query.Limit)}").ToString();

        string Add(object value)
        {
            values.Add(value);
            return string.Create(CultureInfo.InvariantCulture, $"{sign}{values.Count}");
        }

        void AddIf(string condition, object? value)
        {
            if (value is not null)
            {
                sql.Append(CultureInfo.InvariantCulture, $" AND {condition} {Add(value)}");
            }
        }
    }
}
