using System.Net;
using System.Text.Json;
using Streams.Cli.Output;
using Streams.Simulator.Replay;

namespace Streams.Cli.Server;

/// <summary>How far the devices' shards are behind, as <c>GET /api/v1/cluster</c> says it.</summary>
internal static class NodeLag
{
    /// <summary>
    /// A limit by the node's lag where Kafka is on this machine, so that it may be the embedded broker, which forgets what was not read in
    /// time. A Kafka elsewhere keeps its records, and needs none.
    /// </summary>
    public static async Task<LagLimit?> LimitFor(NodeClient node, string bootstrap, TextWriter notes, CancellationToken stop)
    {
        if (!IsThisMachine(bootstrap))
        {
            return null;
        }

        if (await LagOf(node, stop).ConfigureAwait(false) is null)
        {
            notes.WriteLine("No node answers, so nothing holds the replay back: if this Kafka is the embedded broker, what is not read in time is lost (--server names the node).");
            return null;
        }

        return new LagLimit(token => LagOf(node, token), TimeProvider.System);
    }

    /// <summary>Records not yet applied, by partition of the readings; null when the node does not answer.</summary>
    private static async Task<IReadOnlyDictionary<int, long>?> LagOf(NodeClient node, CancellationToken stop)
    {
        JsonElement cluster;
        try
        {
            cluster = await node.GetAsync("api/v1/cluster", "the cluster", stop).ConfigureAwait(false);
        }
        catch (CommandFailedException)
        {
            return null;
        }

        string self = cluster.Text("node");
        var lags = new Dictionary<int, long>();
        foreach (JsonElement shard in cluster.List("shards"))
        {
            if (shard.Text("kind") != "device" || shard.NumberAt("partition") is not { } partition)
            {
                continue;
            }

            // A shard of another node is not known here; it is taken to keep up, as it has a Kafka of its own kind to hold what it has not read.
            if (shard.NumberAt("lag") is { } lag)
            {
                lags[(int)partition] = (long)lag;
            }
            else if (shard.Text("owner") is { Length: > 0 } owner && owner != self)
            {
                lags[(int)partition] = 0;
            }
        }

        return lags;
    }

    private static bool IsThisMachine(string bootstrap) => bootstrap.Split(',').All(server =>
    {
        string host = server.Trim()[..(server.Trim().LastIndexOf(':') is >= 0 and int colon ? colon : server.Trim().Length)].Trim('[', ']');
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host, out IPAddress? address) && IPAddress.IsLoopback(address));
    });
}
