using Npgsql;
using Streams.Runtime.Audit;

namespace Streams.Runtime.Storage;

/// <summary>
/// Tokens and the audit chain. Whoever adds to the chain locks its row first, so nodes take their turns, and an entry whose fate was unknown when a connection
/// broke is found by its id.
/// </summary>
public sealed partial class PostgresStore
{
    private const string SelectEntry = "SELECT number, id, at_in_ms, actor, action, body FROM audit";

    private const string SelectChain = "SELECT head_number, head_hash, anchor_number, anchor_hash, published_through FROM audit_chain";

    public IReadOnlyList<TokenRow> ReadTokens() => On(connection => ReadAll(
        connection,
        "SELECT name, hash, roles, area, created_at, created_by, expires_at, last_used_at, revoked_at FROM tokens ORDER BY name",
        row => new TokenRow(
            row.GetString(0), row.GetString(1), [.. row.GetString(2).Split(' ')], row.IsDBNull(3) ? null : row.GetString(3), MaybeMoment(row, 4)!.Value, row.GetString(5), MaybeMoment(row, 6))
        {
            LastUsedAt = MaybeMoment(row, 7),
            RevokedAt = MaybeMoment(row, 8),
        }));

    public TokenChange AddToken(TokenRow token, AuditDraft entry) => InChain(entry.Id, TokenChange.Done, (connection, chain) =>
    {
        long now = entry.At.ToUnixTimeMilliseconds();
        Execute(
            connection,
            "DELETE FROM tokens WHERE coalesce(revoked_at, expires_at) <= $1 OR (name = $2 AND coalesce(revoked_at, expires_at) <= $3)",
            now - (long)IPeopleStore.ForgottenAfter.TotalMilliseconds, token.Name, now);
        if (ReadAll(connection, "SELECT count(*) FROM tokens", row => row.GetInt64(0))[0] >= IPeopleStore.MostTokens)
        {
            return TokenChange.Full;
        }

        int added = Execute(
            connection,
            "INSERT INTO tokens (name, hash, roles, area, created_at, created_by, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (name) DO NOTHING",
            token.Name, token.Hash, string.Join(' ', token.Roles), OrNull(token.Area), token.CreatedAt.ToUnixTimeMilliseconds(), token.CreatedBy,
            OrNull(token.ExpiresAt?.ToUnixTimeMilliseconds()));
        if (added == 0)
        {
            return TokenChange.NameTaken;
        }

        Add(connection, entry, chain);
        return TokenChange.Done;
    });

    public TokenChange RevokeToken(string name, DateTimeOffset at, AuditDraft entry) => InChain(entry.Id, TokenChange.Done, (connection, chain) =>
    {
        if (Execute(connection, "UPDATE tokens SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL", name, at.ToUnixTimeMilliseconds()) == 0)
        {
            return TokenChange.NotFound;
        }

        Add(connection, entry, chain);
        return TokenChange.Done;
    });

    public void TouchTokens(IReadOnlyCollection<KeyValuePair<string, DateTimeOffset>> uses) => On(connection => Execute(
        connection,
        """
        UPDATE tokens SET last_used_at = used.at FROM unnest($1, $2) AS used (name, at)
        WHERE tokens.name = used.name AND coalesce(last_used_at, 0) < used.at
        """,
        uses.Select(use => use.Key).ToArray(), uses.Select(use => use.Value.ToUnixTimeMilliseconds()).ToArray()));

    public AuditEntry Append(AuditDraft entry) =>
        InChain(entry.Id, null, (connection, chain) => Add(connection, entry, chain)) ?? On(connection => ReadAll(connection, SelectEntry + " WHERE id = $1", ToEntry, entry.Id))[0];

    public IReadOnlyList<AuditEntry> ReadAudit(AuditQuery query)
    {
        List<object> values = [];
        string sql = AuditSql.For(query, '$', values);
        return On(connection => ReadAll(connection, sql, ToEntry, [.. values]));
    }

    public AuditChain ReadAuditChain() => On(connection => ReadChain(connection, ""));

    public void AuditPublished(long number) => On(connection => Execute(connection, "UPDATE audit_chain SET published_through = $1 WHERE published_through < $1", number));

    public int PruneAudit(long beforeInMs, AuditDraft entry) => InChain(entry.Id, 0, (connection, chain) =>
    {
        // What is deleted is a run from the oldest on: an entry's time is its node's, so a few may stand out of order.
        List<AuditEntry> over =
        [
            .. ReadAll(connection, SelectEntry + " ORDER BY number LIMIT $1", ToEntry, IStore.PrunedAtOnce)
                .TakeWhile(row => row.AtInMs < beforeInMs && row.Link.Number <= chain.PublishedThrough),
        ];
        if (over.Count == 0)
        {
            return 0;
        }

        AuditLink anchor = over[^1].Link;
        Execute(connection, "DELETE FROM audit WHERE number <= $1", anchor.Number);
        Execute(connection, "UPDATE audit_chain SET anchor_number = $1, anchor_hash = $2", anchor.Number, anchor.Hash);
        Add(connection, AuditWalk.Vouch(entry, anchor), chain);
        return over.Count;
    });

    /// <summary>Gives the entry the chain's next place, within a transaction that something else began.</summary>
    private static void Seal(NpgsqlConnection connection, AuditDraft entry) => Add(connection, entry, ReadChain(connection, " FOR UPDATE"));

    /// <summary>The same for several, those that are there already left out.</summary>
    internal static void SealNew(NpgsqlConnection connection, IReadOnlyList<AuditDraft> drafts)
    {
        AuditChain chain = ReadChain(connection, " FOR UPDATE");
        HashSet<string> known = [.. ReadAll(connection, "SELECT id FROM audit WHERE id = ANY($1)", row => row.GetString(0), (object)drafts.Select(draft => draft.Id).ToArray())];
        foreach (AuditDraft draft in drafts.Where(draft => known.Add(draft.Id)))
        {
            chain = chain with { Head = Add(connection, draft, chain).Link };
        }
    }

    private static AuditEntry Add(NpgsqlConnection connection, AuditDraft draft, AuditChain chain)
    {
        AuditEntry entry = AuditEntry.Seal(draft, chain.Head);
        Execute(
            connection,
            "INSERT INTO audit (number, id, at_in_ms, actor, action, body) VALUES ($1, $2, $3, $4, $5, $6)",
            entry.Link.Number, entry.Id, entry.AtInMs, entry.Actor, entry.Action, entry.Body);
        Execute(connection, "UPDATE audit_chain SET head_number = $1, head_hash = $2", entry.Link.Number, entry.Link.Hash);
        return entry;
    }

    private static AuditChain ReadChain(NpgsqlConnection connection, string locking) => ReadAll(
        connection,
        SelectChain + locking,
        row => new AuditChain(new AuditLink(row.GetInt64(0), row.GetString(1)), new AuditLink(row.GetInt64(2), row.GetString(3)), row.GetInt64(4))) is [{ } chain]
        ? chain
        : throw new InvalidOperationException("The audit chain has no beginning: the row of audit_chain is gone. Restore the store from a backup.");

    private static AuditEntry ToEntry(NpgsqlDataReader row) =>
        AuditSql.ToEntry(row.GetInt64(0), row.GetString(1), row.GetInt64(2), row.GetString(3), row.GetString(4), row.GetFieldValue<byte[]>(5));

    private static DateTimeOffset? MaybeMoment(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64(column));

    private static object OrNull(object? value) => value ?? DBNull.Value;

    /// <summary>A transaction that holds the chain; not run where the entry is there from an earlier try whose answer was lost.</summary>
    private T InChain<T>(string id, T already, Func<NpgsqlConnection, AuditChain, T> change) => On(connection =>
    {
        using NpgsqlTransaction transaction = connection.BeginTransaction();
        AuditChain chain = ReadChain(connection, " FOR UPDATE");
        if (ReadAll(connection, "SELECT 1 FROM audit WHERE id = $1", row => true, id).Count > 0)
        {
            return already;
        }

        T result = change(connection, chain);
        transaction.Commit();
        return result;
    });
}
