using System.Text.Json;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Watch;

/// <summary>An area as it changes: its devices and how many are silent, its newest windows, and the alerts of it and of the areas inside it.</summary>
/// <param name="metric">Only windows of this metric; null for all.</param>
internal sealed class AreaFeed(NodeClient node, string id, string? metric)
{
    private readonly AlertFeed _alerts = new(node, id, null);
    private HashSet<string>? _windows;
    private string _figures = "";

    /// <summary>At first how it is, and its active alerts.</summary>
    public async Task<IReadOnlyList<Change>> LookAsync(CancellationToken stop)
    {
        JsonElement area = await node.GetAsync($"api/v1/areas/{Query.Id(id)}", $"area {id}", stop).ConfigureAwait(false);
        var changes = new List<Change>();
        string figures = $"{area.Text("devices")} devices, {area.Text("silent")} silent, {area.Text("activeAlerts")} active alerts";
        if (figures != _figures)
        {
            _figures = figures;
            string newest = area.List("types").Select(type => type.Text("lastSeen")).Order(StringComparer.Ordinal).LastOrDefault() ?? "";
            changes.Add(new Change(newest, "area", figures, DeviceFeed.Line("area", "area", area)));
        }

        JsonElement[] windows = [.. area.List("latest").Where(window => metric is null || window.Text("metric") == metric)];
        if (_windows is { } known)
        {
            changes.AddRange(windows.Where(window => !known.Contains(window.GetRawText())).Select(DeviceFeed.Closed));
        }

        _windows = [.. windows.Select(window => window.GetRawText())];
        changes.AddRange((await _alerts.LookAsync(stop).ConfigureAwait(false)).Select(change => change with { Json = DeviceFeed.Line("alert", "alert", change.Json) }));
        return changes;
    }
}
