using System.Text.Json;

namespace Streams.Runtime.Audit;

/// <summary>
/// Goes along a chain from its anchor on, entry by entry, and says where it breaks first. It trusts nothing that an entry says of itself but what its
/// content gives.
/// </summary>
public sealed class AuditWalk(AuditChain chain)
{
    /// <summary>The action by which housekeeping notes what it deletes.</summary>
    public const string Pruning = "audit.prune";

    private AuditLink _last = chain.Anchor;
    private bool _isAnchorVouchedFor = chain.Anchor == AuditLink.Beginning;

    /// <summary>Entries that were in order.</summary>
    public long Checked { get; private set; }

    public AuditLink Last => _last;

    /// <summary>The details by which an entry vouches for the anchor that pruning sets.</summary>
    public static AuditDraft Vouch(AuditDraft draft, AuditLink anchor) =>
        draft.With("through", anchor.Number.ToString(System.Globalization.CultureInfo.InvariantCulture)).With("throughHash", anchor.Hash);

    /// <summary>The next entry, in the order of numbers.</summary>
    /// <returns>What is wrong with it; null where it follows.</returns>
    public string? Step(JsonElement entry)
    {
        long number;
        string hash, previous, content;
        try
        {
            number = entry.GetProperty("number").GetInt64();
            hash = entry.GetProperty("hash").GetString() ?? "";
            previous = entry.GetProperty("previousHash").GetString() ?? "";
            content = AuditEntry.HashOf(entry);
        }
        catch (Exception malformed) when (malformed is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            return $"What follows entry {_last.Number} is no audit entry: {malformed.Message}";
        }

        if (number != _last.Number + 1)
        {
            return number > _last.Number + 1
                ? $"Entry {Span(_last.Number + 1, number - 1)} missing: {_last.Number} is followed by {number}."
                : $"Entry {number} stands after entry {_last.Number}.";
        }

        if (content != hash)
        {
            return $"Entry {number} was changed: it says hash {hash}, its content gives {content}.";
        }

        if (previous != _last.Hash)
        {
            return $"Entry {number} does not follow entry {_last.Number}: it says previousHash {previous}, that entry's hash is {_last.Hash}.";
        }

        if (number == chain.Head.Number && hash != chain.Head.Hash)
        {
            return $"Entry {number} is not the one that was written: its hash is {hash}, the chain's head says {chain.Head.Hash}.";
        }

        Vouched(entry);
        _last = new AuditLink(number, hash);
        Checked++;
        return null;
    }

    /// <summary>After the last entry.</summary>
    /// <returns>What is wrong with the whole; null where it is whole.</returns>
    public string? End() =>
        _last.Number < chain.Head.Number ? $"Entry {Span(_last.Number + 1, chain.Head.Number)} missing at the end: the chain's head is {chain.Head.Number}, the last entry {_last.Number}."
        : Checked == 0 && _last != chain.Head ? $"The chain's head says hash {chain.Head.Hash}, its anchor {_last.Hash}, at number {_last.Number}."
        : !_isAnchorVouchedFor ? $"Entries through {chain.Anchor.Number} are missing, and no entry says that housekeeping deleted them."
        : null;

    private void Vouched(JsonElement entry)
    {
        if (_isAnchorVouchedFor || entry.GetProperty("action").GetString() != Pruning)
        {
            return;
        }

        JsonElement details = entry.GetProperty("details");
        _isAnchorVouchedFor = details.TryGetProperty("throughHash", out JsonElement hash) && hash.GetString() == chain.Anchor.Hash;
    }

    private static string Span(long from, long to) => from == to ? $"{from} is" : $"{from} to {to} are";
}
