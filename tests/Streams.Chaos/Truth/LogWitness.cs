using Streams.Runtime.Log;

namespace Streams.Chaos.Truth;

/// <summary>Looks at every record of the log, each partition's in order and each once, on one thread.</summary>
internal interface ILogSink
{
    void See(RecordBatch batch, int index);
}

/// <summary>
/// Reads everything the log holds as it comes and hands it to a sink. What it sees is the truth that the cluster is judged by: a gap would be
/// a fault of the run itself.
/// </summary>
internal sealed class LogWitness : IDisposable, IAssignmentListener
{
    private readonly ILog _log;
    private readonly ILogSink _sink;
    private readonly string[] _topics;
    private readonly Thread _thread;
    private readonly Dictionary<InboxPartition, long> _next = [];
    private readonly Dictionary<InboxPartition, string> _last = [];
    private readonly Lock _gate = new();
    private volatile bool _stop;

    public LogWitness(ILog log, ILogSink sink, params string[] topics)
    {
        _log = log;
        _sink = sink;
        _topics = topics;
        _thread = new Thread(Run) { IsBackground = true, Name = "witness" };
        _thread.Start();
    }

    /// <summary>Records that were gone before they were seen.</summary>
    public long Missed { get; private set; }

    public long Seen { get; private set; }

    /// <summary>Processing time at which something was last seen.</summary>
    public long LastSeenAtInMs { get; private set; } = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    /// <summary>Why it ended; null while it runs.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>The end of a partition, as far as it was seen.</summary>
    public long EndOf(string topic, int partition)
    {
        lock (_gate)
        {
            return _next.GetValueOrDefault(new InboxPartition(topic, partition));
        }
    }

    /// <summary>The newest record of a partition, in words; empty for none.</summary>
    public string LastOf(string topic, int partition)
    {
        lock (_gate)
        {
            return _last.GetValueOrDefault(new InboxPartition(topic, partition), "");
        }
    }

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
    }

    IReadOnlyList<long> IAssignmentListener.Assigned(IReadOnlyList<InboxPartition> partitions)
    {
        lock (_gate)
        {
            return [.. partitions.Select(partition => _next.GetValueOrDefault(partition))];
        }
    }

    void IAssignmentListener.Revoked(IReadOnlyList<InboxPartition> partitions)
    {
    }

    void IAssignmentListener.Lost(IReadOnlyList<InboxPartition> partitions)
    {
    }

    private void Run()
    {
        try
        {
            while (!_stop)
            {
                try
                {
                    Listen();
                }
                catch (LogFailedException)
                {
                    // The broker was away for long; the next reader goes on where this one was.
                }
            }
        }
        catch (Exception e)
        {
            Failure = e;
        }
    }

    private void Listen()
    {
        using ILogReader reader = _log.CreateReader("witness");
        reader.Subscribe(_topics, this);
        List<RecordBatch> batches = [];
        while (!_stop)
        {
            batches.Clear();
            reader.Poll(TimeSpan.FromMilliseconds(50), batches);
            foreach (RecordBatch batch in batches)
            {
                using (batch)
                {
                    Look(batch);
                }
            }
        }
    }

    private void Look(RecordBatch batch)
    {
        long next = EndOf(batch.Partition.Topic, batch.Partition.Partition);
        for (int i = 0; i < batch.Count; i++)
        {
            long offset = batch.OffsetAt(i);
            if (offset < next)
            {
                continue;
            }

            Missed += offset - next;
            next = offset + 1;
            Seen++;
            _sink.See(batch, i);
        }

        LastSeenAtInMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        lock (_gate)
        {
            _next[batch.Partition] = next;
            if (batch.Count > 0)
            {
                _last[batch.Partition] = $"{Words(batch.KeyAt(batch.Count - 1))}: {Words(batch.ValueAt(batch.Count - 1))}";
            }
        }

        static string Words(ReadOnlySpan<byte> bytes) => string.Concat(System.Text.Encoding.Latin1.GetString(bytes[..Math.Min(bytes.Length, 300)]).Select(each => char.IsControl(each) || each > '~' ? '.' : each));
    }
}
