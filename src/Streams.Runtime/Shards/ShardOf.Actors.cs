using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Shards;

/// <summary>Actors coming into memory, leaving it, waking, and being restored after they threw.</summary>
internal sealed partial class Shard<TActor, TMessage>
{
    /// <summary>How far ahead stored deadlines are looked up: twice as long as until they are looked up again.</summary>
    private const long DueHorizonInMs = 120_000;

    /// <summary>The same once memory has been too short: who was looked up much too early would be gone again by the time.</summary>
    private const long ShortDueHorizonInMs = 2000;

    internal override void Restart()
    {
        Counts.Restarts++;
        Forget();
        _needsRestart = false;
        _clerk = LoadClerk();

        // Actors are as they were at their last commit: until they have come again to where they were, their deadlines are old ones.
        _caughtUpAt = Math.Max(_caughtUpAt, _expected);
        _expected = _nextPosted;
        SeekTo(_expected);
    }

    private void Forget()
    {
        _actors.Clear();
        _dirty.Clear();
        _timers.Clear();
        _urgent.Clear();
        _speakers.Clear();
        _memoryInBytes = 0;
        _dueLoadedThroughInMs = long.MinValue;
    }

    private IReadOnlyList<StoredActor> Fetch(IReadOnlyCollection<string> keys)
    {
        if (keys.Count == 0)
        {
            return [];
        }

        long started = Stopwatch.GetTimestamp();
        IReadOnlyList<StoredActor> stored = _seed.Store.Load(Id, keys);
        Counts.Loaded += stored.Count;
        Counts.Loading += Stopwatch.GetElapsedTime(started);
        return stored;
    }

    private Clerk LoadClerk()
    {
        Clerk clerk = new();
        foreach (StoredActor stored in _seed.Store.Load(Id, [""]))
        {
            clerk.Index = stored.Index;
            clerk.Restore(Open(clerk, stored.Snapshot));
        }

        return clerk;
    }

    /// <summary>
    /// One or more of the group's actors are not in memory: reads ahead through the whole batch for all that are missing and fetches
    /// them in one query, so that a cold shard costs a query per batch and not per record.
    /// </summary>
    private void LoadMissing(RecordBatch batch, int at, int count, long nowInMs)
    {
        TMessage scratch = new();
        HashSet<string> keys = [];
        int end = _caution.IsCareful ? at + count : batch.Count;
        for (int i = at; i < end && keys.Count < MaxLoad; i++)
        {
            if (_caution.IsDeadly(batch.OffsetAt(i)))
            {
                continue;
            }

            if (!_kind.Admit(batch[i], scratch, nowInMs))
            {
                continue;
            }

            ReadOnlySpan<byte> key = _kind.KeyOf(scratch);
            uint hash = Partitioner.Murmur2(key);
            if (Partitioner.PartitionOf(hash, _seed.Partitions) == Partition.Partition && _actors.Find(hash, key) is null)
            {
                keys.Add(Encoding.UTF8.GetString(key));
            }
        }

        keys.RemoveWhere(_caution.IsUnloadable);
        foreach (StoredActor stored in Fetch(keys))
        {
            Admit(stored);
            keys.Remove(stored.Key);
            CrashPoint.Reach(CrashPoint.MidLoad);
        }

        foreach (string key in keys)
        {
            Add(_kind.Create(key));
        }

        for (int j = 0; j < count; j++)
        {
            if (_verdicts[j] == Verdict.Admitted && _found[j] is null)
            {
                _found[j] = _actors.Find(_hashes[j], _kind.KeyOf(_messages[j]));
            }
        }
    }

    private TActor Admit(in StoredActor stored)
    {
        StoredActor whole = stored.WithSections(_seed.Store, Id);
        TActor actor = Restore(whole.Key, whole.Index, whole.Snapshot);
        actor.Sections = whole.Sections;
        Add(actor);
        if (stored.DueInMs is { } due)
        {
            _timers.Remind(actor, due);
        }

        return actor;
    }

    private TActor Restore(string key, int index, byte[] snapshot)
    {
        SnapshotEnvelope envelope = SnapshotEnvelope.Read(snapshot, out ReadOnlySpan<byte> state);
        TActor actor = _kind.Restore(key, state);
        envelope.ApplyTo(actor, _generation);
        if (!_ended.IsEmpty)
        {
            actor.Marks?.Continue(_ended, Lineage);
        }

        actor.Index = index;
        return actor;
    }

    private ReadOnlySpan<byte> Open(Actor actor, byte[] snapshot)
    {
        SnapshotEnvelope.Read(snapshot, out ReadOnlySpan<byte> state).ApplyTo(actor, _generation);
        return state;
    }

    private void Add(TActor actor)
    {
        actor.LastUsedTick = _tick;
        actor.SizeInBytes = _kind.SizeOf(actor);
        _memoryInBytes += actor.SizeInBytes;
        _actors.Add(actor);
    }

    private void Evict(TActor actor)
    {
        _memoryInBytes -= actor.SizeInBytes;
        _actors.Remove(actor);

        // The object may live on in a queue; whatever is left there must not act for the actor that is loaded in its place.
        actor.QueuedDueInMs = long.MaxValue;
        actor.IsUrgent = false;
        actor.Unsaid = 0;
    }

    /// <summary>Beyond the memory bound, written actors leave, those unused longest first (second chance over the table's slots).</summary>
    private void Passivate()
    {
        if (_memoryInBytes <= _seed.Options.MemoryInBytes)
        {
            return;
        }

        long committed = Volatile.Read(ref _committed);
        for (int age = 256; age >= 1 && _memoryInBytes > _seed.Options.MemoryInBytes; age /= 4)
        {
            for (int i = 0; i < _actors.SlotCount && _memoryInBytes > _seed.Options.MemoryInBytes; i++)
            {
                TActor? actor = _actors.AtSlot(ref _cursor);
                if (actor is { IsDirty: false } && actor.WrittenIn <= committed && _tick - actor.LastUsedTick >= age)
                {
                    Evict(actor);
                    Counts.Passivated++;
                    _dueLoadedThroughInMs = Math.Min(_dueLoadedThroughInMs, _kind.DueOf(actor));
                }
            }
        }
    }

    private void FireTimers(long nowInMs)
    {
        if (!IsCaughtUp)
        {
            return;
        }

        long horizon = Counts.Passivated > 0 ? ShortDueHorizonInMs : DueHorizonInMs;
        if (_dueLoadedThroughInMs < nowInMs + (horizon / 2) && nowInMs - _dueLoadedAtInMs >= 1000)
        {
            LoadDue(nowInMs, nowInMs + horizon);
        }

        nowInMs = Math.Min(nowInMs, SeenThroughInMs);

        // A fixed share per tick, so that ten thousand devices falling silent together do not keep records waiting.
        for (int i = 0; i < 256 && _timers.TryNext(nowInMs, out TActor actor); i++)
        {
            long due = _kind.DueOf(actor);
            if (due > nowInMs)
            {
                if (due != long.MaxValue)
                {
                    _timers.Remind(actor, due);
                }

                continue;
            }

            if (_failedTimers.Count > 0 && _failedTimers.Contains(actor.Key))
            {
                continue;
            }

            Reaction reaction;
            try
            {
                reaction = _kind.Wake(actor, nowInMs);
            }
#pragma warning disable CA1031 // A timer has no record to dead-letter.
            catch (Exception e)
#pragma warning restore CA1031
            {
                // It may be half changed: back to the last commit, and without this timer from then on.
                LogTimerFailed(_seed.Logger, e, Partition, actor.Key);
                _failedTimers.Add(actor.Key);
                _needsRestart = true;
                return;
            }

            Counts.Woken++;
            CrashPoint.Reach(CrashPoint.AfterTimer);
            if (!actor.IsDirty)
            {
                _dirty.Add(actor, _expected, nowInMs);
            }

            React(actor, reaction);
            Remind(actor);
        }
    }

    private readonly HashSet<string> _failedTimers = new(StringComparer.Ordinal);

    /// <summary>Deadlines of actors that are not in memory: loads those due soon, which wakes a silent device on whatever node it now lives.</summary>
    private long _dueLoadedAtInMs;

    private void LoadDue(long nowInMs, long through)
    {
        _dueLoadedAtInMs = nowInMs;
        IReadOnlyList<DueActor> due = _seed.Store.LoadDue(Id, through, MaxLoad);
        List<string> missing = [];
        foreach (DueActor entry in due)
        {
            byte[] key = Encoding.UTF8.GetBytes(entry.Key);
            if (_actors.Find(Partitioner.Murmur2(key), key) is null && !_caution.IsUnloadable(entry.Key))
            {
                missing.Add(entry.Key);
            }
        }

        foreach (StoredActor stored in Fetch(missing))
        {
            Admit(stored);
        }

        // A full page may have left some out: look again from the last one's deadline.
        _dueLoadedThroughInMs = due.Count == MaxLoad ? due[^1].DueInMs : through;
    }

    /// <summary>An actor threw. First time: the whole shard goes back to its last commit and the record is tried once more.</summary>
    private void Suspect(long offset, Exception error)
    {
        LogActorFailed(_seed.Logger, error, Partition, offset);
        _suspect = offset;
        _needsRestart = true;
    }

    /// <summary>The record at which an actor threw before: with the actor written first, a second failure costs only this record.</summary>
    private void ReceiveSuspect(in Record record, TActor actor, TMessage message, byte[] before, long nowInMs)
    {
        try
        {
            CrashPoint.Taste(actor);
            Reaction reaction = _kind.Receive(actor, message, nowInMs);
            Touch(actor, record.Offset, reaction, nowInMs);
            if (reaction == Reaction.Refused)
            {
                Refuse(actor, record, _kind.Refusal, nowInMs);
            }
        }
#pragma warning disable CA1031 // Whatever an actor throws, the shard goes on without this record.
        catch (Exception e)
#pragma warning restore CA1031
        {
            _dirty.Remove(actor);
            Evict(actor);
            TActor restored = Restore(actor.Key, actor.Index, before);
            restored.Sections = actor.Sections;
            Add(restored);
            Array.ForEach(_found.Index().Where(slot => ReferenceEquals(slot.Item, actor)).ToArray(), slot => _found[slot.Index] = restored);
            restored.Position = record.Offset;

            // A repeat of it is no second dead letter.
            IsNew(record, restored);
            _dirty.Add(restored, record.Offset, nowInMs);
            long due = _kind.DueOf(restored);
            if (due != long.MaxValue)
            {
                _timers.Remind(restored, due);
            }

            Refuse(record, new RecordRefusal("actor_failed", "", $"The actor threw twice on this record: {e.GetType().Name}: {e.Message}"), nowInMs);

            // Written at once: were a second bad record to send the shard back before this one, the two would chase each other for ever.
            CommitDraft draft = new();
            Write(restored, draft);
            Post(draft, nowInMs);
        }

        _suspect = -1;
    }

    [LoggerMessage(1203, LogLevel.Error, "{Partition}: the timer of actor {Key} threw. The shard goes back to its last commit; that actor's timers are not fired again while the shard is here.")]
    private static partial void LogTimerFailed(ILogger logger, Exception error, InboxPartition partition, string key);

    [LoggerMessage(1202, LogLevel.Error, "{Partition}: an actor threw at offset {Offset}. The shard goes back to its last commit and tries once more; if it throws again, that record goes to the dead letters.")]
    private static partial void LogActorFailed(ILogger logger, Exception error, InboxPartition partition, long offset);
}
