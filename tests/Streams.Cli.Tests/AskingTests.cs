using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Streams.Cli.Output;

namespace Streams.Cli.Tests;

public sealed class AskingTests(CannedNode node) : IClassFixture<CannedNode>
{
    private const string Alert =
        """
        {"id":"a-1","sender":"streams","sent":"2015-12-08T05:00:00.000Z","status":"Actual","msgType":"Alert","scope":"Public","state":"active","revision":2,
         "info":[{"language":"en","category":["Env"],"event":"Fine particles","urgency":"Immediate","severity":"Severe","certainty":"Observed","onset":"2015-12-08T04:00:00.000Z",
         "headline":"Fine particles are far above the limit in beijing/dongcheng and still rising","description":"The hourly mean is 301 ug/m3.","instruction":"Stay indoors.",
         "area":[{"areaDesc":"beijing/dongcheng","geocode":{"streams":"beijing/dongcheng"}}]}],
         "evidence":[{"anomalyId":"n-1","deviceId":"bj-aq-dongsi","metric":"pm2_5","value":301.5},{"anomalyId":"n-2","deviceId":"bj-aq-tiantan","metric":"pm2_5","value":290}]}
        """;

    private Task<Run> Ask(int width, params string[] args) => Run.Streams(width, [.. args, "--server", node.Url]);

    private Task<Run> Ask(params string[] args) => Ask(120, args);

    [Fact]
    public async Task No_server_is_one_clear_line_and_status_3()
    {
        using var free = new TcpListener(IPAddress.Loopback, 0);
        free.Start();
        int port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();

        Run run = await Run.Streams("device", "list", "--server", $"http://127.0.0.1:{port}");

        Assert.Equal(ExitStatus.NoServer, run.Status);
        Assert.StartsWith($"No Streams node answers at http://127.0.0.1:{port}/", Assert.Single(run.Error.Trim().Split('\n')), StringComparison.Ordinal);
        Assert.Empty(run.Output);
    }

    [Theory]
    [InlineData(404, "", ExitStatus.NotFound, "Not found: device x.")]
    [InlineData(401, "", ExitStatus.Denied, "--token")]
    [InlineData(403, """{"detail":"alerts.write is not among the roles' actions"}""", ExitStatus.Denied, "alerts.write")]
    [InlineData(400, """{"title":"Bad Request","detail":"limit: 0 is not from 1 to 1000"}""", ExitStatus.Usage, "limit: 0")]
    [InlineData(500, """{"title":"Internal Server Error"}""", ExitStatus.Failed, "Internal Server Error")]
    [InlineData(503, "<html>", ExitStatus.Failed, "ServiceUnavailable")]
    [InlineData(200, "<html>", ExitStatus.NoServer, "not a Streams node")]
    public async Task What_the_server_refuses_becomes_a_status_and_a_reason(int http, string body, int status, string expected)
    {
        node.Answer("/api/v1/devices/x", body, http);

        Run run = await Ask("device", "show", "x");

        Assert.Equal(status, run.Status);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_question_carries_filters_and_the_token()
    {
        node.Answer("/api/v1/devices", """{"items":[]}""");

        Run run = await Ask("device", "list", "--area", "dijon/toison d'or", "--state", "silent", "--limit", "7", "--token", "secret");

        Assert.Equal(ExitStatus.Done, run.Status);
        Assert.Equal("No device matches.", run.Output.Trim());
        Assert.Contains("GET /api/v1/devices?area=dijon%2Ftoison%20d%27or&state=silent&limit=7 Bearer secret", node.Asked);
    }

    [Fact]
    public async Task Json_is_what_the_server_said()
    {
        node.Answer("/api/v1/alerts/a-1", Alert);

        Run run = await Ask("alert", "show", "a-1", "--output", "json");

        Assert.Equal(JsonSerializer.Serialize(JsonDocument.Parse(Alert)), JsonSerializer.Serialize(JsonDocument.Parse(run.Output)));
    }

    [Fact]
    public async Task An_alert_is_shown_with_its_words_and_evidence()
    {
        node.Answer("/api/v1/alerts/a-1", Alert);

        Run run = await Ask("alert", "show", "a-1");

        Assert.StartsWith("Severe: Fine particles are far above the limit in beijing/dongcheng and still rising  [active]", run.Output, StringComparison.Ordinal);
        Assert.Contains("Stay indoors.", run.Output, StringComparison.Ordinal);
        Assert.Contains("evidence (2)", run.Output, StringComparison.Ordinal);
        Assert.Contains("bj-aq-tiantan", run.Output, StringComparison.Ordinal);
        Assert.Contains("2015-12-08 04:00Z", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(100)]
    [InlineData(60)]
    public async Task An_area_says_what_its_figures_are_and_how_usual_that_is(int width)
    {
        const string Window = """
            "window":{"size":"PT15M","start":"2026-11-26T12:00:00.000Z","end":"2026-11-26T12:15:00.000Z"}
            """;
        node.Answer("/api/v1/areas/x", $$$"""
            {"id":"x","devices":6,"working":0.9996,"types":[{"type":"bus","domain":"transit","devices":6,"silent":0,"anomalous":0,"working":0.9996,"lastSeen":"2026-11-26T12:20:00.000Z"}],
             "domains":[{"domain":"transit","devices":6,"figures":[
               {"type":"bus","label":"Delay","value":412.5,"unit":"s",{{{Window}}},"members":5,"usual":{"value":41,"word":"very high"}},
               {"type":"tram","label":"Delay","value":43,"unit":"s",{{{Window}}},"members":1,"usual":null},
               {"type":"bus","label":"Occupancy","value":28,"unit":"%",{{{Window}}},"members":5,"usual":{"value":27,"word":"usual"}}]}],
             "latest":[{"type":"bus","metric":"delay","mean":412.5,"min":1,"max":600,"unit":"s","members":5,{{{Window}}}}]}
            """);

        Run run = await Ask(width, "area", "show", "x");

        string[] lines = [.. run.Output.Split('\n').Select(line => line.TrimEnd())];
        Assert.Contains(lines, line => line == "working  99.9 %");
        Assert.Contains(lines, line => line.StartsWith("transit  Delay (bus)   412.5  s        41  very high", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("transit  Delay (tram)     43  s", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("transit  Occupancy        28  %        27", StringComparison.Ordinal) && !line.Contains("usual", StringComparison.Ordinal));
        Assert.All(lines.Where(line => !line.StartsWith("Not shown", StringComparison.Ordinal)), line => Assert.InRange(Cells.Width(line), 0, width));
    }

    [Fact]
    public async Task A_page_says_how_to_get_the_next_one()
    {
        node.Answer("/api/v1/anomalies", """{"items":[{"id":"n","deviceId":"d","kind":"spike","state":"raised","time":"2026-11-22T10:15:30.250Z"}],"next":"2026-11-22T10:15:30.250Z~n"}""");

        Run run = await Ask("anomaly", "list");

        Assert.Contains("2026-11-22 10:15:30Z", run.Output, StringComparison.Ordinal);
        Assert.Contains("More: --after 2026-11-22T10:15:30.250Z~n", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(120)]
    [InlineData(200)]
    public async Task Tables_fit_the_terminal_and_lose_no_id(int width)
    {
        const string LongId = "bos311-fenway-kenmore-audubon-circle-longwood";
        node.Answer("/api/v1/alerts", $$"""{"items":[{{Alert}}],"next":"more"}""");
        node.Answer("/api/v1/alerts/a-1", Alert);
        node.Answer(
            "/api/v1/devices",
            $$"""{"items":[{"id":"{{LongId}}","type":"street_light_report","area":"boston/fenway-kenmore-audubon-circle-longwood","state":"anomalous","lastSeen":"2015-01-01T05:25:23.000Z"},{"id":"水位計-01","type":"water_level_gauge","area":"東京都/千代田区","state":"ok"}]}""");
        node.Answer("/api/v1/devices/x", $$"""{"id":"x","metrics":[{"name":"pm2_5","value":1.5,"unit":"ug/m3","time":"2015-01-01T05:25:23.000Z","type":"air_quality_station","note":"a long text that nobody needs in a table of this width"}]}""");
        node.Answer("/api/v1/anomalies", $$"""{"items":[{"id":"n","time":"2015-12-08T04:00:00.000Z","state":"cleared","deviceId":"{{LongId}}","kind":"spike","metric":"pm2_5","explanation":"pm2_5 is 301 ug/m3; usual at this time of day is 10 to 90; highest in the last day was 120."}]}""");
        node.Answer("/api/v1/areas", """{"items":[{"id":"boston","name":"Boston","devices":40000,"silent":12,"activeAlerts":3},{"id":"boston/fenway-kenmore-audubon-circle-longwood","name":"Fenway, Kenmore, Audubon Circle, Longwood","devices":3,"silent":0,"activeAlerts":1}]}""");
        node.Answer("/api/v1/dead-letters", """{"items":[{"id":"city.readings-3-1042","reason":"unknown_metric","key":"a-key-of-some-length","message":"pm25 is no metric of air_quality_station; did you mean pm2_5?","time":"2015-12-08T04:00:00.000Z"}]}""");
        node.Answer(
            "/api/v1/cluster",
            """{"cluster":"streams","nodes":[{"id":"node-1","address":"http://127.0.0.1:8080"}],"shards":[{"kind":"device","topic":"city.readings","partition":0,"owner":"node-1","epoch":3,"nextOffset":1200,"position":1210,"endOffset":1217,"lag":7},{"kind":"device","topic":"city.readings","partition":1,"owner":null,"epoch":2,"nextOffset":9,"lag":null}]}""");
        foreach (string line in new[] { "alert list", "alert show a-1", "device list", "device show x", "anomaly list", "area tree", "dead-letters list", "cluster status", "cluster shards", "topics lag" })
        {
            Run run = await Ask(width, line.Split(' '));

            Assert.Equal((ExitStatus.Done, ""), (run.Status, run.Error));
            Assert.All(run.Lines.Where(each => !each.Contains("(--output json has all)", StringComparison.Ordinal) && !each.Contains("--server knows", StringComparison.Ordinal)), each => Assert.InRange(Cells.Width(each.TrimEnd()), 0, width));
        }

        // Ids are there to be copied: whole, on one line.
        Assert.Contains(LongId, (await Ask(width, "device", "list")).Output, StringComparison.Ordinal);
        Assert.Contains(LongId, (await Ask(width, "anomaly", "list")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_moves_the_cursor_or_colours_the_terminal_does_neither()
    {
        node.Answer("/api/v1/devices", """{"items":[{"id":"d\u001b[31m\n1","type":"t","area":"a","state":"ok"}]}""");

        Run run = await Ask("device", "list");

        Assert.Equal(2, run.Lines.Length);
        Assert.DoesNotContain('\e', run.Output);
    }

    [Fact]
    public async Task What_answers_404_with_a_web_page_is_no_node()
    {
        node.Answer("/api/v1/devices/x", "<html>Not here</html>", 404);

        Run run = await Ask("device", "show", "x");

        Assert.Equal(ExitStatus.NoServer, run.Status);
        Assert.Contains("not a Streams node", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lag_is_told_by_partition_and_topic_with_rates()
    {
        string Cluster(int position, int end) =>
            $$"""{"shards":[{"kind":"device","topic":"city.readings","partition":0,"owner":"n1","epoch":1,"position":{{position}},"endOffset":{{end}},"lag":{{end - position}}},{"kind":"area","topic":"city.observations","partition":0,"owner":"n2","epoch":1,"position":null,"endOffset":null,"lag":null}]}""";
        node.AnswerInTurn("/api/v1/cluster", (200, Cluster(100, 120)), (200, Cluster(150, 200)), (200, Cluster(100, 120)), (200, Cluster(150, 200)));

        Run table = await Ask("topics", "lag", "--over", "10s");
        Run json = await Ask("topics", "lag", "--over", "10s", "--output", "json");
        Run none = await Ask("topics", "lag", "--topic", "city.nothing");

        Assert.Contains(table.Lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^city.readings\s+0\s+n1\s+200\s+150\s+50\s+5\s+8$"));
        Assert.Contains("Not known of 1 partitions", table.Output, StringComparison.Ordinal);
        JsonElement topic = JsonDocument.Parse(json.Output).RootElement.GetProperty("topics")[1];
        Assert.Equal(("city.readings", 50, 5.0), (topic.GetProperty("topic").GetString(), topic.GetProperty("lag").GetInt64(), topic.GetProperty("readPerSecond").GetDouble()));
        Assert.Equal(ExitStatus.NotFound, none.Status);
    }

    [Fact]
    public async Task Cluster_status_sums_shards_by_kind()
    {
        node.Answer(
            "/api/v1/cluster",
            """{"cluster":"streams","shards":[{"kind":"device","partition":0,"owner":"n1","lag":7},{"kind":"device","partition":1,"owner":"n2","lag":5},{"kind":"area","partition":0,"owner":null,"lag":0}]}""");

        Run run = await Ask("cluster", "status");

        Assert.Contains(run.Lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, @"device\s+2\s+2\s+n1 1, n2 1\s+12\s+7"));
        Assert.Contains(run.Lines, line => System.Text.RegularExpressions.Regex.IsMatch(line, @"area\s+1\s+0\s+0\s+0"));
    }

    private void WithAreas()
    {
        node.Answer("/api/v1/areas", asked => asked.Contains("under=nowhere", StringComparison.Ordinal) ? """{"items":[]}"""
            : """{"items":[{"id":"beijing","devices":8,"silent":1,"activeAlerts":1},{"id":"beijing/dongcheng","devices":3,"silent":1,"activeAlerts":2},{"id":"dijon/nord","devices":1,"silent":0,"activeAlerts":0},{"id":"dijon/toison-dor","devices":2,"silent":0,"activeAlerts":0}]}""");
        node.Answer("/api/v1/alerts", """{"items":[{"id":"a","area":"beijing/dongcheng","info":[{"severity":"Minor"}]},{"id":"b","area":"beijing/dongcheng","info":[{"severity":"Severe"}]},{"id":"c","area":"beijing","info":[{"severity":"Moderate"}]}]}""");
    }

    [Fact]
    public async Task Areas_are_drawn_as_a_tree_with_their_figures_and_the_worst_alert_inside()
    {
        WithAreas();

        Run run = await Ask("area", "tree");

        Assert.Equal(
            [
                "area            name  devices  silent  alerts  worst",
                "beijing                     8       1       1  Severe",
                "└── dongcheng               3       1       2  Severe",
                "dijon",
                "├── nord                    1       0       0",
                "└── toison-dor              2       0       0",
            ],
            run.Lines);
    }

    [Fact]
    public async Task A_tree_unfolds_as_deep_as_asked_for_and_says_what_stays_inside()
    {
        WithAreas();

        Run run = await Ask("area", "tree", "--depth", "1");

        Assert.Equal(["area          name  devices  silent  alerts  worst", "beijing (+1)              8       1       1  Severe", "dijon (+2)"], run.Lines);
    }

    [Fact]
    public async Task A_tree_of_an_area_that_is_not_there_is_not_found()
    {
        WithAreas();

        Assert.Equal(ExitStatus.NotFound, (await Ask("area", "tree", "nowhere")).Status);
    }

    [Fact]
    public async Task A_dead_letter_is_sent_again()
    {
        node.Answer("/api/v1/dead-letters/city.readings-3-1042/replay", "", 202);

        Run run = await Ask("dead-letters", "replay", "city.readings-3-1042");

        Assert.Equal((ExitStatus.Done, "Sent again: city.readings-3-1042"), (run.Status, run.Output.Trim()));
        Assert.Contains("POST /api/v1/dead-letters/city.readings-3-1042/replay", node.Asked);
    }
}
