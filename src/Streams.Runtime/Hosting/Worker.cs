using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Hosting;

/// <summary>
/// One thread that owns whole shards: takes batches and commands from its queue, in order, and lets its shards keep their pace.
/// There is one per core, so actors never meet a lock.
/// </summary>
internal sealed partial class Worker : IDisposable
{
    /// <summary>Bytes of records waiting before the poller holds back: about a quarter of a second of input at full speed.</summary>
    private const long MaxQueuedInBytes = 16 << 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    private readonly BoundedQueue<Work> _queue = new(MaxQueuedInBytes);
    private readonly List<Shard> _shards = [];
    private readonly Publisher _publisher;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private readonly CancellationTokenSource _stop = new();
    private double _busyShare;
    private double _nanosPerRecord = 1000;
    private long _busySinceWindow;
    private long _windowStarted = Stopwatch.GetTimestamp();

    private readonly Action<InboxPartition, string> _broken;

    public Worker(int number, Publisher publisher, Action<InboxPartition, string> broken, TimeProvider time, ILogger logger)
    {
        _broken = broken;
        _publisher = publisher;
        _time = time;
        _logger = logger;
        _thread = new Thread(Run) { Name = $"streams-work-{number}", IsBackground = true };
    }

    private readonly record struct Work(Shard? Shard, RecordBatch? Batch, Action? Command);

    /// <summary>Share of the last second spent working, 0 to 1.</summary>
    public double BusyShare => Volatile.Read(ref _busyShare);

    public double NanosPerRecord => Volatile.Read(ref _nanosPerRecord);

    public long QueuedInBytes => _queue.Cost;

    public void Start() => _thread.Start();

    public bool TryAdd(Shard shard, RecordBatch batch, TimeSpan timeout) =>
        _queue.TryAdd(new Work(shard, batch, null), batch.SizeInBytes + (batch.Count * 64L), timeout);

    /// <summary>Runs on the worker's thread, after what is queued now.</summary>
    public void Do(Action command) => _queue.Add(new Work(null, null, command));

    /// <summary>Only within <see cref="Do"/>.</summary>
    public void Attach(Shard shard) => _shards.Add(shard);

    /// <summary>Only within <see cref="Do"/>.</summary>
    public void Detach(Shard shard) => _shards.Remove(shard);

    public void Dispose()
    {
        _stop.Cancel();
        if (_thread.IsAlive)
        {
            _thread.Join(TimeSpan.FromSeconds(10));
        }

        while (_queue.TryTake(out Work work, TimeSpan.Zero))
        {
            work.Batch?.Dispose();
        }

        _stop.Dispose();
    }

    private void Run()
    {
        long lastTick = 0;
        while (!_stop.IsCancellationRequested)
        {
            bool any = _queue.TryTake(out Work work, Pause);
            long started = Stopwatch.GetTimestamp();
            if (any)
            {
                work.Command?.Invoke();
                if (work.Batch is not null)
                {
                    Process(work.Shard!, work.Batch, started);
                }
            }

            if (Stopwatch.GetElapsedTime(lastTick, started) >= Pause)
            {
                lastTick = started;
                TickAll();
            }

            Measure(started);
            while (!_publisher.WaitForRoom(TimeSpan.FromMilliseconds(200)) && !_stop.IsCancellationRequested)
            {
                // Output is not leaving as fast as it is made. Decisions still do; new records wait.
                TickAll();
            }
        }
    }

    private void Process(Shard shard, RecordBatch batch, long started)
    {
        using (batch)
        {
            for (int attempt = 0; !shard.IsDropped && !_stop.IsCancellationRequested; attempt++)
            {
                try
                {
                    long now = _time.GetUtcNow().ToUnixTimeMilliseconds();
                    shard.Process(batch, now);
                    double nanos = Stopwatch.GetElapsedTime(started).TotalNanoseconds / Math.Max(batch.Count, 1);
                    _nanosPerRecord += (nanos - _nanosPerRecord) * 0.02;
                    shard.Tick(now, _busyShare < 0.5, _nanosPerRecord);
                    return;
                }
                catch (StoreUnavailableException e)
                {
                    if (attempt == 0)
                    {
                        LogLoadFailed(_logger, e, shard.Partition);
                    }

                    _stop.Token.WaitHandle.WaitOne(Math.Min(50 << Math.Min(attempt, 6), 2000));
                }
#pragma warning disable CA1031 // One shard stops; the others of this worker go on.
                catch (Exception e)
#pragma warning restore CA1031
                {
                    Stop(shard, e);
                }
            }
        }
    }

    private void TickAll()
    {
        long now = _time.GetUtcNow().ToUnixTimeMilliseconds();
        for (int i = _shards.Count - 1; i >= 0; i--)
        {
            Shard shard = _shards[i];
            if (shard.IsDropped)
            {
                _shards.RemoveAt(i);
                continue;
            }

            try
            {
                if (shard.NeedsRestart)
                {
                    if (shard.CommitsInFlight == 0)
                    {
                        shard.Restart();
                    }

                    continue;
                }

                shard.Tick(now, _busyShare < 0.5, _nanosPerRecord);
            }
            catch (StoreUnavailableException e)
            {
                LogLoadFailed(_logger, e, shard.Partition);
            }
#pragma warning disable CA1031 // One shard stops; the others of this worker go on.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Stop(shard, e);
            }
        }
    }

    /// <summary>A snapshot this program can not read, or a fault outside any one actor. Writing on could destroy state: the shard stops and says so.</summary>
    private void Stop(Shard shard, Exception error)
    {
        LogStopped(_logger, error, shard.Partition);
        shard.Drop();
        _broken(shard.Partition, error.Message);
    }

    private void Measure(long started)
    {
        long now = Stopwatch.GetTimestamp();
        _busySinceWindow += now - started;
        long window = now - _windowStarted;
        if (window >= Stopwatch.Frequency / 4)
        {
            Volatile.Write(ref _busyShare, (_busyShare * 0.5) + (0.5 * _busySinceWindow / window));
            _busySinceWindow = 0;
            _windowStarted = now;
        }
    }

    [LoggerMessage(1501, LogLevel.Warning, "{Partition}: actors can not be loaded, the store is away. The shard waits and tries again.")]
    private static partial void LogLoadFailed(ILogger logger, Exception error, InboxPartition partition);

    [LoggerMessage(1502, LogLevel.Critical, "{Partition}: the shard stops so as not to harm its stored state; the others go on. If a snapshot can not be read, run the version that wrote it, or restore the store from a backup.")]
    private static partial void LogStopped(ILogger logger, Exception error, InboxPartition partition);
}
