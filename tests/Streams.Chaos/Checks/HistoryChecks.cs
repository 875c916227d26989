using System.Text.Json;
using Streams.Chaos.Cluster;
using Streams.Chaos.Load;
using Streams.Chaos.Truth;
using Streams.Domain.Windows;

namespace Streams.Chaos.Checks;

/// <summary>I1 for what is kept of the past: some devices' windows, as a node answers them over HTTP from store and memory, are the model's.</summary>
internal static class HistoryChecks
{
    private const int Devices = 12;

    public static async Task CheckAsync(ChaosCluster cluster, Random random)
    {
        ModelDevice[] sensors = [.. cluster.Model.Devices.Values.Where(device => device.Actor.Device.Type == TestCity.SensorType)];
        foreach (ModelDevice device in sensors.OrderBy(_ => random.Next()).Take(Devices))
        {
            Dictionary<WindowKey, WindowFigures> expected = device.Windows
                .Where(window => window.Key is { Metric: "pm2_5", Size: WindowSize.Quarter }).ToDictionary(window => window.Key, window => window.Value);
            Dictionary<WindowKey, WindowFigures> shown = await ShownAsync(cluster.Nodes[random.Next(cluster.Nodes.Count)], device.Id);
            foreach ((WindowKey key, WindowFigures figures) in expected)
            {
                if (!shown.TryGetValue(key, out WindowFigures was) || was.Count != figures.Count || !IsNear(was.Sum, figures.Sum))
                {
                    cluster.Violations.Add("I1", $"history of {device.Id} {key}", $"{was}", $"{figures}");
                    break;
                }
            }
        }
    }

    private static async Task<Dictionary<WindowKey, WindowFigures>> ShownAsync(ClusterNode node, string device)
    {
        Dictionary<WindowKey, WindowFigures> shown = [];
        string path = $"/api/v1/devices/{device}/aggregates?metric=pm2_5&window=PT15M&limit=1000";
        for (string? after = ""; after is not null;)
        {
            if (await node.GetAsync(path + after) is not { } page)
            {
                return shown;
            }

            foreach (JsonElement window in page.GetProperty("items").EnumerateArray())
            {
                shown[new WindowKey("pm2_5", WindowSize.Quarter, window.GetProperty("window").GetProperty("start").GetDateTimeOffset().ToUnixTimeMilliseconds())] = new WindowFigures(
                    window.GetProperty("count").GetInt64(), window.GetProperty("sum").GetDouble(), window.GetProperty("min").GetDouble(), window.GetProperty("max").GetDouble());
            }

            after = page.TryGetProperty("next", out JsonElement next) && next.ValueKind == JsonValueKind.String ? "&after=" + Uri.EscapeDataString(next.GetString()!) : null;
        }

        return shown;
    }

    /// <summary>History keeps sums as what count and mean make.</summary>
    private static bool IsNear(double a, double b) => Math.Abs(a - b) <= 1e-3 * Math.Max(1, Math.Abs(b));
}
