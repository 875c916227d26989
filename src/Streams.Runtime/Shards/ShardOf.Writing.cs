using Streams.Runtime.Actors;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Shards;

/// <summary>What is written when: decisions at once, everything else in turn and paced.</summary>
internal sealed partial class Shard<TActor, TMessage>
{
    internal override void Tick(long nowInMs, bool hasTimeToSpare, double applyingShare)
    {
        if (IsDropped || _needsRestart)
        {
            return;
        }

        _tick++;
        FireTimers(nowInMs);
        if (_urgent.Count > 0)
        {
            WriteUrgent(nowInMs);
        }

        Sweep(nowInMs, hasTimeToSpare, applyingShare);
        Passivate();
        if (nowInMs - _lastPostInMs >= 1000)
        {
            ForgetPublished();
        }
    }

    internal override void WriteAll(long nowInMs)
    {
        if (IsDropped || _needsRestart)
        {
            return;
        }

        WriteUrgent(nowInMs);
        while (_dirty.Head is not null)
        {
            WriteHead(_seed.Options.SweepSize, long.MaxValue, nowInMs);
        }
    }

    internal override void Committed() => Interlocked.Increment(ref _committed);

    internal override void Published(Lane lane, long throughNumber) => Volatile.Write(ref _published[(int)lane], throughNumber);

    private void WriteUrgent(long nowInMs)
    {
        if (_urgent.Count == 0)
        {
            return;
        }

        CommitDraft draft = new();
        foreach (Actor actor in _urgent)
        {
            if (actor.IsUrgent)
            {
                Write(actor, draft);
            }
        }

        _urgent.Clear();
        Post(draft, nowInMs);
    }

    private byte[] WriteOne(TActor actor, long nowInMs)
    {
        CommitDraft draft = new();
        Write(actor, draft, mayLeave: false);
        byte[] snapshot = draft.LastSnapshot.ToArray();
        Post(draft, nowInMs);
        return snapshot;
    }

    private void Sweep(long nowInMs, bool hasTimeToSpare, double applyingShare)
    {
        ShardOptions options = _seed.Options;

        ForgetSilentSpeakers();

        // With time to spare, who has something to say is written soon; otherwise it waits for its turn below.
        if (hasTimeToSpare && CommitsInFlight == 0)
        {
            CommitDraft? draft = null;
            while (_speakers.TryPeek(out Actor? speaker)
                && (nowInMs - speaker.DirtySinceInMs >= options.SpeakWithin.TotalMilliseconds)
                && (draft is null || draft.ActorCount < options.SweepSize))
            {
                _speakers.Dequeue();
                speaker.IsWaitingToSpeak = false;
                Write(speaker, draft ??= new CommitDraft());
                ForgetSilentSpeakers();
            }

            if (draft is not null)
            {
                Post(draft, nowInMs);
            }
        }

        // What a new owner would have to do again stays under the bound: a thread that applies records for a quarter of its time has done
        // a second of that work in four. And it stays under the bound by age.
        double mostInMs = Math.Min(options.ReplayWork.TotalMilliseconds / Math.Max(applyingShare, 0.001), options.MaxDirtyAge.TotalMilliseconds);
        WriteHead(options.SweepSize, IsToInherit ? long.MaxValue : nowInMs - (long)mostInMs, nowInMs);
    }

    /// <summary>
    /// What an earlier owner had read and not written is older than it looks, and older with each owner that dies before writing it: it is written as soon
    /// as the shard has caught up and the store keeps pace.
    /// </summary>
    private bool IsToInherit => IsCaughtUp && CommitsInFlight == 0 && _dirty.Head?.DirtyOffset < _caughtUpAt;

    /// <summary>Those in front of the queue who were written meanwhile have nothing left to say.</summary>
    private void ForgetSilentSpeakers()
    {
        while (_speakers.TryPeek(out Actor? speaker) && speaker.Unsaid == 0)
        {
            _speakers.Dequeue();
            speaker.IsWaitingToSpeak = false;
        }
    }

    /// <summary>Writes those dirty since before this time, the longest first, up to so many.</summary>
    private void WriteHead(int most, long beforeInMs, long nowInMs)
    {
        CommitDraft? draft = null;
        while (_dirty.Head is { } actor && actor.DirtySinceInMs < beforeInMs && (draft is null || draft.ActorCount < most))
        {
            Write(actor, draft ??= new CommitDraft());
        }

        if (draft is not null)
        {
            Post(draft, nowInMs);
        }
    }

    private void Write(Actor actor, CommitDraft draft, bool mayLeave = true)
    {
        _dirty.Remove(actor);
        actor.IsUrgent = false;
        actor.Unsaid = 0;
        actor.WrittenIn = _posted + 1;
        bool isNew = actor.Index < 0;
        if (isNew)
        {
            actor.Index = _nextIndex++;
        }

        int start = draft.BeginSnapshot(mayLeave && actor.Position < (_dirty.Head?.DirtyOffset ?? _expected));
        SnapshotEnvelope.Write(draft.Snapshot, actor, _generation, actor is TActor && _kind.HasSections);
        long? due = null;
        if (actor is TActor mine)
        {
            draft.Origin = actor.Origin;
            actor.Origin = null;
            _kind.Write(mine, draft);
            draft.Origin = null;
            long at = _kind.DueOf(mine);
            due = at == long.MaxValue ? null : at;
            int size = _kind.SizeOf(mine);
            _memoryInBytes += size - mine.SizeInBytes;
            mine.SizeInBytes = size;
        }
        else
        {
            _clerk.Count(Counts);
            _clerk.Write(draft, _seed.Options, Partition, _generation);
        }

        draft.EndSnapshot(actor, isNew, due, start);
    }

    private void Post(CommitDraft draft, long nowInMs)
    {
        if (_clerk.IsDirty)
        {
            // An actor that refused a record has passed it: its new position may not be stored without the clerk's dead letter.
            Write(_clerk, draft);
        }

        _kind.EndWrite(draft);
        draft.Origin = null;
        _nextPosted = _dirty.Head?.DirtyOffset ?? _expected;
        _deletedUrgent = Volatile.Read(ref _published[0]);
        _deletedBulk = Volatile.Read(ref _published[1]);
        ShardCommit commit = draft.ToCommit(Id, Epoch, _posted + 1, _nextPosted, _lastNumbers, [_deletedUrgent, _deletedBulk], nowInMs);
        commit.LastNumbers.CopyTo(_lastNumbers, 0);
        _lastPostInMs = nowInMs;
        _posted++;
        _seed.Post(new PostedCommit(this, commit, draft));
    }

    /// <summary>Delivered outbox rows are deleted with the next commit; when nothing else is to be written, with one of their own.</summary>
    internal override void ForgetPublished()
    {
        bool rows = Volatile.Read(ref _published[0]) > _deletedUrgent || Volatile.Read(ref _published[1]) > _deletedBulk;
        if (rows && CommitsInFlight == 0)
        {
            Post(new CommitDraft(), _lastPostInMs);
        }
    }
}
