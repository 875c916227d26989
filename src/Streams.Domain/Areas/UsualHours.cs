using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

/// <summary>
/// What a figure was in the last hours of the same kind: for each hour of a working day and of a day of the weekend, in local time, the last six, as
/// 16-bit floats, half a kilobyte in all. An hour counts once it is over, as the mean of its windows.
/// </summary>
internal sealed class UsualHours
{
    private const int Kept = 6;
    private const int HoursOfDay = 24;
    private const int Slots = 2 * HoursOfDay;
    private const long HourInMs = 3_600_000;

    /// <summary>Fewer are no habit.</summary>
    private const int Fewest = 3;

    private readonly ushort[] _values = new ushort[Slots * Kept];
    private readonly byte[] _counts = new byte[Slots];
    private long _hour = long.MinValue;
    private double _sum;
    private int _windows;

    /// <summary>A window closed. Those of an earlier hour come too late to matter; so do those of the hour that comes twice when summer ends.</summary>
    public void Note(long startInMs, TimeZoneInfo zone, double value)
    {
        long hour = HourOf(startInMs, zone);
        if (hour < _hour || !double.IsFinite(value))
        {
            return;
        }

        if (hour > _hour && _windows > 0)
        {
            Keep(SlotOf(_hour), _sum / _windows);
            (_sum, _windows) = (0, 0);
        }

        _hour = hour;
        _sum += value;
        _windows++;
    }

    /// <summary>The median of the earlier hours of this kind, of all days where working days or the weekend alone are too few; null where both are.</summary>
    public Usual? At(long startInMs, TimeZoneInfo zone)
    {
        int slot = SlotOf(HourOf(startInMs, zone));
        Span<double> values = stackalloc double[2 * Kept];
        int count = Copy(slot, values);
        if (count < Fewest)
        {
            count += Copy((slot + HoursOfDay) % Slots, values[count..]);
        }

        if (count < Fewest)
        {
            return null;
        }

        values = values[..count];
        double median = MedianOf(values);
        foreach (ref double value in values)
        {
            value = Math.Abs(value - median);
        }

        return new Usual(median, 1.4826 * MedianOf(values), count);
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Signed(_hour);
        writer.Double(_sum);
        writer.Unsigned((ulong)_windows);
        for (int slot = 0; slot < Slots; slot++)
        {
            writer.Byte(_counts[slot]);
            for (int i = 0; i < Math.Min((int)_counts[slot], Kept); i++)
            {
                writer.Byte((byte)_values[(slot * Kept) + i]);
                writer.Byte((byte)(_values[(slot * Kept) + i] >> 8));
            }
        }
    }

    public void Restore(ref SnapshotReader reader)
    {
        _hour = reader.Signed();
        _sum = reader.Double();
        _windows = reader.Count(int.MaxValue);
        for (int slot = 0; slot < Slots; slot++)
        {
            _counts[slot] = reader.Byte();
            for (int i = 0; i < Math.Min((int)_counts[slot], Kept); i++)
            {
                _values[(slot * Kept) + i] = (ushort)(reader.Byte() | (reader.Byte() << 8));
            }
        }
    }

    private void Keep(int slot, double value)
    {
        _values[(slot * Kept) + (_counts[slot] % Kept)] = Packed(value);

        // Goes on counting round and round, since the count says which value is the oldest.
        _counts[slot] = (byte)(_counts[slot] + 1 < 2 * Kept ? _counts[slot] + 1 : Kept);
    }

    private int Copy(int slot, Span<double> into)
    {
        int count = Math.Min((int)_counts[slot], Kept);
        for (int i = 0; i < count; i++)
        {
            into[i] = Unpacked(_values[(slot * Kept) + i]);
        }

        return count;
    }

    /// <summary>The upper half of a float: exact to 0.4 %, as far up as floats go.</summary>
    private static ushort Packed(double value)
    {
        uint bits = BitConverter.SingleToUInt32Bits((float)Math.Clamp(value, -1e38, 1e38));
        return (ushort)((bits + 0x8000) >> 16);
    }

    private static double Unpacked(ushort packed) => BitConverter.UInt32BitsToSingle((uint)packed << 16);

    /// <summary>Sorts them.</summary>
    private static double MedianOf(Span<double> values)
    {
        values.Sort();
        int middle = values.Length / 2;
        return values.Length % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
    }

    private static long HourOf(long timeInMs, TimeZoneInfo zone)
    {
        DateTimeOffset time = DateTimeOffset.FromUnixTimeMilliseconds(Math.Max(0, timeInMs));
        return Math.Max(0, time.ToUnixTimeMilliseconds() + (long)zone.GetUtcOffset(time).TotalMilliseconds) / HourInMs;
    }

    private static int SlotOf(long hour)
    {
        // 1 January 1970 was a Thursday.
        int day = (int)(((hour / HoursOfDay) + 3) % 7);
        return (int)(hour % HoursOfDay) + (day >= 5 ? HoursOfDay : 0);
    }
}

/// <param name="Value">The median.</param>
/// <param name="Deviation">A standard deviation, from the median distance to the median.</param>
/// <param name="Hours">How many hours it rests on.</param>
internal readonly record struct Usual(double Value, double Deviation, int Hours)
{
    /// <summary>How far a value is from it in a word. Few hours show little of how much varies, so a tenth of the value is never out of the ordinary.</summary>
    public string Word(double value)
    {
        double distance = (value - Value) / Math.Max(Math.Max(Deviation, 0.05 * Math.Abs(Value)), 1e-6);
        return distance switch
        {
            > 5 => "very high",
            > 2 => "high",
            < -5 => "very low",
            < -2 => "low",
            _ => "usual",
        };
    }
}
