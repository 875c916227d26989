namespace Streams.Domain.Cap;

/// <summary>Where it is: all of the polygons, circles and geocodes together (section 3.2.4).</summary>
public sealed record CapArea
{
    public required string Description { get; init; }

    public CapList<CapPolygon> Polygons { get; init; }

    public CapList<CapCircle> Circles { get; init; }

    public CapList<CapValue> Geocodes { get; init; }

    /// <summary>Feet above mean sea level; the lowest where there is a ceiling.</summary>
    public decimal? Altitude { get; init; }

    /// <summary>Feet above mean sea level; never without an altitude.</summary>
    public decimal? Ceiling { get; init; }
}

/// <summary>WGS 84, degrees. Latitude first, other than in GeoJSON.</summary>
public readonly record struct CapPoint(decimal Latitude, decimal Longitude)
{
    public override string ToString() => $"{CapText.Number(Latitude)},{CapText.Number(Longitude)}";
}

/// <summary>A ring of at least four points, the last of them the first again.</summary>
public readonly record struct CapPolygon(CapList<CapPoint> Points)
{
    public override string ToString() => string.Join(' ', Points);
}

/// <param name="RadiusInKm">Zero or more.</param>
public readonly record struct CapCircle(CapPoint Centre, decimal RadiusInKm)
{
    public override string ToString() => $"{Centre} {CapText.Number(RadiusInKm)}";
}
