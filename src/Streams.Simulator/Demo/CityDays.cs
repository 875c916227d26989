namespace Streams.Simulator.Demo;

/// <summary>
/// What happens in the demo city: how a day goes, and the story of its first three days. All of it is a function of time, so
/// every device sees the same morning and the same storm. Hours are local (UTC+1) and count from the start of the story's first day.
/// </summary>
/// <remarks>
/// Day 1 is ordinary. Day 2: a storm over midday lifts the river, a crowd fills the centre in the evening, a car park's counter freezes in
/// the first hours and a noise meter is silent through the afternoon. Day 3: fine particles rise from the early morning, most at Gresilles.
/// After that every day is ordinary.
/// </remarks>
internal sealed class CityDays(long startInMs)
{
    private const double HourInMs = 3_600_000;
    private const double LocalOffsetInHours = 1;

    /// <summary>Hours since local midnight of the first day; grows without end.</summary>
    public double HourOf(long timeInMs) => (timeInMs - startInMs) / HourInMs;

    /// <summary>Event time at which the story begins, so that its three days are the three whole local days before <paramref name="nowInMs"/>.</summary>
    public static long StartBefore(long nowInMs)
    {
        double day = 24 * HourInMs;
        double localNow = nowInMs + (LocalOffsetInHours * HourInMs);
        return (long)((Math.Floor(localNow / day) - 3) * day - (LocalOffsetInHours * HourInMs));
    }

    /// <summary>0 at night to about 1 in the rush hours (8 and 17:30), some 0.6 between.</summary>
    public static double Bustle(double hour)
    {
        double h = hour % 24;
        return 0.06 + (0.5 * Hill(h, 13, 4.5)) + (0.65 * Hill(h, 8, 1.1)) + (0.6 * Hill(h, 17.6, 1.5)) + (0.15 * Hill(h, 21, 1.8));
    }

    /// <summary>-1 before dawn to 1 in the middle of the afternoon.</summary>
    public static double Warmth(double hour) => Math.Cos(((hour % 24) - 15) / 24 * 2 * Math.PI);

    /// <summary>0 in the dark, 1 at noon.</summary>
    public static double Daylight(double hour) => Math.Max(0, Math.Sin(((hour % 24) - 7.5) / 9.5 * Math.PI) * ((hour % 24) is > 7.5 and < 17 ? 1 : 0));

    /// <summary>The pollution episode of day 3: 0 to 1, rising from 3:00, full from 8:00 to 19:00, gone by midnight.</summary>
    public static double Haze(double hour) => Plateau(hour, 51, 56, 67, 72);

    /// <summary>The storm of day 2, 10:00 to 15:00: 0 to 1.</summary>
    public static double Storm(double hour) => Plateau(hour, 33.5, 35, 38, 40);

    /// <summary>What the storm leaves in the river, hours later and for longer: 0 to 1.</summary>
    public static double Flood(double hour) => Plateau(hour, 36, 41, 44, 62);

    /// <summary>A crowd in the centre on the evening of day 2, 19:00 to 23:00.</summary>
    public static double Crowd(double hour) => Plateau(hour, 42.5, 43.5, 46, 47.5);

    private static double Hill(double at, double centre, double width) => Math.Exp(-(at - centre) * (at - centre) / (2 * width * width));

    private static double Plateau(double at, double from, double full, double until, double gone) =>
        at <= from || at >= gone ? 0 : at < full ? (at - from) / (full - from) : at <= until ? 1 : (gone - at) / (gone - until);
}
