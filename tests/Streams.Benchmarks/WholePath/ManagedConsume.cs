using Confluent.Kafka;
using Streams.Domain.Readings;
using Streams.Runtime.Log.Kafka;

namespace Streams.Benchmarks.WholePath;

/// <summary>
/// What a program on the ordinary .NET client reaches: a consumer and a thread a core, each with its share of the partitions, the fetch
/// queues wide enough to keep them busy; with or without parsing each reading.
/// </summary>
internal static class ManagedConsume
{
    public static StepResult Measure(StepInput input, bool parse)
    {
        NativeKafka.EnsureLoaded();
        Meter meter = new(input.BrokerProcess);
        Read(input, parse, share: 5, () => { });
        meter.Prepare();
        long read = Read(input, parse, share: 1, meter.Start);
        return new StepResult(read, meter.Stop(), []);
    }

    /// <param name="share">Ends a thread after this part of its readings.</param>
    private static long Read(StepInput input, bool parse, int share, Action started)
    {
        int threads = Environment.ProcessorCount;
        int first = 0;
        long total = 0;
        string? failure = null;
        Thread[] readers = [.. Enumerable.Range(0, threads).Select(thread => new Thread(() =>
        {
            using IConsumer<byte[], byte[]> consumer = Open(input);
            long until = Assign(consumer, input, thread, threads) / share;
            Reading reading = new();
            long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
            long read = 0;
            for (; read < until; read++)
            {
                ConsumeResult<byte[], byte[]>? record = consumer.Consume(TimeSpan.FromSeconds(20));
                if (record is null)
                {
                    failure = "a consumer got nothing for 20 s";
                    break;
                }

                if (read == 0 && Interlocked.Exchange(ref first, 1) == 0)
                {
                    started();
                }

                if (parse && !ReadingParser.TryParse(record.Message.Value, now, reading, out Refusal? refusal))
                {
                    failure = refusal.Message;
                    break;
                }
            }

            Interlocked.Add(ref total, read);
        }))];
        Array.ForEach(readers, reader => reader.Start());
        Array.ForEach(readers, reader => reader.Join());
        return failure is null ? total : throw new InvalidOperationException($"Managed consume: {failure}.");
    }

    private static IConsumer<byte[], byte[]> Open(StepInput input) => new ConsumerBuilder<byte[], byte[]>(new ConsumerConfig
    {
        BootstrapServers = input.BootstrapServers,
        GroupId = $"{input.Run}-managed",
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,
        AutoOffsetReset = AutoOffsetReset.Error,
        FetchWaitMaxMs = 10,
        SocketNagleDisable = true,
        // The default of 64 MB leaves the consumer idle between bursts.
        QueuedMaxMessagesKbytes = 1 << 20,
        QueuedMinMessages = 1_000_000,
    }).Build();

    /// <summary>Answers how many records the share holds.</summary>
    private static long Assign(IConsumer<byte[], byte[]> consumer, StepInput input, int thread, int threads)
    {
        using IAdminClient admin = new DependentAdminClientBuilder(consumer.Handle).Build();
        int partitions = admin.GetMetadata(input.Topic, TimeSpan.FromSeconds(10)).Topics[0].Partitions.Count;
        List<TopicPartitionOffset> share = [];
        long held = 0;
        for (int partition = thread; partition < partitions; partition += threads)
        {
            TopicPartition each = new(input.Topic, partition);
            WatermarkOffsets marks = consumer.QueryWatermarkOffsets(each, TimeSpan.FromSeconds(10));
            held += marks.High.Value - marks.Low.Value;
            share.Add(new TopicPartitionOffset(each, 0));
        }

        consumer.Assign(share);
        return held;
    }
}
