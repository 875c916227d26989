using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Logging;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Hosting;

/// <summary>
/// One thread that publishes committed outbox chunks, urgent ones first. Each lane has a producer of its own and keeps the order of its
/// chunks; a producer that fails is replaced, and everything of its lane that was not confirmed is sent again from the oldest on, so
/// that a receiver never sees a number before an earlier one.
/// </summary>
internal sealed partial class Publisher : IDisposable
{
    /// <summary>Bulk output committed but not yet delivered, beyond which workers wait. 64 MB is about a second of closed windows at full speed.</summary>
    private const long MaxBulkInBytes = 64 << 20;

    /// <summary>Bulk records sent before urgent ones are looked for again.</summary>
    private const int Turn = 256;

    private readonly ILog _log;
    private readonly ILogger _logger;
    private readonly LaneState[] _lanes;
    private readonly AutoResetEvent _work = new(false);
    private readonly ManualResetEventSlim _room = new(true);
    private readonly Thread _thread;
    private readonly Dictionary<string, int> _partitions = new(StringComparer.Ordinal);
    private volatile bool _stop;
    private long _bulkBytes;
    private long _givenUp;

    public Publisher(ILog log, ILogger logger)
    {
        _log = log;
        _logger = logger;
        _lanes = [new LaneState(Lane.Urgent, 0), new LaneState(Lane.Bulk, 20)];
        _thread = new Thread(Run) { Name = "streams-publish", IsBackground = true };
    }

    public long Published { get; private set; }

    /// <summary>Records that the log refused for good; anything but 0 needs somebody to look.</summary>
    public long GivenUp => Volatile.Read(ref _givenUp);

    public long BulkBacklogInBytes => Volatile.Read(ref _bulkBytes);

    public void Start() => _thread.Start();

    /// <summary>Takes a committed chunk. Never waits: see <see cref="WaitForRoom"/>.</summary>
    /// <param name="draft">Holds the chunk's memory; null where the chunk owns its bytes.</param>
    public void Publish(Shard owner, OutboxChunk chunk, CommitDraft? draft)
    {
        draft?.Hold();
        if (chunk.Lane == Lane.Bulk && Interlocked.Add(ref _bulkBytes, chunk.Records.Length) > MaxBulkInBytes)
        {
            _room.Reset();
        }

        LaneState lane = _lanes[(int)chunk.Lane];
        lock (lane.Waiting)
        {
            lane.Waiting.Enqueue(new Job(owner, chunk, draft));
        }

        _work.Set();
    }

    /// <summary>Waits while too much bulk output is on its way; false when it still is after the timeout.</summary>
    public bool WaitForRoom(TimeSpan timeout) => _room.Wait(timeout);

    public void Dispose()
    {
        _stop = true;
        _work.Set();
        if (_thread.IsAlive)
        {
            _thread.Join(TimeSpan.FromSeconds(10));
        }

        foreach (LaneState lane in _lanes)
        {
            lane.Writer?.Dispose();
        }
    }

    private void Run()
    {
        LaneState urgent = _lanes[0];
        LaneState bulk = _lanes[1];
        while (!_stop)
        {
            try
            {
                bool busy = Step(urgent, int.MaxValue);
                busy |= Step(bulk, Turn);
                if (!busy)
                {
                    _work.WaitOne(50);
                }
            }
            catch (LogFailedException e)
            {
                LogPublishing(_logger, e.Message);
                _lanes[0].Broken = _lanes[1].Broken = true;
                _work.WaitOne(500);
            }
        }
    }

    /// <summary>Sends up to <paramref name="most"/> records of a lane; false when there was nothing to do.</summary>
    private bool Step(LaneState lane, int most)
    {
        Complete(lane);
        if (lane.Broken)
        {
            Rebuild(lane);
        }

        if (lane.Sending is null)
        {
            lock (lane.Waiting)
            {
                if (!lane.Waiting.TryDequeue(out lane.Sending))
                {
                    return false;
                }
            }

            if (lane.Sending.Owner.IsDropped)
            {
                // Another owner has the shard and publishes what is left, before anything newer of its own.
                Forget(lane, lane.Sending);
                lane.Sending = null;
                return true;
            }

            lane.Unconfirmed.Enqueue(lane.Sending);
            lane.Sending.Begin(this, lane);
        }

        if (Send(lane, lane.Sending, most))
        {
            lane.Sending = null;
        }

        return true;
    }

    /// <summary>Sends on with a chunk; true when all of it is sent.</summary>
    private bool Send(LaneState lane, Job job, int most)
    {
        ILogWriter writer = lane.Writer ??= _log.CreateWriter($"streams-{lane.Lane}".ToLowerInvariant(), lane.LingerInMs);
        OutboxCodec.Reader reader = new(job.Chunk.Records.Span, job.Topics, job.Position);
        using PooledBuffer headers = new(1024);
        while (reader.Next())
        {
            ReadOnlySpan<byte> block = reader.Headers;
            if (reader.IsNumbered)
            {
                block = WithSource(headers, block, job, job.Sent);
            }

            Published++;
            writer.Send(
                new OutgoingRecord
                {
                    Topic = reader.Topic,
                    Partition = PartitionOf(reader.Topic, reader.Key),
                    Key = reader.Key,
                    Value = reader.Value,
                    Headers = block,
                },
                job.Attempt!);
            job.Sent++;
            job.Position = reader.Position;
            if (--most == 0)
            {
                return job.Sent == job.Chunk.Count;
            }
        }

        return true;
    }

    private static ReadOnlySpan<byte> WithSource(PooledBuffer to, ReadOnlySpan<byte> block, Job job, int index)
    {
        Span<byte> source = stackalloc byte[SourceHeader.Length];
        SourceHeader.Write(source, SourceMarks.SourceOf(job.Owner.Id, job.Chunk.Lane), job.Chunk.FirstNumber + index);
        to.Clear();
        HeaderBlock.Begin(to, block[0] + 1);
        to.Write(block[1..]);
        HeaderBlock.Add(to, SourceHeader.NameUtf8, source);
        return to.Written;
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
    private void Complete(LaneState lane)
    {
        while (lane.Unconfirmed.TryPeek(out Job? job) && job.IsDelivered)
        {
            lane.Unconfirmed.Dequeue();
            job.Owner.Published(lane.Lane, job.Chunk.LastNumber);
            Forget(lane, job);
        }
    }

    private void Forget(LaneState lane, Job job)
    {
        job.Draft?.Release();
        if (lane.Lane == Lane.Bulk && Interlocked.Add(ref _bulkBytes, -job.Chunk.Records.Length) <= MaxBulkInBytes)
        {
            _room.Set();
        }
    }

    private void Rebuild(LaneState lane)
    {
        LogResend(_logger, lane.Lane, lane.Unconfirmed.Count);
        lane.Writer?.Dispose();
        lane.Writer = null;
        lane.Broken = false;
        _partitions.Clear();
        foreach (Job job in lane.Unconfirmed)
        {
            job.Begin(this, lane);
            Send(lane, job, int.MaxValue);
        }

        lane.Sending = null;
    }

    private sealed class LaneState(Lane lane, int lingerInMs)
    {
        public Lane Lane { get; } = lane;

        public int LingerInMs { get; } = lingerInMs;

        public Queue<Job> Waiting { get; } = new();

        public Queue<Job> Unconfirmed { get; } = new();

        public Job? Sending;
        public ILogWriter? Writer;
        public volatile bool Broken;
    }

    private sealed class Job(Shard owner, OutboxChunk chunk, CommitDraft? draft)
    {
        public Shard Owner { get; } = owner;

        public OutboxChunk Chunk { get; } = chunk;

        public CommitDraft? Draft { get; } = draft;

        public Attempt? Attempt { get; private set; }

        public int Sent;

        /// <summary>Where in the chunk the next record begins, and the topics named before it.</summary>
        public int Position;

        public List<string> Topics { get; } = [];

        public bool IsDelivered => Sent == Chunk.Count && Attempt is { Remaining: 0 };

        public void Begin(Publisher publisher, LaneState lane)
        {
            Sent = 0;
            Position = 0;
            Topics.Clear();
            Attempt = new Attempt(publisher, lane, this);
        }
    }

    /// <summary>One sending of a chunk: what a replaced producer still reports goes to its own attempt and is of no effect.</summary>
    private sealed class Attempt(Publisher publisher, LaneState lane, Job job) : IDelivery
    {
        private int _remaining = job.Chunk.Count;

        public int Remaining => Volatile.Read(ref _remaining);

        public void Delivered()
        {
            if (Interlocked.Decrement(ref _remaining) == 0)
            {
                publisher._work.Set();
            }
        }

        public void Failed(string reason, bool fatal)
        {
            if (!fatal)
            {
                // This one record will never be taken (too large, an unknown topic). It is given up, loudly: the lane must go on.
                LogGivenUp(publisher._logger, job.Owner.Partition, reason);
                Interlocked.Increment(ref publisher._givenUp);
                Delivered();
                return;
            }

            if (ReferenceEquals(job.Attempt, this))
            {
                LogPublishing(publisher._logger, reason);
                lane.Broken = true;
                publisher._work.Set();
            }
        }
    }

    [LoggerMessage(1401, LogLevel.Warning, "Publishing failed: {Reason}. Nothing is lost: what was not confirmed is sent again, in order.")]
    private static partial void LogPublishing(ILogger logger, string reason);

    [LoggerMessage(1403, LogLevel.Critical, "An outgoing record of {Partition} was refused by the log for good and is given up: {Reason}")]
    private static partial void LogGivenUp(ILogger logger, InboxPartition partition, string reason);

    [LoggerMessage(1402, LogLevel.Information, "Lane {Lane}: a new producer sends {Chunks} unconfirmed chunks again.")]
    private static partial void LogResend(ILogger logger, Lane lane, int chunks);
}
