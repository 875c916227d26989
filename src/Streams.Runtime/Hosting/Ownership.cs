using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Telemetry;

namespace Streams.Runtime.Hosting;

/// <summary>A shard of this node, and where its records wait.</summary>
internal sealed record Owned(Shard Shard, Worker Worker, Intake Intake);

/// <summary>
/// Which shards of one kind are this node's: claims what the group assigns, gives back what it revokes, drops what is lost or fenced. Told on the polling
/// thread; what is owned may be read from any.
/// </summary>
internal sealed partial class Ownership : IAssignmentListener
{
    /// <summary>A shard on its way out that neither writes nor publishes for so long is let go: its new owner publishes what is left.</summary>
    private static readonly TimeSpan s_stalled = TimeSpan.FromSeconds(3);

    private readonly EngineOptions _options;
    private readonly ILog _log;
    private readonly IStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ActorKind _kind;
    private readonly bool _isInner;
    private readonly Func<int> _shards;
    private readonly Publisher _publisher;
    private readonly CommitWriter[] _writers;
    private readonly Worker[] _workers;
    private readonly ConcurrentDictionary<InboxPartition, Owned> _owned = new();

    /// <summary>Partitions that are assigned to this node and can not be worked on, with the reason.</summary>
    private readonly ConcurrentDictionary<InboxPartition, string> _broken = new();

    /// <summary>Partitions whose shard was fenced, with the time from which they may be claimed again.</summary>
    private readonly ConcurrentQueue<(InboxPartition Partition, long NotBefore)> _fenced = new();
    private readonly HashSet<InboxPartition> _assigned = [];

    /// <summary>Partitions of the round of claims under way whose log is another than the one read before.</summary>
    private readonly List<string> _replaced = [];
    private readonly LogIdentity _identity;
    private readonly EngineMeter _meter;

    private volatile bool _hasPart;

    /// <summary>The first claim that fails is told of; then none until one succeeds.</summary>
    private bool _isClaimingFailing;

    /// <param name="isInner">Actors of this cluster write to the kind's inbox.</param>
    /// <param name="shards">How many there are of all kinds: they share the node's memory.</param>
    public Ownership(
        EngineOptions options, ILog log, IStore store, ActorKind kind, bool isInner, Func<int> shards, Publisher publisher,
        CommitWriter[] writers, Worker[] workers, EngineMeter meter, TimeProvider time, ILogger logger)
    {
        _options = options;
        _log = log;
        _store = store;
        _kind = kind;
        _isInner = isInner;
        _shards = shards;
        _publisher = publisher;
        _meter = meter;
        _time = time;
        _logger = logger;
        _identity = new LogIdentity(log, store, options);
        _writers = writers;
        _workers = workers;
    }

    public ActorKind Kind => _kind;

    /// <summary>By partition.</summary>
    public IReadOnlyDictionary<InboxPartition, Owned> Owned => _owned;

    public IReadOnlyDictionary<InboxPartition, string> Broken => _broken;

    /// <summary>The group's member, while there is one: tells what a partition holds.</summary>
    public ILogReader? Reader { get; set; }

    /// <summary>The group has given this member its part, which may be none; no more once it lost it.</summary>
    public bool HasPart
    {
        get => _hasPart;
        set => _hasPart = value;
    }

    /// <summary>Told of a partition whose batches, wherever they wait, are not to be applied.</summary>
    public Action<InboxPartition> Forget { get; set; } = _ => { };

    /// <summary>Told that a shard wants to read again from an offset.</summary>
    public Action<Shard, long> RequestSeek { get; set; } = (_, _) => { };

    /// <summary>Told before each try of a claim, of which a round may need many.</summary>
    public Action Trying { get; set; } = () => { };

    /// <summary>The node ends: claims are not tried again.</summary>
    public bool IsStopping { get; set; }

    /// <exception cref="StoreMismatchException">The store was read from another log, which is not to be given up.</exception>
    public void CheckLog() => _identity.Check();

    /// <summary>How far a partition is read, as this node knows; one that can not be worked on counts as read, for nobody's sake should wait for it.</summary>
    public long? ReadHere(InboxPartition partition) =>
        _broken.ContainsKey(partition) ? long.MaxValue : _owned.TryGetValue(partition, out Owned? owned) ? owned.Shard.NextToRead : null;

    public void Break(InboxPartition partition, string why) => _broken[partition] = why;

    IReadOnlyList<long> IAssignmentListener.Assigned(IReadOnlyList<InboxPartition> partitions)
    {
        List<long> offsets = new(partitions.Count);
        _replaced.Clear();
        foreach (InboxPartition partition in partitions)
        {
            _assigned.Add(partition);
            offsets.Add(Claim(partition));
        }

        if (_replaced.Count > 0)
        {
            LogReplaced(_logger, _replaced.Count, string.Join(", ", _replaced.Take(3)) + (_replaced.Count > 3 ? ", ..." : ""));
        }

        _hasPart = true;
        return offsets;
    }

    public void Revoked(IReadOnlyList<InboxPartition> partitions)
    {
        long started = _time.GetTimestamp();
        List<Handover> leaving = Leave(partitions);
        CrashPoint.Reach(CrashPoint.InRevoke);
        foreach (Handover handover in leaving)
        {
            TimeSpan left = _options.ReleaseWithin - _time.GetElapsedTime(started);
            handover.Done.Wait(left > TimeSpan.Zero ? left : TimeSpan.Zero);
        }
    }

    public void Lost(IReadOnlyList<InboxPartition> partitions)
    {
        _hasPart = false;
        foreach (InboxPartition partition in partitions)
        {
            Unassign(partition);
            if (_owned.TryRemove(partition, out Owned? owned))
            {
                owned.Shard.MarkDropped();
                owned.Worker.Detach(owned.Shard);
            }
        }
    }

    /// <summary>Begins to hand shards over.</summary>
    public List<Handover> Leave(IReadOnlyList<InboxPartition> partitions)
    {
        List<Handover> leaving = [];
        long started = _time.GetTimestamp();
        foreach (InboxPartition partition in partitions)
        {
            Unassign(partition);
            if (_owned.TryRemove(partition, out Owned? owned))
            {
                Handover handover = new(owned.Shard, IsLate(owned.Shard, started), () => _time.GetElapsedTime(started) >= _options.PublishWithin, shard => TryRelease(shard, _time.GetElapsedTime(started)));
                leaving.Add(handover);
                owned.Worker.Leave(handover);
            }
        }

        return leaving;
    }

    /// <summary>From any thread: the store refused a commit of this shard.</summary>
    public void Fenced(Shard shard)
    {
        LogFenced(_logger, shard.Partition, shard.Epoch);
        _meter.Fenced();
        shard.MarkDropped();
        if (_owned.TryGetValue(shard.Partition, out Owned? owned) && ReferenceEquals(owned.Shard, shard)
            && _owned.TryRemove(new KeyValuePair<InboxPartition, Owned>(shard.Partition, owned)))
        {
            _fenced.Enqueue((shard.Partition, _time.GetUtcNow().ToUnixTimeMilliseconds() + 1000));
        }
    }

    /// <summary>
    /// A shard that was fenced and is still assigned here: whoever fenced it was late (a node that woke up after its shards had moved),
    /// so nobody works on it. Claimed anew after a moment, in which a real hand-over would have shown.
    /// </summary>
    public void ClaimAgain(ILogReader reader)
    {
        while (_fenced.TryPeek(out (InboxPartition Partition, long NotBefore) next) && next.NotBefore <= _time.GetUtcNow().ToUnixTimeMilliseconds())
        {
            _fenced.TryDequeue(out _);
            if (_assigned.Contains(next.Partition) && !_owned.ContainsKey(next.Partition))
            {
                Forget(next.Partition);
                reader.Seek(next.Partition, Claim(next.Partition));
            }
        }
    }

    private long Claim(InboxPartition partition)
    {
        ShardId id = new(_kind.Number, partition.Partition);
        LogMarks marks = default;
        ShardClaim? claim = null;
        long started = _time.GetTimestamp();
        for (int attempt = 0; claim is null && !IsStopping; attempt++)
        {
            Trying();
            try
            {
                long askedAtInMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
                marks = Reader!.MarksOf(partition);
                _identity.Check();
                claim = _store.Claim(id, _options.Node, _log.Incarnation, _time.GetUtcNow());
                CrashPoint.Reach(CrashPoint.AfterClaim);
                if (claim.LogReplaced && claim.OldNextOffset > 0)
                {
                    _replaced.Add($"{partition} was read to {claim.OldNextOffset}");
                }

                if (claim.NextOffset > marks.High)
                {
                    LogShrunk(_logger, partition, claim.NextOffset, marks.High);
                    Break(partition, $"the log ends at {marks.High}, before the stored position {claim.NextOffset}");
                    return marks.High;
                }

                if (claim.NextOffset < marks.Low)
                {
                    LogGap(_logger, partition, claim.NextOffset, marks.Low);
                    claim = claim with { NextOffset = marks.Low };
                }

                Start(id, partition, claim, marks.High, askedAtInMs);
                _broken.TryRemove(partition, out _);
                _isClaimingFailing = false;
                _meter.Claimed(_time.GetElapsedTime(started));
            }
            catch (StoreMismatchException e)
            {
                LogForeign(_logger, partition, e.Message);
                Break(partition, e.Message);
                return marks.High;
            }
            catch (InvalidDataException e)
            {
                LogUnreadable(_logger, e, partition);
                Break(partition, e.Message);
                return marks.High;
            }
            catch (Exception e) when (e is StoreUnavailableException or LogFailedException && attempt < 20)
            {
                claim = null;
                if (!_isClaimingFailing)
                {
                    _isClaimingFailing = true;
                    LogClaimFailed(_logger, e, partition);
                }

                Thread.Sleep(Math.Min(50 << Math.Min(attempt, 6), 1000));
            }
        }

        return Math.Max(claim?.NextOffset ?? 0, marks.Low);
    }

    private void Start(ShardId id, InboxPartition partition, ShardClaim claim, long end, long seenAtInMs)
    {
        Worker worker = _workers[(partition.Partition + _kind.Number) % _workers.Length];
        CommitWriter writer = _writers[Array.IndexOf(_workers, worker) % _writers.Length];
        int partitions = _log.PartitionsOf(partition.Topic);
        ShardOptions options = _options.Shard with
        {
            MemoryInBytes = Math.Max(_options.MemoryInBytes / Math.Max(_shards(), 1), 1 << 20),
        };
        IReadOnlyList<OutboxChunk> unpublished = _store.LoadOutbox(id);
        ActorKind publisherKind = _kind.ForPublisher();
        foreach (OutboxChunk chunk in unpublished)
        {
            UnpackedRecord.Check(publisherKind, chunk);
        }

        Shard shard = _kind.CreateShard(new ShardSeed(
            id, partition, partitions, _isInner, claim, unpublished, end, seenAtInMs, _store, options, writer.Post, RequestSeek, _logger)
        {
            Numbers = _isInner ? _store.ReadNumbers() : null,
        });

        // What an earlier owner committed and did not get to publish goes out before anything new.
        foreach (OutboxChunk chunk in unpublished)
        {
            _publisher.Publish(shard, chunk, draft: null);
        }

        _meter.Ledger.Add(_kind.Name, shard.Counts);
        _owned[partition] = new Owned(shard, worker, worker.IntakeOf(_isInner));
        worker.Attach(shard);
    }

    private Func<bool> IsLate(Shard shard, long started)
    {
        long progress = -1;
        long movedAt = started;
        return () =>
        {
            if (shard.Progress != progress)
            {
                progress = shard.Progress;
                movedAt = _time.GetTimestamp();
            }

            return _time.GetElapsedTime(started) >= _options.ReleaseWithin || _time.GetElapsedTime(movedAt) >= s_stalled;
        };
    }

    private void TryRelease(Shard shard, TimeSpan stoppedAgo)
    {
        CrashPoint.Reach(CrashPoint.BeforeRelease);
        try
        {
            _store.Release(shard.Id, shard.Epoch, stoppedAgo);
        }
        catch (StoreUnavailableException e)
        {
            LogNotReleased(_logger, e, shard.Partition);
        }
    }

    private void Unassign(InboxPartition partition)
    {
        _assigned.Remove(partition);
        _broken.TryRemove(partition, out _);
        Forget(partition);
    }

    [LoggerMessage(1112, LogLevel.Warning, "{Partition}: can not be claimed yet, nor perhaps others; trying again.")]
    private static partial void LogClaimFailed(ILogger logger, Exception error, InboxPartition partition);

    [LoggerMessage(1113, LogLevel.Warning, "Another log than before in {Count} partitions ({Partitions}). State is kept; reading starts at the beginning of the new log. What the old one held and nobody had read is lost to this cluster.")]
    private static partial void LogReplaced(ILogger logger, int count, string partitions);

    [LoggerMessage(1114, LogLevel.Critical, "{Partition}: the stored position {NextOffset} lies beyond the end of the log ({High}). The log lost data or was replaced under the same id; the shard is not read. Restore the log, or give the cluster a new incarnation.")]
    private static partial void LogShrunk(ILogger logger, InboxPartition partition, long nextOffset, long high);

    [LoggerMessage(1116, LogLevel.Warning, "{Partition}: the log no longer has offsets {From} to {To} (exclusive), which were not read yet. They are lost to this cluster: check the topic's retention.")]
    private static partial void LogGap(ILogger logger, InboxPartition partition, long from, long to);

    [LoggerMessage(1117, LogLevel.Critical, "{Partition}: the shard's own stored state can not be read; the shard is left alone so as not to overwrite it. Run the version that wrote it, or restore the store from a backup.")]
    private static partial void LogUnreadable(ILogger logger, Exception error, InboxPartition partition);

    [LoggerMessage(1115, LogLevel.Information, "{Partition} was fenced at epoch {Epoch}; dropping it. Its new owner continues from the store.")]
    private static partial void LogFenced(ILogger logger, InboxPartition partition, long epoch);

    [LoggerMessage(1118, LogLevel.Warning, "{Partition}: written and published, but the store could not be told that it is given back. Its next owner claims it all the same.")]
    private static partial void LogNotReleased(ILogger logger, Exception error, InboxPartition partition);

    [LoggerMessage(1119, LogLevel.Critical, "{Partition} is not claimed: {Reason}")]
    private static partial void LogForeign(ILogger logger, InboxPartition partition, string reason);
}
