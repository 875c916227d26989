using Streams.Domain.Cities;
using Streams.Domain.Dispatch;
using Streams.Domain.Incidents;

namespace Streams.Node.Tests.Scenarios;

/// <summary>From the onset of a scenario to the end of all that was done about it: alerts, incidents, dispatch, systems that obey, a city that recovers, and everything taken back.</summary>
public sealed class ClosedLoopTests(ITestOutputHelper output)
{
    private static readonly DateTimeOffset Start = new(2026, 10, 14, 8, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("dijon", "gas-leak", "gas-leak")]
    [InlineData("dijon", "power-cut", "power-cut")]
    [InlineData("dijon", "water-main-break", "water-main-break")]
    [InlineData("songdo", "tower-fire", "fire")]
    public void A_scenario_comes_to_its_end_with_nobody_touching_it(string city, string scenario, string hazard) => Play(city, scenario, hazard, people: null);

    [Fact]
    public void The_same_with_people_who_agree()
    {
        // An incident that is less than extreme asks before it clears buildings.
        HashSet<string> asked = [];
        Play("dijon", "gas-leak", "gas-leak", incident =>
        {
            foreach (string step in incident.StepsIn(StepState.AwaitsApproval))
            {
                // Of two that must agree the second one is somebody else.
                return new PersonSays(PersonVerb.Approve, asked.Add(step) ? "ann" : "bob", ["duty_officer"], step, "agreed", 0);
            }

            return null;
        });
        Assert.NotEmpty(asked);
    }

    private void Play(string city, string scenario, string hazard, Func<Incident, PersonSays?>? people)
    {
        City whole = SimulatedPlayback.Find(city);
        using SimulatedPlayback playback = new(SimulatedPlayback.Thinned(whole, one: 3, around: whole.Scenarios.First(each => each.Name == scenario).Area), 20_261_122, Start);
        ClosedLoop loop = new(playback, Start) { People = people };
        loop.Until(static () => false, TimeSpan.FromMinutes(30));
        playback.Begin(scenario);
        bool begun = loop.Until(() => loop.Incidents.Values.Any(incident => incident.Playbook.Name == hazard), TimeSpan.FromMinutes(30));
        bool over = loop.Until(() => loop.Incidents.Values.All(incident => incident.State == IncidentState.Closed || incident.Playbook.IsEveryday), TimeSpan.FromHours(12));
        foreach (Incident incident in loop.Incidents.Values)
        {
            output.WriteLine($"{incident.Id} {incident.State} {incident.End} {TimeSpan.FromMilliseconds((incident.ClosedInMs ?? 0) - incident.OpenedInMs)}");
            foreach (TimelineEntry entry in incident.Timeline)
            {
                output.WriteLine($"  {DateTimeOffset.FromUnixTimeMilliseconds(entry.TimeInMs):HH:mm:ss} {entry.What} {entry.Subject} {entry.Detail}");
            }
        }

        Assert.True(begun, "no incident");
        Assert.True(over, "an incident is open still");
        Assert.All(loop.Incidents.Values.Where(incident => !incident.Playbook.IsEveryday), incident => Assert.Equal(IncidentEnd.AllClear, incident.End));
        Assert.Equal(loop.Commands.Count, loop.Commands.Select(command => (command.CommandId, command.Attempt)).Distinct().Count());
        if (loop.Incidents.Values.All(incident => incident.State == IncidentState.Closed))
        {
            Assert.Equal(0, loop.Held);
        }
    }
}
