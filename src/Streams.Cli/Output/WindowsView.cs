using System.Globalization;
using System.Text.Json;
using Streams.Node.Configuration;

namespace Streams.Cli.Output;

/// <summary>Windows for people: of one metric and size a chart over time and a row each, of several a row for each series.</summary>
internal static class WindowsView
{
    private static readonly Listing Windows = new(
        new Column("start", "window.start"),
        new Column("count", "count", right: true, drop: 4),
        new Column("mean", "mean", right: true),
        new Column("min", "min", right: true),
        new Column("max", "max", right: true),
        new Column("p95", "p95", right: true, drop: 3),
        new Column("sum", "sum", right: true, drop: 5),
        new Column("members", "members", right: true, drop: 6),
        new Column("rev", "revision", right: true, drop: 7));

    private static readonly Listing SeriesRows = new(
        new Column("metric", "metric", least: 16),
        new Column("size", "size"),
        new Column("windows", "windows", right: true, drop: 4),
        new Column("mean", "mean", right: true),
        new Column("min", "min", right: true, drop: 2),
        new Column("max", "max", right: true, drop: 1),
        new Column("unit", "unit", drop: 3),
        new Column("from", "from", drop: 6),
        new Column("last", "last", drop: 5),
        new Column("over time", "line"));

    public static void Write(Screen screen, JsonElement page)
    {
        IGrouping<(string, string, string), JsonElement>[] series =
        [
            .. page.List("items").GroupBy(window => (window.Text("type"), window.Text("metric"), window.Text("window.size")))
                .OrderBy(group => group.Key.Item1, StringComparer.Ordinal).ThenBy(group => group.Key.Item2, StringComparer.Ordinal).ThenBy(group => SizeOf(group.First())),
        ];
        if (series.Length == 0)
        {
            screen.Line("No window is stored for that.");
        }
        else if (series.Length == 1)
        {
            WriteOne(screen, [.. series[0]]);
        }
        else
        {
            int width = Math.Clamp(screen.Width - 100, 12, 48);
            SeriesRows.Write(screen, [.. series.Select(group => Summary([.. group], width))], "");
            screen.Line("--metric and --window of one of these show it window by window.");
        }

        if (page.At("next") is { ValueKind: JsonValueKind.String } next)
        {
            screen.Line($"More: --after {next.GetString()}");
        }
    }

    private static void WriteOne(Screen screen, JsonElement[] windows)
    {
        JsonElement first = windows[0];
        screen.Line($"{first.Text("metric")}, mean of each {first.Text("window.size")}");
        (DateTimeOffset, double)[] points = [.. windows.Where(window => window.NumberAt("mean") is not null).Select(window => (StartOf(window), window.NumberAt("mean")!.Value))];
        if (points.Length > 1)
        {
            foreach (string line in Chart.Bars(points, SizeOf(first), first.Text("unit"), screen.Width))
            {
                screen.Write(line, null);
            }
        }

        screen.Line("");
        Windows.Write(screen, windows, "");
    }

    private static JsonElement Summary(JsonElement[] windows, int width)
    {
        double count = windows.Sum(window => window.NumberAt("count") ?? 0);
        return JsonSerializer.SerializeToElement(new
        {
            metric = windows[0].Text("metric"),
            size = windows[0].Text("window.size"),
            windows = windows.Length,
            mean = count > 0 ? windows.Sum(window => (window.NumberAt("mean") ?? 0) * (window.NumberAt("count") ?? 0)) / count : (double?)null,
            min = windows.Min(window => window.NumberAt("min")),
            max = windows.Max(window => window.NumberAt("max")),
            unit = windows[0].Text("unit"),
            from = windows[0].Text("window.start"),
            last = windows[^1].Text("window.start"),
            line = Chart.Sparkline([.. windows.Select(window => window.NumberAt("mean") ?? double.NaN)], width),
        });
    }

    private static TimeSpan SizeOf(JsonElement window) => Durations.TryParse(window.Text("window.size"), out TimeSpan size) && size > TimeSpan.Zero ? size : TimeSpan.FromMinutes(1);

    private static DateTimeOffset StartOf(JsonElement window) =>
        DateTimeOffset.TryParse(window.At("window.start").ToString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset start) ? start : default;
}
