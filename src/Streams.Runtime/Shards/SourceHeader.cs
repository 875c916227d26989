using System.Buffers.Binary;

namespace Streams.Runtime.Shards;

/// <summary>
/// The header that tells a receiving actor where a message between actors came from: source (shard number and lane), outbox number, and
/// the lineage of the store that gave the number; little endian, 20 bytes.
/// </summary>
internal readonly record struct SourceHeader(int Source, long Number, long Lineage)
{
    public const string Name = "streams-source";
    public const int Length = 20;

    public static ReadOnlySpan<byte> NameUtf8 => "streams-source"u8;

    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteInt32LittleEndian(to, Source);
        BinaryPrimitives.WriteInt64LittleEndian(to[4..], Number);
        BinaryPrimitives.WriteInt64LittleEndian(to[12..], Lineage);
    }

    public static bool TryRead(ReadOnlySpan<byte> from, out SourceHeader header)
    {
        header = default;
        if (from.Length != Length)
        {
            return false;
        }

        header = new SourceHeader(
            BinaryPrimitives.ReadInt32LittleEndian(from), BinaryPrimitives.ReadInt64LittleEndian(from[4..]), BinaryPrimitives.ReadInt64LittleEndian(from[12..]));
        return true;
    }
}
