namespace Streams.Cli.Tests;

/// <summary>What people say about alerts, from the command line.</summary>
public sealed class AlertOrderTests(CannedNode node) : IClassFixture<CannedNode>
{
    private const string Alert = """{"id":"dijon.issued.20261122T120000Z","state":"active","info":[{"expires":"2026-11-22T14:00:00.000Z"}]}""";

    private Task<Run> Ask(params string[] args) => Run.Streams(200, [.. args, "--server", node.Url]);

    [Fact]
    public async Task An_alert_is_issued_with_what_the_options_say()
    {
        node.Answer("/api/v1/alerts", Alert, 201);

        Run run = await Ask(
            "alert", "issue", "--area", "dijon", "--event", "Fire", "--headline", "Fire in Rue Haute", "--description", "A store burns.", "--category", "Fire", "--category", "Safety",
            "--severity", "Severe", "--response", "Shelter", "--expires", "2h", "--status", "Exercise",
            "--scope", "Private", "--address", "ops@city.example", "--address", "the mayor", "--circle", "47.32,5.03 1.5");

        Assert.Equal((ExitStatus.Done, "dijon.issued.20261122T120000Z is active until 2026-11-22 14:00Z."), (run.Status, run.Output.Trim()));
        Assert.Contains(
            """
            POST /api/v1/alerts {"category":["Fire","Safety"],"responseType":["Shelter"],"urgency":"Immediate","severity":"Severe","certainty":"Observed",
            "info":[{"language":"en","event":"Fire","headline":"Fire in Rue Haute","description":"A store burns.","instruction":null}],
            "status":"Exercise","scope":"Private","expires":"2026-11-22T14:00:00.000Z","circle":"47.32,5.03 1.5","addresses":["ops@city.example","the mayor"],"area":"dijon"}
            """.ReplaceLineEndings(""),
            node.Asked);
    }

    [Fact]
    public async Task A_file_says_all_of_it()
    {
        node.Answer("/api/v1/alerts/a.1", Alert);
        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, """{"severity":"Minor"}""", TestContext.Current.CancellationToken);
            Run run = await Ask("alert", "update", "a.1", "--file", file, "--output", "json");
            Assert.Equal(ExitStatus.Done, run.Status);
            Assert.Contains("\"state\": \"active\"", run.Output, StringComparison.Ordinal);
            Assert.Contains("""PUT /api/v1/alerts/a.1 {"severity":"Minor"}""", node.Asked);
            await File.WriteAllTextAsync(file, "[", TestContext.Current.CancellationToken);
            Assert.Equal(ExitStatus.Usage, (await Ask("alert", "update", "a.1", "--file", file)).Status);
        }
        finally
        {
            File.Delete(file);
        }

        Assert.Equal(ExitStatus.Failed, (await Ask("alert", "update", "a.1", "--file", file)).Status);
    }

    [Fact]
    public async Task An_alert_is_acknowledged_and_cancelled()
    {
        node.Answer("/api/v1/alerts/a.2/acknowledge", """{"id":"a.2","state":"acknowledged","info":[{"expires":"2026-11-22T14:00:00.000Z"}]}""");
        node.Answer("/api/v1/alerts/a.2/cancel", """{"id":"a.2","state":"cancelled","info":[{"expires":"2026-11-22T14:00:00.000Z"}]}""");

        Assert.Equal("a.2 is acknowledged until 2026-11-22 14:00Z.", (await Ask("alert", "ack", "a.2", "--note", "on my way")).Output.Trim());
        Assert.Equal("a.2 is cancelled.", (await Ask("alert", "cancel", "a.2", "--reason", "false alarm")).Output.Trim());
        Assert.Contains("""POST /api/v1/alerts/a.2/acknowledge {"note":"on my way"}""", node.Asked);
        Assert.Contains("""POST /api/v1/alerts/a.2/cancel {"reason":"false alarm"}""", node.Asked);
        Assert.Equal(ExitStatus.Usage, (await Ask("alert", "cancel", "a.2")).Status);
    }

    [Theory]
    [InlineData(404, ExitStatus.NotFound)]
    [InlineData(403, ExitStatus.Denied)]
    [InlineData(409, ExitStatus.Failed)]
    [InlineData(422, ExitStatus.Usage)]
    public async Task A_refusal_has_its_exit_status_and_says_why(int status, int exit)
    {
        node.Answer("/api/v1/alerts/a.3/acknowledge", """{"title":"t","detail":"because it is so"}""", status);
        Run run = await Ask("alert", "ack", "a.3");
        Assert.Equal(exit, run.Status);
        Assert.Contains("because it is so", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_done_yet_is_said_to_be_queued()
    {
        node.Answer("/api/v1/alerts/a.4/acknowledge", """{"id":"o-1","detail":"Kafka has the order."}""", 202);
        Assert.Equal("Kafka has the order.", (await Ask("alert", "ack", "a.4")).Output.Trim());
    }
}
