using Streams.Runtime.Audit;

namespace Streams.Runtime.Storage;

/// <summary>Tokens and the audit chain.</summary>
public sealed partial class SqliteStore
{
    public IReadOnlyList<TokenRow> ReadTokens() => Read(database => ReadAll(
        database.Prepare("SELECT name, hash, roles, area, created_at, created_by, expires_at, last_used_at, revoked_at FROM tokens ORDER BY name"),
        row => new TokenRow(row.Text(0), row.Text(1), [.. row.Text(2).Split(' ')], row.TextOrNull(3), Moment(row.Int64(4)), row.Text(5), MaybeMoment(row.Int64OrNull(6)))
        {
            LastUsedAt = MaybeMoment(row.Int64OrNull(7)),
            RevokedAt = MaybeMoment(row.Int64OrNull(8)),
        }));

    public TokenChange AddToken(TokenRow token, AuditDraft entry) => Write(writer => writer.AddToken(token, entry));

    public TokenChange RevokeToken(string name, DateTimeOffset at, AuditDraft entry) => Write(writer => writer.RevokeToken(name, at.ToUnixTimeMilliseconds(), entry));

    public void TouchTokens(IReadOnlyCollection<KeyValuePair<string, DateTimeOffset>> uses) => Write(writer => writer.TouchTokens(uses));

    public AuditEntry Append(AuditDraft entry) => Write(writer => writer.Append(entry));

    public IReadOnlyList<AuditEntry> ReadAudit(AuditQuery query)
    {
        List<object> values = [];
        string sql = AuditSql.For(query, '?', values);
        return Read(database =>
        {
            SqliteStatement read = database.Prepare(sql);
            for (int i = 0; i < values.Count; i++)
            {
                _ = values[i] is long number ? read.Bind(i + 1, number) : read.Bind(i + 1, (string)values[i]);
            }

            return ReadAll(read, row => AuditSql.ToEntry(row.Int64(0), row.Text(1), row.Int64(2), row.Text(3), row.Text(4), row.Blob(5)));
        });
    }

    public AuditChain ReadAuditChain() => Read(SqliteWriter.ReadChain);

    public void AuditPublished(long number) => Write(writer => writer.AuditPublished(number));

    public int PruneAudit(long beforeInMs, AuditDraft entry) => Write(writer => writer.PruneAudit(beforeInMs, entry));

    private static DateTimeOffset Moment(long ms) => DateTimeOffset.FromUnixTimeMilliseconds(ms);

    private static DateTimeOffset? MaybeMoment(long? ms) => ms is { } some ? Moment(some) : null;
}
