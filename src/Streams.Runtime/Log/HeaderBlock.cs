using System.Buffers;
using System.Buffers.Binary;

namespace Streams.Runtime.Log;

/// <summary>
/// Record headers in one run of bytes, as the outbox keeps them: <c>count:u8 (nameLength:u8 name valueLength:u16le value)*</c>.
/// </summary>
public static class HeaderBlock
{
    /// <summary>Appends one header. The caller writes the count byte first (see <see cref="Begin"/>) and bumps it.</summary>
    public static void Add(IBufferWriter<byte> block, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(name.Length, byte.MaxValue, nameof(name));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value.Length, ushort.MaxValue, nameof(value));
        Span<byte> to = block.GetSpan(3 + name.Length + value.Length);
        to[0] = (byte)name.Length;
        name.CopyTo(to[1..]);
        BinaryPrimitives.WriteUInt16LittleEndian(to[(1 + name.Length)..], (ushort)value.Length);
        value.CopyTo(to[(3 + name.Length)..]);
        block.Advance(3 + name.Length + value.Length);
    }

    /// <summary>Writes the count; call before the headers themselves.</summary>
    public static void Begin(IBufferWriter<byte> block, int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, byte.MaxValue);
        block.GetSpan(1)[0] = (byte)count;
        block.Advance(1);
    }

    public static Reader Read(ReadOnlySpan<byte> block) => new(block);

    /// <summary>Walks a block: <c>while (reader.Next(out name, out value))</c>.</summary>
    public ref struct Reader(ReadOnlySpan<byte> block)
    {
        private ReadOnlySpan<byte> _rest = block.IsEmpty ? block : block[1..];

        public int Count { get; } = block.IsEmpty ? 0 : block[0];

        public bool Next(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
        {
            if (_rest.IsEmpty)
            {
                name = value = default;
                return false;
            }

            int nameLength = _rest[0];
            name = _rest.Slice(1, nameLength);
            int valueLength = BinaryPrimitives.ReadUInt16LittleEndian(_rest[(1 + nameLength)..]);
            value = _rest.Slice(3 + nameLength, valueLength);
            _rest = _rest[(3 + nameLength + valueLength)..];
            return true;
        }
    }
}
