using System.Collections.Immutable;
using Streams.Domain.Cities;

namespace Streams.Simulator.Living;

/// <summary>The scenarios that were started in a city. Thread-safe.</summary>
public sealed class ScenarioRuns
{
    /// <summary>Running or dying down at once.</summary>
    public const int MostRunning = 16;

    /// <summary>Ended ones are kept, for the list and because rivers remember; the oldest go first.</summary>
    private const int MostKept = 100;

    private readonly City _city;
    private readonly Lock _gate = new();
    private volatile Snapshot _now;

    /// <param name="runs">Of before; those of scenarios that the city no longer has are left out.</param>
    public ScenarioRuns(City city, IEnumerable<ScenarioRun> runs)
    {
        _city = city;
        _now = new Snapshot([.. runs.Where(run => Find(run.Scenario) is not null)]);
    }

    /// <summary>Newest first.</summary>
    public ImmutableArray<ScenarioRun> All => _now.Runs;

    public Scenario? Find(string scenario) => _city.Scenarios.FirstOrDefault(each => each.Name == scenario);

    /// <param name="area">Null: where the scenario happens by itself.</param>
    /// <returns>The run; null where <see cref="MostRunning"/> run already.</returns>
    /// <exception cref="ArgumentException">The city has no such area.</exception>
    public ScenarioRun? Start(Scenario scenario, string? area, long timeInMs)
    {
        string where = area ?? scenario.Area;
        if (!_city.Areas.Any(each => each.Id == where))
        {
            throw new ArgumentException($"{_city.Title} has no area {where}.", nameof(area));
        }

        lock (_gate)
        {
            ImmutableArray<ScenarioRun> runs = _now.Runs;
            if (runs.Count(run => run.StateAt(timeInMs) != ScenarioRunState.Ended) >= MostRunning)
            {
                return null;
            }

            int number = 1 + runs.Where(run => run.Scenario == scenario.Name).Select(run => int.Parse(run.Id[(run.Id.LastIndexOf('-') + 1)..], System.Globalization.CultureInfo.InvariantCulture)).DefaultIfEmpty(0).Max();
            ScenarioRun started = new(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{scenario.Name}-{number}"), scenario.Name, where, timeInMs, timeInMs + (long)scenario.Lasts.TotalMilliseconds);
            while (runs.Length >= MostKept && runs.LastOrDefault(run => run.StateAt(timeInMs) == ScenarioRunState.Ended) is { } oldest)
            {
                runs = runs.Remove(oldest);
            }

            _now = new Snapshot(runs.Insert(0, started));
            return started;
        }
    }

    /// <summary>Lets a run's effects die down; one that has ended stays as it is. Null where there is no such run.</summary>
    public ScenarioRun? Stop(string id, long timeInMs)
    {
        lock (_gate)
        {
            ImmutableArray<ScenarioRun> runs = _now.Runs;
            if (runs.FirstOrDefault(each => each.Id == id) is not { } run || Find(run.Scenario) is not { } scenario)
            {
                return null;
            }

            if (run.StateAt(timeInMs) != ScenarioRunState.Running)
            {
                return run;
            }

            TimeSpan dies = scenario.Effects.Select(effect => effect.Fall).DefaultIfEmpty().Max();
            dies = dies < Happening.SlowestStop ? dies : Happening.SlowestStop;
            ScenarioRun stopped = run with { StoppedAtInMs = timeInMs, EndsAtInMs = Math.Min(run.EndsAtInMs, timeInMs + (long)dies.TotalMilliseconds) };
            _now = new Snapshot(runs.Replace(run, stopped));
            return stopped;
        }
    }

    /// <summary>Changes whenever a run starts or stops, and only then.</summary>
    internal object Version => _now;

    private sealed record Snapshot(ImmutableArray<ScenarioRun> Runs);
}
