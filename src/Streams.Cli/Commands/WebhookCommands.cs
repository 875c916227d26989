using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Streams.Cli.Completion;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Commands;

/// <summary><c>streams webhook</c>: other systems that alerts are brought to.</summary>
internal static class WebhookCommands
{
    private static readonly Listing Webhooks = new(
        new Column("name", "name"),
        Column.Word("state", "state"),
        new Column("url", "url", least: 10),
        new Column("severity", item => item.Text("severity") is { Length: > 0 } least ? least + "+" : "all", Drop: 3),
        new Column("area", item => item.Text("area") is { Length: > 0 } area ? area : "everywhere", Least: 10, Drop: 4),
        new Column("status", "status", drop: 5),
        new Column("format", "format", drop: 6),
        new Column("delivered", item => item.Text("deliveredAt") is { Length: > 0 } at ? at : "never", Drop: 1),
        new Column("failure", "failure", least: 10, drop: 2));

    private static readonly Listing Letters = new(
        new Column("id", "id"),
        new Column("reason", "reason", least: 10),
        new Column("attempts", "attempts", drop: 1),
        new Column("given up", "time", drop: 2));

    public static Command Build(SharedOptions shared, Screen screen, Offers offers) => Show.Group(
        "webhook",
        "Other systems that alerts are brought to.",
        Add(shared, screen, offers),
        new ExampleCommand("list", "All webhooks, what they get, and whether they take it.", "streams webhook list")
            .Answering(shared, screen, _ => ("api/v1/webhooks", "webhooks"), page => Webhooks.WriteSaying(screen, page.List("items"), "There is no webhook.")),
        Remove(shared, screen, offers),
        DeadLetters(shared, screen, offers),
        Replay(shared, screen, offers));

    private static ExampleCommand Add(SharedOptions shared, Screen screen, Offers offers)
    {
        Argument<string> name = Lists.Id("Lower-case letters, digits and -_., at most 63.", "NAME");
        var url = new Option<string>("--url") { Description = "http or https. Private addresses are refused unless feeds.webhooks.allowPrivate says otherwise.", HelpName = "URL", Required = true };
        Option<string?> format = Lists.Choice("--format", "FORMAT", "json: the alert in an envelope; cap: its CAP document. Default json.", "json", "cap");
        Option<string?> severity = Lists.Choice("--severity", "SEVERITY", "Alerts that are at least so grave. Default: all.", "Minor", "Moderate", "Severe", "Extreme");
        Option<string?> status = Lists.Choice("--status", "STATUS", "Default Actual.", "Actual", "Exercise", "System", "Test");
        Option<string?> area = Lists.Text("--area", "AREA", "Alerts of this area and those below it only. Default: everywhere.").From(offers.Areas);
        var restricted = new Option<bool>("--restricted") { Description = "Alerts that are not public too." };
        Option<string?> secret = Lists.Text("--secret", "SECRET", "whsec_ and base64 of 24 to 64 bytes. Default: one is made.");
        return new ExampleCommand(
            "add",
            "Has alerts brought to another system, signed as Standard Webhooks has it, and shows the secret, this once.",
            "streams webhook add pager --url https://pager.example.org/alerts --severity Severe",
            "streams webhook add cells --url https://cbc.example.org/cap --format cap --area dijon").Taking(name, url, format, severity, status, area, restricted, secret)
            .Ordering(
                shared, screen, HttpMethod.Post,
                parsed => ("api/v1/webhooks", "webhooks", Order(parsed)),
                answer =>
                {
                    // Alone on the output, so that SECRET=$(streams webhook add ...) works.
                    screen.Line(answer.Text("secret"));
                    screen.Error.WriteLine("The secret is shown this once. Whoever receives verifies webhook-signature with it (standardwebhooks.com).");
                });

        JsonElement Order(ParseResult parsed)
        {
            JsonObject order = new()
            {
                ["name"] = parsed.GetRequiredValue(name),
                ["url"] = parsed.GetRequiredValue(url),
                ["format"] = parsed.GetValue(format) ?? "json",
                ["status"] = parsed.GetValue(status) ?? "Actual",
                ["area"] = parsed.GetValue(area),
                ["severity"] = parsed.GetValue(severity),
                ["restricted"] = parsed.GetValue(restricted),
            };
            if (parsed.GetValue(secret) is { } given)
            {
                order["secret"] = given;
            }

            return JsonSerializer.SerializeToElement(order);
        }
    }

    private static ExampleCommand Remove(SharedOptions shared, Screen screen, Offers offers)
    {
        Argument<string> name = Lists.Id("As the list shows it.", "NAME").From(offers.Webhooks);
        return new ExampleCommand("remove", "Ends a webhook: within seconds nothing more is sent to it.", "streams webhook remove pager").Taking(name)
            .Ordering(
                shared, screen, HttpMethod.Delete,
                parsed => ($"api/v1/webhooks/{Uri.EscapeDataString(parsed.GetRequiredValue(name))}", $"webhook {parsed.GetRequiredValue(name)}", null),
                removed => screen.Line($"Nothing more is sent to {removed.Text("name")}."),
                parsed => new { name = parsed.GetRequiredValue(name), state = "removed" });
    }

    private static ExampleCommand DeadLetters(SharedOptions shared, Screen screen, Offers offers)
    {
        Argument<string> name = Lists.Id("As the list shows it.", "NAME").From(offers.Webhooks);
        return new ExampleCommand("dead-letters", "Alerts that a webhook's endpoint did not take in time, newest first.", "streams webhook dead-letters pager").Taking(name)
            .Answering(
                shared, screen, parsed => ($"api/v1/webhooks/{Uri.EscapeDataString(parsed.GetRequiredValue(name))}/dead-letters?limit=1000", $"webhook {parsed.GetRequiredValue(name)}"),
                page => Letters.WriteSaying(screen, page.List("items"), "There is no dead letter."));
    }

    private static ExampleCommand Replay(SharedOptions shared, Screen screen, Offers offers)
    {
        Argument<string> name = Lists.Id("The webhook.", "NAME").From(offers.Webhooks);
        Argument<string> id = Lists.Id("As dead-letters shows it.");
        return new ExampleCommand("replay", "Sends a dead letter again, now; it is forgotten where it is taken.", "streams webhook replay pager dijon.centre.haze.20261122T100000Z.3").Taking(name, id)
            .Ordering(
                shared, screen, HttpMethod.Post,
                parsed => (
                    $"api/v1/webhooks/{Uri.EscapeDataString(parsed.GetRequiredValue(name))}/dead-letters/{Uri.EscapeDataString(parsed.GetRequiredValue(id))}/replay",
                    $"dead letter {parsed.GetRequiredValue(id)} of {parsed.GetRequiredValue(name)}", null),
                replayed => screen.Line($"{replayed.Text("webhook")} has taken {replayed.Text("id")}."),
                parsed => new { id = parsed.GetRequiredValue(id), webhook = parsed.GetRequiredValue(name), state = "delivered" });
    }
}
