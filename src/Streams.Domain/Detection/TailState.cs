using System.Runtime.InteropServices;

namespace Streams.Domain.Detection;

/// <summary>
/// How rare a magnitude is among all seen so far: counts in logarithmic cells, four an octave, anchored at the largest value;
/// answers -log10 of the chance of a value at least this large. Beyond the largest, a Pareto tail of exponent 3.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TailState
{
    private const int Cells = 56;
    private const int Top = Cells - 1;
    private const double Log10Of2 = 0.30102999566398120;

    /// <summary>alpha / 4 * log10(2): what a cell beyond the top costs.</summary>
    private const double CellCost = 0.2257725;

    /// <summary>Counts fit 16 bits, and old values fade: at this many, every count is halved.</summary>
    private const int MostCounted = 60_000;

    private fixed ushort _counts[Cells];
    private int _top;
    private ushort _total;
    private byte _hasTop;

    internal double Step(double value)
    {
        if (!(value > 0))
        {
            Count(0);
            return 0;
        }

        double position = 4 * Math.Log2(value);
        double floor = Math.Floor(position);
        int cell = (int)floor;
        double surprise = _total < 20 ? 0 : Surprise(position, cell);
        if (_hasTop == 0)
        {
            _hasTop = 1;
            _top = cell;
        }
        else if (cell > _top)
        {
            Raise(cell - _top);
            _top = cell;
        }

        Count(Math.Max(0, cell - _top + Top));
        return surprise;
    }

    private double Surprise(double position, int cell)
    {
        if (_hasTop == 0)
        {
            return (Log10Of2 * Math.Log2(_total + 1)) + 0.3;
        }

        if (cell > _top)
        {
            return (Log10Of2 * Math.Log2(2.0 * (_total + 1))) + (CellCost * (position - (_top + 1)));
        }

        int at = cell - _top + Top;
        if (at < 0)
        {
            return 0;
        }

        int above = 0;
        for (int i = at + 1; i < Cells; i++)
        {
            above += _counts[i];
        }

        double share = at == 0 ? 1 : 1 - (position - cell);
        return -Log10Of2 * Math.Log2((above + (share * _counts[at]) + 0.5) / (_total + 1));
    }

    /// <summary>A new largest value: every cell moves down, and what falls off is gathered in the lowest.</summary>
    private void Raise(int by)
    {
        int fallen = 0;
        for (int i = 0; i < Math.Min(by, Cells); i++)
        {
            fallen += _counts[i];
        }

        for (int i = 0; i < Cells; i++)
        {
            _counts[i] = i + (long)by < Cells ? _counts[i + by] : (ushort)0;
        }

        _counts[0] = (ushort)Math.Min(ushort.MaxValue, _counts[0] + fallen);
    }

    private void Count(int cell)
    {
        _counts[cell]++;
        if (++_total < MostCounted)
        {
            return;
        }

        int total = 0;
        for (int i = 0; i < Cells; i++)
        {
            _counts[i] /= 2;
            total += _counts[i];
        }

        _total = (ushort)total;
    }
}
