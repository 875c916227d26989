namespace Streams.Runtime;

/// <summary>A shard: one partition of an actor kind's inbox, owned by one node at a time.</summary>
/// <param name="Kind">The actor kind's number, 1 to 255; never reused for another kind, it is in stored rows.</param>
/// <param name="Partition">0 to 65,535.</param>
public readonly record struct ShardId(byte Kind, int Partition)
{
    /// <summary>The shard as one number, as stored: kind * 65,536 + partition.</summary>
    public int Number => (Kind << 16) | Partition;

    public static ShardId FromNumber(int number) => new((byte)(number >> 16), number & 0xffff);

    public override string ToString() => $"{Kind}/{Partition}";
}
