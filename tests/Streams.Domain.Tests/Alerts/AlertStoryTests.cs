using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Tests.Areas;
using Streams.Domain.Windows;

namespace Streams.Domain.Tests.Alerts;

/// <summary>Stories in one line: a value for each hour of one station, and what is said of it.</summary>
public sealed class AlertStoryTests
{
    private const string Leaf = "dijon/centre";

    private static AlertRule Haze => new()
    {
        Id = "haze",
        Condition = new AlertCondition.Threshold
        {
            Metrics = MetricSelection.Of("pm2_5"), Statistic = Statistic.Mean, Window = WindowSize.Hour,
        },
        Steps = [new SeverityStep(AlertSeverity.Moderate, 100, 80), new SeverityStep(AlertSeverity.Severe, 200, 150)],
        Texts = [new AlertText("en", "Haze", "{area}: {value} {unit}, limit {threshold}", "Since {since}; worst {worst}; {members} station(s).", "Stay in.")],
    };

    // r raised, u updated, c cleared; upper case where the severity is severe; . nothing said.
    [Theory]
    [InlineData("50 90 110 120 90 70 60", "..r..c.")]
    [InlineData("50 110 210 160 140 70", ".rU.uc")]
    [InlineData("99 100 80 100", ".rcr")]
    [InlineData("210 90", "Ru")]
    [InlineData("110 110 70 110 110", "r.cr.")]
    [InlineData("110 70 110 120 130 140 70", "rc..r.c", 3)]
    [InlineData("110 70 120 210", "rc.R", 4)]
    [InlineData("110 120 70", ".rc", 0, 2)]
    [InlineData("110 70 110 70", "....", 0, 2)]
    [InlineData("110 70 110 70 70", "r...c", 0, 1, 2)]
    public void Thresholds_have_limits_to_raise_and_to_clear_durations_and_a_cool_down(
        string values, string said, int coolDownInHours = 0, int forInHours = 1, int clearAfterInHours = 0)
    {
        AlertRule rule = Haze with
        {
            CoolDown = TimeSpan.FromHours(coolDownInHours),
            For = TimeSpan.FromHours(forInHours),
            ClearAfter = TimeSpan.FromHours(clearAfterInHours),
            UpdateEvery = TimeSpan.FromDays(30),
        };
        Assert.Equal(said, Play(rule, values));
    }

    [Theory]
    [InlineData("-5 -12 -9 -7 -15", ".r.cr")]
    public void A_rule_may_look_below(string values, string said)
    {
        AlertRule rule = Haze with { Below = true, Steps = [new SeverityStep(AlertSeverity.Moderate, -10, -8)] };
        Assert.Equal(said, Play(rule, values));
    }

    [Fact]
    public void The_alert_says_when_it_began_how_bad_it_is_and_what_it_rests_on()
    {
        var story = new AreaStory(new AlertRules([Haze with { For = TimeSpan.FromHours(2), MinChildren = 0 }], areas:
        [
            new AreaDescription { Id = Leaf, Name = "Dijon centre", Polygon = [(47.3, 5.0), (47.4, 5.0), (47.4, 5.1), (47.3, 5.0)] },
        ]));
        Hour(story, Leaf, "a", 0, 50);
        Hour(story, Leaf, "a", 1, 130.5);
        Hour(story, Leaf, "a", 2, 120);
        Alert alert = Assert.Single(story.Alerts);
        Assert.Equal("dijon.centre.haze.air.20260302T010000Z", alert.Id);
        Assert.Equal(AreaStory.Minutes(60), alert.OnsetInMs);
        Assert.Equal(AreaStory.Minutes(180) + 86_400_000, alert.ExpiresInMs);
        Assert.Equal("Dijon centre: 120 µg/m³, limit 100", alert.Texts[0].Headline);
        Assert.Equal("Since 2026-03-02 01:00 UTC; worst 131; 1 station(s).", alert.Texts[0].Description);
        Assert.Equal([130.5, 120], alert.Evidence.Select(one => one.Value!.Value));

        var json = new ArrayBufferWriter<byte>();
        AlertJson.Write(json, alert);
        JsonElement root = JsonDocument.Parse(json.WrittenMemory).RootElement;
        Assert.Equal("Alert", root.GetProperty("msgType").GetString());
        Assert.Equal("active", root.GetProperty("state").GetString());
        Assert.Equal(1, root.GetProperty("revision").GetInt32());
        JsonElement info = root.GetProperty("info")[0];
        Assert.Equal("2026-03-02T01:00:00.000Z", info.GetProperty("onset").GetString());
        JsonElement area = info.GetProperty("area")[0];
        Assert.Equal("47.3,5 47.4,5 47.4,5.1 47.3,5", area.GetProperty("polygon")[0].GetString());
        Assert.Equal(Leaf, area.GetProperty("geocode").GetProperty("streams-area").GetString());
        foreach (string name in new[] { "sender", "sent", "status", "scope", "references", "incidentId", "evidence" })
        {
            Assert.True(root.TryGetProperty(name, out _), name);
        }
    }

    [Fact]
    public void When_two_districts_have_it_the_city_says_it_once()
    {
        var story = new AreaStory(new AlertRules([Haze with { Settle = TimeSpan.FromSeconds(5), ExpiresAfter = TimeSpan.FromDays(3) }]));
        string[] districts = ["dijon/a", "dijon/b", "dijon/c"];
        Members(story, districts);
        for (int hour = 0; hour < 3; hour++)
        {
            foreach (string district in districts)
            {
                Hour(story, district, district + "-1", hour, hour == 1 ? 120 : 50);
            }

            story.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal("dijon haze Alert Active Moderate; dijon haze Update Active Moderate; dijon haze Cancel Cleared Moderate", story.Said());
        Assert.Equal(["dijon/a", "dijon/b", "dijon/c"], story.Alerts[1].Evidence.Select(one => one.Area!).Order());
        Assert.Equal(AreaStory.Minutes(60), story.Alerts[0].OnsetInMs);
        Assert.Equal(AreaStory.Minutes(120), story.Alerts[2].EndInMs);
    }

    [Fact]
    public void A_rule_for_several_device_types_makes_one_alert_of_them_all()
    {
        var story = new AreaStory(new AlertRules([Haze with { Types = ["air", "sensor"], UpdateEvery = TimeSpan.FromDays(30), Settle = TimeSpan.FromSeconds(5), ExpiresAfter = TimeSpan.FromDays(3) }]));
        (double Air, double Sensor)[] hours = [(120, 50), (120, 130), (50, 210), (50, 120), (50, 50)];
        for (int hour = 0; hour < hours.Length; hour++)
        {
            Hour(story, "dijon", "a", hour, hours[hour].Air);
            Hour(story, "dijon", "s", hour, hours[hour].Sensor, "sensor");
            story.SaveAndRestoreAll();
        }

        Assert.Equal(
            "dijon haze Alert Active Moderate; dijon haze Update Active Severe; dijon haze Update Active Moderate; dijon haze Cancel Cleared Moderate", story.Said());
        Assert.Equal("dijon.haze.20260302T000000Z", Assert.Single(story.Alerts.Select(alert => alert.Id).Distinct()));
        Assert.Equal("Dijon: 210 µg/m³, limit 200", story.Alerts[1].Texts[0].Headline);
        Assert.Equal(AreaStory.Minutes(240), story.Alerts[3].EndInMs);
    }

    [Fact]
    public void A_rule_that_gets_a_second_type_says_what_stands_anew()
    {
        AlertRule rule = Haze with { Types = ["air"] };
        var story = new AreaStory(new AlertRules([rule]));
        Hour(story, Leaf, "a", 0, 120);
        story.Rules = new AlertRules([rule with { Types = ["air", "sensor"] }]);
        story.SaveAndRestoreAll();
        Hour(story, Leaf, "a", 1, 120);
        Assert.Equal(
            "dijon/centre haze Alert Active Moderate; dijon/centre haze Cancel Cancelled Moderate; dijon/centre haze Alert Active Moderate", story.Said());
    }

    [Fact]
    public void When_the_districts_alerts_expire_the_citys_keeps_its_severity_and_limit_to_its_end()
    {
        var story = new AreaStory(new AlertRules([Haze with
        {
            Levels = AreaLevels.Leaf, ClearAfter = TimeSpan.FromHours(3), ExpiresAfter = TimeSpan.FromHours(6), UpdateEvery = TimeSpan.FromMinutes(1), Settle = TimeSpan.FromSeconds(5),
        }]));
        string[] districts = ["dijon/a", "dijon/b"];
        Members(story, districts);
        foreach (string district in districts)
        {
            Hour(story, district, district + "-1", 0, 250);
            story.Advance(TimeSpan.FromMinutes(2));
        }

        for (int minute = 0; minute < 8 * 60; minute += 5)
        {
            story.Advance(TimeSpan.FromMinutes(5));
        }

        Alert[] city = [.. story.Alerts.Where(alert => alert.Area == "dijon")];
        Assert.Equal(AlertState.Expired, city[^1].State);
        Assert.All(city, alert => Assert.Equal(AlertSeverity.Severe, alert.Severity));
        Assert.All(city, alert => Assert.DoesNotContain("limit -", alert.Texts[0].Headline, StringComparison.Ordinal));
    }

    [Fact]
    public void Without_time_to_settle_the_districts_alerts_give_way_to_the_citys_and_stand_again_after_it()
    {
        var story = new AreaStory(new AlertRules([Haze with { ExpiresAfter = TimeSpan.FromDays(3), UpdateEvery = TimeSpan.FromDays(30) }]));
        string[] districts = ["dijon/a", "dijon/b"];
        Members(story, districts);
        Hour(story, "dijon/a", "dijon/a-1", 0, 120);
        Assert.Equal("dijon/a haze Alert Active Moderate", story.Said());
        Hour(story, "dijon/b", "dijon/b-1", 0, 120);
        Assert.Equal(
            "dijon/a haze Alert Active Moderate; dijon/b haze Alert Active Moderate; dijon haze Alert Active Moderate; "
            + "dijon/a haze Cancel Cleared Moderate superseded; dijon/b haze Cancel Cleared Moderate superseded",
            story.Said());
        story.Alerts.Clear();
        Hour(story, "dijon/a", "dijon/a-1", 1, 120);
        Hour(story, "dijon/b", "dijon/b-1", 1, 50);
        Assert.Equal("dijon haze Cancel Cleared Moderate; dijon/a haze Update Active Moderate", story.Said());
        Assert.Equal(AreaStory.Start, story.Alerts[1].OnsetInMs);
        Assert.Equal(3, story.Alerts[1].Revision);
    }

    // The city's alert ends with hour 2; what b has after that, with a lull of two hours allowed.
    [Theory]
    [InlineData("120 120 120 50 50 50 50", "")]
    [InlineData("120 120 120 120 50 50 50", "")]
    [InlineData("120 120 120 120 120 120 120", "dijon/b haze Update Active Moderate")]
    public void What_outlasts_the_citys_alert_by_less_than_a_lull_is_its_tail(string ofB, string saidAfter)
    {
        var story = new AreaStory(new AlertRules([Haze with
        {
            ClearAfter = TimeSpan.FromHours(2), ExpiresAfter = TimeSpan.FromDays(3), UpdateEvery = TimeSpan.FromDays(30),
        }]));
        Members(story, ["dijon/a", "dijon/b"]);
        double[] a = [120, 120, 50, 50, 50, 50, 50];
        double[] b = [.. ofB.Split(' ').Select(value => double.Parse(value, CultureInfo.InvariantCulture))];
        for (int hour = 0; hour < a.Length; hour++)
        {
            if (hour == 2)
            {
                Assert.EndsWith("dijon/b haze Cancel Cleared Moderate superseded", story.Said(), StringComparison.Ordinal);
                story.Alerts.Clear();
            }

            Hour(story, "dijon/a", "dijon/a-1", hour, a[hour]);
            Hour(story, "dijon/b", "dijon/b-1", hour, b[hour]);
        }

        Assert.Equal(saidAfter, string.Join("; ", story.Said().Split("; ").Where(said => said.StartsWith("dijon/", StringComparison.Ordinal))));
    }

    [Fact]
    public void The_citys_words_name_the_figures_of_its_worst_district()
    {
        var story = new AreaStory(new AlertRules([Haze with
        {
            Condition = new AlertCondition.Unusual
            {
                Metrics = MetricSelection.Of("pm2_5"), Statistic = Statistic.Mean, Window = WindowSize.Hour, MinHistory = 2,
            },
            Steps = [new SeverityStep(AlertSeverity.Moderate, 3, 2)],
            Texts = [new AlertText("en", "Haze", "{area}: {value} {unit}, usually {usual}, {measure} times the usual", "", "")],
        }]));
        Members(story, ["dijon/a", "dijon/b"]);
        for (int hour = 0; hour < 4; hour++)
        {
            Hour(story, "dijon/a", "dijon/a-1", hour, hour == 3 ? 400 : 100);
            Hour(story, "dijon/b", "dijon/b-1", hour, hour == 3 ? 90 : 10);
        }

        Assert.Equal("Dijon: 90 µg/m³, usually 10, 9 times the usual", story.Alerts.Last(alert => alert.Area == "dijon").Texts[0].Headline);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Districts_far_apart_in_time_as_in_a_recording_played_fast_make_the_same_alerts(int seed)
    {
        var random = new Random(seed);
        string[] districts = ["dijon/a", "dijon/b", "dijon/c"];
        double[][] values = [.. districts.Select(_ => Enumerable.Range(0, 200).Select(hour => hour / 20 % 2 == 1 ? 100.0 + random.Next(60) : random.Next(70)).ToArray())];
        AlertRules rules = new([Haze with { Settle = TimeSpan.FromSeconds(5), ExpiresAfter = TimeSpan.FromDays(30), UpdateEvery = TimeSpan.FromDays(300), CoolDown = TimeSpan.FromHours(3) }]);
        List<(string, AlertState, long, long?)> Run(Func<int[], int> next)
        {
            var story = new AreaStory(rules) { Now = AreaStory.Start + (400L * 86_400_000) };
            Members(story, districts);
            int[] done = [0, 0, 0];
            while (done.Any(hours => hours < 200))
            {
                int which = next(done);
                if (done[which] < 200)
                {
                    Hour(story, districts[which], districts[which] + "-1", done[which], values[which][done[which]++], waits: true);
                }
            }

            story.Advance(TimeSpan.FromSeconds(10));
            return [.. story.Alerts.Where(alert => alert.Area == "dijon" && alert.State == AlertState.Cleared)
                .Select(alert => (alert.Id, alert.State, alert.OnsetInMs, alert.EndInMs)).OrderBy(one => one.OnsetInMs)];
        }

        List<(string, AlertState, long, long?)> inStep = Run(done => Array.IndexOf(done, done.Min()));
        List<(string, AlertState, long, long?)> oneByOne = Run(done => Array.FindIndex(done, hours => hours < 200));
        Assert.Equal(4, inStep.Count);
        Assert.Equal(inStep, oneByOne);
    }

    [Fact]
    public void An_alert_that_nothing_confirms_expires()
    {
        var story = new AreaStory(new AlertRules([Haze with { ExpiresAfter = TimeSpan.FromHours(6) }]));
        Hour(story, Leaf, "a", 0, 120);
        story.Advance(TimeSpan.FromHours(7));
        Assert.Equal("No longer confirmed: Centre: 120 µg/m³, limit 100", story.Alerts[1].Texts[0].Headline);
        Assert.EndsWith(" Last confirmed 2026-03-02 01:00 UTC.", story.Alerts[1].Texts[0].Description, StringComparison.Ordinal);
        Assert.Equal("dijon/centre haze Alert Active Moderate; dijon/centre haze Cancel Expired Moderate", story.Said());
        Hour(story, Leaf, "a", 1, 120);

        // Confirmed again after all: the same alert, standing once more.
        Assert.Equal((AlertMessageType.Update, AlertState.Active, 3), (story.Alerts[2].MessageType, story.Alerts[2].State, story.Alerts[2].Revision));
        Assert.Equal(story.Alerts[0].Id, story.Alerts[2].Id);
    }

    [Fact]
    public void Data_that_stops_ends_what_held_and_new_data_begins_anew()
    {
        var story = new AreaStory(new AlertRules([Haze with { ExpiresAfter = TimeSpan.FromHours(6) }])) { Now = AreaStory.Start + (400L * 86_400_000) };
        Hour(story, Leaf, "a", 0, 120, waits: true);
        Hour(story, Leaf, "a", 24 * 30, 120, waits: true);
        Assert.Equal(
            "dijon/centre haze Alert Active Moderate; dijon/centre haze Cancel Cleared Moderate; dijon/centre haze Alert Active Moderate", story.Said());
        Assert.Equal(AreaStory.Minutes(60), story.Alerts[1].EndInMs);
    }

    [Fact]
    public void A_late_part_that_changes_a_window_changes_the_judgement()
    {
        var story = new AreaStory(new AlertRules([Haze with { UpdateEvery = TimeSpan.FromDays(30), MinChildren = 0 }]));
        Hour(story, Leaf, "a", 0, 90);
        story.Tell(builder => AreaStory.AddWindow(builder, Leaf, WindowSize.Hour, AreaStory.Start, [130], true));
        Assert.Equal("dijon/centre haze Alert Active Moderate", story.Said());
        story.Tell(builder => AreaStory.AddWindow(builder, Leaf, WindowSize.Hour, AreaStory.Start, [10, 10, 10], true));
        Assert.Equal("dijon/centre haze Alert Active Moderate; dijon/centre haze Cancel Cleared Moderate", story.Said());
    }

    [Fact]
    public void Every_language_has_its_own_figures_and_what_is_over_says_so_and_instructs_nobody()
    {
        var story = new AreaStory(new AlertRules([Haze with
        {
            MinChildren = 0,
            Texts = [.. Haze.Texts, new AlertText("fr-FR", "Brume", "{area} : {value} {unit}", "Depuis le {since} ; maximum {worst}.", "Restez à l'intérieur.")],
        }]));
        Hour(story, Leaf, "a", 0, 112.5);
        Hour(story, Leaf, "a", 1, 50.25);
        Assert.Equal("Since 2026-03-02 00:00 UTC; worst 113; 1 station(s).", story.Alerts[0].Texts[0].Description);
        Assert.Equal("Depuis le 02/03/2026 à 0 h 00 UTC ; maximum 113.", story.Alerts[0].Texts[1].Description);
        Assert.Equal(["Stay in.", "Restez à l'intérieur."], story.Alerts[0].Texts.Select(text => text.Instruction));
        Assert.Equal(["Over: Centre: 113 µg/m³, limit 100", "Fin d'alerte : Centre : 113 µg/m³"], story.Alerts[1].Texts.Select(text => text.Headline));
        Assert.EndsWith("; 1 station(s). Over since 2026-03-02 01:00 UTC.", story.Alerts[1].Texts[0].Description, StringComparison.Ordinal);
        Assert.EndsWith("; maximum 113. Terminé depuis le 02/03/2026 à 1 h 00 UTC.", story.Alerts[1].Texts[1].Description, StringComparison.Ordinal);
        Assert.Equal(["", ""], story.Alerts[1].Texts.Select(text => text.Instruction));
    }

    [Fact]
    public void A_district_that_the_city_speaks_for_does_not_say_that_it_is_over()
    {
        var story = new AreaStory(new AlertRules([Haze with { ExpiresAfter = TimeSpan.FromDays(3) }]));
        Members(story, ["dijon/a", "dijon/b"]);
        Hour(story, "dijon/a", "dijon/a-1", 0, 120);
        Hour(story, "dijon/b", "dijon/b-1", 0, 120);
        Alert superseded = Assert.Single(story.Alerts, alert => alert.SupersededBy is not null && alert.Area == "dijon/a");
        Assert.StartsWith("A: ", superseded.Texts[0].Headline, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rule_taken_out_of_the_configuration_cancels_what_stands()
    {
        var story = new AreaStory(new AlertRules([Haze]));
        Hour(story, Leaf, "a", 0, 120);
        story.Rules = new AlertRules([]);
        story.SaveAndRestoreAll();
        Hour(story, Leaf, "a", 1, 120);
        Assert.Equal("dijon/centre haze Alert Active Moderate; dijon/centre haze Cancel Cancelled Moderate", story.Said());
    }

    private static string Play(AlertRule rule, string values)
    {
        var story = new AreaStory(new AlertRules([rule]));
        var said = new StringBuilder();
        int hour = 0;
        foreach (string value in values.Split(' '))
        {
            int before = story.Alerts.Count;
            Hour(story, Leaf, "a", hour++, double.Parse(value, CultureInfo.InvariantCulture));
            story.SaveAndRestoreAll();
            Alert? last = story.Alerts.Skip(before).LastOrDefault();
            char letter = last switch
            {
                null => '.',
                { State: AlertState.Cleared } => 'c',
                { MessageType: AlertMessageType.Alert } => 'r',
                _ => 'u',
            };
            said.Append(last is { Severity: AlertSeverity.Severe } ? char.ToUpperInvariant(letter) : letter);
        }

        return said.ToString();
    }

    private static void Members(AreaStory story, string[] districts) => story.Tell(builder =>
    {
        foreach (string district in districts)
        {
            builder.AddMember(district, AreaStory.Member(district + "-1", AreaStory.Start));
        }
    });

    private static void Hour(AreaStory story, string area, string device, int hour, double value, string type = "air", string metric = "pm2_5", bool waits = false)
    {
        long start = AreaStory.Start + (hour * 3_600_000L);
        story.Now = Math.Max(story.Now, waits ? story.Now : start + 3_600_000L);
        story.Window(area, device, WindowSize.Hour, start, metric, type, value);
    }
}
