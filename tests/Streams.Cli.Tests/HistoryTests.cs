using System.Globalization;
using System.Text.Json;
using Streams.Cli.Output;

namespace Streams.Cli.Tests;

public sealed class HistoryTests(CannedNode node) : IClassFixture<CannedNode>
{
    private static readonly DateTimeOffset Start = new(2026, 11, 22, 0, 0, 0, TimeSpan.Zero);

    private static string Window(string metric, int hour, double mean) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"subject":"device:d","type":"t","metric":"{{metric}}","unit":"ug/m3","window":{"size":"PT1H","start":"{{Start.AddHours(hour):yyyy-MM-ddTHH:mm:ss}}.000Z","end":"{{Start.AddHours(hour + 1):yyyy-MM-ddTHH:mm:ss}}.000Z"},"count":2,"mean":{{mean}},"min":{{mean - 1}},"max":{{mean + 1}},"p95":{{mean}},"sum":{{2 * mean}},"members":1,"revision":0}""");

    private static string Page(IEnumerable<string> items, string? next = null) => $$"""{"items":[{{string.Join(',', items)}}],"next":{{JsonSerializer.Serialize(next)}}}""";

    private Task<Run> Ask(int width, params string[] args) => Run.Streams(width, ["device", "history", "d", .. args, "--server", node.Url]);

    [Theory]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(200)]
    public async Task One_metric_of_one_size_is_drawn_and_listed(int width)
    {
        node.Answer("/api/v1/devices/d/aggregates", Page(Enumerable.Range(0, 90).Where(hour => hour is < 40 or > 50).Select(hour => Window("no2", hour, 10 + hour))));

        Run run = await Ask(width, "--metric", "no2", "--window", "PT1H", "--from", "-6d");

        Assert.Equal(ExitStatus.Done, run.Status);
        Assert.All(run.Lines, line => Assert.InRange(Cells.Width(line), 0, width));
        Assert.Equal("no2, mean of each PT1H", run.Lines[0]);
        Assert.Contains(run.Lines, line => line.StartsWith("  99 │", StringComparison.Ordinal) && line.EndsWith('█'));
        Assert.Equal(79, run.Lines.Count(line => line.StartsWith("2026-", StringComparison.Ordinal)));
        Assert.Contains("from=2026-11-16T12%3A00%3A00.000Z", node.Asked.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_several_metrics_each_has_a_line_with_its_course()
    {
        node.Answer("/api/v1/devices/d/aggregates", Page(Enumerable.Range(0, 8).SelectMany(hour => new[] { Window("no2", hour, hour), Window("o3", hour, 8 - hour) })));

        Run run = await Ask(120);

        Assert.Contains(run.Lines, line => line.StartsWith("no2 ", StringComparison.Ordinal) && line.EndsWith("▁▂▃▄▅▆▇█", StringComparison.Ordinal));
        Assert.Contains(run.Lines, line => line.StartsWith("o3 ", StringComparison.Ordinal) && line.EndsWith("█▇▆▅▄▃▂▁", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pages_are_joined_up_to_the_limit_and_the_rest_is_named()
    {
        node.Answer("/api/v1/devices/d/aggregates", asked => asked.Contains("after=p2", StringComparison.Ordinal)
            ? Page(Enumerable.Range(1000, 500).Select(hour => Window("no2", hour, 1)), "p3")
            : Page(Enumerable.Range(0, 1000).Select(hour => Window("no2", hour, 1)), "p2"));

        Run json = await Ask(120, "--limit", "1500", "--output", "json");
        Run table = await Ask(120, "--limit", "1500");

        JsonElement answer = JsonDocument.Parse(json.Output).RootElement;
        Assert.Equal((1500, "p3"), (answer.GetProperty("items").GetArrayLength(), answer.GetProperty("next").GetString()));
        Assert.Equal("More: --after p3", table.Lines[^1]);
        Assert.Contains("limit=500&after=p2", node.Asked.Last(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_spreadsheet_gets_every_field()
    {
        node.Answer("/api/v1/devices/d/aggregates", Page([Window("no2", 3, 1.5)]));

        Run run = await Ask(60, "--csv");

        Assert.Equal(
            [
                "subject,type,metric,unit,size,start,end,count,mean,min,max,stddev,sum,p50,p95,p99,first,last,members,revision",
                "device:d,t,no2,ug/m3,PT1H,2026-11-22T03:00:00.000Z,2026-11-22T04:00:00.000Z,2,1.5,0.5,2.5,,3,,1.5,,,,1,0",
            ],
            run.Lines);
    }

    [Fact]
    public async Task Nothing_stored_is_said()
    {
        node.Answer("/api/v1/devices/d/aggregates", Page([]));

        Run run = await Ask(80);

        Assert.Equal((ExitStatus.Done, "No window is stored for that."), (run.Status, run.Output.Trim()));
    }
}
