using System.Collections.Immutable;

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
    /// <summary>Of its ring, which is 0.4 % short of the circle.</summary>
    private const int Corners = 36;

    private const double KilometresPerDegree = 111.195;

    /// <summary>As <see cref="ToString"/> writes it: <c>latitude,longitude radius</c>.</summary>
    public static bool TryParse(string text, out CapCircle circle)
    {
        circle = default;
        if (CapText.Words(text) is not [{ } centre, { } radius] || !CapText.TryPoint(centre, out CapPoint point) || !CapText.TryNumber(radius, out decimal km))
        {
            return false;
        }

        circle = new CapCircle(point, km);
        return true;
    }

    /// <summary>Its outline, counter-clockwise on a map, the last corner the first again. Without a radius it is a point: ten metres are as good.</summary>
    public ImmutableArray<(double Latitude, double Longitude)> Ring()
    {
        double radius = Math.Max((double)RadiusInKm, 0.01) / KilometresPerDegree;
        double narrow = Math.Max(0.01, Math.Cos(double.DegreesToRadians((double)Centre.Latitude)));
        var corners = ImmutableArray.CreateBuilder<(double, double)>(Corners + 1);
        for (int i = 0; i <= Corners; i++)
        {
            double angle = 2 * Math.PI * (i % Corners) / Corners;
            corners.Add(((double)Centre.Latitude + (radius * Math.Sin(angle)), (double)Centre.Longitude + (radius * Math.Cos(angle) / narrow)));
        }

        return corners.MoveToImmutable();
    }

    public override string ToString() => $"{Centre} {CapText.Number(RadiusInKm)}";
}
