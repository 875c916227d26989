using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Telemetry;

namespace Streams.Runtime.Hosting;

/// <summary>
/// One thread that owns whole shards: takes commands and batches from its queue and lets its shards keep their pace.
/// There is one per core, so actors never meet a lock.
/// </summary>
internal sealed partial class Worker : IDisposable
{
    /// <summary>Bytes of records waiting in an intake before the poller holds back: about a quarter of a second of input at full speed.</summary>
    private const long MaxQueuedInBytes = 16 << 20;

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_outagesApart = TimeSpan.FromSeconds(10);

    private readonly WorkQueue _queue = new(MaxQueuedInBytes);
    private readonly List<Handover> _leaving = [];
    private readonly List<Shard> _shards = [];
    private readonly List<Action> _later = [];
    private readonly Publisher _publisher;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private readonly CancellationTokenSource _stop = new();
    private double _busyShare;
    private double _applyingShare;
    private long _busySinceWindow;
    private long _applyingNanosSinceWindow;
    private long _windowStarted = Stopwatch.GetTimestamp();

    private readonly Action<InboxPartition, string> _broken;
    private readonly EngineMeter _meter;
    private long? _loadFailedAt;

    public Worker(int number, Publisher publisher, Action<InboxPartition, string> broken, EngineMeter meter, TimeProvider time, ILogger logger)
    {
        _broken = broken;
        _meter = meter;
        _publisher = publisher;
        _time = time;
        _logger = logger;
        _thread = new Thread(Run) { Name = $"streams-work-{number}", IsBackground = true };
    }

    /// <summary>Share of the last second spent working, 0 to 1.</summary>
    public double BusyShare => Volatile.Read(ref _busyShare);

    public void Start() => _thread.Start();

    /// <param name="isInner">The shard's inbox is filled by this cluster's own actors.</param>
    public Intake IntakeOf(bool isInner) => isInner ? _queue.Inner : _queue.Outer;

    public bool TryAdd(Intake intake, Shard shard, RecordBatch batch, TimeSpan timeout) => _queue.TryAdd(intake, shard, batch, timeout);

    /// <summary>Runs on the worker's thread, before batches that wait.</summary>
    public void Do(Action command) => _queue.Add(command);

    /// <summary>From a command only: runs with the shards' next tick, some milliseconds later.</summary>
    public void Later(Action command) => _later.Add(command);

    /// <summary>As the other one; the batches of this shard that wait are discarded first.</summary>
    public void Do(Shard shard, Action command)
    {
        _queue.Discard(shard);
        _queue.Add(command);
    }

    public void Attach(Shard shard) => Do(() => _shards.Add(shard));

    /// <summary>Forgets the shard; nothing of it is written.</summary>
    public void Detach(Shard shard) => Do(shard, () =>
    {
        shard.Drop();
        _shards.Remove(shard);
    });

    /// <summary>Writes and publishes what the shard has, then forgets it.</summary>
    public void Leave(Handover handover) => Do(handover.Shard, () =>
    {
        _shards.Remove(handover.Shard);
        _leaving.Add(handover);
        Guard(handover.Shard, shard => shard.WriteAll(NowInMs()));
    });

    public void Dispose()
    {
        _stop.Cancel();
        if (_thread.IsAlive)
        {
            _thread.Join(TimeSpan.FromSeconds(10));
        }

        _queue.Discard(shard: null);
        _stop.Dispose();
    }

    private void Run()
    {
        long lastTick = 0;
        while (!_stop.IsCancellationRequested)
        {
            // While output is not leaving as fast as it is made, new records wait. Decisions still leave, and so does what actors have
            // told each other, for that is what makes room.
            _queue.TryTake(_publisher.HasRoom, Pause, out Action? command, out (Shard Shard, RecordBatch? Batch) work);
            long started = Stopwatch.GetTimestamp();
            command?.Invoke();
            if (work.Batch is not null)
            {
                Process(work.Shard, work.Batch);
            }

            if (Stopwatch.GetElapsedTime(lastTick, started) >= Pause)
            {
                lastTick = started;
                TickAll();
                RunLater();
            }

            _leaving.RemoveAll(handover => handover.Step());
            Measure(started);
        }
    }

    private void RunLater()
    {
        if (_later.Count > 0)
        {
            // A copy: a command may put itself off once more.
            Action[] now = [.. _later];
            _later.Clear();
            Array.ForEach(now, command => command());
        }
    }

    private void Process(Shard shard, RecordBatch batch)
    {
        using (batch)
        {
            for (int attempt = 0; !shard.IsDropped && !_stop.IsCancellationRequested; attempt++)
            {
                try
                {
                    long now = NowInMs();
                    long started = ThreadClock.Nanoseconds();
                    shard.Process(batch, now);
                    shard.NoteAtWork(_time.GetTimestamp());
                    long applying = ThreadClock.Nanoseconds() - started;
                    _applyingNanosSinceWindow += applying;
                    _meter.Batch(batch.Count, TimeSpan.FromTicks(applying / TimeSpan.NanosecondsPerTick));
                    CrashPoint.Reach(CrashPoint.AfterApply);
                    shard.Tick(now, _busyShare < 0.5, _applyingShare);
                    return;
                }
                catch (StoreUnavailableException e)
                {
                    LoadFailed(shard, e);
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
        long now = NowInMs();
        for (int i = _shards.Count - 1; i >= 0; i--)
        {
            Shard shard = _shards[i];
            if (shard.IsDropped)
            {
                _shards.RemoveAt(i);
                continue;
            }

            Guard(shard, at =>
            {
                if (!at.NeedsRestart)
                {
                    at.Tick(now, _busyShare < 0.5, _applyingShare);
                    if (at.IsCaughtUp)
                    {
                        at.NoteAtWork(_time.GetTimestamp());
                    }
                }
                else if (at.CommitsInFlight == 0)
                {
                    at.Restart();
                }
            });
        }
    }

    private void Guard(Shard shard, Action<Shard> work)
    {
        try
        {
            work(shard);
        }
        catch (StoreUnavailableException e)
        {
            LoadFailed(shard, e);
        }
#pragma warning disable CA1031 // One shard stops; the others of this worker go on.
        catch (Exception e)
#pragma warning restore CA1031
        {
            Stop(shard, e);
        }
    }

    /// <summary>Told once for an outage, which is over when for a while none has failed.</summary>
    private void LoadFailed(Shard shard, StoreUnavailableException error)
    {
        if (_loadFailedAt is not { } before || _time.GetElapsedTime(before) > s_outagesApart)
        {
            LogLoadFailed(_logger, error, shard.Partition);
        }

        _loadFailedAt = _time.GetTimestamp();
    }

    private long NowInMs() => _time.GetUtcNow().ToUnixTimeMilliseconds();

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
            _applyingShare = (_applyingShare * 0.5) + (0.5 * _applyingNanosSinceWindow / Stopwatch.GetElapsedTime(0, window).TotalNanoseconds);
            _busySinceWindow = 0;
            _applyingNanosSinceWindow = 0;
            _windowStarted = now;
        }
    }

    [LoggerMessage(1501, LogLevel.Warning, "{Partition}: actors can not be loaded, the store is away. This shard, and others perhaps, wait and try again.")]
    private static partial void LogLoadFailed(ILogger logger, Exception error, InboxPartition partition);

    [LoggerMessage(1502, LogLevel.Critical, "{Partition}: the shard stops so as not to harm its stored state; the others go on. If a snapshot can not be read, run the version that wrote it, or restore the store from a backup.")]
    private static partial void LogStopped(ILogger logger, Exception error, InboxPartition partition);
}
