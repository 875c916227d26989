using Microsoft.Extensions.Logging;
using Streams.Runtime.Log;

namespace Streams.Runtime.Hosting;

/// <summary>
/// How far this node's messages to actors may run ahead of the actors that read them, wherever those live. A log that keeps only so many
/// bytes would lose what nobody has read yet; and what lies in the log longer is only later.
/// </summary>
/// <remarks>
/// What is ahead in a partition is what is on its way there, what arrived since the brokers were last asked, and what they said then: records between
/// the group's position and the end, at the mean size of ours. The position of a partition owned by this node is the shard's own, which
/// is newer than the group's.
/// </remarks>
internal sealed partial class InboxRoom : IDisposable
{
    /// <summary>Bytes unread in one partition beyond which bulk waits, however much the log keeps: seconds of it at full speed.</summary>
    private const long MostInBytes = 64 << 20;

    private static readonly TimeSpan s_askEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>While there is nothing to measure it is asked all the same, to know whether the brokers are there.</summary>
    private static readonly TimeSpan s_askAtLeastEvery = TimeSpan.FromSeconds(3);

    /// <summary>A partition that nobody reads for so long is waited for no more: the rest of the cluster goes on.</summary>
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMinutes(1);

    private readonly ILog _log;
    private readonly IReadOnlyList<(string Topic, string Group)> _topics;
    private readonly Func<InboxPartition, long?> _readHere;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Thread _thread;
    private readonly ManualResetEventSlim _stop = new(false);
    private long _answeredAt;
    private long _askedAt;
    private Dictionary<string, Inbox[]> _inboxes = [];
    private Dictionary<string, IGroupGauge> _gauges = [];

    /// <param name="topics">Inboxes that actors of this cluster write to, and the groups that read them.</param>
    /// <param name="readHere">How far a partition of this node is read; null where it is another's.</param>
    public InboxRoom(ILog log, IReadOnlyList<(string Topic, string Group)> topics, Func<InboxPartition, long?> readHere, TimeProvider time, ILogger logger)
    {
        _log = log;
        _topics = topics;
        _readHere = readHere;
        _time = time;
        _logger = logger;
        _thread = new Thread(Run) { Name = "streams-room", IsBackground = true };
    }

    public void Start()
    {
        _askedAt = _time.GetTimestamp();
        Volatile.Write(ref _answeredAt, _askedAt);
        // A record is counted at its size before compression, and some producers besides us write here: leave a part for what we do not see.
        long most = Math.Min(MostInBytes, _log.KeepsInBytes / 5 * 3);
        _inboxes = _topics.ToDictionary(
            each => each.Topic,
            each => Enumerable.Range(0, _log.PartitionsOf(each.Topic)).Select(partition => new Inbox(new InboxPartition(each.Topic, partition), most, _time.GetTimestamp())).ToArray(),
            StringComparer.Ordinal);
        if (_topics.Count > 0)
        {
            _gauges = _topics.ToDictionary(each => each.Topic, each => _log.CreateGauge(each.Group), StringComparer.Ordinal);
            _thread.Start();
        }
    }

    /// <summary>How long no broker has answered; before the first answer, since the start.</summary>
    public TimeSpan SilentFor => _topics.Count == 0 ? TimeSpan.Zero : _time.GetElapsedTime(Volatile.Read(ref _answeredAt));

    /// <summary>Null for a partition that is no inbox of this cluster's actors' messages.</summary>
    public Inbox? Of(string topic, int partition) => _inboxes.TryGetValue(topic, out Inbox[]? inboxes) ? inboxes[partition] : null;

    public void Dispose()
    {
        _stop.Set();
        if (_thread.IsAlive)
        {
            _thread.Join();
        }

        foreach (IGroupGauge gauge in _gauges.Values)
        {
            gauge.Dispose();
        }
    }

    private void Run()
    {
        while (!_stop.Wait(s_askEvery))
        {
            Inbox[] asked = [.. _inboxes.Values.SelectMany(topic => topic).Where(inbox => inbox.BeginMeasure())];
            if (asked.Length == 0 && _time.GetElapsedTime(_askedAt) >= s_askAtLeastEvery)
            {
                asked = [_inboxes.Values.First()[0]];
                asked[0].BeginMeasure();
            }

            if (asked.Length == 0)
            {
                continue;
            }

            _askedAt = _time.GetTimestamp();
            foreach (IGrouping<string, Inbox> topic in asked.GroupBy(inbox => inbox.Partition.Topic))
            {
                Measure(topic.Key, [.. topic]);
            }
        }
    }

    private void Measure(string topic, Inbox[] asked)
    {
        try
        {
            IReadOnlyList<GroupPosition> positions = _gauges[topic].Measure([.. asked.Select(inbox => inbox.Partition)]);
            Volatile.Write(ref _answeredAt, _time.GetTimestamp());
            for (int i = 0; i < asked.Length; i++)
            {
                Note(asked[i], positions[i]);
            }
        }
        catch (LogFailedException)
        {
            // The brokers are away, which others tell. Until they are back nothing is known to be read, nor that nobody reads.
            Array.ForEach(asked, inbox => inbox.NotMeasured(_time.GetTimestamp()));
        }
    }

    private void Note(Inbox inbox, GroupPosition position)
    {
        long? here = _readHere(inbox.Partition);
        if (inbox.EndMeasure(position.End, here ?? position.Reported ?? 0, _time.GetTimestamp()) is { } since
            && here is null && _time.GetElapsedTime(since) > s_longestWait && inbox.WaitNoMore())
        {
            LogNobodyReads(_logger, inbox.Partition, s_longestWait.TotalSeconds);
        }
    }

    /// <summary>One partition. Thread-safe.</summary>
    internal sealed class Inbox(InboxPartition partition, long mostInBytes, long now)
    {
        private readonly Lock _gate = new();
        private long _onItsWay;
        private long _arrived;
        private long _arrivedWhenAsked;
        private long _unread;
        private long _sizes;
        private long _records;
        private long _position = -1;
        private long _movedAt = now;
        private bool _isWaitedFor = true;

        public InboxPartition Partition { get; } = partition;

        public bool HasRoom
        {
            get
            {
                lock (_gate)
                {
                    return _onItsWay + _arrived + _unread < mostInBytes || !_isWaitedFor;
                }
            }
        }

        public void Sent(int sizeInBytes)
        {
            lock (_gate)
            {
                _onItsWay += sizeInBytes;
            }
        }

        public void Arrived(int sizeInBytes)
        {
            lock (_gate)
            {
                _onItsWay -= sizeInBytes;
                _arrived += sizeInBytes;
                _sizes += sizeInBytes;
                _records++;
            }
        }

        public void Failed(int sizeInBytes)
        {
            lock (_gate)
            {
                _onItsWay -= sizeInBytes;
            }
        }

        /// <summary>False when there is nothing to measure: all that was sent has been read.</summary>
        public bool BeginMeasure()
        {
            lock (_gate)
            {
                _arrivedWhenAsked = _arrived;
                return _arrived + _unread > 0;
            }
        }

        /// <summary>Answers since when nobody has read here; null when somebody does.</summary>
        public long? EndMeasure(long end, long position, long now)
        {
            lock (_gate)
            {
                long unread = Math.Max(0, end - position);
                _arrived -= _arrivedWhenAsked;
                _unread = _records == 0 ? 0 : unread * _sizes / _records;
                if (_records > 1000)
                {
                    // The mean follows what is sent now.
                    _records /= 2;
                    _sizes /= 2;
                }

                if (unread > 0 && position <= _position)
                {
                    return _movedAt;
                }

                _position = position;
                _movedAt = now;
                _isWaitedFor = true;
                return null;
            }
        }

        /// <summary>Nobody could be seen to read here: the time for that begins anew.</summary>
        public void NotMeasured(long now)
        {
            lock (_gate)
            {
                _movedAt = now;
            }
        }

        /// <summary>False when it is not waited for already.</summary>
        public bool WaitNoMore()
        {
            lock (_gate)
            {
                return _isWaitedFor && !(_isWaitedFor = false);
            }
        }
    }

    [LoggerMessage(1404, LogLevel.Warning, "{Partition} has not been read for {Seconds} s, and no node may own it. Actors no longer wait for it: their messages gather there until it is read.")]
    private static partial void LogNobodyReads(ILogger logger, InboxPartition partition, double seconds);
}
