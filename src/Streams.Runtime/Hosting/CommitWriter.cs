using Microsoft.Extensions.Logging;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Telemetry;

namespace Streams.Runtime.Hosting;

/// <summary>
/// One thread that writes what shards post: everything that has gathered goes into one transaction, in the order posted. While the
/// store is away it holds on and tries again; the queue's bound then holds back the workers, and they the log.
/// </summary>
internal sealed partial class CommitWriter : IDisposable
{
    /// <summary>Bytes posted and not yet written before workers wait. 32 MB is half a second of a busy node.</summary>
    private const long MaxQueuedInBytes = 32 << 20;

    /// <summary>Commits in one transaction: bounds how long an urgent one can wait for those before it.</summary>
    private const int MaxCommits = 64;

    private const long MaxTransactionInBytes = 4 << 20;

    private readonly BoundedQueue<PostedCommit> _queue = new(MaxQueuedInBytes);
    private readonly IStore _store;
    private readonly Publisher _publisher;
    private readonly Action<Shard> _fenced;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private readonly CancellationTokenSource _stop = new();
    private readonly EngineMeter _meter;
    private readonly TimeProvider _time;

    /// <summary>Since when the store has been away; 0 while it is not.</summary>
    private long _awaySince;

    public CommitWriter(int number, IStore store, Publisher publisher, Action<Shard> fenced, EngineMeter meter, TimeProvider time, ILogger logger)
    {
        _store = store;
        _publisher = publisher;
        _fenced = fenced;
        _meter = meter;
        _time = time;
        _logger = logger;
        _thread = new Thread(Run) { Name = $"streams-commit-{number}", IsBackground = true };
    }

    public TimeSpan AwayFor => Volatile.Read(ref _awaySince) is not 0 and var since ? _time.GetElapsedTime(since) : TimeSpan.Zero;

    public long QueuedInBytes => _queue.Cost;

    public long Transactions { get; private set; }

    public long BytesWritten { get; private set; }

    public long ActorsWritten { get; private set; }

    public void Start() => _thread.Start();

    /// <summary>Waits while too much is queued already.</summary>
    public void Post(PostedCommit posted)
    {
        posted.PostedAt = _time.GetTimestamp();
        int size = posted.Draft.SizeInBytes + 256;
        while (!_queue.TryAdd(posted, size, TimeSpan.FromSeconds(1)))
        {
            if (_stop.IsCancellationRequested)
            {
                return;
            }
        }
    }

    public void Dispose()
    {
        _stop.Cancel();
        if (_thread.IsAlive)
        {
            _thread.Join(TimeSpan.FromSeconds(10));
        }

        _stop.Dispose();
    }

    private void Run()
    {
        List<PostedCommit> batch = [];
        List<ShardCommit> commits = [];
        while (!_stop.IsCancellationRequested)
        {
            if (!_queue.TryTake(out PostedCommit? posted, TimeSpan.FromMilliseconds(100)))
            {
                continue;
            }

            long bytes = 0;
            do
            {
                bytes += posted.Draft.SizeInBytes;
                if (posted.Owner.IsDropped)
                {
                    posted.Draft.ReleaseRows();
                    continue;
                }

                batch.Add(posted);
                commits.Add(posted.Commit);
            }
            while (batch.Count < MaxCommits && bytes < MaxTransactionInBytes && _queue.TryTake(out posted, TimeSpan.Zero));

            if (commits.Count > 0)
            {
                Write(batch, commits, bytes);
            }

            batch.Clear();
            commits.Clear();
        }
    }

    private void Write(List<PostedCommit> batch, List<ShardCommit> commits, long bytes)
    {
        long started = _time.GetTimestamp();
        IReadOnlyList<CommitResult>? results = null;
        for (int attempt = 0; results is null && !_stop.IsCancellationRequested; attempt++)
        {
            try
            {
                CrashPoint.Reach(CrashPoint.BeforeCommit);
                results = _store.Commit(commits);
                CrashPoint.Reach(CrashPoint.AfterCommit);
            }
            catch (InvalidOperationException e) when (commits.Count == 1)
            {
                // A broken invariant: nothing was written. This shard stops; its neighbours must not.
                LogInvariant(_logger, e, batch[0].Owner.Partition);
                batch[0].Draft.ReleaseRows();
                _fenced(batch[0].Owner);
                return;
            }
            catch (InvalidOperationException)
            {
                // One of several: find it by writing each alone.
                for (int i = 0; i < batch.Count; i++)
                {
                    Write([batch[i]], [commits[i]], bytes / batch.Count);
                }

                return;
            }
            catch (StoreUnavailableException e)
            {
                if (_awaySince == 0)
                {
                    LogStoreAway(_logger, e);
                    Volatile.Write(ref _awaySince, Math.Max(1, _time.GetTimestamp()));
                }

                _stop.Token.WaitHandle.WaitOne(Math.Min(100 << Math.Min(attempt, 5), 2000));
            }
        }

        if (results is null)
        {
            return;
        }

        if (_awaySince != 0)
        {
            LogStoreBack(_logger, AwayFor.TotalSeconds);
            Volatile.Write(ref _awaySince, 0);
        }

        Transactions++;
        BytesWritten += bytes;
        _meter.Transaction(_time.GetElapsedTime(started));
        for (int i = 0; i < batch.Count; i++)
        {
            PostedCommit posted = batch[i];
            if (results[i] == CommitResult.Fenced)
            {
                posted.Draft.ReleaseRows();
                _fenced(posted.Owner);
                continue;
            }

            ActorsWritten += posted.Commit.Actors.Count;
            foreach (OutboxChunk chunk in posted.Commit.Outbox)
            {
                _publisher.Publish(posted.Owner, chunk, posted.Draft, posted.PostedAt);
                if (chunk.Lane == Lane.Urgent)
                {
                    _meter.DecisionStored(_time.GetElapsedTime(posted.PostedAt));
                }
            }

            foreach (string trace in Tracing.IsOn ? posted.Draft.Traces : [])
            {
                Tracing.Committed(trace, DateTimeOffset.UtcNow - _time.GetElapsedTime(posted.PostedAt), posted.Owner.Partition, posted.Commit.Actors.Count);
            }

            posted.Draft.ReleaseRows();
            posted.Owner.Committed();
        }
    }

    [LoggerMessage(1301, LogLevel.Error, "The store can not be written to. Nothing is lost: records wait in the log and commits are tried again until it is back.")]
    private static partial void LogStoreAway(ILogger logger, Exception error);

    [LoggerMessage(1303, LogLevel.Critical, "{Partition}: the store refused a commit that breaks an invariant. The shard is dropped and claimed anew from the store.")]
    private static partial void LogInvariant(ILogger logger, Exception error, Log.InboxPartition partition);

    [LoggerMessage(1302, LogLevel.Information, "The store can be written to again, after {Seconds:0.0} s.")]
    private static partial void LogStoreBack(ILogger logger, double seconds);
}
