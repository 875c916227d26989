using System.Diagnostics;
using Streams.Benchmarks.Broker;
using Streams.Benchmarks.Latency;
using Streams.Node.Configuration;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Tests;

namespace Streams.Benchmarks.Cluster;

/// <summary>
/// A node with a bounded share of the processor is sent several times what it can take, for minutes: what grows, what does not, how soon what it decides leaves, and
/// how long it takes to be up to date again.
/// </summary>
internal static class OverloadCommand
{
    private const string Topic = "overload.readings";
    private const string Prefix = "overload.";
    private const int DevicesPerArea = 10;
    private const int WarmUpInSeconds = 20;

    public static int Run(Options options)
    {
        int devices = options.Whole("devices", 10_000, 1000, 1_000_000);
        int partitions = options.Whole("partitions", 64, 1, 1000);
        double cores = options.Number("cores", 0.1, 0.01, 64);
        double times = options.Number("times", 3, 1.1, 20);
        int seconds = options.Whole("seconds", 120, 10, 3600);
        string kind = options.Choice("store", "sqlite", "sqlite", "postgres");
        string? json = options.MaybeText("json");
        options.Finish();

        using PostgresServer? postgres = kind == "postgres" ? PostgresServer.StartDurable() ?? throw new UsageException("PostgreSQL is not installed here.") : null;
        using BrokerProcess broker = new();
        TopicSettings topics = BenchCity.Topics(Prefix, Topic, partitions);
        broker.CreateTopics(topics.All);
        using ClusterNode node = new(new ClusterNodeInput("node-1", broker.BootstrapServers, Topic, partitions, Prefix, 1000, postgres?.CreateDatabase(), Workers: 0, SessionTimeoutInMs: 10_000));
        node.Go();
        node.Started();
        using KafkaLog log = new(new KafkaLogOptions
        {
            BootstrapServers = broker.BootstrapServers,

            // The broker keeps 5 MB a partition: minutes of lag fit into that when they are compressed.
            Properties = new Dictionary<string, string> { ["compression.type"] = "lz4" },
        });
        FigureList figures = new(FormattableString.Invariant($"overload: {devices:N0} devices, {partitions} partitions, {kind}, a node with {cores} cores"));

        // Everything compiled and everybody known first: with a part of a core that would take minutes, and what is measured next would be the compiler.
        SteadyCity first = CityOf(10_000);
        first.Register();
        SteadyCity fast = CityOf(150_000);
        fast.Speak(WarmUpInSeconds);
        fast.Flush();
        Await(node, devices + fast.Total);
        long sent = devices + fast.Total;
        using CpuQuota quota = new(node.Id, cores);

        // Twice what a core can at most.
        fast = CityOf((int)Math.Max(10_000, cores * 600_000));
        fast.Speak(5);
        long before = node.Figures().Handled;
        long measured = Stopwatch.GetTimestamp();
        fast.Speak(15);
        double capacity = (node.Figures().Handled - before) / Stopwatch.GetElapsedTime(measured).TotalSeconds;
        figures.Add("what it can take", capacity, "readings/s");
        sent += fast.Total;
        fast.Flush();
        Await(node, sent);

        SteadyCity city = CityOf((int)(capacity * times));
        node.Figures();
        List<Sample> samples = [];
        using (CancellationTokenSource over = new())
        {
            Task watching = Task.Run(() => Watch(node, () => sent + city.Total, postgres, samples, over.Token));
            city.Speak(seconds);
            over.Cancel();
            watching.Wait();
        }

        sent += city.Total;
        long ended = Stopwatch.GetTimestamp();
        figures.Add("sent", city.Sent / (double)seconds, "readings/s");
        figures.Add("taken meanwhile", (samples[^1].Handled - samples[0].Handled) / (samples[^1].AtInSeconds - samples[0].AtInSeconds), "readings/s");
        figures.Add("lag in Kafka at the end", sent - node.Figures().Handled, "readings");
        Tell("memory of the node", sample => sample.WorkingSetInBytes / 1e6, "MB");
        Tell(postgres is null ? "write-ahead log of the store" : "write-ahead log of the server", sample => sample.WalInBytes / 1e6, "MB");
        Tell("records waiting for a worker", sample => sample.IntakeInBytes / 1e6, "MB");
        Tell("commits waiting for the store", sample => sample.CommitsInBytes / 1e6, "MB");
        Tell("committed and not yet delivered", sample => sample.BacklogInBytes / 1e6, "MB");
        double[] decisions = [.. samples.SelectMany(sample => sample.PublishedInMs).Order()];
        figures.Add("decisions", decisions.Length, "");
        figures.Add("decision to delivery: p50", At(decisions, 0.5), "ms");
        figures.Add("decision to delivery: p99", At(decisions, 0.99), "ms");
        figures.Add("decision to delivery: max", At(decisions, 1), "ms");
        city.Flush();
        Await(node, sent);
        figures.Add("up to date again after", Stopwatch.GetElapsedTime(ended).TotalSeconds, "s");
        figures.Add("of these readings a second", (sent - samples[^1].Handled) / Stopwatch.GetElapsedTime(ended).TotalSeconds, "readings/s");
        node.Stop();
        return figures.Finish(json);

        SteadyCity CityOf(int rate) => new(log, Topic, devices, DevicesPerArea, rate, crossingsPerSecond: Math.Max(1, devices / DevicesPerArea / (seconds + 60)), lingerInMs: 50);

        void Tell(string what, Func<Sample, double> of, string unit)
        {
            figures.Add($"{what}: after a third", of(samples[samples.Count / 3]), unit);
            figures.Add($"{what}: at the end", of(samples[^1]), unit);
            figures.Add($"{what}: most", samples.Max(of), unit);
        }
    }

    private sealed record Sample(
        double AtInSeconds, long Handled, long WorkingSetInBytes, long WalInBytes, double IntakeInBytes, double CommitsInBytes, double BacklogInBytes, double[] PublishedInMs);

    private static void Watch(ClusterNode node, Func<long> sent, PostgresServer? postgres, List<Sample> samples, CancellationToken stop)
    {
        long started = Stopwatch.GetTimestamp();
        while (!stop.WaitHandle.WaitOne(1000))
        {
            ClusterNodeFigures now = node.Figures();
            long wal = postgres is null ? now.WalInBytes : new DirectoryInfo(Path.Combine(postgres.Folder, "data", "pg_wal")).GetFiles().Sum(file => file.Length);
            samples.Add(new Sample(
                Stopwatch.GetElapsedTime(started).TotalSeconds, now.Handled, now.WorkingSetInBytes, wal, now.Gauges.GetValueOrDefault("streams.queue.intake"),
                now.Gauges.GetValueOrDefault("streams.queue.commits"), now.Gauges.GetValueOrDefault("streams.outbox.backlog"), now.PublishedInMs));
        }
    }

    private static void Await(ClusterNode node, long sent)
    {
        for (long handled = 0, moved = Stopwatch.GetTimestamp(); ;)
        {
            long now = node.Figures().Handled;
            if (now >= sent)
            {
                return;
            }

            if (now > handled)
            {
                handled = now;
                moved = Stopwatch.GetTimestamp();
            }

            if (Stopwatch.GetElapsedTime(moved) > TimeSpan.FromMinutes(1))
            {
                throw new InvalidOperationException($"The node has handled {now} of {sent} readings and then nothing for a minute.");
            }

            Thread.Sleep(100);
        }
    }

    private static double At(double[] sorted, double share) => sorted.Length == 0 ? double.NaN : sorted[Math.Min(sorted.Length - 1, (int)(sorted.Length * share))];
}
