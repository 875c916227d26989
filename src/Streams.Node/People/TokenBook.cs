using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using Streams.Runtime.Storage;

namespace Streams.Node.People;

/// <summary>
/// The tokens as this node knows them: read from the store again after <see cref="FreshFor"/>, so that a token that is revoked anywhere is refused everywhere
/// within seconds. While the store is away, tokens known lately go on.
/// </summary>
/// <param name="read"><see cref="IPeopleStore.ReadTokens"/>.</param>
/// <param name="touch"><see cref="IPeopleStore.TouchTokens"/>.</param>
public sealed class TokenBook(Func<IReadOnlyList<TokenRow>> read, Action<IReadOnlyCollection<KeyValuePair<string, DateTimeOffset>>> touch, TimeProvider time)
{
    /// <summary>A thousand rows at most, by their index: a millisecond for the store, once a second while anybody asks.</summary>
    public static readonly TimeSpan FreshFor = TimeSpan.FromSeconds(1);

    /// <summary>Without the store nobody can revoke, but perhaps only this node can not reach it: after so long what it knows is not to be trusted.</summary>
    public static readonly TimeSpan KnownFor = TimeSpan.FromMinutes(15);

    /// <summary>How long somebody who could be let in by what is known waits for news.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromMilliseconds(250);

    /// <summary>Uses are noted as coarsely: a write a minute and token, not one a request.</summary>
    private static readonly TimeSpan s_useNotedEvery = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly ConcurrentDictionary<string, DateTimeOffset> _uses = new(StringComparer.Ordinal);
    private readonly Dictionary<string, DateTimeOffset> _noted = new(StringComparer.Ordinal);
    private Known? _known;
    private Task<Known>? _reading;

    /// <summary>The token's row if it holds now; null for one that is unknown, expired or revoked.</summary>
    /// <exception cref="StoreUnavailableException">The store is away, and nothing is known that could be trusted.</exception>
    public async Task<TokenRow?> FindAsync(string token, CancellationToken stop)
    {
        string hash = Token.HashOf(token);
        Known known = await KnownAsync(stop);
        DateTimeOffset now = time.GetUtcNow();

        // What is compared is the hash of something random, so where a table's look-up stops tells nothing of a token; the last word is in constant time all the same.
        TokenRow? row = known.ByHash.GetValueOrDefault(hash);
        bool isSame = CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(row?.Hash ?? Token.HashOf("")), Encoding.ASCII.GetBytes(hash));
        if (row is null || !isSame || !row.HoldsAt(now))
        {
            return null;
        }

        _uses[row.Name] = now;
        return row;
    }

    /// <summary>What this node itself changed counts from its next request on.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            _known = null;
            _reading = null;
        }
    }

    /// <summary>Notes uses in the store, each token's once a minute.</summary>
    public void NoteUses()
    {
        List<KeyValuePair<string, DateTimeOffset>> due = [.. _uses.Where(use => !_noted.TryGetValue(use.Key, out DateTimeOffset before) || use.Value - before >= s_useNotedEvery)];
        if (due.Count == 0)
        {
            return;
        }

        touch(due);
        foreach ((string name, DateTimeOffset at) in due)
        {
            _noted[name] = at;
            _uses.TryRemove(new(name, at));
        }
    }

    private async Task<Known> KnownAsync(CancellationToken stop)
    {
        Known? known;
        Task<Known> reading;
        lock (_gate)
        {
            if (_reading is { IsCompleted: true })
            {
                _known = _reading.IsCompletedSuccessfully ? _reading.Result : _known;
                _reading = null;
            }

            known = _known is { } before && time.GetElapsedTime(before.ReadAt) < KnownFor ? _known : null;
            if (known is not null && time.GetElapsedTime(known.ReadAt) < FreshFor)
            {
                return known;
            }

            reading = _reading ??= Task.Run(Read, CancellationToken.None);
        }

        try
        {
            return known is null ? await reading.WaitAsync(stop) : await reading.WaitAsync(s_patience, stop);
        }
        catch (Exception away) when (known is not null && away is TimeoutException or StoreUnavailableException)
        {
            return known!;
        }
    }

    private Known Read()
    {
        long at = time.GetTimestamp();
        return new Known(read().ToFrozenDictionary(row => row.Hash, StringComparer.Ordinal), at);
    }

    private sealed record Known(FrozenDictionary<string, TokenRow> ByHash, long ReadAt);
}
