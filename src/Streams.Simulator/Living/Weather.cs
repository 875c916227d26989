using System.Collections.Immutable;
using Streams.Domain.Cities;

namespace Streams.Simulator.Living;

/// <summary>
/// The weather over a city as a function of time: the climate's year, the day's course by the sun, air masses that take days to pass, and rain
/// in events that bring their clouds and wind along. It stays within what is ordinary; extremes are for scenarios.
/// </summary>
internal sealed class Weather(City city, ulong seed)
{
    private const double HourInMs = 3_600_000;
    private const double DayInMs = 24 * HourInMs;

    /// <summary>At most one rain event begins in each of these.</summary>
    private const long RainSlotInMs = 8 * (long)HourInMs;

    private static readonly double DegreesToRadians = Math.PI / 180;

    private readonly Climate _climate = city.Climate;
    private readonly ulong _seed = Chance.Mix(seed, 1UL);

    /// <summary>How high the sun stands, in degrees; negative below the horizon. Good to about a degree.</summary>
    public double SunElevation(long timeInMs)
    {
        double days = timeInMs / DayInMs;
        double year = 2 * Math.PI * (days - 79.8) / 365.2422;
        double declination = 23.44 * DegreesToRadians * Math.Sin(year);
        double solarHour = ((days - Math.Floor(days)) * 24) + (city.Longitude / 15) - (0.127 * Math.Sin(2 * year)) - (0.123 * Math.Cos(year));
        double angle = (solarHour - 12) * 15 * DegreesToRadians;
        double latitude = city.Latitude * DegreesToRadians;
        return Math.Asin((Math.Sin(latitude) * Math.Sin(declination)) + (Math.Cos(latitude) * Math.Cos(declination) * Math.Cos(angle))) / DegreesToRadians;
    }

    /// <summary>Degrees Celsius, without the day's course: what a day is like as a whole.</summary>
    public double DayTemperature(long timeInMs) =>
        OfYear(_climate.Temperature, timeInMs)
        + (4.6 * Chance.Smooth(_seed ^ 0x11, timeInMs, 4.7 * DayInMs)) + (2.4 * Chance.Smooth(_seed ^ 0x12, timeInMs, 1.6 * DayInMs));

    public double AirTemperature(long timeInMs, double cloud)
    {
        double solarHour = ((timeInMs / DayInMs * 24) + (city.Longitude / 15)) % 24;
        double course = Math.Cos((solarHour - 15) / 24 * 2 * Math.PI);
        return DayTemperature(timeInMs)
            + (OfYear(_climate.DailySwing, timeInMs) / 2 * course * (1.3 - (0.6 * cloud)))
            + (0.5 * Chance.Smooth(_seed ^ 0x13, timeInMs, 0.7 * HourInMs));
    }

    /// <summary>0 to 1, such that the month has its hours of sunshine.</summary>
    public double Cloud(long timeInMs)
    {
        double clear = Math.Clamp(OfYear(_climate.Sunshine, timeInMs) / 365.0, 0.1, 0.9);
        double open = (1 - clear) + (0.8 * Chance.Smooth(_seed ^ 0x21, timeInMs, 15 * HourInMs)) + (0.3 * Chance.Smooth(_seed ^ 0x22, timeInMs, 2.3 * HourInMs));
        return Math.Clamp(Math.Max(open, 1.1 * RainShape(timeInMs, 2.5).Nearness), 0, 1);
    }

    /// <summary>Millimetres an hour.</summary>
    public double Rain(long timeInMs) => RainShape(timeInMs, 0).Intensity;

    /// <summary>Metres a second; never a storm.</summary>
    public double Wind(long timeInMs)
    {
        double front = RainShape(timeInMs, 3).Nearness;
        double tide = (0.7 * Chance.Smooth(_seed ^ 0x31, timeInMs, 31 * HourInMs)) + (0.35 * Chance.Smooth(_seed ^ 0x32, timeInMs, 3.1 * HourInMs));
        return Math.Min(13, (OfYear(_climate.Wind, timeInMs) * Math.Exp(tide) * (0.9 + (0.25 * Math.Max(0, Math.Sin(SunElevation(timeInMs) * DegreesToRadians))))) + (1.8 * front));
    }

    public double WindDirection(long timeInMs) => (720 + 240 + (150 * Chance.Smooth(_seed ^ 0x33, timeInMs, 26 * HourInMs)) + (25 * Chance.Smooth(_seed ^ 0x34, timeInMs, 2 * HourInMs))) % 360;

    /// <summary>Hectopascal at sea level.</summary>
    public double AirPressure(long timeInMs) =>
        1015 + (13 * Chance.Smooth(_seed ^ 0x41, timeInMs, 5.3 * DayInMs)) + (3 * Chance.Smooth(_seed ^ 0x42, timeInMs, 13 * HourInMs)) - (5 * RainShape(timeInMs, 5).Nearness);

    /// <summary>Percent.</summary>
    public double Humidity(long timeInMs, double temperature, double rain) =>
        Math.Clamp(
            74 - (2.6 * (temperature - DayTemperature(timeInMs))) + (0.5 * (12 - temperature)) + (9 * Chance.Smooth(_seed ^ 0x51, timeInMs, 21 * HourInMs)) + (14 * Math.Min(1, rain)),
            18, 99);

    /// <summary>W/m2 on the level: the clear sky's after Haurwitz (1945), less what clouds take after Kasten and Czeplak (1980).</summary>
    public static double Sun(double elevation, double cloud)
    {
        double height = Math.Sin(elevation * DegreesToRadians);
        return height <= 0 ? 0 : 1098 * height * Math.Exp(-0.057 / height) * (1 - (0.75 * Math.Pow(cloud, 3.4)));
    }

    /// <summary>A figure of the twelve months as it is on this day: each month's own in its middle, and in between on the way.</summary>
    internal static double OfYear(ImmutableArray<double> months, long timeInMs)
    {
        double at = (((timeInMs / DayInMs / 365.2425) % 1) * 12) - 0.5;
        int month = (int)Math.Floor(at);
        double part = at - month;
        return (months[(month + 12) % 12] * (1 - part)) + (months[(month + 1) % 12] * part);
    }

    /// <summary>
    /// The rain at this moment, and how near an event is: 1 within it, falling to 0 <paramref name="aroundInHours"/> before and after.
    /// Showers of warm months are short and hard, rain of cold ones long and soft.
    /// </summary>
    private (double Intensity, double Nearness) RainShape(long timeInMs, double aroundInHours)
    {
        double intensity = 0, nearness = 0;
        long slot = (long)Math.Floor((double)timeInMs / RainSlotInMs);
        for (long each = slot - 1; each <= slot + 1; each++)
        {
            ulong chance = Chance.Mix(_seed ^ 0x61, each);
            long slotStart = each * RainSlotInMs;
            double wetDays = Math.Clamp(OfYear(_climate.RainyDays, slotStart) / 30.4, 0.01, 0.97);
            double share = 1 - Math.Pow(1 - wetDays, 1.0 / 3);
            if (Chance.Even(chance) >= share)
            {
                continue;
            }

            double usual = OfYear(_climate.Rain, slotStart) / (30.4 * 3 * share);
            double depth = Math.Min(6 * usual, Math.Min(28, -usual * Math.Log(1 - Chance.Even(Chance.Mix(chance, 1UL)))));
            double warm = Math.Clamp((OfYear(_climate.Temperature, slotStart) - 8) / 12, 0, 1);
            double hours = Math.Min(7.5, 1.2 + (0.3 * depth)) * (1 - (0.5 * warm));
            double begins = slotStart + (Chance.Even(Chance.Mix(chance, 2UL)) * (RainSlotInMs - (hours * HourInMs)));
            double at = (timeInMs - begins) / (hours * HourInMs);
            if (at is >= 0 and <= 1)
            {
                double swell = Math.Sin(Math.PI * at);
                double gusts = 1 + (0.5 * Chance.Smooth(_seed ^ 0x62, timeInMs, 8 * 60_000));
                intensity = Math.Max(intensity, 2 * depth / hours * swell * swell * gusts);
                nearness = 1;
            }
            else if (aroundInHours > 0)
            {
                double away = (at < 0 ? -at : at - 1) * hours;
                nearness = Math.Max(nearness, 1 - (away / aroundInHours));
            }
        }

        return (intensity < 0.05 ? 0 : intensity, nearness);
    }
}
