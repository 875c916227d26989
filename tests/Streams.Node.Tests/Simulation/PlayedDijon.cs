using System.Text;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Cities;
using Streams.Domain.Devices;
using Streams.Simulator.Living;

namespace Streams.Node.Tests.Simulation;

/// <summary>Dijon as it is shipped, with a part of its devices in every area, lived through devices, areas and alert rules.</summary>
internal sealed class PlayedDijon : CityPlayback
{
    /// <summary>Until everybody was heard and rules that look back have something to look at.</summary>
    public static readonly TimeSpan Before = TimeSpan.FromHours(3);

    private PlayedDijon()
        : base(new DeviceCatalog(Shipped.Value.DeviceTypes), Shipped.Value.AlertRules, TimeSpan.FromSeconds(1))
    {
    }

    public static City City { get; } = Shipped.Value.Cities.Single(city => city.Name == "dijon").City;

    /// <param name="scenario">Starts <see cref="Before"/> after the beginning; null for a quiet time.</param>
    public static (PlayedDijon City, long StartedAtInMs) Play(string? scenario, DateTimeOffset from, TimeSpan lasts)
    {
        City city = Thinned();
        var runs = new ScenarioRuns(city, []);
        long start = from.ToUnixTimeMilliseconds() + (long)Before.TotalMilliseconds;
        if (scenario is not null)
        {
            runs.Start(runs.Find(scenario)!, null, start);
        }

        var plan = new SimulationPlan(20261122, from.ToUnixTimeMilliseconds());
        using var simulated = new SimulatedCity(city, plan, runs);
        var played = new PlayedDijon();
        long end = start + (long)lasts.TotalMilliseconds;
        while (simulated.Next() && simulated.DueInMs < end)
        {
            played.Read(Encoding.UTF8.GetString(simulated.Key), simulated.DueInMs, simulated.Body(0));
        }

        return (played, start);
    }

    /// <summary>Of every type in every area one in three, of lights and meters one in forty, and at least one.</summary>
    private static City Thinned()
    {
        var met = new Dictionary<(string Type, string Area), int>();
        return City with
        {
            Devices =
            [
                .. City.Devices.Where(device =>
                {
                    int before = met.GetValueOrDefault((device.Type, device.Area));
                    met[(device.Type, device.Area)] = before + 1;
                    return before % (device.Type is "street_light" or "electricity_meter" or "water_meter" ? 40 : 3) == 0;
                }),
            ],
        };
    }

    /// <summary>The gravest that an alert was in any of its states.</summary>
    public AlertSeverity Worst(string alert) => Alerts.Where(state => state.Id == alert).Max(state => state.Severity);

    /// <summary>What was said, for whoever reads a failed test.</summary>
    public string Told(long startedAtInMs) => string.Join('\n', Stories.Select(story =>
        $"{(story.First.SentInMs - startedAtInMs) / 60_000.0,8:0.0} min {story.First.Rule,-24} {Worst(story.Last.Id),-9} {story.First.Area,-28} {story.Last.State}: {story.First.Texts[0].Headline}"));
}
