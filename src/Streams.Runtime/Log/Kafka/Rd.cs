using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.InteropServices.Marshalling;

namespace Streams.Runtime.Log.Kafka;

/// <summary>
/// librdkafka's functions that Streams calls, under short names. Calls that can block or run callbacks are ordinary ones; only
/// those that read a field skip the garbage collector's transition.
/// </summary>
internal static unsafe partial class Rd
{
    private const string Library = NativeKafka.Library;

    public const int Producer = 0;
    public const int Consumer = 1;
    public const int ConfOk = 0;
    public const int ConfUnknown = -2;
    public const int CopyPayload = 0x2;
    public const int PurgeQueued = 0x1;
    public const int PurgeInFlight = 0x2;
    public const int DestroyWithoutClose = 0x8;
    public const int EventDelivery = 0x1;
    public const int EventError = 0x8;
    public const int EventCreateTopicsResult = 100;
    public const int AdminCreateTopics = 1;
    public const long OffsetInvalid = -1001;
    public const long OffsetEnd = -1;

    // The library itself
    [LibraryImport(Library, EntryPoint = "rd_kafka_version")]
    public static partial int Version();

    [LibraryImport(Library, EntryPoint = "rd_kafka_version_str")]
    public static partial byte* VersionText();

    [LibraryImport(Library, EntryPoint = "rd_kafka_err2str")]
    public static partial byte* ErrorText(RdError error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_err2name")]
    public static partial byte* ErrorName(RdError error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_code")]
    public static partial RdError ErrorCode(nint error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_string")]
    public static partial byte* ErrorMessage(nint error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_error_destroy")]
    public static partial void ErrorDestroy(nint error);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mem_free")]
    public static partial void Free(nint client, void* memory);

    // Configuration and clients
    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_new")]
    public static partial nint ConfNew();

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_destroy")]
    public static partial void ConfDestroy(nint conf);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int ConfSet(nint conf, string name, string value, byte* error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set_opaque")]
    public static partial void ConfSetOpaque(nint conf, nint opaque);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set_events")]
    public static partial void ConfSetEvents(nint conf, int events);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set_log_cb")]
    public static partial void ConfSetLog(nint conf, delegate* unmanaged[Cdecl]<nint, int, byte*, byte*, void> callback);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set_error_cb")]
    public static partial void ConfSetError(nint conf, delegate* unmanaged[Cdecl]<nint, RdError, byte*, nint, void> callback);

    [LibraryImport(Library, EntryPoint = "rd_kafka_conf_set_rebalance_cb")]
    public static partial void ConfSetRebalance(nint conf, delegate* unmanaged[Cdecl]<nint, RdError, RdTopicPartitions*, nint, void> callback);

    [LibraryImport(Library, EntryPoint = "rd_kafka_new")]
    public static partial nint New(int type, nint conf, byte* error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_destroy_flags")]
    public static partial void Destroy(nint client, int flags);

    [LibraryImport(Library, EntryPoint = "rd_kafka_opaque")]
    public static partial nint Opaque(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_fatal_error")]
    public static partial RdError FatalError(nint client, byte* text, nuint textSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_clusterid")]
    public static partial byte* ClusterId(nint client, int timeoutInMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_metadata")]
    public static partial RdError Metadata(nint client, int allTopics, nint topic, out RdMetadata* metadata, int timeoutInMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_metadata_destroy")]
    public static partial void MetadataDestroy(RdMetadata* metadata);

    [LibraryImport(Library, EntryPoint = "rd_kafka_query_watermark_offsets", StringMarshalling = StringMarshalling.Utf8)]
    public static partial RdError QueryWatermarks(nint client, string topic, int partition, out long low, out long high, int timeoutInMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_get_watermark_offsets", StringMarshalling = StringMarshalling.Utf8)]
    public static partial RdError KnownWatermarks(nint client, string topic, int partition, out long low, out long high);

    // Queues and events
    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_new")]
    public static partial nint QueueNew(nint client);

    /// <summary>Calls back, on a thread of the client's, whenever the queue ceases to be empty.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_cb_event_enable")]
    public static partial void QueueCallback(nint queue, delegate* unmanaged[Cdecl]<nint, nint, void> callback, nint opaque);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_get_main")]
    public static partial nint QueueMain(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_get_consumer")]
    public static partial nint QueueConsumer(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_destroy")]
    public static partial void QueueDestroy(nint queue);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_length")]
    public static partial nuint QueueLength(nint queue);

    [LibraryImport(Library, EntryPoint = "rd_kafka_queue_poll")]
    public static partial nint QueuePoll(nint queue, int timeoutInMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_type")]
    public static partial int EventType(nint @event);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_message_count")]
    public static partial nuint EventMessageCount(nint @event);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_message_array")]
    public static partial nuint EventMessages(nint @event, RdMessage** messages, nuint capacity);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_error")]
    public static partial RdError EventErrorCode(nint @event);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_error_string")]
    public static partial byte* EventErrorText(nint @event);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_destroy")]
    public static partial void EventDestroy(nint @event);

    // Consuming
    [LibraryImport(Library, EntryPoint = "rd_kafka_poll_set_consumer")]
    public static partial RdError PollSetConsumer(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_subscribe")]
    public static partial RdError Subscribe(nint client, RdTopicPartitions* topics);

    [LibraryImport(Library, EntryPoint = "rd_kafka_consume_batch_queue")]
    public static partial nint ConsumeBatch(nint queue, int timeoutInMs, RdMessage** messages, nuint capacity);

    [LibraryImport(Library, EntryPoint = "rd_kafka_consume_queue")]
    public static partial RdMessage* Consume(nint queue, int timeoutInMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_destroy")]
    public static partial void MessageDestroy(RdMessage* message);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_errstr")]
    public static partial byte* MessageErrorText(RdMessage* message);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_timestamp")]
    [SuppressGCTransition]
    public static partial long MessageTimestamp(RdMessage* message, out int kind);

    [LibraryImport(Library, EntryPoint = "rd_kafka_message_headers")]
    public static partial RdError MessageHeaders(RdMessage* message, out nint headers);

    [LibraryImport(Library, EntryPoint = "rd_kafka_header_get_last")]
    [SuppressGCTransition]
    public static partial RdError HeaderLast(nint headers, byte* name, out byte* value, out nuint size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_header_get_all")]
    public static partial RdError HeaderAt(nint headers, nuint index, out byte* name, out byte* value, out nuint size);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_name")]
    [SuppressGCTransition]
    public static partial byte* TopicName(nint topic);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_partition_list_new")]
    public static partial RdTopicPartitions* PartitionsNew(int capacity);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_partition_list_add", StringMarshalling = StringMarshalling.Utf8)]
    public static partial RdTopicPartition* PartitionsAdd(RdTopicPartitions* partitions, string topic, int partition);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_partition_list_destroy")]
    public static partial void PartitionsDestroy(RdTopicPartitions* partitions);

    [LibraryImport(Library, EntryPoint = "rd_kafka_assign")]
    public static partial RdError Assign(nint client, RdTopicPartitions* partitions);

    [LibraryImport(Library, EntryPoint = "rd_kafka_incremental_assign")]
    public static partial nint IncrementalAssign(nint client, RdTopicPartitions* partitions);

    [LibraryImport(Library, EntryPoint = "rd_kafka_incremental_unassign")]
    public static partial nint IncrementalUnassign(nint client, RdTopicPartitions* partitions);

    [LibraryImport(Library, EntryPoint = "rd_kafka_assignment_lost")]
    public static partial int AssignmentLost(nint client);

    [LibraryImport(Library, EntryPoint = "rd_kafka_pause_partitions")]
    public static partial RdError Pause(nint client, RdTopicPartitions* partitions);

    [LibraryImport(Library, EntryPoint = "rd_kafka_resume_partitions")]
    public static partial RdError Resume(nint client, RdTopicPartitions* partitions);

    [LibraryImport(Library, EntryPoint = "rd_kafka_seek_partitions")]
    public static partial nint Seek(nint client, RdTopicPartitions* partitions, int timeoutInMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_commit")]
    public static partial RdError Commit(nint client, RdTopicPartitions* offsets, int inBackground);

    [LibraryImport(Library, EntryPoint = "rd_kafka_committed")]
    public static partial RdError Committed(nint client, RdTopicPartitions* partitions, int timeoutInMs);

    /// <summary>Takes times as offsets, answers offsets; as a time, <see cref="OffsetEnd"/> asks for the end.</summary>
    [LibraryImport(Library, EntryPoint = "rd_kafka_offsets_for_times")]
    public static partial RdError OffsetsForTimes(nint client, RdTopicPartitions* partitions, int timeoutInMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_consumer_close_queue")]
    public static partial nint ConsumerClose(nint client, nint queue);

    [LibraryImport(Library, EntryPoint = "rd_kafka_consumer_closed")]
    public static partial int ConsumerClosed(nint client);

    /// <summary>Whether the group's coordinator has given it a name: it has begun to join. Not once closing has begun: librdkafka would wait for an answer for ever.</summary>
    public static bool IsMember(nint client)
    {
        nint name = MemberId(client);
        bool isMember = name != 0 && Marshal.ReadByte(name) != 0;
        if (name != 0)
        {
            Free(client, (void*)name);
        }

        return isMember;
    }

    [LibraryImport(Library, EntryPoint = "rd_kafka_memberid")]
    private static partial nint MemberId(nint client);

    // Producing
    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint TopicNew(nint client, string name, nint conf);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_destroy")]
    public static partial void TopicDestroy(nint topic);

    [LibraryImport(Library, EntryPoint = "rd_kafka_produceva")]
    public static partial nint Produce(nint client, RdProduceArgument* arguments, nuint count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_flush")]
    public static partial RdError Flush(nint client, int timeoutInMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_purge")]
    public static partial RdError Purge(nint client, int flags);

    // Creating topics
    [LibraryImport(Library, EntryPoint = "rd_kafka_NewTopic_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint NewTopic(string name, int partitions, int replicationFactor, byte* error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_NewTopic_set_config", StringMarshalling = StringMarshalling.Utf8)]
    public static partial RdError NewTopicSet(nint topic, string name, string value);

    [LibraryImport(Library, EntryPoint = "rd_kafka_NewTopic_destroy")]
    public static partial void NewTopicDestroy(nint topic);

    [LibraryImport(Library, EntryPoint = "rd_kafka_AdminOptions_new")]
    public static partial nint AdminOptionsNew(nint client, int operation);

    [LibraryImport(Library, EntryPoint = "rd_kafka_AdminOptions_set_request_timeout")]
    public static partial RdError AdminOptionsTimeout(nint options, int timeoutInMs, byte* error, nuint errorSize);

    [LibraryImport(Library, EntryPoint = "rd_kafka_AdminOptions_destroy")]
    public static partial void AdminOptionsDestroy(nint options);

    [LibraryImport(Library, EntryPoint = "rd_kafka_CreateTopics")]
    public static partial void CreateTopics(nint client, nint* topics, nuint count, nint options, nint queue);

    [LibraryImport(Library, EntryPoint = "rd_kafka_event_CreateTopics_result")]
    public static partial nint CreateTopicsResult(nint @event);

    [LibraryImport(Library, EntryPoint = "rd_kafka_CreateTopics_result_topics")]
    public static partial nint* CreateTopicsResults(nint result, out nuint count);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_result_error")]
    public static partial RdError TopicResultError(nint result);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_result_error_string")]
    public static partial byte* TopicResultText(nint result);

    [LibraryImport(Library, EntryPoint = "rd_kafka_topic_result_name")]
    public static partial byte* TopicResultName(nint result);

    // The broker inside librdkafka
    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_new")]
    public static partial nint MockClusterNew(nint client, int brokers);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_destroy")]
    public static partial void MockClusterDestroy(nint cluster);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_cluster_bootstraps")]
    public static partial byte* MockClusterBootstraps(nint cluster);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_topic_create", StringMarshalling = StringMarshalling.Utf8)]
    public static partial RdError MockTopicCreate(nint cluster, string topic, int partitions, int replicationFactor);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_down")]
    public static partial RdError MockBrokerDown(nint cluster, int broker);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_up")]
    public static partial RdError MockBrokerUp(nint cluster, int broker);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_broker_set_rtt")]
    public static partial RdError MockBrokerRoundTrip(nint cluster, int broker, int inMs);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_push_request_errors_array")]
    public static partial void MockPushErrors(nint cluster, short apiKey, nuint count, RdError* errors);

    [LibraryImport(Library, EntryPoint = "rd_kafka_mock_clear_request_errors")]
    public static partial void MockClearErrors(nint cluster, short apiKey);

    public static string Text(byte* text) => Utf8StringMarshaller.ConvertToManaged(text) ?? "";

    /// <summary>"Local: Queue full (_QUEUE_FULL)": words and the name to search for.</summary>
    public static string Describe(RdError error) => $"{Text(ErrorText(error))} ({Text(ErrorName(error))})";

    /// <summary>Reads and frees an rd_kafka_error_t; none is null.</summary>
    public static RdError Take(nint error, out string message)
    {
        if (error == 0)
        {
            message = "";
            return RdError.None;
        }

        RdError code = ErrorCode(error);
        message = $"{Text(ErrorMessage(error))} ({Text(ErrorName(code))})";
        ErrorDestroy(error);
        return code;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ReadOnlySpan<byte> Span(void* start, nuint length) => start is null ? default : new(start, (int)length);
}
