using System.Buffers;
using System.Text;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Tests.Areas;
using Streams.Domain.Windows;

namespace Streams.Domain.Tests.Alerts;

/// <summary>What is published under an id is one alert's story, whatever became known in whatever order.</summary>
public sealed class AlertIdTests
{
    private const string Leaf = "dijon/centre";

    private static AlertRule Stuck => new()
    {
        Id = "stuck", Condition = new AlertCondition.Devices { Kinds = ["stuck"] }, Steps = [new SeverityStep(AlertSeverity.Minor, 1, 0)], ClearAfter = TimeSpan.FromHours(1),
        Texts = [new AlertText("en", "Stuck", "{area}: {count} stuck", "{devices} since {since}", "")], MinChildren = 0,
    };

    private static AlertRule Haze => new()
    {
        Id = "haze",
        Condition = new AlertCondition.Threshold { Metrics = MetricSelection.Of("pm2_5"), Statistic = Statistic.Mean, Window = WindowSize.Hour },
        Steps = [new SeverityStep(AlertSeverity.Moderate, 100, 80), new SeverityStep(AlertSeverity.Severe, 200, 150)],
        Texts = [new AlertText("en", "Haze", "{area}: {value} {unit}", "Since {since}; worst {worst}.", "Stay in.")],
    };

    /// <summary>One broken sensor is heard of first, then one that broke before it, and then that this one had been well again long before.</summary>
    [Fact]
    public void What_turns_out_to_have_been_two_faults_is_told_as_two_alerts()
    {
        var story = new AreaStory(new AlertRules([Stuck])) { Now = AreaStory.Minutes(400) };
        story.Anomaly(Leaf, "b", "stuck", true, AreaStory.Minutes(200), AreaStory.Minutes(200));
        story.Anomaly(Leaf, "a", "stuck", true, AreaStory.Minutes(10), AreaStory.Minutes(10));
        story.Anomaly(Leaf, "a", "stuck", false, AreaStory.Minutes(10), AreaStory.Minutes(20));
        story.Anomaly(Leaf, "b", "stuck", false, AreaStory.Minutes(200), AreaStory.Minutes(210));
        story.Advance(TimeSpan.FromSeconds(2));
        story.Tell(builder => builder.AddMember(Leaf, AreaStory.Member("c", AreaStory.Minutes(300))));
        story.Advance(TimeSpan.FromHours(2));
        Assert.Equal("", Faults(story));
        Assert.Equal(
            [AreaStory.Minutes(20), AreaStory.Minutes(210)],
            story.Alerts.GroupBy(alert => alert.Id).Select(states => states.Last()).Where(last => last.State == AlertState.Cleared).Select(last => last.EndInMs!.Value).Order());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void No_history_makes_an_id_say_two_things(int seeds)
    {
        int said = 0;
        int again = 0;
        for (int seed = seeds * 1000; seed < (seeds * 1000) + 150; seed++)
        {
            AreaStory story = Live(new Random(seed));
            string faults = Faults(story);
            Assert.True(faults.Length == 0, $"{seed}: {faults}");
            said += story.Alerts.Count;
            again += story.Alerts.Count(alert => alert.Revision > 2 && alert.State == AlertState.Active);
        }

        Assert.InRange(said, 2000, int.MaxValue);
        Assert.InRange(again, 10, int.MaxValue);
    }

    /// <summary>Revisions of an id count from 1 on without a gap, refer to the one before, and each is said once.</summary>
    private static string Faults(AreaStory story)
    {
        var faults = new StringBuilder();
        foreach (IGrouping<string, Alert> states in story.Alerts.GroupBy(alert => alert.Id))
        {
            Alert? before = null;
            foreach (Alert alert in states)
            {
                bool isNext = alert.Revision == (before?.Revision ?? 0) + 1 && alert.MessageType == AlertMessageType.Alert == (before is null)
                    && (before is null ? alert.References.IsEmpty : alert.References[0].Contains(before.Identifier + ",", StringComparison.Ordinal));
                bool isOverTwice = before is { State: not AlertState.Active } && alert.State != AlertState.Active;
                if (!isNext || isOverTwice)
                {
                    faults.AppendLine().Append(before is null ? "nothing" : Line(before)).Append(" -> ").Append(Line(alert));
                }

                before = alert;
            }
        }

        return faults.ToString();

        static string Line(Alert alert) => $"{alert.Identifier} {alert.MessageType} {alert.State} since {alert.OnsetInMs} until {alert.EndInMs}";
    }

    /// <summary>Devices of two districts break and recover, their windows are revised; what of it becomes known when is left to chance.</summary>
    private static AreaStory Live(Random random)
    {
        AlertRule stuck = Stuck with
        {
            ClearAfter = TimeSpan.FromMinutes(random.Next(3) * 30),
            CoolDown = TimeSpan.FromHours(random.Next(3) * 6),
            ExpiresAfter = TimeSpan.FromHours(1 + random.Next(30)),
            Settle = TimeSpan.FromSeconds(random.Next(2) * 30),
            MinChildren = random.Next(2) * 2,
            Steps = random.Next(2) == 0 ? Stuck.Steps : [new SeverityStep(AlertSeverity.Minor, 1, 0), new SeverityStep(AlertSeverity.Moderate, 2, 1)],
        };
        AlertRule haze = Haze with { CoolDown = TimeSpan.FromHours(random.Next(3)), Settle = TimeSpan.FromSeconds(random.Next(2) * 5), ExpiresAfter = stuck.ExpiresAfter };
        AlertRules rules = new([stuck, haze]);
        AlertRules without = new([random.Next(2) == 0 ? stuck : haze]);
        var story = new AreaStory(rules) { Now = AreaStory.Start + (random.Next(2) * 90L * 86_400_000) };
        List<Action> news = [];
        foreach (string district in (string[])["dijon/centre", "dijon/port"])
        {
            for (int i = 0; i < 3; i++)
            {
                string device = $"{district}-{i}";

                // Many begin within the same second, as devices behind one gateway do.
                long at = AreaStory.Start + (random.Next(3) * 3_600_000L);
                for (int fault = 0; fault < 4; fault++)
                {
                    at += (random.Next(1, 8) * 1_800_000L) + random.Next(3) * 300;
                    long since = at;
                    at += random.Next(1, 6) * 900_000L;
                    long until = at;
                    news.Add(() => story.Anomaly(district, device, "stuck", true, since, since));
                    if (random.Next(6) > 0)
                    {
                        news.Add(() => story.Anomaly(district, device, "stuck", false, since, until));
                    }
                }

                for (int hour = 0; hour < 16; hour++)
                {
                    long start = AreaStory.Start + (hour * 3_600_000L);
                    double value = random.Next(3) == 0 ? 150 + random.Next(100) : random.Next(110);
                    news.Add(() => story.Tell(builder =>
                    {
                        AreaStory.AddWindow(builder, district, WindowSize.Hour, start, [value], random.Next(2) == 0);
                        builder.AddMember(district, AreaStory.Member(device, start + 3_600_000));
                    }));
                }
            }
        }

        // Each comes not far from its place, or anywhere.
        int reach = random.Next(3) switch { 0 => 2, 1 => 20, _ => news.Count };
        foreach (Action one in news.Select((one, i) => (one, At: i + random.Next(reach))).OrderBy(pair => pair.At).Select(pair => pair.one))
        {
            one();
            story.Advance(random.Next(4) == 0 ? TimeSpan.FromMinutes(random.Next(200)) : TimeSpan.FromSeconds(random.Next(90)));
            if (random.Next(10) == 0)
            {
                story.SaveAndRestoreAll();
            }

            if (random.Next(60) == 0)
            {
                story.Rules = story.Rules == rules ? without : rules;
            }
        }

        story.Rules = rules;
        story.Advance(TimeSpan.FromDays(3));
        return story;
    }
}
