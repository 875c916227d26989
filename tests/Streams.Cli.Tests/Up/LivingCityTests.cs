using System.Collections.Immutable;
using Streams.Cli.Commands;
using Streams.Cli.Up;
using Streams.Domain.Cities;
using Streams.Node.Configuration;
using Streams.Simulator.Living;
using Streams.Simulator.Obeying;
using Streams.Simulator.Tests;
using Streams.Tests;

namespace Streams.Cli.Tests.Up;

public sealed class LivingCityTests : IDisposable
{
    private static readonly Lazy<City> s_dijon = new(() =>
    {
        (ClusterConfiguration? configuration, _) = ClusterConfiguration.Load(Path.Combine(RecordedData.RepositoryRoot, "cluster-config"), new Dictionary<string, string>());
        City dijon = CityOptions.Find(configuration!, "dijon");
        return dijon with { Devices = [.. dijon.Devices.Where((_, index) => index % 100 == 0)] };
    });

    private readonly string _folder = TemporaryFolder.Create("streams-living-");
    private readonly LeapingTime _time = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private LivingCity New(CityWishes wishes) => new(s_dijon.Value, wishes, _folder, _time);

    private long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Runs until so much real time has passed.</summary>
    private async Task<InMemoryLogWriter> RunAsync(LivingCity city, TimeSpan until)
    {
        var log = new InMemoryLogWriter();
        using var stop = new CancellationTokenSource();
        await city.RunAsync(log, "city.readings", 8, null, new StopAfter(until, stop), stop.Token);
        return log;
    }

    [Fact]
    public async Task A_new_city_tells_its_last_hour_and_then_the_present()
    {
        using LivingCity city = New(new CityWishes());
        Assert.Equal(Now - 3_600_000, city.NowInMs, 1000.0);

        InMemoryLogWriter log = await RunAsync(city, TimeSpan.FromMinutes(2));

        Assert.InRange(city.NowInMs, Now - 5_000, Now + 60_000);
        Assert.True(log.Records.Count > s_dijon.Value.Devices.Count(device => device.Interval > TimeSpan.Zero));
        Assert.Empty(s_dijon.Value.Devices.Where(device => device.Interval > TimeSpan.Zero).Select(device => device.Id).Except(log.Records.Select(record => record.Key)));
    }

    [Fact]
    public async Task A_city_that_was_there_before_goes_on_at_the_present_with_its_seed_and_scenarios()
    {
        using (LivingCity first = New(new CityWishes(Seed: 7, Scenarios: ["flood"])))
        {
            await RunAsync(first, TimeSpan.FromSeconds(30));
            Assert.NotNull(first.Start(first.City.Scenarios.Single(scenario => scenario.Name == "gas-leak"), null));
        }

        using LivingCity second = New(new CityWishes(Scenarios: ["flood"]));

        Assert.Equal(7UL, second.Seed);
        Assert.Equal(Now, second.NowInMs, 1000.0);
        Assert.Equal(["gas-leak-1", "flood-1"], second.Runs.Select(run => run.Id));
        Assert.Equal(ScenarioRunState.Running, second.Runs[1].StateAt(second.NowInMs));
    }

    [Fact]
    public void What_its_systems_did_is_remembered_and_fades_what_it_is_a_response_to()
    {
        Deed Done(string id, string system, string action) => new(id, system, action, "dijon/dijon/port-du-canal", [], ImmutableSortedDictionary<string, string>.Empty, Now, 0, [], null);
        using (LivingCity first = New(new CityWishes(Seed: 7, Scenarios: ["flood"])))
        {
            first.Act(Done("a", "water", "raise-pumps"));
            first.Act(Done("b", "traffic-control", "reroute"));
            first.Act(Done("c", "traffic-control", "close-road"));
        }

        using LivingCity second = New(new CityWishes());

        Assert.Equal(["a", "c"], second.Runs.Single().Reliefs.Select(relief => relief.CommandId));
        Assert.Equal("b", Assert.Single(SimulationFile.Read(_folder)!.Deeds).CommandId);
        second.Act(Done("b", "traffic-control", "reroute"));
        Assert.Single(SimulationFile.Read(_folder)!.Deeds);
    }

    [Fact]
    public async Task Above_speed_one_it_begins_in_the_past_goes_on_where_it_was_and_never_runs_ahead()
    {
        long began = Now;
        using (LivingCity first = New(new CityWishes(Speed: 60)))
        {
            Assert.Equal(began - 86_400_000, first.NowInMs, 1000.0);
            await RunAsync(first, TimeSpan.FromMinutes(2));
            Assert.InRange(first.NowInMs, began - 86_400_000 + (100 * 60_000), began - 86_400_000 + (140 * 60_000));
        }

        using LivingCity second = New(new CityWishes(Speed: 1000));
        Assert.InRange(second.NowInMs, began - 86_400_000 + (100 * 60_000), began - 86_400_000 + (140 * 60_000));
        await RunAsync(second, TimeSpan.FromMinutes(3));
        Assert.InRange(second.NowInMs, Now - 5_000, Now + 60_000);

        using LivingCity third = new(s_dijon.Value, new CityWishes(Speed: 10, During: TimeSpan.FromMinutes(6)), null, _time);
        Assert.Equal(Now - 3_600_000, third.NowInMs, 1000.0);
    }

    [Fact]
    public void Another_city_or_seed_begins_anew_and_a_damaged_memory_is_said_plainly()
    {
        SimulationFile.Write(_folder, new SimulationState("dijon", 7, Now, [new ScenarioRun("flood-1", "flood", "dijon", Now - 60_000, Now + 60_000), new ScenarioRun("gone-1", "gone", "dijon", 0, Now)]));
        using (LivingCity same = New(new CityWishes()))
        {
            Assert.Equal(["flood-1"], same.Runs.Select(run => run.Id));
        }

        using (LivingCity other = New(new CityWishes(Seed: 8)))
        {
            Assert.Empty(other.Runs);
        }

        File.WriteAllText(Path.Combine(_folder, SimulationFile.Name), "{\"city\":\"dij");
        Assert.Contains("Delete it to begin a new one", Assert.Throws<InvalidDataException>(() => New(new CityWishes())).Message, StringComparison.Ordinal);
        File.Delete(Path.Combine(_folder, SimulationFile.Name));
        Assert.Contains("has no scenario deluge. It has: accident", Assert.Throws<CommandFailedException>(() => New(new CityWishes(Scenarios: ["deluge"]))).Message, StringComparison.Ordinal);
    }

    private sealed class StopAfter(TimeSpan limit, CancellationTokenSource stop) : IProgress<Streams.Simulator.Replay.ReplayProgress>
    {
        public void Report(Streams.Simulator.Replay.ReplayProgress value)
        {
            if (value.Elapsed >= limit)
            {
                stop.Cancel();
            }
        }
    }
}
