using System.Collections.Immutable;

namespace Streams.Domain.Cities;

/// <summary>The ground inside a closed ring of corners. Small enough to be taken as flat.</summary>
public sealed class Outline
{
    private const double KilometresPerDegree = 111.195;

    private readonly ImmutableArray<(double Latitude, double Longitude)> _corners;

    /// <param name="corners">Closed: the last equals the first, as <see cref="Areas.AreaDescription.Polygon"/>. None is no ground at all.</param>
    public Outline(ImmutableArray<(double Latitude, double Longitude)> corners)
    {
        _corners = corners;
        (South, West, North, East) = (double.MaxValue, double.MaxValue, double.MinValue, double.MinValue);
        double twice = 0;
        for (int i = 0; i < corners.Length; i++)
        {
            (double latitude, double longitude) = corners[i];
            (South, North) = (Math.Min(South, latitude), Math.Max(North, latitude));
            (West, East) = (Math.Min(West, longitude), Math.Max(East, longitude));
            if (i > 0)
            {
                // Relative to the first corner: products of whole degrees would lose the metres.
                (double y0, double x0) = (corners[i - 1].Latitude - corners[0].Latitude, corners[i - 1].Longitude - corners[0].Longitude);
                twice += (x0 * (latitude - corners[0].Latitude)) - ((longitude - corners[0].Longitude) * y0);
            }
        }

        double scale = corners.IsEmpty ? 0 : Math.Cos((South + North) / 2 * Math.PI / 180);
        SurfaceInKm2 = Math.Abs(twice) / 2 * scale * KilometresPerDegree * KilometresPerDegree;
    }

    /// <summary>Degrees, as the three others.</summary>
    public double South { get; }

    public double West { get; }

    public double North { get; }

    public double East { get; }

    public double SurfaceInKm2 { get; }

    /// <summary>The centre of gravity, which a crooked outline may not contain; null for no ground at all.</summary>
    public (double Latitude, double Longitude)? Centre
    {
        get
        {
            (double y0, double x0) = _corners.IsEmpty ? default : _corners[0];
            double twice = 0;
            double y = 0;
            double x = 0;
            for (int i = 1; i < _corners.Length; i++)
            {
                (double fromY, double fromX) = (_corners[i - 1].Latitude - y0, _corners[i - 1].Longitude - x0);
                (double toY, double toX) = (_corners[i].Latitude - y0, _corners[i].Longitude - x0);
                double cross = (fromX * toY) - (toX * fromY);
                twice += cross;
                y += (fromY + toY) * cross;
                x += (fromX + toX) * cross;
            }

            return twice == 0 ? null : (y0 + (y / (3 * twice)), x0 + (x / (3 * twice)));
        }
    }

    /// <summary>A point on the border may count to either side.</summary>
    public bool Contains(double latitude, double longitude)
    {
        if (latitude < South || latitude > North || longitude < West || longitude > East)
        {
            return false;
        }

        bool inside = false;
        for (int i = 1; i < _corners.Length; i++)
        {
            (double fromLatitude, double fromLongitude) = _corners[i - 1];
            (double toLatitude, double toLongitude) = _corners[i];
            if ((fromLatitude > latitude) != (toLatitude > latitude)
                && longitude < fromLongitude + ((latitude - fromLatitude) / (toLatitude - fromLatitude) * (toLongitude - fromLongitude)))
            {
                inside = !inside;
            }
        }

        return inside;
    }

    /// <summary>True where the boxes around the two have ground in common.</summary>
    public bool IsNear(Outline other) =>
        South < other.North && other.South < North && West < other.East && other.West < East;

    /// <summary>True where the two have ground or border in common.</summary>
    public bool Touches(Outline other) =>
        !_corners.IsEmpty && !other._corners.IsEmpty && South <= other.North && other.South <= North && West <= other.East && other.West <= East
        && (Contains(other._corners[0].Latitude, other._corners[0].Longitude) || other.Contains(_corners[0].Latitude, _corners[0].Longitude) || SidesCross(other));

    /// <summary>True where all of the other's ground is this one's; of two that share a border either may come out.</summary>
    public bool Contains(Outline other) =>
        !other._corners.IsEmpty && South <= other.South && other.North <= North && West <= other.West && other.East <= East
        && Contains(other._corners[0].Latitude, other._corners[0].Longitude) && !SidesCross(other);

    private bool SidesCross(Outline other)
    {
        for (int j = 1; j < other._corners.Length; j++)
        {
            ((double Y, double X) c, (double Y, double X) d) = (other._corners[j - 1], other._corners[j]);

            // Of an outline of a whole country hardly a side comes near a city.
            if (Math.Max(c.Y, d.Y) < South || Math.Min(c.Y, d.Y) > North || Math.Max(c.X, d.X) < West || Math.Min(c.X, d.X) > East)
            {
                continue;
            }

            for (int i = 1; i < _corners.Length; i++)
            {
                if (Cross(_corners[i - 1], _corners[i], c, d))
                {
                    return true;
                }
            }
        }

        return false;
    }

    /// <summary>The places, from 0, of the first two sides that cross or touch although they are no neighbours; null for a simple ring.</summary>
    public (int Side, int Other)? Crossing()
    {
        int sides = _corners.Length - 1;
        for (int i = 0; i < sides; i++)
        {
            for (int j = i + 2; j < sides; j++)
            {
                bool areNeighbours = i == 0 && j == sides - 1;
                if (!areNeighbours && Cross(_corners[i], _corners[i + 1], _corners[j], _corners[j + 1]))
                {
                    return (i, j);
                }
            }
        }

        return null;
    }

    private static bool Cross(
        (double Y, double X) a, (double Y, double X) b, (double Y, double X) c, (double Y, double X) d) =>
        Math.Max(a.X, b.X) >= Math.Min(c.X, d.X) && Math.Max(c.X, d.X) >= Math.Min(a.X, b.X)
        && Math.Max(a.Y, b.Y) >= Math.Min(c.Y, d.Y) && Math.Max(c.Y, d.Y) >= Math.Min(a.Y, b.Y)
        && Side(a, b, c) * Side(a, b, d) <= 0 && Side(c, d, a) * Side(c, d, b) <= 0;

    private static int Side((double Y, double X) a, (double Y, double X) b, (double Y, double X) c) =>
        Math.Sign(((b.X - a.X) * (c.Y - a.Y)) - ((b.Y - a.Y) * (c.X - a.X)));
}
