namespace Streams.Cli.Tests;

/// <summary>Webhooks from the command line.</summary>
public sealed class WebhookTests(CannedNode node) : IClassFixture<CannedNode>
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    private Task<Run> Ask(params string[] args) => Run.Streams(200, [.. args, "--server", node.Url]);

    [Fact]
    public async Task A_new_secret_alone_is_on_the_output_so_that_a_script_can_take_it()
    {
        node.Answer("/api/v1/webhooks", $$"""{"name":"pager","secret":"{{Secret}}"}""", 201);

        Run run = await Ask("webhook", "add", "pager", "--url", "https://pager.example.org/a", "--severity", "Severe");

        Assert.Equal((ExitStatus.Done, Secret), (run.Status, run.Output.Trim()));
        Assert.Contains("shown this once", run.Error, StringComparison.Ordinal);
        Assert.Contains("""POST /api/v1/webhooks {"name":"pager","url":"https://pager.example.org/a","format":"json","status":"Actual","area":null,"severity":"Severe","restricted":false}""", node.Asked);
    }

    [Fact]
    public async Task A_given_secret_goes_along()
    {
        node.Answer("/api/v1/webhooks", $$"""{"name":"cells","secret":"{{Secret}}"}""", 201);

        await Ask("webhook", "add", "cells", "--url", "https://c.example.org/", "--format", "cap", "--restricted", "--secret", Secret);

        Assert.Contains(node.Asked, asked => asked.Contains("\"name\":\"cells\"", StringComparison.Ordinal) && asked.Contains("\"restricted\":true", StringComparison.Ordinal) && asked.EndsWith($"\"secret\":\"{Secret}\"}}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_webhook_without_an_address_is_a_wrong_command_line() => Assert.Equal(ExitStatus.Usage, (await Ask("webhook", "add", "pager")).Status);

    [Fact]
    public async Task Webhooks_are_listed_with_what_they_get_and_whether_they_take_it()
    {
        node.Answer(
            "/api/v1/webhooks",
            """{"items":[{"name":"pager","url":"https://p.example.org/","format":"json","status":"Actual","area":null,"severity":"Severe","restricted":false,"createdAt":"2026-11-22T10:15:30.000Z","createdBy":"local","state":"failing","waiting":1,"deliveredAt":null,"failingSince":"2026-11-22T10:15:30.000Z","failure":"it answered 503"}],"next":null}""");

        Run run = await Ask("webhook", "list");

        Assert.Contains(run.Lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^pager\s+failing\s+https://p.example.org/\s+Severe\+\s+everywhere\s+Actual\s+json\s+never\s+it answered 503"));
    }

    [Fact]
    public async Task A_webhook_is_removed_and_its_dead_letters_are_shown_and_replayed()
    {
        node.Answer("/api/v1/webhooks/gone", "", 204);
        node.Answer("/api/v1/webhooks/pager/dead-letters", """{"items":[{"id":"haze.1","webhook":"pager","reason":"it answered 400","attempts":9,"time":"2026-11-22T10:15:30.000Z","alert":{}}],"next":null}""");
        node.Answer("/api/v1/webhooks/pager/dead-letters/haze.1/replay", "", 204);

        Assert.Equal(ExitStatus.Done, (await Ask("webhook", "remove", "gone")).Status);
        Assert.Contains((await Ask("webhook", "dead-letters", "pager")).Lines, line => line.StartsWith("haze.1", StringComparison.Ordinal) && line.Contains("400", StringComparison.Ordinal));
        Assert.Equal("pager has taken haze.1.", (await Ask("webhook", "replay", "pager", "haze.1")).Output.Trim());
        Assert.Contains("DELETE /api/v1/webhooks/gone", node.Asked);
        Assert.Contains("POST /api/v1/webhooks/pager/dead-letters/haze.1/replay", node.Asked);
    }
}
