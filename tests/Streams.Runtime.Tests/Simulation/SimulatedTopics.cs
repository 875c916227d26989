using System.Text;
using Streams.Runtime.Log;

namespace Streams.Runtime.Tests.Simulation;

/// <summary>A log in memory: topics of partitions of records, with no threads and no time of its own.</summary>
internal sealed class SimulatedTopics(params (string Name, int Partitions)[] topics)
{
    private readonly Dictionary<string, List<SimulatedRecord>[]> _topics = topics.ToDictionary(
        topic => topic.Name,
        topic => Enumerable.Range(0, topic.Partitions).Select(_ => new List<SimulatedRecord>()).ToArray());

    public int PartitionsOf(string topic) => _topics[topic].Length;

    public IReadOnlyList<SimulatedRecord> this[InboxPartition partition] => _topics[partition.Topic][partition.Partition];

    public IEnumerable<SimulatedRecord> All(string topic) => _topics[topic].SelectMany(records => records);

    public void Append(string topic, int partition, SimulatedRecord record) => _topics[topic][partition].Add(record);

    public void Append(string topic, string key, string value) =>
        Append(topic, Partitioner.PartitionOf(Encoding.UTF8.GetBytes(key), PartitionsOf(topic)), SimulatedRecord.Of(key, value));

    public RecordBatch Read(InboxPartition partition, long from, int most)
    {
        List<SimulatedRecord> records = _topics[partition.Topic][partition.Partition];
        int start = (int)Math.Min(from, records.Count);
        return new SimulatedBatch(partition, start, [.. records.Skip(start).Take(most)]);
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
    private readonly long _first;
    private readonly SimulatedRecord[] _records;

    public SimulatedBatch(InboxPartition partition, long first, SimulatedRecord[] records)
    {
        Partition = partition;
        Count = records.Length;
        SizeInBytes = records.Sum(record => record.Key.Length + record.Value.Length);
        _first = first;
        _records = records;
    }

    public override long OffsetAt(int index) => _first + index;

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

    public override IReadOnlyList<KeyValuePair<string, byte[]>> CopyHeaders(int index) => _records[index].Headers;

    protected override void Dispose(bool disposing)
    {
    }
}
