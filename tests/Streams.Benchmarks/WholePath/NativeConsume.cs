using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;

namespace Streams.Benchmarks.WholePath;

/// <summary>Reads the topic as the node does, one thread on librdkafka's batch call, and does nothing with it. Also counts that all is there.</summary>
internal static class NativeConsume
{
    public static StepResult Measure(StepInput input)
    {
        Meter meter = new(input.BrokerProcess);
        Read(input, "warm-up", input.WarmUpReadings, () => { });
        meter.Prepare();
        int first = 0;
        int read = Read(input, "measured", input.Workload.Count, () => meter.Start(), count => first = count);
        Usage usage = meter.Stop();
        return new StepResult(read - first, usage, []);
    }

    private static int Read(StepInput input, string group, int until, Action started, Action<int>? first = null)
    {
        using KafkaLog log = new(new KafkaLogOptions
        {
            BootstrapServers = input.BootstrapServers,
            SessionTimeout = TimeSpan.FromSeconds(4),
            ReadAheadInBytes = 1 << 30,
            ReadAheadInRecords = 1_000_000,
        });
        using ILogReader reader = log.CreateReader($"{input.Run}-native-{group}");
        FromTheStart start = new(reader);
        reader.Subscribe([input.Topic], start);
        List<RecordBatch> batches = [];
        int read = 0;
        while (read < until)
        {
            batches.Clear();
            reader.Poll(TimeSpan.FromSeconds(1), batches);
            int before = read;
            foreach (RecordBatch batch in batches)
            {
                read += batch.Count;
                batch.Dispose();
            }

            if (before == 0 && read > 0)
            {
                started();
                first?.Invoke(read);
            }
        }

        return start.Held == input.Workload.Count
            ? read
            : throw new InvalidOperationException($"The broker holds {start.Held} of {input.Workload.Count} readings: give it more partitions.");
    }

    private sealed class FromTheStart(ILogReader reader) : IAssignmentListener
    {
        public long Held { get; private set; }

        public IReadOnlyList<long> Assigned(IReadOnlyList<InboxPartition> partitions)
        {
            foreach (InboxPartition partition in partitions)
            {
                LogMarks marks = reader.MarksOf(partition);
                Held += marks.High - marks.Low;
            }

            return [.. partitions.Select(_ => 0L)];
        }

        public void Revoked(IReadOnlyList<InboxPartition> partitions)
        {
        }

        public void Lost(IReadOnlyList<InboxPartition> partitions)
        {
        }
    }
}
