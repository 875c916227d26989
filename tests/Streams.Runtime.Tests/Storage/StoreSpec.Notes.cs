using Streams.Runtime.Storage;

namespace Streams.Runtime.Tests.Storage;

/// <summary>What an owner that fears for its life leaves to the next one.</summary>
public abstract partial class StoreSpec
{
    [Fact]
    public void A_note_is_found_by_the_next_owner_until_it_is_taken_away_or_passed()
    {
        ShardOwner first = new(Store, Shard);
        Store.Try(Shard, first.Claim.Epoch, new Attempted(5, 16));
        ShardOwner second = new(Store, Shard);
        Assert.Equal(new Attempted(5, 16), second.Claim.Trying);

        Store.Try(Shard, second.Claim.Epoch, Attempted.Loading(7));
        ShardOwner third = new(Store, Shard);
        Assert.Equal(Attempted.Loading(7), third.Claim.Trying);
        Assert.True(third.Claim.Trying is { IsLoading: true, IsOne: true });

        third.Write(third.Next(8));
        Assert.Equal(default, new ShardOwner(Store, Shard).Claim.Trying);
    }

    [Fact]
    public void A_note_of_an_owner_that_was_fenced_has_no_effect()
    {
        ShardOwner stale = new(Store, Shard);
        ShardOwner owner = new(Store, Shard);
        Store.Try(Shard, owner.Claim.Epoch, new Attempted(5, 1));

        Store.Try(Shard, stale.Claim.Epoch, new Attempted(6, 1));

        Assert.Equal(new Attempted(5, 1), new ShardOwner(Store, Shard).Claim.Trying);
    }

    [Fact]
    public void Claims_are_counted_until_the_shard_comes_further_or_is_given_back()
    {
        Assert.Equal(1, new ShardOwner(Store, Shard).Claim.IdleClaims);
        ShardOwner owner = new(Store, Shard);
        Assert.Equal(2, owner.Claim.IdleClaims);
        owner.Write(owner.Next(0));
        owner = new(Store, Shard);
        Assert.Equal(3, owner.Claim.IdleClaims);

        owner.Write(owner.Next(1));
        owner = new(Store, Shard);
        Assert.Equal(1, owner.Claim.IdleClaims);

        Store.Release(Shard, owner.Claim.Epoch, TimeSpan.Zero);
        Assert.Equal(1, new ShardOwner(Store, Shard).Claim.IdleClaims);
    }
}
