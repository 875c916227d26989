using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Commands;

/// <summary><c>streams alert</c>: what emergency management is told.</summary>
internal static class AlertCommands
{
    internal static readonly Listing Alerts = new(
        new Column("severity", item => item.Text("info.0.severity"), Style: item => Show.Colour(item.Text("info.0.severity"))),
        new Column("state", item => item.Text("state"), Style: item => Show.Colour(item.Text("state"))),
        new Column("onset", "info.0.onset", fromWidth: 80),
        new Column("headline", item => item.Text("info.0.headline") is { Length: > 0 } headline ? headline : item.Text("info.0.event")),
        new Column("where", "info.0.area.0.areaDesc", fromWidth: 100),
        new Column("id", "id"));

    public static IEnumerable<Command> Build(SharedOptions shared, Screen screen)
    {
        Option<string?> state = Lists.Text("--state", "STATE", "active, acknowledged, cleared, expired or cancelled.");
        Option<string?> area = Lists.Text("--area", "AREA", "Only of this area and those inside it.");
        Option<DateTimeOffset?> since = Lists.Moment("--since", "Changed at or after.");
        Option<int> limit = Lists.Limit();
        Option<string?> after = Lists.After();
        Command list = new ExampleCommand("list", "Alerts, newest first.", "streams alert list", "streams alert list --state active --area beijing --since 3d")
            .Taking(state, area, since, limit, after)
            .Answering(
                shared,
                screen,
                parsed => (new Query("api/v1/alerts").With("state", parsed.GetValue(state)).With("area", parsed.GetValue(area)).With("since", Lists.Rfc3339(parsed.GetValue(since)))
                    .With("limit", parsed.GetValue(limit).ToString(CultureInfo.InvariantCulture)).With("after", parsed.GetValue(after)).ToString(), "alerts"),
                page => Alerts.WritePage(screen, page, "No alert matches."));

        var id = new Argument<string>("ID") { Description = "Alert id." };
        Command show = new ExampleCommand("show", "An alert: what, where, since when, what to do, and on what evidence.", "streams alert show 01JD3ZK7Q4")
            .Taking(id)
            .Answering(
                shared,
                screen,
                parsed => ($"api/v1/alerts/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}", $"alert {parsed.GetRequiredValue(id)}"),
                alert => Draw(screen, alert));
        yield return Show.Group("alert", "Alerts.", list, show);
    }

    private static void Draw(Screen screen, JsonElement alert)
    {
        screen.Line($"{alert.Text("info.0.severity")}: {alert.Text("info.0.headline")}  [{alert.Text("state")}]");
        foreach (string part in new[] { "description", "instruction" })
        {
            if (alert.Text("info.0." + part) is { Length: > 0 } text)
            {
                screen.Write(new Spectre.Console.Text(text + "\n"));
            }
        }

        screen.Line("");

        // The first information block carries what all languages share; the words of all are in --output json.
        DocumentView.Write(screen, alert, "info");
        JsonElement info = alert.At("info.0");
        if (info.ValueKind == JsonValueKind.Object)
        {
            screen.Line("");
            DocumentView.Write(screen, info, "headline", "description", "instruction", "area");
            foreach (JsonElement area in info.List("area"))
            {
                DocumentView.Write(screen, area, "polygon", "circle");
            }
        }
    }
}
