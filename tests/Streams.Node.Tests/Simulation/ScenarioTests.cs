using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Cities;

namespace Streams.Node.Tests.Simulation;

/// <summary>Every scenario that is shipped, from its first reading to the alerts that must come of it, and to those that must not.</summary>
public sealed class ScenarioTests
{
    private static readonly DateTimeOffset s_afternoon = new(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);

    public static TheoryData<string> Names => [.. PlayedDijon.City.Scenarios.Select(scenario => scenario.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_scenario_brings_the_alerts_that_it_must_in_time_and_no_others_of_consequence(string name)
    {
        Scenario scenario = PlayedDijon.City.Scenarios.Single(each => each.Name == name);
        (PlayedDijon played, long start) = PlayedDijon.Play(name, s_afternoon, scenario.Lasts + TimeSpan.FromMinutes(30));
        string told = played.Told(start);

        Assert.Empty(played.Refusals);
        foreach (ExpectedAlert expected in scenario.Must)
        {
            string area = expected.Area ?? scenario.Area;
            Assert.True(
                played.Alerts.Any(alert => alert.Rule == expected.Rule && (alert.Area == area || (expected.Area is null && AreaPath.IsWithin(area, alert.Area)))
                    && alert.Severity >= expected.Severity && alert.SentInMs >= start && alert.SentInMs <= start + (long)expected.Within.TotalMilliseconds),
                $"{expected.Rule} did not come in {expected.Within}.\n{told}");
        }

        foreach ((Alert first, Alert last) in played.Stories.Where(story => story.First.SentInMs >= start))
        {
            Assert.False(scenario.MustNot.Contains(first.Rule), $"{first.Rule} must not come.\n{told}");
            Assert.True(
                played.Worst(last.Id) < AlertSeverity.Severe || scenario.May.Contains(first.Rule) || scenario.Must.Any(expected => expected.Rule == first.Rule),
                $"{first.Rule} is out of place.\n{told}");
        }
    }

    [Theory]
    [InlineData("2026-01-12T00:00:00Z")]
    [InlineData("2026-06-19T00:00:00Z")]
    public void A_quiet_time_is_quiet(string from)
    {
        bool whole = Environment.GetEnvironmentVariable("STREAMS_INCIDENTS") == "all";
        (PlayedDijon played, long start) = PlayedDijon.Play(null, DateTimeOffset.Parse(from, System.Globalization.CultureInfo.InvariantCulture), TimeSpan.FromDays(whole ? 7 : 1));

        Assert.Empty(played.Refusals);
        Assert.True(played.Alerts.All(alert => alert.Severity < AlertSeverity.Severe), played.Told(start));
        Assert.True(played.Stories.Count(story => story.First.Severity >= AlertSeverity.Moderate) <= (whole ? 7 : 1), played.Told(start));
    }
}
