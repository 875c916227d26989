using System.Text.Json;

namespace Streams.Cli.Tests;

public sealed class ScenarioTests : IClassFixture<CannedNode>
{
    private const string Flood =
        """{"name":"flood","title":"The river rises","description":"Three hours of rain.","area":"dijon/port","lasts":"PT3H","response":[{"system":"water","action":"raise-pumps","after":"PT20M","fades":"PT1H","share":0.4,"of":["water_level"]}],"must":[{"rule":"river","area":null,"within":"PT10M","severity":"Severe"},{"rule":"rain","area":"dijon","within":"PT1M","severity":"Moderate"}],"may":["wind"],"mustNot":["air"]}""";

    private const string Started = """{"id":"flood-1","scenario":"flood","area":"dijon/chenove","startedAt":"2026-11-22T12:00:00.000Z","endsAt":"2026-11-22T15:00:00.000Z","state":"running"}""";

    private readonly CannedNode _node;

    public ScenarioTests(CannedNode node)
    {
        _node = node;
        _node.Answer("/api/v1/simulation", """{"city":"dijon","title":"Dijon","seed":7,"speed":10,"time":"2026-11-22T12:00:00.000Z","devices":40000}""");
        _node.Answer("/api/v1/scenarios", $$"""{"items":[{{Flood}}],"next":null}""");
        _node.Answer("/api/v1/scenarios/flood", Flood);
        _node.Answer("/api/v1/scenarios/flood/start", Started, 201);
        _node.Answer("/api/v1/scenario-runs", $$"""{"items":[{{Started}}],"next":null}""");
        _node.Answer("/api/v1/scenario-runs/flood-1/stop", Started.Replace("running", "stopped", StringComparison.Ordinal));
        _node.Answer("/api/v1/alerts", Alerts());
    }

    private static string Alerts(params (string Rule, string Area, string State)[] alerts) =>
        $$"""{"items":[{{string.Join(',', alerts.Select(each => $$$"""{"id":"{{{each.Area}}}.{{{each.Rule}}}","state":"{{{each.State}}}","revision":1,"sent":"2026-11-22T12:00:00.000Z","area":"{{{each.Area}}}","rule":"{{{each.Rule}}}","info":[{"severity":"Severe","headline":"{{{each.Rule}}}"}]}"""))}}],"next":null}""";

    private Task<Run> Ask(params string[] args) => Run.Streams(120, ["scenario", .. args, "--server", _node.Url]);

    /// <summary>What the node lists at each look; a look asks twice. The first is before the start.</summary>
    private void AtEachLook(params string[] pages)
    {
        int asked = 0;
        _node.Answer("/api/v1/alerts", _ => pages[Math.Min(asked++ / 2, pages.Length - 1)]);
    }

    [Fact]
    public async Task Scenarios_are_listed_and_shown_with_the_alerts_that_must_come()
    {
        Run list = await Ask("list");
        Run show = await Ask("show", "flood");
        string done = """{"system":"water","action":"raise-pumps","undoneAt":null}""", undone = """{"system":"police","action":"close-road","undoneAt":"2026-11-22T12:30:00.000Z"}""";
        _node.Answer("/api/v1/scenario-runs", $$"""{"items":[{{Started[..^1]}},"reliefs":[{{done}},{{undone}},{{done}}]}],"next":null}""");
        Run status = await Ask("status");
        _node.Answer("/api/v1/scenarios/storm", """{"name":"storm","title":"Wind","description":"It blows.","area":"dijon","lasts":"PT3H","response":[],"must":[],"may":[],"mustNot":[]}""");
        Run calm = await Ask("show", "storm");

        Assert.Contains(list.Lines, line => line.StartsWith("flood ", StringComparison.Ordinal) && line.Contains("river, rain", StringComparison.Ordinal));
        Assert.DoesNotContain("police", status.Output, StringComparison.Ordinal);
        Assert.All(["The river rises", "Three hours of rain.", "PT10M", "wind", "mustNot", "or above"], text => Assert.Contains(text, show.Output, StringComparison.Ordinal));
        Assert.All(["What ends it sooner", "raise-pumps", "40 %", "water_level", "PT20M"], text => Assert.Contains(text, show.Output, StringComparison.Ordinal));
        Assert.Contains("water raise-pumps (2)", status.Output, StringComparison.Ordinal);
        Assert.Contains("nothing", calm.Output, StringComparison.Ordinal);
        Assert.All(["Dijon (dijon): 40,000 devices", "speed 10", "flood-1"], text => Assert.Contains(text, status.Output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_scenario_is_started_in_an_area_and_stopped()
    {
        Run start = await Ask("start", "flood", "--area", "dijon/chenove");
        Run stop = await Ask("stop", "flood-1");

        Assert.Equal("Started: flood in dijon/chenove until 2026-11-22 15:00Z (flood-1).", start.Output.Trim());
        Assert.Contains(_node.Asked, asked => asked == """POST /api/v1/scenarios/flood/start {"area":"dijon/chenove"}""");
        Assert.Equal((ExitStatus.Done, "Stopped: flood in dijon/chenove (flood-1)."), (stop.Status, stop.Output.Trim()));
    }

    [Fact]
    public async Task Watched_it_tells_each_expected_alert_with_how_long_it_took_in_the_city_and_ends_well_when_all_came()
    {
        // Two seconds between looks are twenty in a city that runs tenfold; rain is later than its minute.
        AtEachLook(
            Alerts(("river", "dijon/elsewhere", "active")),
            Alerts(),
            Alerts(("river", "dijon/chenove", "active"), ("air", "dijon", "active")),
            Alerts(("river", "dijon/chenove", "active")),
            Alerts(("river", "dijon/chenove", "active")),
            Alerts(("river", "dijon/chenove", "active"), ("rain", "dijon", "active")));

        Run run = await Ask("start", "flood", "--area", "dijon/chenove", "--watch");

        Assert.Equal(ExitStatus.Done, run.Status);
        Assert.Equal(
            [
                "started    flood in dijon/chenove (flood-1); expected: river in dijon/chenove",
                "forbidden", "came", "late", "ok",
            ],
            run.Lines.Where(line => line.Length > 22 && line[22] != ' ').Select(line => line[22..].StartsWith("started", StringComparison.Ordinal) ? line[22..].Split(" within")[0] : line[22..].Split(' ')[0])
                .Order(Comparer<string>.Create((left, right) => RankOf(left) - RankOf(right))));
        Assert.Contains(run.Lines, line => line.StartsWith("after 20 s ", StringComparison.Ordinal) && line.Contains("came", StringComparison.Ordinal));
        Assert.Contains(run.Lines, line => line.StartsWith("after 1 min 20 s ", StringComparison.Ordinal) && line.Contains("late", StringComparison.Ordinal));

        static int RankOf(string word) => Array.FindIndex(["started", "forbidden", "came", "late", "ok"], each => word.StartsWith(each, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Watched_it_ends_with_1_and_names_what_is_missing_when_the_scenario_ends_before()
    {
        AtEachLook(Alerts(), Alerts(("river", "dijon/chenove", "active")));
        string ended = $$"""{"items":[{{Started.Replace("running", "ended", StringComparison.Ordinal)}}],"next":null}""";
        _node.AnswerInTurn("/api/v1/scenario-runs", (200, $$"""{"items":[{{Started}}],"next":null}"""), (200, ended));

        Run run = await Ask("start", "flood", "--watch", "--output", "json");

        Assert.Equal(ExitStatus.Failed, run.Status);
        JsonElement last = JsonDocument.Parse(run.Lines[^1]).RootElement;
        Assert.Equal("rain in dijon within PT1M", Assert.Single(last.GetProperty("missing").EnumerateArray()).GetString());
    }

    [Fact]
    public async Task Where_no_city_is_simulated_this_is_said()
    {
        _node.Answer("/api/v1/simulation", """{"detail":"No simulated city runs here; start one with streams up."}""", 404);

        Run run = await Ask("status");

        Assert.Equal(ExitStatus.NotFound, run.Status);
        Assert.Contains("start one with streams up", run.Error, StringComparison.Ordinal);
    }
}
