using System.Collections.Immutable;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Streams.Runtime.Log;

namespace Streams.Node.Feeds.Live;

/// <summary>
/// The alerts of the whole cluster as they are published, on each node: a thread reads all partitions of <c>city.alerts</c>, as a member of no group, into a ring. Readers
/// follow the ring; who comes back with a position that the ring no longer holds reads what it missed from the log. Thread-safe.
/// </summary>
internal sealed partial class LiveAlerts(ILog log, string topic, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    /// <summary>A reader this far behind is cut off; it can come back with its position. Some 5 MB.</summary>
    public const int MostBehind = 1_000;

    private const long MostBytes = 64L << 20;

    /// <summary>Clients of Kafka that read what somebody missed, at once: each has connections and threads of its own.</summary>
    private const int MostHistories = 4;

    /// <summary>Between the log and a reader that catches up.</summary>
    private const int HistoryAhead = 64;

    private static readonly TimeSpan s_poll = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_again = TimeSpan.FromSeconds(2);

    /// <summary>Nodes hear of an alert within milliseconds of each other; while brokers are slow or come back, some seconds.</summary>
    private static readonly TimeSpan s_nodesDiffer = TimeSpan.FromSeconds(4);

    /// <summary>Records of the log come at a hundred thousand a second.</summary>
    private static readonly TimeSpan s_historyTakes = TimeSpan.FromMinutes(1);

    private readonly Lock _gate = new();
    private readonly AlertRing _ring = new(MostBehind, MostBytes);
    private readonly SemaphoreSlim _histories = new(MostHistories);
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;
    private TaskCompletionSource _arrival = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<RecordBatch> _batches = [];

    /// <summary>By partition, while a reader is made.</summary>
    private readonly List<(long From, long End, bool GoesOn)> _opening = [];
    private string? _lineage;
    private long[] _ends = [];

    /// <summary>Numbers the questions to the broker how far the log goes, and is that of the last that was answered.</summary>
    private long _asked;
    private long _answered;
    private bool _isToAsk;
    private int _readers;
    private bool _isToldOfTrouble;
    private long _toldOfForeignAt = long.MinValue;

    /// <summary>Cancelled when the node stops: whoever reads is to end.</summary>
    public CancellationToken Stopping => _stop.Token;

    /// <summary>Everybody that follows at present.</summary>
    public int Readers => Volatile.Read(ref _readers);

    /// <summary>Alerts that came by since the start.</summary>
    public long Heard { get; private set; }

    public void Start() => _running = Task.Factory.StartNew(Run, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    public async ValueTask DisposeAsync()
    {
        if (_stop.IsCancellationRequested)
        {
            return;
        }

        await _stop.CancelAsync();
        await _running;
    }

    /// <summary>Counts one reader more, unless there are so many already. Dispose of what is answered when it goes.</summary>
    public IDisposable? TryEnter(int most)
    {
        if (Interlocked.Increment(ref _readers) > most || _stop.IsCancellationRequested)
        {
            Interlocked.Decrement(ref _readers);
            return null;
        }

        return new Place(this);
    }

    /// <summary>
    /// Where somebody who has heard up to a position goes on; from now on for null. Another node may have heard more than this one: only what lies beyond the log's end, as the broker
    /// says it after the question came, is of no use.
    /// </summary>
    /// <exception cref="LogFailedException">The alerts can not be read at present, or not yet up to there.</exception>
    public async Task<FeedStart> BeginAsync(FeedPosition? from, CancellationToken stop)
    {
        long began = time.GetTimestamp();
        long? question = null;
        while (true)
        {
            Task arrival;
            lock (_gate)
            {
                bool isAhead = from is not null && IsAhead(from);
                if (_lineage is not null && IsCaughtUp() && (!isAhead || _answered >= question))
                {
                    return Begin(from);
                }

                if (time.GetElapsedTime(began) >= s_nodesDiffer)
                {
                    throw new LogFailedException($"the topic {topic} can not be read at present");
                }

                question ??= _asked + 1;
                _isToAsk |= isAhead && _asked < question;
                arrival = _arrival.Task;
            }

            await Task.WhenAny(arrival, Task.Delay(s_poll, time, stop));
            stop.ThrowIfCancellationRequested();
        }
    }

    /// <summary>What a reader missed: each partition in order.</summary>
    /// <exception cref="PositionLostException">It is no longer all there. Nothing was answered.</exception>
    /// <exception cref="LogFailedException">The log does not answer.</exception>
    /// <exception cref="OperationCanceledException">Also where it takes too long.</exception>
    public async IAsyncEnumerable<FeedItem> ReadAsync(FeedStart start, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken stop)
    {
        if (start.Missed.IsEmpty)
        {
            yield break;
        }

        using CancellationTokenSource limit = CancellationTokenSource.CreateLinkedTokenSource(stop, _stop.Token);
        limit.CancelAfter(s_historyTakes);
        await _histories.WaitAsync(limit.Token);
        try
        {
            Channel<AlertEvent> found = Channel.CreateBounded<AlertEvent>(HistoryAhead);
            Task reading = Task.Factory.StartNew(() => ReadHistory(start.Missed, found.Writer, limit.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            try
            {
                long[] next = [.. start.Missed.Select(span => span.From)];
                await foreach (AlertEvent alert in found.Reader.ReadAllAsync(limit.Token))
                {
                    next[alert.Partition] = alert.Offset + 1;
                    yield return new FeedItem(alert, new FeedPosition(start.Cursor.Lineage, [.. next]));
                }
            }
            finally
            {
                await limit.CancelAsync();
                await reading;
            }
        }
        finally
        {
            _histories.Release();
        }
    }

    internal FeedStep Next(AlertCursor cursor, out AlertEvent? found)
    {
        lock (_gate)
        {
            found = null;
            if (cursor.Lineage != _lineage || cursor.Number < _ring.Floor)
            {
                return FeedStep.Cut;
            }

            while (cursor.Number < _ring.Head)
            {
                AlertEvent next = _ring[cursor.Number++];
                if (cursor.Take(next))
                {
                    found = next;
                    return FeedStep.Found;
                }
            }

            cursor.TakeAll(_ring.Heads);
            return FeedStep.Nothing;
        }
    }

    internal async Task WaitAsync(AlertCursor cursor, TimeSpan most, CancellationToken stop)
    {
        Task arrival;
        lock (_gate)
        {
            if (cursor.Number != _ring.Head || cursor.Lineage != _lineage)
            {
                return;
            }

            arrival = _arrival.Task;
        }

        using CancellationTokenSource over = CancellationTokenSource.CreateLinkedTokenSource(stop);
        await Task.WhenAny(arrival, Task.Delay(most, time, over.Token));
        await over.CancelAsync();
        stop.ThrowIfCancellationRequested();
    }

    private bool IsCaughtUp() => !_ring.Heads.Where((head, partition) => head < _ends[partition]).Any();

    /// <summary>Another node has heard more than this one.</summary>
    private bool IsAhead(FeedPosition from) =>
        from.Lineage == _lineage && from.Next.Length == _ring.Partitions && from.Next.Where((next, partition) => next > _ring.Heads[partition]).Any();

    private FeedStart Begin(FeedPosition? from)
    {
        AlertCursor Cursor(long number, IEnumerable<long> next) => new(this, _lineage!, number, next);
        if (from is null)
        {
            return new FeedStart(Cursor(_ring.Head, _ring.Heads), [], null);
        }

        string? useless = from.Lineage != _lineage || from.Next.Length != _ring.Partitions ? "the position is of another log"
            : IsAhead(from) ? "the position is beyond the log's end"
            : null;
        return useless is not null ? new FeedStart(Cursor(_ring.Head, _ring.Heads), [], useless)
            : _ring.Holds(from.Next) ? new FeedStart(Cursor(_ring.Floor, from.Next), [], null)
            : new FeedStart(Cursor(_ring.Head, _ring.Heads), [.. from.Next.Select((next, partition) => (next, _ring.Heads[partition]))], null);
    }

    private void ReadHistory(ImmutableArray<(long From, long To)> missed, ChannelWriter<AlertEvent> into, CancellationToken stop)
    {
        try
        {
            HashSet<int> left = [.. Enumerable.Range(0, missed.Length).Where(partition => missed[partition].From < missed[partition].To)];
            using ILogReader reader = log.Follow(topic, (partition, marks) =>
                !left.Contains(partition.Partition) ? -1
                : marks.Low <= missed[partition.Partition].From ? missed[partition.Partition].From
                : throw new PositionLostException($"the position is too old: {partition} begins at {marks.Low}"));
            List<RecordBatch> batches = [];
            while (left.Count > 0)
            {
                stop.ThrowIfCancellationRequested();
                batches.Clear();
                reader.Poll(s_poll, batches);
                foreach (RecordBatch batch in batches)
                {
                    using (batch)
                    {
                        int partition = batch.Partition.Partition;
                        for (int i = 0; i < batch.Count && left.Contains(partition); i++)
                        {
                            long offset = batch.OffsetAt(i);
                            if (offset < missed[partition].To && AlertEvent.Read(partition, offset, batch.ValueAt(i)) is { } alert)
                            {
                                into.WriteAsync(alert, stop).AsTask().GetAwaiter().GetResult();
                            }

                            if (offset + 1 >= missed[partition].To)
                            {
                                left.Remove(partition);
                            }
                        }
                    }
                }
            }

            into.Complete();
        }
        catch (Exception failure) when (failure is LogFailedException or PositionLostException or OperationCanceledException)
        {
            into.Complete(failure);
        }
    }

    private void Run()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                _opening.Clear();
                long question = Ask();
                using ILogReader reader = log.Follow(topic, Open);
                Opened(question);
                while (!_stop.IsCancellationRequested)
                {
                    Poll(reader);
                    AskIfWanted(reader);
                }
            }
            catch (Exception failure)
            {
                // Whatever it is, a node whose streams and couriers stand still for good would be worse than one that tries again.
                if (!_isToldOfTrouble)
                {
                    _isToldOfTrouble = true;
                    LogTrouble(logger, topic, failure.Message);
                }

                _stop.Token.WaitHandle.WaitOne(s_again);
            }
        }
    }

    /// <summary>Goes on where it was, or begins so far back that most who come back find what they missed in the ring.</summary>
    private long Open(InboxPartition partition, LogMarks marks)
    {
        int number = partition.Partition;
        bool goesOn = _lineage == FeedPosition.LineageOf(log.Incarnation, topic) && number < _ring.Partitions && _ring.Heads[number] >= marks.Low && _ring.Heads[number] <= marks.High;
        long from = goesOn ? _ring.Heads[number] : Math.Max(marks.Low, marks.High - (MostBehind / log.PartitionsOf(topic)));
        _opening.Add((from, marks.High, goesOn));
        return from;
    }

    /// <summary>The number of a question that is put after this.</summary>
    private long Ask()
    {
        lock (_gate)
        {
            _isToAsk = false;
            return ++_asked;
        }
    }

    private void AskIfWanted(ILogReader reader)
    {
        if (Volatile.Read(ref _isToAsk))
        {
            long question = Ask();
            long[] ends = [.. Enumerable.Range(0, _ring.Partitions).Select(partition => reader.MarksOf(new InboxPartition(topic, partition)).High)];
            lock (_gate)
            {
                (_ends, _answered) = (ends, question);
                Wake();
            }
        }
    }

    private void Opened(long question)
    {
        string lineage = FeedPosition.LineageOf(log.Incarnation, topic);
        lock (_gate)
        {
            if (_lineage != lineage || !_opening.All(partition => partition.GoesOn))
            {
                _ring.Clear([.. _opening.Select(partition => partition.From)]);
                _lineage = lineage;
            }

            (_ends, _answered) = ([.. _opening.Select(partition => partition.End)], question);
            Wake();
        }

        _isToldOfTrouble = false;
    }

    private void Poll(ILogReader reader)
    {
        _batches.Clear();
        reader.Poll(s_poll, _batches);
        foreach (RecordBatch batch in _batches)
        {
            using (batch)
            {
                int partition = batch.Partition.Partition;
                for (int i = 0; i < batch.Count; i++)
                {
                    long offset = batch.OffsetAt(i);
                    AlertEvent? alert = AlertEvent.Read(partition, offset, batch.ValueAt(i));
                    if (alert is null)
                    {
                        TellOfForeign(partition, offset);
                    }

                    lock (_gate)
                    {
                        _ring.Add(partition, offset, alert);
                        Heard += alert is null ? 0 : 1;
                    }
                }
            }
        }

        if (_batches.Count > 0)
        {
            lock (_gate)
            {
                Wake();
            }
        }
    }

    private void Wake()
    {
        _arrival.TrySetResult();
        _arrival = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>Once a minute: whoever writes one such record writes many.</summary>
    private void TellOfForeign(int partition, long offset)
    {
        if (_toldOfForeignAt == long.MinValue || time.GetElapsedTime(_toldOfForeignAt) > TimeSpan.FromMinutes(1))
        {
            _toldOfForeignAt = time.GetTimestamp();
            LogForeign(logger, topic, partition, offset);
        }
    }

    private sealed class Place(LiveAlerts live) : IDisposable
    {
        private int _left;

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _left, 1) == 0)
            {
                Interlocked.Decrement(ref live._readers);
            }
        }
    }

    [LoggerMessage(2411, LogLevel.Warning, "The event stream and webhooks stand still: {Topic} can not be read: {Reason} It is tried again until it can; nothing is lost.")]
    private static partial void LogTrouble(ILogger logger, string topic, string reason);

    [LoggerMessage(2412, LogLevel.Warning, "{Topic}/{Partition} holds a record at offset {Offset} that is no alert; the event stream and webhooks leave it out. Somebody else writes to the topic.")]
    private static partial void LogForeign(ILogger logger, string topic, int partition, long offset);
}
