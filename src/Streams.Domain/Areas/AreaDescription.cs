using System.Collections.Immutable;

namespace Streams.Domain.Areas;

/// <summary>What the configuration knows of an area beyond its path. All of it is optional: areas exist by being named in readings.</summary>
public sealed record AreaDescription
{
    public required string Id { get; init; }

    /// <summary>For people; by default made from the path.</summary>
    public string? Name { get; init; }

    /// <summary>Corners as (latitude, longitude), WGS84, the last equal to the first, as CAP writes them. Empty if unknown.</summary>
    public ImmutableArray<(double Latitude, double Longitude)> Polygon { get; init; } = [];

    /// <summary>Codes by code system, such as <c>INSEE</c> or <c>SAME</c>, for CAP's geocode.</summary>
    public ImmutableDictionary<string, string> Geocodes { get; init; } = ImmutableDictionary<string, string>.Empty;
}
