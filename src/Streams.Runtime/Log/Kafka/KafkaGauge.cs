namespace Streams.Runtime.Log.Kafka;

/// <summary>A client with the group's name that never joins: two requests, whatever the number of partitions.</summary>
internal sealed unsafe class KafkaGauge : IGroupGauge
{
    private readonly KafkaClient _client;
    private readonly KafkaLogOptions _options;
    private readonly string _group;

    public KafkaGauge(KafkaLogOptions options, string group)
    {
        _options = options;
        _group = group;
        Dictionary<string, string> properties = options.ClientProperties("gauge");
        properties["group.id"] = group;
        properties["allow.auto.create.topics"] = "false";
        _client = new KafkaClient(Rd.Consumer, properties, options.Properties, options.Logger);
    }

    public IReadOnlyList<GroupPosition> Measure(IReadOnlyList<InboxPartition> partitions)
    {
        int timeoutInMs = (int)_options.RequestTimeout.TotalMilliseconds;
        Dictionary<InboxPartition, long> reported = Ask(partitions, Rd.OffsetInvalid, list => Rd.Committed(_client.Handle, list, timeoutInMs));
        return [.. partitions.Zip(EndsOf(partitions), (partition, end) => new GroupPosition(end, reported[partition] is >= 0 and var at ? at : null))];
    }

    public IReadOnlyList<long> EndsOf(IReadOnlyList<InboxPartition> partitions)
    {
        int timeoutInMs = (int)_options.RequestTimeout.TotalMilliseconds;
        Dictionary<InboxPartition, long> ends = Ask(partitions, Rd.OffsetEnd, list => Rd.OffsetsForTimes(_client.Handle, list, timeoutInMs));
        return [.. partitions.Select(partition => ends[partition])];
    }

    public void Dispose()
    {
        _client.Release();
        _client.WaitUntilDestroyed(_options.CloseTimeout);
    }

    private delegate RdError Question(RdTopicPartitions* list);

    private Dictionary<InboxPartition, long> Ask(IReadOnlyList<InboxPartition> partitions, long with, Question question)
    {
        RdTopicPartitions* list = Rd.PartitionsNew(partitions.Count);
        try
        {
            foreach (InboxPartition partition in partitions)
            {
                Rd.PartitionsAdd(list, partition.Topic, partition.Partition)->Offset = with;
            }

            RdError error = question(list);
            Dictionary<InboxPartition, long> answers = [];
            for (int i = 0; i < list->Count && error == RdError.None; i++)
            {
                error = list->Items[i].Error;
                answers[new InboxPartition(Rd.Text(list->Items[i].Topic), list->Items[i].Partition)] = list->Items[i].Offset;
            }

            return error == RdError.None
                ? answers
                : throw new LogFailedException($"How far group {_group} has come can not be read at {_options.BootstrapServers}: {Rd.Describe(error)}");
        }
        finally
        {
            Rd.PartitionsDestroy(list);
        }
    }
}
