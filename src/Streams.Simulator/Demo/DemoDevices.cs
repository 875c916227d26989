using System.Globalization;
using Streams.Simulator.Replay;

namespace Streams.Simulator.Demo;

/// <summary>The devices of the demo city: five districts of Dijon, some 150 devices of eleven kinds. All values are made up.</summary>
internal static class DemoDevices
{
    private const int Minute = 60, Hour = 3600;

    private static readonly (string Slug, double Latitude, double Longitude, double Traffic, double Haze)[] Districts =
    [
        ("centre-ville", 47.3220, 5.0415, 1.0, 0.85),
        ("montchapet", 47.3525, 5.0410, 0.9, 0.8),
        ("gresilles", 47.3330, 5.0640, 0.7, 1.2),
        ("bourroches", 47.3265, 5.0130, 0.6, 0.7),
        ("port-du-canal", 47.3130, 5.0330, 0.8, 0.95),
    ];

    public static IReadOnlyList<DemoDevice> All()
    {
        var devices = new List<DemoDevice>();
        foreach ((string slug, double latitude, double longitude, double traffic, double haze) in Districts)
        {
            string area = "dijon/" + slug;
            int placed = 0;
            void Add(string kind, string type, int number, int intervalInSeconds, Action<RecordedReading, double, Randomness> say, double silentFrom = 0, double silentUntil = 0)
            {
                // A sunflower's spiral spreads them over about a kilometre without two in one place.
                double angle = ++placed * 2.399963, distance = 0.0012 * Math.Sqrt(placed);
                string id = string.Create(CultureInfo.InvariantCulture, $"demo-{kind}-{slug}-{number:00}");
                devices.Add(new DemoDevice(id, type, area, Math.Round(latitude + (distance * Math.Sin(angle)), 5), Math.Round(longitude + (1.5 * distance * Math.Cos(angle)), 5), intervalInSeconds, say, silentFrom, silentUntil));
            }

            bool centre = slug == "centre-ville";
            Add("air", "air_quality_station", 1, Hour, (to, hour, random) => AirStation(to, hour, random, traffic, haze));
            for (int i = 1; i <= 3; i++)
            {
                Add("lamp-air", "air_quality_sensor", i, 5 * Minute, (to, hour, random) => AirSensor(to, hour, random, traffic, haze));
            }

            // Silent through the afternoon of day 2 at Fontaine d'Ouche.
            Add("noise", "noise_meter", 1, Hour, (to, hour, random) => Put(to, "laeq_1h", 52 + (14 * traffic * CityDays.Bustle(hour)) + (centre ? 22 * CityDays.Crowd(hour) : 0) + random.Drift(0.5), "dB(A)", 1), slug == "bourroches" ? 36 : 0, slug == "bourroches" ? 45 : 0);
            for (int i = 1; i <= 3; i++)
            {
                Add("traffic", "traffic_counter", i, Hour, (to, hour, random) => Traffic(to, hour, random, traffic));
            }

            Add("people", "pedestrian_counter", 1, Hour, (to, hour, random) => Put(to, "pedestrians_per_hour", random.Count((centre ? 1400 : 300) * CityDays.Bustle(hour) * (1 + (centre ? 9 * CityDays.Crowd(hour) : 0))), "count", 0));

            // Frozen from the first hours of day 2 to the evening of day 3 at Toison d'Or.
            double frozenFrom = slug == "montchapet" ? 26 : double.MaxValue;
            Add("parking", "parking_lot", 1, 15 * Minute, (to, hour, random) => Parking(to, hour >= frozenFrom && hour < 68 ? frozenFrom : hour, random, hour >= frozenFrom && hour < 68));
            for (int i = 1; i <= 2; i++)
            {
                Add("bikes", "bike_share_station", i, 5 * Minute, Bikes);
            }

            for (int i = 1; i <= 12; i++)
            {
                Add("light", "street_light", i, 15 * Minute, StreetLight);
            }

            for (int i = 1; i <= 3; i++)
            {
                Add("bin", "waste_bin", i, 9 * Hour, WasteBin);
            }

            Add("weather", "weather_station", 1, 5 * Minute, Weather);
        }

        string[] gauges = ["Ouche amont", "Ouche aval"];
        for (int i = 0; i < gauges.Length; i++)
        {
            double lift = 1.6 + (0.3 * i), late = 0.7 * i;
            devices.Add(new DemoDevice(
                "demo-river-" + Slug.Of(gauges[i]), "water_level_gauge", "dijon/port-du-canal", 47.3155 - (0.006 * i), 5.020 + (0.03 * i), 6 * Minute,
                (to, hour, random) => Put(to, "water_level", 0.62 + (lift * CityDays.Flood(hour - late)) + (0.008 * random.Drift(0.9)), "m", 3)));
        }

        for (int i = 1; i <= 6; i++)
        {
            devices.Add(new DemoDevice(
                string.Create(CultureInfo.InvariantCulture, $"demo-ring-{i:00}"), "loop_detector", "dijon/montchapet", 47.350 + (0.002 * i), 5.030 + (0.006 * i), 5 * Minute,
                (to, hour, random) => Ring(to, hour, random)));
        }

        return devices;
    }

    private static void AirStation(RecordedReading to, double hour, Randomness random, double traffic, double haze)
    {
        double drift = random.Drift(0.8), bustle = CityDays.Bustle(hour), dust = Dust(hour, haze);
        Put(to, "pm2_5", Math.Max(2, 9 + (7 * traffic * bustle) + dust + (drift * (2 + (0.05 * dust)))), "ug/m3", 1);
        Put(to, "pm10", Math.Max(3, 17 + (11 * traffic * bustle) + (1.2 * dust) + (drift * (3 + (0.05 * dust))) + (2 * random.Normal())), "ug/m3", 1);
        Put(to, "no2", Math.Max(2, 12 + (38 * traffic * bustle) + (0.15 * dust) + (4 * random.Normal())), "ug/m3", 1);
        Put(to, "o3", Math.Max(1, 45 + (28 * CityDays.Warmth(hour)) - (18 * traffic * bustle) - (0.08 * dust) + (4 * random.Normal())), "ug/m3", 1);
        Put(to, "air_temperature", Temperature(hour) + (0.4 * random.Normal()), "degC", 1);
        Put(to, "wind_speed", Math.Max(0.1, 2.2 + (11 * CityDays.Storm(hour)) - (1.6 * CityDays.Haze(hour)) + (0.5 * random.Normal())), "m/s", 1);
    }

    private static void AirSensor(RecordedReading to, double hour, Randomness random, double traffic, double haze)
    {
        double dust = Dust(hour, haze), drift = random.Drift(0.9);
        Put(to, "pm2_5", Math.Max(0.5, 10 + (8 * traffic * CityDays.Bustle(hour)) + dust + (drift * (2.5 + (0.06 * dust))) + random.Normal()), "ug/m3", 1);
        Put(to, "no2", Math.Max(1, 14 + (36 * traffic * CityDays.Bustle(hour)) + (0.15 * dust) + (3 * random.Normal())), "ug/m3", 1);
    }

    private static void Traffic(RecordedReading to, double hour, Randomness random, double traffic)
    {
        double cars = 620 * traffic * CityDays.Bustle(hour) * (1 - (0.25 * CityDays.Storm(hour)));
        Put(to, "cars_per_hour", random.Count(cars), "count", 0);
        Put(to, "heavy_vehicles_per_hour", random.Count(cars * 0.05), "count", 0);
        Put(to, "bicycles_per_hour", random.Count(70 * CityDays.Bustle(hour) * (1 - (0.8 * CityDays.Storm(hour)))), "count", 0);
        Put(to, "pedestrians_per_hour", random.Count(160 * CityDays.Bustle(hour) * (1 - (0.6 * CityDays.Storm(hour)))), "count", 0);
        Put(to, "car_speed_v85", 47 - (9 * CityDays.Bustle(hour)) + random.Normal(), "km/h", 0);
        Put(to, "uptime_fraction", 0.97 + (0.02 * random.Next()), "1", 3);
    }

    private static void Ring(RecordedReading to, double hour, Randomness random)
    {
        double bustle = CityDays.Bustle(hour);
        Put(to, "vehicle_speed", 104 - (36 * Math.Max(0, bustle - 0.45)) - (18 * CityDays.Storm(hour)) + (3 * random.Drift(0.7)), "km/h", 1);
        Put(to, "vehicles", random.Count(150 * bustle), "count", 0);
        Put(to, "lane_occupancy", Math.Clamp(2 + (19 * bustle) + random.Normal(), 0.2, 90), "%", 1);
    }

    private static void Parking(RecordedReading to, double hour, Randomness random, bool frozen)
    {
        double drift = frozen ? 0 : random.Drift(0.8);
        Put(to, "free_spaces", Math.Clamp(380 - (210 * Math.Min(1, CityDays.Bustle(hour))) + (9 * drift), 0, 400), "count", 0);
        Put(to, "capacity", 400, "count", 0);
    }

    private static void Bikes(RecordedReading to, double hour, Randomness random)
    {
        double bikes = Math.Clamp(Math.Round(14 - (9 * CityDays.Bustle(hour)) + (3 * random.Drift(0.97))), 0, 24);
        Put(to, "bikes_available", bikes, "count", 0);
        Put(to, "docks_available", 24 - bikes, "count", 0);
    }

    private static void StreetLight(RecordedReading to, double hour, Randomness random)
    {
        double h = hour % 24;
        bool dark = h is < 7.6 or > 17.2;
        bool late = h is >= 0.5 and < 5;
        double brightness = !dark ? 0 : late ? 40 : 100;
        to.Add("lamp", new RecordedValue(0, State: !dark ? "off" : late ? "dimmed" : "on"), "");
        Put(to, "brightness", brightness, "%", 0);
        Put(to, "power", (0.9 * brightness) + (dark ? random.Normal() : 0.4), "W", 1);
    }

    private static void WasteBin(RecordedReading to, double hour, Randomness random)
    {
        double level = Math.Clamp(62 + (16 * random.Normal()) + (25 * CityDays.Crowd(hour)), 5, 118);
        Put(to, "fill_level_before_collection", level, "percent", 0);
        Put(to, "fill_level_after_collection", Math.Max(0, 3 + (2 * random.Normal())), "percent", 0);
        Put(to, "collected_volume", level * 1.2, "litre", 1);
        Put(to, "collected_weight", level * 0.085, "kg", 2);
    }

    private static void Weather(RecordedReading to, double hour, Randomness random)
    {
        double storm = CityDays.Storm(hour), wind = Math.Max(0.1, 2.5 + (18 * storm) - (1.7 * CityDays.Haze(hour)) + (0.6 * random.Drift(0.8)));
        Put(to, "air_temperature", Temperature(hour) + (0.2 * random.Normal()), "degC", 1);
        Put(to, "relative_humidity", Math.Clamp(72 - (15 * CityDays.Warmth(hour)) + (18 * storm) + (2 * random.Normal()), 15, 99), "%", 1);
        Put(to, "air_pressure", 1016 - (11 * storm) + (6 * CityDays.Haze(hour)) + (0.15 * random.Normal()), "hPa", 1);
        Put(to, "wind_speed", wind, "m/s", 1);
        Put(to, "wind_gust", wind * (1.4 + (0.3 * random.Next())), "m/s", 1);
        Put(to, "rain", storm > 0 ? Math.Max(0, 1.3 * storm * random.Next()) : 0, "mm", 1);
        Put(to, "solar_irradiance", Math.Max(0, 480 * CityDays.Daylight(hour) * (1 - (0.8 * storm)) * (0.9 + (0.1 * random.Next()))), "W/m2", 0);
    }

    private static double Temperature(double hour) => 8 + (4.5 * CityDays.Warmth(hour)) - (4 * CityDays.Storm(hour));

    /// <summary>Fine particles that the episode adds, ug/m3.</summary>
    private static double Dust(double hour, double haze) => 330 * haze * CityDays.Haze(hour);

    private static void Put(RecordedReading to, string metric, double value, string unit, int digits) => to.Add(metric, new RecordedValue(Math.Round(value, digits)), unit);
}
