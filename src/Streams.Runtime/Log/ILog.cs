namespace Streams.Runtime.Log;

/// <summary>A topic to be there before a node starts.</summary>
/// <param name="Name">Full name, prefix included.</param>
/// <param name="Partitions">1 to 1,000; fixed once the topic exists.</param>
/// <param name="Compacted">Newest record per key is kept (<c>cleanup.policy=compact</c>); otherwise records age out.</param>
/// <param name="RetentionInMs">How long records are kept; null leaves it to the broker.</param>
public sealed record TopicSpec(string Name, int Partitions, bool Compacted = false, long? RetentionInMs = null, short ReplicationFactor = 1);

/// <summary>The log: Kafka, or a simulated one in tests. Topics of partitions of records, each with an offset.</summary>
public interface ILog : IDisposable
{
    /// <summary>
    /// Names this life of the log. Offsets of another incarnation mean nothing here: Kafka's cluster id, or for the
    /// embedded broker, whose log is gone when its process ends, an id made at its start.
    /// </summary>
    string Incarnation { get; }

    /// <summary>Creates what is missing.</summary>
    /// <exception cref="TopicMismatchException">A topic exists with another number of partitions; its keys would move between shards.</exception>
    void EnsureTopics(IReadOnlyList<TopicSpec> topics);

    /// <summary>Number of partitions of a topic that exists.</summary>
    int PartitionsOf(string topic);

    /// <summary>Bytes of a partition beyond which the oldest are gone, read or not; <see cref="long.MaxValue"/> where there is no such bound. Known once topics are.</summary>
    long KeepsInBytes { get; }

    /// <summary>A member of the consumer group <paramref name="group"/>.</summary>
    ILogReader CreateReader(string group);

    /// <summary>Shows the last records of each of a topic's partitions, at most so many of each, in their order; without a group. A batch is the callee's for the call only.</summary>
    /// <exception cref="LogFailedException">No such topic, or the brokers did not answer in time.</exception>
    void LookBack(string topic, int most, Action<RecordBatch> look);

    /// <summary>Reads a topic's partitions on and on, as a member of nothing. Nothing is to be subscribed to, and what is gone from the log fails the reader.</summary>
    /// <param name="from">Told what each partition holds; answers at which offset to begin, negative for not at all.</param>
    /// <exception cref="LogFailedException">No such topic, or the brokers did not answer in time.</exception>
    ILogReader Follow(string topic, Func<InboxPartition, LogMarks, long> from);

    /// <summary>Looks at the consumer group <paramref name="group"/> without being a member.</summary>
    IGroupGauge CreateGauge(string group);

    /// <summary>A producer that keeps the order of what is sent to each partition.</summary>
    /// <param name="lingerInMs">How long a record may wait for others to share its batch; 0 for urgent ones, 20 to 50 for bulk.</param>
    ILogWriter CreateWriter(string name, int lingerInMs);
}

/// <summary>Offsets a partition holds: from <paramref name="Low"/> up to, and not including, <paramref name="High"/>.</summary>
public readonly record struct LogMarks(long Low, long High);

/// <summary>Told of assignments by <see cref="ILogReader.Poll"/>, on the polling thread. Must not throw.</summary>
public interface IAssignmentListener
{
    /// <summary>
    /// These partitions are this reader's from now on, beside those it has; answers at which offset to start each, in the same order. Told of each time that the
    /// group shares out, also when that brings none.
    /// </summary>
    IReadOnlyList<long> Assigned(IReadOnlyList<InboxPartition> partitions);

    /// <summary>Asked to give these back; they are another's when the call returns, so finish, commit and publish first.</summary>
    void Revoked(IReadOnlyList<InboxPartition> partitions);

    /// <summary>Already another's: forget them, write nothing.</summary>
    void Lost(IReadOnlyList<InboxPartition> partitions);
}

/// <summary>One group member. Not thread-safe: everything is called from the polling thread.</summary>
public interface ILogReader : IDisposable
{
    void Subscribe(IReadOnlyCollection<string> topics, IAssignmentListener listener);

    /// <summary>
    /// Waits at most <paramref name="timeout"/> for records and adds them to <paramref name="batches"/>, one batch per run of
    /// records of one partition. Records of partitions that were just taken away may still come: drop them by ownership.
    /// Offsets of a partition may jump or repeat after trouble: compare with what is expected and <see cref="Seek"/>.
    /// </summary>
    /// <exception cref="LogFailedException">The client can not go on (fatal error, log replaced): dispose of it and build a new one.</exception>
    void Poll(TimeSpan timeout, ICollection<RecordBatch> batches);

    /// <summary>No more records of these until resumed. Pausing what is paused does nothing.</summary>
    void Pause(InboxPartition partition);

    /// <summary>Resuming what is not paused does nothing.</summary>
    void Resume(InboxPartition partition);

    /// <summary>The next record of this assigned partition will be the first at or after <paramref name="offset"/>.</summary>
    void Seek(InboxPartition partition, long offset);

    /// <summary>What the partition holds now, asked of the broker (may take a round trip).</summary>
    LogMarks MarksOf(InboxPartition partition);

    /// <summary>Tells Kafka how far the group has come, asynchronously and only for lag tools; nothing reads it back.</summary>
    void Report(InboxPartition partition, long nextOffset);
}

/// <summary>Sees how far a group has come. One thread at a time.</summary>
public interface IGroupGauge : IDisposable
{
    /// <summary>Asks the brokers; answers in the order of the question.</summary>
    /// <exception cref="LogFailedException">They did not answer. Ask again later.</exception>
    IReadOnlyList<GroupPosition> Measure(IReadOnlyList<InboxPartition> partitions);

    /// <summary>The ends alone, in the order of the question.</summary>
    /// <exception cref="LogFailedException">They did not answer. Ask again later.</exception>
    IReadOnlyList<long> EndsOf(IReadOnlyList<InboxPartition> partitions);
}

/// <summary>A partition's end, and the offset the group last reported (<see cref="ILogReader.Report"/>); null where it has not yet.</summary>
public readonly record struct GroupPosition(long End, long? Reported);

/// <summary>What is to be published. Spans are copied by <see cref="ILogWriter.Send"/>.</summary>
public readonly ref struct OutgoingRecord
{
    public required string Topic { get; init; }

    /// <summary>Always given: computed with <see cref="Partitioner"/>, never left to a client's default.</summary>
    public required int Partition { get; init; }

    public ReadOnlySpan<byte> Key { get; init; }

    public ReadOnlySpan<byte> Value { get; init; }

    /// <summary>Headers as <see cref="HeaderBlock"/> wrote them; empty for none.</summary>
    public ReadOnlySpan<byte> Headers { get; init; }

    /// <summary>Milliseconds since the Unix epoch; 0 lets the client stamp it.</summary>
    public long TimestampInMs { get; init; }
}

/// <summary>Told once for each record sent: on a thread of the writer's, or within <see cref="ILogWriter.Send"/> when it fails at once. Must not block.</summary>
public interface IDelivery
{
    void Delivered();

    /// <param name="reason">What happened, with topic and partition where they matter.</param>
    /// <param name="fatal">
    /// True: the writer is of no more use, and everything not yet delivered fails too, so that no record passes a lost one; dispose of
    /// it, make another and send again, in order. Some of it may have arrived: receivers drop repeats. False: this record alone is too
    /// large (1,000,000 bytes with key and headers); sending it again can not help.
    /// </param>
    void Failed(string reason, bool fatal);
}

/// <summary>
/// Publishes records; those of one partition arrive in the order they were sent. Thread-safe. Disposing of it fails what was not
/// delivered: flush first.
/// </summary>
public interface ILogWriter : IDisposable
{
    /// <summary>Hands a record to the client, waiting while its local queue is full (at most 10 s, then it counts as failed).</summary>
    void Send(in OutgoingRecord record, IDelivery delivery);

    /// <summary>Waits until everything sent was delivered or failed; false when time ran out.</summary>
    bool Flush(TimeSpan timeout);
}

/// <summary>A topic has another number of partitions than configured.</summary>
public sealed class TopicMismatchException(string message) : Exception(message);

/// <summary>The log's client can not go on.</summary>
public sealed class LogFailedException(string message, Exception? inner = null) : Exception(message, inner);
