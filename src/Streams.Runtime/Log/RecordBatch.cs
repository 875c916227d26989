using System.Text;

namespace Streams.Runtime.Log;

/// <summary>
/// Consecutive records of one partition as the log handed them over, in offset order (offsets may have gaps: compaction).
/// The bytes belong to the log's client (for Kafka they are librdkafka's own memory), so no span taken from a batch may be kept
/// past <see cref="Dispose"/>. One owner at a time: the reader fills it, hands it on, and whoever processes it disposes of it.
/// </summary>
public abstract class RecordBatch : IDisposable
{
    public InboxPartition Partition { get; protected set; }

    /// <summary>Number of records.</summary>
    public int Count { get; protected set; }

    /// <summary>Bytes of keys and values together; what bounded queues count.</summary>
    public long SizeInBytes { get; protected set; }

    public Record this[int index] => new(this, index);

    public abstract long OffsetAt(int index);

    /// <summary>Milliseconds since the Unix epoch, as the producer or broker stamped the record; -1 where it did not.</summary>
    public abstract long TimestampAt(int index);

    /// <summary>Empty where the record has no key.</summary>
    public abstract ReadOnlySpan<byte> KeyAt(int index);

    /// <summary>Empty where the record has no value (a tombstone).</summary>
    public abstract ReadOnlySpan<byte> ValueAt(int index);

    public abstract bool HasHeaders(int index);

    /// <summary>The last header of that name (UTF-8, exact), as Kafka's clients do.</summary>
    public abstract bool TryGetHeader(int index, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value);

    /// <summary>The header of that number, from 0, in the order they stand.</summary>
    public abstract bool TryGetHeader(int index, int number, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value);

    /// <summary>Every header in order, copied; for dead letters and forwarding, not for the hot path.</summary>
    public IReadOnlyList<KeyValuePair<string, byte[]>> CopyHeaders(int index)
    {
        List<KeyValuePair<string, byte[]>> copied = [];
        while (TryGetHeader(index, copied.Count, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value))
        {
            copied.Add(new(Encoding.UTF8.GetString(name), value.ToArray()));
        }

        return copied;
    }

    protected abstract void Dispose(bool disposing);

    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }
}

/// <summary>One record of a <see cref="RecordBatch"/>: a view, valid as long as the batch is.</summary>
public readonly ref struct Record(RecordBatch batch, int index)
{
    public RecordBatch Batch { get; } = batch;

    public int Index { get; } = index;

    public long Offset => Batch.OffsetAt(Index);

    public long TimestampInMs => Batch.TimestampAt(Index);

    public ReadOnlySpan<byte> Key => Batch.KeyAt(Index);

    public ReadOnlySpan<byte> Value => Batch.ValueAt(Index);

    public bool HasHeaders => Batch.HasHeaders(Index);

    public bool TryGetHeader(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value) => Batch.TryGetHeader(Index, name, out value);

    public bool TryGetHeader(int number, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value) => Batch.TryGetHeader(Index, number, out name, out value);
}
