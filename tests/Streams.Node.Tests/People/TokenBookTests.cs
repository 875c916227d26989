using Streams.Node.People;
using Streams.Node.Tests.Api;
using Streams.Runtime.Storage;

namespace Streams.Node.Tests.People;

/// <summary>Tokens as a node knows them while the store is there, and while it is not.</summary>
public sealed class TokenBookTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 22, 10, 0, 0, TimeSpan.Zero);

    private readonly SetTime _time = new(s_now);
    private readonly TokenBook _book;
    private readonly string _token = Token.New();
    private readonly List<string> _touched = [];
    private TokenRow[] _rows;
    private bool _isAway;
    private int _reads;

    public TokenBookTests()
    {
        _rows = [new TokenRow("marie", Token.HashOf(_token), ["viewer"], null, s_now, "local")];
        _book = new TokenBook(Read, uses => _touched.AddRange(uses.Select(use => $"{use.Key} {(use.Value - s_now).TotalSeconds:0}")), _time);
    }

    private async Task<bool> HoldsAsync() => await _book.FindAsync(_token, TestContext.Current.CancellationToken) is not null;

    [Fact]
    public async Task Many_requests_in_a_second_ask_the_store_once()
    {
        for (int i = 0; i < 100; i++)
        {
            Assert.True(await HoldsAsync());
        }

        Assert.Equal(1, _reads);
    }

    [Fact]
    public async Task A_token_known_lately_holds_while_the_store_is_away_and_not_for_ever()
    {
        Assert.True(await HoldsAsync());
        _isAway = true;
        _time.Advance(TokenBook.FreshFor);
        Assert.True(await HoldsAsync());
        _time.Advance(TokenBook.KnownFor);

        await Assert.ThrowsAsync<StoreUnavailableException>(HoldsAsync);
    }

    [Fact]
    public async Task Without_the_store_a_node_that_knows_nothing_says_that_it_does_not_know()
    {
        _isAway = true;

        await Assert.ThrowsAsync<StoreUnavailableException>(HoldsAsync);
    }

    [Fact]
    public async Task A_token_expires_though_the_store_is_away()
    {
        _rows = [_rows[0] with { ExpiresAt = s_now.AddMinutes(1) }];
        Assert.True(await HoldsAsync());
        _isAway = true;
        _time.Advance(TimeSpan.FromMinutes(1));

        Assert.False(await HoldsAsync());
    }

    [Fact]
    public async Task The_last_use_is_noted_once_a_minute()
    {
        for (int second = 0; second < 90; second++)
        {
            await HoldsAsync();
            _book.NoteUses();
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal(["marie 0", "marie 60"], _touched);
    }

    private TokenRow[] Read()
    {
        _reads++;
        return _isAway ? throw new StoreUnavailableException("away") : _rows;
    }
}
