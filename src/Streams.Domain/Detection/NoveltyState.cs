using System.Numerics;
using System.Runtime.InteropServices;

namespace Streams.Domain.Detection;

/// <summary>
/// How far a value lies from every value seen before: a set of visited cells over a range that doubles as needed. Answers the
/// gap to the nearest visited cell as a share of the range in use, 0 to 4; 0 while the first 20 values lay out the cells.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct NoveltyState
{
    private const int Warmup = 20;
    private const int MostDoublings = 60;

    private fixed ulong _visited[4];

    /// <summary>Lower end and cell width; smallest and largest value while warming up.</summary>
    private double _low;
    private double _width;
    private short _first;
    private short _last;
    private byte _seen;

    /// <param name="cells">64 to 256, a power of two; the same at every call.</param>
    internal double Step(double value, int cells)
    {
        if (_seen < Warmup)
        {
            Warm(value, cells);
            return 0;
        }

        double ratio = Math.Clamp((value - _low) / _width, -1e8, 1e8);
        int cell = (int)Math.Floor(ratio);
        if ((uint)cell < (uint)cells && (_visited[cell >> 6] & (1UL << cell)) != 0)
        {
            return 0;
        }

        double novelty = Math.Min(4, Gap(cell) / (double)Math.Max(8, _last - _first + 1));
        Mark(value, cells);
        return novelty;
    }

    private void Warm(double value, int cells)
    {
        _low = _seen == 0 ? value : Math.Min(_low, value);
        _width = _seen == 0 ? value : Math.Max(_width, value);
        if (++_seen < Warmup)
        {
            return;
        }

        double smallest = _low;
        double largest = _width;
        Lay(smallest, largest, value, cells, out _low, out _width);
        _first = short.MaxValue;
        _last = -1;
        Mark(smallest, cells);
        Mark(largest, cells);
        Mark(value, cells);
    }

    /// <summary>Cells over twice the range of the first values, around its middle.</summary>
    internal static void Lay(double smallest, double largest, double value, int cells, out double low, out double width)
    {
        width = 2 * (largest - smallest) / cells;
        if (!(width > 0))
        {
            width = 1e-6 + (Math.Abs(value) / 1000);
        }

        low = ((smallest + largest) / 2) - (width * cells / 2);
    }

    private readonly int Gap(int cell)
    {
        if (cell <= _first)
        {
            return _first - cell;
        }

        if (cell >= _last)
        {
            return cell - _last;
        }

        int down = cell;
        while (down >= 0)
        {
            ulong word = _visited[down >> 6] & (ulong.MaxValue >> (63 - (down & 63)));
            if (word != 0)
            {
                down = (down & ~63) + 63 - BitOperations.LeadingZeroCount(word);
                break;
            }

            down = (down & ~63) - 1;
        }

        int up = cell;
        while (up <= _last)
        {
            ulong word = _visited[up >> 6] & (ulong.MaxValue << (up & 63));
            if (word != 0)
            {
                up = (up & ~63) + BitOperations.TrailingZeroCount(word);
                break;
            }

            up = (up & ~63) + 64;
        }

        return Math.Min(cell - down, up - cell);
    }

    private void Mark(double value, int cells)
    {
        int cell = (int)Math.Floor(Math.Clamp((value - _low) / _width, -1e8, 1e8));
        for (int doublings = 0; (uint)cell >= (uint)cells; doublings++)
        {
            if (doublings == MostDoublings)
            {
                return;
            }

            Double(upward: cell >= cells, cells);
            cell = (int)Math.Floor(Math.Clamp((value - _low) / _width, -1e8, 1e8));
        }

        _visited[cell >> 6] |= 1UL << cell;
        _first = (short)Math.Min((int)_first, cell);
        _last = (short)Math.Max((int)_last, cell);
    }

    private void Double(bool upward, int cells)
    {
        int words = cells >> 6;
        int offset = upward ? 0 : cells / 2;
        ulong* old = stackalloc ulong[4];
        for (int i = 0; i < words; i++)
        {
            old[i] = _visited[i];
            _visited[i] = 0;
        }

        for (int i = 0; i < words; i++)
        {
            ulong half = Halve(old[i]);
            int at = offset + (i * 32);
            _visited[at >> 6] |= half << (at & 63);
        }

        if (!upward)
        {
            _low -= _width * cells;
        }

        _width *= 2;
        if (_last >= 0)
        {
            _first = (short)((_first >> 1) + offset);
            _last = (short)((_last >> 1) + offset);
        }
    }

    /// <summary>32 bits, each the OR of two neighbours.</summary>
    internal static ulong Halve(ulong word)
    {
        ulong bits = (word | (word >> 1)) & 0x5555_5555_5555_5555UL;
        bits = (bits | (bits >> 1)) & 0x3333_3333_3333_3333UL;
        bits = (bits | (bits >> 2)) & 0x0F0F_0F0F_0F0F_0F0FUL;
        bits = (bits | (bits >> 4)) & 0x00FF_00FF_00FF_00FFUL;
        bits = (bits | (bits >> 8)) & 0x0000_FFFF_0000_FFFFUL;
        return (bits | (bits >> 16)) & 0x0000_0000_FFFF_FFFFUL;
    }
}
