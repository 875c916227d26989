using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text;
using System.Text.RegularExpressions;

namespace Streams.Domain.Cities;

/// <summary>
/// What a simulated city is like at a moment, area by area: devices measure it, scenarios change it. In the order in which one follows from
/// another: rain before the river, heat before the load. Names in files are these in snake_case.
/// </summary>
public enum CityQuantity : byte
{
    // Weather.
    Cloud,
    Rain,
    AirTemperature,
    RelativeHumidity,
    AirPressure,
    Wind,
    WindDirection,
    Sun,
    SnowDepth,

    // People and their ways.
    People,
    Traffic,
    TrafficSpeed,
    Cycling,
    TransitRiders,
    TransitDelay,
    Parking,
    Bikes,
    Charging,

    // Air and noise.
    FineParticles,
    CoarseParticles,
    NitrogenDioxide,
    Ozone,
    SulphurDioxide,
    CarbonMonoxide,
    Noise,

    // Water.
    RiverLevel,
    SoilMoisture,
    WaterDemand,
    WaterPressure,
    WaterLeak,

    // Energy and lighting.
    ElectricityDemand,
    HeatDemand,
    GasDemand,
    PowerSupply,
    HeatSupply,
    GasLeak,
    Lighting,

    // Waste and connectivity.
    Waste,
    WasteSuction,
    Network,
    NetworkUse,
}

/// <summary>One quantity, as scenario files may name it.</summary>
/// <param name="Name">snake_case.</param>
/// <param name="Unit">UCUM code; <c>1</c> for shares and multiples.</param>
/// <param name="Meaning">One sentence.</param>
public sealed record QuantityDescription(string Name, string Unit, string Meaning);

/// <summary>
/// Every quantity that a scenario can change. Beside those listed there are two open families, in events an hour:
/// <c>calls.KIND.NAME</c> (KIND is <c>ems_call</c>, <c>fire_call</c> or <c>traffic_call</c>, such as <c>calls.fire_call.gas_odor_leak</c>) and
/// <c>requests.request.NAME</c> (such as <c>requests.request.flooding</c>). What a scenario adds to a family's member in an area is divided
/// among the areas within it by their residents.
/// </summary>
public static partial class CityQuantities
{
    private static readonly FrozenDictionary<string, CityQuantity> ByName;

    static CityQuantities()
    {
        var all = new QuantityDescription[Enum.GetValues<CityQuantity>().Length];
        void Is(CityQuantity quantity, string unit, string meaning) => all[(int)quantity] = new QuantityDescription(NameOf(quantity), unit, meaning);
        Is(CityQuantity.Cloud, "1", "Share of the sky that is covered, 0 to 1.");
        Is(CityQuantity.Rain, "mm/h", "Rain, or snow as water; the river follows over hours.");
        Is(CityQuantity.AirTemperature, "Cel", "Air temperature; heating, cooling, ozone and water use follow.");
        Is(CityQuantity.RelativeHumidity, "%", "Relative humidity, 0 to 100.");
        Is(CityQuantity.AirPressure, "hPa", "Air pressure at the place's height.");
        Is(CityQuantity.Wind, "m/s", "Mean wind; gusts are stronger. It carries particles away.");
        Is(CityQuantity.WindDirection, "deg", "Where the wind comes from, 0 is north.");
        Is(CityQuantity.Sun, "W/m2", "Global irradiance on the level; by night 0.");
        Is(CityQuantity.SnowDepth, "cm", "Lying snow.");
        Is(CityQuantity.People, "1", "People out in public places, as a multiple of the day's mean there; noise, cameras and mobile phones follow.");
        Is(CityQuantity.Traffic, "1", "Vehicles on the roads as a share of what the roads can carry; above 0.8 they jam.");
        Is(CityQuantity.TrafficSpeed, "1", "Speed as a share of that on an empty road.");
        Is(CityQuantity.Cycling, "1", "Bicycles on the way, as a multiple of the day's mean.");
        Is(CityQuantity.TransitRiders, "1", "People in buses and trams as a share of the places, standing ones included; over 1 is crammed.");
        Is(CityQuantity.TransitDelay, "s", "Mean delay of buses and trams.");
        Is(CityQuantity.Parking, "1", "Share of the car parks' spaces that is taken.");
        Is(CityQuantity.Bikes, "1", "Share of the bike-share docks that hold a bicycle.");
        Is(CityQuantity.Charging, "1", "Share of the chargers that charge a car.");
        Is(CityQuantity.FineParticles, "ug/m3", "PM2.5.");
        Is(CityQuantity.CoarseParticles, "ug/m3", "PM10 beyond PM2.5: dust, pollen, salt.");
        Is(CityQuantity.NitrogenDioxide, "ug/m3", "NO2; beside a road twice that of a back yard.");
        Is(CityQuantity.Ozone, "ug/m3", "O3.");
        Is(CityQuantity.SulphurDioxide, "ug/m3", "SO2.");
        Is(CityQuantity.CarbonMonoxide, "ug/m3", "CO.");
        Is(CityQuantity.Noise, "dB(A)", "Sound level in the street, mean over a minute.");
        Is(CityQuantity.RiverLevel, "%", "Of waters that can flood: 0 is the mean level, 100 the bank. Only where a river or the sea is.");
        Is(CityQuantity.SoilMoisture, "%", "Water in the soil by volume.");
        Is(CityQuantity.WaterDemand, "1", "Water use as a multiple of the year's mean.");
        Is(CityQuantity.WaterPressure, "bar", "Pressure in the mains.");
        Is(CityQuantity.WaterLeak, "1", "Share of the customers whose meter notices a leak behind it.");
        Is(CityQuantity.ElectricityDemand, "1", "Electricity use as a multiple of the year's mean; substations are near their rating at 2.");
        Is(CityQuantity.HeatDemand, "1", "District heat and heating, as a multiple of the year's mean.");
        Is(CityQuantity.GasDemand, "1", "Gas use as a multiple of the year's mean.");
        Is(CityQuantity.PowerSupply, "1", "Share of the area that has electricity: 1 is all, 0 a cut. Lights, traffic lights, chargers and Wi-Fi go with it; 5G sites go on batteries.");
        Is(CityQuantity.HeatSupply, "1", "Share of the warmth of the district heat's water that arrives: 1 is all, at 0 the pipes are as cold as a cellar.");
        Is(CityQuantity.GasLeak, "%", "Gas at a leak, in percent of the lower explosive limit; detectors nearby show a part of it, half of them next to nothing.");
        Is(CityQuantity.Lighting, "1", "Share of the street lights that burn when they should; the others have failed.");
        Is(CityQuantity.Waste, "1", "Waste in containers, as a multiple of what is usual between two collections.");
        Is(CityQuantity.WasteSuction, "1", "Share of the pneumatic waste inlets that the pipes can empty: 1 is all, 0 a plant that stands. The others fill up, and say so when they should have been emptied.");
        Is(CityQuantity.Network, "1", "Share of the radio network (5G and Wi-Fi) that works.");
        Is(CityQuantity.NetworkUse, "1", "Share of the radio network's capacity in use.");
        All = [.. all];
        ByName = Enum.GetValues<CityQuantity>().ToFrozenDictionary(NameOf, quantity => quantity);
    }

    /// <summary>In the order of <see cref="CityQuantity"/>.</summary>
    public static ImmutableArray<QuantityDescription> All { get; }

    public static bool TryFind(string name, out CityQuantity quantity) => ByName.TryGetValue(name, out quantity);

    /// <summary>Whether a scenario may name it: one of <see cref="All"/>, or a member of a family.</summary>
    public static bool IsKnown(string name) => ByName.ContainsKey(name) || Family().IsMatch(name);

    /// <summary>snake_case.</summary>
    public static string NameOf(CityQuantity quantity)
    {
        var name = new StringBuilder();
        foreach (char letter in quantity.ToString())
        {
            name.Append(char.IsUpper(letter) && name.Length > 0 ? "_" : "").Append(char.ToLowerInvariant(letter));
        }

        return name.ToString();
    }

    [GeneratedRegex(@"^(calls\.(ems_call|fire_call|traffic_call)|requests\.request)\.[a-z][a-z0-9_]{0,63}$", RegexOptions.CultureInvariant)]
    private static partial Regex Family();
}
