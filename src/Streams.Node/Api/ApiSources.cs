using Microsoft.Extensions.DependencyInjection;
using Streams.Domain.Devices;
using Streams.Node.Actors;
using Streams.Node.Configuration;
using Streams.Node.Feeds;
using Streams.Node.Feeds.Webhooks;
using Streams.Node.People;
using Streams.Node.Telemetry;
using Streams.Runtime;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Node.Api;

/// <summary>Where the API's answers come from.</summary>
/// <param name="Layout">Actor kinds, their numbers and partition counts: with a key they give the shard whose history is asked for.</param>
public sealed record ApiSources(IStore Store, INodeView Node, StoreLayout Layout, ClusterConfiguration Configuration, TimeProvider Time)
{
    /// <summary>The city that is simulated in this process; null where none is.</summary>
    public ISimulation? Simulation { get; init; }

    /// <summary>The node's figures, for who scrapes them; null where there are none.</summary>
    public NodeTelemetry? Telemetry { get; init; }

    /// <summary>The other nodes, for what lives there.</summary>
    internal Neighbours Neighbours { get; init; } = new(Node, Store, Time);

    /// <summary>What the feeds go by. As in a cluster, where it is not said otherwise.</summary>
    internal AlertFeeds Feeds { get; init; } = new(Configuration.Node.Feeds, Configuration.Node.Http, Configuration.Node.Feeds.Public ?? false);

    /// <summary>What webhooks there are.</summary>
    internal WebhookDesk Webhooks => field ??= new WebhookDesk(Configuration.Node.Feeds.Webhooks, Store, Node.Identity.Node, Time);

    /// <summary>The configured device types, to be looked up by name.</summary>
    internal DeviceCatalog Catalog { get; } = new(Configuration.DeviceTypes);

    /// <summary>What is configured of the response to alerts.</summary>
    internal CityResponse Response { get => field ??= new CityResponse(Configuration); init; }

    /// <summary>The tokens that let somebody in.</summary>
    internal TokenBook Tokens { get; } = new(Store.ReadTokens, Store.TouchTokens, Time);

    /// <summary>Notes who did what.</summary>
    internal AuditTrail Audit { get; } = new(Store, Time);

    /// <summary>Notes who was refused.</summary>
    internal Denials Denials => field ??= new Denials(Audit, Time);

    /// <summary>Lets requests in.</summary>
    internal Doorkeeper Door => field ??= new Doorkeeper(Configuration.Node.Http, new Policy(Configuration.Roles), Tokens, () => Store.NodeSecret, Denials);

    /// <summary>How many documents the store holds.</summary>
    internal DocumentCounts Counts { get; } = new(Store, Time);

    /// <summary>The shard an actor lives in.</summary>
    internal ShardId ShardOf(string kind, string key)
    {
        (byte number, KindLayout layout) = Layout.Kinds.First(each => each.Value.Name == kind);
        return new ShardId(number, Partitioner.PartitionOf(System.Text.Encoding.UTF8.GetBytes(key), layout.Partitions));
    }

    /// <summary>The live states of actors, on whatever node, in the order of the keys; null where there is none, or its node can not be asked.</summary>
    internal Task<ReadOnlyMemory<byte>?[]> DescribeAsync(string kind, IReadOnlyList<string> keys, CancellationToken stop) =>
        Neighbours.DescribeAsync(kind, keys, key => ShardOf(kind, key), stop);

    /// <summary>One of them.</summary>
    internal async Task<ReadOnlyMemory<byte>?> DescribeAsync(string kind, string key, CancellationToken stop) => (await DescribeAsync(kind, [key], stop))[0];

    internal static ApiSources Of(HttpContext context) => context.RequestServices.GetRequiredService<ApiSources>();
}
