using System.Collections.Immutable;

namespace Streams.Domain.Cities;

/// <summary>Devices of a kind and where they stand, as <c>population.yaml</c> says it; <see cref="Settlement"/> gives each its spot.</summary>
public sealed record PopulationGroup
{
    /// <summary>Name, type, number and figures.</summary>
    public required DeviceGroup Group { get; init; }

    public required TimeSpan Interval { get; init; }

    /// <summary>Numbers in ids are filled with zeros to so many digits. Default 3.</summary>
    public int Digits { get; init; } = 3;

    /// <summary>How the number is shared among areas; several qualities are mixed by their weights. None: by the weights of <see cref="Areas"/> alone.</summary>
    public ImmutableArray<(AreaQuality Quality, double Weight)> Spread { get; init; } = [];

    /// <summary>Areas, each standing for all that lies in it, with a factor on its share. None: the whole city.</summary>
    public ImmutableArray<(string Area, double Weight)> Areas { get; init; } = [];

    /// <summary>Where given, devices stand along these.</summary>
    public ImmutableArray<CityLine> Along { get; init; } = [];

    /// <summary>One for each smallest area, named after it.</summary>
    public bool OnePerArea { get; init; }

    /// <summary>Where given, these and no others.</summary>
    public ImmutableArray<NamedPlace> Places { get; init; } = [];
}

/// <summary>What an area has more or less of. All but the first two are <see cref="AreaCharacter"/>'s, times the surface.</summary>
public enum AreaQuality : byte
{
    Residents,
    Surface,
    Centre,
    Industry,
    Green,
    River,
}

/// <summary>A device that stands where one would look for it.</summary>
/// <param name="Key">The end of its id.</param>
/// <param name="Title">For people.</param>
/// <param name="Figures">In addition to the group's, or in their place.</param>
public sealed record NamedPlace(string Key, string Title, double Latitude, double Longitude, ImmutableDictionary<string, double> Figures);
