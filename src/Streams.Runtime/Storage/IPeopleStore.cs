using System.Collections.Immutable;
using Streams.Runtime.Audit;

namespace Streams.Runtime.Storage;

/// <summary>
/// Who may act, and who did what: tokens and the audit chain. What changes tokens notes the change in the same transaction. All of it throws
/// <see cref="StoreUnavailableException"/> as <see cref="IStore"/> does; giving the same entry again is harmless.
/// </summary>
public interface IPeopleStore
{
    /// <summary>Tokens kept at most, revoked and expired ones among them until <see cref="ForgottenAfter"/>.</summary>
    const int MostTokens = 1_000;

    /// <summary>How long a token that is over is still listed. Its deeds stay in the audit chain.</summary>
    static readonly TimeSpan ForgottenAfter = TimeSpan.FromDays(90);

    /// <summary>A secret of the installation, by which its nodes know each other: whoever reads the store has everything anyway. 256 bits in hexadecimal; known once the store is open.</summary>
    string NodeSecret { get; }

    /// <summary>All tokens, by name.</summary>
    IReadOnlyList<TokenRow> ReadTokens();

    /// <summary>Adds a token. One of the same name that is revoked or expired gives way.</summary>
    TokenChange AddToken(TokenRow token, AuditDraft entry);

    /// <summary>Ends a token.</summary>
    /// <returns><see cref="TokenChange.NotFound"/> where there is none that is not revoked already.</returns>
    TokenChange RevokeToken(string name, DateTimeOffset at, AuditDraft entry);

    /// <summary>Notes when tokens were last used; never back.</summary>
    void TouchTokens(IReadOnlyCollection<KeyValuePair<string, DateTimeOffset>> uses);

    /// <summary>Notes a deed at the chain's end. On the disk when it returns.</summary>
    AuditEntry Append(AuditDraft entry);

    /// <summary>Entries that fit the query, as stored.</summary>
    IReadOnlyList<AuditEntry> ReadAudit(AuditQuery query);

    AuditChain ReadAuditChain();

    /// <summary>Entries through this number have been delivered to the topic; never back.</summary>
    void AuditPublished(long number);

    /// <summary>
    /// Deletes the oldest entries that are from before this and were published, at most <see cref="IStore.PrunedAtOnce"/>, moves the chain's anchor to the last
    /// of them, and notes that in the chain with <paramref name="entry"/>, if any were.
    /// </summary>
    /// <returns>How many.</returns>
    int PruneAudit(long beforeInMs, AuditDraft entry);
}

/// <summary>A named way in for a person or a system.</summary>
/// <param name="Name">Unique among those that hold.</param>
/// <param name="Hash">SHA-256 of the token, in hexadecimal: the token itself is nowhere.</param>
/// <param name="Roles">Of <c>roles.yaml</c>.</param>
/// <param name="Area">It acts on this area and those below it; null for everywhere.</param>
public sealed record TokenRow(string Name, string Hash, ImmutableArray<string> Roles, string? Area, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset? ExpiresAt = null)
{
    /// <summary>To the minute or so; null for never.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    public bool HoldsAt(DateTimeOffset now) => RevokedAt is null && (ExpiresAt is null || now < ExpiresAt);

    /// <summary>Since when it no longer holds; null for one that does, or only expires later.</summary>
    internal long? OverSinceInMs => (RevokedAt ?? ExpiresAt)?.ToUnixTimeMilliseconds();
}

/// <summary>What became of a change of tokens.</summary>
public enum TokenChange
{
    Done,

    /// <summary>A token of this name holds. Nothing was changed.</summary>
    NameTaken,

    /// <summary>There is no such token. Nothing was changed.</summary>
    NotFound,

    /// <summary>There are <see cref="IPeopleStore.MostTokens"/>. Nothing was changed.</summary>
    Full,
}
