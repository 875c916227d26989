using System.Buffers.Binary;

namespace Streams.Runtime.Shards;

/// <summary>
/// The header that tells a receiving actor where a message between actors came from:
/// source (shard number and lane) and outbox number, little endian, 12 bytes.
/// </summary>
internal static class SourceHeader
{
    public const string Name = "streams-source";
    public const int Length = 12;

    public static ReadOnlySpan<byte> NameUtf8 => "streams-source"u8;

    public static void Write(Span<byte> to, int source, long number)
    {
        BinaryPrimitives.WriteInt32LittleEndian(to, source);
        BinaryPrimitives.WriteInt64LittleEndian(to[4..], number);
    }

    public static bool TryRead(ReadOnlySpan<byte> from, out int source, out long number)
    {
        source = 0;
        number = 0;
        if (from.Length != Length)
        {
            return false;
        }

        source = BinaryPrimitives.ReadInt32LittleEndian(from);
        number = BinaryPrimitives.ReadInt64LittleEndian(from[4..]);
        return true;
    }
}
