using System.IO.Compression;
using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>
/// Rows of history that are kept for years go through Brotli once, when they are handed out: a quarter to nine tenths is left, most where a
/// day is like the other. 40 microseconds for some sixty windows; for those kept for days it does not pay.
/// </summary>
internal static class HistoryCompression
{
    /// <summary>Stands in front instead of the rows' own version.</summary>
    internal const byte Version = 5;

    /// <summary>More than rows of a full buffer; larger ones, if there are any, stay as they are.</summary>
    internal const int Room = 1024;

    private const int MostInBytes = 1 << 16;

    /// <summary>Higher took longer and left as much.</summary>
    private const int Quality = 4;

    /// <summary>2^10 bytes: no row is longer.</summary>
    private const int WindowInBits = 10;

    /// <summary>The rows in fewer bytes, put into <paramref name="room"/>; or as they are, where that is less.</summary>
    internal static ReadOnlySpan<byte> Shorten(ReadOnlySpan<byte> rows, Span<byte> room)
    {
        room[0] = Version;
        int head = 1;
        for (int rest = rows.Length; rest > 0; rest >>= 7)
        {
            room[head++] = (byte)((rest & 0x7f) | (rest >= 0x80 ? 0x80 : 0));
        }

        return rows.Length <= Room && BrotliEncoder.TryCompress(rows, room[head..], out int length, Quality, WindowInBits) && head + length < rows.Length
            ? room[..(head + length)]
            : rows;
    }

    /// <summary>The rows again; what is not compressed comes back as it is, and damage as nothing.</summary>
    internal static ReadOnlySpan<byte> Restore(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty || body[0] != Version)
        {
            return body;
        }

        SnapshotReader reader = new(body[1..]);
        int length = reader.Count(MostInBytes);
        byte[] rows = new byte[length];
        return BrotliDecoder.TryDecompress(body[^reader.Remaining..], rows, out int written) && written == length ? rows : default;
    }
}
