using System.Diagnostics;
using Streams.Domain.Cities;
using Streams.Node.Configuration;
using Streams.Simulator.Living;

namespace Streams.Benchmarks.Simulation;

/// <summary>What a simulated city costs: its beginning, its memory, and the readings that one thread makes in a second.</summary>
internal static class SimulationCommand
{
    public static int Run(Options options)
    {
        string name = options.Text("city", "dijon");
        int readings = options.Whole("readings", 3_000_000, 1_000, 1_000_000_000);
        double rate = options.Number("rate", 0, 0, 10_000_000);
        string folder = options.Text("config", Path.Combine(AppContext.BaseDirectory, "../../../../../cluster-config"));
        string? json = options.MaybeText("json");
        options.Finish();
        (ClusterConfiguration? configuration, IReadOnlyList<ConfigurationFault> faults) = ClusterConfiguration.Load(folder, new Dictionary<string, string>());
        Domain.Cities.City city = configuration?.Cities.FirstOrDefault(each => each.Name == name)?.City
            ?? throw new UsageException($"{folder} describes no city {name}. {string.Join(' ', faults.Take(3))}");

        long memory = GC.GetTotalMemory(forceFullCollection: true);
        long began = Stopwatch.GetTimestamp();
        using var simulated = new SimulatedCity(city, new SimulationPlan(1, DateTimeOffset.UtcNow.AddDays(-60).ToUnixTimeMilliseconds()) { Rate = rate > 0 ? rate : null }, new ScenarioRuns(city, []));
        simulated.Next();
        TimeSpan beginning = Stopwatch.GetElapsedTime(began);

        long from = simulated.TimeInMs, bytes = 0;
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        began = Stopwatch.GetTimestamp();
        for (int i = 0; i < readings; i++)
        {
            simulated.Next();
            bytes += simulated.Body(0).Length;
        }

        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        FigureList figures = new($"A simulated {city.Title}: {simulated.DeviceCount:#,0} devices");
        figures.Add("beginning", beginning.TotalMilliseconds, "ms");
        figures.Add("memory after the readings, the city's own description not counted", (GC.GetTotalMemory(forceFullCollection: true) - memory) / 1e6, "MB");
        figures.Add("natural readings a second", simulated.ReadingsPerSecond, "/s");
        figures.Add("readings made a second", readings / seconds, "/s");
        figures.Add("times real time", (simulated.TimeInMs - from) / 1000.0 / seconds, "");
        figures.Add("mean reading", (double)bytes / readings, "bytes");
        figures.Add("allocated a reading", (double)allocated / readings, "bytes");
        GC.KeepAlive(city);
        return figures.Finish(json);
    }
}
