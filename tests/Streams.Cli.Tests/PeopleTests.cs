using System.Text;
using System.Text.Json;
using Streams.Runtime.Audit;

namespace Streams.Cli.Tests;

/// <summary>Tokens and the audit chain from the command line.</summary>
public sealed class PeopleTests(CannedNode node) : IClassFixture<CannedNode>
{
    private const string Token = "streams_0000000000000000000000000000000000000000000";

    private Task<Run> Ask(params string[] args) => Run.Streams(200, [.. args, "--server", node.Url]);

    [Fact]
    public async Task A_new_token_alone_is_on_the_output_so_that_a_script_can_take_it()
    {
        node.Answer("/api/v1/tokens", $$"""{"name":"marie","token":"{{Token}}"}""", 201);

        Run run = await Ask("token", "add", "marie", "--role", "viewer", "--role", "operator", "--area", "dijon/dijon");

        Assert.Equal((ExitStatus.Done, Token), (run.Status, run.Output.Trim()));
        Assert.Contains("shown this once", run.Error, StringComparison.Ordinal);
        Assert.Contains("""POST /api/v1/tokens {"name":"marie","roles":["viewer","operator"],"area":"dijon/dijon","expires":null}""", node.Asked);
    }

    [Fact]
    public async Task A_token_ends_so_long_after_now()
    {
        node.Answer("/api/v1/tokens", $$"""{"name":"marie","token":"{{Token}}"}""", 201);
        await Ask("token", "add", "soon", "--role", "viewer", "--expires", "90d");

        // The clock of these tests stands at noon of 22 November 2026.
        Assert.Contains(node.Asked, asked => asked.Contains("\"name\":\"soon\"", StringComparison.Ordinal) && asked.Contains("\"expires\":\"2027-02-20T12:00:00.000Z\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_token_without_a_role_is_a_wrong_command_line()
    {
        Assert.Equal(ExitStatus.Usage, (await Ask("token", "add", "marie")).Status);
    }

    [Fact]
    public async Task Tokens_are_listed_with_what_they_may_and_when_they_were_used()
    {
        node.Answer("/api/v1/tokens", """{"items":[{"name":"marie","roles":["viewer","operator"],"area":"dijon/nord","state":"holds","createdAt":"2026-11-22T10:15:30.000Z","createdBy":"local","expiresAt":null,"lastUsedAt":null,"revokedAt":null}],"next":null}""");

        Run run = await Ask("token", "list");

        Assert.Contains(run.Lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^marie\s+holds\s+viewer, operator\s+dijon/nord\s+never\s+never\s+local"));
    }

    [Fact]
    public async Task A_token_is_revoked_by_name()
    {
        node.Answer("/api/v1/tokens/marie", "", 204);

        Run run = await Ask("token", "revoke", "marie");

        Assert.Equal((ExitStatus.Done, "marie no longer holds."), (run.Status, run.Output.Trim()));
        Assert.Contains("DELETE /api/v1/tokens/marie", node.Asked);
    }

    [Fact]
    public async Task A_token_that_is_not_taken_is_told_from_none()
    {
        node.Answer("/api/v1/devices/x", "", 401);

        Assert.Contains("asks for a token", (await Ask("device", "show", "x")).Error, StringComparison.Ordinal);
        Assert.Contains("does not know the token", (await Ask("device", "show", "x", "--token", Token)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Entries_are_listed_and_filtered()
    {
        AuditEntry[] chain = Chain(1);
        node.Answer("/api/v1/audit", $$"""{"items":[{{Encoding.UTF8.GetString(chain[0].Body)}}],"next":null}""");

        Run run = await Ask("audit", "list", "--actor", "marie", "--action", "device.put", "--since", "2026-11-22T00:00:00Z");

        Assert.Contains(run.Lines, line => line.Contains("marie", StringComparison.Ordinal) && line.Contains("device:d-1", StringComparison.Ordinal) && line.Contains("done", StringComparison.Ordinal));
        Assert.Contains("GET /api/v1/audit?actor=marie&action=device.put&since=2026-11-22T00%3A00%3A00.000Z&limit=100", node.Asked);
    }

    private static AuditEntry[] Chain(int count)
    {
        List<AuditEntry> entries = [];
        for (int number = 1; number <= count; number++)
        {
            AuditDraft draft = new($"id-{number}", DateTimeOffset.UnixEpoch.AddMinutes(number), new AuditActor("marie", ["operator"], "token", "10.0.0.7"), "device.put", $"device:d-{number}");
            entries.Add(AuditEntry.Seal(draft, entries.Count == 0 ? AuditLink.Beginning : entries[^1].Link));
        }

        return [.. entries];
    }

    private void Serve(AuditEntry[] chain, Func<int, string, string>? tamper = null)
    {
        string[] bodies = [.. chain.Select(entry => Encoding.UTF8.GetString(entry.Body)).Select((body, index) => tamper?.Invoke(index + 1, body) ?? body)];
        string head = $$"""{"head":{"number":{{chain.Length}},"hash":"{{(chain.Length > 0 ? chain[^1].Link.Hash : AuditEntry.NoHash)}}"},"anchor":{"number":0,"hash":"{{AuditEntry.NoHash}}"},"publishedThrough":0}""";
        node.Answer("/api/v1/audit/chain", head);
        node.Answer("/api/v1/audit", asked => asked.Contains("after=more", StringComparison.Ordinal)
            ? $$"""{"items":[{{string.Join(',', bodies.Skip(3))}}],"next":null}"""
            : $$"""{"items":[{{string.Join(',', bodies.Take(3))}}],"next":{{(bodies.Length > 3 ? "\"more\"" : "null")}}}""");
    }

    [Fact]
    public async Task A_whole_chain_is_said_to_be_whole_with_its_last_link_to_be_noted_elsewhere()
    {
        AuditEntry[] chain = Chain(5);
        Serve(chain);

        Run run = await Ask("audit", "verify");
        Run known = await Ask("audit", "verify", "--known", $"2:{chain[1].Link.Hash}");

        Assert.Equal((ExitStatus.Done, ExitStatus.Done), (run.Status, known.Status));
        Assert.Equal(["The audit chain is whole: 5 entries.", $"Last: 5:{chain[^1].Link.Hash}"], run.Lines);
    }

    [Fact]
    public async Task A_broken_chain_is_said_to_break_where_it_does_first_and_ends_with_1()
    {
        Serve(Chain(5), (number, body) => number >= 4 ? body.Replace("marie", "paul", StringComparison.Ordinal) : body);

        Run run = await Ask("audit", "verify");
        Run json = await Ask("audit", "verify", "--output", "json");

        Assert.Equal((ExitStatus.Failed, ""), (run.Status, run.Output));
        Assert.StartsWith("The audit chain is broken. Entry 4 was changed: it says hash", run.Error, StringComparison.Ordinal);
        Assert.Equal(ExitStatus.Failed, json.Status);
        Assert.False(JsonDocument.Parse(json.Output).RootElement.GetProperty("isWhole").GetBoolean());
    }

    [Fact]
    public async Task Who_wrote_the_whole_chain_anew_is_found_out_by_a_link_that_was_noted()
    {
        Serve(Chain(5));

        Run run = await Ask("audit", "verify", "--known", "2:" + new string('a', 64));
        Run gone = await Ask("audit", "verify", "--known", "9:" + new string('a', 64));
        Run wrong = await Ask("audit", "verify", "--known", "2");

        Assert.Contains("the chain was written anew", run.Error, StringComparison.Ordinal);
        Assert.Contains("Entry 9, which is known, is not there", gone.Error, StringComparison.Ordinal);
        Assert.Equal((ExitStatus.Failed, ExitStatus.Failed, ExitStatus.Usage), (run.Status, gone.Status, wrong.Status));
    }
}
