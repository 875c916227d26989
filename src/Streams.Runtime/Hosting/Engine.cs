using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Telemetry;
using Partitioner = Streams.Runtime.Log.Partitioner;

namespace Streams.Runtime.Hosting;

/// <summary>
/// A node's share of the cluster: joins the consumer group, claims the shards it is assigned, runs them on its workers, and hands them
/// back. One polling thread, one thread per worker, one or more that commit, two that publish.
/// </summary>
public sealed partial class Engine : IAssignmentListener, IDisposable
{
    /// <summary>A shard on its way out that neither writes nor publishes for so long is let go: its new owner publishes what is left.</summary>
    private static readonly TimeSpan s_stalled = TimeSpan.FromSeconds(3);

    /// <summary>Ticks of 10 ms or more that a question waits for a commit.</summary>
    private const int MostPutOff = 100;

    private readonly EngineOptions _options;
    private readonly ILog _log;
    private readonly IStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<string, ActorKind> _kinds;

    /// <summary>Partitions of the round of claims under way whose log is another than the one read before.</summary>
    private readonly List<string> _replaced = [];

    /// <summary>Inboxes that actors of this cluster write to.</summary>
    private readonly HashSet<string> _inner;
    private readonly InboxRoom _room;
    private readonly Publisher _publisher;
    private readonly CommitWriter[] _writers;
    private readonly Worker[] _workers;
    private readonly ConcurrentDictionary<InboxPartition, Owned> _owned = new();
    private readonly ConcurrentQueue<(Shard Shard, long Offset)> _seeks = new();
    private readonly HeldBatches<Owned> _held = new();
    private readonly HashSet<Intake> _paused = [];
    private readonly Thread _poller;
    private ILogReader? _reader;
    private long _lagNoted;
    private long _turnedAt;
    private long _logFailedAt;

    /// <summary>The first claim that fails is told of; then none until one succeeds.</summary>
    private bool _isClaimingFailing;
    private volatile bool _stopping;
    private volatile string? _logFailure;

    /// <summary>Partitions that are assigned to this node and can not be worked on, with the reason.</summary>
    private readonly ConcurrentDictionary<InboxPartition, string> _broken = new();

    /// <summary>Partitions whose shard was fenced, with the time from which they may be claimed again.</summary>
    private readonly ConcurrentQueue<(InboxPartition Partition, long NotBefore)> _fenced = new();
    private readonly HashSet<InboxPartition> _assigned = [];

    /// <param name="kinds">The actor kinds this node runs; each has an inbox of its own.</param>
    public Engine(EngineOptions options, ILog log, IStore store, IEnumerable<ActorKind> kinds, TimeProvider time, ILoggerFactory loggers)
    {
        _options = options;
        _log = log;
        _store = store;
        _time = time;
        _turnedAt = time.GetTimestamp();
        _logger = loggers.CreateLogger("Streams.Runtime.Engine");
        _kinds = kinds.ToDictionary(kind => kind.Inbox, StringComparer.Ordinal);
        _inner = [.. _kinds.Values.SelectMany(kind => kind.Tells)];
        ILogger publishLogger = loggers.CreateLogger("Streams.Runtime.Publisher");
        _room = new InboxRoom(log, options.Group ?? options.Cluster, _inner, ReadHere, time, publishLogger);
        _publisher = new Publisher(log, _room, Meter, time, publishLogger);
        ILogger commitLogger = loggers.CreateLogger("Streams.Runtime.Commit");
        _writers = [.. Enumerable.Range(0, options.CommitWriters).Select(i => new CommitWriter(i, store, _publisher, Fenced, Meter, time, commitLogger))];
        ILogger workLogger = loggers.CreateLogger("Streams.Runtime.Worker");
        _workers = [.. Enumerable.Range(0, options.Workers).Select(i => new Worker(i, _publisher, (partition, why) => _broken[partition] = why, Meter, time, workLogger))];
        Meter.Watch(this, _workers, _writers, _publisher, time);
        _poller = new Thread(Poll) { Name = "streams-poll", IsBackground = true };
    }

    private sealed record Owned(Shard Shard, Worker Worker, Intake Intake);

    /// <summary>What this engine counts and times.</summary>
    public EngineMeter Meter { get; } = new();

    /// <summary>The kinds this node runs.</summary>
    public IReadOnlyCollection<ActorKind> Kinds => _kinds.Values;

    /// <summary>Why the log's client had to be given up; null since another one works.</summary>
    public string? LogFailure => _logFailure;

    /// <summary>How long the store has not taken commits; zero while it does.</summary>
    public TimeSpan StoreAwayFor => _writers.Max(writer => writer.AwayFor);

    /// <summary>How long no broker has answered a question that is asked every few seconds; before the first answer, since the start.</summary>
    public TimeSpan BrokersSilentFor => _room.SilentFor;

    /// <summary>How long the polling thread has been at what it does: an endless wait there, and the node does nothing any more.</summary>
    public TimeSpan PollingFor => _time.GetElapsedTime(Volatile.Read(ref _turnedAt));

    /// <summary>Assigned to this node and not to be worked on, with the reason.</summary>
    public IReadOnlyDictionary<InboxPartition, string> Broken => _broken;

    /// <summary>At least one poll of the log has succeeded since its client was made.</summary>
    public bool IsReady { get; private set; }

    public long Published => _publisher.Published;

    public long Transactions => _writers.Sum(writer => writer.Transactions);

    public double BusyShare => _workers.Average(worker => worker.BusyShare);

    /// <summary>Shards held now, with what they did since they were claimed.</summary>
    public IReadOnlyList<(ActorKind Kind, ShardId Id, long Epoch, long NextOffset, Shard Shard)> Shards =>
        [.. _owned.Select(pair => (_kinds[pair.Key.Topic], pair.Value.Shard.Id, pair.Value.Shard.Epoch, pair.Value.Shard.NextToRead, pair.Value.Shard))];

    /// <summary>What this node's shards did since its start, by kind; also those it has no more.</summary>
    public IReadOnlyDictionary<string, ShardCounts> Counts => Meter.Ledger.Sum();

    /// <summary>Dead letters this node has made since its start, by reason.</summary>
    public IReadOnlyDictionary<string, long> RefusedByReason => Counts.Values
        .SelectMany(counts => counts.RefusedByReason)
        .GroupBy(pair => pair.Key, StringComparer.Ordinal)
        .ToDictionary(reason => reason.Key, reason => reason.Sum(pair => pair.Value), StringComparer.Ordinal);

    /// <summary>Checks the store against the kinds' partition counts and starts the threads.</summary>
    /// <exception cref="StoreMismatchException">See <see cref="IStore.Open"/>.</exception>
    public void Start()
    {
        _store.Open(new StoreLayout(
            _options.Cluster,
            _options.Node,
            _kinds.Values.ToDictionary(kind => kind.Number, kind => new KindLayout(kind.Name, _log.PartitionsOf(kind.Inbox)))));
        _room.Start();
        _publisher.Start();
        Array.ForEach(_writers, writer => writer.Start());
        Array.ForEach(_workers, worker => worker.Start());
        Volatile.Write(ref _turnedAt, _time.GetTimestamp());
        _poller.Start();
    }

    /// <summary>Finishes what is in hand, writes and publishes everything, gives the shards back and leaves the group.</summary>
    public void Dispose()
    {
        if (_stopping)
        {
            return;
        }

        _stopping = true;
        if (_poller.IsAlive)
        {
            _poller.Join();
        }

        CrashPoint.Reach(CrashPoint.InClose);
        Array.ForEach(_workers, worker => worker.Dispose());
        Array.ForEach(_writers, writer => writer.Dispose());
        _publisher.Dispose();
        _room.Dispose();
        Meter.Dispose();
    }

    /// <summary>Asks an actor of this node something, on its shard's thread; null where there is no such actor, or it lives elsewhere.</summary>
    /// <param name="whenWritten">
    /// Not before what the actor has put into a commit is in the store: who reads there next misses nothing it has let go of. But a second at most:
    /// while the store or the log is away, an answer that lacks the newest is better than none.
    /// </param>
    public Task<T?> AskAsync<T>(byte kind, string key, Func<Actor, T> question, bool whenWritten = false)
        where T : class
    {
        ActorKind? of = _kinds.Values.FirstOrDefault(candidate => candidate.Number == kind);
        if (of is null)
        {
            return Task.FromResult<T?>(null);
        }

        int partition = Partitioner.PartitionOf(System.Text.Encoding.UTF8.GetBytes(key), _log.PartitionsOf(of.Inbox));
        if (!_owned.TryGetValue(new InboxPartition(of.Inbox, partition), out Owned? owned))
        {
            return Task.FromResult<T?>(null);
        }

        TaskCompletionSource<T?> answer = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int putOff = 0;
        owned.Worker.Do(Ask);
        return answer.Task;

        void Ask()
        {
            try
            {
                if (whenWritten && putOff++ < MostPutOff && !owned.Shard.IsDropped && !owned.Shard.IsWritten(key))
                {
                    owned.Worker.Later(Ask);
                    return;
                }

                answer.SetResult(owned.Shard.IsDropped ? null : owned.Shard.Ask(key, question));
            }
#pragma warning disable CA1031 // The asker gets it, whatever it is; the worker goes on.
            catch (Exception e)
#pragma warning restore CA1031
            {
                answer.SetException(e);
            }
        }
    }

    /// <summary>Asks a copy of an actor as it was last written, by whatever node: some seconds old. Null where there is none in the store.</summary>
    /// <exception cref="InvalidDataException">A newer program wrote it.</exception>
    public T? AskStored<T>(byte kind, string key, Func<Actor, T> question)
        where T : class
    {
        ActorKind of = _kinds.Values.First(candidate => candidate.Number == kind);
        ShardId shard = new(kind, Partitioner.PartitionOf(System.Text.Encoding.UTF8.GetBytes(key), _log.PartitionsOf(of.Inbox)));
        return _store.Load(shard, [key]) is [var stored] ? question(of.CopyOf(stored)) : null;
    }

    /// <summary>The kind of that name; null where this node runs none such.</summary>
    public ActorKind? KindNamed(string name) => _kinds.Values.FirstOrDefault(kind => kind.Name == name);

    /// <summary>Whether this node owns the shard of that key now.</summary>
    public bool Owns(byte kind, string key) => _kinds.Values.FirstOrDefault(candidate => candidate.Number == kind) is { } of
        && _owned.ContainsKey(new InboxPartition(of.Inbox, Partitioner.PartitionOf(System.Text.Encoding.UTF8.GetBytes(key), _log.PartitionsOf(of.Inbox))));

    private void Poll()
    {
        while (!_stopping)
        {
            try
            {
                using (_reader = _log.CreateReader(_options.Group ?? _options.Cluster))
                {
                    _reader.Subscribe([.. _kinds.Keys], this, _inner);
                    List<RecordBatch> batches = [];
                    while (!_stopping)
                    {
                        PollOnce(_reader, batches);
                    }

                    GiveBack(_reader, batches);
                }
            }
            catch (LogFailedException e)
            {
                // The log's client is of no more use. What is in memory may be stale by the time there is a new one: the store is the truth.
                if (_logFailure is null)
                {
                    _logFailedAt = _time.GetTimestamp();
                    LogFailed(_logger, e);
                }

                _logFailure = "the log: " + e.Message;
                IsReady = false;
                Lost([.. _owned.Keys]);
                Thread.Sleep(500);
            }
        }
    }

    private void PollOnce(ILogReader reader, List<RecordBatch> batches)
    {
        Volatile.Write(ref _turnedAt, _time.GetTimestamp());
        while (_seeks.TryDequeue(out (Shard Shard, long Offset) seek))
        {
            if (_owned.TryGetValue(seek.Shard.Partition, out Owned? owned) && ReferenceEquals(owned.Shard, seek.Shard))
            {
                // What was polled before the seek and still waits here would look as if it came after it.
                _held.Discard(seek.Shard.Partition);
                reader.Seek(seek.Shard.Partition, seek.Offset);
                owned.Worker.Do(seek.Shard, seek.Shard.Sought);
            }
        }

        ClaimAgain(reader);
        HandOver(reader);
        NoteLag(reader);
        batches.Clear();
        reader.Poll(TimeSpan.FromMilliseconds(50), batches);
        if (_logFailure is null || _room.SilentFor < _time.GetElapsedTime(_logFailedAt))
        {
            if (_logFailure is not null)
            {
                LogBack(_logger, _time.GetElapsedTime(_logFailedAt).TotalSeconds);
            }

            _logFailure = null;
            IsReady = true;
        }

        if (batches.Count > 0)
        {
            CrashPoint.Reach(CrashPoint.AfterConsume);
        }

        foreach (RecordBatch batch in batches)
        {
            if (!_owned.TryGetValue(batch.Partition, out Owned? owned) || owned.Shard.IsDropped)
            {
                batch.Dispose();
                continue;
            }

            // A worker that is only busy makes room soon; an intake that stays full (the store is away, output has no room) has its
            // partitions paused, so that this thread goes on polling and stays a member of the group.
            if (_held.Has(owned.Intake) || !owned.Worker.TryAdd(owned.Intake, owned.Shard, batch, TimeSpan.FromMilliseconds(200)))
            {
                if (_paused.Add(owned.Intake))
                {
                    ForPartitionsOf(owned.Intake, reader.Pause);
                }

                // One that was claimed meanwhile is not paused with the others.
                reader.Pause(batch.Partition);
                _held.Add(owned.Intake, owned, batch);
            }
        }
    }

    /// <summary>Four times a second: how far the log goes, and how far we are, for whoever looks.</summary>
    private void NoteLag(ILogReader reader)
    {
        if (_time.GetElapsedTime(_lagNoted) < TimeSpan.FromMilliseconds(250))
        {
            return;
        }

        _lagNoted = _time.GetTimestamp();
        foreach ((InboxPartition partition, Owned owned) in _owned)
        {
            reader.Report(partition, owned.Shard.NextToRead);

            // Of a paused partition nothing is heard: what has come meanwhile is not known, and its devices are not silent.
            if (!_paused.Contains(owned.Intake) && reader.KnownMarksOf(partition) is { } marks)
            {
                owned.Shard.NoteLogEnd(marks.High, _time.GetUtcNow().ToUnixTimeMilliseconds());
            }
        }
    }

    /// <summary>Gives held batches to workers that have room again, and resumes their partitions.</summary>
    private void HandOver(ILogReader reader)
    {
        _held.HandOver(static (owned, batch) => owned.Worker.TryAdd(owned.Intake, owned.Shard, batch, TimeSpan.Zero));
        foreach (Intake intake in _paused.Where(intake => !_held.Has(intake)).ToArray())
        {
            _paused.Remove(intake);
            ForPartitionsOf(intake, reader.Resume);
        }
    }

    private void ForPartitionsOf(Intake intake, Action<InboxPartition> action)
    {
        foreach ((InboxPartition partition, Owned owned) in _owned)
        {
            if (ReferenceEquals(owned.Intake, intake))
            {
                action(partition);
            }
        }
    }

    /// <summary>How far a partition is read, as this node knows; one that can not be worked on counts as read, for nobody's sake should wait for it.</summary>
    private long? ReadHere(InboxPartition partition) =>
        _broken.ContainsKey(partition) ? long.MaxValue : _owned.TryGetValue(partition, out Owned? owned) ? owned.Shard.NextToRead : null;

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

        return offsets;
    }

    void IAssignmentListener.Revoked(IReadOnlyList<InboxPartition> partitions) => Revoked(partitions);

    void IAssignmentListener.Lost(IReadOnlyList<InboxPartition> partitions) => Lost(partitions);

    private long Claim(InboxPartition partition)
    {
        ActorKind kind = _kinds[partition.Topic];
        ShardId id = new(kind.Number, partition.Partition);
        LogMarks marks = default;
        ShardClaim? claim = null;
        long started = _time.GetTimestamp();
        for (int attempt = 0; claim is null && !_stopping; attempt++)
        {
            try
            {
                Volatile.Write(ref _turnedAt, _time.GetTimestamp());
                long askedAtInMs = _time.GetUtcNow().ToUnixTimeMilliseconds();
                marks = _reader!.MarksOf(partition);
                claim = _store.Claim(id, _options.Node, _log.Incarnation, _time.GetUtcNow());
                CrashPoint.Reach(CrashPoint.AfterClaim);
                if (claim.LogReplaced && claim.OldNextOffset > 0)
                {
                    _replaced.Add($"{partition} was read to {claim.OldNextOffset}");
                }

                if (claim.NextOffset > marks.High)
                {
                    LogShrunk(_logger, partition, claim.NextOffset, marks.High);
                    _broken[partition] = $"the log ends at {marks.High}, before the stored position {claim.NextOffset}";
                    return marks.High;
                }

                if (claim.NextOffset < marks.Low)
                {
                    LogGap(_logger, partition, claim.NextOffset, marks.Low);
                    claim = claim with { NextOffset = marks.Low };
                }

                Start(kind, id, partition, claim, marks.High, askedAtInMs);
                _broken.TryRemove(partition, out _);
                _isClaimingFailing = false;
                Meter.Claimed(_time.GetElapsedTime(started));
            }
            catch (InvalidDataException e)
            {
                LogUnreadable(_logger, e, partition);
                _broken[partition] = e.Message;
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

    private void Start(ActorKind kind, ShardId id, InboxPartition partition, ShardClaim claim, long end, long seenAtInMs)
    {
        Worker worker = _workers[(partition.Partition + kind.Number) % _workers.Length];
        CommitWriter writer = _writers[Array.IndexOf(_workers, worker) % _writers.Length];
        int partitions = _log.PartitionsOf(partition.Topic);
        ShardOptions options = _options.Shard with
        {
            MemoryInBytes = Math.Max(_options.MemoryInBytes / Math.Max(_kinds.Keys.Sum(_log.PartitionsOf), 1), 1 << 20),
        };
        IReadOnlyList<OutboxChunk> unpublished = _store.LoadOutbox(id);
        ActorKind publisherKind = kind.ForPublisher();
        foreach (OutboxChunk chunk in unpublished)
        {
            UnpackedRecord.Check(publisherKind, chunk);
        }

        Shard shard = kind.CreateShard(new ShardSeed(
            id, partition, partitions, _inner.Contains(partition.Topic), claim, unpublished, end, seenAtInMs, _store, options, writer.Post, (from, offset) => _seeks.Enqueue((from, offset)), _logger));

        // What an earlier owner committed and did not get to publish goes out before anything new.
        foreach (OutboxChunk chunk in unpublished)
        {
            _publisher.Publish(shard, chunk, draft: null);
        }

        Meter.Ledger.Add(kind.Name, shard.Counts);
        _owned[partition] = new Owned(shard, worker, worker.IntakeOf(_inner.Contains(partition.Topic)));
        worker.Attach(shard);
    }

    private void Revoked(IReadOnlyList<InboxPartition> partitions)
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

    /// <summary>
    /// Everything, at the end. What comes from outside first, and meanwhile what actors told each other is still read: output that waits for
    /// room there would not leave otherwise.
    /// </summary>
    private void GiveBack(ILogReader reader, List<RecordBatch> batches)
    {
        List<Handover> leaving = Leave([.. _owned.Keys.Where(partition => !_inner.Contains(partition.Topic))]);
        long started = _time.GetTimestamp();
        while (!leaving.TrueForAll(handover => handover.Done.IsSet) && _time.GetElapsedTime(started) < _options.ReleaseWithin)
        {
            PollOnce(reader, batches);
        }

        Revoked([.. _owned.Keys]);
    }

    /// <summary>Begins to hand shards over.</summary>
    private List<Handover> Leave(IReadOnlyList<InboxPartition> partitions)
    {
        List<Handover> leaving = [];
        long started = _time.GetTimestamp();
        foreach (InboxPartition partition in partitions)
        {
            Unassign(partition);
            if (_owned.TryRemove(partition, out Owned? owned))
            {
                Handover handover = new(owned.Shard, IsLate(owned.Shard, started), TryRelease);
                leaving.Add(handover);
                owned.Worker.Leave(handover);
            }
        }

        return leaving;
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

    private void TryRelease(Shard shard)
    {
        CrashPoint.Reach(CrashPoint.BeforeRelease);
        try
        {
            _store.Release(shard.Id, shard.Epoch);
        }
        catch (StoreUnavailableException e)
        {
            LogClaimFailed(_logger, e, shard.Partition);
        }
    }

    private void Lost(IReadOnlyList<InboxPartition> partitions)
    {
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

    private void Fenced(Shard shard)
    {
        LogFenced(_logger, shard.Partition, shard.Epoch);
        Meter.Fenced();
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
    private void ClaimAgain(ILogReader reader)
    {
        while (_fenced.TryPeek(out (InboxPartition Partition, long NotBefore) next) && next.NotBefore <= _time.GetUtcNow().ToUnixTimeMilliseconds())
        {
            _fenced.TryDequeue(out _);
            if (_assigned.Contains(next.Partition) && !_owned.ContainsKey(next.Partition))
            {
                _held.Discard(next.Partition);
                reader.Seek(next.Partition, Claim(next.Partition));
            }
        }
    }

    private void Unassign(InboxPartition partition)
    {
        _assigned.Remove(partition);
        _broken.TryRemove(partition, out _);
        _held.Discard(partition);
    }

    [LoggerMessage(1111, LogLevel.Warning, "The log's client failed. Dropping all shards and connecting anew; their owners continue from the store.")]
    private static partial void LogFailed(ILogger logger, Exception error);

    [LoggerMessage(1118, LogLevel.Information, "The log answers again, after {Seconds:0.0} s.")]
    private static partial void LogBack(ILogger logger, double seconds);

    [LoggerMessage(1112, LogLevel.Warning, "{Partition}: can not be claimed yet; trying again.")]
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
}
