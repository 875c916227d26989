using System.Buffers;
using System.Text.Json;
using Streams.Domain.Alerts;
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

    /// <summary>A catastrophe: more fires at once than there are engines for in a day, of every severity, each over once engines have been there.</summary>
    [Fact]
    public void Of_a_thousand_incidents_at_once_none_has_a_unit_that_a_graver_one_waits_for()
    {
        City city = SimulatedPlayback.Find("dijon");
        CityArea[] blocks =
        [
            .. city.Areas.Where(area => area.Id.Count(each => each == '/') == 2).SelectMany(quarter => Enumerable.Range(0, 100).Select(
                block => quarter with { Residents = 0, Description = quarter.Description with { Id = $"{quarter.Id}/block-{block}" } })).Take(1000),
        ];
        using SimulatedPlayback playback = new(city with { Areas = [.. city.Areas, .. blocks], Devices = [city.Devices[0]] }, 20_261_122, Start);
        ClosedLoop loop = new(playback, Start);
        Random random = new(7);
        foreach (CityArea block in blocks)
        {
            loop.Say(new IncidentAlert(
                block.Id + ".building-fire", block.Id, "building-fire", (AlertSeverity)random.Next((int)AlertSeverity.Moderate, (int)AlertSeverity.Extreme + 1), AlertState.Active,
                Start.AddSeconds(random.Next(60)).ToUnixTimeMilliseconds(), 1, "Fire", null));
        }

        int step = 0;
        int waiting = 0;
        HashSet<string> served = [];
        loop.Until(
            () =>
            {
                if (step++ % 6 == 0)
                {
                    waiting = Math.Max(waiting, loop.Dispatchers.Sum(Inversions));
                }

                foreach (Incident incident in loop.Incidents.Values.Where(incident => incident.State == IncidentState.Open && incident.StepsIn(StepState.Done).Contains("engine") && served.Add(incident.Id)))
                {
                    incident.Alerts.ToList().ForEach(alert => loop.Say(alert with { State = AlertState.Cleared, Revision = 2 }));
                }

                return false;
            },
            TimeSpan.FromHours(3));
        Assert.Equal(1000, loop.Incidents.Count);
        Assert.True(waiting > 500, $"{waiting} waited at once");
        Assert.NotEmpty(served);
        Assert.All(served, id => Assert.Equal(AlertSeverity.Extreme, loop.Incidents[id].Severity));
        output.WriteLine($"{served.Count} fires had their engines within three hours; {waiting} requests waited at once; {loop.Commands.Count} commands");

        foreach (IncidentAlert alert in loop.Incidents.Values.Where(incident => incident.State == IncidentState.Open).SelectMany(incident => incident.Alerts))
        {
            loop.Say(alert with { State = AlertState.Cleared, Revision = 3 });
        }

        Assert.True(loop.Until(() => loop.Incidents.Values.All(incident => incident.State == IncidentState.Closed) && loop.Held == 0, TimeSpan.FromHours(6)), "an incident is open still, or something is held");
        Assert.Equal(loop.Commands.Count, loop.Commands.Select(command => (command.CommandId, command.Attempt)).Distinct().Count());
    }

    /// <summary>Fails where a request waits for a unit that is free, or that does the same for something less urgent.</summary>
    /// <returns>Requests that wait.</returns>
    private static int Inversions(Dispatcher dispatcher)
    {
        ArrayBufferWriter<byte> body = new();
        dispatcher.WriteJson(body);
        using JsonDocument json = JsonDocument.Parse(body.WrittenMemory);
        Dictionary<string, int> priorities = json.RootElement.GetProperty("holdings").EnumerateArray()
            .ToDictionary(holding => holding.GetProperty("commandId").GetString()!, holding => holding.GetProperty("priority").GetInt32());
        List<(string Id, string State, int Priority, string[] Does)> units = [];
        foreach (JsonElement unit in json.RootElement.GetProperty("units").EnumerateArray())
        {
            int priority = unit.GetProperty("commandId").GetString() is { } command ? priorities[command] : 0;
            units.Add((unit.GetProperty("id").GetString()!, unit.GetProperty("state").GetString()!, priority, [.. unit.GetProperty("does").EnumerateArray().Select(each => each.GetString()!)]));
        }

        int waiting = 0;
        foreach (JsonElement request in json.RootElement.GetProperty("queue").EnumerateArray())
        {
            waiting++;
            (string action, int priority) = (request.GetProperty("action").GetString()!, request.GetProperty("priority").GetInt32());
            foreach ((string id, string state, int held, string[] does) in units)
            {
                Assert.False(does.Contains(action) && (state == "free" || (state is "doing" or "standing" && held < priority)), $"{request} waits, and {id} is {state} for one of priority {held}");
            }
        }

        return waiting;
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
