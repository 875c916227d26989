namespace Streams.Simulator.Living;

/// <summary>What kind of day it is, for the ways of people.</summary>
internal enum DayKind
{
    Workday,
    Saturday,
    Sunday,
}

/// <summary>A moment in the city's local time.</summary>
/// <param name="Day">Whole local days since 2020-01-01.</param>
/// <param name="Hour">0 to 24 since local midnight; a day of 23 or 25 hours is stretched to 24.</param>
internal readonly record struct LocalMoment(long TimeInMs, int Day, double Hour)
{
    private static readonly DateOnly Origin = new(2020, 1, 1);

    /// <summary>2020-01-01 was a Wednesday.</summary>
    public DayKind Kind => KindOf(Day);

    public int DayOfYear => Origin.AddDays(Day).DayOfYear;

    public static DayKind KindOf(int day) => ((day + 2) % 7) switch { 5 => DayKind.Saturday, 6 => DayKind.Sunday, _ => DayKind.Workday };

    public static int DayOf(DateTime local) => DateOnly.FromDateTime(local).DayNumber - Origin.DayNumber;

    public static DateTime MidnightOf(int day) => Origin.AddDays(day).ToDateTime(TimeOnly.MinValue);
}

/// <summary>Local time of a city. Remembers the day it was last asked for, as nearly every question is about the same one.</summary>
internal sealed class CityClock(TimeZoneInfo zone)
{
    private int _day;
    private long _fromInMs = long.MaxValue;
    private long _untilInMs = long.MinValue;

    public LocalMoment At(long timeInMs)
    {
        if (timeInMs < _fromInMs || timeInMs >= _untilInMs)
        {
            _day = Math.Max(0, LocalMoment.DayOf(TimeZoneInfo.ConvertTimeFromUtc(DateTimeOffset.FromUnixTimeMilliseconds(timeInMs).UtcDateTime, zone)));
            _fromInMs = StartOf(_day);
            _untilInMs = StartOf(_day + 1);
        }

        return new LocalMoment(timeInMs, _day, 24.0 * (timeInMs - _fromInMs) / (_untilInMs - _fromInMs));
    }

    /// <summary>Unix milliseconds of local midnight; of the first moment after it where clocks go forward just then.</summary>
    public long StartOf(int day)
    {
        DateTime midnight = LocalMoment.MidnightOf(day);
        while (zone.IsInvalidTime(midnight))
        {
            midnight = midnight.AddMinutes(30);
        }

        return new DateTimeOffset(midnight, zone.GetUtcOffset(midnight)).ToUnixTimeMilliseconds();
    }
}
