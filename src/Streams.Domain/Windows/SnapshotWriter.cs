using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Streams.Domain.Windows;

/// <summary>
/// Writes the compact binary forms of this project (snapshots, sketches, history): little-endian, variable-length integers.
/// What it writes, <see cref="SnapshotReader"/> reads in the same order.
/// </summary>
public readonly ref struct SnapshotWriter(IBufferWriter<byte> output)
{
    private readonly IBufferWriter<byte> _output = output;

    public void Byte(byte value)
    {
        _output.GetSpan(1)[0] = value;
        _output.Advance(1);
    }

    public void Flag(bool value) => Byte(value ? (byte)1 : (byte)0);

    /// <summary>1 byte below 128, at most 10.</summary>
    public void Unsigned(ulong value)
    {
        Span<byte> to = _output.GetSpan(10);
        int length = 0;
        while (value >= 0x80)
        {
            to[length++] = (byte)(value | 0x80);
            value >>= 7;
        }

        to[length++] = (byte)value;
        _output.Advance(length);
    }

    /// <summary>Zigzag: numbers near 0 of either sign are short.</summary>
    public void Signed(long value) => Unsigned(((ulong)value << 1) ^ (ulong)(value >> 63));

    /// <summary>8 bytes, exact.</summary>
    public void Double(double value)
    {
        BinaryPrimitives.WriteDoubleLittleEndian(_output.GetSpan(8), value);
        _output.Advance(8);
    }

    /// <summary>4 bytes; for figures that are approximate anyway.</summary>
    public void Single(double value)
    {
        BinaryPrimitives.WriteSingleLittleEndian(_output.GetSpan(4), (float)value);
        _output.Advance(4);
    }

    /// <summary>
    /// Exact, and short for the decimals that sensors send: 2 to 5 bytes for up to four decimals, 9 for any other number.
    /// One byte says how many decimals (or that 8 raw bytes follow), then the digits as an integer.
    /// </summary>
    public void Number(double value)
    {
        double scale = 1;
        for (byte decimals = 0; decimals <= SnapshotReader.MostDecimals; decimals++, scale *= 10)
        {
            double digits = Math.Round(value * scale);
            if (Math.Abs(digits) >= 1L << 40)
            {
                break;
            }

            // Minus zero would come back as zero, so it goes the raw way.
            if (digits / scale == value && (digits != 0 || !double.IsNegative(value)))
            {
                Byte(decimals);
                Signed((long)digits);
                return;
            }
        }

        Byte(SnapshotReader.RawNumber);
        Double(value);
    }

    public void Bytes(scoped ReadOnlySpan<byte> value)
    {
        Unsigned((ulong)value.Length);
        Raw(value);
    }

    /// <summary>The bytes alone; the reader has to know how many.</summary>
    public void Raw(scoped ReadOnlySpan<byte> value)
    {
        value.CopyTo(_output.GetSpan(value.Length));
        _output.Advance(value.Length);
    }

    public void Text(string value)
    {
        int length = Encoding.UTF8.GetByteCount(value);
        Unsigned((ulong)length);
        if (length > 0)
        {
            Encoding.UTF8.GetBytes(value, _output.GetSpan(length));
            _output.Advance(length);
        }
    }

    /// <summary>A struct as it lies in memory; keep a version number beside it.</summary>
    public void Struct<T>(in T value)
        where T : unmanaged =>
        Raw(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));
}
