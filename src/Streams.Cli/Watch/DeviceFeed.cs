using System.Globalization;
using System.Text.Json;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Watch;

/// <summary>What each new reading does to a device: its values, the windows that it closed or revised, anomalies, the device's state.</summary>
/// <param name="metric">Only values and windows of this metric; null for all.</param>
internal sealed class DeviceFeed(NodeClient node, string id, string? metric)
{
    private const int AnomaliesRead = 30;
    private const int MostWindows = 5_000;

    /// <summary>Behind the newest reading before, so that the hour that it was in is seen to close and late readings to revise.</summary>
    private static readonly TimeSpan LookBack = TimeSpan.FromMinutes(75);

    private static readonly TimeSpan LookBackForDays = TimeSpan.FromDays(2);

    private readonly AnomalyFeed _anomalies = new(node, id, null, AnomaliesRead);
    private string? _seen;
    private bool _owesAnomalies;
    private JsonElement _before;
    private Dictionary<string, double>? _windows;

    /// <summary>At first the device as it is and its open anomalies.</summary>
    public async Task<IReadOnlyList<Change>> LookAsync(CancellationToken stop)
    {
        JsonElement device = await node.GetAsync($"api/v1/devices/{Uri.EscapeDataString(id)}", $"device {id}", stop).ConfigureAwait(false);
        string text = device.GetRawText();
        if (text == _seen && !_owesAnomalies)
        {
            return [];
        }

        var changes = new List<Change>();
        if (device.Text("counters.readings") != _before.Text("counters.readings"))
        {
            changes.Add(Reading(device));
            changes.AddRange(await WindowsAsync(device, stop).ConfigureAwait(false));
        }

        // What a live device has decided is in the list of anomalies a moment later.
        _owesAnomalies = device.List("openAnomalies").Count > 0 && device.At("openAnomalies").GetRawText() != (_seen is null ? "" : _before.At("openAnomalies").GetRawText());
        IReadOnlyList<Change> anomalies = await _anomalies.LookAsync(stop).ConfigureAwait(false);
        _owesAnomalies &= anomalies.Count == 0;
        changes.AddRange(anomalies.Select(change => change with { Json = Line(change.Word, "anomaly", change.Json) }));
        if (device.Text("state") != _before.Text("state"))
        {
            string was = _before.Text("state");
            changes.Add(new Change(device.Text("lastSeen"), device.Text("state"), was.Length == 0 ? $"{device.Text("type")} in {device.Text("area")}" : $"was {was}", Line("state", "device", device)));
        }

        (_seen, _before) = (text, device);
        return changes;
    }

    private Change Reading(JsonElement device)
    {
        string last = device.At("lastSeen").ValueKind == JsonValueKind.String ? device.At("lastSeen").GetString()! : "";
        string values = string.Join(", ", device.List("metrics")
            .Where(each => (metric is null || each.Text("name") == metric) && each.At("time").ValueKind == JsonValueKind.String && each.At("time").GetString() == last)
            .Select(each => $"{each.Text("name")} {each.Text("value")} {each.Text("unit")}".TrimEnd()));
        double more = _seen is null ? 0 : (device.NumberAt("counters.readings") - _before.NumberAt("counters.readings") ?? 0) - 1;
        string missed = more > 0 ? string.Create(CultureInfo.InvariantCulture, $"  (and {more:0} before it)") : "";
        return new Change(device.Text("lastSeen"), "reading", (values.Length > 0 ? values : "nothing of this metric") + missed, Line("reading", "device", device));
    }

    /// <summary>The windows that are new, or newly revised, since the look before.</summary>
    private async Task<IReadOnlyList<Change>> WindowsAsync(JsonElement device, CancellationToken stop)
    {
        if (!DateTimeOffset.TryParse(device.At("lastSeen").ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset seen))
        {
            return [];
        }

        DateTimeOffset since = DateTimeOffset.TryParse(_before.At("lastSeen").ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset before) && before < seen ? before : seen;
        var all = new List<JsonElement>();
        foreach ((TimeSpan back, string? size) in new[] { (LookBack, null), (LookBackForDays, "P1D") })
        {
            Query query = new Query($"api/v1/devices/{Uri.EscapeDataString(id)}/aggregates").With("metric", metric).With("window", size).With("from", Commands.Lists.Rfc3339(since - back));
            all.AddRange((await node.GetAllAsync(query, $"device {id}", MostWindows, stop).ConfigureAwait(false)).List("items"));
        }

        Dictionary<string, double>? known = _windows;
        _windows = [];
        var changes = new List<Change>();
        foreach (JsonElement window in all)
        {
            string key = KeyOf(window);
            double revision = window.NumberAt("revision") ?? 0;
            if (_windows.TryAdd(key, revision) && known is not null && (!known.TryGetValue(key, out double told) || told < revision))
            {
                changes.Add(Closed(window));
            }
        }

        return changes;
    }

    private static string KeyOf(JsonElement window) => $"{window.Text("window.size")} {window.Text("type")} {window.Text("metric")} {window.Text("window.start")}";

    /// <summary>A closed window in a line.</summary>
    public static Change Closed(JsonElement window)
    {
        string revised = window.NumberAt("revision") is > 0 and { } revision ? string.Create(CultureInfo.InvariantCulture, $", revision {revision:0}") : "";
        string members = window.NumberAt("members") is > 1 and { } count ? string.Create(CultureInfo.InvariantCulture, $" of {count:0} devices") : "";
        string values = $"{window.Text("metric")} {window.Text("mean")} ({window.Text("min")} to {window.Text("max")}) {window.Text("unit")}".TrimEnd();
        return new Change(
            window.Text("window.start"), window.Text("window.size"), $"{values}, {window.Text("count")} {(window.NumberAt("count") == 1 ? "value" : "values")}{members}{revised}", Line("window", "window", window));
    }

    /// <summary>What a line is about, and the node's own document of it.</summary>
    internal static JsonElement Line(string change, string name, JsonElement document) =>
        JsonSerializer.SerializeToElement(new Dictionary<string, object> { ["change"] = change, [name] = document });
}
