using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Chaos.Checks;

/// <summary>
/// What was committed to be published beside what was published: each record by its id, with a print of its key and bytes. I5: nothing is
/// published that was not committed, everything committed is published in the end, a repeat is the same. I6: those of one source come
/// first into a partition in the order of their numbers.
/// </summary>
internal sealed class Publications(IReadOnlyDictionary<byte, ActorKind> kinds, Violations violations) : IDisposable
{
    private readonly Dictionary<byte, ActorKind> _unpackers = kinds.ToDictionary(kind => kind.Key, kind => kind.Value.ForPublisher());
    private readonly UnpackedRecord _unpacked = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Made> _committed = new(StringComparer.Ordinal);
    private readonly Dictionary<string, First> _published = new(StringComparer.Ordinal);
    private readonly Dictionary<(int Shard, Lane Lane), List<string>> _inOrder = [];

    private readonly record struct Made(UInt128 Print, int Shard, Lane Lane, long Number);

    private readonly record struct First(UInt128 Print, string Topic, int Partition, long Offset);

    private int _unpublished;

    public long Repeats { get; private set; }

    public int Committed
    {
        get
        {
            lock (_gate)
            {
                return _committed.Count;
            }
        }
    }

    public int Published
    {
        get
        {
            lock (_gate)
            {
                return _published.Count;
            }
        }
    }

    /// <summary>Everything committed so far was published.</summary>
    public bool IsComplete
    {
        get
        {
            lock (_gate)
            {
                return _unpublished == 0;
            }
        }
    }

    /// <summary>A chunk that is in the store.</summary>
    public void NoteCommitted(int shard, in OutboxChunk chunk)
    {
        lock (_gate)
        {
            if (!_inOrder.TryGetValue((shard, chunk.Lane), out List<string>? inOrder))
            {
                _inOrder[(shard, chunk.Lane)] = inOrder = [];
            }

            OutboxCodec.Reader reader = new(chunk.Records.Span);
            for (long number = chunk.FirstNumber; reader.Next(); number++)
            {
                ReadOnlySpan<byte> headers = reader.Headers;
                ReadOnlySpan<byte> value = reader.Value;
                if (reader.IsPacked)
                {
                    _unpacked.Unpack(_unpackers[Runtime.ShardId.FromNumber(shard).Kind], reader.Key, value);
                    headers = _unpacked.Headers;
                    value = _unpacked.Value;
                }

                string id = reader.IsNumbered ? IdOf(reader.Topic, new SourceHeader(SourceMarks.SourceOf(Runtime.ShardId.FromNumber(shard), chunk.Lane), number, 0)) : IdOf(reader.Topic, headers);
                inOrder.Add(id);
                if (!_committed.TryAdd(id, new Made(Print(reader.Key, value), shard, chunk.Lane, number)))
                {
                    violations.Add("I1", id, $"decided and committed again under number {number} of {Name(shard, chunk.Lane)}", "decided once", $"first as number {_committed[id].Number} of {Name(_committed[id].Shard, _committed[id].Lane)}");
                }
                else if (!_published.ContainsKey(id))
                {
                    _unpublished++;
                }
            }
        }
    }

    /// <summary>A record of a topic that actors write to. True for its first appearance.</summary>
    public bool NotePublished(RecordBatch batch, int index)
    {
        string topic = batch.Partition.Topic;
        string id = batch.TryGetHeader(index, SourceHeader.NameUtf8, out ReadOnlySpan<byte> header) && SourceHeader.TryRead(header, out SourceHeader source)
            ? IdOf(topic, source)
            : batch.TryGetHeader(index, "ce_id"u8, out ReadOnlySpan<byte> given) ? topic + "|" + Encoding.UTF8.GetString(given) : "";
        UInt128 print = Print(batch.KeyAt(index), batch.ValueAt(index));
        string place = string.Create(CultureInfo.InvariantCulture, $"{batch.Partition} offset {batch.OffsetAt(index)}");
        lock (_gate)
        {
            if (id.Length == 0)
            {
                violations.Add("I5", place, "a record without an id", "an id");
                return false;
            }

            if (_published.TryAdd(id, new First(print, topic, batch.Partition.Partition, batch.OffsetAt(index))))
            {
                _unpublished -= _committed.ContainsKey(id) ? 1 : 0;
                return true;
            }

            Repeats++;
            First first = _published[id];
            if (first.Print != print || first.Partition != batch.Partition.Partition)
            {
                violations.Add("I5", id, "published again with other bytes, key or partition", "a repeat is the same", string.Create(CultureInfo.InvariantCulture, $"first at {topic}-{first.Partition} offset {first.Offset}, again at {place}"));
            }

            return false;
        }
    }

    public void Check()
    {
        lock (_gate)
        {
            foreach ((string id, First first) in _published)
            {
                string place = string.Create(CultureInfo.InvariantCulture, $"{first.Topic}-{first.Partition} offset {first.Offset}");
                if (!_committed.TryGetValue(id, out Made made))
                {
                    violations.Add("I5", id, "published and never committed", "committed first", place);
                }
                else if (made.Print != first.Print)
                {
                    violations.Add("I5", id, "published with other bytes than were committed", "the bytes that were committed", place);
                }
            }

            foreach (((int shard, Lane lane), List<string> inOrder) in _inOrder)
            {
                Dictionary<(string, int), (long Offset, long Number)> last = [];
                foreach (string id in inOrder)
                {
                    long number = _committed[id].Number;
                    if (!_published.TryGetValue(id, out First first))
                    {
                        violations.Add("I5", id, $"committed as number {number} of {Name(shard, lane)} and never published", "published in the end");
                        continue;
                    }

                    if (last.TryGetValue((first.Topic, first.Partition), out (long Offset, long Number) before) && before.Offset > first.Offset)
                    {
                        violations.Add(
                            "I6", id, string.Create(CultureInfo.InvariantCulture, $"first at {first.Topic}-{first.Partition} offset {first.Offset}, before number {before.Number}, which is at {before.Offset}"),
                            $"after it: it is number {number} of {Name(shard, lane)}");
                    }

                    last[(first.Topic, first.Partition)] = (first.Offset, number);
                }
            }
        }
    }

    public void Dispose() => _unpacked.Dispose();

    public IEnumerable<string> Unpublished()
    {
        lock (_gate)
        {
            return [.. _committed.Keys.Where(id => !_published.ContainsKey(id)).Take(5)];
        }
    }

    public static UInt128 Print(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        Span<byte> hash = stackalloc byte[32];
        using IncrementalHash sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(key);
        sha.AppendData([0]);
        sha.AppendData(value);
        sha.GetHashAndReset(hash);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt128LittleEndian(hash);
    }

    private static string Name(int shard, Lane lane) => string.Create(CultureInfo.InvariantCulture, $"shard {Runtime.ShardId.FromNumber(shard)}, lane {lane}");

    private static string IdOf(string topic, SourceHeader source) => string.Create(CultureInfo.InvariantCulture, $"{topic}#{source.Source}/{source.Number}");

    private static string IdOf(string topic, ReadOnlySpan<byte> headers)
    {
        for (HeaderBlock.Reader reader = HeaderBlock.Read(headers); reader.Next(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value);)
        {
            if (name.SequenceEqual("ce_id"u8))
            {
                return topic + "|" + Encoding.UTF8.GetString(value);
            }
        }

        return topic + "|";
    }
}
