using System.Buffers.Binary;

namespace Streams.Runtime.Log;

/// <summary>
/// Which partition a key belongs to: murmur2 as Kafka's Java clients and librdkafka's <c>murmur2_random</c> compute it
/// (org.apache.kafka.common.utils.Utils.murmur2), so that any well-configured producer agrees with us.
/// </summary>
public static class Partitioner
{
    private const uint Mix = 0x5bd1e995;
    private const uint Seed = 0x9747b28c;

    public static uint Murmur2(ReadOnlySpan<byte> key)
    {
        uint h = Seed ^ (uint)key.Length;
        while (key.Length >= 4)
        {
            uint k = BinaryPrimitives.ReadUInt32LittleEndian(key) * Mix;
            k = (k ^ (k >> 24)) * Mix;
            h = (h * Mix) ^ k;
            key = key[4..];
        }

        if (key.Length >= 3)
        {
            h ^= (uint)key[2] << 16;
        }

        if (key.Length >= 2)
        {
            h ^= (uint)key[1] << 8;
        }

        if (key.Length >= 1)
        {
            h = (h ^ key[0]) * Mix;
        }

        h = (h ^ (h >> 13)) * Mix;
        return h ^ (h >> 15);
    }

    public static int PartitionOf(uint hash, int partitions) => (int)((hash & 0x7fffffff) % (uint)partitions);

    public static int PartitionOf(ReadOnlySpan<byte> key, int partitions) => PartitionOf(Murmur2(key), partitions);
}
