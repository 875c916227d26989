using System.Collections.Immutable;
using Streams.Domain.Areas;
using Streams.Domain.Cities;
using Streams.Simulator.Obeying;

namespace Streams.Simulator.Living;

/// <summary>The scenarios that were started in a city, and what was done about them. Thread-safe.</summary>
public sealed class ScenarioRuns
{
    /// <summary>Running or dying down at once.</summary>
    public const int MostRunning = 16;

    /// <summary>Ended ones are kept, for the list and because rivers remember; the oldest go first.</summary>
    private const int MostKept = 100;

    /// <summary>Of one run. What is done beyond changes nothing.</summary>
    private const int MostReliefs = 200;

    private readonly City _city;
    private readonly Lock _gate = new();
    private volatile Snapshot _now;

    /// <param name="runs">Of before; those of scenarios that the city no longer has are left out.</param>
    /// <param name="deeds">What stood before, the oldest first.</param>
    public ScenarioRuns(City city, IEnumerable<ScenarioRun> runs, IEnumerable<Deed>? deeds = null)
    {
        _city = city;
        _now = new Snapshot([.. runs.Where(run => Find(run.Scenario) is not null)], [.. (deeds ?? []).Where(StandingDeeds.IsKept).TakeLast(StandingDeeds.MostKept)]);
    }

    /// <summary>Newest first.</summary>
    public ImmutableArray<ScenarioRun> All => _now.Runs;

    /// <summary>What city systems did that shows by itself and was not taken back, the oldest first.</summary>
    public ImmutableArray<Deed> Deeds => _now.Deeds;

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

            _now = _now with { Runs = runs.Insert(0, started) };
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

            ScenarioRun stopped = run with { StoppedAtInMs = timeInMs };
            stopped = stopped with { EndsAtInMs = EndOf(stopped, scenario) };
            _now = _now with { Runs = runs.Replace(run, stopped) };
            return stopped;
        }
    }

    /// <summary>Lets what a city system has done show: runs that it is a response to fade, what shows by itself shows until it is taken back. Told twice, it counts once.</summary>
    /// <returns>The runs that it changed, as they are now.</returns>
    public ImmutableArray<ScenarioRun> Act(Deed deed)
    {
        lock (_gate)
        {
            Snapshot before = _now;
            ImmutableArray<ScenarioRun> runs = before.Runs;
            ImmutableArray<ScenarioRun>.Builder changed = ImmutableArray.CreateBuilder<ScenarioRun>();
            foreach (ScenarioRun run in before.Runs)
            {
                if (run.StateAt(deed.TimeInMs) != ScenarioRunState.Ended && Find(run.Scenario) is { } scenario && Relieved(run, scenario, deed) is { } relieved)
                {
                    runs = runs.Replace(run, relieved);
                    changed.Add(relieved);
                }
            }

            ImmutableArray<Deed> deeds = StandingDeeds.After(before.Deeds, deed);
            if (changed.Count > 0 || deeds != before.Deeds)
            {
                _now = new Snapshot(runs, deeds);
            }

            return changed.ToImmutable();
        }
    }

    /// <summary>Changes whenever a run starts or stops or something is done that shows, and only then.</summary>
    internal object Version => _now;

    /// <summary>Null where the deed changes nothing of the run.</summary>
    private static ScenarioRun? Relieved(ScenarioRun run, Scenario scenario, Deed deed)
    {
        ImmutableArray<ScenarioRelief> reliefs = run.Reliefs;
        if (reliefs.Any(each => each.CommandId == deed.CommandId))
        {
            return null;
        }

        bool named = deed.Compensates is not null && reliefs.Any(each => each.CommandId == deed.Compensates);
        foreach (ScenarioRelief each in run.Reliefs)
        {
            if (each.UndoneAtInMs is null && Deed.IsMeant(deed, named, each.CommandId, each.System, each.Action, each.Area))
            {
                reliefs = reliefs.Replace(each, each with { UndoneAtInMs = deed.TimeInMs });
            }
        }

        bool isNear = AreaPath.IsWithin(deed.Area, run.Area) || AreaPath.IsWithin(run.Area, deed.Area);
        foreach (ScenarioResponse response in isNear ? scenario.Response : [])
        {
            if (response.System != deed.System || response.Action != deed.Action)
            {
                continue;
            }

            // A road that is closed is not more closed by another command; another engine is another engine, until there are enough.
            double before = reliefs.Where(each => each.UndoneAtInMs is null && each.System == deed.System && each.Action == deed.Action && each.Of.SequenceEqual(response.Of)).Sum(each => each.Share);
            double share = deed.Units > 0 ? Math.Min(1 - before, response.Share * deed.Units) : before > 0 ? 0 : response.Share;
            if (share > 0 && reliefs.Length < MostReliefs)
            {
                reliefs = reliefs.Add(new ScenarioRelief(
                    deed.CommandId, deed.System, deed.Action, deed.Area, deed.TimeInMs + (long)response.After.TotalMilliseconds, (long)response.Fades.TotalMilliseconds, share, response.Of));
            }
        }

        if (reliefs == run.Reliefs)
        {
            return null;
        }

        ScenarioRun relieved = run with { Reliefs = reliefs };
        return relieved with { EndsAtInMs = Math.Max(deed.TimeInMs, EndOf(relieved, scenario)) };
    }

    /// <summary>By itself, by a stop, or by what was done: when the last of its effects is over.</summary>
    private static long EndOf(ScenarioRun run, Scenario scenario)
    {
        long ends = run.StartedAtInMs + (long)scenario.Lasts.TotalMilliseconds;
        if (run.StoppedAtInMs is { } stopped)
        {
            TimeSpan dies = scenario.Effects.Select(effect => effect.Fall).DefaultIfEmpty().Max();
            ends = Math.Min(ends, stopped + (long)(dies < Happening.SlowestStop ? dies : Happening.SlowestStop).TotalMilliseconds);
        }

        return run.Reliefs.IsEmpty ? ends : Math.Min(ends, scenario.Effects.Max(effect => EndOf(run, effect)));
    }

    private static long EndOf(ScenarioRun run, ScenarioEffect effect)
    {
        long ends = run.StartedAtInMs + (long)(effect.After + effect.Lasts).TotalMilliseconds;
        double left = 1;
        foreach (ScenarioRelief relief in run.Reliefs.Where(relief => relief.UndoneAtInMs is null && relief.Concerns(effect)).OrderBy(relief => relief.FullAtInMs))
        {
            left -= relief.Share;
            if (left < 1e-6)
            {
                return Math.Min(ends, relief.FullAtInMs);
            }
        }

        return ends;
    }

    private sealed record Snapshot(ImmutableArray<ScenarioRun> Runs, ImmutableArray<Deed> Deeds);
}
