using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Streams.Cli.Output;

/// <summary>An area for people: what its figures say by domain, beside what is usual at this hour; then its devices, then each metric's newest window.</summary>
internal static class AreaView
{
    private static readonly Listing Figures = new(
        new Column("domain", "domain"),
        new Column("figure", "label"),
        new Column("value", "value", right: true),
        new Column("unit", "unit"),
        new Column("usual", "usual.value", right: true, drop: 2),
        new Column("that is", item => item.Text("usual.word") is "usual" ? "" : item.Text("usual.word"), Drop: 1, Style: item => item.Text("usual.word").StartsWith("very", StringComparison.Ordinal) ? "yellow" : null),
        new Column("devices", "members", right: true, drop: 4),
        new Column("of", item => item.Text("window.size") is { Length: > 0 } size ? $"{size} from {item.Text("window.start")}" : "", Drop: 3));

    private static readonly Dictionary<string, Listing> Tables = new()
    {
        ["types"] = new(
            new Column("type", "type"),
            new Column("domain", "domain", drop: 3),
            new Column("devices", "devices", right: true),
            new Column("silent", "silent", right: true),
            new Column("anomalous", "anomalous", right: true, drop: 1),
            new Column("working", item => Share(item, "working"), Drop: 2, Right: true),
            new Column("last seen", "lastSeen", drop: 4)),
        ["latest"] = new(
            new Column("type", "type", least: 12),
            new Column("metric", "metric", least: 12),
            new Column("mean", "mean", right: true),
            new Column("min", "min", right: true, drop: 2),
            new Column("max", "max", right: true, drop: 1),
            new Column("unit", "unit"),
            new Column("devices", "members", right: true, drop: 4),
            new Column("size", "window.size", drop: 5),
            new Column("start", "window.start", drop: 3)),
    };

    public static void Write(Screen screen, JsonElement area)
    {
        JsonObject head = JsonObject.Create(area)!;
        if (area.NumberAt("working") is not null)
        {
            head["working"] = Share(area, "working");
        }

        DocumentView.Write(screen, JsonSerializer.SerializeToElement(head), "domains", "types", "latest", "figures");
        List<JsonElement> figures = [.. area.List("domains").SelectMany(FiguresOf)];
        screen.Line("");
        screen.Line(figures.Count == 0 ? "No figures yet: they come with the first windows that close." : $"figures ({figures.Count})");
        Figures.WriteSaying(screen, figures);
        JsonObject tables = [];
        foreach (string name in new[] { "types", "latest" })
        {
            if (area.List(name).Count > 0)
            {
                tables[name] = JsonNode.Parse(area.At(name).GetRawText());
            }
        }

        DocumentView.Write(screen, JsonSerializer.SerializeToElement(tables), Tables);
    }

    /// <summary>A share from 0 to 1 in percent, rounded down: all working is said only when all are.</summary>
    private static string Share(JsonElement item, string path) =>
        item.NumberAt(path) is { } share ? (Math.Floor((share * 1000) + 1e-9) / 10).ToString("0.#", CultureInfo.InvariantCulture) + " %" : "";

    /// <summary>With their domain; two of one label, such as the delay of buses and of trams, with their type behind it.</summary>
    private static IEnumerable<JsonElement> FiguresOf(JsonElement domain)
    {
        IReadOnlyList<JsonElement> figures = domain.List("figures");
        Dictionary<string, int> labels = figures.CountBy(figure => figure.Text("label")).ToDictionary();
        foreach (JsonElement figure in figures)
        {
            JsonObject row = JsonObject.Create(figure)!;
            string label = figure.Text("label");
            row["domain"] = domain.Text("domain");
            row["label"] = labels[label] > 1 ? $"{label} ({figure.Text("type")})" : label;
            yield return JsonSerializer.SerializeToElement(row);
        }
    }
}
