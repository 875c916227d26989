using System.CommandLine;
using System.Text.Json;
using Streams.Cli.Completion;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Commands;

/// <summary><c>streams token</c>: who may act.</summary>
internal static class TokenCommands
{
    private static readonly Listing Tokens = new(
        new Column("name", "name"),
        Column.Word("state", "state"),
        new Column("roles", "roles", least: 10),
        new Column("area", item => item.Text("area") is { Length: > 0 } area ? area : "everywhere", Least: 10, Drop: 4),
        new Column("last used", item => item.Text("lastUsedAt") is { Length: > 0 } used ? used : "never", Drop: 1),
        new Column("expires", item => item.Text("expiresAt") is { Length: > 0 } end ? end : "never", Drop: 2),
        new Column("by", "createdBy", drop: 3),
        new Column("created", "createdAt", drop: 5));

    public static Command Build(SharedOptions shared, Screen screen, Offers offers) => Show.Group(
        "token",
        "Bearer tokens of people and systems.",
        Add(shared, screen, offers),
        new ExampleCommand("list", "All tokens, and what they may; those that are over for 90 days more.", "streams token list")
            .Answering(shared, screen, _ => ("api/v1/tokens", "tokens"), page => Tokens.WriteSaying(screen, page.List("items"), "There is no token.")),
        Revoke(shared, screen, offers));

    private static ExampleCommand Add(SharedOptions shared, Screen screen, Offers offers)
    {
        Argument<string> name = Lists.Id("Lower-case letters, digits and -_., at most 63.", "NAME");
        var role = new Option<string[]>("--role") { Description = "A role of roles.yaml; may be given more than once.", HelpName = "ROLE", Required = true };
        Option<TimeSpan?> expires = Lists.Duration("--expires", "Ends by itself after so long, such as 90d. Default: never.");
        Option<string?> area = Lists.Text("--area", "AREA", "Acts on this area and those below it only. Default: everywhere.").From(offers.Areas);
        return new ExampleCommand(
            "add",
            "Makes a token and shows it, this once. The first one is made on a node's own machine, where none is needed.",
            "streams token add gateway-7 --role gateway",
            "streams token add marie --role viewer --role operator --area dijon/dijon --expires 90d").Taking(name, role, expires, area)
            .Ordering(
                shared, screen, HttpMethod.Post,
                parsed => ("api/v1/tokens", "tokens", JsonSerializer.SerializeToElement(new
                {
                    name = parsed.GetRequiredValue(name),
                    roles = parsed.GetRequiredValue(role),
                    area = parsed.GetValue(area),
                    expires = parsed.GetValue(expires) is { } span ? Lists.Rfc3339(shared.Time.GetUtcNow() + span) : null,
                })),
                answer =>
                {
                    // Alone on the output, so that TOKEN=$(streams token add ...) works.
                    screen.Line(answer.Text("token"));
                    screen.Error.WriteLine("It is shown this once. Give it as --token or STREAMS_TOKEN, or in the header Authorization: Bearer.");
                });
    }

    private static ExampleCommand Revoke(SharedOptions shared, Screen screen, Offers offers)
    {
        Argument<string> name = Lists.Id("As the list shows it.", "NAME").From(offers.Tokens);
        return new ExampleCommand("revoke", "Ends a token: all nodes refuse it within seconds.", "streams token revoke gateway-7").Taking(name)
            .Ordering(
                shared, screen, HttpMethod.Delete,
                parsed => ($"api/v1/tokens/{Uri.EscapeDataString(parsed.GetRequiredValue(name))}", $"token {parsed.GetRequiredValue(name)}", null),
                revoked => screen.Line($"{revoked.Text("name")} no longer holds."),
                parsed => new { name = parsed.GetRequiredValue(name), state = "revoked" });
    }
}
