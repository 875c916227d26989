using System.Runtime.InteropServices;

namespace Streams.Runtime.Log.Kafka;

// Layouts of rdkafka.h (64-bit), which librdkafka keeps stable within its ABI version 1.

/// <summary>rd_kafka_resp_err_t: negative ones are the client's own, positive ones Kafka's.</summary>
internal enum RdError
{
    None = 0,
    MessageTooLarge = 10,
    TopicAlreadyExists = 36,
    LocalTransport = -195,
    LocalResolve = -193,
    LocalPartitionEnd = -191,
    LocalAllBrokersDown = -187,
    LocalQueueFull = -184,
    LocalAssignPartitions = -175,
    LocalState = -172,
    LocalRevokePartitions = -174,
    LocalFatal = -150,
    LocalAutoOffsetReset = -140,
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct RdMessage
{
    public RdError Error;
    public nint Topic;
    public int Partition;
    public byte* Payload;
    public nuint Length;
    public byte* Key;
    public nuint KeyLength;
    public long Offset;
    public nint Opaque;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct RdTopicPartition
{
    public byte* Topic;
    public int Partition;
    public long Offset;
    public void* Metadata;
    public nuint MetadataLength;
    public void* Opaque;
    public RdError Error;
    public void* Private;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct RdTopicPartitions
{
    public int Count;
    public int Capacity;
    public RdTopicPartition* Items;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct RdMetadata
{
    public int BrokerCount;
    public void* Brokers;
    public int TopicCount;
    public RdMetadataTopic* Topics;
    public int OriginatingBroker;
    public byte* OriginatingBrokerName;
}

[StructLayout(LayoutKind.Sequential)]
internal unsafe struct RdMetadataTopic
{
    public byte* Name;
    public int PartitionCount;
    public void* Partitions;
    public RdError Error;
}

/// <summary>rd_kafka_vtype_t: what an argument of a produce call is.</summary>
internal enum RdArgument
{
    /// <summary>A topic handle (RD_KAFKA_VTYPE_RKT), not its name.</summary>
    Topic = 2,
    Partition = 3,
    Value = 4,
    Key = 5,
    Opaque = 6,
    Flags = 7,
    Timestamp = 8,
    Header = 9,
}

/// <summary>rd_kafka_vu_t: a tag and a union of 64 bytes.</summary>
[StructLayout(LayoutKind.Explicit, Size = 72)]
internal unsafe struct RdProduceArgument
{
    [FieldOffset(0)] public RdArgument Kind;
    [FieldOffset(8)] public int Int32;
    [FieldOffset(8)] public long Int64;
    [FieldOffset(8)] public void* Pointer;
    [FieldOffset(16)] public nuint Size;
    [FieldOffset(16)] public void* HeaderValue;
    [FieldOffset(24)] public nint HeaderSize;
}
