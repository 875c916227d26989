namespace Streams.Simulator.Living;

/// <summary>How people's days go, by local hour and kind of day: each a curve over 24 hours, smooth over midnight.</summary>
internal static class Rhythm
{
    /// <summary>People out in public places; mean about 1 over a workday. In centres more of the evening.</summary>
    public static double People(DayKind day, double hour, double centre) => day switch
    {
        DayKind.Workday => 0.12 + (0.9 * Hill(hour, 8.2, 1.1)) + (1.5 * Hill(hour, 12.6, 1.6)) + (1.9 * Hill(hour, 17.7, 2.1)) + (0.9 * centre * Hill(hour, 21, 1.7)),
        DayKind.Saturday => 0.2 + (1.3 * Hill(hour, 11, 1.9)) + (2.3 * Hill(hour, 16, 2.5)) + (1.5 * centre * Hill(hour, 21.5, 2.2)),
        _ => 0.15 + (0.9 * Hill(hour, 11, 1.8)) + (1.5 * Hill(hour, 15.8, 2.4)) + (0.6 * centre * Hill(hour, 20, 1.9)),
    };

    /// <summary>Vehicles as a share of what roads carry.</summary>
    public static double Traffic(DayKind day, double hour) => day switch
    {
        DayKind.Workday => 0.04 + (0.5 * Hill(hour, 8.0, 0.95)) + (0.36 * Hill(hour, 12.5, 3)) + (0.46 * Hill(hour, 17.5, 1.35)) + (0.08 * Hill(hour, 21, 1.8)),
        DayKind.Saturday => 0.05 + (0.34 * Hill(hour, 11.2, 2.2)) + (0.36 * Hill(hour, 16.5, 2.6)) + (0.1 * Hill(hour, 22, 1.8)),
        _ => 0.04 + (0.2 * Hill(hour, 11.3, 2.3)) + (0.3 * Hill(hour, 17.5, 2.7)) + (0.05 * Hill(hour, 22, 1.8)),
    };

    /// <summary>Mean about 1 over a workday.</summary>
    public static double Cycling(DayKind day, double hour) => day == DayKind.Workday
        ? 0.06 + (3.2 * Hill(hour, 8.1, 0.8)) + (1.1 * Hill(hour, 12.5, 1.8)) + (3.0 * Hill(hour, 17.6, 1.3)) + (0.5 * Hill(hour, 20.5, 1.6))
        : 0.1 + (1.1 * Hill(hour, 11, 2)) + (1.8 * Hill(hour, 16, 2.6));

    /// <summary>Share of the places in buses and trams.</summary>
    public static double Riders(DayKind day, double hour) => day == DayKind.Workday
        ? 0.05 + (0.52 * Hill(hour, 7.9, 0.9)) + (0.22 * Hill(hour, 12.5, 2.4)) + (0.5 * Hill(hour, 17.4, 1.4)) + (0.1 * Hill(hour, 21, 1.8))
        : 0.05 + (0.2 * Hill(hour, 11, 2.2)) + (0.32 * Hill(hour, 16.5, 2.8)) + (0.1 * Hill(hour, 21.5, 1.8));

    /// <summary>Share of the spaces taken in a car park of a centre.</summary>
    public static double Parking(DayKind day, double hour) => day switch
    {
        DayKind.Workday => 0.16 + (0.42 * Hill(hour, 11, 2.4)) + (0.44 * Hill(hour, 15.5, 2.4)) + (0.12 * Hill(hour, 20.5, 1.8)),
        DayKind.Saturday => 0.18 + (0.36 * Hill(hour, 11, 2)) + (0.62 * Hill(hour, 16, 2.4)) + (0.28 * Hill(hour, 21, 2)),
        _ => 0.14 + (0.2 * Hill(hour, 12, 2.5)) + (0.26 * Hill(hour, 16.5, 2.6)),
    };

    /// <summary>Of homes and offices together; mean about 1.</summary>
    public static double Electricity(DayKind day, double hour) => day == DayKind.Workday
        ? 0.66 + (0.34 * Hill(hour, 8.5, 1.8)) + (0.4 * Hill(hour, 13, 3.2)) + (0.68 * Hill(hour, 19.3, 2))
        : 0.64 + (0.36 * Hill(hour, 11.5, 2.6)) + (0.2 * Hill(hour, 15, 2.6)) + (0.62 * Hill(hour, 19.4, 2.1));

    /// <summary>Mean about 1.</summary>
    public static double Water(DayKind day, double hour) => day == DayKind.Workday
        ? 0.28 + (1.7 * Hill(hour, 7.4, 1.1)) + (0.8 * Hill(hour, 12.5, 2.1)) + (1.3 * Hill(hour, 19.4, 1.9))
        : 0.28 + (1.5 * Hill(hour, 9.8, 1.7)) + (0.9 * Hill(hour, 13.5, 2.2)) + (1.1 * Hill(hour, 19.4, 2.1));

    /// <summary>Heating lowered by night and raised before people get up; mean about 1.</summary>
    public static double Heating(double hour) => 0.72 + (0.75 * Hill(hour, 7, 1.6)) + (0.5 * Hill(hour, 19, 2.8));

    /// <summary>Cooking and hot water; mean about 1.</summary>
    public static double Cooking(double hour) => 0.25 + (1.7 * Hill(hour, 7.4, 1)) + (1.5 * Hill(hour, 12.3, 1)) + (2.1 * Hill(hour, 19.2, 1.4));

    /// <summary>Cars that charge: at work by day, at home in the evening.</summary>
    public static double Charging(double hour) => 0.1 + (0.2 * Hill(hour, 10.5, 2)) + (0.34 * Hill(hour, 19.5, 2.6));

    /// <summary>Use of mobile networks as a share of their capacity.</summary>
    public static double Network(double hour) => 0.08 + (0.2 * Hill(hour, 12.5, 3.2)) + (0.27 * Hill(hour, 20, 3));

    /// <summary>What is thrown away; mean about 1.</summary>
    public static double Waste(double hour) => 0.2 + (1.5 * Hill(hour, 12.5, 2.8)) + (1.6 * Hill(hour, 19.2, 2.4));

    /// <summary>Offices and schools in use, 0 to 1.</summary>
    public static double Work(DayKind day, double hour) => day == DayKind.Workday ? Math.Clamp((1.25 * Hill(hour, 10.2, 1.9)) + (1.2 * Hill(hour, 15.2, 1.9)), 0, 1) : 0.04;

    /// <summary>A bell over the clock's circle, 1 at its centre.</summary>
    public static double Hill(double hour, double centre, double width)
    {
        double away = Math.Abs(hour - centre);
        away = away > 12 ? 24 - away : away;
        return Math.Exp(-away * away / (2 * width * width));
    }
}
