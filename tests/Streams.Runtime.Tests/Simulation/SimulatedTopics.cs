using System.Text;
using Streams.Runtime.Log;

namespace Streams.Runtime.Tests.Simulation;

/// <summary>
/// A log in memory: topics of partitions of records, with no threads and no time of its own. An offset may hold no record, as after compaction or
/// at the end of a producer's transaction.
/// </summary>
internal sealed class SimulatedTopics(params (string Name, int Partitions)[] topics)
{
    private readonly Dictionary<string, List<SimulatedRecord?>[]> _topics = topics.ToDictionary(
        topic => topic.Name,
        topic => Enumerable.Range(0, topic.Partitions).Select(_ => new List<SimulatedRecord?>()).ToArray());

    public int PartitionsOf(string topic) => _topics[topic].Length;

    /// <summary>By offset; null where there is no record.</summary>
    public IReadOnlyList<SimulatedRecord?> this[InboxPartition partition] => _topics[partition.Topic][partition.Partition];

    public IEnumerable<SimulatedRecord> All(string topic) => _topics[topic].SelectMany(records => records.OfType<SimulatedRecord>());

    public void Append(string topic, int partition, SimulatedRecord record) => _topics[topic][partition].Add(record);

    /// <summary>The next offsets hold no records.</summary>
    public void Skip(string topic, int partition, int count) => _topics[topic][partition].AddRange(Enumerable.Repeat<SimulatedRecord?>(null, count));

    /// <summary>The next records from an offset on, as a fetch hands them over.</summary>
    /// <param name="most">Offsets to look at.</param>
    /// <param name="lost">Offsets that the client leaves out by mistake.</param>
    public SimulatedBatch Read(InboxPartition partition, long from, int most, Range? lost = null)
    {
        IReadOnlyList<SimulatedRecord?> records = this[partition];
        List<(long Offset, SimulatedRecord Record)> read = [];
        for (long offset = from; offset < Math.Min(from + most, records.Count); offset++)
        {
            bool isLost = lost is { } range && offset - from >= range.Start.Value && offset - from < range.End.Value;
            if (!isLost && records[(int)offset] is { } record)
            {
                read.Add((offset, record));
            }
        }

        return new SimulatedBatch(partition, [.. read.Select(item => item.Offset)], [.. read.Select(item => item.Record)]);
    }
}

internal sealed record SimulatedRecord(byte[] Key, byte[] Value, IReadOnlyList<KeyValuePair<string, byte[]>> Headers)
{
    public long TimestampInMs { get; init; } = -1;

    public string KeyText => Encoding.UTF8.GetString(Key);

    public string Text => Encoding.UTF8.GetString(Value);

    public static SimulatedRecord Of(string key, string value) => new(Encoding.UTF8.GetBytes(key), Encoding.UTF8.GetBytes(value), []);

    public string? Header(string name) =>
        Headers.Where(header => header.Key == name).Select(header => Encoding.UTF8.GetString(header.Value)).LastOrDefault();
}

internal sealed class SimulatedBatch : RecordBatch
{
    private readonly long[] _offsets;
    private readonly SimulatedRecord[] _records;

    public SimulatedBatch(InboxPartition partition, long first, SimulatedRecord[] records)
        : this(partition, [.. Enumerable.Range(0, records.Length).Select(index => first + index)], records)
    {
    }

    public SimulatedBatch(InboxPartition partition, long[] offsets, SimulatedRecord[] records)
    {
        Partition = partition;
        Count = records.Length;
        SizeInBytes = records.Sum(record => record.Key.Length + record.Value.Length);
        _offsets = offsets;
        _records = records;
    }

    public bool IsDisposed { get; private set; }

    /// <summary>The same records as if their offsets had no gaps.</summary>
    public SimulatedBatch CountedOn() => new(Partition, _offsets[0], _records);

    public override long OffsetAt(int index) => _offsets[index];

    public override long TimestampAt(int index) => _records[index].TimestampInMs;

    public override ReadOnlySpan<byte> KeyAt(int index) => _records[index].Key;

    public override ReadOnlySpan<byte> ValueAt(int index) => _records[index].Value;

    public override bool HasHeaders(int index) => _records[index].Headers.Count > 0;

    public override bool TryGetHeader(int index, ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        string wanted = Encoding.UTF8.GetString(name);
        byte[]? found = _records[index].Headers.Where(header => header.Key == wanted).Select(header => header.Value).LastOrDefault();
        value = found;
        return found is not null;
    }

    public override bool TryGetHeader(int index, int number, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        IReadOnlyList<KeyValuePair<string, byte[]>> headers = _records[index].Headers;
        bool found = number < headers.Count;
        name = found ? Encoding.UTF8.GetBytes(headers[number].Key) : default;
        value = found ? headers[number].Value : default;
        return found;
    }

    protected override void Dispose(bool disposing) => IsDisposed = true;
}
