using Streams.Domain.Cities;
using Streams.Simulator.Living;

namespace Streams.Simulator.Tests.Living;

/// <summary>How the parts of a city hang together, and that its weather is that of its climate.</summary>
public sealed class CityLifeTests
{
    private const long HourInMs = 3_600_000;
    private static readonly City s_city = SmallCity.Of(1, of: type => type.Name == "weather_station");
    private static readonly Ground s_ground = new(s_city);

    /// <summary>Wednesday morning, 8:00 local, in the centre.</summary>
    private static readonly long s_morning = SmallCity.Noon - (4 * HourInMs);

    private static Conditions New(ulong seed = 1)
    {
        var clock = new CityClock(s_city.TimeZone);
        return new Conditions(s_ground, clock, new Weather(s_city, seed), seed);
    }

    /// <summary>A quantity in the centre, less what it would be without the change that began five hours before.</summary>
    private static double Effect(string cause, double times, double plus, CityQuantity on, long? at = null)
    {
        City city = s_city with
        {
            Scenarios = [SmallCity.Scenario("change", SmallCity.Centre, TimeSpan.FromDays(2), new ScenarioEffect.Condition(cause, times, plus) { Lasts = TimeSpan.FromDays(2) })],
        };
        long time = at ?? s_morning;
        Happenings happenings = Happenings.Of([new ScenarioRun("change-1", "change", SmallCity.Centre, time - (5 * HourInMs), time + (48 * HourInMs))], [], city, s_ground, 1);
        Conditions with = New(), without = New();
        with.Compute(time, happenings);
        without.Compute(time, Happenings.None);
        return with.Value(1, on) - without.Value(1, on);
    }

    [Fact]
    public void Rain_raises_the_river_slows_traffic_fills_buses_keeps_bicycles_in_and_hides_the_sun()
    {
        Assert.True(Effect("rain", 1, 15, CityQuantity.RiverLevel) > 20);
        Assert.True(Effect("rain", 1, 15, CityQuantity.TrafficSpeed) < -0.05);
        Assert.True(Effect("rain", 1, 15, CityQuantity.TransitRiders) > 0.02);
        Assert.True(Effect("rain", 1, 15, CityQuantity.TransitDelay) > 5);
        Assert.True(Effect("rain", 1, 15, CityQuantity.Cycling) < -0.3);
        Assert.True(Effect("rain", 1, 15, CityQuantity.People) < 0);
        Assert.True(Effect("rain", 1, 15, CityQuantity.FineParticles) < 0);
        Assert.True(Effect("cloud", 0, 1, CityQuantity.Sun, SmallCity.Noon) < Effect("cloud", 0, 0, CityQuantity.Sun, SmallCity.Noon));
    }

    [Fact]
    public void Heat_raises_load_ozone_and_water_use_and_cold_raises_heat_gas_and_particles()
    {
        long july = new DateTimeOffset(2026, 7, 22, 13, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();
        Assert.True(Effect("air_temperature", 1, 14, CityQuantity.ElectricityDemand, july) > 0.2);
        Assert.True(Effect("air_temperature", 1, 14, CityQuantity.Ozone, july) > 15);
        Assert.True(Effect("air_temperature", 1, 14, CityQuantity.WaterDemand, july) > 0.1);
        Assert.True(Effect("air_temperature", 1, 14, CityQuantity.SoilMoisture, july) < 0);
        Assert.True(Effect("air_temperature", 1, -15, CityQuantity.HeatDemand) > 1);
        Assert.True(Effect("air_temperature", 1, -15, CityQuantity.GasDemand) > 1);
        Assert.True(Effect("air_temperature", 1, -15, CityQuantity.FineParticles) > 1);
        Assert.True(Effect("wind", 0, 0.3, CityQuantity.NitrogenDioxide) > 3);
    }

    [Fact]
    public void People_make_noise_and_use_their_telephones_and_traffic_makes_itself_slow_and_the_air_bad()
    {
        Assert.True(Effect("people", 10, 0, CityQuantity.Noise) > 2);
        Assert.True(Effect("people", 10, 0, CityQuantity.NetworkUse) > 0.1);
        Assert.True(Effect("traffic", 1.8, 0, CityQuantity.TrafficSpeed) < -0.1);
        Assert.True(Effect("traffic", 1.8, 0, CityQuantity.NitrogenDioxide) > 3);
        Assert.True(Effect("traffic", 1.8, 0, CityQuantity.TransitDelay) > 10);
        Assert.True(Effect("power_supply", 0, 0, CityQuantity.TrafficSpeed) < -0.1);
        Assert.True(Effect("water_demand", 2, 0, CityQuantity.WaterPressure) < 0);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_weather_of_years_is_that_of_the_climate(ulong seed)
    {
        var weather = new Weather(s_city, seed);
        const int Years = 4;
        double[] warm = new double[12], rain = new double[12];
        int[] hours = new int[12];
        for (var at = new DateTimeOffset(2022, 1, 1, 0, 0, 0, TimeSpan.Zero); at.Year < 2022 + Years; at = at.AddMinutes(20))
        {
            long time = at.ToUnixTimeMilliseconds();
            warm[at.Month - 1] += weather.AirTemperature(time, weather.Cloud(time));
            rain[at.Month - 1] += weather.Rain(time) / 3;
            hours[at.Month - 1]++;
        }

        for (int month = 0; month < 12; month++)
        {
            Assert.Equal(s_city.Climate.Temperature[month], warm[month] / hours[month], 2.0);
        }

        Assert.InRange(rain.Sum() / Years / s_city.Climate.Rain.Sum(), 0.75, 1.25);
        Assert.InRange(Enumerable.Range(0, 12).Max(month => rain[month] / Years / s_city.Climate.Rain[month]), 0.8, 2);
    }

    [Fact]
    public void Days_have_two_rush_hours_and_weekends_have_none()
    {
        Conditions conditions = New();
        double At(int day, double hour)
        {
            conditions.Compute(SmallCity.Noon + (long)(((day * 24) + hour - 12) * HourInMs), Happenings.None);
            return conditions.Value(1, CityQuantity.Traffic);
        }

        const int Wednesday = 0, Sunday = 4;
        Assert.True(At(Wednesday, 8) > 1.3 * At(Wednesday, 10.5));
        Assert.True(At(Wednesday, 17.5) > 1.2 * At(Wednesday, 14.5));
        Assert.True(At(Wednesday, 3) < 0.15 * At(Wednesday, 8));
        Assert.True(At(Sunday, 8) < 0.4 * At(Wednesday, 8));
    }

    [Fact]
    public void Street_lights_burn_by_night_and_counters_never_fall()
    {
        City city = SmallCity.Of(1);
        List<Said> said = SmallCity.Play(SmallCity.Simulate(city, SmallCity.Noon), TimeSpan.FromDays(2));
        foreach (Said light in said.Where(each => each.Type == "street_light"))
        {
            double local = (DateTimeOffset.FromUnixTimeMilliseconds(light.TimeInMs).TimeOfDay.TotalHours + 1) % 24;
            bool night = local is < 6.5 or > 18;
            bool day = local is > 8.5 and < 16;
            Assert.True((!night || light.State("lamp") is "on" or "dimmed") && (!day || light.State("lamp") == "off"), light.Body);
        }

        string[] counters = ["volume", "energy", "water_volume", "passages", "emptyings", "odometer"];
        foreach (IGrouping<string, Said> device in said.GroupBy(each => each.Device))
        {
            foreach (string counter in counters.Where(device.First().Has))
            {
                double[] values = [.. device.Select(each => each.Number(counter))];
                Assert.True(values.Zip(values.Skip(1)).All(pair => pair.Second >= pair.First - 0.001), $"{device.Key} {counter}");
            }
        }
    }

    [Fact]
    public void Vehicles_move_as_fast_as_they_say()
    {
        City city = SmallCity.Of(2);
        string[] types = ["bus", "tram", "waste_truck", "street_sweeper", "service_vehicle", "police_unit", "ambulance", "fire_unit"];
        List<Said> said = SmallCity.Play(SmallCity.Simulate(city, SmallCity.Noon - (6 * HourInMs)), TimeSpan.FromHours(10));
        foreach (IGrouping<string, Said> vehicle in said.Where(each => types.Contains(each.Type)).GroupBy(each => each.Device))
        {
            (double Latitude, double Longitude, double Speed, long Time)[] track =
            [
                .. vehicle.Select(each =>
                {
                    System.Text.Json.JsonElement at = each.Json.GetProperty("location").GetProperty("coordinates");
                    return (at[1].GetDouble(), at[0].GetDouble(), each.Number("speed"), each.TimeInMs);
                }),
            ];
            double moved = 0, told = 0;
            for (int i = 1; i < track.Length; i++)
            {
                double north = (track[i].Latitude - track[i - 1].Latitude) * 111.2, east = (track[i].Longitude - track[i - 1].Longitude) * 111.2 * Math.Cos(47.3 * Math.PI / 180);
                double km = Math.Sqrt((north * north) + (east * east)), hours = (track[i].Time - track[i - 1].Time) / 3_600_000.0;
                Assert.InRange(km / hours, 0, 90);
                moved += km;
                told += track[i].Speed * hours;
            }

            // Corners are cut between two positions.
            Assert.True(told < 0.3 || moved / told is > 0.6 and < 1.25, $"{vehicle.Key} moved {moved:0.0} km and said {told:0.0}");
        }
    }
}
