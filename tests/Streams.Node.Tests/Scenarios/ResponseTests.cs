using System.Globalization;
using Streams.Domain.Alerts;
using Streams.Domain.Cities;
using Streams.Domain.Dispatch;

namespace Streams.Node.Tests.Scenarios;

/// <summary>The loop is closed: what is done about a scenario clears its alert, which stands on where nobody does anything.</summary>
public sealed class ResponseTests(ITestOutputHelper output)
{
    private static readonly DateTimeOffset Start = new(2026, 10, 14, 8, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("songdo", "tower-fire", "building-fire")]
    [InlineData("songdo", "battery-fire", "battery-overheating")]
    [InlineData("dijon", "gas-leak", "gas-leak")]
    [InlineData("dijon", "power-cut", "power-cut")]
    [InlineData("dijon", "flood", "river-flood")]
    [InlineData("dijon", "tampering", "device-tampering")]
    [InlineData("singapore", "water-main-break", "water-main-break")]
    public void Its_alert_is_over_when_its_response_is_done_and_stands_where_nobody_acts(string city, string name, string rule)
    {
        Alert idle = Play(city, name, rule, responds: false);
        Alert helped = Play(city, name, rule, responds: true);

        Assert.Equal((AlertState.Active, AlertState.Cleared), (idle.State, helped.State));
    }

    /// <summary>The last state of the rule's alert after two hours, twenty minutes into which all is done that can be.</summary>
    private Alert Play(string city, string name, string rule, bool responds)
    {
        City whole = SimulatedPlayback.Find(city);
        Scenario scenario = whole.Scenarios.First(each => each.Name == name);
        using SimulatedPlayback playback = new(SimulatedPlayback.Thinned(whole, one: 3, around: scenario.Area), 20_261_122, Start);
        playback.PlayUntil(Start + TimeSpan.FromMinutes(30));
        ScenarioRun run = playback.Begin(name);
        playback.PlayUntil(Start + TimeSpan.FromMinutes(50));
        foreach (ScenarioResponse response in responds ? scenario.Response : [])
        {
            SystemKind system = CityPlayback.Shipped.Value.Systems.First(each => each.Name == response.System);
            playback.Respond(run, response, system.Actions[response.Action].Target == ActionTarget.Unit ? 2 : 0);
        }

        playback.PlayUntil(Start + TimeSpan.FromMinutes(150));
        Alert[] told = [.. playback.Alerts.Where(alert => alert.Rule == rule)];
        output.WriteLine(string.Join(Environment.NewLine, told.Select(alert => string.Create(
            CultureInfo.InvariantCulture, $"{(responds ? "helped" : "alone")} {TimeSpan.FromMilliseconds(alert.SentInMs - run.StartedAtInMs):g} {alert.Area} {alert.Severity} {alert.State}"))));
        return told.Last(alert => alert.Area == told[0].Area);
    }
}
