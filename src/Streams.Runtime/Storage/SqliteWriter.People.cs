using Streams.Runtime.Audit;

namespace Streams.Runtime.Storage;

/// <summary>Tokens and the audit chain. The write lock that a transaction begins with is the chain's lock too.</summary>
internal sealed partial class SqliteWriter
{
    public static AuditChain ReadChain(SqliteDatabase database)
    {
        SqliteStatement read = database.Prepare("SELECT head_number, head_hash, anchor_number, anchor_hash, published_through FROM audit_chain");
        AuditChain chain = read.Step()
            ? new AuditChain(new AuditLink(read.Int64(0), read.Text(1)), new AuditLink(read.Int64(2), read.Text(3)), read.Int64(4))
            : throw new InvalidOperationException("The audit chain has no beginning: the row of audit_chain is gone. Restore the store from a backup.");
        read.Reset();
        return chain;
    }

    public TokenChange AddToken(TokenRow token, AuditDraft entry) => InTransaction(() =>
    {
        if (Find(entry.Id) is not null)
        {
            return TokenChange.Done;
        }

        long now = entry.At.ToUnixTimeMilliseconds();
        database.Prepare("DELETE FROM tokens WHERE coalesce(revoked_at, expires_at) <= ?1 OR (name = ?2 AND coalesce(revoked_at, expires_at) <= ?3)")
            .Bind(1, now - (long)IPeopleStore.ForgottenAfter.TotalMilliseconds).Bind(2, token.Name).Bind(3, now).Run();
        if (Number("SELECT count(*) FROM tokens") >= IPeopleStore.MostTokens)
        {
            return TokenChange.Full;
        }

        int added = database.Prepare("""
            INSERT INTO tokens (name, hash, roles, area, created_at, created_by, expires_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (name) DO NOTHING
            """)
            .Bind(1, token.Name).Bind(2, token.Hash).Bind(3, string.Join(' ', token.Roles)).Bind(4, token.Area).Bind(5, token.CreatedAt.ToUnixTimeMilliseconds())
            .Bind(6, token.CreatedBy).Bind(7, token.ExpiresAt?.ToUnixTimeMilliseconds()).Run();
        if (added == 0)
        {
            return TokenChange.NameTaken;
        }

        Seal(entry);
        return TokenChange.Done;
    });

    public TokenChange RevokeToken(string name, long atInMs, AuditDraft entry) => InTransaction(() =>
    {
        if (Find(entry.Id) is null)
        {
            if (database.Prepare("UPDATE tokens SET revoked_at = ?2 WHERE name = ?1 AND revoked_at IS NULL").Bind(1, name).Bind(2, atInMs).Run() == 0)
            {
                return TokenChange.NotFound;
            }

            Seal(entry);
        }

        return TokenChange.Done;
    });

    public int TouchTokens(IReadOnlyCollection<KeyValuePair<string, DateTimeOffset>> uses) => InTransaction(() =>
    {
        SqliteStatement touch = database.Prepare("UPDATE tokens SET last_used_at = ?2 WHERE name = ?1 AND coalesce(last_used_at, 0) < ?2");
        return uses.Sum(use => touch.Bind(1, use.Key).Bind(2, use.Value.ToUnixTimeMilliseconds()).Run());
    });

    public AuditEntry Append(AuditDraft entry) => InTransaction(() => Find(entry.Id) ?? Seal(entry));

    public int AuditPublished(long number) => InTransaction(() =>
        database.Prepare("UPDATE audit_chain SET published_through = ?1 WHERE published_through < ?1").Bind(1, number).Run());

    public int PruneAudit(long beforeInMs, AuditDraft entry) => InTransaction(() =>
    {
        // What is deleted is a run from the oldest on: an entry's time is its node's, so a few may stand out of order.
        SqliteStatement oldest = database.Prepare("SELECT number, id, at_in_ms, actor, action, body FROM audit ORDER BY number LIMIT ?1").Bind(1, IStore.PrunedAtOnce);
        List<AuditEntry> rows = [];
        while (oldest.Step())
        {
            rows.Add(AuditSql.ToEntry(oldest.Int64(0), oldest.Text(1), oldest.Int64(2), oldest.Text(3), oldest.Text(4), oldest.Blob(5)));
        }

        oldest.Reset();
        long published = ReadChain(database).PublishedThrough;
        List<AuditEntry> over = [.. rows.TakeWhile(row => row.AtInMs < beforeInMs && row.Link.Number <= published)];
        if (over.Count == 0)
        {
            return 0;
        }

        AuditLink anchor = over[^1].Link;
        database.Prepare("DELETE FROM audit WHERE number <= ?1").Bind(1, anchor.Number).Run();
        database.Prepare("UPDATE audit_chain SET anchor_number = ?1, anchor_hash = ?2").Bind(1, anchor.Number).Bind(2, anchor.Hash).Run();
        Seal(AuditWalk.Vouch(entry, anchor));
        return over.Count;
    });

    /// <summary>Gives the entry the chain's next place, within a transaction.</summary>
    private AuditEntry Seal(AuditDraft draft)
    {
        AuditEntry entry = AuditEntry.Seal(draft, ReadChain(database).Head);
        database.Prepare("INSERT INTO audit (number, id, at_in_ms, actor, action, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")
            .Bind(1, entry.Link.Number).Bind(2, entry.Id).Bind(3, entry.AtInMs).Bind(4, entry.Actor).Bind(5, entry.Action).Bind(6, entry.Body).Run();
        database.Prepare("UPDATE audit_chain SET head_number = ?1, head_hash = ?2").Bind(1, entry.Link.Number).Bind(2, entry.Link.Hash).Run();
        return entry;
    }

    private AuditEntry? Find(string id)
    {
        SqliteStatement read = database.Prepare("SELECT number, id, at_in_ms, actor, action, body FROM audit WHERE id = ?1").Bind(1, id);
        AuditEntry? found = read.Step() ? AuditSql.ToEntry(read.Int64(0), read.Text(1), read.Int64(2), read.Text(3), read.Text(4), read.Blob(5)) : null;
        read.Reset();
        return found;
    }

    private long Number(string sql)
    {
        SqliteStatement read = database.Prepare(sql);
        read.Step();
        long number = read.Int64(0);
        read.Reset();
        return number;
    }
}
