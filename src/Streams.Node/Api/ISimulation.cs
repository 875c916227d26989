using System.Collections.Immutable;
using Streams.Domain.Cities;

namespace Streams.Node.Api;

/// <summary>A simulated city, as the API starts scenarios in it. All members may be called from any thread; times are the simulation's event time.</summary>
public interface ISimulation
{
    City City { get; }

    ulong Seed { get; }

    /// <summary>Event time that passes in a second of real time, until it has reached the present.</summary>
    double Speed { get; }

    long NowInMs { get; }

    /// <summary>Newest first.</summary>
    ImmutableArray<ScenarioRun> Runs { get; }

    /// <param name="area">Null: where the scenario happens by itself.</param>
    /// <returns>Null where as many run as may.</returns>
    /// <exception cref="ArgumentException">The city has no such area.</exception>
    ScenarioRun? Start(Scenario scenario, string? area);

    /// <summary>Lets the run's effects die down; null where there is no such run.</summary>
    ScenarioRun? Stop(string id);
}
