using System.Diagnostics;
using System.Text;
using Streams.Runtime.Log;
using Record = Streams.Runtime.Log.Record;

namespace Streams.Runtime.Tests.Log;

/// <summary>A group member that keeps what it is told and given, in order.</summary>
internal sealed class KafkaMember : IAssignmentListener, IDisposable
{
    private readonly List<RecordBatch> _batches = [];

    public KafkaMember(ILog log, string group, params string[] topics)
    {
        Reader = log.CreateReader(group);
        Reader.Subscribe(topics, this);
    }

    public ILogReader Reader { get; }

    public Dictionary<InboxPartition, long> StartAt { get; } = [];

    public HashSet<InboxPartition> StartPaused { get; } = [];

    public HashSet<InboxPartition> Owned { get; } = [];

    public List<string> Story { get; } = [];

    /// <summary>How often the group was shared out and nothing came here.</summary>
    public int EmptyRounds { get; private set; }

    public List<Received> Records { get; } = [];

    /// <summary>Headers are copied only when a test looks at them.</summary>
    public bool KeepHeaders { get; set; }

    public List<long> OffsetsOf(InboxPartition partition) => [.. Records.Where(record => record.Partition == partition).Select(record => record.Offset)];

    /// <summary>Polls once, shortly.</summary>
    public void Poll()
    {
        Reader.Poll(TimeSpan.FromMilliseconds(20), _batches);
        foreach (RecordBatch batch in _batches)
        {
            for (int i = 0; i < batch.Count; i++)
            {
                Record record = batch[i];
                Records.Add(new Received(
                    batch.Partition,
                    record.Offset,
                    Encoding.UTF8.GetString(record.Key),
                    Encoding.UTF8.GetString(record.Value),
                    record.TimestampInMs,
                    KeepHeaders ? batch.CopyHeaders(i) : [],
                    record.TryGetHeader("ce_id"u8, out ReadOnlySpan<byte> id) ? Encoding.UTF8.GetString(id) : null));
            }

            batch.Dispose();
        }

        _batches.Clear();
    }

    public void PollUntil(Func<bool> condition, string what) => PollUntil(condition, what, this);

    /// <summary>All members poll in turn, as they would on threads of their own.</summary>
    public static void PollUntil(Func<bool> condition, string what, params KafkaMember[] members)
    {
        var waited = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(40), $"Not within 40 s: {what}. {string.Join("; ", members.Select(member => $"{member.Records.Count} records, story: {string.Join(", ", member.Story)}"))}");
            foreach (KafkaMember member in members)
            {
                member.Poll();
            }
        }
    }

    public IReadOnlyList<long> Assigned(IReadOnlyList<InboxPartition> partitions)
    {
        if (partitions.Count == 0)
        {
            EmptyRounds++;
            return [];
        }

        Story.Add($"assigned {string.Join(' ', partitions)}");
        Owned.UnionWith(partitions);
        foreach (InboxPartition partition in partitions.Where(StartPaused.Contains))
        {
            Reader.Pause(partition);
        }

        return [.. partitions.Select(partition => StartAt.GetValueOrDefault(partition))];
    }

    public void Revoked(IReadOnlyList<InboxPartition> partitions)
    {
        Story.Add($"revoked {string.Join(' ', partitions)}");
        Owned.ExceptWith(partitions);
    }

    public void Lost(IReadOnlyList<InboxPartition> partitions)
    {
        Story.Add($"lost {string.Join(' ', partitions)}");
        Owned.ExceptWith(partitions);
    }

    public void Dispose() => Reader.Dispose();

    internal sealed record Received(
        InboxPartition Partition, long Offset, string Key, string Value, long TimestampInMs, IReadOnlyList<KeyValuePair<string, byte[]>> Headers, string? LastId);
}

/// <summary>Counts what became of records.</summary>
internal sealed class Deliveries : IDelivery
{
    private int _delivered;
    private readonly List<(string Reason, bool Fatal)> _failures = [];

    public int Delivered => Volatile.Read(ref _delivered);

    public IReadOnlyList<(string Reason, bool Fatal)> Failures
    {
        get
        {
            lock (_failures)
            {
                return [.. _failures];
            }
        }
    }

    void IDelivery.Delivered() => Interlocked.Increment(ref _delivered);

    public void Failed(string reason, bool fatal)
    {
        lock (_failures)
        {
            _failures.Add((reason, fatal));
        }
    }
}
