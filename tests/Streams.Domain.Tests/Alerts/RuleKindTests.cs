using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Tests.Areas;
using Streams.Domain.Windows;

namespace Streams.Domain.Tests.Alerts;

/// <summary>Each kind of condition in a small story.</summary>
public sealed class RuleKindTests
{
    private const string Leaf = "dijon/centre";
    private static readonly AlertText Text = new("en", "Event", "{area}: {measure} of {usual}", "{count} of {members}: {devices} {eta}", "");

    [Theory]
    [InlineData("10 12 9 11 10 12 9 11 30", 1)]
    [InlineData("10 12 9 11 10 12 9 11 20", 0)]
    [InlineData("1 1 2 1 1 1 2 1 5", 0)]
    [InlineData("10 12 9 30", 0)]
    [InlineData("10 12 9 11 0 0 0 0 10 12 9 11 30", 1)]
    public void Many_times_the_usual_needs_a_history_a_number_and_more_than_chance(string counts, int alerts)
    {
        AlertStoryRun(Unusual(), counts.Split(' ').Select(double.Parse), out AreaStory story);
        Assert.Equal(alerts, story.Alerts.Count(alert => alert.MessageType == AlertMessageType.Alert));
    }

    [Fact]
    public void A_gap_is_nothing_and_not_zero()
    {
        // A feed that is there for three hours once a week: what counts is what it brings when it is there.
        AreaStory story = new(new AlertRules([Unusual()])) { Now = AreaStory.Start + (900L * 86_400_000) };
        for (int week = 0; week < 6; week++)
        {
            for (int hour = 12; hour < 15; hour++)
            {
                Hour(story, (week * 168) + hour, week == 5 ? 40 : 12);
            }
        }

        Alert alert = Assert.Single(story.Alerts, one => one.MessageType == AlertMessageType.Alert);
        Assert.Equal("Centre: 3.33 of 12", alert.Texts[0].Headline);
        Assert.Equal(AreaStory.Start + (((5 * 168) + 12) * 3_600_000L), alert.OnsetInMs);
    }

    [Fact]
    public void A_burst_of_one_kind_of_report_is_one_offices_backlog()
    {
        AlertRule rule = Unusual() with
        {
            Condition = (AlertCondition.Unusual)Unusual().Condition with { Metrics = MetricSelection.Of("request.*"), MaxShareOfOneMetric = 0.6 },
        };
        foreach ((int graffiti, int trees, int alerts) in new[] { (95, 5, 0), (50, 50, 1) })
        {
            AreaStory story = new(new AlertRules([rule]));
            for (int hour = 0; hour < 12; hour++)
            {
                bool burst = hour == 11;
                long start = AreaStory.Start + (hour * 3_600_000L);
                story.Now = start + 3_600_000L;
                story.Tell(builder =>
                {
                    AreaStory.AddWindow(builder, Leaf, WindowSize.Hour, start, [burst ? graffiti : 5], false, "request.graffiti");
                    AreaStory.AddWindow(builder, Leaf, WindowSize.Hour, start, [burst ? trees : 5], false, "request.tree");
                    builder.AddMember(Leaf, AreaStory.Member("a", start + 3_600_000L));
                });
            }

            Assert.Equal(alerts, story.Alerts.Count);
        }
    }

    [Fact]
    public void Far_from_the_usual_in_units_suits_levels_around_zero()
    {
        AlertRule rule = Rule(
            new AlertCondition.Unusual
            {
                Metrics = MetricSelection.Of("pm2_5"), Statistic = Statistic.Max, Window = WindowSize.Hour, By = Comparison.Difference, Quantile = 0.95, MinHistory = 8,
            },
            new SeverityStep(AlertSeverity.Moderate, 0.5, 0.3));
        AlertStoryRun(rule, [0.1, -0.2, 0.2, -0.1, 0.1, -0.2, 0.2, -0.1, 0.1, 0.75, 0.45], out AreaStory story);
        Assert.Equal("dijon/centre rule Alert Active Moderate; dijon/centre rule Cancel Cleared Moderate", story.Said());
        Assert.Equal("Centre: 0.55 of 0.2", story.Alerts[0].Texts[0].Headline);
    }

    [Fact]
    public void A_trend_tells_when_the_limit_will_be_reached_and_stops_when_it_is()
    {
        AlertRule rule = Rule(
            new AlertCondition.Trend
            {
                Metrics = MetricSelection.Of("pm2_5"), Statistic = Statistic.Mean, Window = WindowSize.Hour, Over = 4, Horizon = TimeSpan.FromHours(3),
            },
            new SeverityStep(AlertSeverity.Minor, 100, 90));
        AlertStoryRun(rule, [10, 10, 10, 10, 30, 50, 70, 90, 110], out AreaStory story);
        Assert.Equal("dijon/centre rule Alert Active Minor; dijon/centre rule Cancel Cleared Minor", story.Said());
        Assert.Equal(AreaStory.Minutes(6 * 60), story.Alerts[0].OnsetInMs);
        Assert.EndsWith(" 90 min", story.Alerts[0].Texts[0].Description, StringComparison.Ordinal);
    }

    // Devices with an anomaly, as device:from-until in minutes; the alert's time, or nothing.
    [Theory]
    [InlineData("a:0-30 b:10-40 c:20-50", "20-30")]
    [InlineData("c:20-50 a:0-30 b:10-40", "20-30")]
    [InlineData("a:0-30 b:10-40", "")]
    [InlineData("a:0-10 b:20-30 c:40-50", "")]
    [InlineData("a:0-10 b:5-8 c:9-50", "")]
    [InlineData("a:0-10 b:5-9 c:8-50", "8-9")]
    [InlineData("a:0-10 a:5-20 b:6-30 c:7-40", "7-20")]
    public void So_many_devices_at_once_whatever_the_order_they_are_heard_of(string anomalies, string expected)
    {
        AreaStory story = new(new AlertRules([Rule(
            new AlertCondition.Devices { Kinds = ["level"] }, new SeverityStep(AlertSeverity.Minor, 3, 2))])) { Now = AreaStory.Minutes(100_000) };
        Members(story, 5);
        foreach (string one in anomalies.Split(' '))
        {
            string[] parts = one.Split(':', '-');
            (long from, long until) = (AreaStory.Minutes(int.Parse(parts[1])), AreaStory.Minutes(int.Parse(parts[2])));
            story.Anomaly(Leaf, parts[0], "level", true, from, from);
            story.Anomaly(Leaf, parts[0], "level", false, from, until);
            story.SaveAndRestoreAll();
        }

        string said = string.Join(" ", story.Alerts.Where(alert => alert.State == AlertState.Cleared).Select(alert =>
            $"{(alert.OnsetInMs - AreaStory.Start) / 60_000}-{(alert.EndInMs - AreaStory.Start) / 60_000}"));
        Assert.Equal(expected, said);
    }

    [Fact]
    public void Anomalies_within_a_time_of_each_other_count_as_together()
    {
        AreaStory story = new(new AlertRules([Rule(
            new AlertCondition.Devices { Kinds = ["level"], Within = TimeSpan.FromHours(1) }, new SeverityStep(AlertSeverity.Minor, 2, 1))])) { Now = AreaStory.Minutes(100_000) };
        Members(story, 2);
        story.Anomaly(Leaf, "a", "level", true, AreaStory.Minutes(0), AreaStory.Minutes(0));
        story.Anomaly(Leaf, "a", "level", false, AreaStory.Minutes(0), AreaStory.Minutes(5));
        story.Anomaly(Leaf, "b", "level", true, AreaStory.Minutes(50), AreaStory.Minutes(50));
        Alert alert = story.Alerts[0];
        Assert.Equal(AreaStory.Minutes(50), alert.OnsetInMs);
        Assert.Equal(["a", "b"], alert.Evidence.Select(one => one.DeviceId!).Order());
    }

    [Fact]
    public void A_share_of_silent_devices_is_one_alert_of_the_city_by_steps()
    {
        AreaStory story = new(new AlertRules([Rule(
            new AlertCondition.Devices { Kinds = ["silence"], Measure = DeviceMeasure.Share, MinDevices = 3 },
            new SeverityStep(AlertSeverity.Minor, 50, 25), new SeverityStep(AlertSeverity.Moderate, 80, 50)) with
        {
            Levels = AreaLevels.Root, MinChildren = 0,
        }])) { Now = AreaStory.Minutes(100) };
        story.Tell(builder =>
        {
            for (int i = 0; i < 6; i++)
            {
                builder.AddMember($"dijon/d{i}", AreaStory.Member("m" + i, AreaStory.Start));
            }
        });
        for (int i = 0; i < 6; i++)
        {
            story.Anomaly($"dijon/d{i}", "m" + i, "silence", true, AreaStory.Minutes(i), AreaStory.Minutes(30));
        }

        for (int i = 0; i < 6; i++)
        {
            story.Anomaly($"dijon/d{i}", "m" + i, "silence", false, AreaStory.Minutes(i), AreaStory.Minutes(90));
        }

        Assert.Equal(["Minor", "Moderate"], story.Alerts.Take(2).Select(alert => alert.Severity.ToString()));
        Assert.Equal(AlertState.Cleared, story.Alerts[^1].State);
        Assert.All(story.Alerts, alert => Assert.Equal("dijon", alert.Area));
        Assert.Equal(AreaStory.Minutes(2), story.Alerts[0].OnsetInMs);
        Assert.Equal(AreaStory.Minutes(90), story.Alerts[^1].EndInMs);
    }

    [Fact]
    public void What_a_broken_sensor_says_of_the_world_raises_nothing()
    {
        AlertRule rule = Rule(
            new AlertCondition.Threshold { Metrics = MetricSelection.Of("pm2_5"), Statistic = Statistic.Mean, Window = WindowSize.Hour },
            new SeverityStep(AlertSeverity.Severe, 100, 80));
        AreaStory story = new(new AlertRules([rule]));
        Hour(story, 0, 10);
        story.Anomaly(Leaf, "a", "range", true, AreaStory.Minutes(60), AreaStory.Minutes(60));
        story.Anomaly(Leaf, "a", "range", false, AreaStory.Minutes(60), AreaStory.Minutes(70));
        Hour(story, 1, 500);
        Hour(story, 12, 500);
        Assert.Empty(story.Alerts);
        story.SaveAndRestoreAll();
        Hour(story, 15, 500);
        Assert.Single(story.Alerts);
    }

    [Theory]
    [InlineData(10, 1, 10, 1, 0.5881)]
    [InlineData(20, 1, 10, 1, 0.0494)]
    [InlineData(5, 1, 10, 10, 0.0086)]
    public void Chance_is_that_of_two_counts_at_one_rate(double now, double windows, double before, double earlier, double expected) =>
        Assert.Equal(expected, CountSignificance.AtLeast(now, windows, before, earlier, 1), 0.0001);

    // A gauge fails in hour 10, says nonsense in hours 11 and 12 as it comes back, and is itself from hour 30 on.
    [Theory]
    [InlineData("r13 r14 0 1 2 3 4 5 6 7 8 9 10 11 12 30", "")]
    [InlineData("0 1 2 3 4 5 6 7 8 9 10 r13 11 12 r14 30", "")]
    [InlineData("0 1 2 3 4 5 6 7 8 9 10 11 12 r13", "Alert Active, Cancel Cleared")]
    [InlineData("0 1 2 3 4 5 6 7 8 9 10 11 12 r14", "Alert Active, Cancel Cleared")]
    [InlineData("r13 r14 0 1 2 3 4 5 6 7! 8 9 10 11 12 30", "Alert Active, Cancel Cleared")]
    [InlineData("r13 r14 0 1 2 3 4 5 6 7 8 9 10 11 12 30!", "Alert Active")]
    public void A_broken_sensor_is_doubted_whenever_the_news_of_it_comes_and_only_for_that_time(string order, string said)
    {
        AlertRule rule = Rule(
            new AlertCondition.Unusual
            {
                Metrics = MetricSelection.Of("pm2_5"), Statistic = Statistic.Max, Window = WindowSize.Hour, By = Comparison.Difference, MinHistory = 4,
            },
            new SeverityStep(AlertSeverity.Moderate, 5, 3));
        var story = new AreaStory(new AlertRules([rule]));
        Members(story, 1);
        long broke = AreaStory.Minutes(10.5 * 60), whole = AreaStory.Minutes(13 * 60);
        foreach (string step in order.Split(' '))
        {
            if (step[0] == 'r')
            {
                story.Anomaly(Leaf, "a", "range", step == "r13", broke, step == "r13" ? broke : whole);
            }
            else
            {
                int hour = int.Parse(step.TrimEnd('!'), System.Globalization.CultureInfo.InvariantCulture);
                Hour(story, hour, step.EndsWith('!') || hour is 11 or 12 ? 10 : 1);
            }

            story.SaveAndRestoreAll();
        }

        Assert.Equal(said, string.Join(", ", story.Alerts.Select(alert => $"{alert.MessageType} {alert.State}")));
    }

    [Theory]
    [InlineData(null, 1)]
    [InlineData(20.0, 0)]
    public void What_is_too_old_is_no_longer_usual(double? maxAgeInHours, int alerts)
    {
        AlertRule rule = Unusual();
        TimeSpan? maxAge = maxAgeInHours is { } hours ? TimeSpan.FromHours(hours) : null;
        rule = rule with { Condition = (AlertCondition.Unusual)rule.Condition with { MaxAge = maxAge } };

        // Eight hours of the usual, a day of nothing, then three times as much.
        AlertStoryRun(rule, [.. Enumerable.Repeat(10.0, 8), .. Enumerable.Repeat(0.0, 24), 30], out AreaStory story);
        Assert.Equal(alerts, story.Alerts.Count);
    }

    [Fact]
    public void A_place_whose_only_sensor_is_silent_says_so_while_it_is()
    {
        var story = new AreaStory(new AlertRules(
        [
            Rule(new AlertCondition.Devices { Kinds = ["silence"] }, new SeverityStep(AlertSeverity.Minor, 1, 1)) with { For = TimeSpan.FromDays(1) },
        ]));
        Members(story, 1);
        story.Now = AreaStory.Minutes(60 + 120);
        story.Anomaly(Leaf, "a", "silence", true, AreaStory.Minutes(60), AreaStory.Minutes(60 + 120));
        story.Advance(TimeSpan.FromHours(21));
        Assert.Empty(story.Alerts);
        story.SaveAndRestoreAll();
        story.Advance(TimeSpan.FromHours(2));
        Alert alert = Assert.Single(story.Alerts);
        Assert.Equal(AreaStory.Minutes(60), alert.OnsetInMs);
        Assert.Equal(AreaStory.Minutes(60 + (24 * 60)), alert.SentInMs);
    }

    private static AlertRule Unusual() => Rule(
        new AlertCondition.Unusual
        {
            Metrics = MetricSelection.Of("pm2_5"), Statistic = Statistic.Sum, Window = WindowSize.Hour, MinHistory = 6, MinValue = 8, Significance = 0.001,
        },
        new SeverityStep(AlertSeverity.Moderate, 2.5, 1.5));

    private static AlertRule Rule(AlertCondition condition, params SeverityStep[] steps) => new()
    {
        Id = "rule", Condition = condition, Steps = [.. steps], Texts = [Text], UpdateEvery = TimeSpan.FromDays(30), ExpiresAfter = TimeSpan.FromDays(30), MinChildren = 0,
    };

    private static void AlertStoryRun(AlertRule rule, IEnumerable<double> values, out AreaStory story)
    {
        story = new AreaStory(new AlertRules([rule]));
        int hour = 0;
        foreach (double value in values)
        {
            // Zero stands for no window at all.
            if (value != 0)
            {
                Hour(story, hour, value);
                story.SaveAndRestoreAll();
            }

            hour++;
        }
    }

    private static void Hour(AreaStory story, int hour, double value)
    {
        long start = AreaStory.Start + (hour * 3_600_000L);
        story.Now = Math.Max(story.Now, start + 3_600_000L);
        story.Window(Leaf, "a", WindowSize.Hour, start, values: [value]);
    }

    private static void Members(AreaStory story, int devices) => story.Tell(builder =>
    {
        for (int i = 0; i < devices; i++)
        {
            builder.AddMember(Leaf, AreaStory.Member(((char)('a' + i)).ToString(), AreaStory.Minutes(60)));
        }
    });
}
