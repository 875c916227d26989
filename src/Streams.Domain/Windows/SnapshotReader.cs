using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Streams.Domain.Windows;

/// <summary>
/// Reads what <see cref="SnapshotWriter"/> wrote. Never throws on broken input: once something does not fit, <see cref="Failed"/>
/// stays true and everything read is zero or empty, so a decoder checks once, at its end.
/// </summary>
public ref struct SnapshotReader(ReadOnlySpan<byte> input)
{
    internal const byte MostDecimals = 6;
    internal const byte RawNumber = 15;

    private ReadOnlySpan<byte> _rest = input;

    public bool Failed { get; private set; }

    public readonly bool AtEnd => _rest.IsEmpty;

    public readonly int Remaining => _rest.Length;

    public byte Byte()
    {
        if (_rest.IsEmpty)
        {
            return (byte)Fail();
        }

        byte value = _rest[0];
        _rest = _rest[1..];
        return value;
    }

    public bool Flag() => Byte() != 0;

    public ulong Unsigned()
    {
        ulong value = 0;
        for (int i = 0; i < 10 && i < _rest.Length; i++)
        {
            byte next = _rest[i];
            value |= (ulong)(next & 0x7f) << (7 * i);
            if (next < 0x80)
            {
                _rest = _rest[(i + 1)..];
                return value;
            }
        }

        return (ulong)Fail();
    }

    public long Signed()
    {
        ulong value = Unsigned();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    /// <summary>An unsigned number of at most <paramref name="most"/>; a greater one fails the reader.</summary>
    public int Count(int most)
    {
        ulong value = Unsigned();
        return value <= (ulong)most ? (int)value : (int)Fail();
    }

    public double Double() =>
        Take(8, out ReadOnlySpan<byte> bytes) ? BinaryPrimitives.ReadDoubleLittleEndian(bytes) : 0;

    public double Single() =>
        Take(4, out ReadOnlySpan<byte> bytes) ? BinaryPrimitives.ReadSingleLittleEndian(bytes) : 0;

    public double Number()
    {
        byte decimals = Byte();
        if (decimals == RawNumber)
        {
            return Double();
        }

        if (decimals > MostDecimals)
        {
            return Fail();
        }

        double scale = 1;
        for (int i = 0; i < decimals; i++)
        {
            scale *= 10;
        }

        return Signed() / scale;
    }

    public ReadOnlySpan<byte> Bytes() => Raw(Count(_rest.Length));

    public ReadOnlySpan<byte> Raw(int length) => Take(length, out ReadOnlySpan<byte> bytes) ? bytes : default;

    public string Text()
    {
        ReadOnlySpan<byte> bytes = Bytes();
        return bytes.IsEmpty ? "" : Encoding.UTF8.GetString(bytes);
    }

    public T Struct<T>()
        where T : unmanaged =>
        Take(Unsafe.SizeOf<T>(), out ReadOnlySpan<byte> bytes) ? MemoryMarshal.Read<T>(bytes) : default;

    /// <summary>Marks the input as broken; for decoders that find a value that can not be.</summary>
    public long Fail()
    {
        Failed = true;
        _rest = default;
        return 0;
    }

    private bool Take(int length, out ReadOnlySpan<byte> bytes)
    {
        if ((uint)length > (uint)_rest.Length)
        {
            bytes = default;
            Fail();
            return false;
        }

        bytes = _rest[..length];
        _rest = _rest[length..];
        return true;
    }
}
