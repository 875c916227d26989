using System.Text;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Cities;
using Streams.Domain.Devices;
using Streams.Simulator.Living;

namespace Streams.Node.Tests.Simulation;

/// <summary>Dijon as it is shipped, with one street light in so many, lived through devices, areas and alert rules.</summary>
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
    /// <param name="rate">Readings a second; null for the natural ones.</param>
    public static (PlayedDijon City, long StartedAtInMs) Play(string? scenario, DateTimeOffset from, TimeSpan lasts, int oneLightIn = 40, double? rate = null, Imperfections? imperfections = null)
    {
        int lights = 0;
        City city = City with { Devices = [.. City.Devices.Where(device => device.Type != "street_light" || lights++ % oneLightIn == 0)] };
        var runs = new ScenarioRuns(city, []);
        long start = from.ToUnixTimeMilliseconds() + (long)Before.TotalMilliseconds;
        if (scenario is not null)
        {
            runs.Start(runs.Find(scenario)!, null, start);
        }

        var plan = new SimulationPlan(20261122, from.ToUnixTimeMilliseconds()) { Rate = rate, Imperfections = imperfections ?? new Imperfections() };
        using var simulated = new SimulatedCity(city, plan, runs);
        var played = new PlayedDijon();
        long end = start + (long)lasts.TotalMilliseconds;
        while (simulated.Next() && simulated.DueInMs < end)
        {
            played.Read(Encoding.UTF8.GetString(simulated.Key), simulated.DueInMs, simulated.Body(0));
        }

        return (played, start);
    }

    /// <summary>The gravest that an alert was in any of its states.</summary>
    public AlertSeverity Worst(string alert) => Alerts.Where(state => state.Id == alert).Max(state => state.Severity);

    /// <summary>What was said, for whoever reads a failed test.</summary>
    public string Told(long startedAtInMs) => string.Join('\n', Stories.Select(story =>
        $"{(story.First.SentInMs - startedAtInMs) / 60_000.0,8:0.0} min {story.First.Rule,-24} {Worst(story.Last.Id),-9} {story.First.Area,-28} {story.Last.State}: {story.First.Texts[0].Headline}"));
}
