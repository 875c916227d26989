using System.Text;

namespace Streams.Domain.Readings;

/// <summary>RFC 3339 date-times as UTF-8 bytes, to and from Unix milliseconds, without allocation.</summary>
public static class Rfc3339
{
    /// <summary>Length of what <see cref="Format(long, Span{byte})"/> writes: <c>2026-11-22T10:15:30.250Z</c>.</summary>
    public const int Length = 24;

    private const long MsPerDay = 86_400_000;

    /// <summary>The earliest time that can be written: year 1.</summary>
    private const long EarliestInMs = -62_135_596_800_000;

    private const long LatestInMs = 253_402_300_799_999;

    /// <summary>
    /// Reads <c>YYYY-MM-DDThh:mm:ss[.fraction](Z|+hh:mm|-hh:mm)</c>. Lower-case letters, a space for the T and any number of
    /// fraction digits are taken (beyond milliseconds they are cut off). A leap second counts as the second after it.
    /// A time without offset is refused: nobody knows when it was.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long unixMs)
    {
        unixMs = 0;
        if (text.Length < 20 || text[4] != '-' || text[7] != '-' || (text[10] | 0x20) is not ('t' or ' ') || text[13] != ':' || text[16] != ':')
        {
            return false;
        }

        int year = (Two(text, 0) * 100) + Two(text, 2);
        int month = Two(text, 5);
        int day = Two(text, 8);
        int hour = Two(text, 11);
        int minute = Two(text, 14);
        int second = Two(text, 17);

        // Two() answers a large negative number for anything but digits.
        if (year < 1 || Two(text, 2) < 0 || (uint)(month - 1) > 11 || day < 1 || day > DateTime.DaysInMonth(year, month)
            || (uint)hour > 23 || (uint)minute > 59 || (uint)second > 60 || (second == 60 && minute != 59))
        {
            return false;
        }

        int at = 19;
        int fraction = 0;
        if (text[at] == '.')
        {
            int digits = 0;
            for (at++; at < text.Length && (uint)(text[at] - '0') <= 9; at++, digits++)
            {
                if (digits < 3)
                {
                    fraction = (fraction * 10) + text[at] - '0';
                }
            }

            if (digits == 0)
            {
                return false;
            }

            for (; digits < 3; digits++)
            {
                fraction *= 10;
            }
        }

        if (!TryReadOffset(text[at..], out int offsetInMinutes))
        {
            return false;
        }

        unixMs = (DaysSinceEpoch(year, month, day) * MsPerDay)
            + ((((((hour * 60L) + minute - offsetInMinutes) * 60) + second) * 1000) + fraction);
        return true;
    }

    /// <summary>Writes UTC with milliseconds; times beyond the years 1 to 9999 are written as the nearest end.</summary>
    public static void Format(long unixMs, Span<byte> to)
    {
        unixMs = Math.Clamp(unixMs, EarliestInMs, LatestInMs);
        long days = Math.DivRem(unixMs, MsPerDay, out long ofDay);
        if (ofDay < 0)
        {
            days--;
            ofDay += MsPerDay;
        }

        CivilFromDays(days, out int year, out int month, out int day);
        WriteTwo(to, 0, year / 100);
        WriteTwo(to, 2, year % 100);
        to[4] = (byte)'-';
        WriteTwo(to, 5, month);
        to[7] = (byte)'-';
        WriteTwo(to, 8, day);
        to[10] = (byte)'T';
        int ms = (int)ofDay;
        WriteTwo(to, 11, ms / 3_600_000);
        to[13] = (byte)':';
        WriteTwo(to, 14, ms / 60_000 % 60);
        to[16] = (byte)':';
        WriteTwo(to, 17, ms / 1000 % 60);
        to[19] = (byte)'.';
        to[20] = (byte)('0' + (ms % 1000 / 100));
        WriteTwo(to, 21, ms % 100);
        to[23] = (byte)'Z';
    }

    public static string Format(long unixMs)
    {
        Span<byte> text = stackalloc byte[Length];
        Format(unixMs, text);
        return Encoding.ASCII.GetString(text);
    }

    private static bool TryReadOffset(ReadOnlySpan<byte> text, out int minutes)
    {
        minutes = 0;
        if (text.Length == 1)
        {
            return (text[0] | 0x20) == 'z';
        }

        if (text.Length != 6 || text[0] is not ((byte)'+' or (byte)'-') || text[3] != ':')
        {
            return false;
        }

        int hour = Two(text, 1);
        int minute = Two(text, 4);
        minutes = ((hour * 60) + minute) * (text[0] == '-' ? -1 : 1);
        return (uint)hour <= 23 && (uint)minute <= 59;
    }

    private static int Two(ReadOnlySpan<byte> text, int at)
    {
        int tens = text[at] - '0';
        int ones = text[at + 1] - '0';
        return (uint)tens <= 9 && (uint)ones <= 9 ? (tens * 10) + ones : -100_000;
    }

    private static void WriteTwo(Span<byte> to, int at, int value)
    {
        to[at] = (byte)('0' + (value / 10));
        to[at + 1] = (byte)('0' + (value % 10));
    }

    /// <summary>Days since 1970-01-01 in the Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms").</summary>
    private static long DaysSinceEpoch(int year, int month, int day)
    {
        int y = month <= 2 ? year - 1 : year;
        int era = y / 400;
        int yearOfEra = y - (era * 400);
        int dayOfYear = (((153 * (month + (month > 2 ? -3 : 9))) + 2) / 5) + day - 1;
        int dayOfEra = (yearOfEra * 365) + (yearOfEra / 4) - (yearOfEra / 100) + dayOfYear;
        return (era * 146_097L) + dayOfEra - 719_468;
    }

    private static void CivilFromDays(long days, out int year, out int month, out int day)
    {
        days += 719_468;
        int era = (int)(days / 146_097);
        int dayOfEra = (int)(days - (era * 146_097L));
        int yearOfEra = (dayOfEra - (dayOfEra / 1460) + (dayOfEra / 36_524) - (dayOfEra / 146_096)) / 365;
        int dayOfYear = dayOfEra - ((365 * yearOfEra) + (yearOfEra / 4) - (yearOfEra / 100));
        int shifted = ((5 * dayOfYear) + 2) / 153;
        day = dayOfYear - (((153 * shifted) + 2) / 5) + 1;
        month = shifted < 10 ? shifted + 3 : shifted - 9;
        year = yearOfEra + (era * 400) + (month <= 2 ? 1 : 0);
    }
}
