using System.Collections.Concurrent;
using Streams.Runtime.Log.Kafka.Embedded;

namespace Streams.Runtime.Log.Kafka;

/// <summary>The log on a Kafka cluster, or on an <see cref="EmbeddedBroker"/>. Thread-safe.</summary>
public sealed class KafkaLog : ILog
{
    private readonly KafkaLogOptions _options;
    private readonly KafkaTopics _topics;
    private readonly Action<IReadOnlyCollection<TopicSpec>>? _hostCreates;
    private readonly ConcurrentDictionary<string, int> _partitions = new();
    private readonly Lock _gate = new();
    private string? _incarnation;
    private volatile bool _isEmbedded;

    /// <summary>Asks nothing of any broker yet.</summary>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="LogFailedException">librdkafka is not on this machine; the message says what to install.</exception>
    public KafkaLog(KafkaLogOptions options)
        : this(options, hostCreates: null)
    {
    }

    /// <param name="options">As above.</param>
    /// <param name="hostCreates">Creates topics in the embedded broker of this process, which can not be asked to over the network.</param>
    internal KafkaLog(KafkaLogOptions options, Action<IReadOnlyCollection<TopicSpec>>? hostCreates)
    {
        options.Validate();
        NativeKafka.EnsureLoaded();
        _options = options;
        _topics = new KafkaTopics(options);
        _hostCreates = hostCreates;
        _incarnation = options.Incarnation;
    }

    /// <exception cref="LogFailedException">No broker answered, and no incarnation was configured.</exception>
    public string Incarnation
    {
        get
        {
            lock (_gate)
            {
                return _incarnation ??= Refresh() is { Length: > 0 } clusterId
                    ? clusterId
                    : throw new LogFailedException("The Kafka cluster has no id: configure an incarnation.");
            }
        }
    }

    /// <exception cref="LogFailedException">No broker answered, or a topic could not be created.</exception>
    /// <inheritdoc/>
    public void EnsureTopics(IReadOnlyList<TopicSpec> topics)
    {
        string clusterId = Refresh();
        TopicSpec[] missing = [.. topics.Where(topic => !_partitions.ContainsKey(topic.Name))];
        if (missing.Length > 0)
        {
            if (_hostCreates is null && EmbeddedBroker.IsOne(clusterId))
            {
                throw new LogFailedException(
                    $"Topic {missing[0].Name} is missing, and the embedded broker at {_options.BootstrapServers} creates topics only in the process that hosts it.");
            }

            (_hostCreates ?? _topics.Create)(missing);
            AwaitTopics(missing);
        }

        foreach (TopicSpec topic in topics)
        {
            if (_partitions[topic.Name] != topic.Partitions)
            {
                throw new TopicMismatchException(
                    $"Topic {topic.Name} has {_partitions[topic.Name]} partitions and is configured with {topic.Partitions}. A key's partition would change: "
                    + $"configure {_partitions[topic.Name]}, or use another topic prefix and an empty store.");
            }
        }
    }

    /// <exception cref="LogFailedException">No such topic, or no broker answered.</exception>
    /// <inheritdoc/>
    public int PartitionsOf(string topic)
    {
        if (!_partitions.TryGetValue(topic, out int partitions))
        {
            Refresh();
            if (!_partitions.TryGetValue(topic, out partitions))
            {
                throw new LogFailedException($"There is no topic {topic} at {_options.BootstrapServers}.");
            }
        }

        return partitions;
    }

    public long KeepsInBytes => _isEmbedded ? EmbeddedBroker.MaxPartitionBytes : long.MaxValue;

    public void LookBack(string topic, int most, Action<RecordBatch> look)
    {
        Dictionary<InboxPartition, long> ends = [];
        using ILogReader reader = Follow(topic, (partition, marks) =>
        {
            if (marks.High == marks.Low)
            {
                return -1;
            }

            ends.Add(partition, marks.High);
            return Math.Max(marks.Low, marks.High - most);
        });
        List<RecordBatch> batches = [];
        for (long started = _options.Time.GetTimestamp(); ends.Count > 0;)
        {
            if (_options.Time.GetElapsedTime(started) > _options.RequestTimeout * 2)
            {
                throw new LogFailedException($"The last records of {string.Join(", ", ends.Keys.Take(3))} could not be read at {_options.BootstrapServers} in time.");
            }

            batches.Clear();
            reader.Poll(TimeSpan.FromMilliseconds(100), batches);
            foreach (RecordBatch batch in batches)
            {
                using (batch)
                {
                    look(batch);
                    if (ends.TryGetValue(batch.Partition, out long end) && batch.OffsetAt(batch.Count - 1) + 1 >= end)
                    {
                        ends.Remove(batch.Partition);
                    }
                }
            }
        }
    }

    /// <summary>Also finds out anew which log this is.</summary>
    /// <inheritdoc/>
    public ILogReader Follow(string topic, Func<InboxPartition, LogMarks, long> from)
    {
        lock (_gate)
        {
            _incarnation = _options.Incarnation;
        }

        KafkaReader reader = new(_options, "none");
        try
        {
            List<(InboxPartition Partition, long From)> wanted = [];
            foreach (InboxPartition partition in Enumerable.Range(0, PartitionsOf(topic)).Select(number => new InboxPartition(topic, number)))
            {
                long at = from(partition, reader.MarksOf(partition));
                if (at >= 0)
                {
                    wanted.Add((partition, at));
                }
            }

            if (wanted.Count > 0)
            {
                reader.Read(wanted);
            }

            return reader;
        }
        catch
        {
            reader.Dispose();
            throw;
        }
    }

    public IGroupGauge CreateGauge(string group) => new KafkaGauge(_options, group);

    /// <summary>Also finds out anew which log this is: the broker may have been replaced since the last reader.</summary>
    /// <inheritdoc/>
    public ILogReader CreateReader(string group)
    {
        lock (_gate)
        {
            _incarnation = _options.Incarnation;
        }

        return new KafkaReader(_options, group);
    }

    public ILogWriter CreateWriter(string name, int lingerInMs) => new KafkaWriter(_options, name, lingerInMs);

    /// <summary>Holds nothing: readers and writers live on until each is disposed of.</summary>
    public void Dispose()
    {
    }

    private string Refresh()
    {
        (string clusterId, Dictionary<string, int> partitions) = _topics.Read();
        _isEmbedded = EmbeddedBroker.IsOne(clusterId);
        foreach (KeyValuePair<string, int> topic in partitions)
        {
            _partitions[topic.Key] = topic.Value;
        }

        return clusterId;
    }

    /// <summary>Brokers answer before every one of them knows the new topics.</summary>
    private void AwaitTopics(TopicSpec[] topics)
    {
        long from = _options.Time.GetTimestamp();
        while (true)
        {
            Refresh();
            if (Array.Find(topics, topic => !_partitions.ContainsKey(topic.Name)) is not { } missing)
            {
                return;
            }

            if (_options.Time.GetElapsedTime(from) > _options.RequestTimeout)
            {
                throw new LogFailedException($"Topic {missing.Name} was created, but the brokers at {_options.BootstrapServers} do not show it.");
            }

            Thread.Sleep(100);
        }
    }
}
