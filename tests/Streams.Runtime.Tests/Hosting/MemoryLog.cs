using System.Text;
using Streams.Runtime.Log;
using Streams.Runtime.Tests.Simulation;

namespace Streams.Runtime.Tests.Hosting;

/// <summary>A log in this process's memory, with one reader, which is assigned every partition with its first poll.</summary>
internal sealed class MemoryLog(params (string Name, int Partitions)[] topics) : ILog
{
    private readonly SimulatedTopics _topics = new(topics);
    private readonly Lock _gate = new();
    private int _paused;
    private int _asked;
    private int _handedOut;

    public string Incarnation => "memory";

    public long KeepsInBytes => long.MaxValue;

    /// <summary>Partitions that are paused now.</summary>
    public int Paused => Volatile.Read(ref _paused);

    /// <summary>Records that were polled.</summary>
    public int HandedOut => Volatile.Read(ref _handedOut);

    /// <summary>How often a partition's end was asked for.</summary>
    public int Asked => Volatile.Read(ref _asked);

    public void Append(string topic, string key, string value, long timestampInMs = -1)
    {
        lock (_gate)
        {
            int partition = Partitioner.PartitionOf(Encoding.UTF8.GetBytes(key), _topics.PartitionsOf(topic));
            _topics.Append(topic, partition, SimulatedRecord.Of(key, value) with { TimestampInMs = timestampInMs });
        }
    }

    public void EnsureTopics(IReadOnlyList<TopicSpec> topics)
    {
    }

    public int PartitionsOf(string topic) => _topics.PartitionsOf(topic);

    public ILogReader CreateReader(string group) => new Reader(this);

    public void LookBack(string topic, int most, Action<RecordBatch> look)
    {
    }

    public ILogReader Follow(string topic, Func<InboxPartition, LogMarks, long> from) => throw new NotSupportedException();

    public IGroupGauge CreateGauge(string group) => new Gauge(this);

    public ILogWriter CreateWriter(string name, int lingerInMs) => new Writer(this);

    public void Dispose()
    {
    }

    private LogMarks MarksOf(InboxPartition partition)
    {
        lock (_gate)
        {
            return new LogMarks(0, _topics[partition].Count);
        }
    }

    private sealed class Reader(MemoryLog log) : ILogReader
    {
        private const int MostRecords = 1000;

        private readonly Dictionary<InboxPartition, long> _positions = [];
        private readonly HashSet<InboxPartition> _paused = [];
        private IAssignmentListener? _listener;
        private InboxPartition[] _coming = [];

        public void Subscribe(IReadOnlyCollection<string> topics, IAssignmentListener listener)
        {
            _listener = listener;
            _coming = [.. topics.SelectMany(topic => Enumerable.Range(0, log.PartitionsOf(topic)).Select(partition => new InboxPartition(topic, partition)))];
        }

        public void Poll(TimeSpan timeout, ICollection<RecordBatch> batches)
        {
            if (_coming.Length > 0)
            {
                IReadOnlyList<long> offsets = _listener!.Assigned(_coming);
                foreach ((int index, InboxPartition partition) in _coming.Index())
                {
                    _positions[partition] = offsets[index];
                }

                _coming = [];
            }

            foreach (InboxPartition partition in _positions.Keys.Where(partition => !_paused.Contains(partition)).ToArray())
            {
                lock (log._gate)
                {
                    SimulatedBatch batch = log._topics.Read(partition, _positions[partition], MostRecords);
                    if (batch.Count > 0)
                    {
                        _positions[partition] = batch.OffsetAt(batch.Count - 1) + 1;
                        batches.Add(batch);
                        Interlocked.Add(ref log._handedOut, batch.Count);
                    }
                }
            }
        }

        public void Pause(InboxPartition partition)
        {
            _paused.Add(partition);
            Volatile.Write(ref log._paused, _paused.Count);
        }

        public void Resume(InboxPartition partition)
        {
            _paused.Remove(partition);
            Volatile.Write(ref log._paused, _paused.Count);
        }

        public void Seek(InboxPartition partition, long offset) => _positions[partition] = offset;

        public LogMarks MarksOf(InboxPartition partition) => log.MarksOf(partition);

        public void Report(InboxPartition partition, long nextOffset)
        {
        }

        public void Dispose() => _listener?.Revoked([.. _positions.Keys]);
    }

    private sealed class Gauge(MemoryLog log) : IGroupGauge
    {
        public IReadOnlyList<GroupPosition> Measure(IReadOnlyList<InboxPartition> partitions) => [.. EndsOf(partitions).Select(end => new GroupPosition(end, null))];

        public IReadOnlyList<long> EndsOf(IReadOnlyList<InboxPartition> partitions)
        {
            long[] ends = [.. partitions.Select(partition => log.MarksOf(partition).High)];
            Interlocked.Add(ref log._asked, partitions.Count);
            return ends;
        }

        public void Dispose()
        {
        }
    }

    private sealed class Writer(MemoryLog log) : ILogWriter
    {
        public void Send(in OutgoingRecord record, IDelivery delivery)
        {
            lock (log._gate)
            {
                log._topics.Append(record.Topic, record.Partition, new SimulatedRecord(record.Key.ToArray(), record.Value.ToArray(), []));
            }

            delivery.Delivered();
        }

        public bool Flush(TimeSpan timeout) => true;

        public void Dispose()
        {
        }
    }
}
