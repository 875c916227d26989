using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Streams.Benchmarks.Broker;
using Streams.Benchmarks.Latency;
using Streams.Node;
using Streams.Node.Configuration;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Storage;
using Streams.Tests;

namespace Streams.Benchmarks.Http;

/// <summary>
/// How long every kind of read takes while readings flow: requests leave at a steady rate, each kind in turn, whether or not the ones before
/// have been answered, and are timed from when they were to leave. Producer, node and asker share a process; the broker has its own.
/// </summary>
internal static class HttpCommand
{
    private const string Readings = "http.readings";
    private const int DevicesPerArea = 100;
    private const int Partitions = 32;

    /// <summary>Devices with a past; their area's is theirs together.</summary>
    private const int Remembered = 50;
    private const int PastInMinutes = 12 * 60;
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private static readonly (string Name, string Path)[] Kinds =
    [
        ("devices, first page", "/api/v1/devices"),
        ("devices, 1000 a page", "/api/v1/devices?limit=1000"),
        ("devices of an area", "/api/v1/devices?area=bench/d0007"),
        ("devices of a type", "/api/v1/devices?type=bench_sensor"),
        ("devices, anomalous", "/api/v1/devices?state=anomalous"),
        ("devices, silent (there are none)", "/api/v1/devices?state=silent"),
        ("a device", "/api/v1/devices/bench-air-000123"),
        ("a device's minutes, newest day", "/api/v1/devices/bench-air-000007/aggregates?window=PT1M"),
        ("a device's quarters", "/api/v1/devices/bench-air-000008/aggregates?window=PT15M"),
        ("a device's hours", "/api/v1/devices/bench-air-000009/aggregates?window=PT1H"),
        ("a device's days", "/api/v1/devices/bench-air-000009/aggregates?window=P1D"),
        ("a device's windows of long ago", "/api/v1/devices/bench-air-000010/aggregates?from=1990-01-01T00:00:00Z&to=2000-01-01T00:00:00Z"),
        ("a device's windows, 1000 a page", "/api/v1/devices/bench-air-000011/aggregates?from=2000-01-01T00:00:00Z&limit=1000"),
        ("areas", "/api/v1/areas"),
        ("areas, 1000 a page", "/api/v1/areas?limit=1000"),
        ("an area", "/api/v1/areas/bench/d0000"),
        ("the city", "/api/v1/areas/bench"),
        ("an area's minutes", "/api/v1/areas/bench/d0000/aggregates?window=PT1M"),
        ("an area's quarters", "/api/v1/areas/bench/d0000/aggregates?window=PT15M"),
        ("an area's hours", "/api/v1/areas/bench/d0000/aggregates?window=PT1H"),
        ("an area's days", "/api/v1/areas/bench/d0000/aggregates?window=P1D"),
        ("alerts", "/api/v1/alerts"),
        ("alerts, active", "/api/v1/alerts?state=active"),
        ("alerts of an area", "/api/v1/alerts?area=bench/d0001"),
        ("anomalies", "/api/v1/anomalies"),
        ("anomalies, raised", "/api/v1/anomalies?state=raised"),
        ("anomalies of an area", "/api/v1/anomalies?area=bench/d0003"),
        ("anomalies of a device", "/api/v1/anomalies?device=bench-air-000003"),
        ("dead letters", "/api/v1/dead-letters"),
        ("dead letters by reason", "/api/v1/dead-letters?reason=unknown_metric"),
        ("cluster", "/api/v1/cluster"),
        ("metrics", "/metrics"),
        ("health", "/health/ready"),
    ];

    public static async Task<int> RunAsync(Options options)
    {
        int devices = options.Whole("devices", 40_000, 1_000, 1_000_000);
        int rate = options.Whole("rate", 300, 1, 100_000);
        int requests = options.Whole("requests", 100, 1, 10_000);
        int seconds = options.Whole("seconds", 60, 1, 3600);
        string kind = options.Choice("store", "sqlite", "sqlite", "postgres");
        string? json = options.MaybeText("json");
        options.Finish();

        using PostgresServer? postgres = kind == "postgres" ? PostgresServer.StartDurable() ?? throw new UsageException("PostgreSQL is not installed here.") : null;
        string? database = postgres?.CreateDatabase();
        using BrokerProcess broker = new();
        TopicSettings topics = BenchCity.Topics("http.", Readings, Partitions);
        broker.CreateTopics(topics.All);
        DirectoryInfo folder = Directory.CreateTempSubdirectory("streams-bench-");
        try
        {
            using (IStore store = database is null ? new SqliteStore(Path.Combine(folder.FullName, "streams.db")) : new PostgresStore(database))
            {
                StockedStore.Fill(store, topics, devices, DevicesPerArea);
            }

            using ILoggerFactory loggers = Logging.ToStandardError();
            NodeStart start = new(BenchCity.Configuration(broker.BootstrapServers, topics, 1000 * devices / rate, database), folder.FullName, Embedded: false);
            await using NodeHost node = await NodeHost.StartAsync(start, loggers);
            using KafkaLog log = new(new KafkaLogOptions { BootstrapServers = broker.BootstrapServers, SessionTimeout = TimeSpan.FromSeconds(4) });
            SteadyCity city = new(log, Readings, devices, DevicesPerArea, rate, crossingsPerSecond: 1);
            city.Remember(Remembered, PastInMinutes);
            city.Register();
            await AppliedAsync(node, devices + ((long)Remembered * PastInMinutes));

            using HttpClient client = new() { BaseAddress = node.Address, Timeout = TimeSpan.FromSeconds(30) };
            Task flowing = Task.Run(() => city.Speak(seconds + SteadyCity.WarmUpInSeconds));
            await AskAsync(client, requests, SteadyCity.WarmUpInSeconds);
            ConcurrentDictionary<string, ConcurrentBag<double>> took = await AskAsync(client, requests, seconds);
            await flowing;
            FigureList figures = new($"http: {requests} requests/s for {seconds} s on {devices:N0} devices, {rate} readings/s, {kind}: ms, p50 / p95 / p99 / max");
            foreach ((string name, _) in Kinds)
            {
                double[] sorted = [.. took[name].Order()];
                figures.Add($"{name} ({sorted.Length}): p50", At(0.5), "ms");
                figures.Add($"{name}: p95", At(0.95), "ms");
                figures.Add($"{name}: p99", At(0.99), "ms");
                figures.Add($"{name}: max", sorted[^1], "ms");

                double At(double share) => sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];
            }

            double[] all = [.. took.Values.SelectMany(each => each).Order()];
            figures.Add("all: p99", all[(int)(all.Length * 0.99)], "ms");
            return figures.Finish(json);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task AppliedAsync(NodeHost node, long readings)
    {
        long started = Stopwatch.GetTimestamp();
        while (node.View.Figures().Applied.GetValueOrDefault("device") < readings)
        {
            if (Stopwatch.GetElapsedTime(started) > StartLimit)
            {
                throw new InvalidOperationException("The devices did not become known. A node that is starved of processor time loses its shards, and counts anew: measure on a quiet machine.");
            }

            await Task.Delay(50);
        }

        // What was closed last is on its way to the areas and the store.
        await Task.Delay(5_000);
    }

    private static async Task<ConcurrentDictionary<string, ConcurrentBag<double>>> AskAsync(HttpClient client, int perSecond, int seconds)
    {
        ConcurrentDictionary<string, ConcurrentBag<double>> took = new();
        List<Task> asked = [];
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < perSecond * seconds; i++)
        {
            TimeSpan due = TimeSpan.FromSeconds((double)i / perSecond);
            while (Stopwatch.GetElapsedTime(started) is var now && now < due)
            {
                await Task.Delay(due - now);
            }

            (string name, string path) = Kinds[i % Kinds.Length];
            asked.Add(Task.Run(async () =>
            {
                try
                {
                    using HttpResponseMessage answer = await client.GetAsync(path);
                    await answer.Content.ReadAsByteArrayAsync();
                    if (!answer.IsSuccessStatusCode)
                    {
                        throw new InvalidOperationException($"{path} answered {(int)answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
                    }
                }
                catch (TaskCanceledException)
                {
                    throw new InvalidOperationException($"{path}, asked {due.TotalSeconds:0.00} s after the start, was not answered in {client.Timeout.TotalSeconds} s.");
                }

                took.GetOrAdd(name, _ => []).Add((Stopwatch.GetElapsedTime(started) - due).TotalMilliseconds);
            }));
        }

        await Task.WhenAll(asked);
        return took;
    }
}
