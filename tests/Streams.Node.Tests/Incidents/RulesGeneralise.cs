using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Devices;
using static Streams.Node.Tests.Incidents.Cities;

namespace Streams.Node.Tests.Incidents;

/// <summary>
/// The recordings were in view while the rules were written, so that the rules fit them proves little. What can be shown is that
/// nothing rests on a setting's exact value, and nothing on having seen the months before.
/// </summary>
public sealed class RulesGeneralise(ITestOutputHelper output)
{
    private static bool IsAll => Environment.GetEnvironmentVariable("STREAMS_INCIDENTS") == "all";

    /// <summary>
    /// What must be said or stay unsaid, the rule that it hangs on, and the part of the recording that shows it: the rest says nothing about
    /// it. Those that take long only if the environment variable STREAMS_INCIDENTS is <c>all</c>.
    /// </summary>
    public static TheoryData<string, string, string, string> Stories
    {
        get
        {
            TheoryData<string, string, string, string> stories = new()
            {
                { "S02 S03", "fine-particles", "2015-12-05T00:00+08:00", "2015-12-24T00:00+08:00" },
                { "S20 !S21", "snow", "2015-01-01T00:00-05:00", "2015-02-01T00:00-05:00" },
                { "!S21", "citizen-reports", "2015-01-01T00:00-05:00", "2015-02-01T00:00-05:00" },
                { "S30 S31", "accidents", "2016-01-01T00:00-05:00", "2018-01-01T00:00-05:00" },
                { "S70 !Florida", "high-water", "2014-06-30T00:00+00:00", "2014-07-08T00:00+00:00" },
                { "S90", "sensor-stuck", "2023-03-15T00:00+01:00", "2023-03-25T00:00+01:00" },
                { "S41", "demand-low", "2014-07-01T00:00-04:00", "2014-12-15T00:00-05:00" },
                { "S52", "travel-time", "2015-07-01T00:00-05:00", "2015-09-18T00:00-05:00" },
                { "S80 S81 S82 S83 S84 S85 S86 S87 S88 S89 S8a", "loud", "2025-01-01T00:00+09:00", "2025-04-01T00:00+09:00" },
                { "S93", "feed-outage", "2023-04-15T00:00+02:00", "2023-04-27T00:00+02:00" },
                { "S94", "parking-scarce", "2023-03-15T00:00+01:00", "2023-04-10T00:00+02:00" },
            };
            if (IsAll)
            {
                stories.Add("S07", "severe-cold", "2016-01-15T00:00+08:00", "2016-01-28T00:00+08:00");
                stories.Add("S11", "crowd", "2014-01-01T00:00+11:00", "2014-02-24T00:00+11:00");
                stories.Add("S12", "crowd", "2014-07-15T00:00+10:00", "2014-09-28T00:00+10:00");
                stories.Add("S22", "traffic-signals", "2015-06-01T00:00-04:00", "2015-11-01T00:00-04:00");
            }

            return stories;
        }
    }

    /// <summary>
    /// What does rest on a setting, with the reason why it may. Whoever makes one of these robust takes it out here: the test compares both ways.
    /// </summary>
    private static readonly Dictionary<string, string> Known = new()
    {
        // The limit is the norm's. Under 213 the episode has begun 8 hours before the red alert was in force: said early, not missed.
        ["fine-particles, raise -15 %"] = "S02",

        // The busiest of three noisy hours, each known from a few windows, lies too high as the usual.
        ["accidents, neighbours nearest"] = "S31",

        // Decibels are a logarithm: 15 % of 85 are 13 dB, twenty times the energy. The level itself is a directive's.
        ["loud, minValue -15 %"] = "S81, S89",
        ["loud, minValue +15 %"] = "S80, S81, S82, S83, S84, S85, S87, S88, S89, S8a",

        // Half for three hours is just met on the morning of Thanksgiving; the lowest of three hours as the usual hides it.
        ["demand-low, raise -15 %"] = "S41",
        ["demand-low, neighbours nearest"] = "S41",

        // Holy Thursday comes three weeks after the recording begins: there is no more history.
        ["parking-scarce, minHistory +15 %"] = "S94",
    };

    /// <summary>Where a recording begins when its first part is kept back; those that take long only with all stories.</summary>
    public static TheoryData<string, string> LaterBeginnings
    {
        get
        {
            TheoryData<string, string> beginnings = new()
            {
                { Beijing, "2016-01-01T00:00+08:00" },
                { Boston, "2015-06-01T00:00-04:00" },
                { Montgomery, "2017-01-01T00:00-05:00" },
                { NewYork, "2014-10-01T00:00-04:00" },
                { Seoul, "2025-02-10T00:00+09:00" },
                { Beijing, "2015-12-15T00:00+08:00" },
                { London, "2013-11-15T00:00+00:00" },
                { Malaga, "2023-07-01T00:00+02:00" },
            };
            if (IsAll)
            {
                beginnings.Add(Berlin, "2024-11-15T00:00+01:00");
                beginnings.Add(Melbourne, "2014-07-01T00:00+10:00");
            }

            return beginnings;
        }
    }

    [Theory]
    [MemberData(nameof(Stories))]
    public void No_setting_is_balanced_on_its_exact_value(string said, string rule, string from, string until)
    {
        var brittle = new SortedDictionary<string, string>(StringComparer.Ordinal);
        int ways = 0;
        foreach ((string what, Staging staging) in Ways(rule))
        {
            ways++;
            if (Missed(said, rule, staging with { FromInMs = Incident.Time(from), UntilInMs = Incident.Time(until) }) is { } missed)
            {
                brittle.Add($"{rule}, {what}", missed);
            }
        }

        output.WriteLine($"{rule}: {ways} ways, brittle: {string.Join("; ", brittle)}");
        Assert.Equal(Known.Where(known => known.Key.StartsWith(rule + ",", StringComparison.Ordinal)).OrderBy(known => known.Key, StringComparer.Ordinal), brittle);
    }

    [Theory]
    [MemberData(nameof(LaterBeginnings))]
    public void Without_the_first_part_the_second_is_said_as_well_and_no_more_beside_it(string file, string from)
    {
        CityRecording whole = CityRecording.Of(file);
        CityRecording part = CityRecording.Play(file, new Staging { FromInMs = Incident.Time(from) });
        Incident[] incidents = [.. Incident.All.Where(incident => incident.File == file)];
        string[] missed = [.. incidents.Where(incident => incident.FromInMs >= Incident.Time(from) && incident.HitsIn(part).Count == 0).Select(incident => incident.Id)];

        // Counted from a day in: what held on at the cut begins there.
        long countedFromInMs = Incident.Time(from) + 86_400_000;
        string[] beside = Beside(part), before = Beside(whole);
        output.WriteLine($"{file} from {from}: {before.Length} alerts beside incidents in the whole, {beside.Length} in the part; only there:\n{string.Join("\n", beside.Except(before))}");
        Assert.Empty(missed);

        // The whole may have had one alert of the city where the part has several of districts: that of two sensors that fell silent for good before
        // the part begins stands through it and speaks for whoever falls silent beside them.
        string[] unheard = [.. beside.Where(id => !IsSpokenFor(part.Stories.First(story => story.First.Id == id).First))];
        Assert.True(unheard.Length <= before.Length, string.Join("\n", unheard.Except(before)));

        string[] Beside(CityRecording city) =>
        [
            .. from story in city.Stories
               where story.First.OnsetInMs >= countedFromInMs && story.First.OnsetInMs <= city.LastReadingInMs
                   && !incidents.Any(incident => incident.HitsIn(city).Contains(story))
               select story.First.Id,
        ];

        bool IsSpokenFor(Alert alert) => whole.Stories.Any(story =>
            story.First.Rule == alert.Rule && AreaPath.ParentOf(story.First.Area) is null && story.First.Id != alert.Id
            && story.First.OnsetInMs <= alert.OnsetInMs && (story.Last.EndInMs ?? long.MaxValue) >= alert.OnsetInMs);
    }

    private static IEnumerable<(string What, Staging Staging)> Ways(string rule)
    {
        yield return ("as shipped", new Staging { Rule = one => one.Id == rule ? one : null });
        AlertRule shipped = CityRecording.Shipped.Value.AlertRules.Find(rule)!;
        foreach ((string what, AlertRule moved) in MovedSettings.Of(shipped))
        {
            yield return (what, new Staging { Rule = one => one.Id == rule ? moved : null });
        }

        if (shipped.Condition is AlertCondition.Devices { Kinds: ["stuck"] })
        {
            foreach ((string what, Func<DeviceType, DeviceType> type) in MovedSettings.OfStuckDetector())
            {
                yield return (what, new Staging { Rule = one => one.Id == rule ? one : null, Type = type });
            }
        }
    }

    private static string? Missed(string said, string rule, Staging staging)
    {
        CityRecording? city = null;
        var missed = new List<string>();
        foreach (string id in said.Split(' '))
        {
            if (id == "!S21")
            {
                city ??= CityRecording.Play(Boston, staging);
                missed.AddRange(QuietControls.Backlog(city));
            }
            else if (id == "!Florida")
            {
                missed.AddRange(QuietControls.Florida(city!));
            }
            else
            {
                Incident incident = Incident.All.Single(one => one.Id == id);
                city ??= CityRecording.Play(incident.File, staging);
                IReadOnlyList<(Alert First, Alert Last)> hits = incident.HitsIn(city);
                if (!hits.Any(hit => hit.First.Rule == rule && incident.Devices.Split(' ', StringSplitOptions.RemoveEmptyEntries).All(city.DevicesOf(hit.First).Contains)))
                {
                    missed.Add(id);
                }
            }
        }

        return missed.Count == 0 ? null : string.Join(", ", missed);
    }
}

/// <summary>What must not be said, and was: empty where all is well.</summary>
internal static class QuietControls
{
    /// <summary>S21: 396 cases of one kind that an office entered in a day.</summary>
    public static IEnumerable<string> Backlog(CityRecording city) =>
        from story in city.Stories
        where story.First.OnsetInMs >= Incident.Time("2015-01-20T00:00-05:00") && story.First.OnsetInMs < Incident.Time("2015-01-21T00:00-05:00")
        select $"S21: {story.First.Id}";

    /// <summary>S72: gauges far from the hurricane.</summary>
    public static IEnumerable<string> Florida(CityRecording city) =>
        from story in city.Stories
        where story.First.Rule is "high-water" or "low-water" && (story.First.Area.EndsWith("-fl", StringComparison.Ordinal) || story.First.Area == "useast")
        select $"Florida: {story.First.Id}";
}
