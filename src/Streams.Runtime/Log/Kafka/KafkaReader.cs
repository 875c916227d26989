using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Streams.Runtime.Log.Kafka;

/// <summary>
/// A group member on librdkafka's own batch call: a poll hands over pointers, whatever the number of records. Rebalances, errors
/// and records come from one queue, so everything happens on the polling thread.
/// </summary>
internal sealed unsafe partial class KafkaReader : ILogReader
{
    private readonly KafkaLogOptions _options;
    private readonly string _group;
    private readonly KafkaClient _client;
    private readonly KafkaOutage _outage;
    private readonly nint[] _fetched;
    private readonly HashSet<InboxPartition> _assigned = [];
    private readonly HashSet<InboxPartition> _paused = [];
    private readonly Dictionary<InboxPartition, long> _reported = [];
    private TopicName[] _topics = [];
    private IAssignmentListener? _listener;
    private LogFailedException? _failure;
    private long _reportedAt;
    private bool _readAheadIsFull;
    private bool _disposed;

    public KafkaReader(KafkaLogOptions options, string group)
    {
        _options = options;
        _group = group;
        _fetched = GC.AllocateUninitializedArray<nint>(options.RecordsPerPoll, pinned: true);
        _client = new KafkaClient(Rd.Consumer, Properties(options, group), options.Properties, options.Logger, OnError, OnRebalance);
        _outage = new KafkaOutage(_client, options);
        Rd.PollSetConsumer(_client.Handle);
        _client.Queue = Rd.QueueConsumer(_client.Handle);
        _reportedAt = options.Time.GetTimestamp();
    }

    public void Subscribe(IReadOnlyCollection<string> topics, IAssignmentListener listener)
    {
        _listener = listener;
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

    public void Poll(TimeSpan timeout, ICollection<RecordBatch> batches)
    {
        if (_failure is not null)
        {
            throw new LogFailedException(_failure.Message, _failure);
        }

        fixed (nint* first = _fetched)
        {
            var fetched = (RdMessage**)first;
            // The batch call waits until its array is full; so wait for one record, then take what else is there.
            int count = (int)Rd.ConsumeBatch(_client.Queue, 0, fetched, (nuint)_fetched.Length);
            if (count == 0 && timeout > TimeSpan.Zero)
            {
                fetched[0] = Rd.Consume(_client.Queue, (int)Math.Ceiling(timeout.TotalMilliseconds));
                if (fetched[0] is not null)
                {
                    count = 1 + Math.Max(0, (int)Rd.ConsumeBatch(_client.Queue, 0, fetched + 1, (nuint)(_fetched.Length - 1)));
                }
            }

            HandOver(fetched, Math.Max(0, count), batches);
        }

        KeepFetching();
        SendReports(false);
        _failure ??= _outage.Check();
    }

    public void Pause(InboxPartition partition)
    {
        if (_assigned.Contains(partition) && _paused.Add(partition))
        {
            OnPartition(partition, Rd.OffsetInvalid, list => Check(Rd.Pause(_client.Handle, list), "pause", partition));
        }
    }

    public void Resume(InboxPartition partition)
    {
        // librdkafka 2.0 rewinds a partition that is resumed without having been paused.
        bool allPaused = _paused.Count == _assigned.Count;
        if (_paused.Remove(partition))
        {
            OnPartition(partition, Rd.OffsetInvalid, list => Check(Rd.Resume(_client.Handle, list), "resume", partition));
            if (allPaused)
            {
                WakeFetching(partition);
            }
        }
    }

    public void Seek(InboxPartition partition, long offset) =>
        OnPartition(partition, offset, list =>
        {
            RdError error = Rd.Take(Rd.Seek(_client.Handle, list, (int)_options.RequestTimeout.TotalMilliseconds), out string message);
            if (error == RdError.None && (error = list->Items[0].Error) == RdError.LocalState)
            {
                // Fetching has not begun, or stopped at an offset that is gone: only assigning starts it.
                error = Reassign(partition, offset, list, out message);
            }

            if (error != RdError.None)
            {
                throw new LogFailedException($"Can not seek in {partition} to offset {offset}: {(message.Length > 0 ? message : Rd.Describe(error))}");
            }
        });

    private RdError Reassign(InboxPartition partition, long offset, RdTopicPartitions* list, out string message)
    {
        RdError error = Rd.Take(Rd.IncrementalUnassign(_client.Handle, list), out message);
        if (error == RdError.None)
        {
            list->Items[0].Offset = offset;
            error = Rd.Take(Rd.IncrementalAssign(_client.Handle, list), out message);
        }

        // Unassigning also resumed it.
        return error == RdError.None && _paused.Contains(partition) ? Rd.Pause(_client.Handle, list) : error;
    }

    public LogMarks MarksOf(InboxPartition partition)
    {
        RdError error = Rd.QueryWatermarks(
            _client.Handle, partition.Topic, partition.Partition, out long low, out long high, (int)_options.RequestTimeout.TotalMilliseconds);
        Check(error, "read the offsets of", partition);
        return new LogMarks(low, high);
    }

    public LogMarks? KnownMarksOf(InboxPartition partition) =>
        Rd.KnownWatermarks(_client.Handle, partition.Topic, partition.Partition, out long low, out long high) == RdError.None && high >= 0
            ? new LogMarks(Math.Max(low, 0), high)
            : null;

    public void Report(InboxPartition partition, long nextOffset) => _reported[partition] = nextOffset;

    public void Dispose()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        SendReports(true);
        long from = _options.Time.GetTimestamp();
        if (_listener is not null && Rd.Take(Rd.ConsumerClose(_client.Handle, _client.Queue), out _) == RdError.None)
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

        _client.Release();
        TimeSpan left = _options.CloseTimeout - _options.Time.GetElapsedTime(from);
        if (!_client.IsReferenced && left > TimeSpan.Zero)
        {
            _client.WaitUntilDestroyed(left);
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

    /// <summary>Fetching stops when the read-ahead is full; it is woken when half of that is handed out.</summary>
    private void KeepFetching()
    {
        nuint queued = Rd.QueueLength(_client.Queue);
        if (queued >= (nuint)_options.ReadAheadInRecords)
        {
            _readAheadIsFull = true;
        }
        else if (_readAheadIsFull && queued < (nuint)_options.ReadAheadInRecords / 2)
        {
            _readAheadIsFull = false;
            WakeFetching(_assigned.FirstOrDefault());
        }
    }

    /// <summary>
    /// A broker's thread that has nothing to fetch sleeps up to a second, whatever happens to its partitions meanwhile; only a request
    /// wakes it. (Measured with 2.0.2: 700 ms from resume to record without, 5 ms with; a third of the throughput with a full read-ahead.)
    /// </summary>
    private void WakeFetching(InboxPartition partition)
    {
        if (_assigned.Contains(partition))
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
            start = end;
        }

        if (count > 0)
        {
            _outage.Over();
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
        if (!_assigned.Contains(partition))
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
    }

    /// <summary>librdkafka waits for the assign or unassign call in all cases, so a listener that throws must not prevent it.</summary>
    private void OnRebalance(RdError what, RdTopicPartitions* list)
    {
        try
        {
            var partitions = new InboxPartition[list->Count];
            for (int i = 0; i < partitions.Length; i++)
            {
                partitions[i] = new InboxPartition(Rd.Text(list->Items[i].Topic), list->Items[i].Partition);
            }

            if (partitions.Length == 0)
            {
                // A cooperative round that moves nothing here.
            }
            else if (what == RdError.LocalAssignPartitions)
            {
                Assign(partitions, list);
            }
            else
            {
                Unassign(partitions);
            }
        }
        catch (Exception e)
        {
            _failure ??= new LogFailedException($"Group {_group}: a rebalance could not be handled: {e.Message}", e);
        }

        nint error = what switch
        {
            RdError.LocalAssignPartitions when _failure is null => Rd.IncrementalAssign(_client.Handle, list),
            RdError.LocalRevokePartitions => Rd.IncrementalUnassign(_client.Handle, list),
            _ => 0,
        };
        if (Rd.Take(error, out string message) != RdError.None)
        {
            _failure ??= new LogFailedException($"Group {_group}: the assignment was refused: {message}");
        }

        if (_failure is not null && what != RdError.LocalRevokePartitions)
        {
            Rd.Assign(_client.Handle, null);
        }
    }

    private void Assign(InboxPartition[] partitions, RdTopicPartitions* list)
    {
        IReadOnlyList<long> offsets = _listener!.Assigned(partitions);
        for (int i = 0; i < partitions.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(offsets[i], $"the offset to start {partitions[i]} at");
            list->Items[i].Offset = offsets[i];
        }

        _assigned.UnionWith(partitions);
    }

    private void Unassign(InboxPartition[] partitions)
    {
        SendReports(true);
        _assigned.ExceptWith(partitions);
        _paused.ExceptWith(partitions);
        if (Rd.AssignmentLost(_client.Handle) != 0)
        {
            _listener!.Lost(partitions);
        }
        else
        {
            _listener!.Revoked(partitions);
        }
    }

    /// <summary>At most one commit a second, whatever the number of partitions; failures do not matter.</summary>
    private void SendReports(bool now)
    {
        if (_reported.Count == 0 || (!now && _options.Time.GetElapsedTime(_reportedAt) < TimeSpan.FromSeconds(1)))
        {
            return;
        }

        RdTopicPartitions* list = Rd.PartitionsNew(_reported.Count);
        foreach ((InboxPartition partition, long nextOffset) in _reported)
        {
            if (_assigned.Contains(partition))
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

    private delegate void PartitionCall(RdTopicPartitions* list);

    private static void OnPartition(InboxPartition partition, long offset, PartitionCall call)
    {
        RdTopicPartitions* list = Rd.PartitionsNew(1);
        try
        {
            Rd.PartitionsAdd(list, partition.Topic, partition.Partition)->Offset = offset;
            call(list);
        }
        finally
        {
            Rd.PartitionsDestroy(list);
        }
    }

    private static void Check(RdError error, string doing, InboxPartition partition)
    {
        if (error != RdError.None)
        {
            throw new LogFailedException($"Can not {doing} {partition}: {Rd.Describe(error)}");
        }
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
        public bool Is(byte* name) => System.Runtime.InteropServices.MemoryMarshal.CreateReadOnlySpanFromNullTerminated(name).SequenceEqual(Utf8);
    }

    [LoggerMessage(1101, LogLevel.Warning, "Group {Group}: {Text} {Error}. The client goes on trying.")]
    private static partial void LogTrouble(ILogger logger, string group, string text, string error);

    [LoggerMessage(1102, LogLevel.Error, "{Partition}: records from offset {Offset} to {From} are gone from the log, unread. Reading goes on behind them.")]
    private static partial void LogGap(ILogger logger, InboxPartition partition, long offset, long from);
}
