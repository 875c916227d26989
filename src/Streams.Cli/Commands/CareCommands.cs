using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Commands;

/// <summary><c>streams dead-letters</c>: taking care of input that was refused.</summary>
internal static class CareCommands
{
    private static readonly Listing DeadLetters = new(
        new Column("id", "id"),
        new Column("reason", "reason"),
        new Column("key", "key", fromWidth: 80),
        new Column("what", item => item.Text("message") is { Length: > 0 } message ? message : item.Text("detail"), FromWidth: 100),
        new Column("time", "time", fromWidth: 80));

    public static IEnumerable<Command> Build(SharedOptions shared, Screen screen)
    {
        Option<string?> reason = Lists.Text("--reason", "REASON", "Only what was refused for this reason, such as unknown_metric.");
        Option<DateTimeOffset?> from = Lists.Moment("--from", "Refused at or after.");
        Option<DateTimeOffset?> to = Lists.Moment("--to", "Refused before.");
        Option<int> limit = Lists.Limit();
        Option<string?> after = Lists.After();
        Command list = new ExampleCommand("list", "Refused input, newest first.", "streams dead-letters list --limit 20", "streams dead-letters list --reason unknown_metric --from 1h")
            .Taking(reason, from, to, limit, after)
            .Answering(
                shared,
                screen,
                parsed => (new Query("api/v1/dead-letters").With("reason", parsed.GetValue(reason))
                    .With("from", Lists.Rfc3339(parsed.GetValue(from))).With("to", Lists.Rfc3339(parsed.GetValue(to))).With("limit", parsed.GetValue(limit).ToString(CultureInfo.InvariantCulture)).With("after", parsed.GetValue(after)).ToString(), "dead letters"),
                page => DeadLetters.WritePage(screen, page, "Nothing was refused."));

        var showId = new Argument<string>("ID") { Description = "The dead letter's id, as the list shows it." };
        Command show = new ExampleCommand("show", "One refused record: where it came from, why it was refused, and its bytes.", "streams dead-letters show city.readings-3-1042")
            .Taking(showId)
            .Answering(
                shared,
                screen,
                parsed => ($"api/v1/dead-letters/{Uri.EscapeDataString(parsed.GetRequiredValue(showId))}", $"dead letter {parsed.GetRequiredValue(showId)}"),
                letter => DocumentView.Write(screen, letter));

        var replayId = new Argument<string>("ID") { Description = "The dead letter's id." };
        var replay = new ExampleCommand("replay", "Sends a refused record again, after what refused it was mended.", "streams dead-letters replay city.readings-3-1042").Taking(replayId);
        replay.SetAction(async (parsed, stop) =>
        {
            string id = parsed.GetRequiredValue(replayId);
            using NodeClient node = shared.Connect(parsed);
            JsonElement answer = await node.SendAsync(HttpMethod.Post, $"api/v1/dead-letters/{Uri.EscapeDataString(id)}/replay", $"dead letter {id}", stop).ConfigureAwait(false);
            if (parsed.GetValue(shared.Output) == OutputForm.Json && answer.ValueKind != JsonValueKind.Undefined)
            {
                screen.Json(answer);
            }
            else
            {
                screen.Line($"Sent again: {id}");
            }

            return ExitStatus.Done;
        });
        yield return Show.Group("dead-letters", "Input that was refused.", list, show, replay);
    }
}
