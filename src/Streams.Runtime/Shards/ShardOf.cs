using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.Logging;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;
using Streams.Runtime.Telemetry;

namespace Streams.Runtime.Shards;

/// <summary>A shard of one actor kind. See <see cref="Shard"/>; reading order: Process, Apply, Write.</summary>
internal sealed partial class Shard<TActor, TMessage> : Shard
    where TActor : Actor
    where TMessage : class, new()
{
    /// <summary>
    /// Records decoded and looked up together before the first is applied, so that their actors' memory is on its way from RAM
    /// meanwhile: sixteen outstanding misses is about what a core sustains.
    /// </summary>
    private const int GroupSize = 16;

    /// <summary>Actors loaded in one query.</summary>
    private const int MaxLoad = 4096;

    /// <summary>Refused and forwarded bytes kept before the clerk is written at once.</summary>
    private const int MaxClerkInBytes = 1 << 20;

    private readonly ActorKind<TActor, TMessage> _kind;
    private readonly ShardSeed _seed;
    private readonly EndedLineages _ended;
    private readonly ActorTable<TActor> _actors = new();
    private readonly DirtyList _dirty = new();
    private readonly TimerQueue<TActor> _timers = new();
    private readonly List<Actor> _urgent = [];
    private readonly Queue<Actor> _speakers = new();
    private readonly TMessage[] _messages = new TMessage[GroupSize];
    private readonly TActor?[] _found = new TActor?[GroupSize];
    private readonly Verdict[] _verdicts = new Verdict[GroupSize];
    private readonly RecordRefusal[] _refusals = new RecordRefusal[GroupSize];
    private readonly uint[] _hashes = new uint[GroupSize];
    private readonly long[] _lastNumbers;
    private readonly long[] _published;
    private readonly int _generation;
    private Clerk _clerk;
    private long _expected;
    private long _nextPosted;
    private long _caughtUpAt;
    private int _seeksAwaited;
    private bool _justSought = true;
    private long _posted;
    private long _committed;
    private int _nextIndex;
    private int _tick;
    private int _cursor;
    private long _memoryInBytes;
    private long _dueLoadedThroughInMs = long.MinValue;
    private long _lastPostInMs;
    private long _deletedUrgent;
    private long _deletedBulk;

    // Somebody records traces; looked at once a batch. The record being applied is one of a trace: what it names as its parent.
    private bool _isTracing;
    private ActivityContext _parent;

    // An offset at which an actor threw: when it comes again, its actor is written first, so that it can be put back as it was.
    private long _suspect = -1;
    private bool _needsRestart;

    private readonly Caution _caution;

    private enum Verdict : byte
    {
        Admitted,
        Refused,
        Misrouted,
        Known,
    }

    public Shard(ActorKind<TActor, TMessage> kind, ShardSeed seed)
        : base(seed.CatchUpTo, seed.SeenAtInMs)
    {
        _kind = kind;
        _seed = seed;
        Id = seed.Id;
        Partition = seed.Partition;
        Epoch = seed.Claim.Epoch;
        Lineage = seed.Store.Lineage;
        _ended = seed.Store.Ended;
        _generation = seed.Claim.Generation;
        _lastNumbers = [.. seed.Claim.LastNumbers];
        _published = [.. _lastNumbers];
        foreach (OutboxChunk chunk in seed.Unpublished)
        {
            int lane = (int)chunk.Lane;
            _published[lane] = Math.Min(_published[lane], chunk.FirstNumber - 1);
        }

        _deletedUrgent = _published[0];
        _deletedBulk = _published[1];
        _expected = _nextPosted = seed.Claim.NextOffset;
        _nextIndex = seed.Claim.NextActorIndex;
        _caughtUpAt = seed.CatchUpTo;
        _lastPostInMs = seed.SeenAtInMs;
        for (int i = 0; i < GroupSize; i++)
        {
            _messages[i] = new TMessage();
        }

        _clerk = LoadClerk();
        _caution = new Caution(seed, _clerk.Position);
    }

    internal override ActorKind Kind => _kind;

    public override long NextToRead => _expected;

    public override int ActorsInMemory => _actors.Count;

    public override long MemoryInBytes => _memoryInBytes;

    public override bool IsCaughtUp => _expected >= _caughtUpAt;

    internal override long NextPosted => _nextPosted;

    internal override int CommitsInFlight => (int)(_posted - Volatile.Read(ref _committed));

    internal override bool HasUnwritten => _dirty.Count > 0;

    internal override bool HasUnpublished =>
        Volatile.Read(ref _published[0]) < _lastNumbers[0] || Volatile.Read(ref _published[1]) < _lastNumbers[1];

    internal override long Progress => Volatile.Read(ref _committed) + Volatile.Read(ref _published[0]) + Volatile.Read(ref _published[1]);

    internal override bool NeedsRestart => _needsRestart;

    internal override void Process(RecordBatch batch, long nowInMs)
    {
        if (_caution.IsCareful && !IsCaughtUp)
        {
            lock (Caution.Noting)
            {
                ProcessAll(batch, nowInMs);
            }
        }
        else
        {
            ProcessAll(batch, nowInMs);
        }
    }

    private void ProcessAll(RecordBatch batch, long nowInMs)
    {
        _isTracing = Tracing.IsOn;
        for (int at = 0; at < batch.Count && _seeksAwaited == 0 && !_needsRestart && !IsDropped;)
        {
            int count = Math.Min(GroupSize, batch.Count - at);
            if (_caution.IsCareful && !IsCaughtUp && batch.OffsetAt(at) >= _expected)
            {
                count = _caution.Announce(batch, at, count);
            }

            int take = Decode(batch, at, count, nowInMs);
            if (take == 0)
            {
                break;
            }

            Apply(batch, at, take, nowInMs);
            at += take;
        }

        _caution.Survived();
        if (_clerk.PendingInBytes > MaxClerkInBytes || (_clerk.IsDirty && _caution.IsDeadly(_clerk.Position)))
        {
            MakeUrgent(_clerk);
        }

        if (_urgent.Count > 0 && !_needsRestart)
        {
            WriteUrgent(nowInMs);
        }
    }

    internal override void Sought()
    {
        // An earlier one may be answered when a restart has asked for another since: records from that place are not from this one.
        _seeksAwaited = Math.Max(0, _seeksAwaited - 1);
        _justSought = _seeksAwaited == 0;
    }

    internal override bool IsWritten(string key)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(key);
        return _actors.Find(Partitioner.Murmur2(utf8), utf8) is not { } actor || actor.WrittenIn <= Volatile.Read(ref _committed);
    }

    internal override T? Ask<T>(string key, Func<Actor, T> question)
        where T : class
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(key);
        TActor? actor = _actors.Find(Partitioner.Murmur2(utf8), utf8);
        if (actor is null && !_caution.IsUnloadable(key))
        {
            foreach (StoredActor stored in Fetch([key]))
            {
                actor = Admit(stored);
            }
        }

        return actor is null ? null : question(actor);
    }

    internal override void Drop()
    {
        MarkDropped();
        Forget();
    }

    /// <summary>Decodes and finds the actors of the next records; answers how many can be applied (0: none, wait for the seek).</summary>
    private int Decode(RecordBatch batch, int at, int count, long nowInMs)
    {
        bool missing = false;
        long expected = _expected;
        for (int j = 0; j < count; j++)
        {
            Record record = batch[at + j];
            long offset = record.Offset;
            if (offset > expected && !TakeGap(expected, offset))
            {
                count = j;
                break;
            }

            _justSought = false;
            if (offset < expected)
            {
                _verdicts[j] = Verdict.Known;
                continue;
            }

            expected = offset + 1;
            TMessage message = _messages[j];
            if (_caution.IsDeadly(offset))
            {
                if (_caution.IsOfLoading && _kind.Admit(record, message, nowInMs))
                {
                    _caution.LeaveAlone(Encoding.UTF8.GetString(_kind.KeyOf(message)));
                }

                _verdicts[j] = Verdict.Refused;
                _refusals[j] = _caution.Refusal(_caution.IsOfLoading);
                continue;
            }

            if (!_kind.Admit(record, message, nowInMs))
            {
                _verdicts[j] = Verdict.Refused;
                _refusals[j] = _kind.Refusal;
                continue;
            }

            ReadOnlySpan<byte> key = _kind.KeyOf(message);
            uint hash = Partitioner.Murmur2(key);
            if (Partitioner.PartitionOf(hash, _seed.Partitions) != Partition.Partition)
            {
                _verdicts[j] = Verdict.Misrouted;
                continue;
            }

            _verdicts[j] = Verdict.Admitted;
            _hashes[j] = hash;
            TActor? actor = _actors.Find(hash, key);
            _found[j] = actor;
            if (actor is not null)
            {
                _kind.Prefetch(actor);
            }
            else if (_caution.HasUnloadable && _caution.IsUnloadable(Encoding.UTF8.GetString(key)))
            {
                _verdicts[j] = Verdict.Refused;
                _refusals[j] = _caution.Refusal(ofLoading: true);
            }
            else
            {
                missing = true;
            }
        }

        if (missing)
        {
            _caution.Loading(batch.OffsetAt(at), count);
            LoadMissing(batch, at, count, nowInMs);
            _caution.Loaded(batch.OffsetAt(at), count);
        }

        return count;
    }

    /// <summary>
    /// Records are missing between what was expected and what came. Right after a seek the log itself has none (they aged out, or were
    /// never records); otherwise the client lost its place and must read again.
    /// </summary>
    private bool TakeGap(long expected, long offset)
    {
        if (_justSought)
        {
            Counts.Missing += offset - expected;
            LogGap(Partition, expected, offset);
            return true;
        }

        SeekTo(_expected);
        return false;
    }

    private void SeekTo(long offset)
    {
        _seeksAwaited++;
        _seed.RequestSeek(this, offset);
    }

    private void Apply(RecordBatch batch, int at, int count, long nowInMs)
    {
        int j = 0;
        try
        {
            for (; j < count; j++)
            {
                Verdict verdict = _verdicts[j];
                if (verdict == Verdict.Known)
                {
                    Counts.Replayed++;
                    continue;
                }

                Record record = batch[at + j];
                if (verdict == Verdict.Admitted)
                {
                    Receive(record, _found[j]!, _messages[j], nowInMs);
                }
                else if (verdict == Verdict.Refused)
                {
                    Refuse(record, _refusals[j], nowInMs);
                }
                else
                {
                    Forward(record, _kind.KeyOf(_messages[j]), nowInMs);
                }

                _expected = record.Offset + 1;
            }
        }
        catch (Exception e) when (e is not (StoreUnavailableException or StoreRewoundException))
        {
            Suspect(batch.OffsetAt(at + j), e);
        }
    }

    private void Receive(in Record record, TActor actor, TMessage message, long nowInMs)
    {
        long offset = record.Offset;
        if (offset <= actor.Position)
        {
            Counts.Replayed++;
            return;
        }

        actor.LastUsedTick = _tick;
        byte[]? before = offset == _suspect ? WriteOne(actor, nowInMs) : null;
        if (!IsNew(record, actor))
        {
            Counts.Repeats++;
            return;
        }

        if (before is not null)
        {
            ReceiveSuspect(record, actor, message, before, nowInMs);
            return;
        }

        DateTimeOffset? tracedFrom = _isTracing ? TracedFrom(record) : null;
        CrashPoint.Taste(actor);
        Reaction reaction = _kind.Receive(actor, message, nowInMs);
        Touch(actor, offset, reaction, nowInMs);
        if (reaction == Reaction.Decided || tracedFrom is not null)
        {
            Remember(record, actor, reaction, tracedFrom);
        }

        if (reaction == Reaction.Refused)
        {
            Refuse(actor, record, _kind.Refusal, nowInMs);
        }
    }

    private void Refuse(TActor actor, in Record record, in RecordRefusal refusal, long nowInMs)
    {
        Refuse(record, refusal, nowInMs);
        if (refusal.IsDecision)
        {
            Counts.Decisions++;
            MakeUrgent(actor);
        }
    }

    /// <summary>Null for a record that is not traced.</summary>
    private DateTimeOffset? TracedFrom(in Record record) =>
        (Origin.TryGetTrace(record, out _parent, out _) && _parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded))
        || (_parent == default && !_seed.IsInner && Tracing.IsPicked(record.Offset, _seed.Options.TraceShare))
            ? DateTimeOffset.UtcNow
            : null;

    /// <summary>What the actor says next goes back to this record.</summary>
    private void Remember(in Record record, TActor actor, Reaction reaction, DateTimeOffset? tracedFrom)
    {
        string? span = tracedFrom is { } from
            ? Tracing.Applied(_parent, from, Partition, record.Offset, _kind.Name, actor.Key, reaction.ToString())
            : null;
        if (reaction is Reaction.Decided or Reaction.Speaks)
        {
            actor.Origin = Origin.First(actor.Origin, Origin.Of(record, _seed.IsInner, span, reaction == Reaction.Decided));
        }
    }

    /// <summary>False for the repeat of a message that the actor has taken, or will be told anew; otherwise it counts as taken from now on.</summary>
    private bool IsNew(in Record record, TActor actor) =>
        !record.HasHeaders
        || !record.TryGetHeader(SourceHeader.NameUtf8, out ReadOnlySpan<byte> header)
        || !SourceHeader.TryRead(header, out SourceHeader from)
        || IsNew(from, record.Offset, actor);

    private bool IsNew(SourceHeader told, long offset, TActor actor)
    {
        if (_ended.Has(told.Lineage))
        {
            if (_ended.IsVoid(told.Lineage, told.Source, told.Number))
            {
                return false;
            }

            told = told with { Lineage = Lineage };
        }

        if (told.Lineage == Lineage && offset < _seed.CatchUpTo && _seed.Numbers is { } numbers && told.Number > numbers.GetValueOrDefault(told.Source))
        {
            throw new StoreRewoundException(
                $"{Partition} has a message at offset {offset} that this store has not sent: its source is at number {numbers.GetValueOrDefault(told.Source)}, the message has {told.Number}. The store was restored from a "
                + "backup, or lost commits. Stop all nodes at once. What they have sent since can not be told from what was sent before: restore the backup again, and run 'streams store restored' before any node is started.");
        }

        return !(told.Lineage == Lineage || _seed.IsInner) || (actor.Marks ??= new SourceMarks()).Advance(told);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Touch(TActor actor, long offset, Reaction reaction, long nowInMs)
    {
        actor.Position = offset;
        Counts.Applied++;
        if (reaction == Reaction.Refused)
        {
            Counts.Applied--;
            if (actor.Index < 0 && !actor.IsDirty)
            {
                // Nobody yet: refusing it leaves no row behind.
                return;
            }
        }

        if (!actor.IsDirty)
        {
            _dirty.Add(actor, offset, nowInMs);
        }

        if (reaction != Reaction.Quiet)
        {
            React(actor, reaction);
        }

        Remind(actor);
    }

    private void React(TActor actor, Reaction reaction)
    {
        switch (reaction)
        {
            case Reaction.Speaks:
                Speak(actor);
                if (actor.Unsaid >= _seed.Options.MaxUnsaid)
                {
                    MakeUrgent(actor);
                }

                break;
            case Reaction.Decided:
                Counts.Decisions++;
                MakeUrgent(actor);
                break;
            case Reaction.Repeat:
                Counts.Repeats++;
                break;
        }
    }

    private void Remind(TActor actor)
    {
        long due = _kind.DueOf(actor);
        if (due < actor.QueuedDueInMs)
        {
            _timers.Remind(actor, due);
        }
    }

    private void Speak(Actor actor)
    {
        actor.Unsaid++;
        if (!actor.IsWaitingToSpeak)
        {
            actor.IsWaitingToSpeak = true;
            _speakers.Enqueue(actor);
        }
    }

    private void MakeUrgent(Actor actor)
    {
        if (!actor.IsUrgent)
        {
            actor.IsUrgent = true;
            _urgent.Add(actor);
        }
    }

    private void Refuse(in Record record, in RecordRefusal refusal, long nowInMs)
    {
        if (record.Offset <= _clerk.Position)
        {
            return;
        }

        Counts.Refused++;
        _clerk.Refuse(record, refusal, nowInMs);
        TouchClerk(record.Offset, nowInMs);
    }

    private void Forward(in Record record, ReadOnlySpan<byte> key, long nowInMs)
    {
        if (record.Offset <= _clerk.Position)
        {
            return;
        }

        Counts.Misrouted++;
        _clerk.Forward(record, key, nowInMs);
        TouchClerk(record.Offset, nowInMs);
    }

    private void TouchClerk(long offset, long nowInMs)
    {
        _clerk.Position = offset;
        if (!_clerk.IsDirty)
        {
            _dirty.Add(_clerk, offset, nowInMs);
        }

        Speak(_clerk);
    }

    [LoggerMessage(1201, LogLevel.Warning, "{Partition}: the log no longer has offsets {From} to {To} (exclusive); going on after them. What they held is lost to this node: check the topic's retention.")]
    private static partial void LogGap(ILogger logger, InboxPartition partition, long from, long to);

    private void LogGap(InboxPartition partition, long from, long to) => LogGap(_seed.Logger, partition, from, to);
}
