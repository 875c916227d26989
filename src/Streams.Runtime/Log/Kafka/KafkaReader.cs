using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Streams.Runtime.Log.Kafka;

/// <summary>
/// A group member on librdkafka's own batch call: a poll hands over pointers, whatever the number of records. Rebalances, errors
/// and records come from one queue, so everything happens on the polling thread.
/// </summary>
internal sealed unsafe partial class KafkaReader : ILogReader
{
    /// <summary>A round trip takes a millisecond or some; polling waits this long once a second at most.</summary>
    private const int CoordinatorAnswersWithinInMs = 100;

    /// <summary>A group that gathers its members takes three seconds or some by default.</summary>
    private static readonly TimeSpan LongestJoin = TimeSpan.FromSeconds(4);

    private readonly KafkaLogOptions _options;
    private readonly string _group;
    private readonly KafkaClient _client;
    private readonly KafkaAssignment _assignment;
    private readonly KafkaOutage _outage;
    private readonly nint[] _fetched;
    private readonly Dictionary<InboxPartition, long> _reported = [];
    private TopicName[] _topics = [];
    private LogFailedException? _failure;
    private long _reportedAt;
    private bool _readAheadIsFull;
    private int _fromReadAhead;
    private bool _isMember = true;
    private bool _hasJoined;
    private bool _wasAssigned;
    private bool _disposed;

    public KafkaReader(KafkaLogOptions options, string group)
    {
        _options = options;
        _group = group;
        _fetched = GC.AllocateUninitializedArray<nint>(options.RecordsPerPoll, pinned: true);
        _client = new KafkaClient(Rd.Consumer, Properties(options, group), options.Properties, options.Logger, OnError, OnRebalance);
        _assignment = new KafkaAssignment(_client, options, group);
        _outage = new KafkaOutage(_client, options);
        Rd.PollSetConsumer(_client.Handle);
        _client.Queue = Rd.QueueConsumer(_client.Handle);
        _reportedAt = options.Time.GetTimestamp();
    }

    public void Subscribe(IReadOnlyCollection<string> topics, IAssignmentListener listener)
    {
        _assignment.Listener = listener;
        _client.Signal(_client.Queue);
        _topics = [.. topics.Select(topic => new TopicName(topic, Encoding.UTF8.GetBytes(topic)))];
        RdTopicPartitions* list = Rd.PartitionsNew(topics.Count);
        foreach (string topic in topics)
        {
            Rd.PartitionsAdd(list, topic, -1);
        }

        RdError error = Rd.Subscribe(_client.Handle, list);
        Rd.PartitionsDestroy(list);
        if (error != RdError.None)
        {
            throw new LogFailedException($"Group {_group} can not subscribe to {string.Join(", ", topics)}: {Rd.Describe(error)}");
        }
    }

    /// <summary>Instead of <see cref="Subscribe"/>: reads these partitions from these offsets on, as a member of nothing.</summary>
    public void Read(IReadOnlyCollection<(InboxPartition Partition, long From)> partitions)
    {
        _isMember = false;
        _client.Signal(_client.Queue);
        _topics = [.. partitions.Select(each => each.Partition.Topic).Distinct().Select(topic => new TopicName(topic, Encoding.UTF8.GetBytes(topic)))];
        RdTopicPartitions* list = Rd.PartitionsNew(partitions.Count);
        foreach ((InboxPartition partition, long from) in partitions)
        {
            Rd.PartitionsAdd(list, partition.Topic, partition.Partition)->Offset = from;
        }

        RdError error = Rd.Assign(_client.Handle, list);
        Rd.PartitionsDestroy(list);
        if (error != RdError.None)
        {
            throw new LogFailedException($"Can not read {string.Join(", ", partitions.Select(each => each.Partition))}: {Rd.Describe(error)}");
        }
    }

    public void Poll(TimeSpan timeout, ICollection<RecordBatch> batches)
    {
        if (_failure is not null)
        {
            throw new LogFailedException(_failure.Message, _failure);
        }

        int count;
        fixed (nint* first = _fetched)
        {
            var fetched = (RdMessage**)first;
            count = Take(fetched);
            if (count == 0 && timeout > TimeSpan.Zero && _client.Signals.WaitOne(timeout))
            {
                count = Take(fetched);
            }

            HandOver(fetched, count, batches);
        }

        KeepFetching(_fromReadAhead);
        SendReports(false);
        _failure ??= _outage.Check();
    }

    public void Pause(InboxPartition partition) => _assignment.Pause(partition);

    public void Resume(InboxPartition partition)
    {
        bool allPaused = _assignment.AllPaused;
        if (_assignment.Resume(partition) && allPaused)
        {
            WakeFetching(partition);
        }
    }

    public void Seek(InboxPartition partition, long offset) => _assignment.Seek(partition, offset);

    public LogMarks MarksOf(InboxPartition partition)
    {
        RdError error = Rd.QueryWatermarks(
            _client.Handle, partition.Topic, partition.Partition, out long low, out long high, (int)_options.RequestTimeout.TotalMilliseconds);
        if (error != RdError.None)
        {
            throw new LogFailedException($"Can not read the offsets of {partition}: {Rd.Describe(error)}");
        }

        return new LogMarks(low, high);
    }

    public void Report(InboxPartition partition, long nextOffset) => _reported[partition] = nextOffset;

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        SendReports(true);
        AwaitFirstAssignment();
        long from = _options.Time.GetTimestamp();
        if (_assignment.Listener is not null && Rd.Take(Rd.ConsumerClose(_client.Handle, _client.Queue), out _) == RdError.None)
        {
            // Closing is a last rebalance: it asks the listener to give everything back, from this thread, through the queue.
            while (Rd.ConsumerClosed(_client.Handle) == 0 && _options.Time.GetElapsedTime(from) < _options.CloseTimeout)
            {
                RdMessage* message = Rd.Consume(_client.Queue, 50);
                if (message is not null)
                {
                    Rd.MessageDestroy(message);
                }
            }
        }

        if (_assignment.Listener is not null && Rd.ConsumerClosed(_client.Handle) == 0)
        {
            LogNotClosed(_options.Logger, _group, _options.CloseTimeout.TotalSeconds);
        }

        if (_hasJoined && !_wasAssigned)
        {
            LogAbandoned(_options.Logger, _group);
            _client.Abandon();
            return;
        }

        _client.Release();
        TimeSpan left = _options.CloseTimeout - _options.Time.GetElapsedTime(from);
        if (!_client.IsReferenced && left > TimeSpan.Zero)
        {
            _client.WaitUntilDestroyed(left);
        }
    }

    /// <summary>
    /// librdkafka before 2.3 aborts the process where a member of a cooperative group is destroyed between having joined and having been assigned anything for the first time: then that
    /// is waited for, a moment as a rule, and where it does not come the client is not destroyed at all. (confluentinc/librdkafka#4312)
    /// </summary>
    private void AwaitFirstAssignment()
    {
        long from = _options.Time.GetTimestamp();
        while (_assignment.Listener is not null && !_wasAssigned && (_hasJoined |= Rd.IsMember(_client.Handle)) && _options.Time.GetElapsedTime(from) < LongestJoin)
        {
            RdMessage* message = Rd.Consume(_client.Queue, 50);
            if (message is not null)
            {
                Rd.MessageDestroy(message);
            }
        }
    }

    private static Dictionary<string, string> Properties(KafkaLogOptions options, string group)
    {
        Dictionary<string, string> properties = options.ClientProperties("reader");
        properties["group.id"] = group;
        properties["partition.assignment.strategy"] = "cooperative-sticky";
        properties["session.timeout.ms"] = InMs(options.SessionTimeout);
        // Members learn of a rebalance from a heartbeat's answer.
        properties["heartbeat.interval.ms"] = InMs(options.SessionTimeout / 6);
        properties["max.poll.interval.ms"] = InMs(options.PollTimeout);
        // Positions live in the store. Kafka's are for lag tools, sent by Report.
        properties["enable.auto.commit"] = "false";
        properties["enable.auto.offset.store"] = "false";
        // Anything else would skip lost records without a word.
        properties["auto.offset.reset"] = "error";
        properties["allow.auto.create.topics"] = "false";
        // Someone else's open transaction must not stop a city's readings.
        properties["isolation.level"] = "read_uncommitted";
        properties["fetch.wait.max.ms"] = "10";
        properties["fetch.error.backoff.ms"] = "50";
        // From 2.2 on: how soon a full read-ahead is looked at again. Before that, see KeepFetching.
        properties["fetch.queue.backoff.ms?"] = "10";
        properties["queued.min.messages"] = options.ReadAheadInRecords.ToString(CultureInfo.InvariantCulture);
        properties["queued.max.messages.kbytes"] = (options.ReadAheadInBytes / 1024).ToString(CultureInfo.InvariantCulture);
        return properties;
    }

    private static string InMs(TimeSpan time) => ((int)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);

    /// <summary>What is there, without waiting: the batch call, given time, would wait until its array is full.</summary>
    private int Take(RdMessage** to)
    {
        return _fromReadAhead = Math.Max(0, (int)Rd.ConsumeBatch(_client.Queue, 0, to, (nuint)_fetched.Length));
    }

    /// <summary>Fetching stops when the read-ahead is full; it is woken when half of that is handed out.</summary>
    /// <param name="taken">Records this poll took out of the read-ahead.</param>
    private void KeepFetching(int taken)
    {
        long left = (long)Rd.QueueLength(_client.Queue);
        if (left + taken >= _options.ReadAheadInRecords)
        {
            _readAheadIsFull = true;
        }

        if (_readAheadIsFull && left <= _options.ReadAheadInRecords / 2)
        {
            _readAheadIsFull = false;
            WakeFetching(_assignment.Any);
        }
    }

    /// <summary>
    /// A broker's thread that has nothing to fetch sleeps up to a second, whatever happens to its partitions meanwhile; only a request
    /// wakes it. (Measured with 2.0.2: 700 ms from resume to record without, 5 ms with; a third of the throughput with a full read-ahead.)
    /// </summary>
    private void WakeFetching(InboxPartition partition)
    {
        if (_assignment.Has(partition))
        {
            Rd.QueryWatermarks(_client.Handle, partition.Topic, partition.Partition, out _, out _, (int)_options.RequestTimeout.TotalMilliseconds);
        }
    }

    /// <summary>One batch for each run of records of a partition; errors in between are dealt with here.</summary>
    private void HandOver(RdMessage** messages, int count, ICollection<RecordBatch> batches)
    {
        int start = 0;
        while (start < count)
        {
            RdMessage* first = messages[start];
            if (first->Error != RdError.None)
            {
                OnConsumeError(first);
                Rd.MessageDestroy(first);
                start++;
                continue;
            }

            long sizeInBytes = 0;
            int end = start;
            for (; end < count; end++)
            {
                RdMessage* message = messages[end];
                if (message->Partition != first->Partition || message->Topic != first->Topic || message->Error != RdError.None)
                {
                    break;
                }

                sizeInBytes += (long)(message->Length + message->KeyLength);
            }

            batches.Add(new KafkaRecordBatch(_client, PartitionOf(first), messages + start, end - start, sizeInBytes));
            _outage.Over();
            start = end;
        }
    }

    private void OnConsumeError(RdMessage* message)
    {
        switch (message->Error)
        {
            case RdError.LocalPartitionEnd:
                return;
            case RdError.LocalAutoOffsetReset:
                OnOffsetGone(PartitionOf(message), message->Offset);
                return;
            case RdError.LocalFatal:
                _failure ??= new LogFailedException($"Group {_group}: {_client.FatalError() ?? Rd.Text(Rd.MessageErrorText(message))}");
                return;
            default:
                // Passing trouble, such as a leader that moved or a topic not yet known everywhere: librdkafka tries again by itself.
                LogTrouble(_options.Logger, _group, Rd.Text(Rd.MessageErrorText(message)), Rd.Describe(message->Error));
                return;
        }
    }

    /// <summary>
    /// The position is not in the log. Behind its start: records aged out unread; go on at the start, and the owner sees the jump.
    /// Beyond its end: this log is not the one the position came from, and only a new claim can sort that out.
    /// </summary>
    private void OnOffsetGone(InboxPartition partition, long offset)
    {
        if (!_isMember)
        {
            _failure ??= new LogFailedException($"{partition}: offset {offset} is no longer in the log.");
            return;
        }

        if (!_assignment.Has(partition))
        {
            return;
        }

        try
        {
            LogMarks marks = MarksOf(partition);
            if (offset > marks.High)
            {
                _failure ??= new LogFailedException(
                    $"{partition} ends at offset {marks.High}, before the position {offset}: the log was cut or replaced. Read the positions again from the store.");
                return;
            }

            long from = Math.Max(offset, marks.Low);
            LogGap(_options.Logger, partition, offset, from);
            Seek(partition, from);
        }
        catch (LogFailedException e)
        {
            _failure ??= e;
        }
    }

    private void OnRebalance(RdError what, RdTopicPartitions* list)
    {
        _wasAssigned |= what == RdError.LocalAssignPartitions;
        if (what != RdError.LocalAssignPartitions && Rd.AssignmentLost(_client.Handle) == 0)
        {
            SendReports(true);
        }
        else if (what != RdError.LocalAssignPartitions)
        {
            _outage.Suspect();
        }

        // A reader that has failed carries its rebalances out all the same: left open, they keep it from closing and its threads busy.
        LogFailedException? failure = _assignment.Change(what, list);
        _failure ??= failure;
    }

    private void OnError(RdError error, string reason)
    {
        if (error == RdError.LocalFatal)
        {
            _failure ??= new LogFailedException($"Group {_group}: {_client.FatalError() ?? reason}");
        }
        else if (error == RdError.LocalAllBrokersDown)
        {
            _outage.Begin();
        }
        else if (error is RdError.LocalTransport or RdError.LocalResolve)
        {
            _outage.Suspect();
        }
    }

    /// <summary>At most one commit a second, whatever the number of partitions; failures do not matter.</summary>
    private void SendReports(bool now)
    {
        if (_reported.Count == 0 || (!now && _options.Time.GetElapsedTime(_reportedAt) < TimeSpan.FromSeconds(1)))
        {
            return;
        }

        if (!now && !IsCoordinatorListening())
        {
            _reportedAt = _options.Time.GetTimestamp();
            return;
        }

        RdTopicPartitions* list = Rd.PartitionsNew(_reported.Count);
        foreach ((InboxPartition partition, long nextOffset) in _reported)
        {
            if (_assignment.Has(partition))
            {
                Rd.PartitionsAdd(list, partition.Topic, partition.Partition)->Offset = nextOffset;
            }
        }

        if (list->Count > 0)
        {
            Rd.Commit(_client.Handle, list, 1);
        }

        Rd.PartitionsDestroy(list);
        _reported.Clear();
        _reportedAt = _options.Time.GetTimestamp();
    }

    /// <summary>
    /// False while the group is being joined. A broker answers one request of a connection after the other, and the answer to a join waits for all members: a
    /// commit behind it would come with the generation before, and librdkafka then gives up the new generation and every partition, for one
    /// more round (seen with 2.0.2: shards of a killed node resumed after 10 s instead of 7). A question without a generation does no harm.
    /// It is asked three times. The first wakes librdkafka's thread, which then also sends the heartbeat that is due; that one's answer may begin a join, when
    /// the second is already on its way. The third is behind that join.
    /// </summary>
    private bool IsCoordinatorListening() => IsCoordinatorAnswering() && IsCoordinatorAnswering() && IsCoordinatorAnswering();

    private bool IsCoordinatorAnswering()
    {
        RdTopicPartitions* list = Rd.PartitionsNew(1);
        InboxPartition any = _reported.Keys.First();
        Rd.PartitionsAdd(list, any.Topic, any.Partition);
        RdError error = Rd.Committed(_client.Handle, list, CoordinatorAnswersWithinInMs);
        Rd.PartitionsDestroy(list);
        return error == RdError.None;
    }

    private InboxPartition PartitionOf(RdMessage* message)
    {
        byte* name = Rd.TopicName(message->Topic);
        foreach (TopicName topic in _topics)
        {
            if (topic.Is(name))
            {
                return new InboxPartition(topic.Text, message->Partition);
            }
        }

        return new InboxPartition(Rd.Text(name), message->Partition);
    }

    /// <summary>A subscribed topic, so that a batch's name costs a comparison and no string.</summary>
    private readonly record struct TopicName(string Text, byte[] Utf8)
    {
        public bool Is(byte* name) => MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name).SequenceEqual(Utf8);
    }

    [LoggerMessage(1101, LogLevel.Warning, "Group {Group}: {Text} {Error}. The client goes on trying.")]
    private static partial void LogTrouble(ILogger logger, string group, string text, string error);

    [LoggerMessage(1102, LogLevel.Error, "{Partition}: records from offset {Offset} to {From} are gone from the log, unread. Reading goes on behind them.")]
    private static partial void LogGap(ILogger logger, InboxPartition partition, long offset, long from);

    [LoggerMessage(1106, LogLevel.Information, "Group {Group}: the member left while it was joining; its client, which librdkafka can not destroy then, stays until the process ends.")]
    private static partial void LogAbandoned(ILogger logger, string group);

    [LoggerMessage(1105, LogLevel.Warning, "Group {Group}: the member did not leave within {Seconds} s; its partitions stay with it until its session ends.")]
    private static partial void LogNotClosed(ILogger logger, string group, double seconds);
}
