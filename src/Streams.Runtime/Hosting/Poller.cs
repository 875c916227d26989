using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;

namespace Streams.Runtime.Hosting;

/// <summary>
/// The thread that is the node's member in the group of one kind: polls, gives batches to the workers, pauses what does not get on, and carries out
/// what shards ask for. It joins when the node is to work and leaves, with everything given back, when it is not.
/// </summary>
internal sealed partial class Poller : IDisposable
{
    private readonly EngineOptions _options;
    private readonly ILog _log;
    private readonly Ownership _ownership;
    private readonly string _group;
    private readonly Func<bool> _isNeeded;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConcurrentQueue<(Shard Shard, long Offset)> _seeks = new();
    private readonly HeldBatches<Owned> _held = new();
    private readonly HashSet<Intake> _paused = [];
    private readonly AutoResetEvent _toldOtherwise = new(false);
    private readonly Thread _thread;
    private readonly Func<TimeSpan> _brokersSilentFor;
    private long _reportedAt;
    private long _turnedAt;
    private long _failedAt;
    private volatile bool _stopping;
    private volatile bool _wanted = true;
    private volatile bool _isMember;
    private volatile string? _failure;

    /// <param name="isNeeded">Others of this node still have something to tell the kind's actors: it does not leave before.</param>
    /// <param name="brokersSilentFor">How long no broker has answered.</param>
    public Poller(EngineOptions options, string group, ILog log, Ownership ownership, Func<bool> isNeeded, Func<TimeSpan> brokersSilentFor, TimeProvider time, ILogger logger)
    {
        _options = options;
        _log = log;
        _ownership = ownership;
        _group = group;
        _isNeeded = isNeeded;
        _brokersSilentFor = brokersSilentFor;
        _turnedAt = time.GetTimestamp();
        _time = time;
        _logger = logger;
        _ownership.Forget = _held.Discard;
        _ownership.Trying = NoteTurn;
        _ownership.RequestSeek = (shard, offset) => _seeks.Enqueue((shard, offset));
        _thread = new Thread(Run) { Name = $"streams-poll-{ownership.Kind.Name}", IsBackground = true };
    }

    /// <summary>Why the log can not be read, in words; null while it can.</summary>
    public string? Failure => _failure;

    /// <summary>The group has shared out its partitions with this node among its members. It may have got none.</summary>
    public bool HasPart => _ownership.HasPart;

    /// <summary>How long it has been at its present turn; zero while it is no member and waits to be told.</summary>
    public TimeSpan TurnFor => _isMember ? _time.GetElapsedTime(Volatile.Read(ref _turnedAt)) : TimeSpan.Zero;

    /// <summary>Not to be a member, and not one any more: every shard is given back.</summary>
    public bool IsDrained => !_wanted && !_isMember;

    /// <summary>Whether to be a member of the group.</summary>
    public bool IsWanted
    {
        get => _wanted;
        set
        {
            _wanted = value;
            _toldOtherwise.Set();
        }
    }

    public void Start() => _thread.Start();

    /// <summary>Is, or is on its way to be, a member.</summary>
    public bool IsMember => _isMember;

    /// <summary>Gives everything back and ends.</summary>
    public void Dispose()
    {
        Stop();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }
    }

    /// <summary>Begins that.</summary>
    public void Stop()
    {
        _wanted = false;
        _stopping = true;
        _ownership.IsStopping = true;
        _toldOtherwise.Set();
    }

    private bool IsToLeave => (_stopping || !_wanted) && !_isNeeded();

    private void Run()
    {
        while (!_stopping)
        {
            if (!_wanted)
            {
                _toldOtherwise.WaitOne();
                continue;
            }

            NoteTurn();
            _isMember = true;
            try
            {
                using (ILogReader reader = _ownership.Reader = _log.CreateReader(_group))
                {
                    reader.Subscribe([_ownership.Kind.Inbox], _ownership);
                    List<RecordBatch> batches = [];
                    while (!IsToLeave)
                    {
                        PollOnce(reader, batches);
                    }

                    _ownership.Revoked([.. _ownership.Owned.Keys]);
                }
            }
            catch (LogFailedException e)
            {
                // The log's client is of no more use. What is in memory may be stale by the time there is a new one: the store is the truth.
                if (_failure is null)
                {
                    _failedAt = _time.GetTimestamp();
                    LogFailed(_logger, e);
                }

                _failure = "the log: " + e.Message;
                _ownership.Lost([.. _ownership.Owned.Keys]);
                _toldOtherwise.WaitOne(500);
            }

            _ownership.HasPart = false;
            _isMember = false;
        }
    }

    private void NoteTurn() => Volatile.Write(ref _turnedAt, _time.GetTimestamp());

    private void PollOnce(ILogReader reader, List<RecordBatch> batches)
    {
        NoteTurn();
        while (_seeks.TryDequeue(out (Shard Shard, long Offset) seek))
        {
            if (_ownership.Owned.TryGetValue(seek.Shard.Partition, out Owned? owned) && ReferenceEquals(owned.Shard, seek.Shard))
            {
                // What was polled before the seek and still waits here would look as if it came after it.
                _held.Discard(seek.Shard.Partition);
                reader.Seek(seek.Shard.Partition, seek.Offset);
                owned.Worker.Do(seek.Shard, seek.Shard.Sought);
            }
        }

        _ownership.ClaimAgain(reader);
        HandOver(reader);
        Report(reader);
        batches.Clear();
        reader.Poll(TimeSpan.FromMilliseconds(50), batches);
        if (_failure is not null && _brokersSilentFor() < _time.GetElapsedTime(_failedAt))
        {
            _failure = null;
            LogBack(_logger, _time.GetElapsedTime(_failedAt).TotalSeconds);
        }

        if (batches.Count > 0)
        {
            CrashPoint.Reach(CrashPoint.AfterConsume);
        }

        foreach (RecordBatch batch in batches)
        {
            if (!_ownership.Owned.TryGetValue(batch.Partition, out Owned? owned) || owned.Shard.IsDropped)
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

    /// <summary>Four times a second: how far we are, for whoever looks.</summary>
    private void Report(ILogReader reader)
    {
        if (_time.GetElapsedTime(_reportedAt) < TimeSpan.FromMilliseconds(250))
        {
            return;
        }

        _reportedAt = _time.GetTimestamp();
        foreach ((InboxPartition partition, Owned owned) in _ownership.Owned)
        {
            reader.Report(partition, owned.Shard.NextToRead);
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
        foreach ((InboxPartition partition, Owned owned) in _ownership.Owned)
        {
            if (ReferenceEquals(owned.Intake, intake))
            {
                action(partition);
            }
        }
    }

    [LoggerMessage(1120, LogLevel.Information, "The log answers again, after {Seconds:0.0} s.")]
    private static partial void LogBack(ILogger logger, double seconds);

    [LoggerMessage(1111, LogLevel.Warning, "The log's client failed. Dropping all shards and connecting anew until it works; their owners continue from the store.")]
    private static partial void LogFailed(ILogger logger, Exception error);
}
