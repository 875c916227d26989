namespace Streams.Cli.Tests;

/// <summary>What other agencies say, from the command line.</summary>
public sealed class AgencyTests(CannedNode node) : IClassFixture<CannedNode>
{
    private const string Message =
        """{"id":"3f2a","sender":"rivers@agency.example","status":"Exercise","msgType":"Alert","state":"standing","headline":"The Ouche rises","severity":"Severe","sent":"2026-11-22T10:00:00.000Z","areas":["dijon/dijon"],"signature":"good"}""";

    private Task<Run> Ask(params string[] args) => Run.Streams(200, [.. args, "--server", node.Url]);

    [Fact]
    public async Task A_document_is_sent_as_it_is()
    {
        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "<alert/>", TestContext.Current.CancellationToken);
            node.Answer("/api/v1/cap", Message, 201);
            Run run = await Ask("cap", "send", file);
            Assert.Equal((ExitStatus.Done, "3f2a is standing; it is about dijon/dijon, signature good."), (run.Status, run.Output.Trim()));
            Assert.Contains("POST /api/v1/cap <alert/>", node.Asked);

            node.Answer("/api/v1/cap", """{"title":"t","detail":"not CAP"}""", 422);
            run = await Ask("cap", "send", file);
            Assert.Equal(ExitStatus.Usage, run.Status);
            Assert.Contains("not CAP", run.Error, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task What_was_received_is_listed_and_an_exercise_is_called_one()
    {
        node.Answer("/api/v1/cap", $$"""{"items":[{{Message}}],"next":null}""");
        Run run = await Ask("cap", "received", "--status", "Exercise", "--state", "standing", "--sender", "rivers@agency.example");
        Assert.Contains(run.Lines, line => line.Contains("EXERCISE: The Ouche rises", StringComparison.Ordinal) && line.Contains("dijon/dijon", StringComparison.Ordinal));
        Assert.Contains("GET /api/v1/cap?status=Exercise&state=standing&sender=rivers%40agency.example&limit=100", node.Asked);
    }
}
