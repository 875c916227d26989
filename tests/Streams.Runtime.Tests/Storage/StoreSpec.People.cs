using System.Text;
using System.Text.Json;
using Streams.Runtime.Audit;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Tests.Storage;

/// <summary>Who may act, and who did what.</summary>
public abstract partial class StoreSpec
{
    private static readonly AuditActor s_marie = new("marie", ["operator"], "token", "10.0.0.7");

    /// <summary>Changes the open store behind its back.</summary>
    protected abstract void Tamper(string sql);

    private static AuditDraft Deed(string id, string action = "device.put", string actor = "marie", int minute = 0) =>
        new(id, ShardOwner.Noon.AddMinutes(minute), s_marie with { Name = actor }, action, "device:d-1");

    private static TokenRow NewToken(string name, DateTimeOffset? expires = null) =>
        new(name, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(name))), ["viewer", "operator"], "dijon/nord", ShardOwner.Noon, "local", expires);

    protected static string? Verify(IStore store)
    {
        AuditWalk walk = new(store.ReadAuditChain());
        foreach (AuditEntry entry in store.ReadAudit(new AuditQuery(OldestFirst: true, Limit: 1_000)))
        {
            using JsonDocument body = JsonDocument.Parse(entry.Body);
            if (walk.Step(body.RootElement) is { } fault)
            {
                return fault;
            }
        }

        return walk.End();
    }

    [Fact]
    public void An_installation_has_one_secret_for_its_nodes()
    {
        string secret = Store.NodeSecret;

        Assert.Matches("^[0-9a-f]{64}$", secret);
        OpenAgain(Layout);
        Assert.Equal(secret, Store.NodeSecret);
    }

    [Fact]
    public void A_token_is_there_as_it_was_added_and_the_deed_is_noted_with_it()
    {
        TokenRow token = NewToken("marie", ShardOwner.Noon.AddDays(90));

        Assert.Equal(TokenChange.Done, Store.AddToken(token, Deed("a", "token.add")));

        TokenRow read = Assert.Single(Store.ReadTokens());
        Assert.Equal(token with { Roles = read.Roles }, read);
        Assert.Equal(token.Roles.AsEnumerable(), read.Roles);
        Assert.Equal("token.add", Assert.Single(Store.ReadAudit(new AuditQuery())).Action);
        Assert.Null(Verify(Store));
    }

    [Fact]
    public void A_change_that_does_not_happen_is_not_noted()
    {
        Store.AddToken(NewToken("marie"), Deed("a"));

        Assert.Equal(TokenChange.NameTaken, Store.AddToken(NewToken("marie") with { Hash = new string('1', 64) }, Deed("b")));
        Assert.Equal(TokenChange.NotFound, Store.RevokeToken("nobody", ShardOwner.Noon, Deed("c")));

        Assert.Single(Store.ReadAudit(new AuditQuery()));
        Assert.Equal(1, Store.ReadAuditChain().Head.Number);
    }

    [Fact]
    public void A_change_whose_answer_was_lost_is_given_again_and_happens_once()
    {
        Assert.Equal(TokenChange.Done, Store.AddToken(NewToken("marie"), Deed("a")));
        Assert.Equal(TokenChange.Done, Store.AddToken(NewToken("marie"), Deed("a")));
        Assert.Equal(TokenChange.Done, Store.RevokeToken("marie", ShardOwner.Noon, Deed("b")));
        Assert.Equal(TokenChange.Done, Store.RevokeToken("marie", ShardOwner.Noon, Deed("b")));
        AuditEntry once = Store.Append(Deed("c"));
        AuditEntry twice = Store.Append(Deed("c"));

        Assert.Equal((3, once.Link), (Store.ReadAuditChain().Head.Number, twice.Link));
        Assert.Equal(3, Store.ReadAudit(new AuditQuery()).Count);
    }

    [Fact]
    public void A_name_is_free_again_once_its_token_is_revoked_or_expired()
    {
        Store.AddToken(NewToken("marie"), Deed("a"));
        Store.RevokeToken("marie", ShardOwner.Noon.AddMinutes(1), Deed("b"));
        Assert.Equal(ShardOwner.Noon.AddMinutes(1), Assert.Single(Store.ReadTokens()).RevokedAt);

        Assert.Equal(TokenChange.Done, Store.AddToken(NewToken("marie", ShardOwner.Noon.AddMinutes(3)), Deed("c", minute: 2)));
        Assert.Null(Assert.Single(Store.ReadTokens()).RevokedAt);
        Assert.Equal(TokenChange.NameTaken, Store.AddToken(NewToken("marie"), Deed("d", minute: 2)));
        Assert.Equal(TokenChange.Done, Store.AddToken(NewToken("marie"), Deed("e", minute: 3)));
    }

    [Fact]
    public void Tokens_are_bounded_and_those_that_are_over_make_room_after_a_while()
    {
        for (int i = 0; i < IPeopleStore.MostTokens; i++)
        {
            Store.AddToken(NewToken($"t{i}", ShardOwner.Noon.AddMinutes(1)), Deed($"{i}"));
        }

        Assert.Equal(TokenChange.Full, Store.AddToken(NewToken("one-more"), Deed("x", minute: 2)));
        DateTimeOffset later = ShardOwner.Noon.AddMinutes(1) + IPeopleStore.ForgottenAfter;
        Assert.Equal(TokenChange.Done, Store.AddToken(NewToken("one-more"), Deed("y") with { At = later }));
        Assert.Equal("one-more", Assert.Single(Store.ReadTokens()).Name);
    }

    [Fact]
    public void The_last_use_of_a_token_goes_forward_only()
    {
        Store.AddToken(NewToken("marie"), Deed("a"));
        Store.TouchTokens([new("marie", ShardOwner.Noon.AddMinutes(5)), new("gone", ShardOwner.Noon)]);
        Store.TouchTokens([new("marie", ShardOwner.Noon)]);

        Assert.Equal(ShardOwner.Noon.AddMinutes(5), Assert.Single(Store.ReadTokens()).LastUsedAt);
    }

    [Fact]
    public void Entries_are_read_newest_or_oldest_first_by_actor_action_and_time_in_pages()
    {
        for (int i = 1; i <= 6; i++)
        {
            Store.Append(Deed($"{i}", i % 2 == 0 ? "device.put" : "node.drain", i <= 3 ? "marie" : "paul", i));
        }

        Assert.Equal([6L, 5, 4], Numbers(new AuditQuery(Limit: 3)));
        Assert.Equal([3L, 2], Numbers(new AuditQuery(After: 4, Limit: 2)));
        Assert.Equal([1L, 2], Numbers(new AuditQuery(OldestFirst: true, Limit: 2)));
        Assert.Equal([3L, 4], Numbers(new AuditQuery(OldestFirst: true, After: 2, Limit: 2)));
        Assert.Equal([3L, 2, 1], Numbers(new AuditQuery(Actor: "marie")));
        Assert.Equal([6L, 4, 2], Numbers(new AuditQuery(Action: "device.put")));
        Assert.Equal([5L], Numbers(new AuditQuery(Actor: "paul", Action: "node.drain", SinceInMs: ShardOwner.Noon.AddMinutes(5).ToUnixTimeMilliseconds())));

        IEnumerable<long> Numbers(AuditQuery query) => Store.ReadAudit(query).Select(entry => entry.Link.Number);
    }

    [Theory]
    [InlineData("UPDATE audit SET body = replace(CAST(body AS text), 'marie', 'paul') WHERE number = 2", "Entry 2 was changed")]
    [InlineData("DELETE FROM audit WHERE number = 2", "Entry 2 is missing")]
    [InlineData("DELETE FROM audit WHERE number = 4", "Entry 4 is missing at the end")]
    [InlineData("DELETE FROM audit WHERE number = 1", "Entry 1 is missing")]
    public void What_is_done_to_the_rows_is_found(string sql, string fault)
    {
        for (int i = 1; i <= 4; i++)
        {
            Store.Append(Deed($"{i}"));
        }

        Assert.Null(Verify(Store));
        Tamper(Store is PostgresStore ? sql.Replace("replace(CAST(body AS text), 'marie', 'paul')", "convert_to(replace(convert_from(body, 'UTF8'), 'marie', 'paul'), 'UTF8')", StringComparison.Ordinal) : sql);

        Assert.StartsWith(fault, Verify(Store), StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_older_than_the_retention_goes_once_it_is_published_and_the_rest_can_still_be_verified()
    {
        for (int i = 1; i <= 5; i++)
        {
            Store.Append(Deed($"{i}", minute: i));
        }

        long before = ShardOwner.Noon.AddMinutes(4).ToUnixTimeMilliseconds();
        Assert.Equal(0, Store.PruneAudit(before, Deed("p", AuditWalk.Pruning, minute: 9)));
        Store.AuditPublished(2);
        Store.AuditPublished(1);
        Assert.Equal(2, Store.PruneAudit(before, Deed("q", AuditWalk.Pruning, minute: 9)));
        Assert.Equal((2, 6, 2), (Store.ReadAuditChain().Anchor.Number, Store.ReadAuditChain().Head.Number, Store.ReadAuditChain().PublishedThrough));
        Assert.Null(Verify(Store));
        Store.AuditPublished(6);
        Assert.Equal(1, Store.PruneAudit(before, Deed("r", AuditWalk.Pruning, minute: 9)));

        Assert.Equal([4L, 5, 6, 7], Store.ReadAudit(new AuditQuery(OldestFirst: true)).Select(entry => entry.Link.Number));
        Assert.Null(Verify(Store));
        Tamper("DELETE FROM audit WHERE number = 4");
        Tamper("UPDATE audit_chain SET anchor_number = 4");
        Assert.NotNull(Verify(Store));
    }

    [Fact]
    public async Task Writers_that_write_at_once_make_one_chain()
    {
        _ = Store.Lineage;
        IStore[] nodes = [.. Enumerable.Range(0, 3).Select(_ => AnotherNode())];
        await Task.WhenAll(nodes.Index().Select(node => Task.Run(() =>
        {
            for (int i = 0; i < 25; i++)
            {
                node.Item.Append(Deed($"{node.Index}-{i}"));
            }
        })));

        Assert.Equal(Enumerable.Range(1, 75).Select(number => (long)number), Store.ReadAudit(new AuditQuery(OldestFirst: true)).Select(entry => entry.Link.Number));
        Assert.Null(Verify(Store));
        foreach (IStore node in nodes.Where(node => node != Store))
        {
            node.Dispose();
        }
    }

    [Fact]
    public void What_actors_do_for_somebody_is_noted_with_the_commit_that_does_it_and_once()
    {
        ShardOwner stale = new(Store, Shard);
        ShardOwner owner = new(Store, Shard, "node-2");
        ShardCommit fenced = stale.WithActor(1, 0, "i-1", "stale");
        fenced.Audit.Add(Deed("stale"));
        ShardCommit commit = owner.WithActor(1, 0, "i-1", "done");
        commit.Audit.AddRange([Deed("1", "incident.approve"), Deed("2", "command.send")]);

        Assert.Equal([CommitResult.Fenced, CommitResult.Written], Store.Commit([fenced, commit]));
        Assert.Equal([CommitResult.Written], Store.Commit([commit]));
        Store.Append(Deed("between"));
        ShardCommit again = owner.WithActor(2, 0, "i-1", "decided again", isNew: false);
        again.Audit.AddRange([Deed("2", "command.send"), Deed("3")]);
        Store.Commit([again]);

        Assert.Equal(["1", "2", "between", "3"], Store.ReadAudit(new AuditQuery(OldestFirst: true)).Select(entry => entry.Id));
        Assert.Null(Verify(Store));
    }

    [Fact]
    public void A_restored_store_says_so_in_its_chain()
    {
        Store.Append(Deed("a"));
        Store.BeginLineage(Deed("b", "store.restored", "root"));

        Assert.Equal(["store.restored", "device.put"], Store.ReadAudit(new AuditQuery()).Select(entry => entry.Action));
        Assert.Null(Verify(Store));
    }

    /// <summary>Another node's store on the same database, where several may be; this one otherwise.</summary>
    protected virtual IStore AnotherNode() => Store;
}
