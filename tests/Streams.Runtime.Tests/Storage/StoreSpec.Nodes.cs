using Streams.Runtime.Storage;

namespace Streams.Runtime.Tests.Storage;

/// <summary>Who runs, and how shards change hands.</summary>
public abstract partial class StoreSpec
{
    private static NodeRow NodeNamed(string name, NodeState state = NodeState.Working, string process = "p1") =>
        new(name, process, $"http://{name}:8080", "1.2.3", state, 4, ShardOwner.Noon);

    [Fact]
    public void A_node_that_beats_is_seen_by_all_as_it_last_was()
    {
        Store.Beat(NodeNamed("node-2"));
        Store.Beat(NodeNamed("node-1", NodeState.Draining));

        IReadOnlyList<NodeRow> nodes = Store.Beat(NodeNamed("node-2", NodeState.Left, "p2"));

        Assert.Equal(["node-1", "node-2"], nodes.Select(node => node.Name));
        Assert.Equal(NodeNamed("node-2", NodeState.Left, "p2") with { SeenAgo = nodes[1].SeenAgo }, nodes[1]);
        Assert.Equal([true, false], nodes.Select(node => node.IsAlive));
        Assert.Equal(nodes.Select(node => node.Name), Store.ReadNodes().Select(node => node.Name));
    }

    [Fact]
    public void A_shard_that_was_given_back_says_how_long_it_stood_still()
    {
        ShardOwner first = new(Store, Shard, "node-1");
        Assert.Null(Store.Resumed(Shard, first.Claim.Epoch, TimeSpan.Zero));
        Store.Release(Shard, first.Claim.Epoch, stoppedAgo: TimeSpan.FromSeconds(5));
        ShardOwner second = new(Store, Shard, "node-2");

        ShardHandover handover = Store.Resumed(Shard, second.Claim.Epoch, resumedAgo: TimeSpan.FromSeconds(1))!;

        Assert.Equal(("node-1", true), (handover.From, handover.WasDrained));
        Assert.InRange(handover.Gap.TotalSeconds, 3.9, 60);
        Assert.Equal(handover, Assert.Single(Store.ReadShards()).Handover);
    }

    [Fact]
    public void A_shard_whose_owner_was_lost_stood_still_since_that_node_was_last_seen()
    {
        Store.Beat(NodeNamed("node-1"));
        ShardOwner first = new(Store, Shard, "node-1");
        ShardOwner second = new(Store, Shard, "node-2");

        Assert.Null(Store.Resumed(Shard, first.Claim.Epoch, TimeSpan.Zero));
        Assert.Null(Assert.Single(Store.ReadShards()).Handover);
        ShardHandover handover = Store.Resumed(Shard, second.Claim.Epoch, TimeSpan.Zero)!;

        Assert.Equal(("node-1", false), (handover.From, handover.WasDrained));
        Assert.InRange(handover.Gap.TotalSeconds, 0, 60);
    }

    [Fact]
    public void A_shard_whose_owner_never_said_that_it_lives_has_no_gap_to_tell()
    {
        _ = new ShardOwner(Store, Shard, "node-1");
        ShardOwner second = new(Store, Shard, "node-2");

        Assert.Null(Store.Resumed(Shard, second.Claim.Epoch, TimeSpan.Zero));
    }

    [Fact]
    public void A_claim_after_a_claim_tells_of_the_owner_in_between()
    {
        Store.Beat(NodeNamed("node-2"));
        ShardOwner first = new(Store, Shard, "node-1");
        Store.Release(Shard, first.Claim.Epoch, TimeSpan.Zero);
        _ = new ShardOwner(Store, Shard, "node-2");
        ShardOwner third = new(Store, Shard, "node-3");

        Assert.Equal(("node-2", false), Store.Resumed(Shard, third.Claim.Epoch, TimeSpan.Zero) is { } handover ? (handover.From, handover.WasDrained) : default);
    }
}
