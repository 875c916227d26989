using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Streams.Domain.Windows;

/// <summary>A run of counters with consecutive indices, of 1, 2, 4 or 8 bytes each: the widest count decides.</summary>
[StructLayout(LayoutKind.Auto)]
internal struct SketchBins
{
    internal const int MostBins = 1024;

    /// <summary>Fits a short; stands for 1e284.</summary>
    internal const int HighestIndex = 32_700;

    private const int LowestIndex = -32_700;

    private byte[]? _bins;
    private short _low;
    private byte _widthShift;
    private bool _used;

    internal readonly bool IsEmpty => !_used;

    internal readonly int SizeInBytes => _bins is null ? 0 : 24 + _bins.Length;

    private readonly int Capacity => _bins is null ? 0 : _bins.Length >> _widthShift;

    internal void Add(int index, long count)
    {
        int at = index - _low;
        if (_used && _widthShift == 0 && count == 1 && (uint)at < (uint)_bins!.Length && _bins[at] != byte.MaxValue)
        {
            _bins[at]++;
            return;
        }

        AddSlowly(index, count);
    }

    internal void Merge(in SketchBins other)
    {
        if (!other._used)
        {
            return;
        }

        other.Extent(out int low, out int high);
        Reserve(low, high);
        for (int index = low; index <= high; index++)
        {
            long count = other.Read(index - other._low);
            if (count > 0)
            {
                AddSlowly(index, count);
            }
        }
    }

    internal void Clear()
    {
        if (_used)
        {
            // Counters stay as wide as they had to be: the next window of this size will need it again.
            Array.Clear(_bins!);
            _used = false;
        }
    }

    internal readonly long Total() => TotalFrom(_low);

    /// <summary>Of this bin and all above it.</summary>
    internal readonly long TotalFrom(int index)
    {
        long total = 0;
        int lowest = Math.Max(0, index - _low);
        for (int at = _used ? Capacity - 1 : -1; at >= lowest; at--)
        {
            total += Read(at);
        }

        return total;
    }

    /// <summary>The bin that holds the value of this rank, counted from the lowest bin.</summary>
    internal readonly int IndexAtRank(long rank)
    {
        int last = Capacity - 1;
        for (int at = 0; at < last; at++)
        {
            rank -= Read(at);
            if (rank < 0)
            {
                return _low + at;
            }
        }

        return _low + last;
    }

    internal readonly void Encode(SnapshotWriter writer)
    {
        if (!_used)
        {
            writer.Unsigned(0);
            return;
        }

        Extent(out int low, out int high);
        writer.Unsigned((ulong)(high - low + 1));
        writer.Signed(low);
        for (int index = low; index <= high; index++)
        {
            long count = Read(index - _low);
            writer.Unsigned((ulong)count);
            if (count == 0)
            {
                // Runs of empty bins are as long as a device's values are apart: one number for a run.
                int run = 1;
                while (Read(index + run - _low) == 0)
                {
                    run++;
                }

                writer.Unsigned((ulong)run);
                index += run - 1;
            }
        }
    }

    internal void Decode(ref SnapshotReader reader)
    {
        int span = reader.Count(MostBins);
        if (span == 0)
        {
            return;
        }

        long low = reader.Signed();
        if (low < LowestIndex || low + span - 1 > HighestIndex)
        {
            reader.Fail();
            return;
        }

        bool reserved = false;
        for (int at = 0; at < span && !reader.Failed; at++)
        {
            ulong count = reader.Unsigned();
            if (count == 0)
            {
                // The first bin always counts something, and a run is at least 1 long.
                int run = reader.Count(span);
                at += run - 1;
                if (!reserved || run == 0)
                {
                    reader.Fail();
                }
            }
            else if (count <= long.MaxValue / 2)
            {
                if (!reserved)
                {
                    Reserve((int)low, (int)low + span - 1);
                    reserved = true;
                }

                AddSlowly((int)low + at, (long)count);
            }
            else
            {
                reader.Fail();
            }
        }
    }

    internal readonly void Prefetch()
    {
        if (_bins is { Length: > 0 } bins)
        {
            CacheLines.Prefetch(ref MemoryMarshal.GetArrayDataReference(bins), 1);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddSlowly(int index, long count)
    {
        if (!_used || index < _low || index >= _low + Capacity)
        {
            Reserve(index, index);
        }

        int at = Math.Max(0, index - _low);
        long sum = Read(at) + count;
        while (_widthShift < 3 && sum >> (8 << _widthShift) != 0)
        {
            Widen();
        }

        Write(at, sum);
    }

    /// <summary>Makes room for these indices beside those in use; what would fall below the most bins allowed is gathered in the lowest.</summary>
    private void Reserve(int low, int high)
    {
        if (!_used)
        {
            // Nothing to keep: lay the run around the newcomer, with the memory already there if it suffices.
            if (Capacity < high - low + 1)
            {
                _bins = new byte[RoomFor(high - low + 1) << _widthShift];
            }

            _low = (short)Math.Clamp(((low + high) / 2) - (Capacity / 2), LowestIndex, HighestIndex - Capacity + 1);
            _used = true;
            return;
        }

        int oldLow = _low;
        int oldHigh = _low + Capacity - 1;
        if (low >= oldLow && high <= oldHigh)
        {
            return;
        }

        // Only what is really counted has to move along; the slack around it does not.
        Extent(out int usedLow, out int usedHigh);
        int newHigh = Math.Max(usedHigh, high);
        int newLow = Math.Max(Math.Min(usedLow, low), newHigh - MostBins + 1);
        if (newLow >= oldLow && newHigh <= oldHigh)
        {
            return;
        }

        bool fits = newHigh - newLow < Capacity;
        int capacity = fits ? Capacity : RoomFor(newHigh - newLow + 1);

        // The slack goes to the side that grew: a series that climbs goes on climbing.
        int slack = capacity - (newHigh - newLow + 1);
        int start = high > usedHigh ? newLow : newLow - slack;
        start = Math.Clamp(start, LowestIndex, HighestIndex - capacity + 1);
        if (fits && newLow <= usedLow)
        {
            Shift(usedLow, usedHigh, start);
            return;
        }

        SketchBins old = this;
        _bins = new byte[capacity << _widthShift];
        _low = (short)start;
        for (int index = usedLow; index <= usedHigh; index++)
        {
            long count = old.Read(index - old._low);
            if (count > 0)
            {
                AddSlowly(Math.Max(index, newLow), count);
            }
        }
    }

    /// <summary>Moves the counts within the same memory, so that the first bin stands for another index.</summary>
    private void Shift(int usedLow, int usedHigh, int start)
    {
        int from = (usedLow - _low) << _widthShift;
        int to = (usedLow - start) << _widthShift;
        int length = (usedHigh - usedLow + 1) << _widthShift;
        Span<byte> bins = _bins;
        bins.Slice(from, length).CopyTo(bins[to..]);
        bins[..to].Clear();
        bins[(to + length)..].Clear();
        _low = (short)start;
    }

    /// <summary>Rounded up to 8 with an eighth to spare: exact fits would be copied at every new extreme.</summary>
    private static int RoomFor(int span)
    {
        int room = (span + (span / 8) + 8) & ~7;
        return Math.Min(MostBins, Math.Max(room, span));
    }

    /// <summary>First and last index with a count. Only for bins in use.</summary>
    private readonly void Extent(out int low, out int high)
    {
        int first = 0;
        int last = Capacity - 1;
        while (first < last && Read(first) == 0)
        {
            first++;
        }

        while (last > first && Read(last) == 0)
        {
            last--;
        }

        low = _low + first;
        high = _low + last;
    }

    private void Widen()
    {
        SketchBins old = this;
        int capacity = Capacity;
        _widthShift++;
        _bins = new byte[capacity << _widthShift];
        for (int at = 0; at < capacity; at++)
        {
            Write(at, old.Read(at));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private readonly long Read(int at)
    {
        Debug.Assert((uint)at < (uint)Capacity, "bin out of range");
        byte[] bins = _bins!;
        return _widthShift switch
        {
            0 => bins[at],
            1 => MemoryMarshal.Cast<byte, ushort>(bins)[at],
            2 => MemoryMarshal.Cast<byte, uint>(bins)[at],
            _ => MemoryMarshal.Cast<byte, long>(bins)[at],
        };
    }

    private readonly void Write(int at, long count)
    {
        byte[] bins = _bins!;
        switch (_widthShift)
        {
            case 0:
                bins[at] = (byte)count;
                break;
            case 1:
                MemoryMarshal.Cast<byte, ushort>(bins.AsSpan())[at] = (ushort)count;
                break;
            case 2:
                MemoryMarshal.Cast<byte, uint>(bins.AsSpan())[at] = (uint)count;
                break;
            default:
                MemoryMarshal.Cast<byte, long>(bins.AsSpan())[at] = count;
                break;
        }
    }
}
