using Streams.Runtime.Log;

namespace Streams.Runtime.Tests.Hosting;

/// <summary>A log that takes records or not, as a test says, producer by producer. It is never read.</summary>
internal sealed class StubbornLog : ILog
{
    private readonly Lock _gate = new();
    private readonly List<string> _taken = [];

    /// <summary>Told of each producer made; answers what becomes of its records.</summary>
    public Func<string, Taking> OnWriter { get; init; } = _ => Taking.Takes;

    public string Incarnation => "stubborn";

    public long KeepsInBytes { get; init; } = long.MaxValue;

    /// <summary>What the brokers say of the group, question by question.</summary>
    public AskedGauge Gauge { get; } = new();

    /// <summary>Values taken, in order.</summary>
    public IReadOnlyList<string> Taken
    {
        get
        {
            lock (_gate)
            {
                return [.. _taken];
            }
        }
    }

    public void EnsureTopics(IReadOnlyList<TopicSpec> topics)
    {
    }

    public int PartitionsOf(string topic) => 1;

    public ILogReader CreateReader(string group) => throw new NotSupportedException();

    public void LookBack(string topic, int most, Action<RecordBatch> look)
    {
    }

    public ILogReader Follow(string topic, Func<InboxPartition, LogMarks, long> from) => throw new NotSupportedException();

    public IGroupGauge CreateGauge(string group) => Gauge;

    public ILogWriter CreateWriter(string name, int lingerInMs) => new Writer(this, OnWriter(name));

    public void Dispose() => Gauge.Dispose();

    internal enum Taking
    {
        Takes,

        /// <summary>Sending waits until the producer is disposed of, as it does when its queue is full.</summary>
        Waits,

        /// <summary>Every record fails, and the producer with it.</summary>
        Fails,
    }

    private sealed class Writer(StubbornLog log, Taking taking) : ILogWriter
    {
        private readonly ManualResetEventSlim _disposed = new(false);

        public void Send(in OutgoingRecord record, IDelivery delivery)
        {
            if (taking == Taking.Takes)
            {
                lock (log._gate)
                {
                    log._taken.Add(System.Text.Encoding.UTF8.GetString(record.Value));
                }

                delivery.Delivered();
                return;
            }

            if (taking == Taking.Waits)
            {
                _disposed.Wait(TimeSpan.FromMinutes(1));
            }

            delivery.Failed("no", fatal: true);
        }

        public bool Flush(TimeSpan timeout) => true;

        public void Dispose() => _disposed.Set();
    }
}
