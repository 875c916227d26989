using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Streams.Domain.Cities;
using Streams.Domain.Dispatch;
using Streams.Node.Api;
using Streams.Node.Configuration;
using Streams.Runtime.Log;
using Streams.Simulator.Living;
using Streams.Simulator.Obeying;
using Streams.Simulator.Replay;

namespace Streams.Cli.Up;

/// <summary>How a city is to be simulated, as the command line has it.</summary>
/// <param name="Speed">1 or more.</param>
/// <param name="Seed">Null: that of before, else <see cref="LivingCity.UsualSeed"/>.</param>
/// <param name="Rate">Readings a second; null for the natural ones.</param>
/// <param name="Scenarios">Names of scenarios to start at the beginning.</param>
/// <param name="During">How long it is to run; null without end.</param>
/// <param name="Obeys">Whether the city's systems obey commands.</param>
internal sealed record CityWishes(double Speed = 1, ulong? Seed = null, double? Rate = null, IReadOnlyList<string>? Scenarios = null, TimeSpan? During = null, bool Obeys = true);

/// <summary>
/// A simulated city from start to stop: when it begins, how fast its time passes, which scenarios run in it, and what it has to remember.
/// </summary>
/// <remarks>
/// At speed 1 its time is the present. A new one first tells of its last hour, as fast as it is taken: the last quarter of an hour, and of those that
/// speak more seldom their last reading. One that was there before goes on at the present. Above speed 1 it begins so far in the past that it does not run into the future: what it will run through
/// with --for, else a day; one that was there before goes on where it was. When it has caught up it goes on in real time.
/// </remarks>
internal sealed class LivingCity : ISimulation, ICityLife, IDisposable
{
    /// <summary>Any number does; a fixed one makes every city tell the same story.</summary>
    public const ulong UsualSeed = 20261122;

    private static readonly TimeSpan FirstPast = TimeSpan.FromHours(1);
    private static readonly TimeSpan UsualPast = TimeSpan.FromDays(1);
    private static readonly TimeSpan LongestPast = TimeSpan.FromDays(60);
    private static readonly TimeSpan SaveEvery = TimeSpan.FromSeconds(10);

    private readonly SimulatedCity _simulated;
    private readonly ScenarioRuns _runs;
    private readonly string? _folder;
    private readonly TimeProvider _time;
    private readonly Lock _saving = new();
    private readonly bool _obeys;
    private readonly SystemsMemory? _systems;

    /// <param name="folder">Where it remembers itself; null for nowhere.</param>
    /// <exception cref="CommandFailedException">A scenario that the city does not have, or a device that can't be simulated.</exception>
    /// <exception cref="InvalidDataException">What it remembers is damaged.</exception>
    public LivingCity(City city, CityWishes wishes, string? folder, TimeProvider time)
    {
        (City, Speed, _folder, _time, _obeys) = (city, wishes.Speed, folder, time, wishes.Obeys);
        SimulationState? before = folder is null ? null : SimulationFile.Read(folder);
        bool goesOn = before is not null && before.City == city.Name && (wishes.Seed is null || wishes.Seed == before.Seed);
        Seed = wishes.Seed ?? (goesOn ? before!.Seed : UsualSeed);
        _runs = new ScenarioRuns(city, goesOn ? before!.Runs : [], goesOn ? before!.Deeds : []);
        _systems = folder is not null && goesOn && SystemsMemoryFile.Read(folder) is { } memory && memory.City == city.Name && memory.Seed == Seed ? memory : null;
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        long from = BeginsAt(now, wishes, goesOn ? before!.TimeInMs : null);
        foreach (string name in wishes.Scenarios ?? [])
        {
            Begin(name, Speed > 1 ? from + (long)FirstPast.TotalMilliseconds : now);
        }

        try
        {
            _simulated = new SimulatedCity(city, new SimulationPlan(Seed, from) { Rate = wishes.Rate, PresentInMs = Speed > 1 ? null : now }, _runs);
        }
        catch (ArgumentException fault)
        {
            throw new CommandFailedException(ExitStatus.Failed, $"{city.Title} can not be simulated: {fault.Message}");
        }
    }

    public City City { get; }

    public ulong Seed { get; }

    public double Speed { get; }

    public long NowInMs => _simulated.NowInMs;

    public ImmutableArray<ScenarioRun> Runs => _runs.All;

    public ScenarioRun? Start(Scenario scenario, string? area)
    {
        ScenarioRun? run = _runs.Start(scenario, area, NowInMs + 1);
        Save();
        return run;
    }

    public ScenarioRun? Stop(string id)
    {
        ScenarioRun? run = _runs.Stop(id, NowInMs + 1);
        Save();
        return run;
    }

    public void Act(Deed deed)
    {
        _runs.Act(deed with { TimeInMs = NowInMs + 1 });
        TrySave();
    }

    /// <summary>Obeys commands until <paramref name="stop"/> is cancelled; while Kafka is away it tries again and again. Ends at once where the city is not to obey, or has no systems.</summary>
    /// <param name="isOwnLog">The log began with this process, or is this process's alone: nothing in it is older than the city.</param>
    public Task ObeyAsync(ILog log, ClusterConfiguration configuration, bool isOwnLog, ILogger logger, CancellationToken stop)
    {
        if (!_obeys || configuration.Systems.IsEmpty)
        {
            return Task.CompletedTask;
        }

        SystemsPlan plan = new(configuration.Topics[TopicSettings.Commands].Name, configuration.Topics[TopicSettings.CommandResults].Name, isOwnLog) { Folder = _folder };
        return new ObeyingSystems(log, plan, City, configuration.Systems, Seed, this, _systems, _time, logger).RunAsync(stop);
    }

    /// <summary>Sends its readings until <paramref name="stop"/> is cancelled.</summary>
    /// <exception cref="LogFailedException">Kafka does not take readings any more.</exception>
    /// <exception cref="TimeoutException">The node stopped consuming, or Kafka acknowledging.</exception>
    public async Task<ReplayResult> RunAsync(ILogWriter writer, string topic, int partitions, LagLimit? limit, IProgress<ReplayProgress>? progress, CancellationToken stop)
    {
        Save();
        var pace = new Pace { Speed = Speed > 1 ? Speed : null, NotBeforeEventTime = true };
        try
        {
            return await new Replayer(writer, topic, partitions, pace, limit, _time).RunAsync(_simulated, new Course(this, progress), stop).ConfigureAwait(false);
        }
        finally
        {
            Save();
        }
    }

    public void Dispose() => _simulated.Dispose();

    private static long BeginsAt(long now, CityWishes wishes, long? cameTo)
    {
        if (wishes.Speed <= 1)
        {
            return cameTo is null ? now - (long)FirstPast.TotalMilliseconds : now;
        }

        TimeSpan past = wishes.During is { } during ? during * wishes.Speed : UsualPast;
        long from = now - (long)(past < LongestPast ? past : LongestPast).TotalMilliseconds;
        return Math.Min(now, Math.Max(from, cameTo ?? from));
    }

    private void Begin(string name, long atInMs)
    {
        Scenario scenario = _runs.Find(name)
            ?? throw new CommandFailedException(ExitStatus.NotFound, $"{City.Title} has no scenario {name}. It has: {string.Join(", ", City.Scenarios.Select(each => each.Name).DefaultIfEmpty("none"))}.");

        // One that still runs from before goes on.
        if (!_runs.All.Any(run => run.Scenario == name && run.StateAt(atInMs) != ScenarioRunState.Ended))
        {
            _runs.Start(scenario, null, atInMs);
        }
    }

    private void TrySave()
    {
        try
        {
            Save();
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // What is remembered is some seconds old then; the next time may be better, and what matters is said when a scenario starts.
        }
    }

    private void Save()
    {
        if (_folder is null)
        {
            return;
        }

        lock (_saving)
        {
            SimulationFile.Write(_folder, new SimulationState(City.Name, Seed, NowInMs, [.. Runs]) { Deeds = [.. _runs.Deeds] });
        }
    }

    /// <summary>Sees how far the city is, some times a second, and writes it down now and then.</summary>
    private sealed class Course(LivingCity city, IProgress<ReplayProgress>? next) : IProgress<ReplayProgress>
    {
        private TimeSpan _savedAt;

        public void Report(ReplayProgress value)
        {
            if (value.Elapsed - _savedAt >= SaveEvery)
            {
                _savedAt = value.Elapsed;
                city.TrySave();
            }

            next?.Report(value);
        }
    }
}
