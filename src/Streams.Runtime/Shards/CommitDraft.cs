using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Streams.Runtime.Actors;
using Streams.Runtime.Audit;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;
using Streams.Runtime.Telemetry;

namespace Streams.Runtime.Shards;

/// <summary>
/// Where actors put what is to be written: their snapshots, outgoing records, journal entries, read-model rows and history. The shard
/// opens a draft for a run of actors, and posts it as one <see cref="ShardCommit"/>.
/// </summary>
/// <remarks>
/// An outgoing record is written as <see cref="BeginRecord"/>, any number of <see cref="Header"/>, <see cref="BeginValue"/>, the value
/// into the buffer that answers, <see cref="EndRecord"/>.
/// </remarks>
public sealed class CommitDraft : IOutgoing, IDisposable
{
    /// <summary>A record larger than this would be refused by a broker with default settings (1 MB with overhead).</summary>
    public const int MaxRecordInBytes = 1_000_000 - 4096;

    private readonly PooledBuffer _bytes = new(64 * 1024);

    // Bodies of the other rows: apart, because they come while a snapshot is half written.
    private readonly PooledBuffer _side = new(16 * 1024);
    private readonly LaneDraft[] _lanes = [new(), new()];
    private readonly List<(Actor Actor, bool IsNew, long? DueInMs, int Start, int Length)> _actors = [];
    private readonly List<(Actor Actor, long Number, int Start, int Length)> _sections = [];
    private readonly List<(long Number, int Start)> _begun = [];
    private readonly List<int> _left = [];
    private readonly List<(string Key, long AtInMs, string Type, int Start, int Length)> _journal = [];
    private readonly List<(Document Row, int Start, int Length)> _documents = [];
    private readonly List<(Actor Actor, byte Part, long From, int Start, int Length)> _history = [];
    private readonly List<(AuditDraft Entry, Lane Lane, int Record, int Index)> _audit = [];
    private LaneDraft _open;
    private int _holders = 1;
    private int _lengthAt;
    private int _wholeLength;
    private bool _isPacked;
    private bool _mayLeave;
    private bool _leaves;
    private Origin? _origin;
    private List<string>? _traces;

    internal CommitDraft() => _open = _lanes[0];

    /// <summary>The snapshot of the actor being written; valid within <see cref="ActorKind{TActor,TMessage}.Write"/>.</summary>
    public IBufferWriter<byte> Snapshot => _bytes;

    /// <summary>
    /// What the records written from now on go back to: said in their headers, except those that are packed. The shard sets it to the origin of the
    /// actor that is written; null where nobody needs to know.
    /// </summary>
    public Origin? Origin
    {
        get => _origin;
        set
        {
            _origin = value;
            if (value?.TraceParent is { } trace && _traces?.Contains(trace) is not true)
            {
                (_traces ??= []).Add(trace);
            }
        }
    }

    /// <summary>Each trace that this commit is a step of, as <c>traceparent</c>.</summary>
    internal IReadOnlyList<string> Traces => _traces ?? (IReadOnlyList<string>)[];

    internal int ActorCount => _actors.Count + _left.Count;

    internal int SizeInBytes => _bytes.Length + _side.Length + _lanes[0].Bytes.Length + _lanes[1].Bytes.Length;

    /// <summary>Starts an outgoing record.</summary>
    /// <param name="numbered">For records to other actors: carries its source and number, so that the receiver drops repeats.</param>
    /// <param name="timestampInMs">The record's own; 0 takes the time of publishing.</param>
    /// <param name="packed">
    /// The value is a short form of the record, and headers are not given: <see cref="ActorKind.Unpack"/> makes both when it is published. For what
    /// leaves by the hundred thousand, for every byte of an outgoing record is written to the store first.
    /// </param>
    public void BeginRecord(Lane lane, string topic, ReadOnlySpan<byte> key, bool numbered = false, long timestampInMs = 0, bool packed = false)
    {
        _open = _lanes[(int)lane];
        _isPacked = packed;
        PooledBuffer to = _open.Bytes;
        int index = _open.Topics.IndexOf(topic);
        byte flags = (byte)((numbered ? OutboxCodec.Numbered : 0) | (timestampInMs > 0 ? OutboxCodec.Timestamped : 0) | (packed ? OutboxCodec.Packed : 0));
        if (index < 0)
        {
            index = _open.Topics.Count;
            _open.Topics.Add(topic);
            Span<byte> head = to.GetSpan(3 + (topic.Length * 3));
            head[0] = (byte)(flags | OutboxCodec.NewTopic);
            head[1] = (byte)index;
            int length = Encoding.UTF8.GetBytes(topic, head[3..]);
            head[2] = checked((byte)length);
            to.Advance(3 + length);
        }
        else
        {
            Span<byte> head = to.GetSpan(2);
            head[0] = flags;
            head[1] = (byte)index;
            to.Advance(2);
        }

        if (timestampInMs > 0)
        {
            BinaryPrimitives.WriteInt64LittleEndian(to.GetSpan(8), timestampInMs);
            to.Advance(8);
        }

        WriteLength(to, key.Length);
        to.Write(key);
        _lengthAt = to.Length;
        WriteLength(to, 0);
        HeaderBlock.Begin(to, 0);
        _open.HeaderCount = 0;
    }

    /// <summary>Adds a header to the record begun.</summary>
    public void Header(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        HeaderBlock.Add(_open.Bytes, name, value);
        _open.HeaderCount++;
    }

    /// <summary>Ends the headers; the value goes into what this answers.</summary>
    public IBufferWriter<byte> BeginValue()
    {
        PooledBuffer to = _open.Bytes;
        if (_origin is not null && !_isPacked)
        {
            _origin.Write(to);
            _open.HeaderCount += _origin.HeaderCount;
        }

        to.At(_lengthAt + 4, 1)[0] = checked((byte)_open.HeaderCount);
        PatchLength(to, _lengthAt);
        _lengthAt = to.Length;
        WriteLength(to, 0);
        return to;
    }

    public void EndRecord()
    {
        PatchLength(_open.Bytes, _lengthAt);
        _open.Count++;
    }

    /// <summary>Appends a decision to the journal.</summary>
    public void Journal(Actor actor, long atInMs, string type, ReadOnlySpan<byte> body) =>
        _journal.Add((actor.Key, atInMs, type, Copy(body), body.Length));

    /// <summary>Writes or replaces a read-model row; the row's own <c>Body</c> is ignored.</summary>
    public void Put(in Document row, ReadOnlySpan<byte> body) =>
        _documents.Add((row, Copy(body), body.Length));

    /// <summary>Appends a packed run of the actor's past: see <see cref="HistoryRow"/>.</summary>
    public void History(Actor actor, byte part, long fromInMs, ReadOnlySpan<byte> body) =>
        _history.Add((actor, part, fromInMs, Copy(body), body.Length));

    /// <summary>
    /// Notes in the audit chain, in the same transaction, what the actor decided. Costs the chain's lock for the rest of the transaction: for what people and
    /// emergency management want to be answered for, not for what devices say all day.
    /// </summary>
    /// <param name="entry">With an empty id: it gets one made of the shard and of the number of the record that ended last, which tells of the same decision.</param>
    /// <exception cref="InvalidOperationException">The id is empty and no record of this draft could name it.</exception>
    public void Audit(AuditDraft entry)
    {
        if (entry.Id.Length == 0 && _open.Count == 0)
        {
            throw new InvalidOperationException($"The audit entry {entry.Action} has no id, and no record was written before it that could name it.");
        }

        Lane lane = _open == _lanes[0] ? Lane.Urgent : Lane.Bulk;
        int index = 0;
        for (int i = _audit.Count - 1; i >= 0 && _audit[i].Lane == lane && _audit[i].Record == _open.Count; i--)
        {
            index++;
        }

        _audit.Add((entry, lane, _open.Count, index));
    }

    /// <summary>
    /// What is put into <see cref="Snapshot"/> from here on is the section of this number, up to the next one or the end: it is written to the store only when it is another than before.
    /// For actors whose state is large and changes by small parts. What is read back is the whole again, as it was put in.
    /// </summary>
    /// <param name="number">Greater than the one before; the order in which sections are read back.</param>
    /// <exception cref="InvalidOperationException">It is not greater.</exception>
    public void Section(long number)
    {
        if (_begun.Count > 0 && _begun[^1].Number >= number)
        {
            throw new InvalidOperationException($"Section {number} comes after section {_begun[^1].Number}: they are read back in the order of their numbers.");
        }

        _begun.Add((number, _bytes.Length));
    }

    /// <summary>
    /// The actor that is being written leaves for good: its row and all that belongs to it (sections, history) are deleted in this commit, and what comes for it from here on meets one that
    /// nobody has heard of. Say it before anything is put into <see cref="Snapshot"/>, and let go of the state. What it has written apart (records, documents, the journal) stays.
    /// For actors that nobody speaks to any more: who repeats what it was told before would be believed.
    /// </summary>
    /// <returns>False where a crash would bring records back that it has passed: then it stays, is written as ever, and may ask again a minute later.</returns>
    public bool Leave() => _leaves = _mayLeave;

    internal int BeginSnapshot(bool mayLeave = false)
    {
        _begun.Clear();
        _mayLeave = mayLeave;
        _leaves = false;
        return _bytes.Length;
    }

    internal void EndSnapshot(Actor actor, bool isNew, long? dueInMs, int start)
    {
        int end = _bytes.Length;
        if (_leaves)
        {
            if (!isNew)
            {
                _left.Add(actor.Index);
            }

            // It stays in memory as one that was never written, until the commit is in the store: read again before, it would be what it was.
            actor.Index = -1;
            actor.Sections = null;
            return;
        }

        _actors.Add((actor, isNew, dueInMs, start, (_begun.Count > 0 ? _begun[0].Start : end) - start));
        _wholeLength = end - start;
        if (_begun.Count == 0 && actor.Sections is null)
        {
            return;
        }

        actor.Sections ??= [];
        HashSet<long> gone = [.. actor.Sections.Keys];
        for (int i = 0; i < _begun.Count; i++)
        {
            (long number, int from) = _begun[i];
            int length = (i + 1 < _begun.Count ? _begun[i + 1].Start : end) - from;
            if (length == 0)
            {
                // Nothing to write, and an empty row would be a deleted one.
                continue;
            }

            gone.Remove(number);
            ReadOnlySpan<byte> section = _bytes.At(from, length);
            if (!actor.Sections.TryGetValue(number, out byte[]? before) || !section.SequenceEqual(before))
            {
                actor.Sections[number] = section.ToArray();
                _sections.Add((actor, number, from, length));
            }
        }

        foreach (long number in gone)
        {
            actor.Sections.Remove(number);
            _sections.Add((actor, number, 0, 0));
        }
    }

    internal PooledBuffer Bytes => _bytes;

    /// <summary>With its sections.</summary>
    internal ReadOnlySpan<byte> LastSnapshot => _bytes.Written.Slice(_actors[^1].Start, _wholeLength);

    internal ShardCommit ToCommit(ShardId shard, long epoch, long number, long nextOffset, long[] lastNumbers, long[] publishedThrough, long atInMs)
    {
        long[] numbers = [.. lastNumbers];
        IEnumerable<AuditDraft> audit = [.. _audit.Select(noted => noted.Entry.Id.Length > 0 ? noted.Entry : noted.Entry with { Id = IdOf(shard, noted, lastNumbers) })];
        List<OutboxChunk> chunks = [];
        for (int lane = 0; lane < _lanes.Length; lane++)
        {
            LaneDraft draft = _lanes[lane];
            if (draft.Count > 0)
            {
                chunks.Add(new OutboxChunk((Lane)lane, numbers[lane] + 1, draft.Count, draft.Bytes.Slice(0, draft.Bytes.Length)));
                numbers[lane] += draft.Count;
            }
        }

        ShardCommit commit = new()
        {
            Shard = shard,
            Epoch = epoch,
            Number = number,
            NextOffset = nextOffset,
            AtInMs = atInMs,
            LastNumbers = numbers,
            PublishedThrough = [.. publishedThrough],
        };
        commit.Outbox.AddRange(chunks);
        commit.Actors.EnsureCapacity(_actors.Count);
        foreach ((Actor actor, bool isNew, long? due, int start, int length) in _actors)
        {
            commit.Actors.Add(new ActorRow(actor.Index, actor.KeyUtf8, isNew, due, _bytes.Slice(start, length)));
        }

        commit.Left.AddRange(_left);
        foreach ((Actor actor, long section, int start, int length) in _sections)
        {
            commit.Sections.Add(new SectionRow(actor.Index, section, _bytes.Slice(start, length)));
        }

        foreach ((string key, long at, string type, int start, int length) in _journal)
        {
            commit.Journal.Add(new JournalRow(key, at, type, _side.Slice(start, length)));
        }

        foreach ((Document row, int start, int length) in _documents)
        {
            commit.Documents.Add(row with { Body = _side.Slice(start, length) });
        }

        foreach ((Actor actor, byte part, long from, int start, int length) in _history.Where(row => row.Actor.Index >= 0))
        {
            commit.History.Add(new HistoryRow(actor.Index, part, from, _side.Slice(start, length)));
        }

        commit.Audit.AddRange(audit);
        return commit;
    }

    /// <summary>Such as <c>2/5/urgent/123</c>; what more is noted of the same record is told apart at the end.</summary>
    private static string IdOf(ShardId shard, in (AuditDraft Entry, Lane Lane, int Record, int Index) noted, long[] lastNumbers) => string.Create(
        CultureInfo.InvariantCulture,
        $"{shard}/{noted.Lane.ToString().ToLowerInvariant()}/{lastNumbers[(int)noted.Lane] + noted.Record}{(noted.Index > 0 ? $".{noted.Index + 1}" : "")}");

    /// <summary>The store is done with it: all but the outgoing records is freed.</summary>
    internal void ReleaseRows()
    {
        _bytes.Dispose();
        _side.Dispose();
        Release();
    }

    /// <summary>One holder less: the store, or the publisher for one chunk. The last one frees the outgoing records too.</summary>
    internal void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            Dispose();
        }
    }

    internal void Hold() => Interlocked.Increment(ref _holders);

    public void Dispose()
    {
        _bytes.Dispose();
        _side.Dispose();
        _lanes[0].Bytes.Dispose();
        _lanes[1].Bytes.Dispose();
    }

    private int Copy(ReadOnlySpan<byte> body)
    {
        int start = _side.Length;
        _side.Write(body);
        return start;
    }

    private static void WriteLength(PooledBuffer to, int length)
    {
        BinaryPrimitives.WriteInt32LittleEndian(to.GetSpan(4), length);
        to.Advance(4);
    }

    private static void PatchLength(PooledBuffer to, int at) =>
        BinaryPrimitives.WriteInt32LittleEndian(to.At(at, 4), to.Length - at - 4);

    private sealed class LaneDraft
    {
        public PooledBuffer Bytes { get; } = new(16 * 1024);

        public List<string> Topics { get; } = [];

        public int Count;
        public int HeaderCount;
    }
}
