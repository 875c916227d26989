using Streams.Domain.Cities;

namespace Streams.Simulator.Living;

/// <summary>
/// What every area is like at a moment: all quantities, computed in the order in which one follows from another, each changed by what happens as
/// soon as it is known, so that the consequences follow. A function of time; kept for a step of <see cref="StepInMs"/>.
/// </summary>
internal sealed class Conditions
{
    public const long StepInMs = 10_000;

    private const int Quantities = (int)CityQuantity.NetworkUse + 1;
    private const double HourInMs = 3_600_000;

    /// <summary>The river answers to the rain of so many hours, looked at in half hours; asked for anew so often.</summary>
    private const int RiverHours = 60;
    private const long RiverStepInMs = 600_000;

    private readonly Ground _ground;
    private readonly Weather _weather;
    private readonly CityClock _clock;
    private readonly ulong _seed;
    private readonly double[] _values;
    private readonly (double River, double Soil, double Snow)[] _waters;
    private readonly double[] _halfHours = new double[2 * RiverHours];
    private long _watersAtInMs = long.MinValue;
    private Happenings? _watersOf;

    public Conditions(Ground ground, CityClock clock, Weather weather, ulong seed)
    {
        (_ground, _clock, _weather, _seed) = (ground, clock, weather, Chance.Mix(seed, 2UL));
        _values = new double[ground.Areas.Length * Quantities];
        _waters = new (double, double, double)[ground.Areas.Length];
    }

    public LocalMoment Now { get; private set; }

    public double SunElevation { get; private set; }

    /// <summary>The area's values, by quantity.</summary>
    public ReadOnlySpan<double> Of(int area) => _values.AsSpan(area * Quantities, Quantities);

    public double Value(int area, CityQuantity quantity) => _values[(area * Quantities) + (int)quantity];

    public void Compute(long timeInMs, Happenings happenings)
    {
        Now = _clock.At(timeInMs);
        SunElevation = _weather.SunElevation(timeInMs);
        double cloud = _weather.Cloud(timeInMs), rain = _weather.Rain(timeInMs);
        Air air = new(
            cloud,
            rain,
            _weather.AirTemperature(timeInMs, cloud),
            _weather.AirPressure(timeInMs),
            _weather.Wind(timeInMs),
            _weather.WindDirection(timeInMs));
        if (timeInMs / RiverStepInMs != _watersAtInMs || !ReferenceEquals(_watersOf, happenings))
        {
            _watersAtInMs = timeInMs / RiverStepInMs;
            _watersOf = happenings;
            ComputeWaters(_watersAtInMs * RiverStepInMs, happenings);
        }

        for (int area = 0; area < _ground.Areas.Length; area++)
        {
            ComputeArea(area, timeInMs, in air, happenings);
        }
    }

    private void ComputeArea(int area, long timeInMs, in Air air, Happenings happenings)
    {
        AreaCharacter place = _ground.Areas[area].Character;
        Span<double> row = _values.AsSpan(area * Quantities, Quantities);
        ulong seed = Chance.Mix(_seed, area);
        DayKind day = Now.Kind;
        double hour = Now.Hour;
        double Drift(ulong of, double hours) => Chance.Smooth(seed ^ of, timeInMs, hours * HourInMs);
        double Is(Span<double> into, CityQuantity quantity, double value) => into[(int)quantity] = happenings.Change(quantity, area, timeInMs, value);

        double cloud = Math.Clamp(Is(row, CityQuantity.Cloud, air.Cloud), 0, 1);
        double rain = Math.Max(0, Is(row, CityQuantity.Rain, air.Rain * (1 + (0.25 * Drift(1, 3)))));
        double warm = Is(row, CityQuantity.AirTemperature, air.Temperature + (0.7 * place.Centre) - (0.6 * place.Green) + (0.3 * Drift(2, 2)));
        Is(row, CityQuantity.RelativeHumidity, _weather.Humidity(timeInMs, warm, rain));
        Is(row, CityQuantity.AirPressure, air.Pressure);
        double wind = Math.Max(0, Is(row, CityQuantity.Wind, air.Wind * (1 - (0.25 * place.Centre) + (0.12 * Drift(3, 0.5)))));
        Is(row, CityQuantity.WindDirection, air.WindDirection);
        double sun = Is(row, CityQuantity.Sun, Weather.Sun(SunElevation, rain > 0 ? Math.Max(cloud, 0.93) : cloud));
        double snow = Math.Max(0, Is(row, CityQuantity.SnowDepth, _waters[area].Snow));
        double power = Math.Clamp(happenings.Change(CityQuantity.PowerSupply, area, timeInMs, 1), 0, 1);
        row[(int)CityQuantity.PowerSupply] = power;
        double network = Math.Clamp(Is(row, CityQuantity.Network, 1), 0, 1);

        double wet = rain / (rain + 3);
        double pleasant = Math.Clamp(0.75 + (0.02 * (warm - 8)), 0.55, 1.1) * (1 - (0.45 * wet));
        double people = Math.Max(0, Is(row, CityQuantity.People, Rhythm.People(day, hour, place.Centre) * pleasant * (1 + (0.08 * Drift(4, 0.4)))));
        double traffic = Math.Max(0, Is(row, CityQuantity.Traffic, Rhythm.Traffic(day, hour) * (0.82 + (0.18 * place.Centre)) * (1 + (0.1 * wet) + (0.05 * Drift(5, 0.3)))));
        double jam = traffic / 0.95;
        double speed = Math.Clamp(Is(row, CityQuantity.TrafficSpeed, (1 - (0.2 * wet) - Math.Min(0.4, snow * 0.04) - (0.25 * (1 - power))) / (1 + (0.75 * jam * jam * jam))), 0.02, 1.2);
        Is(row, CityQuantity.Cycling, Rhythm.Cycling(day, hour) * Math.Clamp(0.8 + (0.025 * (warm - 8)), 0.4, 1.3) * (1 - (0.8 * wet)) * (1 + (0.08 * Drift(6, 0.5))));
        double riders = Math.Max(0, Is(row, CityQuantity.TransitRiders, Rhythm.Riders(day, hour) * (1 + (0.25 * wet)) * (1 + (0.06 * Drift(7, 0.4)))));
        Is(row, CityQuantity.TransitDelay, 15 + (170 * Math.Max(0, 1 - speed)) + (90 * riders * riders) + (35 * Drift(8, 0.6)));
        Is(row, CityQuantity.Parking, Rhythm.Parking(day, hour) * (0.8 + (0.25 * place.Centre)) + (0.02 * Drift(9, 0.7)));
        Is(row, CityQuantity.Bikes, 0.46 + ((place.Centre - 0.4) * ((0.55 * Rhythm.Work(day, hour)) - 0.12)) + (0.05 * Drift(10, 1.5)));
        double charging = Is(row, CityQuantity.Charging, Rhythm.Charging(hour));

        // Still air keeps what the city breathes out; on cold, calm nights warm air lies above it as a lid.
        double still = Math.Exp(-(wind - 2.8) / 3.2);
        double lid = 1 + (0.5 * Math.Clamp((6 - warm) / 12, 0, 1) * Math.Clamp((2.5 - wind) / 2.5, 0, 1) * (sun < 50 ? 1 : 0.5));
        double stale = Math.Clamp(still, 0.35, 2.1) * lid;
        double washed = 1 - (0.35 * wet);
        double cold = Tallies.Cold(warm);
        double fine = Math.Max(1, Is(row, CityQuantity.FineParticles, (3.5 + (stale * (3.2 + (2.6 * cold) + (5 * traffic) + (1.5 * place.Industry)))) * washed * (1 + (0.18 * Drift(11, 5)))));
        Is(row, CityQuantity.CoarseParticles, (5 + (stale * 4 * traffic) + (0.25 * fine) + (2 * place.Industry)) * (1 - (0.5 * wet)) * (1 + (0.2 * Drift(12, 6))));
        double nitrogen = Math.Max(1, Is(row, CityQuantity.NitrogenDioxide, (4 + (stale * ((34 * traffic * (0.6 + (0.6 * place.Centre))) + (2.5 * cold)))) * (1 + (0.12 * Drift(13, 2)))));
        Is(row, CityQuantity.Ozone, Math.Max(2, 38 + (0.03 * sun) + (2.1 * Math.Max(0, warm - 18) * Math.Min(1, 0.3 + (sun / 600))) - (0.45 * nitrogen) - (6 * (1 - Math.Min(1, wind / 3))) + (5 * Drift(14, 3))));
        Is(row, CityQuantity.SulphurDioxide, 1.8 + (stale * ((1.5 * place.Industry) + (0.8 * cold))));
        Is(row, CityQuantity.CarbonMonoxide, 150 + (stale * ((280 * traffic) + (40 * cold))));
        Is(row, CityQuantity.Noise, 41 + (6.5 * Math.Log10(1 + (60 * traffic))) + (5 * Math.Log10(1 + (4 * people)) * (0.6 + (0.4 * place.Centre))) + (0.35 * Math.Max(0, wind - 4)) + (3 * wet) + (0.6 * Drift(15, 0.2)));

        Is(row, CityQuantity.RiverLevel, place.River > 0 ? (18 * Chance.Smooth(_seed ^ 77, timeInMs, 190 * HourInMs)) + _waters[area].River : 0);
        Is(row, CityQuantity.SoilMoisture, Math.Clamp(27 - (0.5 * (warm - 11)) + _waters[area].Soil + (2 * Drift(16, 90)), 4, 55));
        double water = Math.Max(0, Is(row, CityQuantity.WaterDemand, Rhythm.Water(day, hour) * (1 + (0.022 * Math.Max(0, warm - 17)))));
        Is(row, CityQuantity.WaterPressure, 4.3 - (0.32 * (water - 1)) + (0.06 * Drift(17, 0.5)));
        Is(row, CityQuantity.WaterLeak, 0);
        Is(row, CityQuantity.ElectricityDemand, Rhythm.Electricity(day, hour) * Tallies.LoadOf(warm) * (0.97 + (0.06 * charging)) * (1 + (0.03 * Drift(18, 0.5))));
        double heat = Math.Max(0, Is(row, CityQuantity.HeatDemand, (0.12 + (0.88 * cold)) * Rhythm.Heating(hour)));
        Is(row, CityQuantity.GasDemand, (0.25 * Rhythm.Cooking(hour)) + (0.75 * heat));
        Is(row, CityQuantity.HeatSupply, 1);
        Is(row, CityQuantity.GasLeak, 0);
        Is(row, CityQuantity.Lighting, 1);
        Is(row, CityQuantity.Waste, 1);
        Is(row, CityQuantity.WasteSuction, 1);
        Is(row, CityQuantity.NetworkUse, Math.Min(1, Rhythm.Network(hour) * (0.75 + (0.25 * people)) * (0.9 + (0.1 / Math.Max(0.5, network))) * (1 + (0.05 * Drift(19, 0.2)))));
    }

    /// <summary>
    /// Rivers, soil and lying snow remember the rain of the last days. A burst of rain raises the river most after six hours: 100 mm of it, to the bank.
    /// </summary>
    private void ComputeWaters(long timeInMs, Happenings happenings)
    {
        for (int i = 0; i < _halfHours.Length; i++)
        {
            _halfHours[i] = _weather.Rain(timeInMs - (long)((i + 0.5) * HourInMs / 2));
        }

        for (int area = 0; area < _waters.Length; area++)
        {
            double river = 0, soil = 0, snow = 0;
            for (int i = _halfHours.Length - 1; i >= 0; i--)
            {
                long at = timeInMs - (long)((i + 0.5) * HourInMs / 2);
                double age = (i + 0.5) / 2;
                double millimetres = Math.Max(0, happenings.Change(CityQuantity.Rain, area, at, _halfHours[i])) / 2;
                river += millimetres * age / 6 * Math.Exp(1 - (age / 6));
                soil += millimetres * Math.Exp(-age / 30);
                double warm = _weather.DayTemperature(at);
                if (millimetres > 0 || snow > 0)
                {
                    warm = happenings.Change(CityQuantity.AirTemperature, area, at, warm);
                    snow = Math.Max(0, warm < 0.5 ? snow + millimetres : snow - (0.1 * warm));
                }
            }

            _waters[area] = (Math.Min(river, 250), Math.Min(18, 0.35 * soil), snow);
        }
    }

    /// <summary>The weather over the whole city.</summary>
    private readonly record struct Air(double Cloud, double Rain, double Temperature, double Pressure, double Wind, double WindDirection);
}
