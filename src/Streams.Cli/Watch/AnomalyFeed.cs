using System.Text.Json;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Watch;

/// <summary>Anomalies as they are raised and cleared: of the newest by event time, those that were not there or were in another state at the look before.</summary>
internal sealed class AnomalyFeed(NodeClient node, string? device, string? area, int read = 300)
{
    private HashSet<(string Id, string State)>? _told;

    /// <summary>At first those that are raised; from then on each that is raised or cleared.</summary>
    public async Task<IReadOnlyList<Change>> LookAsync(CancellationToken stop)
    {
        Query query = new Query("api/v1/anomalies").With("device", device).With("area", area).With("limit", Commands.Lists.Number(read));
        JsonElement page = await node.GetAsync(query.ToString(), "anomalies", stop).ConfigureAwait(false);
        JsonElement[] items = [.. page.List("items").Reverse()];
        HashSet<(string Id, string State)>? before = _told;
        _told = [.. items.Select(KeyOf)];
        return [.. items.Where(item => before is null ? item.Text("state") == "raised" : !before.Contains(KeyOf(item))).Select(item => Told(item, namesDevice: device is null))];
    }

    private static (string Id, string State) KeyOf(JsonElement anomaly) => (anomaly.Text("id"), anomaly.Text("state"));

    private static Change Told(JsonElement anomaly, bool namesDevice) => new(
        anomaly.Text("time"), anomaly.Text("state"), (namesDevice ? anomaly.Text("deviceId") + "  " : "") + $"{anomaly.Text("kind")}: {anomaly.Text("explanation")}", anomaly);
}
