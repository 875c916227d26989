using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Spectre.Console;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Commands;

/// <summary><c>streams device</c>, <c>streams area</c> and <c>streams anomaly</c>: looking at the city.</summary>
internal static class DeviceCommands
{
    private static readonly Listing Devices = new(
        new Column("id", "id"),
        new Column("type", item => item.Text("type") is { Length: > 0 } type ? type : item.Text("types"), FromWidth: 80),
        new Column("area", "area"),
        new Column("state", item => item.Text("state"), Style: item => Show.Colour(item.Text("state"))),
        new Column("last seen", "lastSeen", fromWidth: 100));

    private static readonly Listing Aggregates = new(
        new Column("start", "window.start"),
        new Column("size", "window.size", fromWidth: 80),
        new Column("metric", "metric"),
        new Column("count", "count", right: true),
        new Column("mean", "mean", right: true),
        new Column("min", "min", fromWidth: 80, right: true),
        new Column("max", "max", right: true),
        new Column("p95", "p95", fromWidth: 100, right: true),
        new Column("unit", "unit", fromWidth: 80),
        new Column("members", "members", fromWidth: 100, right: true),
        new Column("rev", "revision", fromWidth: 120, right: true));

    private static readonly Listing Anomalies = new(
        new Column("time", "time"),
        new Column("state", item => item.Text("state"), Style: item => Show.Colour(item.Text("state"))),
        new Column("device", "deviceId"),
        new Column("kind", "kind"),
        new Column("metric", "metric", fromWidth: 80),
        new Column("explanation", "explanation", fromWidth: 100));

    public static IEnumerable<Command> Build(SharedOptions shared, Screen screen)
    {
        yield return DeviceGroup(shared, screen);
        yield return AreaGroup(shared, screen);
        yield return AnomalyGroup(shared, screen);
    }

    private static Command DeviceGroup(SharedOptions shared, Screen screen)
    {
        Option<string?> area = Lists.Text("--area", "AREA", "Only devices of this area and those inside it.");
        Option<string?> type = Lists.Text("--type", "TYPE", "Only devices of this type, such as air_quality_station.");
        Option<string?> state = Lists.Text("--state", "STATE", "Only devices in this state: ok, anomalous, silent.");
        Option<int> limit = Lists.Limit();
        Option<string?> after = Lists.After();
        Command list = new ExampleCommand("list", "Devices and how they are.", "streams device list", "streams device list --area beijing --state silent")
            .Taking(area, type, state, limit, after)
            .Answering(
                shared,
                screen,
                parsed => (new Query("api/v1/devices").With("area", parsed.GetValue(area)).With("type", parsed.GetValue(type)).With("state", parsed.GetValue(state))
                    .With("limit", Number(parsed.GetValue(limit))).With("after", parsed.GetValue(after)).ToString(), "devices"),
                page => Devices.WritePage(screen, page, "No device matches."));

        var showId = new Argument<string>("ID") { Description = "Device id." };
        Command show = new ExampleCommand("show", "A device: last values, open anomalies, counters.", "streams device show bj-aq-dongsi")
            .Taking(showId)
            .Answering(
                shared,
                screen,
                parsed => ($"api/v1/devices/{Uri.EscapeDataString(parsed.GetRequiredValue(showId))}", $"device {parsed.GetRequiredValue(showId)}"),
                device => DocumentView.Write(screen, device));

        return Show.Group("device", "Devices.", list, show, History("device", "devices", "streams device history bj-aq-dongsi --metric pm2_5 --window PT1H", shared, screen));
    }

    private static ExampleCommand History(string kind, string collection, string example, SharedOptions shared, Screen screen)
    {
        var id = new Argument<string>("ID") { Description = kind == "device" ? "Device id." : "Area id, such as beijing/chaoyang." };
        Option<string?> metric = Lists.Text("--metric", "METRIC", "Only this metric.");
        Option<string?> window = Lists.Text("--window", "SIZE", "Only windows of this size: PT1M, PT15M, PT1H, P1D.");
        Option<DateTimeOffset?> from = Lists.Moment("--from", "Windows that start at or after.");
        Option<DateTimeOffset?> to = Lists.Moment("--to", "Windows that start before.");
        Option<int> limit = Lists.Limit();
        Option<string?> after = Lists.After();
        return new ExampleCommand("history", $"Stored aggregates of {(kind == "device" ? "a device" : "an area")}, window by window.", example)
            .Taking(id, metric, window, from, to, limit, after)
            .Answering(
                shared,
                screen,
                parsed => (new Query($"api/v1/{collection}/{Query.Id(parsed.GetRequiredValue(id))}/aggregates").With("metric", parsed.GetValue(metric)).With("window", parsed.GetValue(window))
                    .With("from", Lists.Rfc3339(parsed.GetValue(from))).With("to", Lists.Rfc3339(parsed.GetValue(to)))
                    .With("limit", Number(parsed.GetValue(limit))).With("after", parsed.GetValue(after)).ToString(), $"{kind} {parsed.GetRequiredValue(id)}"),
                page => Aggregates.WritePage(screen, page, "No window is stored for that."));
    }

    private static Command AreaGroup(SharedOptions shared, Screen screen)
    {
        var tree = new ExampleCommand("tree", "The areas, one inside the other, with live figures.", "streams area tree");
        tree.SetAction(async (parsed, stop) =>
        {
            using NodeClient node = shared.Connect(parsed);
            var areas = new List<JsonElement>();
            for (string? after = null; ;)
            {
                JsonElement page = await node.GetAsync(new Query("api/v1/areas").With("limit", "1000").With("after", after).ToString(), "areas", stop).ConfigureAwait(false);
                areas.AddRange(page.List("items"));
                after = page.Text("next");
                if (after.Length == 0)
                {
                    break;
                }

                after = page.At("next").GetString();
            }

            if (parsed.GetValue(shared.Output) == OutputForm.Json)
            {
                screen.Json(JsonSerializer.SerializeToElement(new { items = areas }));
            }
            else if (areas.Count == 0)
            {
                screen.Line("There is no area yet; the first reading of a device makes its area.");
            }
            else
            {
                Draw(screen, areas);
            }

            return ExitStatus.Done;
        });

        var id = new Argument<string>("ID") { Description = "Area id, such as beijing/chaoyang." };
        Command show = new ExampleCommand("show", "An area: members, windows, open conditions and alerts.", "streams area show beijing/chaoyang")
            .Taking(id)
            .Answering(
                shared,
                screen,
                parsed => ($"api/v1/areas/{Query.Id(parsed.GetRequiredValue(id))}", $"area {parsed.GetRequiredValue(id)}"),
                area => DocumentView.Write(screen, area));
        return Show.Group("area", "Areas: districts, municipalities, cities.", tree, show, History("area", "areas", "streams area history beijing --metric pm2_5 --window P1D --from 60d", shared, screen));
    }

    /// <summary>Draws areas below their parents by the parts of their ids; a parent that is not listed itself is shown by its name only.</summary>
    private static void Draw(Screen screen, IReadOnlyList<JsonElement> areas)
    {
        var known = areas.ToDictionary(area => area.Text("id"), StringComparer.Ordinal);
        var nodes = new Dictionary<string, IHasTreeNodes>(StringComparer.Ordinal);
        var roots = new List<Tree>();
        IHasTreeNodes NodeOf(string id)
        {
            if (nodes.TryGetValue(id, out IHasTreeNodes? node))
            {
                return node;
            }

            int slash = id.LastIndexOf('/');
            var label = new Text(Label(id[(slash + 1)..], known.TryGetValue(id, out JsonElement area) ? area : default));
            if (slash < 0)
            {
                var root = new Tree(label);
                roots.Add(root);
                node = root;
            }
            else
            {
                node = NodeOf(id[..slash]).AddNode(label);
            }

            nodes.Add(id, node);
            return node;
        }

        foreach (string id in known.Keys.Order(StringComparer.Ordinal))
        {
            NodeOf(id);
        }

        roots.ForEach(screen.Write);
    }

    private static string Label(string name, JsonElement area)
    {
        if (area.ValueKind != JsonValueKind.Object)
        {
            return name;
        }

        string figures = string.Join(", ", area.EnumerateObject()
            .Where(member => member.Value.ValueKind == JsonValueKind.Number)
            .Select(member => $"{member.Name} {Fields.Text(member.Value)}"));
        return figures.Length == 0 ? name : $"{name}  ({figures})";
    }

    private static Command AnomalyGroup(SharedOptions shared, Screen screen)
    {
        Option<string?> device = Lists.Text("--device", "ID", "Only of this device.");
        Option<string?> area = Lists.Text("--area", "AREA", "Only of devices in this area.");
        Option<string?> state = Lists.Text("--state", "STATE", "raised or cleared.");
        Option<DateTimeOffset?> from = Lists.Moment("--from", "Raised at or after.");
        Option<DateTimeOffset?> to = Lists.Moment("--to", "Raised before.");
        Option<int> limit = Lists.Limit();
        Option<string?> after = Lists.After();
        return Show.Group(
            "anomaly",
            "What devices found unusual.",
            new ExampleCommand("list", "Anomalies, newest first.", "streams anomaly list --area beijing --state raised", "streams anomaly list --from 2h")
                .Taking(device, area, state, from, to, limit, after)
                .Answering(
                    shared,
                    screen,
                    parsed => (new Query("api/v1/anomalies").With("device", parsed.GetValue(device)).With("area", parsed.GetValue(area)).With("state", parsed.GetValue(state))
                        .With("from", Lists.Rfc3339(parsed.GetValue(from))).With("to", Lists.Rfc3339(parsed.GetValue(to)))
                        .With("limit", Number(parsed.GetValue(limit))).With("after", parsed.GetValue(after)).ToString(), "anomalies"),
                    page => Anomalies.WritePage(screen, page, "No anomaly matches.")));
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
