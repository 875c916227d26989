using System.Globalization;
using Streams.Domain.Alerts;
using Streams.Domain.Cities;

namespace Streams.Node.Tests.Scenarios;

/// <summary>
/// Every scenario of every city that comes with Streams, played through its devices and areas: its alerts come in time and where
/// they should, and none that must not. The city is watched for two hours before, and for one after. Around its place every second device of
/// each type plays along, in what takes long every third, of lamps and meters fewer; elsewhere some. STREAMS_SCENARIOS=whole plays all. STREAMS_SCENARIO=singapore/haze plays that one alone, STREAMS_SEED=7 in another
/// city of the same plan.
/// </summary>
public sealed class ScenarioTests(ITestOutputHelper output)
{
    private static readonly ulong Seed = ulong.Parse(Environment.GetEnvironmentVariable("STREAMS_SEED") ?? "20261122", CultureInfo.InvariantCulture);

    private static readonly TimeSpan Before = TimeSpan.FromHours(2);
    private static readonly TimeSpan After = TimeSpan.FromHours(1);

    /// <summary>With every lamp and meter it takes ten minutes.</summary>
    private static readonly bool Whole = Environment.GetEnvironmentVariable("STREAMS_SCENARIOS") == "whole";

    /// <summary>What takes longer befalls whole cities and shows in their means: fewer devices will do.</summary>
    private static readonly TimeSpan Long = TimeSpan.FromHours(8);

    private static readonly string? Only = Environment.GetEnvironmentVariable("STREAMS_SCENARIO");

    /// <summary>A Wednesday in autumn, ten o'clock in the morning there.</summary>
    private static DateTimeOffset StartIn(City city)
    {
        DateTime local = new(2026, 10, 14, 10, 0, 0, DateTimeKind.Unspecified);
        return new DateTimeOffset(local, city.TimeZone.GetUtcOffset(local)).ToUniversalTime();
    }

    public static TheoryData<string, string> Scenarios
    {
        get
        {
            TheoryData<string, string> all = [];
            foreach ((string city, Scenario scenario) in CityPlayback.Shipped.Value.Cities.SelectMany(plan => plan.Scenarios.Select(scenario => (plan.Name, scenario))))
            {
                if (Only is null || Only == $"{city}/{scenario.Name}")
                {
                    all.Add(city, scenario.Name);
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Its_alerts_come_in_time_and_none_that_must_not(string city, string name)
    {
        City whole = SimulatedPlayback.Find(city);
        Scenario scenario = whole.Scenarios.First(each => each.Name == name);
        DateTimeOffset start = StartIn(whole);
        using SimulatedPlayback playback = new(Whole ? whole : SimulatedPlayback.Thinned(whole, one: scenario.Lasts > Long ? 3 : 2, around: scenario.Area), Seed, start - Before);
        playback.PlayUntil(start);
        int toldBefore = playback.Alerts.Count;
        ScenarioRun run = playback.Begin(name);
        playback.PlayUntil(start + scenario.Lasts + After);

        List<Alert> alerts = playback.Alerts[toldBefore..];
        List<string> faults =
        [
            .. scenario.Must.Where(expected => !alerts.Any(alert => Meets(alert, expected, run)))
                .Select(expected => $"missing: {expected.Rule} in {expected.Area ?? run.Area}, at least {expected.Severity}, within {expected.Within}"),
            .. alerts.Where(alert => scenario.MustNot.Contains(alert.Rule)).Select(alert => "must not come: " + Line(alert, run)),
            .. alerts.Where(alert => IsGrave(alert) && !scenario.May.Contains(alert.Rule) && !scenario.Must.Any(expected => expected.Rule == alert.Rule))
                .Select(alert => "not expected: " + Line(alert, run)),
            .. playback.Alerts.Where(alert => !alert.Texts.Select(text => text.Language).SequenceEqual(whole.Languages)).Select(alert => "in other languages than the city's: " + Line(alert, run)),
            .. playback.Alerts[..toldBefore].Where(IsGrave).Select(alert => "before it began: " + Line(alert, run)),
            // Scenarios make buses speak too late.
            .. playback.Refusals.Where(refusal => !refusal.Key.StartsWith("late_beyond_retention", StringComparison.Ordinal)).Select(refusal => $"refused: {refusal.Key} ({refusal.Value})"),
        ];
        output.WriteLine(string.Join(Environment.NewLine, [$"All alerts of {playback.Readings} readings:", .. playback.Alerts.Select(alert => Line(alert, run))]));
        Assert.True(faults.Count == 0, string.Join(Environment.NewLine, faults));
    }

    private static bool Meets(Alert alert, ExpectedAlert expected, ScenarioRun run) =>
        alert.Rule == expected.Rule
        && alert.Severity >= expected.Severity
        && (expected.Area is { } area ? alert.Area == area : IsIn(run.Area, alert.Area) || IsIn(alert.Area, run.Area))
        && alert.SentInMs <= run.StartedAtInMs + expected.Within.TotalMilliseconds;

    private static bool IsIn(string area, string other) => area == other || area.StartsWith(other + "/", StringComparison.Ordinal);

    private static bool IsGrave(Alert alert) => alert.Severity >= AlertSeverity.Severe && alert.State == AlertState.Active;

    private static string Line(Alert alert, ScenarioRun run) => string.Create(
        CultureInfo.InvariantCulture,
        $"{TimeSpan.FromMilliseconds(alert.SentInMs - run.StartedAtInMs):g} {alert.Area} {alert.Rule} {alert.Severity} {alert.State} {alert.Revision}: {alert.Texts[0].Headline}");
}
