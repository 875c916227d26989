namespace Streams.Runtime.Log;

/// <summary>One partition of one topic of the log.</summary>
public readonly record struct InboxPartition(string Topic, int Partition)
{
    public override string ToString() => $"{Topic}/{Partition}";
}
