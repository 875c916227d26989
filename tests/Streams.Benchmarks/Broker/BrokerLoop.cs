using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Log.Kafka.Embedded;

namespace Streams.Benchmarks.Broker;

/// <summary>
/// The broker's process: prints its address, then obeys lines on its input (<c>topic NAME PARTITIONS</c>, <c>preload NAME WORKLOAD</c>,
/// <c>delay MILLISECONDS</c>), each answered by one line that begins with <c>ok</c>. Ends when its input does, so never outlives who started it.
/// </summary>
internal static class BrokerLoop
{
    public const string Command = "broker";

    public static int Run()
    {
        using ILoggerFactory loggers = Logging.ToStandardError();
        using EmbeddedBroker broker = new([], logger: loggers.CreateLogger("broker"));
        Console.WriteLine(broker.BootstrapServers);
        while (Console.ReadLine() is { } line)
        {
            string[] words = line.Split(' ', 3);
            switch (words[0])
            {
                case "topic":
                    broker.CreateTopics([new TopicSpec(words[1], int.Parse(words[2], CultureInfo.InvariantCulture))]);
                    Console.WriteLine("ok");
                    break;
                case "preload":
                    Console.WriteLine("ok " + Preload(broker, words[1], JsonSerializer.Deserialize<Workload>(words[2])!));
                    break;
                case "delay":
                    broker.Delay(TimeSpan.FromMilliseconds(int.Parse(words[1], CultureInfo.InvariantCulture)));
                    Console.WriteLine("ok");
                    break;
                default:
                    Console.WriteLine("not understood: " + line);
                    break;
            }
        }

        return 0;
    }

    private static string Preload(EmbeddedBroker broker, string topic, Workload workload)
    {
        long started = Stopwatch.GetTimestamp();
        using KafkaLog log = broker.OpenLog(new KafkaLogOptions
        {
            BootstrapServers = broker.BootstrapServers,
            // Full compressed batches: the broker keeps 5 MB a partition, and gives out one batch a partition and request.
            Properties = new Dictionary<string, string> { ["compression.type"] = "lz4", ["batch.size"] = "900000", ["batch.num.messages"] = "10000" },
        });
        int partitions = log.PartitionsOf(topic);
        using ILogWriter writer = log.CreateWriter("preload", lingerInMs: 1000);
        Tally tally = new();
        Span<byte> key = stackalloc byte[64];
        Span<byte> value = stackalloc byte[Workload.LargestInBytes];
        for (int i = 0; i < workload.Count; i++)
        {
            int length = workload.Write(i, key, out int keyLength, value);
            writer.Send(
                new OutgoingRecord
                {
                    Topic = topic,
                    Partition = Partitioner.PartitionOf(key[..keyLength], partitions),
                    Key = key[..keyLength],
                    Value = value[..length],
                },
                tally);
        }

        if (!writer.Flush(TimeSpan.FromMinutes(2)) || tally.Failure is not null || tally.Count != workload.Count)
        {
            return $"failed: {tally.Count} of {workload.Count} readings were taken by the broker. {tally.Failure}";
        }

        return Stopwatch.GetElapsedTime(started).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
    }

    private sealed class Tally : IDelivery
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public string? Failure { get; private set; }

        public void Delivered() => Interlocked.Increment(ref _count);

        public void Failed(string reason, bool fatal) => Failure = reason;
    }
}
