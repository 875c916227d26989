using Streams.Domain.Cities;

namespace Streams.Simulator.Living;

/// <summary>What counters count. One hour of mean use is 1, except where said otherwise.</summary>
internal enum Tally
{
    Electricity,
    Water,
    Gas,
    Heat,
    Waste,
    Vehicles,

    /// <summary>Hours of vehicles in service.</summary>
    Service,

    /// <summary>Hours of full street lighting.</summary>
    Light,

    /// <summary>Hours of full sun: kWh of each kW of solar panels.</summary>
    Sun,

    /// <summary>Waterings of green spaces.</summary>
    Watering,
}

/// <summary>
/// Sums of the city's rhythms since 2020, so that a meter's counter is a function of time like everything else: it goes on where it was after any
/// pause. A day as a whole follows its weather; within the day the sum follows the usual course.
/// </summary>
internal sealed class Tallies
{
    private const int Kinds = (int)Tally.Watering + 1;
    private const int Steps = 96;
    private const double HourInMs = 3_600_000;

    private readonly City _city;
    private readonly CityClock _clock;
    private readonly Weather _weather;
    private readonly List<double>[] _before = [.. Enumerable.Range(0, Kinds).Select(_ => new List<double> { 0 })];
    private readonly List<(float Up, float Down)> _sun = [];

    /// <summary>By kind and kind of day: the sum from midnight to each quarter of an hour, for a day of weight 1.</summary>
    private readonly double[][][] _course = new double[Kinds][][];

    public Tallies(City city, CityClock clock, Weather weather)
    {
        (_city, _clock, _weather) = (city, clock, weather);
        Course(Tally.Electricity, Rhythm.Electricity);
        Course(Tally.Water, Rhythm.Water);
        Course(Tally.Gas, static (_, hour) => (0.3 * Rhythm.Cooking(hour)) + (0.7 * Rhythm.Heating(hour)));
        Course(Tally.Heat, static (_, hour) => Rhythm.Heating(hour));
        Course(Tally.Waste, static (_, hour) => Rhythm.Waste(hour));
        Course(Tally.Vehicles, static (day, hour) => 4 * Rhythm.Traffic(day, hour));
        Course(Tally.Service, static (day, hour) => Service(hour));
        Course(Tally.Watering, static (_, hour) => hour is >= 5 and < 6 ? 1 : 0);
    }

    /// <summary>Hours of service a day: the area under <see cref="Service"/>.</summary>
    public const double ServiceHours = 18.15;

    /// <summary>1 while buses and trams are out: from about five in the morning to half past midnight.</summary>
    public static double Service(double hour) => hour is >= 5 and < 6 ? hour - 5 : hour is >= 6 and < 23 ? 1 : hour >= 23 ? 1 - (0.8 * (hour - 23)) : hour < 0.5 ? 0.2 - (0.4 * hour) : 0;

    /// <summary>Rises without end.</summary>
    public double At(Tally tally, int day, double hour)
    {
        Extend(day + 1);
        List<double> before = _before[(int)tally];
        double today = before[day + 1] - before[day];
        return before[day] + (today * Part(tally, day, Math.Clamp(hour, 0, 24)));
    }

    public double At(Tally tally, in LocalMoment at) => At(tally, at.Day, at.Hour);

    /// <summary>How fast it rises, an hour.</summary>
    public double Rate(Tally tally, in LocalMoment at)
    {
        const double Half = 0.25;
        double from = Math.Max(0, at.Hour - Half), to = Math.Min(24, at.Hour + Half);
        return (At(tally, at.Day, to) - At(tally, at.Day, from)) / (to - from);
    }

    /// <summary>Need for warmth: 1 is the mean of a year in a temperate city.</summary>
    public static double Cold(double temperature) => Math.Max(0, 16 - temperature) / 6.5;

    /// <summary>Need for electricity, which both cold and heat raise.</summary>
    public static double LoadOf(double temperature) => 0.92 + (0.014 * Math.Max(0, 15 - temperature)) + (0.035 * Math.Max(0, temperature - 24));

    private void Extend(int day)
    {
        for (int next = _sun.Count; next <= day; next++)
        {
            long noonInMs = _clock.StartOf(next) + (long)(12 * HourInMs);
            double temperature = _weather.DayTemperature(noonInMs);
            _sun.Add(SunTimes(next));
            DayKind kind = LocalMoment.KindOf(next);
            for (int each = 0; each < Kinds; each++)
            {
                double weight = (Tally)each switch
                {
                    Tally.Electricity => 24 * LoadOf(temperature) * (kind == DayKind.Workday ? 1.03 : 0.93),
                    Tally.Water => 24 * (1 + (0.02 * Math.Max(0, temperature - 16))),
                    Tally.Gas => 24 * (0.25 + (0.75 * Cold(temperature))),
                    Tally.Heat => 24 * (0.12 + (0.88 * Cold(temperature))),
                    Tally.Waste => 24 * (kind == DayKind.Sunday ? 0.85 : 1.03),
                    Tally.Vehicles => 24 * (kind switch { DayKind.Workday => 1.1, DayKind.Saturday => 0.85, _ => 0.6 }),
                    Tally.Service => ServiceHours,
                    Tally.Light => Lit(_sun[next], 24),
                    Tally.Sun => SunHours(next, noonInMs),
                    Tally.Watering => temperature > 15 && _weather.Cloud(noonInMs) < 0.9 ? 1 : 0,
                    _ => 0,
                };
                _before[each].Add(_before[each][next] + weight);
            }
        }
    }

    private double Part(Tally tally, int day, double hour)
    {
        switch (tally)
        {
            case Tally.Light:
                return Lit(_sun[day], hour) / Math.Max(0.1, Lit(_sun[day], 24));
            case Tally.Sun:
                (float up, float down) = _sun[day];
                return hour <= up ? 0 : hour >= down ? 1 : (1 - Math.Cos(Math.PI * (hour - up) / (down - up))) / 2;
            default:
                double[] course = _course[(int)tally][(int)LocalMoment.KindOf(day)];
                double at = hour / 24 * Steps;
                int step = Math.Min(Steps - 1, (int)at);
                return course[step] + ((course[step + 1] - course[step]) * (at - step));
        }
    }

    private void Course(Tally tally, Func<DayKind, double, double> curve) => _course[(int)tally] =
    [
        .. Enum.GetValues<DayKind>().Select(day =>
        {
            var sums = new double[Steps + 1];
            for (int step = 0; step < Steps; step++)
            {
                sums[step + 1] = sums[step] + curve(day, (step + 0.5) * 24 / Steps);
            }

            return sums.Select(sum => sum / sums[Steps]).ToArray();
        }),
    ];

    /// <summary>Hours of full lighting from midnight on; half of the light from 23:00 to 5:00.</summary>
    private static double Lit((float Up, float Down) sun, double hour)
    {
        double Between(double from, double to) => Math.Max(0, Math.Min(hour, to) - Math.Max(0, from));
        double dark = Between(0, sun.Up) + Between(sun.Down, 24);
        double dimmed = Between(0, Math.Min(5, sun.Up)) + Between(Math.Max(23, sun.Down), 24);
        return dark - (dimmed / 2);
    }

    /// <summary>Local hours at which street lights go off and on: the sun a degree and a half below the horizon.</summary>
    private (float Up, float Down) SunTimes(int day)
    {
        long midnight = _clock.StartOf(day);
        double latitude = _city.Latitude * Math.PI / 180;
        double noonHeight = double.MinValue, noon = 12;
        for (double hour = 9; hour <= 16; hour += 0.25)
        {
            double height = _weather.SunElevation(midnight + (long)(hour * HourInMs));
            (noonHeight, noon) = height > noonHeight ? (height, hour) : (noonHeight, noon);
        }

        // Both from the height at noon, which is 90 degrees less latitude, plus declination.
        double declination = _city.Latitude >= 0 ? ((noonHeight - 90) * Math.PI / 180) + latitude : ((90 - noonHeight) * Math.PI / 180) + latitude;
        double cosine = (Math.Sin(-1.5 * Math.PI / 180) - (Math.Sin(latitude) * Math.Sin(declination))) / (Math.Cos(latitude) * Math.Cos(declination));
        double half = Math.Acos(Math.Clamp(cosine, -1, 1)) * 12 / Math.PI;
        return ((float)Math.Max(0, noon - half), (float)Math.Min(24, noon + half));
    }

    private double SunHours(int day, long noonInMs)
    {
        double sum = 0;
        for (int hours = -7; hours <= 7; hours++)
        {
            long at = noonInMs + (long)(hours * HourInMs);
            sum += Weather.Sun(_weather.SunElevation(at), 0) / 1000;
        }

        return sum * (1 - (0.6 * Math.Pow((_weather.Cloud(noonInMs) + _weather.Cloud(noonInMs + (3 * (long)HourInMs))) / 2, 2)));
    }
}
