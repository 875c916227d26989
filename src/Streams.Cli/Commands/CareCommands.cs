using System.CommandLine;
using System.Text.Json;
using Streams.Cli.Completion;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Commands;

/// <summary><c>streams dead-letters</c>: taking care of input that was refused.</summary>
internal static class CareCommands
{
    private static readonly Listing DeadLetters = new(
        new Column("id", "id"),
        new Column("reason", "reason"),
        new Column("key", "key", least: 10, drop: 2),
        new Column("what", item => item.Text("message") is { Length: > 0 } message ? message : item.Text("detail"), Least: 20, Drop: 1),
        new Column("time", "time", drop: 3));

    public static Command Build(SharedOptions shared, Screen screen, Offers offers)
    {
        Option<string?> reason = Lists.Text("--reason", "REASON", "Only what was refused for this reason, such as unknown_metric.");
        Option<DateTimeOffset?> from = Lists.Moment(shared.Time, "--from", "Refused at or after.");
        Option<DateTimeOffset?> to = Lists.Moment(shared.Time, "--to", "Refused before.");
        Option<int> limit = Lists.Limit();
        Option<string?> after = Lists.After();
        Command list = new ExampleCommand("list", "Refused input, newest first.", "streams dead-letters list --limit 20", "streams dead-letters list --reason unknown_metric --from 1h")
            .Taking(reason, from, to, limit, after)
            .Answering(
                shared,
                screen,
                parsed => (new Query("api/v1/dead-letters").With("reason", parsed.GetValue(reason))
                    .With("from", Lists.Rfc3339(parsed.GetValue(from))).With("to", Lists.Rfc3339(parsed.GetValue(to))).With("limit", Lists.Number(parsed.GetValue(limit))).With("after", parsed.GetValue(after)).ToString(), "dead letters"),
                page => DeadLetters.WritePage(screen, page, "Nothing was refused."));

        Argument<string> showId = Lists.Id("The dead letter's id, as the list shows it.").From(offers.DeadLetters);
        Command show = new ExampleCommand("show", "One refused record: where it came from, why it was refused, and its bytes.", "streams dead-letters show city.readings-3-1042")
            .Taking(showId)
            .Answering(
                shared,
                screen,
                parsed => ($"api/v1/dead-letters/{Uri.EscapeDataString(parsed.GetRequiredValue(showId))}", $"dead letter {parsed.GetRequiredValue(showId)}"),
                letter => DocumentView.Write(screen, letter));

        Argument<string> replayId = Lists.Id("The dead letter's id.").From(offers.DeadLetters);
        var replay = new ExampleCommand("replay", "Sends a refused record again, after what refused it was mended.", "streams dead-letters replay city.readings-3-1042").Taking(replayId);
        replay.SetAction(async (parsed, stop) =>
        {
            string id = parsed.GetRequiredValue(replayId);
            using NodeClient node = shared.Connect(parsed);
            JsonElement answer = await node.SendAsync(HttpMethod.Post, $"api/v1/dead-letters/{Uri.EscapeDataString(id)}/replay", $"dead letter {id}", stop).ConfigureAwait(false);
            if (shared.WantsJson(parsed) && answer.ValueKind != JsonValueKind.Undefined)
            {
                screen.Json(answer);
            }
            else
            {
                screen.Line($"Sent again: {id}");
            }

            return ExitStatus.Done;
        });
        return Show.Group("dead-letters", "Input that was refused.", list, show, replay);
    }
}
