using System.CommandLine;
using System.Text.Json;
using Streams.Cli.Completion;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Commands;

/// <summary><c>streams cap send</c> and <c>streams cap received</c>: what other agencies say.</summary>
internal static class AgencyCommands
{
    private static readonly Listing Messages = new(
        Column.Word("severity", "severity"),
        Column.Word("state", "state"),
        new Column("sent", "sent", drop: 2),
        new Column("headline", item => (item.Text("status") is "Actual" ? "" : item.Text("status").ToUpperInvariant() + ": ") + (item.Text("headline") is { Length: > 0 } headline ? headline : item.Text("msgType")), Least: 24),
        new Column("where", item => item.Text("areas") is { Length: > 0 } areas ? areas : "elsewhere", Least: 12, Drop: 1),
        new Column("sender", "sender", least: 12, drop: 3),
        new Column("id", "id", below: true));

    public static Command Send(SharedOptions shared, Screen screen)
    {
        Argument<string> file = new("FILE") { HelpName = "FILE", Description = "A CAP 1.2 document; - for standard input." };
        ExampleCommand send = new ExampleCommand(
            "send", "Gives a node another agency's alert, as it is. What a node does not take it says every reason for: exit status 2.", "streams cap send flood.xml", "streams cap send - --output json").Taking(file);
        send.SetAction(async (parsed, stop) =>
        {
            string name = parsed.GetRequiredValue(file);
            using NodeClient node = shared.Connect(parsed);
            JsonElement answer = await node.PostAsync("api/v1/cap", name, CapCommands.ReadFile(name), "application/cap+xml", stop).ConfigureAwait(false);
            if (shared.WantsJson(parsed))
            {
                screen.Json(answer);
            }
            else if (answer.Text("detail") is { Length: > 0 } queued)
            {
                screen.Line(queued);
            }
            else
            {
                screen.Line($"{answer.Text("id")} is {answer.Text("state")}; it is about {(answer.Text("areas") is { Length: > 0 } areas ? areas : "somewhere else")}, signature {answer.Text("signature")}.");
            }

            return ExitStatus.Done;
        });
        return send;
    }

    public static Command Received(SharedOptions shared, Screen screen, Offers offers)
    {
        Option<string?> status = Lists.Choice("--status", "STATUS", "Only of this status; Actual without", "Actual", "Exercise", "System", "Test");
        Option<string?> state = Lists.Choice("--state", "STATE", "Only in this state", "standing", "superseded", "cancelled", "expired", "noted");
        Option<string?> sender = Lists.Text("--sender", "SENDER", "Only of this sender, such as rivers@agency.example.");
        Option<string?> area = Lists.Text("--area", "AREA", "Only about this area and those inside it.").From(offers.Areas);
        Option<DateTimeOffset?> since = Lists.Moment(shared.Time, "--since", "Sent at or after.");
        Option<int> limit = Lists.Limit();
        Option<string?> after = Lists.After();
        return new ExampleCommand("received", "What other agencies have said, newest first.", "streams cap received", "streams cap received --state standing --area dijon/dijon")
            .Taking(status, state, sender, area, since, limit, after)
            .Answering(
                shared,
                screen,
                parsed => (new Query("api/v1/cap").With("status", parsed.GetValue(status)).With("state", parsed.GetValue(state)).With("sender", parsed.GetValue(sender)).With("area", parsed.GetValue(area))
                    .With("since", Lists.Rfc3339(parsed.GetValue(since))).With("limit", Lists.Number(parsed.GetValue(limit))).With("after", parsed.GetValue(after)).ToString(), "messages"),
                page => Messages.WritePage(screen, page, "No message matches."));
    }
}
