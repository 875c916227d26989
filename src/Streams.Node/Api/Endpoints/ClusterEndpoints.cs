using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Runtime;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary>
/// <c>GET /api/v1/cluster</c>: nodes, and shards with inbox topic, owner, epoch, next offset, position, end offset and lag. Owners and epochs come
/// from the store, which knows all nodes; position, end and lag are known for the shards that the asked node runs itself, and null for others.
/// </summary>
internal static class ClusterEndpoints
{
    public static IReadOnlyList<Operation> Operations { get; } =
    [
        new("getCluster", HttpMethods.Get, "/api/v1/cluster", "Nodes and shards.", GetAsync) { Replies = [Reply.Json("cluster", "Who runs what, and how far it is.")] },
    ];

    private static async Task GetAsync(HttpContext context, Query query)
    {
        ApiSources sources = ApiSources.Of(context);
        NodeIdentity identity = sources.Node.Identity;
        IReadOnlyList<ShardRow> stored = await Task.Run(sources.Store.ReadShards);
        Dictionary<ShardId, RunningShard> running = sources.Node.Shards().ToDictionary(each => each.Shard);
        long? lag = running.Count == 0 ? null : running.Values.Sum(each => each.Lag ?? 0);
        await Answer.Json(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("cluster", identity.Cluster);
            json.WriteString("version", identity.Version);
            json.WriteString("node", identity.Node);
            WriteNumber("lag", lag);
            json.WriteStartArray("nodes");
            foreach (IGrouping<string, ShardRow> node in stored.Where(row => row.Owner is not null).GroupBy(row => row.Owner!).OrderBy(each => each.Key, StringComparer.Ordinal))
            {
                WriteNode(node.Key, node.Count(), node.Key == identity.Node);
            }

            if (stored.All(row => row.Owner != identity.Node))
            {
                WriteNode(identity.Node, 0, isThis: true);
            }

            json.WriteEndArray();
            json.WriteStartArray("shards");
            foreach (ShardRow row in stored)
            {
                RunningShard? live = running.GetValueOrDefault(row.Shard);
                json.WriteStartObject();
                json.WriteString("kind", sources.Layout.Kinds.TryGetValue(row.Shard.Kind, out KindLayout? kind) ? kind.Name : row.Shard.Kind.ToString(System.Globalization.CultureInfo.InvariantCulture));
                json.WriteString("topic", kind?.Name switch
                {
                    DeviceEndpoints.Kind => sources.Configuration.Topics[TopicSettings.Readings].Name,
                    AreaEndpoints.Kind => sources.Configuration.Topics[TopicSettings.Observations].Name,
                    _ => null,
                });
                json.WriteNumber("partition", row.Shard.Partition);
                json.WriteString("owner", row.Owner);
                json.WriteNumber("epoch", row.Epoch);
                json.WriteNumber("nextOffset", live?.NextOffset ?? row.NextOffset);
                WriteNumber("position", live?.Position);
                WriteNumber("endOffset", live?.Position + live?.Lag);
                WriteNumber("lag", live?.Lag);
                json.WriteNumber("generation", row.Generation);
                json.WriteString("claimedAt", Answer.Time(row.ClaimedAt));
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();

            void WriteNumber(string name, long? number)
            {
                if (number is { } value)
                {
                    json.WriteNumber(name, value);
                }
                else
                {
                    json.WriteNull(name);
                }
            }

            void WriteNode(string name, int shards, bool isThis)
            {
                json.WriteStartObject();
                json.WriteString("name", name);
                json.WriteNumber("shards", shards);
                if (isThis)
                {
                    json.WriteString("version", identity.Version);
                    json.WriteString("startedAt", Answer.Time(identity.StartedAt));
                }

                json.WriteEndObject();
            }
        });
    }
}
