using Streams.Domain.Cities;

namespace Streams.Simulator.Living.Models;

/// <summary>Air, noise and weather.</summary>
internal static class AirModels
{
    public static readonly DeviceModel[] All =
    [
        new("air_quality_station", Station, []),
        new("air_quality_sensor", LampPostSensor, []),
        new("noise_meter", NoiseMeter, []),
        new("sound_level_meter", SoundLevelMeter, []),
        new("weather_station", WeatherStation, []),
        new("rain_gauge", RainGauge, []),
    ];

    /// <summary>Beside a road there is more of what cars make than in a back yard.</summary>
    private static double Roadside(ReadingDraft to) => 0.8 + (0.45 * to.Own(1));

    private static byte Station(ReadingDraft to)
    {
        double fine = to.Sense(CityQuantity.FineParticles) * (0.92 + (0.16 * to.Own(2))) * (1 + (0.06 * to.Drift(3, 2)));
        to.Number("pm2_5"u8, fine + (0.8 * to.Noise()), 1, -10, 1900);
        to.Number("pm10"u8, fine + (to.Sense(CityQuantity.CoarseParticles) * Roadside(to)) + (1.2 * to.Noise()), 1, -10, 2900);
        to.Number("no2"u8, (to.Sense(CityQuantity.NitrogenDioxide) * Roadside(to)) + (1.2 * to.Noise()), 1, -5, 1900);
        to.Number("so2"u8, to.Sense(CityQuantity.SulphurDioxide) + (0.5 * to.Noise()), 1, -5, 4900);
        to.Number("o3"u8, to.Sense(CityQuantity.Ozone) + (1.5 * to.Noise()), 1, -5, 950);
        to.Number("co"u8, to.Sense(CityQuantity.CarbonMonoxide) + (15 * to.Noise()), 0, -100, 90_000);
        double warm = to.Sense(CityQuantity.AirTemperature) + (0.15 * to.Noise());
        double humid = Math.Clamp(to.Sense(CityQuantity.RelativeHumidity) + to.Noise(), 5, 100);
        to.Number("air_temperature"u8, warm, 1, -58, 58);
        to.Number("air_pressure"u8, to.Sense(CityQuantity.AirPressure) + (0.1 * to.Noise()), 1, 860, 1085);

        // Magnus' formula.
        double part = Math.Log(humid / 100) + (17.62 * warm / (243.12 + warm));
        to.Number("dew_point"u8, 243.12 * part / (17.62 - part), 1, -78, 38);
        to.Number("rain"u8, to.Sense(CityQuantity.Rain) * to.IntervalInHours, 1, 0, 250);
        to.Number("wind_speed"u8, to.Sense(CityQuantity.Wind) + (0.2 * to.Noise()), 1, 0, 75);
        to.Number("wind_direction"u8, (to.Sense(CityQuantity.WindDirection) + (6 * to.Noise()) + 360) % 360, 0, 0, 360);
        to.Number("relative_humidity"u8, humid, 0);
        return Condition.Well;
    }

    private static byte LampPostSensor(ReadingDraft to)
    {
        if (!to.HasPower)
        {
            // No battery: not even a last word.
            return Condition.Mute;
        }

        // Cheap sensors wander within minutes more than they flicker from one reading to the next.
        double fine = Math.Max(0.2, (to.Sense(CityQuantity.FineParticles) * (0.85 + (0.3 * to.Own(2))) * (1 + (0.12 * to.Drift(3, 1)) + (0.06 * to.Drift(6, 0.12)))) + (0.3 * to.Noise()));
        to.Number("pm2_5"u8, fine, 2, 0, 950);
        to.Number("pm10"u8, fine + Math.Max(0, (to.Sense(CityQuantity.CoarseParticles) * Roadside(to) * (1 + (0.08 * to.Drift(7, 0.15)))) + (0.4 * to.Noise())), 2, 0, 1900);
        to.Number("no2"u8, (to.Sense(CityQuantity.NitrogenDioxide) * Roadside(to)) + (1.2 * to.Drift(8, 0.2)) + (0.6 * to.Noise()), 2, -8, 1900);
        to.Number("air_temperature"u8, to.Sense(CityQuantity.AirTemperature) + (0.9 * (to.Own(4) - 0.5)) + (0.2 * to.Drift(9, 0.15)) + (0.06 * to.Noise()), 2, -58, 68);
        to.Number("relative_humidity"u8, to.Sense(CityQuantity.RelativeHumidity) + (1.2 * to.Noise()), 0, 0, 100);
        return Condition.Well;
    }

    private static byte NoiseMeter(ReadingDraft to)
    {
        to.Number("laeq_1h"u8, Level(to) + (0.4 * to.Noise()), 1, 22, 138);
        return Condition.Well;
    }

    private static byte SoundLevelMeter(ReadingDraft to)
    {
        double level = Level(to) + (1.1 * to.Noise());
        to.Number("laeq_1m"u8, level, 1, 22, 138);

        // Now and then a motorcycle or a siren.
        to.Number("la_max"u8, level + 7 + (2 * Math.Abs(to.Noise())) + (to.Even() < 0.03 ? 12 : 0), 1, 22, 148);
        return Condition.Well;
    }

    private static double Level(ReadingDraft to) => to.Sense(CityQuantity.Noise) + (5 * (to.Own(1) - 0.5)) + (0.6 * to.Drift(5, 0.3));

    private static byte WeatherStation(ReadingDraft to)
    {
        double wind = Math.Max(0, (to.Sense(CityQuantity.Wind) * (0.9 + (0.2 * to.Own(1)))) + (0.35 * to.Noise()));
        to.Number("air_temperature"u8, to.Sense(CityQuantity.AirTemperature) + (0.5 * (to.Own(4) - 0.5)) + (0.08 * to.Noise()), 2, -58, 58);
        to.Number("relative_humidity"u8, to.Sense(CityQuantity.RelativeHumidity) + (0.8 * to.Noise()), 1, 1, 100);
        to.Number("air_pressure"u8, to.Sense(CityQuantity.AirPressure) + (0.06 * to.Noise()), 2, 860, 1085);
        to.Number("wind_speed"u8, wind, 1, 0, 75);
        to.Number("wind_gust"u8, (wind * 1.45) + (0.8 * Math.Abs(to.Noise())), 1, 0, 110);
        to.Number("wind_direction"u8, (to.Sense(CityQuantity.WindDirection) + (9 * to.Noise()) + 360) % 360, 0, 0, 360);
        to.Number("rain"u8, Tipped(to), 1, 0, 19);
        to.Number("snow_depth"u8, to.Sense(CityQuantity.SnowDepth), 0, 0, 480);
        to.Number("solar_irradiance"u8, to.Sense(CityQuantity.Sun) * (1 + (0.02 * to.Noise())), 0, 0, 1450);
        return Condition.Well;
    }

    private static byte RainGauge(ReadingDraft to)
    {
        to.Number("rain"u8, Tipped(to), 1, 0, 19);
        to.Number("rain_intensity"u8, to.Sense(CityQuantity.Rain) * (1 + (0.05 * to.Noise())), 1, 0, 480);
        to.Number("battery_voltage"u8, 12.4 + (0.6 * Math.Min(1, to.Sense(CityQuantity.Sun) / 300)) + (0.03 * to.Noise()), 2);
        return Condition.Well;
    }

    /// <summary>A tipping bucket of 0.1 mm: between two tips it says 0.</summary>
    private static double Tipped(ReadingDraft to)
    {
        double fell = to.Sense(CityQuantity.Rain) * to.IntervalInHours * 10;
        double whole = Math.Floor(fell);
        return (whole + (to.Even() < fell - whole ? 1 : 0)) / 10;
    }
}
