using System.Globalization;
using System.Text.Json;
using Streams.Cli.Output;
using Streams.Cli.Server;
using Streams.Node.Configuration;

namespace Streams.Cli.Watch;

/// <summary>A scenario that was started: which of its expected alerts have come, and how long each took in the city's time.</summary>
internal sealed class ScenarioFeed
{
    private readonly NodeClient _node;
    private readonly JsonElement _scenario;
    private readonly TimeProvider _time;
    private readonly AlertFeed _alerts;
    private readonly double _speed;
    private readonly Dictionary<int, TimeSpan> _came = [];
    private long _startedAt;
    private string _run = "", _area = "";
    private bool _announced;

    private ScenarioFeed(NodeClient node, JsonElement scenario, double speed, TimeProvider time)
    {
        (_node, _scenario, _speed, _time) = (node, scenario, speed, time);
        _alerts = new AlertFeed(node, null, null);
    }

    /// <summary>Notes the alerts that are there before the start, so that they are not taken for the scenario's.</summary>
    public static async Task<ScenarioFeed> BeginAsync(NodeClient node, JsonElement scenario, TimeProvider time, CancellationToken stop)
    {
        JsonElement city = await node.GetAsync("api/v1/simulation", "a simulated city on this node", stop).ConfigureAwait(false);
        var feed = new ScenarioFeed(node, scenario, city.NumberAt("speed") is > 0 and { } speed ? speed : 1, time);
        await feed._alerts.ChangedAsync(stop).ConfigureAwait(false);
        return feed;
    }

    private IReadOnlyList<JsonElement> Musts => _scenario.List("must");

    public bool AllCame => _came.Count == Musts.Count;

    /// <summary>All have come, or the scenario is over.</summary>
    public bool IsOver { get; private set; }

    public void Follow(JsonElement run) => (_startedAt, _run, _area) = (_time.GetTimestamp(), run.Text("id"), run.Text("area"));

    public async Task<IReadOnlyList<Change>> LookAsync(CancellationToken stop)
    {
        var changes = new List<Change>();
        if (!_announced)
        {
            _announced = true;
            changes.Add(new Change("", "started", $"{_scenario.Text("name")} in {_area} ({_run}); expected: {string.Join(", ", Musts.Select(Named))}", Line("started", null, null, null)));
        }

        // The run is asked for first: an alert that comes between the two questions is then still seen.
        JsonElement runs = await _node.GetAsync("api/v1/scenario-runs", "scenario runs", stop).ConfigureAwait(false);
        IReadOnlyList<JsonElement> alerts = await _alerts.ChangedAsync(stop).ConfigureAwait(false);
        TimeSpan took = _time.GetElapsedTime(_startedAt) * _speed;
        foreach (JsonElement alert in alerts)
        {
            int must = Enumerable.Range(0, Musts.Count).FirstOrDefault(at => !_came.ContainsKey(at) && Matches(Musts[at], alert) && IsOpen(alert), -1);
            if (must >= 0)
            {
                _came.Add(must, took);
                bool late = Durations.TryParse(Musts[must].Text("within"), out TimeSpan within) && took > within;
                changes.Add(Told(alert, late ? "late" : "came", took));
            }
            else if (IsOpen(alert) && (IsNear(alert) || IsForbidden(alert)))
            {
                changes.Add(Told(alert, IsForbidden(alert) ? "forbidden" : alert.Text("info.0.severity"), took));
            }
        }

        JsonElement run = runs.List("items").FirstOrDefault(each => each.Text("id") == _run);
        IsOver = AllCame || (run.ValueKind == JsonValueKind.Object && run.Text("state") != "running");
        return changes;
    }

    /// <summary>The last line: whether all came, and which did not.</summary>
    public Change Sum()
    {
        string[] missing = [.. Enumerable.Range(0, Musts.Count).Where(at => !_came.ContainsKey(at)).Select(at => Named(Musts[at]))];
        return missing.Length == 0
            ? new Change("", "ok", $"all {Musts.Count} expected alerts came", Line("came-all", null, null, missing))
            : new Change("", "failed", $"{_came.Count} of {Musts.Count} expected alerts came; missing: {string.Join(", ", missing)}", Line("missing", null, null, missing));
    }

    private Change Told(JsonElement alert, string word, TimeSpan took) =>
        new($"after {Spoken(took)}", word, $"{alert.Text("info.0.severity")}: {alert.Text("info.0.headline")}  [{alert.Text("id")}]", Line(word, alert, took, null));

    private JsonElement Line(string change, JsonElement? alert, TimeSpan? took, string[]? missing)
    {
        var line = new Dictionary<string, object?> { ["change"] = change, ["run"] = _run };
        if (alert is { } document)
        {
            line["tookInSeconds"] = Math.Round(took!.Value.TotalSeconds, 1);
            line["alert"] = document;
        }

        if (missing is not null)
        {
            line["missing"] = missing;
        }

        return JsonSerializer.SerializeToElement(line);
    }

    /// <summary>The same rule, at least as severe, in the expected area; where none is named, in the one that the scenario was started in, above or inside it.</summary>
    private bool Matches(JsonElement expected, JsonElement alert) =>
        alert.Text("rule") == expected.Text("rule")
        && Colours.RankOf(alert.Text("info.0.severity")) <= Colours.RankOf(expected.Text("severity"))
        && (expected.Text("area") is { Length: > 0 } area ? alert.Text("area") == area : IsNear(alert));

    private bool IsForbidden(JsonElement alert) => _scenario.List("mustNot").Any(rule => rule.GetString() == alert.Text("rule"));

    /// <summary>In the scenario's area, inside it or above it: so likely a part of the story.</summary>
    private bool IsNear(JsonElement alert) => IsIn(_area, alert.Text("area")) || IsIn(alert.Text("area"), _area);

    private static bool IsIn(string area, string other) => area == other || area.StartsWith(other + "/", StringComparison.Ordinal);

    private static bool IsOpen(JsonElement alert) => alert.Text("state") is "active" or "acknowledged";

    private string Named(JsonElement expected) =>
        $"{expected.Text("rule")} in {(expected.Text("area") is { Length: > 0 } area ? area : _area)}{(expected.Text("within") is { Length: > 0 } within ? $" within {within}" : "")}";

    internal static string Spoken(TimeSpan span) => span.TotalHours >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalHours} h {span.Minutes} min")
        : span.TotalMinutes >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{span.Minutes} min {span.Seconds} s")
        : span.TotalSeconds >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0.#} s")
        : string.Create(CultureInfo.InvariantCulture, $"{span.TotalMilliseconds:0} ms");
}
