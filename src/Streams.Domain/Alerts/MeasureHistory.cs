using System.Runtime.InteropServices;
using Streams.Domain.Windows;

namespace Streams.Domain.Alerts;

/// <summary>
/// The values of an area's last windows, in order, for what is usual and for trends. Only windows with data are in it, so a gap
/// is nothing and not zero.
/// </summary>
internal sealed class MeasureHistory
{
    private const long HourInMs = 3_600_000;
    private const int HoursOfWeek = 168;

    private readonly List<(long StartInMs, double Value)> _windows = [];

    public int Count => _windows.Count;

    /// <summary>Puts in a window's value or replaces it; the oldest beyond <paramref name="most"/> goes.</summary>
    public void Set(long startInMs, double value, int most)
    {
        int at = IndexAtOrAfter(startInMs);
        if (at < _windows.Count && _windows[at].StartInMs == startInMs)
        {
            _windows[at] = (startInMs, value);
            return;
        }

        _windows.Insert(at, (startInMs, value));
        if (_windows.Count > most)
        {
            // In one go now and then: taking one from the front of a list moves all the others.
            _windows.RemoveRange(0, 1 + (most / 16));
        }
    }

    /// <summary>Forgets a window that turned out not to be trusted.</summary>
    public void Remove(long startInMs)
    {
        int at = IndexAtOrAfter(startInMs);
        if (at < _windows.Count && _windows[at].StartInMs == startInMs)
        {
            _windows.RemoveAt(at);
        }
    }

    /// <summary>The windows that end with this one and begin less than <paramref name="over"/> lengths before its end, oldest first.</summary>
    public ReadOnlySpan<(long StartInMs, double Value)> Recent(long startInMs, WindowSize size, int over)
    {
        int from = IndexAtOrAfter(startInMs - ((over - 1) * size.LengthInMs()));
        return CollectionsMarshal.AsSpan(_windows)[from..IndexAtOrAfter(startInMs + 1)];
    }

    /// <summary>Values of the earlier windows that are comparable with one that starts here, oldest first.</summary>
    /// <param name="hour">How many hours earlier or later in its cycle, or null for the same hour and both its neighbours.</param>
    public void Comparable(long startInMs, long sinceInMs, long beforeInMs, UsualTime at, int? hour, List<double> into)
    {
        foreach ((long start, double value) in CollectionsMarshal.AsSpan(_windows)[IndexAtOrAfter(sinceInMs)..])
        {
            if (start >= beforeInMs)
            {
                return;
            }

            if (IsComparable(start, startInMs, at, hour))
            {
                into.Add(value);
            }
        }
    }

    /// <summary>The last windows up to this one, oldest first.</summary>
    public ReadOnlySpan<(long StartInMs, double Value)> Last(long startInMs, int count)
    {
        int end = IndexAtOrAfter(startInMs + 1);
        int from = Math.Max(0, end - count);
        return CollectionsMarshal.AsSpan(_windows)[from..end];
    }

    /// <summary>Starts as distances from the one before, in windows' lengths; values exact.</summary>
    public void Save(SnapshotWriter writer)
    {
        writer.Unsigned((ulong)_windows.Count);
        long before = 0;
        foreach ((long start, double value) in _windows)
        {
            writer.Signed((start - before) / 60_000);
            writer.Number(value);
            before = start;
        }
    }

    public void Restore(ref SnapshotReader reader)
    {
        int count = reader.Count(1 << 16);
        long start = 0;
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            start += reader.Signed() * 60_000;
            _windows.Add((start, reader.Number()));
        }
    }

    private static bool IsComparable(long startInMs, long withInMs, UsualTime at, int? hour)
    {
        int cycle = at switch
        {
            UsualTime.HourOfDay => 24,
            UsualTime.HourOfWeek => HoursOfWeek,
            _ => 0,
        };
        if (cycle == 0)
        {
            return true;
        }

        long apart = ((Math.Max(0, startInMs) / HourInMs) - (Math.Max(0, withInMs) / HourInMs)) % cycle;
        apart = apart < 0 ? apart + cycle : apart;
        int distance = (int)Math.Min(apart, cycle - apart);
        return hour is null ? distance <= 1 : distance == Math.Abs(hour.Value) && (distance == 0 || apart == (hour > 0 ? 1 : cycle - 1));
    }

    private int IndexAtOrAfter(long startInMs)
    {
        int low = 0;
        int high = _windows.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (_windows[middle].StartInMs < startInMs)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
