using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Tests.Areas;

namespace Streams.Domain.Tests.Alerts;

/// <summary>What devices of several kinds show together.</summary>
public sealed class SignTests
{
    private const string Leaf = "dijon/centre";
    private const double Closed = 0, Tripped = 2, Lost = 1;

    // Substations s, meters m and lamps l, as device@minute for what it shows and device-minute for its end.
    [Theory]
    [InlineData("s1@0", "raised 0 by 1")]
    [InlineData("m1@0 m2@1", "")]
    [InlineData("m1@0 m2@1 m3@2", "raised 2 by 3")]
    [InlineData("m3@2 m1@0 m2@1", "raised 2 by 3")]
    [InlineData("m1@0 m2@4 m3@9", "")]
    [InlineData("m1@0 l1@0 l2@0 l3@0 l4@0 m2@1 l5@1", "")]
    [InlineData("m1@0 l1@0 l2@0 l3@0 l4@0 l5@0 l6@1 l7@1 m2@1", "raised 1 by 9")]
    [InlineData("s1@0 s1-30", "raised 0 by 1, cleared 30")]
    [InlineData("s1@0 m1@1 m2@1 s1-20 m1-30 m2-35", "raised 0 by 1, cleared 30")]
    public void Each_counts_by_its_weight_and_all_make_one_alert(string story, string expected)
    {
        AreaStory area = Story(Rule());
        foreach (string step in story.Split(' '))
        {
            bool isRaised = step.Contains('@', StringComparison.Ordinal);
            string[] parts = step.Split('@', '-');
            Tell(area, parts[0], isRaised, isRaised ? double.Parse(parts[1]) : 0, double.Parse(parts[1]));
            area.SaveAndRestoreAll();
        }

        string said = string.Join(", ", area.Alerts.Where(alert => alert.MessageType != AlertMessageType.Update).Select(alert => alert.State == AlertState.Cleared
            ? $"cleared {(alert.EndInMs - AreaStory.Start) / 60_000}"
            : $"raised {(alert.OnsetInMs - AreaStory.Start) / 60_000} by {alert.Texts[0].Headline}"));
        Assert.Equal(expected, said);
    }

    [Fact]
    public void A_state_that_the_rule_does_not_name_is_none_of_its_business_and_nor_is_its_end()
    {
        AreaStory area = Story(Rule());
        Tell(area, "s1", true, 0, 0, state: 1);
        Tell(area, "s1", false, 0, 5);
        Assert.Empty(area.Alerts);
        Tell(area, "s1", true, 10, 10);
        Assert.Single(area.Alerts);
    }

    [Fact]
    public void A_share_is_of_all_devices_of_all_its_types()
    {
        AreaStory area = Story(Rule() with
        {
            Condition = (AlertCondition.Devices)Rule().Condition with { Measure = DeviceMeasure.Share },
            Steps = [new SeverityStep(AlertSeverity.Moderate, 10, 5)],
        });
        Tell(area, "s1", true, 0, 0);
        Tell(area, "s2", true, 0, 0);
        Assert.Empty(area.Alerts);
        Tell(area, "s3", true, 0, 0);
        Assert.Equal(["3"], area.Alerts.Select(alert => alert.Texts[0].Headline));
    }

    /// <summary>Whatever the others will say, three of ten are three of ten; and what was said last holds until the device takes it back.</summary>
    [Theory]
    [InlineData("s1 s2 s3")]
    [InlineData("s3 s1 s2")]
    [InlineData("s2 s3 s1")]
    public void A_share_that_is_certain_waits_for_nobody(string order)
    {
        AreaStory area = new(new AlertRules([Rule() with
        {
            Types = ["station"],
            Condition = (AlertCondition.Devices)Rule().Condition with { Measure = DeviceMeasure.Share },
            Steps = [new SeverityStep(AlertSeverity.Moderate, 30, 15)],
        }])) { Now = AreaStory.Minutes(120) };
        Members(0);
        string[] devices = order.Split(' ');
        Tell(area, devices[0], true, 0, int.Parse(devices[0][1..]));
        Tell(area, devices[1], true, 0, int.Parse(devices[1][1..]));
        Assert.Empty(area.Alerts);

        // Nobody else has been heard of since, and these three are not heard of any more.
        Tell(area, devices[2], true, 0, int.Parse(devices[2][1..]));
        Assert.Equal((AreaStory.Minutes(3), "3"), (Assert.Single(area.Alerts).OnsetInMs, area.Alerts[0].Texts[0].Headline));
        area.SaveAndRestoreAll();
        Members(60, from: 4);
        area.Advance(TimeSpan.FromMinutes(1));
        Assert.DoesNotContain(area.Alerts, alert => alert.State == AlertState.Cleared);

        // Two take it back: one of ten is left at most, though nothing is known of that one.
        Tell(area, "s1", false, 0, 61);
        Tell(area, "s2", false, 0, 62);
        area.Advance(TimeSpan.FromSeconds(2));
        Members(70, from: 4);
        Assert.Equal((AlertState.Cleared, AreaStory.Minutes(62)), (area.Alerts[^1].State, area.Alerts[^1].EndInMs));

        void Members(int minute, int from = 1) => area.Tell(builder =>
        {
            for (int i = from; i <= 10; i++)
            {
                builder.AddMember(Leaf, AreaStory.Member("s" + i, AreaStory.Minutes(minute), "station"));
            }
        });
    }

    /// <summary>Each district's word counts as long as its devices' do: where all are dark, none says a second later that it still is.</summary>
    [Theory]
    [InlineData("0 0.1 0.2", true)]
    [InlineData("0.2 0 0.1", true)]
    [InlineData("0 4.9 4.8", true)]
    [InlineData("0 6 12", false)]
    public void Districts_that_fall_silent_with_their_last_word_are_one_alert(string minutes, bool isOne)
    {
        AreaStory city = new(new AlertRules([Rule() with { MinChildren = 3 }])) { Now = AreaStory.Minutes(120) };
        double[] at = [.. minutes.Split(' ').Select(double.Parse)];
        string[] districts = ["dijon/a", "dijon/b", "dijon/c"];
        city.Tell(builder =>
        {
            foreach (string district in districts)
            {
                builder.AddMember(district, AreaStory.Member("s-" + district, AreaStory.Minutes(0), "station"));
            }
        });
        for (int i = 0; i < districts.Length; i++)
        {
            AnomalyNotice word = Notice("s", true, 0, at[i], null) with { Id = "trip-" + districts[i], DeviceId = "s-" + districts[i] };
            city.Tell(builder => builder.AddAnomaly(districts[i], word));
            city.SaveAndRestoreAll();
        }

        city.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(isOne ? [AreaStory.Minutes(at.Max())] : [], city.Alerts.Where(alert => alert.Area == "dijon").Select(alert => alert.OnsetInMs).Distinct());
    }

    [Fact]
    public void Ten_thousand_lamps_without_power_are_one_alert_with_a_count_and_a_few_names()
    {
        const int lamps = 10_000;
        AreaStory area = new(new AlertRules([Rule()])) { Now = AreaStory.Minutes(60) };
        area.Tell(builder =>
        {
            for (int i = 0; i < lamps; i++)
            {
                builder.AddMember(Leaf, AreaStory.Member($"l{i}", AreaStory.Minutes(2), "light"));
                builder.AddAnomaly(Leaf, Notice($"l{i}", true, 0, i / (double)lamps, 0));
            }
        });
        area.Now += 1000;
        area.SaveAndRestoreAll();
        area.Advance(TimeSpan.FromMinutes(20));
        Alert last = area.Alerts[^1];
        Assert.Single(area.Alerts.Select(alert => alert.Id).Distinct());
        Assert.Equal($"{lamps:#,0}", last.Texts[0].Headline);
        Assert.EndsWith("and 9995 more", last.Texts[0].Description, StringComparison.Ordinal);
        Assert.Equal(32, last.Evidence.Length);
        Assert.Equal(lamps - 32, last.EvidenceLeftOut);
    }

    private static AlertRule Rule() => new()
    {
        Id = "power-cut",
        Types = ["station", "meter", "light"],
        Condition = new AlertCondition.Devices
        {
            Within = TimeSpan.FromMinutes(5),
            Signs =
            [
                new DeviceSign { Types = ["station"], Kinds = ["state"], Metrics = MetricSelection.Of("breaker"), States = [Tripped] },
                new DeviceSign { Types = ["meter"], Kinds = ["state"], Metrics = MetricSelection.Of("supply"), States = [Lost], Weight = 0.34 },
                new DeviceSign { Types = ["light"], Kinds = ["limit"], Metrics = MetricSelection.Of("voltage"), Weight = 0.05 },
            ],
        },
        Steps = [new SeverityStep(AlertSeverity.Severe, 1, 0.5)],
        ClearAfter = TimeSpan.FromMinutes(2),
        MinChildren = 0,
        Texts = [new AlertText("en", "Power cut", "{count}", "{devices}", "")],
    };

    private static AreaStory Story(AlertRule rule)
    {
        AreaStory area = new(new AlertRules([rule])) { Now = AreaStory.Minutes(120) };
        area.Tell(builder =>
        {
            foreach ((string kind, string type) in new[] { ("s", "station"), ("m", "meter"), ("l", "light") })
            {
                for (int i = 1; i <= 10; i++)
                {
                    // Meters say that they lost their supply and nothing more.
                    builder.AddMember(Leaf, AreaStory.Member(kind + i, AreaStory.Minutes(kind == "m" ? 0 : 60), type));
                }
            }
        });
        return area;
    }

    private static void Tell(AreaStory area, string device, bool isRaised, double since, double at, double? state = null) =>
        area.Tell(builder => builder.AddAnomaly(Leaf, Notice(device, isRaised, since, at, state)));

    private static AnomalyNotice Notice(string device, bool isRaised, double since, double at, double? state)
    {
        (string type, string metric, double value) = device[0] switch
        {
            's' => ("station", "breaker", Tripped),
            'm' => ("meter", "supply", Lost),
            _ => ("light", "voltage", 0.0),
        };
        return new AnomalyNotice
        {
            // An end names the raising that it ends; here a device has but one at a time, except where the story says when.
            Id = device + (since >= 10 && isRaised ? "later" : ""), DeviceId = device, Type = type, Metric = metric, Kind = type == "light" ? "limit" : "state",
            IsRaised = isRaised, SinceInMs = AreaStory.Minutes(isRaised ? at : since), TimeInMs = AreaStory.Minutes(at),
            Value = isRaised ? state ?? value : Closed, Score = 1, Explanation = $"{device} shows it",
        };
    }
}
