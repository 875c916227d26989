using System.Globalization;
using Streams.Domain.Alerts;
using Streams.Domain.Cities;

namespace Streams.Node.Tests.Scenarios;

/// <summary>When nothing befalls a city, nothing of consequence is said, for all its weather, rush hours, mishaps and repairs.</summary>
public sealed class QuietTests
{
    private const ulong Seed = 20_261_122;

    private static readonly bool Whole = Environment.GetEnvironmentVariable("STREAMS_SCENARIOS") == "whole";

    /// <summary>A day of a thinned city; with STREAMS_SCENARIOS=whole a week of the whole one, of which three alerts at most may be Severe or above.</summary>
    [Theory]
    [InlineData("dijon", "2026-01-12T00:00:00Z")]
    [InlineData("dijon", "2026-06-19T00:00:00Z")]
    [InlineData("amsterdam", "2026-03-18T00:00:00Z")]
    [InlineData("singapore", "2026-11-24T00:00:00Z")]
    [InlineData("songdo", "2026-07-25T00:00:00Z")]
    public void A_day_on_which_nothing_happens_is_quiet_and_so_is_a_week_where_all_is_asked_for(string city, string from)
    {
        int days = Whole ? 7 : 1;
        City whole = SimulatedPlayback.Find(city);
        DateTimeOffset start = DateTimeOffset.Parse(from, CultureInfo.InvariantCulture);
        using SimulatedPlayback playback = new(Whole ? whole : SimulatedPlayback.Thinned(whole, one: 3, around: city), Seed, start);
        for (int day = 1; day <= days; day++)
        {
            playback.PlayUntil(start + TimeSpan.FromDays(day));
            TestContext.Current.SendDiagnosticMessage($"{city}, {start + TimeSpan.FromDays(day):yyyy-MM-dd}: {playback.Readings:N0} readings, {playback.Stories.Count()} alerts so far");
        }

        string told = string.Join('\n', playback.Stories.Select(story => string.Create(
            CultureInfo.InvariantCulture,
            $"{DateTimeOffset.FromUnixTimeMilliseconds(story.First.SentInMs):MM-dd HH:mm} {story.First.Rule} {story.First.Severity} {story.First.Area} {story.Last.State}: {story.First.Texts[0].Headline}")));
        TestContext.Current.TestOutputHelper?.WriteLine(told);
        Assert.Empty(playback.Refusals);
        Assert.True(playback.Alerts.Where(alert => alert.Severity >= AlertSeverity.Severe).Select(alert => alert.Id).Distinct().Count() <= (Whole ? 3 : 0), told);
        Assert.True(playback.Stories.Count(story => story.First.Severity >= AlertSeverity.Moderate) <= days, told);
    }
}
