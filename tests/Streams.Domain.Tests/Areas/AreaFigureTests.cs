using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Cities;
using Streams.Domain.Devices;
using Streams.Domain.Windows;

namespace Streams.Domain.Tests.Areas;

public sealed class AreaFigureTests
{
    private const string Leaf = "dijon/centre";

    private static readonly AreaFigures Figures = new(
    [
        Type("lamp", "lighting",
            new MetricDefinition
            {
                Name = "state", Unit = "1", Kind = MetricKind.State, States = ["off", "on", "dimmed", "failed"],
                Figures = [new("Lamps on") { Share = ["on", "dimmed"] }, new("Lamps failed") { Share = ["failed"] }, new("Lamps off") { Share = ["off"] }],
            }),
        Type("lot", "parking", new MetricDefinition { Name = "free", Unit = "count", Figures = [new("Free spaces") { Statistic = FigureStatistic.Total }] }),
        Type("bin", "waste", new MetricDefinition { Name = "fill", Unit = "%", Figures = [new("Full") { Over = 80 }, new("Fullest") { Statistic = FigureStatistic.Max }] }),
        Type("gauge", "weather", new MetricDefinition { Name = "rain", Unit = "mm", Kind = MetricKind.Count, Figures = [new("Rain") { Statistic = FigureStatistic.SumPerDevice }] }),
    ]);

    private static readonly AlertRules Rules = new([], new AreaSettings { Figures = Figures });

    [Theory]
    [InlineData("lamp", "state", "1 1 2 3 0 0 0 0", "Lamps on 37.5 %, Lamps failed 12.5 %, Lamps off 50 %")]
    [InlineData("lamp", "state", "0", "Lamps on 0 %, Lamps failed 0 %, Lamps off 100 %")]
    [InlineData("lot", "free", "100 200", "Free spaces 300 count")]
    [InlineData("bin", "fill", "10 79 85 100", "Full 50 %, Fullest 100 %")]
    [InlineData("gauge", "rain", "2 4", "Rain 3 mm")]
    public void A_figure_is_a_statistic_or_a_share_of_the_newest_window(string type, string metric, string values, string expected)
    {
        var story = new AreaStory(Rules);
        double[] all = [.. values.Split(' ').Select(double.Parse)];
        story.Tell(builder =>
        {
            for (int i = 0; i < all.Length; i++)
            {
                AreaStory.AddWindow(builder, Leaf, WindowSize.Quarter, AreaStory.Start, [all[i]], false, metric, type);
                builder.AddMember(Leaf, AreaStory.Member($"d{i}", AreaStory.Minutes(15), type));
            }
        });
        foreach (string area in new[] { Leaf, "dijon" })
        {
            Assert.Equal(expected, string.Join(", ", Shown(story, area).Select(figure =>
                FormattableString.Invariant($"{figure.GetProperty("label").GetString()} {figure.GetProperty("value").GetDouble()} {figure.GetProperty("unit").GetString()}"))));
        }
    }

    // Days from Monday 2 March 2026 on, with the free spaces at ten o'clock; what is usual at ten on the day after.
    [Theory]
    [InlineData("100 100", "none")]
    [InlineData("100 110 90", "100 of 3")]
    [InlineData("100 110 90 105 95", "100 of 5")]
    [InlineData("100 110 90 105 95 10 10", "100 of 5")]
    [InlineData("100 110 90 105 95 10 10 100 100 100 100", "100 of 6")]
    [InlineData("80 80 80 80 80 20 20 80 80 80 80 80 30", "20 of 3")]
    [InlineData("80 80 80 80 80 20", "80 of 6")]
    public void Usual_is_the_median_of_the_same_hour_of_like_days(string days, string expected)
    {
        var story = new AreaStory(Rules);
        int day = 0;
        foreach (string free in days.Split(' '))
        {
            Quarters(story, day, 10, double.Parse(free));
            Quarters(story, day, 11, 7);
            story.SaveAndRestoreAll();
            day++;
        }

        Quarters(story, day, 10, 40);
        JsonElement usual = Shown(story, Leaf).Single().GetProperty("usual");
        Assert.Equal(expected, usual.ValueKind == JsonValueKind.Null ? "none" : $"{usual.GetProperty("value").GetDouble()} of {usual.GetProperty("hours").GetInt32()}");
    }

    // At four in the afternoon in UTC Friday is Saturday already in Seoul, and Sunday is Monday.
    [Theory]
    [InlineData(18, "20 of 4")]
    [InlineData(20, "80 of 6")]
    public void Working_days_and_hours_are_those_of_the_city(int day, string expected)
    {
        var seoul = TimeZoneInfo.CreateCustomTimeZone("Seoul", TimeSpan.FromHours(9), null, null);
        City city = new() { Name = "dijon", Title = "Dijon", TimeZone = seoul, Latitude = 0, Longitude = 0, Climate = new Climate([], [], [], [], [], []), Areas = [], Devices = [] };
        var story = new AreaStory(new AlertRules([], Rules.Settings, null, new CityRegister([new CityPlan(city, [])])));
        for (int past = 0; past < day; past++)
        {
            Quarters(story, past, 16, past % 7 is 4 or 5 ? 20 : 80);
        }

        Quarters(story, day, 16, 40);
        JsonElement usual = Shown(story, Leaf).Single().GetProperty("usual");
        Assert.Equal(expected, $"{usual.GetProperty("value").GetDouble()} of {usual.GetProperty("hours").GetInt32()}");
    }

    [Theory]
    [InlineData(100, "usual", 0, 1)]
    [InlineData(110, "usual", 10, 1.1)]
    [InlineData(121, "high", 21, 1.21)]
    [InlineData(180, "very high", 80, 1.8)]
    [InlineData(79, "low", -21, 0.79)]
    [InlineData(10, "very low", -90, 0.1)]
    public void How_far_from_the_usual_is_said_in_a_word(double value, string word, double difference, double ratio)
    {
        var story = new AreaStory(Rules);
        for (int day = 0; day < 5; day++)
        {
            Quarters(story, day, 10, 95 + (day * 2.5));
        }

        Quarters(story, 7, 10, value);
        JsonElement usual = Shown(story, Leaf).Single().GetProperty("usual");
        Assert.Equal((word, difference, ratio), (usual.GetProperty("word").GetString(), usual.GetProperty("difference").GetDouble(), usual.GetProperty("ratio").GetDouble()));
    }

    [Fact]
    public void What_is_usual_takes_little_room_and_is_forgotten_with_its_figure()
    {
        var story = new AreaStory(Rules);
        for (int day = 0; day < 60; day++)
        {
            for (int hour = 0; hour < 24; hour++)
            {
                Quarters(story, day, hour, hour);
            }
        }

        int full = SizeOf(story);
        story.Rules = new AlertRules([]);
        Quarters(story, 60, 0, 1);
        Assert.InRange(full - SizeOf(story), 500, 700);
    }

    [Fact]
    public void Devices_that_are_odd_and_devices_that_do_not_work_are_counted_each_once()
    {
        var story = new AreaStory(Rules);
        story.Tell(builder =>
        {
            foreach (string id in new[] { "a", "b", "c", "d" })
            {
                builder.AddMember(Leaf, AreaStory.Member(id, AreaStory.Minutes(1), "lot") with { Silent = id == "d" ? 1 : 0 });
            }
        });
        story.Anomaly(Leaf, "a", "level", true, AreaStory.Start, AreaStory.Start, type: "lot");
        story.Anomaly(Leaf, "b", "stuck", true, AreaStory.Start, AreaStory.Start, type: "lot");
        story.Anomaly(Leaf, "b", "level", true, AreaStory.Start, AreaStory.Start, type: "lot");
        story.Anomaly(Leaf, "d", "silence", true, AreaStory.Start, AreaStory.Start, type: "lot");
        story.SaveAndRestoreAll();
        Area area = story.Areas[Leaf];
        Assert.Equal((3, 2), (area.Anomalous, area.Broken));
        story.Anomaly(Leaf, "b", "stuck", false, AreaStory.Start, AreaStory.Minutes(1), type: "lot");
        story.Anomaly(Leaf, "c", "stuck", false, AreaStory.Start, AreaStory.Minutes(1), type: "lot");
        area = story.Areas[Leaf];
        Assert.Equal((3, 1), (area.Anomalous, area.Broken));
        story.Tell(builder => builder.AddMember(Leaf, AreaStory.Member("b", 0, "lot", devices: 0)));
        Assert.Equal((2, 1, 3), (area.Anomalous, area.Broken, area.Devices));
    }

    private static int SizeOf(AreaStory story)
    {
        var bytes = new ArrayBufferWriter<byte>();
        story.Areas[Leaf].Save(bytes);
        return bytes.WrittenCount;
    }

    private static void Quarters(AreaStory story, int day, int hour, double value)
    {
        for (int quarter = 0; quarter < 4; quarter++)
        {
            long start = AreaStory.Minutes((day * 1440) + (hour * 60) + (quarter * 15));
            story.Now = start + 900_000;
            story.Window(Leaf, "a", WindowSize.Quarter, start, "free", "lot", value);
        }
    }

    private static JsonElement[] Shown(AreaStory story, string area)
    {
        var body = new ArrayBufferWriter<byte>();
        story.Areas[area].WriteJson(body, story.Rules, whole: true);
        return [.. JsonDocument.Parse(body.WrittenMemory).RootElement.GetProperty("figures").EnumerateArray()];
    }

    private static DeviceType Type(string name, string domain, params ImmutableArray<MetricDefinition> metrics) => new()
    {
        Name = name, Title = name, Domain = domain, Interval = TimeSpan.FromMinutes(15), Windows = [WindowSize.Quarter, WindowSize.Hour], Metrics = metrics,
    };
}
