using System.Diagnostics;
using System.Text.Json;
using Confluent.Kafka;
using Microsoft.Extensions.Logging;
using Streams.Node;
using Streams.Node.Api;
using Streams.Node.Configuration;
using Streams.Runtime.Log.Kafka;

namespace Streams.Benchmarks.WholePath;

/// <summary>
/// The whole path: a node as <c>streams node</c> runs it, on an empty store, until every reading is applied, timed from when every device is known; then stopped, which writes and
/// publishes the rest; then started again on what it stored, to count that each reading was taken exactly once.
/// </summary>
internal static class NodePath
{
    private const string DeviceKind = "device";

    public static async Task<StepResult> MeasureAsync(StepInput input)
    {
        Meter meter = new(input.BrokerProcess);
        await RunAsync(input, meter, "warm-up", input.Stores[0], input.WarmUpReadings, verify: false);
        meter.Prepare();
        return await RunAsync(input, meter, "measured", input.Stores[1], input.Workload.Count, verify: true);
    }

    /// <summary>Topics of a run, to be made by the broker's process beforehand.</summary>
    public static IEnumerable<TopicSettings> TopicsOf(StepInput input) =>
        [TopicsOf(input, "warm-up"), TopicsOf(input, "measured")];

    private static TopicSettings TopicsOf(StepInput input, string phase) => BenchCity.Topics($"{input.Run}-{phase}.", input.Topic, input.Partitions);

    private static async Task<StepResult> RunAsync(StepInput input, Meter meter, string phase, string? store, int until, bool verify)
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("streams-bench-");
        try
        {
            TopicSettings topics = TopicsOf(input, phase);
            NodeStart start = new(
                BenchCity.Configuration(input.BootstrapServers, topics, input.Workload.IntervalInMs, store, input.Workers), folder.FullName, Embedded: false);
            using ILoggerFactory loggers = Logging.ToStandardError();
            SortedDictionary<string, double> more = [];
            NodeHost node = await NodeHost.StartAsync(start, loggers);
            Await(node.View, 1);
            long joined = Stopwatch.GetTimestamp();

            // Getting to know a device is a decision, written at once; once a device, not once a reading, so it is told apart.
            AwaitDevices(node.View, input.Workload.Devices);
            long first = Handled(node.View);
            more["getting to know the devices, s"] = Stopwatch.GetElapsedTime(joined).TotalSeconds;

            long written = WrittenInBytes();
            meter.Start();
            long started = Stopwatch.GetTimestamp();
            long handled = Await(node.View, until);
            Usage usage = meter.Stop();
            NodeFigures figures = node.View.Figures();
            await node.DisposeAsync();
            double all = Stopwatch.GetElapsedTime(started).TotalSeconds;
            more["all written and published, readings/s"] = (handled - first) / all;
            more["wait for the rest, s"] = all - usage.Seconds;
            more["transactions"] = figures.Transactions;
            more["published before the stop"] = figures.Published;
            more["refused"] = figures.Refused.Values.Sum();
            more["repeats"] = figures.Repeats;
            more["written, MB"] = (WrittenInBytes() - written) / 1e6;
            if (store is null)
            {
                more["store, MB"] = folder.GetFiles().Sum(file => file.Length) / 1e6;
            }

            foreach (string topic in new[] { TopicSettings.Aggregates, TopicSettings.Observations, TopicSettings.Anomalies, TopicSettings.Alerts, TopicSettings.DeadLetters })
            {
                more[topic] = RecordsOf(input.BootstrapServers, topics[topic].Name, topics[topic].Partitions);
            }

            if (verify)
            {
                await VerifyAsync(start, loggers, input.Workload);
            }

            return new StepResult(handled - first, usage, more);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Waits until so many readings are handled; answers how many are by then.</summary>
    /// <exception cref="InvalidOperationException">Nothing moved for a minute.</exception>
    private static long Await(INodeView view, long until)
    {
        long handled = 0;
        for (long moved = Stopwatch.GetTimestamp(); ;)
        {
            long now = Handled(view);
            if (now >= until)
            {
                return now;
            }

            if (now > handled)
            {
                handled = now;
                moved = Stopwatch.GetTimestamp();
            }

            if (Stopwatch.GetElapsedTime(moved) > TimeSpan.FromMinutes(1))
            {
                throw new InvalidOperationException(
                    $"The node has handled {handled} of {until} readings and then nothing for a minute: {string.Join("; ", view.Health().Select(part => $"{part.Name} {part.Detail}"))}");
            }

            Thread.Sleep(10);
        }
    }

    /// <exception cref="InvalidOperationException">Not all devices were known after a minute.</exception>
    private static void AwaitDevices(INodeView view, int devices)
    {
        if (!SpinWait.SpinUntil(() => view.Figures().Actors.GetValueOrDefault(DeviceKind) >= devices, TimeSpan.FromMinutes(1)))
        {
            throw new InvalidOperationException($"Of {devices} devices the node knew {view.Figures().Actors.GetValueOrDefault(DeviceKind)} after a minute.");
        }
    }

    private static long Handled(INodeView view)
    {
        NodeFigures figures = view.Figures();
        return figures.Applied.GetValueOrDefault(DeviceKind) + figures.Refused.Values.Sum();
    }

    /// <exception cref="InvalidOperationException">A reading was lost, or counted twice.</exception>
    private static async Task VerifyAsync(NodeStart start, ILoggerFactory loggers, Workload workload)
    {
        await using NodeHost node = await NodeHost.StartAsync(start, loggers);
        int shards = start.Configuration.Topics[TopicSettings.Readings].Partitions;
        while (node.View.Shards().Count(shard => shard.Shard.Kind == 1) < shards)
        {
            Thread.Sleep(10);
        }

        int each = workload.Count / workload.Devices;
        for (int device = 0; device < workload.Devices; device++)
        {
            string id = Workload.IdOf(device);
            ReadOnlyMemory<byte> body = await node.View.DescribeAsync(DeviceKind, id, CancellationToken.None)
                ?? throw new InvalidOperationException($"Device {id} is not in the store.");
            using JsonDocument json = JsonDocument.Parse(body);
            long counted = json.RootElement.GetProperty("counters").GetProperty("readings").GetInt64();
            if (counted != each)
            {
                throw new InvalidOperationException($"Device {id} counted {counted} readings; it was sent {each}.");
            }
        }
    }

    private static long RecordsOf(string bootstrapServers, string topic, int partitions)
    {
        NativeKafka.EnsureLoaded();
        using IConsumer<byte[], byte[]> consumer =
            new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig { BootstrapServers = bootstrapServers, GroupId = "bench-count" }).Build();
        return Enumerable.Range(0, partitions)
            .Sum(partition => consumer.QueryWatermarkOffsets(new TopicPartition(topic, partition), TimeSpan.FromSeconds(10)).High.Value);
    }

    /// <summary>Bytes this process had written to disk; 0 where the system does not say.</summary>
    private static long WrittenInBytes() => OperatingSystem.IsLinux()
        ? long.Parse(File.ReadLines("/proc/self/io").First(line => line.StartsWith("write_bytes", StringComparison.Ordinal)).Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture)
        : 0;
}
