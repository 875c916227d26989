using System.Globalization;
using Streams.Domain.Alerts;

namespace Streams.Node.Tests.Scenarios;

/// <summary>When nothing befalls a city, nothing of consequence is said, for all its weather, rush hours, mishaps and repairs.</summary>
public sealed class QuietTests
{
    private const ulong Seed = 20_261_122;

    [Theory]
    [InlineData("dijon", "2026-01-12T00:00:00Z")]
    [InlineData("dijon", "2026-06-19T00:00:00Z")]
    [InlineData("amsterdam", "2026-03-18T00:00:00Z")]
    [InlineData("singapore", "2026-11-24T00:00:00Z")]
    [InlineData("songdo", "2026-07-25T00:00:00Z")]
    public void A_day_on_which_nothing_happens_is_quiet_and_so_is_a_week_where_all_is_asked_for(string city, string from)
    {
        int days = Environment.GetEnvironmentVariable("STREAMS_SCENARIOS") == "whole" ? 7 : 1;
        DateTimeOffset start = DateTimeOffset.Parse(from, CultureInfo.InvariantCulture);
        using SimulatedPlayback playback = new(SimulatedPlayback.Thinned(SimulatedPlayback.Find(city), one: 3, around: city), Seed, start);
        playback.PlayUntil(start + TimeSpan.FromDays(days));

        string told = string.Join('\n', playback.Stories.Select(story => string.Create(
            CultureInfo.InvariantCulture,
            $"{DateTimeOffset.FromUnixTimeMilliseconds(story.First.SentInMs):MM-dd HH:mm} {story.First.Rule} {story.First.Severity} {story.First.Area} {story.Last.State}: {story.First.Texts[0].Headline}")));
        Assert.Empty(playback.Refusals);
        Assert.True(playback.Alerts.All(alert => alert.Severity < AlertSeverity.Severe), told);
        Assert.True(playback.Stories.Count(story => story.First.Severity >= AlertSeverity.Moderate) <= days, told);
    }
}
