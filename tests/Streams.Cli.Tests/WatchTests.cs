using System.Text.Json;
using Streams.Cli.Output;
using Streams.Simulator.Tests;

namespace Streams.Cli.Tests;

public sealed class WatchTests(CannedNode node) : IClassFixture<CannedNode>
{
    private const string Empty = """{"items":[],"next":null}""";

    private static string Alert(string id, string severity, string state, int revision, string area = "dijon", string rule = "flood") =>
        $$$"""{"id":"{{{id}}}","sent":"2026-11-22T12:00:0{{{revision}}}.000Z","state":"{{{state}}}","revision":{{{revision}}},"area":"{{{area}}}","rule":"{{{rule}}}","info":[{"severity":"{{{severity}}}","headline":"{{{id}}} is {{{state}}}","onset":"2026-11-22T11:00:00.000Z"}]}""";

    private static string Page(params string[] items) => $$"""{"items":[{{string.Join(',', items)}}],"next":null}""";

    private Task<Run> Watch(params string[] args) => Run.Streams(200, [.. args, "--server", node.Url]);

    [Fact]
    public async Task Alerts_that_are_active_come_first_then_each_new_state_once()
    {
        int look = 0;
        node.Answer("/api/v1/alerts", asked => asked.Contains("state=active", StringComparison.Ordinal)
            ? Page(look < 2 ? [Alert("a", "Severe", "active", 1)] : [Alert("b", "Minor", "active", 1)])
            : look++ == 0 ? Page(Alert("old", "Minor", "cleared", 2), Alert("a", "Severe", "active", 1))
            : look == 2 ? Page(Alert("a", "Severe", "active", 1))
            : Page(Alert("a", "Severe", "cleared", 2), Alert("b", "Minor", "active", 1)));

        Run run = await Watch("alert", "watch", "--for", "10s");

        Assert.Equal(ExitStatus.Done, run.Status);
        Assert.Equal(["Severe", "Minor", "cleared"], run.Lines.Select(line => line[22..31].Trim()));
        Assert.Contains("a is cleared  [a]", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("old", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_alert_that_ended_out_of_sight_is_asked_for()
    {
        int look = 0;
        node.Answer("/api/v1/alerts", asked => asked.Contains("state=active", StringComparison.Ordinal) && look++ == 0 ? Page(Alert("deep", "Severe", "active", 1)) : Empty);
        node.Answer("/api/v1/alerts/deep", Alert("deep", "Severe", "expired", 2));

        Run run = await Watch("alert", "watch", "--for", "6s");

        Assert.Equal(["Severe", "expired"], run.Lines.Select(line => line[22..31].Trim()));
    }

    [Fact]
    public async Task Only_alerts_as_severe_as_asked_for_are_told_and_json_is_a_document_a_line()
    {
        node.Answer("/api/v1/alerts", Page(Alert("a", "Extreme", "active", 1), Alert("b", "Moderate", "active", 1)));

        Run run = await Watch("alert", "watch", "--severity", "Severe", "--area", "dijon", "--for", "3s", "--output", "json");

        Assert.Equal("a", JsonDocument.Parse(Assert.Single(run.Lines)).RootElement.GetProperty("id").GetString());
        Assert.Contains(node.Asked, asked => asked.Contains("area=dijon&state=active", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_device_tells_its_readings_windows_anomalies_and_state()
    {
        string Device(int readings, string state, string time, double value) =>
            $$$"""{"id":"d","type":"noise_meter","area":"dijon","state":"{{{state}}}","lastSeen":"{{{time}}}","metrics":[{"name":"laeq","value":{{{value}}},"unit":"dB(A)","time":"{{{time}}}"},{"name":"battery","value":3,"unit":"V","time":"2026-11-22T00:00:00.000Z"}],"openAnomalies":[],"counters":{"readings":{{{readings}}}}}""";
        const string Window = """{"metric":"laeq","unit":"dB(A)","window":{"size":"PT1M","start":"2026-11-22T11:59:00.000Z"},"count":2,"mean":51.5,"min":50,"max":53,"revision":0}""";
        node.AnswerInTurn("/api/v1/devices/d", (200, Device(7, "ok", "2026-11-22T11:59:30.000Z", 53)), (200, Device(7, "ok", "2026-11-22T11:59:30.000Z", 53)), (200, Device(9, "anomalous", "2026-11-22T12:00:30.000Z", 99)));
        int asked = 0;
        node.Answer("/api/v1/devices/d/aggregates", query => query.Contains("P1D", StringComparison.Ordinal) || asked++ == 0 ? Empty : Page(Window));
        int anomalies = 0;
        node.Answer("/api/v1/anomalies", _ => anomalies++ == 0 ? Empty : Page("""{"id":"n","deviceId":"d","kind":"spike","state":"raised","time":"2026-11-22T12:00:30.000Z","explanation":"laeq is 99"}"""));

        Run run = await Watch("device", "watch", "d", "--for", "8s");

        Assert.Equal(
            [
                "2026-11-22 11:59:30Z  reading    laeq 53 dB(A)",
                "2026-11-22 11:59:30Z  ok         noise_meter in dijon",
                "2026-11-22 12:00:30Z  reading    laeq 99 dB(A)  (and 1 before it)",
                "2026-11-22 11:59Z     PT1M       laeq 51.5 (50 to 53) dB(A), 2 values",
                "2026-11-22 12:00:30Z  raised     spike: laeq is 99",
                "2026-11-22 12:00:30Z  anomalous  was ok",
            ],
            run.Lines);
    }

    [Fact]
    public async Task An_area_tells_its_figures_its_new_windows_and_its_alerts()
    {
        string Area(int silent, string start) =>
            $$$"""{"id":"dijon","devices":5,"silent":{{{silent}}},"activeAlerts":0,"types":[{"lastSeen":"2026-11-22T12:00:00.000Z"}],"latest":[{"metric":"no2","unit":"ug/m3","window":{"size":"PT1H","start":"{{{start}}}"},"count":4,"mean":31,"min":30,"max":32,"members":4},{"metric":"o3","window":{"size":"PT1H","start":"{{{start}}}"},"count":4,"mean":1,"min":1,"max":1}]}""";
        node.AnswerInTurn("/api/v1/areas/dijon", (200, Area(0, "2026-11-22T10:00:00.000Z")), (200, Area(1, "2026-11-22T11:00:00.000Z")));
        node.Answer("/api/v1/alerts", Page(Alert("a", "Severe", "active", 1)));

        Run run = await Watch("area", "watch", "dijon", "--metric", "no2", "--for", "5s");

        Assert.Equal(
            [
                "2026-11-22 12:00Z     area       5 devices, 0 silent, 0 active alerts",
                "2026-11-22 12:00:01Z  Severe     a is active  [a]",
                "2026-11-22 12:00Z     area       5 devices, 1 silent, 0 active alerts",
                "2026-11-22 11:00Z     PT1H       no2 31 (30 to 32) ug/m3, 4 values of 4 devices",
            ],
            run.Lines);
    }

    [Fact]
    public async Task Anomalies_are_told_when_raised_and_when_cleared()
    {
        string Anomaly(string state) => $$"""{"id":"n","deviceId":"d","kind":"stuck","state":"{{state}}","time":"2026-11-22T12:00:30.000Z","explanation":"why"}""";
        node.AnswerInTurn("/api/v1/anomalies", (200, Page(Anomaly("raised"))), (200, Page(Anomaly("raised"))), (200, Page(Anomaly("cleared"))));

        Run run = await Watch("anomaly", "watch", "--for", "8s");

        Assert.Equal(["2026-11-22 12:00:30Z  raised     d  stuck: why", "2026-11-22 12:00:30Z  cleared    d  stuck: why"], run.Lines);
    }

    [Fact]
    public async Task A_node_that_is_away_for_a_moment_is_asked_again_and_this_is_said_once()
    {
        node.AnswerInTurn("/api/v1/alerts", (200, Empty), (200, Empty), (503, "{}"), (503, "{}"), (503, "{}"), (200, Page(Alert("a", "Severe", "active", 1))));

        Run run = await Watch("alert", "watch", "--for", "20s");

        Assert.Equal(ExitStatus.Done, run.Status);
        Assert.EndsWith("Asking again.", Assert.Single(run.Error.Trim().Split('\n')), StringComparison.Ordinal);
        Assert.Single(run.Lines);
    }

    [Fact]
    public async Task A_node_that_stays_away_for_a_minute_ends_the_watch()
    {
        node.AnswerInTurn("/api/v1/alerts", (200, Empty), (200, Empty), (503, "{}"));

        Run run = await Watch("alert", "watch");

        Assert.Equal(ExitStatus.Failed, run.Status);
    }

    [Fact]
    public async Task Ctrl_C_ends_a_watch_in_good_order()
    {
        node.Answer("/api/v1/alerts", Page(Alert("a", "Severe", "active", 1)));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        using var output = new StopsAtFirstLine(stop);
        using var error = new StringWriter();

        int status = await CommandLine.RunAsync(["alert", "watch", "--server", node.Url], new Screen(output, error, 100), stop.Token, new LeapingTime());

        Assert.Equal((ExitStatus.Done, ""), (status, error.ToString()));
    }

    [Theory]
    [InlineData(60, 4)]
    [InlineData(80, 4)]
    [InlineData(100, 33)]
    public async Task A_long_text_goes_on_below(int width, int indent)
    {
        node.Answer("/api/v1/alerts", Page(Alert("the river at the old mill is far above its banks and still rising fast 水位上昇中 注意してください dijon.port-du-canal.water-level.20261122T110000Z", "Severe", "active", 1)));

        Run run = await Run.Streams(width, "alert", "watch", "--for", "1s", "--server", node.Url);

        Assert.True(run.Lines.Length > 1);
        Assert.All(run.Lines, line => Assert.InRange(Cells.Width(line), 1, width));
        Assert.All(run.Lines.Skip(1), line => Assert.Equal(indent, line.Length - line.TrimStart().Length));
    }

    private sealed class StopsAtFirstLine(CancellationTokenSource stop) : StringWriter
    {
        public override void WriteLine()
        {
            base.WriteLine();
            stop.Cancel();
        }
    }
}
