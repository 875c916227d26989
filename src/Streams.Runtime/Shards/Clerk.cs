using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Shards;

/// <summary>
/// The shard's own actor: takes the records that no other actor takes. Refused ones go to the dead letters with their bytes and the
/// reason, misplaced ones to the partition of their key. It has a position and a snapshot like any actor, so each is handled exactly
/// once, and its counts survive a crash.
/// </summary>
internal sealed class Clerk() : Actor("")
{
    public const string Collection = "dead-letters";

    private const byte Version = 1;

    /// <summary>Values up to this size are shown in the read model; the topic always has all bytes.</summary>
    private const int MaxShownInBytes = 64 * 1024;

    /// <summary>Room for the headers of a dead letter, ours and the original's; what of the latter does not fit is left out.</summary>
    private const int MaxHeadersInBytes = 64 * 1024;

    /// <summary>A dead letter's own headers come on top.</summary>
    private const int MaxShownHeaders = 64;

    /// <summary>A block counts to 255; one is the source.</summary>
    private const int MaxForwardedHeaders = 254;

    /// <summary>A block's names have at most 255 bytes, a character up to three.</summary>
    private const int MaxNameInChars = 85;

    /// <summary>
    /// Dead letters of a shard in a second of the log's time; what more is refused is told together by its reason. A thousand sources of rubbish would
    /// otherwise cost the store more than everything else: a letter is some hundred times as dear as a reading.
    /// </summary>
    private const int MostInASecond = 200;

    /// <summary>Runs kept apart by their key; beyond that many, those of a reason are one.</summary>
    private const int MostRuns = 64;

    private readonly Dictionary<(string Reason, string Key), int> _runs = [];
    private long _second;
    private int _inSecond;

    private ImmutableSortedDictionary<string, long> _refusedByReason = ImmutableSortedDictionary.Create<string, long>(StringComparer.Ordinal);
    private readonly ArrayBufferWriter<byte> _pending = new();
    private readonly List<Pending> _items = [];

    public long Forwarded { get; private set; }

    public bool HasPending => _items.Count > 0;

    public int PendingInBytes => _pending.WrittenCount;

    private readonly record struct Pending(
        bool IsForward, int KeyLength, int ValueStart, int ValueLength, int KeyStart, long Offset, long TimestampInMs, long AtInMs,
        RecordRefusal Refusal, IReadOnlyList<KeyValuePair<string, byte[]>> Headers)
    {
        /// <summary>Records told by this one, itself included.</summary>
        public long Count { get; init; } = 1;

        public long LastOffset { get; init; } = Offset;
    }

    public void Refuse(in Record record, in RecordRefusal refusal, long nowInMs)
    {
        _refusedByReason = _refusedByReason.SetItem(refusal.Reason, _refusedByReason.GetValueOrDefault(refusal.Reason) + 1);
        if (!IsToldTogether(record, refusal))
        {
            Keep(record, record.Key, isForward: false, refusal, nowInMs);
        }
    }

    /// <summary>Adds the record to the run it belongs to; false where it stands for itself, or begins one.</summary>
    private bool IsToldTogether(in Record record, in RecordRefusal refusal)
    {
        long second = record.TimestampInMs / 1000;
        if (second != _second)
        {
            _second = second;
            _inSecond = 0;
        }

        if (refusal.IsByItself || (!refusal.IsOneOfMany && ++_inSecond <= MostInASecond))
        {
            return false;
        }

        (string, string) run = (refusal.Reason, refusal.IsOneOfMany && _runs.Count < MostRuns ? Encoding.UTF8.GetString(record.Key[..Math.Min(record.Key.Length, 200)]) : "");
        if (!_runs.TryGetValue(run, out int at))
        {
            _runs.Add(run, _items.Count);
            return false;
        }

        _items[at] = _items[at] with { Count = _items[at].Count + 1, LastOffset = record.Offset };
        return true;
    }

    /// <param name="key">The key the record should have had.</param>
    public void Forward(in Record record, ReadOnlySpan<byte> key, long nowInMs)
    {
        Forwarded++;
        Keep(record, key, isForward: true, default, nowInMs);
    }

    /// <summary>Counts the refused records whose dead letters are about to be written.</summary>
    public void Count(ShardCounts counts)
    {
        foreach (Pending item in _items)
        {
            if (!item.IsForward)
            {
                counts.Refuse(item.Refusal.Reason, item.Count);
            }
        }
    }

    public void Write(CommitDraft draft, ShardOptions options, InboxPartition partition, int generation)
    {
        foreach (Pending item in _items)
        {
            ReadOnlySpan<byte> key = _pending.WrittenSpan.Slice(item.KeyStart, item.KeyLength);
            ReadOnlySpan<byte> value = _pending.WrittenSpan.Slice(item.ValueStart, item.ValueLength);
            if (item.IsForward)
            {
                draft.BeginRecord(Lane.Bulk, partition.Topic, key, numbered: true, item.TimestampInMs);
                CopyHeaders(draft, item.Headers, ours: false);
                draft.BeginValue().Write(value);
                draft.EndRecord();
            }
            else
            {
                WriteDeadLetter(draft, options, partition, generation, item, key, value);
            }
        }

        _items.Clear();
        _runs.Clear();
        _pending.Clear();
        IBufferWriter<byte> to = draft.Snapshot;
        to.GetSpan(1)[0] = Version;
        to.Advance(1);
        to.WriteVarint((ulong)Forwarded);
        to.WriteVarint((ulong)_refusedByReason.Count);
        foreach ((string reason, long count) in _refusedByReason)
        {
            byte[] name = Encoding.UTF8.GetBytes(reason);
            to.WriteVarint((ulong)name.Length);
            to.Write(name);
            to.WriteVarint((ulong)count);
        }
    }

    public void Restore(ReadOnlySpan<byte> from)
    {
        if (from[0] != Version)
        {
            throw new InvalidDataException($"The shard's own state has version {from[0]}; this program reads up to {Version}.");
        }

        from = from[1..];
        Forwarded = (long)from.ReadVarint();
        int count = (int)from.ReadVarint();
        for (int i = 0; i < count; i++)
        {
            int length = (int)from.ReadVarint();
            string reason = Encoding.UTF8.GetString(from[..length]);
            from = from[length..];
            _refusedByReason = _refusedByReason.SetItem(reason, (long)from.ReadVarint());
        }
    }

    /// <summary>Of the dead letter that a record is, if it is one.</summary>
    public static string IdOf(InboxPartition partition, long offset, int generation)
    {
        string id = string.Create(CultureInfo.InvariantCulture, $"{partition.Topic}-{partition.Partition}-{offset}");
        return generation > 1 ? string.Create(CultureInfo.InvariantCulture, $"{id}-{generation}") : id;
    }

    private void Keep(in Record record, ReadOnlySpan<byte> key, bool isForward, in RecordRefusal refusal, long nowInMs)
    {
        int keyStart = _pending.WrittenCount;
        _pending.Write(key);
        int valueStart = _pending.WrittenCount;
        _pending.Write(record.Value);
        _items.Add(new Pending(
            isForward, key.Length, valueStart, record.Value.Length, keyStart, record.Offset, record.TimestampInMs, nowInMs, refusal,
            record.HasHeaders ? record.Batch.CopyHeaders(record.Index) : []));
    }

    private static void WriteDeadLetter(
        CommitDraft draft, ShardOptions options, InboxPartition partition, int generation, in Pending item,
        ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        string id = IdOf(partition, item.Offset, generation);
        RecordRefusal why = item.Refusal;
        int room = CommitDraft.MaxRecordInBytes - MaxHeadersInBytes;
        key = key[..Math.Min(key.Length, room / 2)];
        draft.BeginRecord(Lane.Bulk, options.DeadLetterTopic, key);
        draft.CloudEvent(id, options.EventSource, "streams.dead-letter", Encoding.UTF8.GetString(key[..Math.Min(key.Length, 200)]), item.AtInMs, contentType: null);
        draft.Header("reason"u8, Encoding.UTF8.GetBytes(why.Reason));
        draft.Header("field"u8, Encoding.UTF8.GetBytes(why.Field));
        draft.Header("detail"u8, Encoding.UTF8.GetBytes(Cut(why.Detail, 500)));
        draft.Header("original_topic"u8, Encoding.UTF8.GetBytes(partition.Topic));
        draft.Header("original_partition"u8, Encoding.UTF8.GetBytes(partition.Partition.ToString(CultureInfo.InvariantCulture)));
        draft.Header("original_offset"u8, Encoding.UTF8.GetBytes(item.Offset.ToString(CultureInfo.InvariantCulture)));
        if (item.Count > 1)
        {
            draft.Header("count"u8, Encoding.UTF8.GetBytes(item.Count.ToString(CultureInfo.InvariantCulture)));
            draft.Header("last_offset"u8, Encoding.UTF8.GetBytes(item.LastOffset.ToString(CultureInfo.InvariantCulture)));
        }

        CopyHeaders(draft, item.Headers, ours: true);
        draft.BeginValue().Write(value[..Math.Min(value.Length, room - key.Length)]);
        draft.EndRecord();

        using PooledBuffer body = new(1024);
        using (Utf8JsonWriter json = new(body))
        {
            json.WriteStartObject();
            json.WriteString("id", id);
            json.WriteString("reason", why.Reason);
            json.WriteString("field", why.Field);
            json.WriteString("detail", why.Detail);
            json.WriteString("topic", partition.Topic);
            json.WriteNumber("partition", partition.Partition);
            json.WriteNumber("offset", item.Offset);
            if (item.Count > 1)
            {
                json.WriteNumber("count", item.Count);
                json.WriteNumber("lastOffset", item.LastOffset);
            }

            json.WriteString("time", CloudEvents.FormatTime(item.AtInMs));
            json.WriteString("key", Encoding.UTF8.GetString(key));
            json.WriteNumber("sizeInBytes", value.Length);
            json.WriteStartObject("headers");
            foreach ((string name, byte[] header) in item.Headers)
            {
                json.WriteString(name, Encoding.UTF8.GetString(header));
            }

            json.WriteEndObject();
            ReadOnlySpan<byte> shown = value.Length > MaxShownInBytes ? value[..MaxShownInBytes] : value;
            json.WriteBoolean("truncated", shown.Length < value.Length);
            json.WriteBase64String("value", shown);
            json.WriteString("text", Encoding.UTF8.GetString(shown));
            json.WriteEndObject();
        }

        draft.Put(new Document(Collection, id, "", why.Reason, "refused", item.AtInMs, default, IsDone: true), body.Written);
    }

    private static void CopyHeaders(CommitDraft draft, IReadOnlyList<KeyValuePair<string, byte[]>> headers, bool ours)
    {
        int count = 0;
        int size = 0;
        int most = ours ? MaxShownHeaders : MaxForwardedHeaders;
        foreach ((string name, byte[] value) in headers)
        {
            size += value.Length + 100;
            if (name == SourceHeader.Name || count++ >= most || size > MaxHeadersInBytes - 4096)
            {
                continue;
            }

            // A dead letter is an event of its own; the attributes of the event it holds keep their value under another name.
            bool taken = ours && (name.StartsWith("ce_", StringComparison.Ordinal)
                || name is "reason" or "field" or "detail" or "count" or "last_offset" or "original_topic" or "original_partition" or "original_offset");
            byte[] nameUtf8 = Encoding.UTF8.GetBytes(Cut(taken ? "original_" + name : name, ours ? 80 : MaxNameInChars));
            draft.Header(nameUtf8, value);
        }
    }

    private static string Cut(string text, int length) => text.Length <= length ? text : text[..length];
}
