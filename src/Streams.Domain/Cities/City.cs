using System.Collections.Immutable;
using Streams.Domain.Areas;

namespace Streams.Domain.Cities;

/// <summary>
/// A city as <c>cities/NAME/</c> describes it: where it lies, its areas, every device in it, and what may befall it. Plain data: the node registers
/// its devices and knows its areas by it, the simulator lives in it.
/// </summary>
public sealed record City
{
    /// <summary>The folder's name, such as <c>dijon</c>; also the id of its root area.</summary>
    public required string Name { get; init; }

    /// <summary>For people, such as "Dijon Métropole".</summary>
    public required string Title { get; init; }

    /// <summary>IANA name, such as <c>Europe/Paris</c>: days, rush hours and lights follow it.</summary>
    public required TimeZoneInfo TimeZone { get; init; }

    /// <summary>In which alerts are said, such as <c>fr</c>, the main one first, each once. Empty where the city does not say: then as the rules themselves are written.</summary>
    public ImmutableArray<string> Languages { get; init; } = [];

    /// <summary>WGS84 degrees of its centre: sunrise and season follow them.</summary>
    public required double Latitude { get; init; }

    public required double Longitude { get; init; }

    public required Climate Climate { get; init; }

    /// <summary>Who is to be named where outlines and figures are shown, one sentence each.</summary>
    public ImmutableArray<string> Attributions { get; init; } = [];

    /// <summary>Rivers, big roads, tram lines.</summary>
    public ImmutableArray<CityLine> Lines { get; init; } = [];

    /// <summary>The root first, parents before their children.</summary>
    public required ImmutableArray<CityArea> Areas { get; init; }

    /// <summary>Ids unique; the same at every start, and for every group independent of the others.</summary>
    public required ImmutableArray<PlacedDevice> Devices { get; init; }

    /// <summary>By name, ascending.</summary>
    public ImmutableArray<Scenario> Scenarios { get; init; } = [];
}

/// <summary>A line across the city that devices stand along and vehicles run on.</summary>
/// <param name="Points">(latitude, longitude), two or more.</param>
public sealed record CityLine(string Name, string Title, ImmutableArray<(double Latitude, double Longitude)> Points);

/// <summary>An area with what distinguishes it from others.</summary>
/// <param name="Residents">Of the area with all that lies in it.</param>
/// <param name="Character">What it is like, as shares from 0 to 1: how much of it is centre, industry, green.</param>
public sealed record CityArea(AreaDescription Description, int Residents, AreaCharacter Character)
{
    public string Id => Description.Id;
}

/// <param name="Centre">1 where everybody goes during the day and in the evening, 0 at the edge.</param>
/// <param name="Industry">1 for works and warehouses.</param>
/// <param name="Green">1 for parks and fields.</param>
/// <param name="River">1 where a river or the sea can flood it.</param>
public sealed record AreaCharacter(double Centre = 0, double Industry = 0, double Green = 0, double River = 0);

/// <summary>What the weather of a year is like: twelve figures each, January first.</summary>
/// <param name="Temperature">Mean, degrees Celsius.</param>
/// <param name="DailySwing">From the coldest to the warmest hour of a mean day, degrees.</param>
/// <param name="Rain">Millimetres a month.</param>
/// <param name="RainyDays">Days with a millimetre or more.</param>
/// <param name="Wind">Mean, metres a second.</param>
/// <param name="Sunshine">Hours a month.</param>
public sealed record Climate(
    ImmutableArray<double> Temperature,
    ImmutableArray<double> DailySwing,
    ImmutableArray<double> Rain,
    ImmutableArray<double> RainyDays,
    ImmutableArray<double> Wind,
    ImmutableArray<double> Sunshine);

/// <summary>One device of the city.</summary>
/// <param name="Type">A name of <c>device-types.yaml</c>.</param>
/// <param name="Area">The smallest area it stands in; for vehicles and units, that of their depot.</param>
/// <param name="Interval">Natural time between two readings; zero for those that speak only when something happens.</param>
/// <param name="Group">The population group that it comes from; its figures apply to it.</param>
public sealed record PlacedDevice(string Id, string Type, string Area, double Latitude, double Longitude, TimeSpan Interval, DeviceGroup Group)
{
    /// <summary>For people, where it has a name of its own: a car park, a gauge.</summary>
    public string? Name { get; init; }
}

/// <summary>A line of <c>population.yaml</c>: so many devices of a kind.</summary>
/// <param name="Figures">What the devices of this group are like, by the names of <see cref="DeviceFigures"/>; of a named place its own with those of its group.</param>
public sealed record DeviceGroup(string Name, string Type, int Count, ImmutableDictionary<string, double> Figures);
