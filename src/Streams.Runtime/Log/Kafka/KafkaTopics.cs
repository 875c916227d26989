using System.Globalization;

namespace Streams.Runtime.Log.Kafka;

/// <summary>
/// What topics a cluster has, and creating those it lacks. Each question uses a client of its own and ends it at once: it is asked
/// a few times in a process's life, and a client kept for it would cost threads.
/// </summary>
internal sealed unsafe class KafkaTopics(KafkaLogOptions options)
{
    private int RequestTimeoutInMs => (int)options.RequestTimeout.TotalMilliseconds;

    /// <summary>Partitions by topic, and the cluster's id (empty where it has none).</summary>
    /// <exception cref="LogFailedException">No broker answered in time.</exception>
    public (string ClusterId, Dictionary<string, int> Partitions) Read() => With(client =>
    {
        RdError error = Rd.Metadata(client.Handle, 1, 0, out RdMetadata* metadata, RequestTimeoutInMs);
        if (error != RdError.None)
        {
            throw new LogFailedException(
                $"No Kafka broker answered at {options.BootstrapServers} within {options.RequestTimeout.TotalSeconds:0.#} s: {Rd.Describe(error)}. "
                + "Check Kafka:BootstrapServers, and that the brokers' advertised addresses can be reached from here.");
        }

        var partitions = new Dictionary<string, int>(metadata->TopicCount);
        for (int i = 0; i < metadata->TopicCount; i++)
        {
            RdMetadataTopic* topic = metadata->Topics + i;
            if (topic->Error == RdError.None)
            {
                partitions[Rd.Text(topic->Name)] = topic->PartitionCount;
            }
        }

        Rd.MetadataDestroy(metadata);
        return (client.ClusterId(RequestTimeoutInMs), partitions);
    });

    /// <summary>Creates these; one that exists by now is left as it is.</summary>
    /// <exception cref="LogFailedException">The cluster refused one; the message says which and why.</exception>
    public void Create(IReadOnlyCollection<TopicSpec> topics) => With(client =>
    {
        nint queue = Rd.QueueNew(client.Handle);
        nint settings = Rd.AdminOptionsNew(client.Handle, Rd.AdminCreateTopics);
        nint[] specs = [.. topics.Select(NewTopic)];
        nint result = 0;
        try
        {
            fixed (nint* first = specs)
            {
                Rd.AdminOptionsTimeout(settings, RequestTimeoutInMs, null, 0);
                Rd.CreateTopics(client.Handle, first, (nuint)specs.Length, settings, queue);
            }

            result = Rd.QueuePoll(queue, RequestTimeoutInMs + 1000);
            CheckCreated(result);
        }
        finally
        {
            if (result != 0)
            {
                Rd.EventDestroy(result);
            }

            Array.ForEach(specs, Rd.NewTopicDestroy);
            Rd.AdminOptionsDestroy(settings);
            Rd.QueueDestroy(queue);
        }

        return 0;
    });

    private static nint NewTopic(TopicSpec topic)
    {
        byte* error = stackalloc byte[256];
        nint spec = Rd.NewTopic(topic.Name, topic.Partitions, topic.ReplicationFactor, error, 256);
        if (spec == 0)
        {
            throw new ArgumentException($"Topic {topic.Name} can not be created: {Rd.Text(error)}");
        }

        Rd.NewTopicSet(spec, "cleanup.policy", topic.Compacted ? "compact" : "delete");
        if (topic.RetentionInMs is { } retentionInMs)
        {
            Rd.NewTopicSet(spec, "retention.ms", retentionInMs.ToString(CultureInfo.InvariantCulture));
        }

        return spec;
    }

    private void CheckCreated(nint result)
    {
        if (result == 0 || Rd.EventType(result) != Rd.EventCreateTopicsResult)
        {
            throw new LogFailedException($"Kafka at {options.BootstrapServers} did not answer the request to create topics.");
        }

        if (Rd.EventErrorCode(result) != RdError.None)
        {
            throw new LogFailedException($"Topics could not be created at {options.BootstrapServers}: {Rd.Text(Rd.EventErrorText(result))} ({Rd.Text(Rd.ErrorName(Rd.EventErrorCode(result)))})");
        }

        nint* topics = Rd.CreateTopicsResults(Rd.CreateTopicsResult(result), out nuint count);
        for (nuint i = 0; i < count; i++)
        {
            RdError error = Rd.TopicResultError(topics[i]);
            if (error is not (RdError.None or RdError.TopicAlreadyExists))
            {
                throw new LogFailedException(
                    $"Topic {Rd.Text(Rd.TopicResultName(topics[i]))} could not be created: {Rd.Text(Rd.TopicResultText(topics[i]))} ({Rd.Text(Rd.ErrorName(error))})");
            }
        }
    }

    private T With<T>(Func<KafkaClient, T> question)
    {
        var client = new KafkaClient(Rd.Producer, options.ClientProperties("topics"), options.Properties, options.Logger);
        try
        {
            return question(client);
        }
        finally
        {
            client.Release();
            client.WaitUntilDestroyed(options.CloseTimeout);
        }
    }
}
