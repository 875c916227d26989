using System.CommandLine;
using System.Text.Json;
using Streams.Cli.Completion;
using Streams.Cli.Output;
using Streams.Cli.Server;
using Streams.Cli.Watch;

namespace Streams.Cli.Commands;

/// <summary><c>streams alert</c>: what emergency management is told.</summary>
internal static class AlertCommands
{
    private static readonly Listing Alerts = new(
        Column.Word("severity", "info.0.severity"),
        Column.Word("state", "state"),
        new Column("onset", "info.0.onset", drop: 2),
        new Column("headline", item => item.Text("info.0.headline") is { Length: > 0 } headline ? headline : item.Text("info.0.event"), Least: 32),
        new Column("where", "area", least: 12, drop: 1),
        new Column("id", "id", below: true));

    public static Command Build(SharedOptions shared, Screen screen, Offers offers)
    {
        Option<string?> state = Lists.Choice("--state", "STATE", "Only in this state", "active", "acknowledged", "cleared", "expired", "cancelled");
        Option<string?> area = Lists.Text("--area", "AREA", "Only of this area and those inside it.").From(offers.Areas);
        Option<DateTimeOffset?> since = Lists.Moment(shared.Time, "--since", "Begun at or after.");
        Option<int> limit = Lists.Limit();
        Option<string?> after = Lists.After();
        Command list = new ExampleCommand("list", "Alerts, newest first.", "streams alert list", "streams alert list --state active --area dijon/dijon --since 3d")
            .Taking(state, area, since, limit, after)
            .Answering(
                shared,
                screen,
                parsed => (new Query("api/v1/alerts").With("state", parsed.GetValue(state)).With("area", parsed.GetValue(area)).With("since", Lists.Rfc3339(parsed.GetValue(since)))
                    .With("limit", Lists.Number(parsed.GetValue(limit))).With("after", parsed.GetValue(after)).ToString(), "alerts"),
                page => Alerts.WritePage(screen, page, "No alert matches."));

        Argument<string> id = Lists.Id("Alert id.").From(offers.Alerts);
        Command show = new ExampleCommand("show", "An alert: what, where, since when, what to do, and on what evidence.", "streams alert show 01JD3ZK7Q4")
            .Taking(id)
            .Answering(
                shared,
                screen,
                parsed => ($"api/v1/alerts/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}", $"alert {parsed.GetRequiredValue(id)}"),
                alert => Draw(screen, alert));

        Option<string?> watchedArea = Lists.Text("--area", "AREA", "Only of this area and those inside it.").From(offers.Areas);
        Option<string?> severity = Lists.Choice("--severity", "SEVERITY", "Only this severe or worse", Colours.Severities);
        Command watch = new Watching(shared, screen).On(
            new ExampleCommand("watch", "Alerts that are active now, then each new state of any. Ctrl-C ends.", "streams alert watch", "streams alert watch --area dijon/dijon --severity Severe --output json")
                .Taking(watchedArea, severity),
            (parsed, node) => new AlertFeed(node, parsed.GetValue(watchedArea), parsed.GetValue(severity)).LookAsync);
        return Show.Group("alert", "Alerts.", [list, show, watch, .. AlertOrderCommands.Build(shared, screen, offers)]);
    }

    private static void Draw(Screen screen, JsonElement alert)
    {
        screen.Write(new Spectre.Console.Text($"{alert.Text("info.0.severity")}: {Cells.Clean(alert.Text("info.0.headline"))}  [{alert.Text("state")}]\n"));
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
