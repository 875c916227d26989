using Streams.Domain.Cities;

namespace Streams.Simulator.Living.Models;

/// <summary>Waters, water networks and green spaces.</summary>
internal static class WaterModels
{
    public static readonly DeviceModel[] All =
    [
        // The bank above the mean level in metres; the mean level, the mean flow in m3/s (0 for still waters), the tide's height from mean to high in metres.
        new("water_level_gauge", Gauge, [("bank", 2.2), ("mean_level", 0.7), ("mean_flow", 0), ("tide", 0)], Notices: [CityQuantity.RiverLevel]),
        new("water_meter", Meter, [("annual_use", 110)], Notices: [CityQuantity.WaterLeak]),
        new("water_main_sensor", Main, [("usual_flow", 120)], Notices: [CityQuantity.WaterPressure]),
        new("soil_moisture_sensor", Soil, []),
        new("irrigation_valve", Valve, [("usual_flow", 45)]),
    ];

    private static byte Gauge(ReadingDraft to)
    {
        double bank = to.Figure(0), mean = to.Figure(1), flow = to.Figure(2);
        double fill = to.Sense(CityQuantity.RiverLevel) * (0.92 + (0.16 * to.Own(1)));
        if (to.Figure(3) is > 0 and var tide)
        {
            // The moon's half day, springs and neaps.
            double hours = to.TimeInMs / 3_600_000.0;
            double spring = 1 + (0.3 * Math.Cos(2 * Math.PI * hours / (14.765 * 24)));
            fill += 100 * tide * 0.75 * spring * Math.Cos(2 * Math.PI * ((hours / 12.4206) + (0.02 * to.Own(2)))) / bank;
        }

        double level = mean + (bank * fill / 100) + (0.006 * to.Noise());
        to.Number("water_level"u8, level, 3, -19, 49);
        to.Number("bank_fill"u8, fill + (0.2 * to.Noise()), 1, -99, 390);
        if (flow > 0)
        {
            to.Number("flow"u8, flow * Math.Pow(Math.Max(0.15, 1 + (fill / 45)), 1.6) * (1 + (0.02 * to.Noise())), 2, 0, 19_000);
        }

        // Over the bank, and again with every further quarter.
        return fill < 100 ? Condition.Well : (byte)(Condition.Alarm + Math.Min(8, (int)((fill - 100) / 25)));
    }

    private static byte Meter(ReadingDraft to)
    {
        double annual = to.Figure(0) * (0.4 + (1.2 * to.Own(1)));
        double anHour = annual / 8766;
        bool leaks = to.Own(2) < to.Sense(CityQuantity.WaterLeak);
        to.Counter("volume"u8, to.Counted(Tally.Water) * anHour, 3);

        // Taps are open or shut; what the counter shows is the mean of it.
        bool open = to.Even() < 0.3;
        to.Number("flow"u8, (open ? to.Sense(CityQuantity.WaterDemand) * anHour / 0.3 * (0.6 + (0.8 * to.Even())) : 0) + (leaks ? 0.35 : 0), 3, 0, 900);
        to.Flag("leak"u8, leaks);
        return leaks ? Condition.Alarm : Condition.Well;
    }

    private static byte Main(ReadingDraft to)
    {
        double pressure = to.Sense(CityQuantity.WaterPressure) * (0.93 + (0.14 * to.Own(1)));

        // A burst draws water: pressure falls where flow rises.
        double flow = to.Figure(0) * (0.7 + (0.6 * to.Own(2))) * (to.Sense(CityQuantity.WaterDemand) + (2.5 * Math.Max(0, (3.2 - pressure) / 3.2)));
        to.Number("pressure"u8, pressure + (0.03 * to.Noise()), 2, 0, 39);
        to.Number("flow"u8, flow * (1 + (0.02 * to.Noise())), 1, 0, 19_000);
        return pressure < 1.5 ? Condition.Alarm : Condition.Well;
    }

    private static byte Soil(ReadingDraft to)
    {
        to.Number("soil_moisture"u8, to.Sense(CityQuantity.SoilMoisture) + (8 * (to.Own(1) - 0.5)) + (0.15 * to.Noise()), 1, 1, 70);
        to.Number("soil_temperature"u8, (0.75 * to.Sense(CityQuantity.AirTemperature)) + 3 + (0.1 * to.Noise()), 1, -28, 55);
        to.Number("battery_voltage"u8, 3.45 + (0.1 * to.Own(2)) + (0.008 * to.Noise()), 2);
        return Condition.Well;
    }

    /// <summary>Open for an hour of the early morning on warm, dry days.</summary>
    private static byte Valve(ReadingDraft to)
    {
        double shifted = Math.Clamp(to.Now.Hour - (1.8 * to.Own(1)), 0, 24);
        double usual = to.Figure(0) * (0.6 + (0.8 * to.Own(2)));
        double today = to.Sum(Tally.Watering, to.Now.Day, 24) - to.Sum(Tally.Watering, to.Now.Day, 0);
        bool open = today > 0.5 && shifted is >= 5 and < 6;
        to.State("valve"u8, open ? "open"u8 : "closed"u8, open ? 1 : 0);
        to.Number("flow"u8, open ? usual * (1 + (0.02 * to.Noise())) : 0, 1, 0, 1900);

        // The counter of a year: it is read and set back each winter.
        int since = to.Now.Day - to.Now.DayOfYear + 1;
        to.Counter("volume"u8, (to.Sum(Tally.Watering, to.Now.Day, shifted) - to.Sum(Tally.Watering, Math.Max(0, since), 0)) * usual * 60 / 1000, 3);
        return Condition.Well;
    }
}
