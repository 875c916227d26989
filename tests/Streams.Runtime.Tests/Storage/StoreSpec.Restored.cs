using Streams.Runtime.Actors;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Tests.Storage;

/// <summary>A store that was restored from a backup: what was published since no longer counts.</summary>
public abstract partial class StoreSpec
{
    [Fact]
    public void A_restored_store_has_another_lineage_and_knows_where_the_one_before_ended()
    {
        ShardOwner owner = new(Store, Shard);
        owner.Write(owner.WithChunk(10, Lane.Urgent, 3, "u"));
        owner.Write(owner.WithChunk(20, Lane.Bulk, 5, "b"));
        long before = Store.Lineage;
        Assert.Equal(
            [(SourceMarks.SourceOf(Shard, Lane.Urgent), 3L), (SourceMarks.SourceOf(Shard, Lane.Bulk), 5L)],
            Store.ReadNumbers().Select(pair => (pair.Key, pair.Value)).Order());

        Assert.Equal(1, Store.BeginLineage());
        OpenAgain(Layout);

        Assert.NotEqual(before, Store.Lineage);
        Assert.True(Store.Ended.Has(before));
        Assert.False(Store.Ended.Has(Store.Lineage));
        Assert.Equal([false, true], new[] { 3, 4 }.Select(number => Store.Ended.IsVoid(before, SourceMarks.SourceOf(Shard, Lane.Urgent), number)));
        Assert.Equal([false, true], new[] { 5, 6 }.Select(number => Store.Ended.IsVoid(before, SourceMarks.SourceOf(Shard, Lane.Bulk), number)));
        Assert.True(Store.Ended.IsVoid(before, SourceMarks.SourceOf(Neighbour, Lane.Bulk), 1));
        Assert.False(Store.Ended.IsVoid(Store.Lineage, SourceMarks.SourceOf(Shard, Lane.Bulk), 99));
    }

    [Fact]
    public void A_store_can_be_restored_more_than_once()
    {
        ShardOwner owner = new(Store, Shard);
        owner.Write(owner.WithChunk(10, Lane.Urgent, 3, "u"));
        long first = Store.Lineage;
        Store.BeginLineage();
        OpenAgain(Layout);
        long second = Store.Lineage;
        Store.BeginLineage();
        OpenAgain(Layout);

        Assert.True(Store.Ended.Has(first) && Store.Ended.Has(second));
    }
}
