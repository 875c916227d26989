using System.Diagnostics;
using Streams.Benchmarks.Broker;
using Streams.Runtime.Log;
using Streams.Tests;

namespace Streams.Benchmarks.Cluster;

/// <summary>
/// The whole path on PostgreSQL by one node and by several on this one machine, in turn, run after run: what sharing the work costs. Each node is a process of
/// its own; they begin together, and are timed when the shards are shared out, every device is known and a good part is read: by then their code is compiled.
/// </summary>
internal static class ClusterCommand
{
    private const string Topic = "cluster.readings";

    /// <summary>Share of the readings that is not timed.</summary>
    private const double WarmUp = 0.7;

    public static int Run(Options options)
    {
        int devices = options.Whole("devices", 10_000, 1, 1_000_000);
        double interval = options.Number("interval", 1, 0.001, 86_400);
        int readings = options.Whole("readings", 20_000_000, 1, 100_000_000);
        int partitions = options.Whole("partitions", 128, 1, 1000);
        int nodes = options.Whole("nodes", 3, 2, 16);
        int runs = options.Whole("runs", 3, 1, 100);
        string? json = options.MaybeText("json");
        options.Finish();

        Workload workload = Workload.EndingNow(devices, (int)(interval * 1000), readings, 0.0005);
        using PostgresServer postgres = PostgresServer.StartDurable() ?? throw new UsageException("PostgreSQL is not installed here (looked for initdb on the PATH and in /usr/lib/postgresql/*/bin).");
        using BrokerProcess broker = new();
        broker.CreateTopics([new TopicSpec(Topic, partitions)]);
        FigureList figures = new(FormattableString.Invariant(
            $"cluster: {workload.Count:N0} readings of {devices:N0} devices every {interval} s of event time, {partitions} partitions, PostgreSQL, one node and {nodes} on {Environment.ProcessorCount} cores"));
        Console.WriteLine($"preloaded in {broker.Preload(Topic, workload)} s");
        Dictionary<int, List<double>> rates = new() { [1] = [], [nodes] = [] };
        for (int run = 1; run <= runs; run++)
        {
            foreach (int count in rates.Keys)
            {
                string prefix = $"cluster-{run}-{count}.";
                broker.CreateTopics(BenchCity.Topics(prefix, Topic, partitions).All.Where(topic => topic.Name != Topic));
                string store = postgres.CreateDatabase();
                rates[count].Add(Measure(count, i => new ClusterNodeInput(
                    $"node-{i}", broker.BootstrapServers, Topic, partitions, prefix, workload.IntervalInMs, store, Workers: 0, SessionTimeoutInMs: 4000), workload));
                figures.Add($"run {run}, {count} node{(count > 1 ? "s" : "")}", rates[count][^1], "readings/s");
            }
        }

        double one = Median(rates[1]), several = Median(rates[nodes]);
        figures.Add("one node, median", one, "readings/s");
        figures.Add($"{nodes} nodes, median", several, "readings/s");
        figures.Add($"{nodes} nodes beside one", several / one, "");
        return figures.Finish(json);
    }

    private static double Measure(int count, Func<int, ClusterNodeInput> inputOf, Workload workload)
    {
        ClusterNode[] nodes = [.. Enumerable.Range(1, count).Select(i => new ClusterNode(inputOf(i)))];
        try
        {
            Array.ForEach(nodes, node => node.Go());
            Array.ForEach(nodes, node => node.Started());
            Await(nodes, all => all.All(node => node.Shards > 0) && all.Sum(node => node.Devices) >= workload.Devices && all.Sum(node => node.Handled) >= workload.Count * WarmUp);
            long first = nodes.Sum(node => node.Figures().Handled);
            long started = Stopwatch.GetTimestamp();
            if (first > workload.Count * 0.9)
            {
                throw new InvalidOperationException($"{first} of {workload.Count} readings were handled before all was known and shared out: give more readings.");
            }

            Await(nodes, all => all.Sum(node => node.Handled) >= workload.Count);
            double rate = (workload.Count - first) / Stopwatch.GetElapsedTime(started).TotalSeconds;
            Array.ForEach(nodes, node => node.Stop());
            return rate;
        }
        finally
        {
            Array.ForEach(nodes, node => node.Dispose());
        }
    }

    private static void Await(ClusterNode[] nodes, Func<ClusterNodeFigures[], bool> isSo)
    {
        for (long started = Stopwatch.GetTimestamp(); !isSo([.. nodes.Select(node => node.Figures())]);)
        {
            if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromMinutes(3))
            {
                throw new InvalidOperationException($"Not after three minutes. {string.Join("; ", nodes.Select(node => $"{node.Name}: {node.Figures()}"))}");
            }

            Thread.Sleep(20);
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);
}
