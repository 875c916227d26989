using Streams.Runtime.Log;

namespace Streams.Node.Tests.Feeds;

/// <summary>The log as a node has it whose fetches come back late: while it is deaf nothing arrives, and questions are answered all the same.</summary>
internal sealed class DeafLog(ILog log) : ILog
{
    private readonly Lock _gate = new();
    private bool _isDeaf;

    public bool IsDeaf
    {
        set
        {
            lock (_gate)
            {
                _isDeaf = value;
            }
        }
    }

    public string Incarnation => log.Incarnation;

    public long KeepsInBytes => log.KeepsInBytes;

    public void EnsureTopics(IReadOnlyList<TopicSpec> topics) => log.EnsureTopics(topics);

    public int PartitionsOf(string topic) => log.PartitionsOf(topic);

    public ILogReader CreateReader(string group) => log.CreateReader(group);

    public void LookBack(string topic, int most, Action<RecordBatch> look) => log.LookBack(topic, most, look);

    public ILogReader Follow(string topic, Func<InboxPartition, LogMarks, long> from) => new DeafReader(this, log.Follow(topic, from));

    public IGroupGauge CreateGauge(string group) => log.CreateGauge(group);

    public ILogWriter CreateWriter(string name, int lingerInMs) => log.CreateWriter(name, lingerInMs);

    public void Dispose()
    {
    }

    private sealed class DeafReader(DeafLog log, ILogReader reader) : ILogReader
    {
        private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(10);

        public void Subscribe(IReadOnlyCollection<string> topics, IAssignmentListener listener) => reader.Subscribe(topics, listener);

        public void Poll(TimeSpan timeout, ICollection<RecordBatch> batches)
        {
            lock (log._gate)
            {
                if (!log._isDeaf)
                {
                    reader.Poll(s_poll, batches);
                }
            }
        }

        public void Pause(InboxPartition partition) => reader.Pause(partition);

        public void Resume(InboxPartition partition) => reader.Resume(partition);

        public void Seek(InboxPartition partition, long offset) => reader.Seek(partition, offset);

        public LogMarks MarksOf(InboxPartition partition) => reader.MarksOf(partition);

        public void Report(InboxPartition partition, long nextOffset) => reader.Report(partition, nextOffset);

        public void Dispose() => reader.Dispose();
    }
}
