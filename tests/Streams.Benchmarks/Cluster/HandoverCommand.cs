using System.Diagnostics;
using Streams.Benchmarks.Broker;
using Streams.Benchmarks.Latency;
using Streams.Node.Configuration;
using Streams.Runtime;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Storage;
using Streams.Tests;

namespace Streams.Benchmarks.Cluster;

/// <summary>
/// How long shards stand still when a node is stopped in order, and when it is killed, under a steady load: as the store tells it, in its parts, and as a
/// subscriber sees it who waits for decisions.
/// </summary>
internal static class HandoverCommand
{
    private const string Topic = "handover.readings";
    private const string Prefix = "handover.";
    private const int DevicesPerArea = 10;
    private const int CrossingsPerSecond = 20;

    /// <summary>A node that has just begun compiles what a stop needs.</summary>
    private const int WarmUpInSeconds = 15;

    public static int Run(Options options)
    {
        int devices = options.Whole("devices", 40_000, DevicesPerArea, 1_000_000);
        int partitions = options.Whole("partitions", 4, 2, 1000);
        int rate = options.Whole("rate", 10_000, 100, 1_000_000);
        int count = options.Whole("nodes", 3, 2, 16);
        int times = options.Whole("times", 3, 1, 100);
        double session = options.Number("session", 6, 4, 300);

        // As over a network. With none, the embedded broker (not a real one) now and then turns away a member that answers it after the leader, within the same
        // millisecond, and the group needs a second round.
        int roundTrip = options.Whole("round-trip", 5, 0, 1000);
        string? json = options.MaybeText("json");
        options.Finish();

        // A stop, what the group takes, and a restart.
        int seconds = (int)(session * 2) + 25;
        if (CrossingsPerSecond * ((seconds * times * 2) + WarmUpInSeconds) > devices / DevicesPerArea * (DevicesPerArea - 1))
        {
            throw new UsageException("There would be more decisions than devices to decide about: give more devices, or fewer times.");
        }

        using PostgresServer postgres = PostgresServer.StartDurable() ?? throw new UsageException("PostgreSQL is not installed here.");
        using BrokerProcess broker = new();
        TopicSettings topics = BenchCity.Topics(Prefix, Topic, partitions);
        broker.CreateTopics(topics.All);
        broker.Delay(roundTrip);
        string database = postgres.CreateDatabase();
        int next = 0;
        ClusterNode Begin()
        {
            ClusterNode node = new(new ClusterNodeInput($"node-{++next}", broker.BootstrapServers, Topic, partitions, Prefix, 1000 * devices / rate, database, 0, (int)(session * 1000)));
            node.Go();
            node.Started();
            return node;
        }

        List<ClusterNode> nodes = [.. Enumerable.Range(0, count).Select(_ => Begin())];
        try
        {
            using KafkaLog log = new(new KafkaLogOptions { BootstrapServers = broker.BootstrapServers, SessionTimeout = TimeSpan.FromSeconds(4) });
            using PostgresStore store = new(database);
            store.Open(new StoreLayout(
                Prefix.TrimEnd('.'), "bench", new Dictionary<byte, KindLayout>
                {
                    [1] = new("device", partitions), [2] = new("area", topics[TopicSettings.Observations].Partitions), [3] = new("incident", topics[TopicSettings.Incidents].Partitions),
                    [4] = new("dispatcher", topics[TopicSettings.Requests].Partitions), [5] = new("result", topics[TopicSettings.CommandResults].Partitions), [6] = new("agency", topics[TopicSettings.Cap].Partitions),
                }));
            // The embedded broker gives out one batch a request: small ones would be what catching up takes.
            SteadyCity city = new(log, Topic, devices, DevicesPerArea, rate, CrossingsPerSecond, lingerInMs: 50);
            using Observer observer = new(log, topics[TopicSettings.Anomalies].Name, topics[TopicSettings.Alerts].Name, topics[TopicSettings.Commands].Name);
            city.Register();
            Await(nodes, all => all.All(node => node.Shards > 0) && all.Sum(node => node.Devices) >= devices);
            FigureList figures = new(FormattableString.Invariant(
                $"handover: {count} nodes, {devices:N0} devices in {partitions} shards, {rate:N0} readings/s, session timeout {session} s, {times} times each"));
            city.Speak(WarmUpInSeconds);
            foreach (bool inOrder in new[] { true, false })
            {
                List<(ShardId Shard, ShardHandover Handover)> seen = [];
                List<(ShardId Shard, ShardHandover Handover)> joined = [];
                List<double> decisions = [];
                for (int i = 0; i < times; i++)
                {
                    ClusterNode victim = nodes[0];
                    nodes.RemoveAt(0);
                    Dictionary<ShardId, long> epochs = store.ReadShards().Where(shard => shard.Owner == victim.Name).ToDictionary(shard => shard.Shard, shard => shard.Epoch);
                    Task load = Task.Run(() => city.Speak(seconds));
                    Thread.Sleep(2000);
                    Task stop = Task.Run(() =>
                    {
                        if (inOrder)
                        {
                            victim.Stop();
                        }
                        else
                        {
                            victim.Kill();
                        }
                    });
                    ShardRow[] moved = [];
                    bool isOver = SpinWait.SpinUntil(
                        () =>
                        {
                            Thread.Sleep(100);
                            moved = [.. store.ReadShards().Where(shard => epochs.TryGetValue(shard.Shard, out long epoch) && shard.Epoch > epoch && shard.Handover is not null)];
                            return moved.Length == epochs.Count;
                        },
                        TimeSpan.FromSeconds(seconds));
                    if (!isOver)
                    {
                        throw new InvalidOperationException($"Of {epochs.Count} shards of {victim.Name} {moved.Length} were taken over within {seconds} s.");
                    }

                    seen.AddRange(moved.Select(shard => (shard.Shard, shard.Handover!)));
                    stop.Wait();
                    victim.Dispose();
                    epochs = store.ReadShards().ToDictionary(shard => shard.Shard, shard => shard.Epoch);
                    nodes.Add(Begin());
                    load.Wait();
                    joined.AddRange(store.ReadShards().Where(shard => shard.Epoch > epochs[shard.Shard] && shard.Handover is not null).Select(shard => (shard.Shard, shard.Handover!)));
                    SpinWait.SpinUntil(() => city.Crossings.All(crossing => observer.AnomalyOf(crossing) is not null), TimeSpan.FromSeconds(20));
                    decisions.AddRange(city.Crossings.Select(crossing => (observer.AnomalyOf(crossing) - crossing.AtInMs) / 1000.0).OfType<double>());
                    Await(nodes, all => all.All(node => node.Shards > 0));
                }

                string how = inOrder ? "stopped in order" : "killed";
                Tell(figures, $"{how}: shards stood still", seen.Select(each => each.Handover.Gap.TotalSeconds));
                Tell(figures, $"{how}: of these, giving back", seen.Select(each => each.Handover.Releasing.TotalSeconds));
                Tell(figures, $"{how}: of these, waiting for the group", seen.Select(each => each.Handover.Waiting.TotalSeconds));
                Tell(figures, $"{how}: of these, from the claim to work, shards of devices", seen.Where(each => each.Shard.Kind == 1).Select(each => each.Handover.Starting.TotalSeconds));
                Tell(figures, $"{how}, and one that joins: shards stood still that it took", joined.Select(each => each.Handover.Gap.TotalSeconds));
                Tell(figures, $"{how}, and one that joins: reading to decision", decisions);
            }

            city.Flush();
            return figures.Finish(json);
        }
        finally
        {
            nodes.ForEach(node => node.Dispose());
        }
    }

    private static void Tell(FigureList figures, string what, IEnumerable<double> seconds)
    {
        double[] sorted = [.. seconds.Order()];
        if (sorted.Length > 0)
        {
            figures.Add($"{what}: median", sorted[sorted.Length / 2], "s");
            figures.Add($"{what}: longest of {sorted.Length}", sorted[^1], "s");
        }
    }

    private static void Await(List<ClusterNode> nodes, Func<ClusterNodeFigures[], bool> isSo)
    {
        for (long started = Stopwatch.GetTimestamp(); !isSo([.. nodes.Select(node => node.Figures())]);)
        {
            if (Stopwatch.GetElapsedTime(started) > TimeSpan.FromMinutes(2))
            {
                throw new InvalidOperationException($"Not after two minutes. {string.Join("; ", nodes.Select(node => $"{node.Name}: {node.Figures()}"))}");
            }

            Thread.Sleep(50);
        }
    }
}
