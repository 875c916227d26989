using Microsoft.Extensions.Logging;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Telemetry;
using Partitioner = Streams.Runtime.Log.Partitioner;

namespace Streams.Runtime.Hosting;

/// <summary>
/// One lane's thread and producer: sends chunks in the order they came. A producer that fails is replaced, and everything that was not
/// confirmed is sent again from the oldest on, so that a receiver never sees a number before an earlier one.
/// </summary>
internal sealed partial class PublishLane : IDisposable
{
    /// <summary>What a record takes beside its bytes in the outbox: unpacked, with headers, in the producer's own memory.</summary>
    private const long RecordInBytes = 256;

    private readonly Lane _lane;
    private readonly int _lingerInMs;
    private readonly ILog _log;
    private readonly InboxRoom _room;
    private readonly EngineMeter _meter;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private readonly AutoResetEvent _work = new(false);
    private readonly Queue<Job> _waiting = new();
    private readonly Dictionary<string, int> _partitions = new(StringComparer.Ordinal);
    private readonly Dictionary<byte, ActorKind> _unpackers = [];
    private readonly UnpackedRecord _unpacked = new();

    // Of the lane's thread alone: chunks to be sent before those that wait, and chunks sent whose delivery is not yet known.
    private Queue<Job> _again = new();
    private Queue<Job> _unconfirmed = new();
    private ILogWriter? _writer;
    private volatile bool _broken;
    private volatile bool _stop;
    private long _backlogInBytes;
    private long _published;
    private long _givenUp;

    /// <summary>When the oldest chunk that is not confirmed was added; 0 while there is none.</summary>
    private long _oldestAt;

    // An outage lasts from the first failure to the first chunk that is confirmed after it.
    private int _failures;
    private int _producers;
    private long _failedAt;

    public PublishLane(Lane lane, int lingerInMs, ILog log, InboxRoom room, EngineMeter meter, TimeProvider time, ILogger logger)
    {
        _lane = lane;
        _lingerInMs = lingerInMs;
        _log = log;
        _room = room;
        _meter = meter;
        _time = time;
        _logger = logger;
        _thread = new Thread(Run) { Name = $"streams-publish-{lane}".ToLowerInvariant(), IsBackground = true };
    }

    public Lane Lane => _lane;

    public long Published => Volatile.Read(ref _published);

    public long GivenUp => Volatile.Read(ref _givenUp);

    /// <summary>Committed but not yet delivered, as it will lie in the producer: a record that is packed in the outbox is some hundred bytes there.</summary>
    public long BacklogInBytes => Volatile.Read(ref _backlogInBytes);

    /// <summary>How long the oldest of it has waited; zero while there is none.</summary>
    public TimeSpan OldestFor => Volatile.Read(ref _oldestAt) is not 0 and var at ? _time.GetElapsedTime(at) : TimeSpan.Zero;

    public void Start() => _thread.Start();

    /// <param name="decidedAt">Null where that is not known: an earlier owner decided.</param>
    public void Add(Shard owner, OutboxChunk chunk, CommitDraft? draft, long? decidedAt = null)
    {
        Interlocked.Add(ref _backlogInBytes, CostOf(chunk));
        lock (_waiting)
        {
            _waiting.Enqueue(new Job(this, owner, chunk, draft, _time.GetTimestamp(), decidedAt));
        }

        _work.Set();
    }

    public void Dispose()
    {
        _stop = true;
        _work.Set();
        if (_thread.IsAlive && !_thread.Join(TimeSpan.FromSeconds(1)))
        {
            // It waits for room in its producer, which will not come: closing that one ends the wait.
            _writer?.Dispose();
            _thread.Join(TimeSpan.FromSeconds(10));
        }

        _writer?.Dispose();
        _unpacked.Dispose();
    }

    private void Run()
    {
        while (!_stop)
        {
            try
            {
                if (!Step())
                {
                    _work.WaitOne(50);
                }
            }
            catch (LogFailedException e)
            {
                Fail(e.Message);
                _work.WaitOne(500);
            }
        }
    }

    /// <summary>Sends the next chunk; false when there is nothing to do.</summary>
    private bool Step()
    {
        Complete();
        NoteOldest();
        if (_broken)
        {
            Rebuild();
        }

        if (!TryNext(out Job? job))
        {
            return false;
        }

        if (job.Owner.IsDropped && !job.WasSent)
        {
            // Another owner has the shard and publishes what is left, before anything newer of its own.
            Forget(job);
            return true;
        }

        CrashPoint.Reach(CrashPoint.BeforePublish);
        _unconfirmed.Enqueue(job);
        Send(job);
        return true;
    }

    private void NoteOldest()
    {
        if (!_unconfirmed.TryPeek(out Job? oldest) && !_again.TryPeek(out oldest))
        {
            lock (_waiting)
            {
                _waiting.TryPeek(out oldest);
            }
        }

        Volatile.Write(ref _oldestAt, oldest is null ? 0 : Math.Max(1, oldest.AddedAt));
    }

    private bool TryNext([System.Diagnostics.CodeAnalysis.MaybeNullWhen(false)] out Job job)
    {
        if (_again.TryDequeue(out job))
        {
            return true;
        }

        lock (_waiting)
        {
            return _waiting.TryDequeue(out job);
        }
    }

    private void Send(Job job)
    {
        ILogWriter writer = _writer ??= _log.CreateWriter($"streams-{_lane}".ToLowerInvariant(), _lingerInMs);
        Attempt attempt = job.Begin();
        OutboxCodec.Reader reader = new(job.Chunk.Records.Span);
        using PooledBuffer headers = new(1024);
        ActorKind unpacker = UnpackerOf(job.Owner);
        for (long number = job.Chunk.FirstNumber; !_broken && reader.Next(); number++)
        {
            int partition = PartitionOf(reader.Topic, reader.Key);
            ReadOnlySpan<byte> block = reader.Headers;
            ReadOnlySpan<byte> value = reader.Value;
            if (reader.IsPacked)
            {
                _unpacked.Unpack(unpacker, reader.Key, reader.Value);
                block = _unpacked.Headers;
                value = _unpacked.Value;
            }

            IDelivery delivery = attempt;
            if (_room.Of(reader.Topic, partition) is { } inbox)
            {
                int size = reader.Key.Length + block.Length + value.Length;
                if (!WaitForRoom(inbox))
                {
                    return;
                }

                inbox.Sent(size);
                delivery = new Told(attempt, inbox, size);
            }

            if (!reader.IsPacked && (_lane == Lane.Urgent || Tracing.IsOn) && Origin.Read(block) is { } origin)
            {
                delivery = new Said(this, delivery, origin, reader.Topic, partition);
            }

            writer.Send(
                new OutgoingRecord
                {
                    Topic = reader.Topic,
                    Partition = partition,
                    Key = reader.Key,
                    Value = value,
                    TimestampInMs = reader.TimestampInMs,
                    Headers = reader.IsNumbered ? WithSource(headers, block, job, number) : block,
                },
                delivery);
            Interlocked.Increment(ref _published);
            if (number < job.Chunk.LastNumber)
            {
                CrashPoint.Reach(CrashPoint.MidPublish);
            }
        }
    }

    /// <summary>Bulk waits until the inbox is read; decisions are rare and do not. False when the lane has to start anew, or ends.</summary>
    private bool WaitForRoom(InboxRoom.Inbox inbox)
    {
        while (_lane == Lane.Bulk && !inbox.HasRoom)
        {
            if (_stop || _broken)
            {
                return false;
            }

            Complete();
            _work.WaitOne(20);
        }

        return true;
    }

    private static ReadOnlySpan<byte> WithSource(PooledBuffer to, ReadOnlySpan<byte> block, Job job, long number)
    {
        Span<byte> source = stackalloc byte[SourceHeader.Length];
        new SourceHeader(SourceMarks.SourceOf(job.Owner.Id, job.Chunk.Lane), number, job.Owner.Lineage).Write(source);
        to.Clear();
        HeaderBlock.Begin(to, block[0] + 1);
        to.Write(block[1..]);
        HeaderBlock.Add(to, SourceHeader.NameUtf8, source);
        return to.Written;
    }

    private ActorKind UnpackerOf(Shard owner)
    {
        if (!_unpackers.TryGetValue(owner.Id.Kind, out ActorKind? kind))
        {
            kind = owner.Kind.ForPublisher();
            _unpackers.Add(owner.Id.Kind, kind);
        }

        return kind;
    }

    private int PartitionOf(string topic, ReadOnlySpan<byte> key)
    {
        if (!_partitions.TryGetValue(topic, out int partitions))
        {
            partitions = _log.PartitionsOf(topic);
            _partitions[topic] = partitions;
        }

        return Partitioner.PartitionOf(key, partitions);
    }

    /// <summary>Confirms chunks from the oldest on.</summary>
    private void Complete()
    {
        while (_unconfirmed.TryPeek(out Job? job) && job.IsDelivered)
        {
            CrashPoint.Reach(CrashPoint.AfterPublish);
            _unconfirmed.Dequeue();
            job.Owner.Published(_lane, job.Chunk.LastNumber);
            if (_lane == Lane.Urgent && job.DecidedAt is { } decidedAt)
            {
                _meter.DecisionPublished(_time.GetElapsedTime(decidedAt));
            }

            Forget(job);
            if (!_broken && Interlocked.Exchange(ref _failures, 0) is > 0 and var failures)
            {
                LogRecovered(_logger, _lane, _time.GetElapsedTime(_failedAt).TotalSeconds, failures, _producers);
                _producers = 0;
            }
        }
    }

    private static long CostOf(OutboxChunk chunk) => chunk.Records.Length + (chunk.Count * RecordInBytes);

    private void Forget(Job job)
    {
        job.Draft?.Release();
        Interlocked.Add(ref _backlogInBytes, -CostOf(job.Chunk));
    }

    /// <summary>What the old producer may not have delivered goes first, in its order; then what was next in any case.</summary>
    private void Rebuild()
    {
        _producers++;
        _writer?.Dispose();
        _writer = null;
        _partitions.Clear();
        (Queue<Job> first, Queue<Job> then) = (_unconfirmed, _again);
        _unconfirmed = new();
        foreach (Job job in then)
        {
            first.Enqueue(job);
        }

        _again = first;
        _broken = false;
    }

    /// <summary>The producer is of no more use. From any thread, for each record it did not deliver: the first of an outage is told, the others are counted.</summary>
    private void Fail(string reason)
    {
        if (Interlocked.Increment(ref _failures) == 1)
        {
            _failedAt = _time.GetTimestamp();
            LogFailing(_logger, _lane, reason);
        }

        _broken = true;
        _work.Set();
    }

    private sealed class Job(PublishLane lane, Shard owner, OutboxChunk chunk, CommitDraft? draft, long addedAt, long? decidedAt)
    {
        private Attempt? _attempt;

        public Shard Owner { get; } = owner;

        public OutboxChunk Chunk { get; } = chunk;

        public CommitDraft? Draft { get; } = draft;

        public long AddedAt { get; } = addedAt;

        public long? DecidedAt { get; } = decidedAt;

        /// <summary>By an earlier producer, perhaps in part: then the rest follows even if the shard has been lost since.</summary>
        public bool WasSent => _attempt is not null;

        public bool IsDelivered => _attempt is { Remaining: 0 };

        public Attempt Begin() => _attempt = new Attempt(lane, this);

        public bool IsAt(Attempt attempt) => ReferenceEquals(_attempt, attempt);
    }

    /// <summary>One sending of a chunk: what a replaced producer still reports goes to its own attempt and is of no effect.</summary>
    private sealed class Attempt(PublishLane lane, Job job) : IDelivery
    {
        private int _remaining = job.Chunk.Count;

        public int Remaining => Volatile.Read(ref _remaining);

        public void Delivered()
        {
            if (Interlocked.Decrement(ref _remaining) == 0)
            {
                lane._work.Set();
            }
        }

        public void Failed(string reason, bool fatal)
        {
            if (!fatal)
            {
                // This one record will never be taken (too large, an unknown topic). It is given up, loudly: the lane must go on.
                LogGivenUp(lane._logger, job.Owner.Partition, reason);
                Interlocked.Increment(ref lane._givenUp);
                Delivered();
            }
            else if (job.IsAt(this))
            {
                lane.Fail(reason);
            }
        }
    }

    /// <summary>One record to an inbox of this cluster: what it takes there is known once it has arrived.</summary>
    private sealed class Told(Attempt attempt, InboxRoom.Inbox inbox, int size) : IDelivery
    {
        public void Delivered()
        {
            inbox.Arrived(size);
            attempt.Delivered();
        }

        public void Failed(string reason, bool fatal)
        {
            inbox.Failed(size);
            attempt.Failed(reason, fatal);
        }
    }

    /// <summary>One record whose origin is known: how long it took from there, and a step of its trace.</summary>
    private sealed class Said(PublishLane lane, IDelivery delivery, Origin origin, string topic, int partition) : IDelivery
    {
        private readonly DateTimeOffset _sentAt = lane._time.GetUtcNow();

        public void Delivered()
        {
            if (lane._lane == Lane.Urgent && origin.TimestampInMs > 0)
            {
                lane._meter.DecisionDelivered(topic, lane._time.GetUtcNow() - DateTimeOffset.FromUnixTimeMilliseconds(origin.TimestampInMs));
            }

            if (origin.TraceParent is { } trace && Tracing.IsOn)
            {
                Tracing.Published(trace, _sentAt, topic, partition, lane._lane);
            }

            delivery.Delivered();
        }

        public void Failed(string reason, bool fatal) => delivery.Failed(reason, fatal);
    }

    [LoggerMessage(1401, LogLevel.Warning, "Lane {Lane}: publishing failed: {Reason} Nothing is lost: what was not confirmed is sent again, in order, until it is.")]
    private static partial void LogFailing(ILogger logger, Lane lane, string reason);

    [LoggerMessage(1402, LogLevel.Information, "Lane {Lane}: publishing goes on after {Seconds:0.0} s; {Failures} deliveries had failed, {Producers} new producers were made.")]
    private static partial void LogRecovered(ILogger logger, Lane lane, double seconds, int failures, int producers);

    [LoggerMessage(1403, LogLevel.Critical, "An outgoing record of {Partition} was refused by the log for good and is given up: {Reason}")]
    private static partial void LogGivenUp(ILogger logger, InboxPartition partition, string reason);
}
