using System.CommandLine;
using System.CommandLine.Completions;
using System.Globalization;
using System.Text.Json;
using Streams.Cli.Completion;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Commands;

/// <summary><c>history</c> of a device or an area: its stored windows, drawn and listed.</summary>
internal static class HistoryCommand
{
    private const int MostWindows = 10_000;

    public static ExampleCommand Build(string kind, string collection, string exampleId, Func<CompletionContext, IEnumerable<string>> ids, SharedOptions shared, Screen screen)
    {
        Argument<string> id = Lists.Id(kind == "device" ? "Device id." : "Area id, such as dijon/dijon/centre-ville.").From(ids);
        Option<string?> metric = Lists.Text("--metric", "METRIC", "Only this metric.");
        Option<string?> window = Lists.Choice("--window", "SIZE", "Only windows of this size", "PT1M", "PT15M", "PT1H", "P1D");
        Option<DateTimeOffset?> from = Lists.Moment(shared.Time, "--from", "Windows that start at or after. Without it, the last day that there is.");
        Option<DateTimeOffset?> to = Lists.Moment(shared.Time, "--to", "Windows that start before.");
        var csv = new Option<bool>("--csv") { Description = "The windows as comma-separated values, for a spreadsheet." };
        Option<int> limit = Lists.Limit(MostWindows, 1_000);
        Option<string?> after = Lists.After();
        ExampleCommand history = new ExampleCommand(
            "history",
            $"Stored windows of {(kind == "device" ? "a device" : "an area")}: of one metric and size a chart and every window, of several a line each.",
            $"streams {kind} history {exampleId}",
            $"streams {kind} history {exampleId} --metric pm2_5 --window PT1H --from -7d",
            $"streams {kind} history {exampleId} --window P1D --from 60d --csv").Taking(id, metric, window, from, to, csv, limit, after);
        history.SetAction(async (parsed, stop) =>
        {
            using NodeClient node = shared.Connect(parsed);
            Query query = new Query($"api/v1/{collection}/{Query.Id(parsed.GetRequiredValue(id))}/aggregates").With("metric", parsed.GetValue(metric)).With("window", parsed.GetValue(window))
                .With("from", Lists.Rfc3339(parsed.GetValue(from))).With("to", Lists.Rfc3339(parsed.GetValue(to)));
            JsonElement page = await node.GetAllAsync(query, $"{kind} {parsed.GetRequiredValue(id)}", parsed.GetValue(limit), stop, parsed.GetValue(after)).ConfigureAwait(false);
            if (shared.WantsJson(parsed))
            {
                screen.Json(page);
            }
            else if (parsed.GetValue(csv))
            {
                Csv(screen, page.List("items"));
            }
            else
            {
                WindowsView.Write(screen, page);
            }

            return ExitStatus.Done;
        });
        return history;
    }

    private static void Csv(Screen screen, IReadOnlyList<JsonElement> windows)
    {
        string[] columns = ["subject", "type", "metric", "unit", "window.size", "window.start", "window.end", "count", "mean", "min", "max", "stddev", "sum", "p50", "p95", "p99", "first", "last", "members", "revision"];
        screen.Line(string.Join(',', columns.Select(column => column[(column.LastIndexOf('.') + 1)..])));
        foreach (JsonElement window in windows)
        {
            screen.Line(string.Join(',', columns.Select(column => Quoted(window.At(column)))));
        }
    }

    /// <summary>As RFC 4180 has it; numbers as the node wrote them.</summary>
    private static string Quoted(JsonElement value)
    {
        string text = value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null ? "" : string.Create(CultureInfo.InvariantCulture, $"{value}");
        return text.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }
}
