using System.Globalization;

namespace Streams.Cli.Tests;

/// <summary><c>streams cluster</c> as an operator uses it who is about to take a machine away.</summary>
public sealed class ClusterTests(CannedNode node) : IClassFixture<CannedNode>
{
    private static string Cluster(string stateOfTwo, string ownerOfOne, double? gap = null, bool answers = true) =>
        $$"""
        {"cluster":"streams","node":"n1","lag":12,"nodes":[{"name":"n1","state":"working","shards":1,"version":"1.0","startedAt":"2026-11-22T10:15:30Z","url":"http://n1:8080/","seenSecondsAgo":0.4},
        {"name":"n2","state":"{{stateOfTwo}}","shards":1,"version":"1.0","startedAt":"2026-11-22T10:15:30Z","url":"http://n2:8080/","seenSecondsAgo":0.9{{(answers ? "" : ",\"answers\":false")}}}],
        "shards":[{"kind":"device","partition":0,"owner":"n1","epoch":3,"nextOffset":7,"lag":7,"claimedAt":"2026-11-22T10:15:30Z","handover":null},
        {"kind":"device","partition":1,"owner":{{(ownerOfOne.Length == 0 ? "null" : $"\"{ownerOfOne}\"")}},"epoch":4,"nextOffset":7,"lag":5,"claimedAt":"2026-11-22T10:15:30Z",
        "handover":{{(gap is { } seconds ? string.Create(CultureInfo.InvariantCulture, $"{{\"from\":\"n2\",\"how\":\"drained\",\"stoppedAt\":\"2026-11-22T10:15:30Z\",\"gapInSeconds\":{seconds}}}") : "null")}}}]}
        """;

    [Fact]
    public async Task A_drained_node_is_waited_for_until_the_others_have_its_shards()
    {
        node.AnswerInTurn("/api/v1/cluster", (200, Cluster("working", "n2")), (200, Cluster("draining", "n2")), (200, Cluster("drained", "")), (200, Cluster("drained", "n1", 3.2)));
        node.Answer("/api/v1/cluster/nodes/n2/drain", """{"node":"n2","state":"draining"}""", 202);

        Run run = await Ask("cluster", "drain", "n2");

        Assert.Equal(ExitStatus.Done, run.Status);
        Assert.Matches(@"^n2 holds no shards any more: the others have its 1 after [0-9.]+ s\. They stood still for 3\.2 to 3\.2 s\.$", Assert.Single(run.Lines));
        Assert.Contains(node.Asked, asked => asked.StartsWith("POST /api/v1/cluster/nodes/n2/drain", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_node_that_is_not_done_in_time_is_said_to_be_on_its_way()
    {
        node.Answer("/api/v1/cluster", Cluster("draining", "n2"));
        node.Answer("/api/v1/cluster/nodes/n2/drain", """{"node":"n2","state":"draining"}""", 202);

        Run waited = await Ask("cluster", "drain", "n2", "--within", "300ms");
        Run told = await Ask("cluster", "drain", "n2", "--no-wait");

        Assert.Equal((ExitStatus.Failed, ExitStatus.Done), (waited.Status, told.Status));
        Assert.Contains("n2 was told, and is not done after 0.3 s", waited.Error, StringComparison.Ordinal);
        Assert.Equal(["n2 was told."], told.Lines);
    }

    [Fact]
    public async Task Undoing_it_lets_the_node_work_again()
    {
        node.AnswerInTurn("/api/v1/cluster", (200, Cluster("drained", "n1")), (200, Cluster("working", "n1")));
        node.Answer("/api/v1/cluster/nodes/n2/drain", """{"node":"n2","state":"working"}""", 202);

        Run run = await Ask("cluster", "drain", "n2", "--undo");

        Assert.Equal(["n2 takes shards again."], run.Lines);
        Assert.Contains(node.Asked, asked => asked.StartsWith("DELETE /api/v1/cluster/nodes/n2/drain", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_node_that_is_not_there_is_not_found()
    {
        node.Answer("/api/v1/cluster", Cluster("working", "n2"));

        Assert.Equal(ExitStatus.NotFound, (await Ask("cluster", "drain", "n9")).Status);
    }

    [Fact]
    public async Task Status_lists_every_node_with_its_lag_and_says_who_did_not_answer()
    {
        node.Answer("/api/v1/cluster", Cluster("working", "n2", answers: false));

        Run run = await Ask("cluster", "status");

        Assert.Contains(run.Lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^n1\s+working\s+1\s+7\s+0.4 s ago\s+1.0"));
        Assert.Contains("n2 did not answer: its shards' lag is not known.", run.Lines);
    }

    [Fact]
    public async Task Shards_show_how_long_they_stood_still_and_whose_they_were()
    {
        node.Answer("/api/v1/cluster", Cluster("drained", "n1", 3.25));

        Run run = await Ask("cluster", "shards");

        Assert.Contains(run.Lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^device\s+1\s+n1\s+5\s+7\s+4\s+3\.\d s\s+n2, drained"));
    }

    private Task<Run> Ask(params string[] line) => Run.Streams([.. line, "--server", node.Url]);
}
