using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Streams.Benchmarks.Broker;
using Streams.Runtime.Log;
using Streams.Tests;

namespace Streams.Benchmarks.WholePath;

/// <summary>
/// From a preloaded topic: consume natively, consume with the managed client, consume and parse, and the whole path, in turn, run after
/// run, each in a fresh process beside the same broker.
/// </summary>
internal static class PathCommand
{
    private static readonly (string Name, string Title)[] Steps =
    [
        ("native", "native consume only"),
        ("managed", "managed consume only"),
        ("parse", "managed consume and parse"),
        (Whole, "the whole path"),
    ];

    public const string Whole = "whole";

    public static int Run(Options options)
    {
        int devices = options.Whole("devices", 10_000, 1, 10_000_000);
        double interval = options.Number("interval", 1, 0.001, 86_400);
        int readings = options.Whole("readings", 4_000_000, 1, 100_000_000);
        int partitions = options.Whole("partitions", 64, 1, 1000);
        int runs = options.Whole("runs", 3, 1, 100);
        int workers = options.Whole("workers", 0, 0, 64);
        double crossing = options.Number("crossing", 0.0005, 0, 1);
        string store = options.Choice("store", "sqlite", "sqlite", "postgres");
        string[] chosen = options.Text("steps", string.Join(',', Steps.Select(step => step.Name))).Split(',');
        string? json = options.MaybeText("json");
        options.Finish();

        Workload workload = Workload.EndingNow(devices, (int)(interval * 1000), readings, crossing);
        using PostgresServer? postgres = store == "postgres"
            ? PostgresServer.StartDurable() ?? throw new UsageException("PostgreSQL is not installed here (looked for initdb on the PATH and in /usr/lib/postgresql/*/bin).")
            : null;
        using BrokerProcess broker = new();
        const string Topic = "bench.readings";
        broker.CreateTopics([new TopicSpec(Topic, partitions)]);
        Console.WriteLine(FormattableString.Invariant(
            $"{workload.Count:N0} readings of {devices:N0} devices every {interval} s of event time, {partitions} partitions, {store}, {Environment.ProcessorCount} cores"));
        Console.WriteLine($"preloaded in {broker.Preload(Topic, workload)} s");

        Dictionary<string, List<StepResult>> results = Steps.ToDictionary(step => step.Name, _ => new List<StepResult>());
        Figures.PrintHead();
        for (int run = 1; run <= runs; run++)
        {
            foreach ((string name, string title) in Steps.Where(step => chosen.Contains(step.Name)))
            {
                string?[] stores = postgres is null || name != Whole ? [null, null] : [postgres.CreateDatabase(), postgres.CreateDatabase()];
                StepInput input = new(broker.BootstrapServers, broker.Id, Topic, partitions, workload, stores, workers, $"run{run}-{name}");
                if (name == Whole)
                {
                    broker.CreateTopics(NodePath.TopicsOf(input).SelectMany(topics => topics.All));
                }

                StepResult result = Measure(name, input);
                results[name].Add(result);
                Figures.Print(title, result);
            }
        }

        Figures.Summarize(Steps, results, json, new SortedDictionary<string, object>
        {
            ["devices"] = devices,
            ["intervalInSeconds"] = interval,
            ["readings"] = workload.Count,
            ["partitions"] = partitions,
            ["store"] = store,
            ["cores"] = Environment.ProcessorCount,
            ["at"] = DateTimeOffset.UtcNow.ToString("O", CultureInfo.InvariantCulture),
        });
        return 0;
    }

    private static StepResult Measure(string step, StepInput input)
    {
        using Process child = Child.Start(PathStep.Command, "--step", step, "--input", JsonSerializer.Serialize(input));
        string? last = null;
        while (child.StandardOutput.ReadLine() is { } line)
        {
            last = line;
        }

        child.WaitForExit();
        return child.ExitCode == 0 && last is not null
            ? JsonSerializer.Deserialize<StepResult>(last)!
            : throw new InvalidOperationException($"The step {step} failed; its own words are above.");
    }
}
