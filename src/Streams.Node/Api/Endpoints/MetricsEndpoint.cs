using System.Globalization;
using System.Text;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary><c>GET /metrics</c>: the node's figures in the Prometheus text format, version 0.0.4.</summary>
internal static class MetricsEndpoint
{
    public static IReadOnlyList<Operation> Operations { get; } =
    [
        new("getMetrics", HttpMethods.Get, "/metrics", "The node's figures in the Prometheus text format.", GetAsync)
        {
            Replies = [new(StatusCodes.Status200OK, "The figures.", null, "text/plain")],
        },
    ];

    private static async Task GetAsync(HttpContext context, Query query)
    {
        ApiSources sources = ApiSources.Of(context);
        NodeFigures figures = sources.Node.Figures();
        IReadOnlyList<RunningShard> shards = sources.Node.Shards();
        StringBuilder text = new();

        Family("streams_info", "gauge", "The node's version.");
        Sample("streams_info", 1, ("cluster", sources.Node.Identity.Cluster), ("node", sources.Node.Identity.Node), ("version", sources.Node.Identity.Version));
        Family("streams_uptime_seconds", "gauge", "Time since the node started.");
        Sample("streams_uptime_seconds", (sources.Time.GetUtcNow() - sources.Node.Identity.StartedAt).TotalSeconds);
        Family("streams_records_applied_total", "counter", "Records applied by actors.");
        Each("streams_records_applied_total", "kind", figures.Applied);
        Family("streams_records_refused_total", "counter", "Records refused to the dead letters.");
        Each("streams_records_refused_total", "reason", figures.Refused);
        Family("streams_records_repeated_total", "counter", "Records that were known already and changed nothing.");
        Sample("streams_records_repeated_total", figures.Repeats);
        Family("streams_records_misrouted_total", "counter", "Records forwarded to the partition of their key.");
        Sample("streams_records_misrouted_total", figures.Misrouted);
        Family("streams_records_published_total", "counter", "Records delivered to Kafka.");
        Sample("streams_records_published_total", figures.Published);
        Family("streams_transactions_total", "counter", "Transactions committed to the store.");
        Sample("streams_transactions_total", figures.Transactions);
        Family("streams_actors", "gauge", "Actors in memory.");
        Each("streams_actors", "kind", figures.Actors);
        Family("streams_busy_ratio", "gauge", "Share of the workers' time spent working, lately.");
        Sample("streams_busy_ratio", figures.BusyShare);

        Family("streams_shard_lag_records", "gauge", "Records of the inbox not yet applied, for the shards of this node.");
        foreach (RunningShard shard in shards.Where(each => each.Lag is not null))
        {
            Sample("streams_shard_lag_records", shard.Lag!.Value, ("kind", KindOf(shard)), ("partition", shard.Shard.Partition.ToString(CultureInfo.InvariantCulture)));
        }

        Family("streams_shard_epoch", "gauge", "Epoch of each shard of this node.");
        foreach (RunningShard shard in shards)
        {
            Sample("streams_shard_epoch", shard.Epoch, ("kind", KindOf(shard)), ("partition", shard.Shard.Partition.ToString(CultureInfo.InvariantCulture)));
        }

        Family("streams_health", "gauge", "1 where a part of the node is well, 0 where not.");
        foreach (HealthPart part in sources.Node.Health())
        {
            Sample("streams_health", part.IsWell ? 1 : 0, ("part", part.Name));
        }

        try
        {
            long[] counts = await sources.Counts.GetAsync();
            Family("streams_documents", "gauge", "Documents in the store, over the whole cluster; some seconds old.");
            for (int i = 0; i < counts.Length; i++)
            {
                Sample("streams_documents", counts[i], ("collection", DocumentCounts.Collections[i]));
            }
        }
        catch (StoreUnavailableException)
        {
            // The other figures matter most just when the store is away; streams_health says that it is.
        }

        context.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await context.Response.WriteAsync(text.ToString(), context.RequestAborted);

        string KindOf(RunningShard shard) =>
            sources.Layout.Kinds.TryGetValue(shard.Shard.Kind, out KindLayout? kind) ? kind.Name : shard.Shard.Kind.ToString(CultureInfo.InvariantCulture);

        void Family(string name, string type, string help) =>
            text.Append("# HELP ").Append(name).Append(' ').Append(help).Append("\n# TYPE ").Append(name).Append(' ').Append(type).Append('\n');

        void Each(string name, string label, IReadOnlyDictionary<string, long> values)
        {
            foreach ((string key, long value) in values.OrderBy(each => each.Key, StringComparer.Ordinal))
            {
                Sample(name, value, (label, key));
            }
        }

        void Sample(string name, double value, params ReadOnlySpan<(string Name, string Value)> labels)
        {
            text.Append(name);
            for (int i = 0; i < labels.Length; i++)
            {
                text.Append(i == 0 ? '{' : ',').Append(labels[i].Name).Append("=\"").Append(Escape(labels[i].Value)).Append('"');
            }

            text.Append(labels.Length > 0 ? "} " : " ").Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
        }
    }

    private static string Escape(string label) =>
        label.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
}
