using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Streams.Cli.Output;
using Streams.Cli.Server;
using Streams.Runtime.Audit;

namespace Streams.Cli.Commands;

/// <summary><c>streams audit</c>: who did what, and whether that was tampered with.</summary>
internal static class AuditCommands
{
    private static readonly Listing Entries = new(
        new Column("number", "number", right: true),
        new Column("time", "time"),
        new Column("who", "actor.name"),
        new Column("from", "actor.address", drop: 2),
        new Column("action", "action"),
        new Column("subject", "subject", least: 16),
        Column.Word("outcome", "outcome"),
        new Column("reason", "reason", least: 10, drop: 1));

    public static Command Build(SharedOptions shared, Screen screen)
    {
        Option<string?> actor = Lists.Text("--actor", "NAME", "Only what this one did: a token's name, local, anonymous, unknown or streams.");
        Option<string?> action = Lists.Text("--action", "ACTION", "Only this action, such as device.put, token.add or access (refused requests).");
        Option<DateTimeOffset?> since = Lists.Moment(shared.Time, "--since", "At or after.");
        Option<int> limit = Lists.Limit();
        Option<string?> after = Lists.After();
        Command list = new ExampleCommand("list", "Who did what, newest first.", "streams audit list --since 1d", "streams audit list --actor marie --action device.put")
            .Taking(actor, action, since, limit, after)
            .Answering(
                shared,
                screen,
                parsed => (new Query("api/v1/audit").With("actor", parsed.GetValue(actor)).With("action", parsed.GetValue(action)).With("since", Lists.Rfc3339(parsed.GetValue(since)))
                    .With("limit", Lists.Number(parsed.GetValue(limit))).With("after", parsed.GetValue(after)).ToString(), "audit entries"),
                page => Entries.WritePage(screen, page, "No entry matches."));
        return Show.Group("audit", "Who did what.", list, Verify(shared, screen));
    }

    private static ExampleCommand Verify(SharedOptions shared, Screen screen)
    {
        Option<string?> known = Lists.Text(
            "--known", "NUMBER:HASH", "An entry's number and hash as noted elsewhere before, such as an earlier verification's last line: whoever wrote the whole chain anew is found out by it.");
        ExampleCommand verify = new ExampleCommand(
            "verify",
            "Reads the whole audit chain and reckons every hash anew. Where it breaks first, says so and ends with 1.",
            "streams audit verify",
            "streams audit verify --known 1042:9b74c9897bac770ffc029102a200c5de75d3bd4a0a4c4b1c1c3b1e8e5c5b7d11").Taking(known);
        verify.SetAction(async (parsed, stop) =>
        {
            AuditLink? expected = ReadKnown(parsed.GetValue(known));
            using NodeClient node = shared.Connect(parsed);
            AuditChain chain = await ReadChainAsync(node, stop).ConfigureAwait(false);
            (AuditWalk walk, string? fault) = await WalkAsync(node, chain, expected, stop).ConfigureAwait(false);
            if (fault is not null && walk.Checked == 0 && await ReadChainAsync(node, stop).ConfigureAwait(false) is { } moved && moved.Anchor != chain.Anchor)
            {
                // Retention deleted the oldest between the two questions.
                chain = moved;
                (walk, fault) = await WalkAsync(node, chain, expected, stop).ConfigureAwait(false);
            }

            if (shared.WantsJson(parsed))
            {
                screen.Json(JsonSerializer.SerializeToElement(new { isWhole = fault is null, entries = walk.Checked, after = chain.Anchor.Number, last = walk.Last.Number, hash = walk.Last.Hash, fault }));
            }
            else if (fault is null)
            {
                string before = chain.Anchor.Number > 0 ? $" Entries through {chain.Anchor.Number} were deleted by retention." : "";
                screen.Line($"The audit chain is whole: {walk.Checked} {(walk.Checked == 1 ? "entry" : "entries")}.{before}");
                screen.Line($"Last: {walk.Last.Number}:{walk.Last.Hash}");
            }

            return fault is null ? ExitStatus.Done : throw new CommandFailedException(ExitStatus.Failed, $"The audit chain is broken. {fault}");
        });
        return verify;
    }

    private static async Task<(AuditWalk Walk, string? Fault)> WalkAsync(NodeClient node, AuditChain chain, AuditLink? known, CancellationToken stop)
    {
        AuditWalk walk = new(chain);
        bool isKnownSeen = known is null || known.Value.Number <= chain.Anchor.Number;
        string? next = null;
        do
        {
            JsonElement page = await node.GetAsync(new Query("api/v1/audit").With("order", "oldest").With("limit", "1000").With("after", next).ToString(), "audit entries", stop).ConfigureAwait(false);
            foreach (JsonElement entry in page.List("items"))
            {
                if (walk.Step(entry) is { } fault)
                {
                    return (walk, fault);
                }

                if (known is { } link && link.Number == walk.Last.Number)
                {
                    isKnownSeen = true;
                    if (link.Hash != walk.Last.Hash)
                    {
                        return (walk, $"Entry {link.Number} has hash {walk.Last.Hash}; as known it had {link.Hash}: the chain was written anew.");
                    }
                }
            }

            next = page.At("next") is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        }
        while (next is not null);
        return (walk, walk.End() ?? (isKnownSeen ? null : $"Entry {known!.Value.Number}, which is known, is not there: the chain ends at {walk.Last.Number}."));
    }

    private static async Task<AuditChain> ReadChainAsync(NodeClient node, CancellationToken stop)
    {
        JsonElement chain = await node.GetAsync("api/v1/audit/chain", "the audit chain", stop).ConfigureAwait(false);
        return new AuditChain(ReadLink(chain.At("head")), ReadLink(chain.At("anchor")), (long)(chain.NumberAt("publishedThrough") ?? 0));
    }

    private static AuditLink ReadLink(JsonElement link) => new((long)(link.NumberAt("number") ?? 0), link.Text("hash"));

    private static AuditLink? ReadKnown(string? text) =>
        text is null ? null
        : text.Split(':') is [{ } number, { Length: 64 } hash] && long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long parsed) ? new AuditLink(parsed, hash.ToLowerInvariant())
        : throw new CommandFailedException(ExitStatus.Usage, $"--known: \"{text}\" is not a number, a colon and 64 hexadecimal digits");
}
