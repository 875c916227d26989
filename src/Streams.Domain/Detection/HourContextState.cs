using System.Numerics;
using System.Runtime.InteropServices;
using Streams.Domain.Windows;

namespace Streams.Domain.Detection;

/// <summary>Which values each hour of the day has seen: how far is this one from all that came at this hour or the hours beside it?</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct HourContextState
{
    private const int Cells = 64;
    private const int MostDoublings = 60;

    private fixed ulong _visited[24];
    private fixed byte _counts[24];
    private double _low;
    private double _width;

    /// <param name="index">0-based number of the reading; the cells are laid out at 20.</param>
    internal double Step(double value, int hour, long index)
    {
        if (index <= 20)
        {
            _low = index == 0 ? value : Math.Min(_low, value);
            _width = index == 0 ? value : Math.Max(_width, value);
            if (index < 20)
            {
                return 0;
            }

            NoveltyState.Lay(_low, _width, value, Cells, out _low, out _width);
        }

        int cell = (int)Math.Floor(Math.Clamp((value - _low) / _width, -1e8, 1e8));
        for (int doublings = 0; (uint)cell >= Cells && doublings < MostDoublings; doublings++)
        {
            Double(upward: cell >= Cells);
            cell = (int)Math.Floor(Math.Clamp((value - _low) / _width, -1e8, 1e8));
        }

        cell = Math.Clamp(cell, 0, Cells - 1);
        double novelty = 0;
        if (_counts[hour] >= 30)
        {
            ulong near = _visited[hour] | _visited[(hour + 23) % 24] | _visited[(hour + 1) % 24];
            int gap = Gap(near, cell);
            novelty = gap == 0 ? 0 : gap / (double)Math.Max(4, Span());
        }

        if (_counts[hour] < byte.MaxValue)
        {
            _counts[hour]++;
        }

        _visited[hour] |= 1UL << cell;
        return novelty;
    }

    internal readonly void Prefetch(int hour)
    {
        CacheLines.Prefetch(in _visited[hour], 1);
        CacheLines.Prefetch(in _counts[0], 24 + (2 * sizeof(double)));
    }

    private static int Gap(ulong visited, int cell)
    {
        if ((visited & (1UL << cell)) != 0)
        {
            return 0;
        }

        ulong below = visited & ((1UL << cell) - 1);
        ulong above = visited & ~((1UL << cell) - 1);
        int down = below == 0 ? Cells : cell - (63 - BitOperations.LeadingZeroCount(below));
        int up = above == 0 ? Cells : BitOperations.TrailingZeroCount(above) - cell;
        return Math.Min(down, up);
    }

    private readonly int Span()
    {
        ulong all = 0;
        for (int i = 0; i < 24; i++)
        {
            all |= _visited[i];
        }

        return all == 0 ? 0 : 64 - BitOperations.LeadingZeroCount(all) - BitOperations.TrailingZeroCount(all);
    }

    private void Double(bool upward)
    {
        for (int i = 0; i < 24; i++)
        {
            _visited[i] = NoveltyState.Halve(_visited[i]) << (upward ? 0 : Cells / 2);
        }

        if (!upward)
        {
            _low -= _width * Cells;
        }

        _width *= 2;
    }
}
