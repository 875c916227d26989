using System.Buffers;

namespace Streams.Runtime;

/// <summary>Unsigned LEB128 numbers, seven bits a byte, as the runtime's own formats use them.</summary>
internal static class Varint
{
    public static void WriteVarint(this IBufferWriter<byte> to, ulong value)
    {
        Span<byte> span = to.GetSpan(10);
        int length = 0;
        while (value >= 0x80)
        {
            span[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        span[length++] = (byte)value;
        to.Advance(length);
    }

    /// <exception cref="InvalidDataException">The bytes end within a number, or it does not fit 64 bits.</exception>
    public static ulong ReadVarint(this ref ReadOnlySpan<byte> from)
    {
        ulong value = 0;
        for (int i = 0; i < from.Length && i < 10; i++)
        {
            value |= (ulong)(from[i] & 0x7f) << (7 * i);
            if (from[i] < 0x80)
            {
                from = from[(i + 1)..];
                return value;
            }
        }

        throw new InvalidDataException("A stored number is cut short: the bytes are not what this version wrote.");
    }
}
