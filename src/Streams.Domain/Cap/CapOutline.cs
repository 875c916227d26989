using System.Collections.Immutable;

namespace Streams.Domain.Cap;

/// <summary>Brings an area's outline into a polygon that others take: closed, rounded, and of few points.</summary>
internal static class CapOutline
{
    /// <summary>Shows a district on any map; cell broadcast, which reaches the phones, takes polygons of about as many.</summary>
    public const int MostPoints = 100;

    /// <summary>1e-5 degrees are about a metre.</summary>
    private const int Decimals = 5;

    /// <param name="corners">Latitude first, the last equal to the first or not.</param>
    /// <returns>Null if there are fewer than three corners, or one that is nowhere on earth.</returns>
    public static CapPolygon? Of(ImmutableArray<(double Latitude, double Longitude)> corners)
    {
        var ring = new List<CapPoint>(corners.Length);
        foreach ((double latitude, double longitude) in corners)
        {
            if (!double.IsFinite(latitude) || !double.IsFinite(longitude) || Math.Abs(latitude) > 90 || Math.Abs(longitude) > 180)
            {
                return null;
            }

            var point = new CapPoint(Rounded(latitude), Rounded(longitude));
            if (ring.Count == 0 || ring[^1] != point)
            {
                ring.Add(point);
            }
        }

        if (ring.Count > 1 && ring[0] == ring[^1])
        {
            ring.RemoveAt(ring.Count - 1);
        }

        Thin(ring, MostPoints - 1);
        if (ring.Count < 3)
        {
            return null;
        }

        ring.Add(ring[0]);
        return new CapPolygon(CapList.From(ring));
    }

    private static decimal Rounded(double degrees) => Math.Round((decimal)degrees, Decimals);

    /// <summary>
    /// Takes out corners until few enough are left, always the one whose triangle with its neighbours is the smallest (Visvalingam and Whyatt 1993).
    /// The outline stays within a breadth of what it was; it need not contain all of the area any more.
    /// </summary>
    private static void Thin(List<CapPoint> ring, int most)
    {
        // Some thousands of corners at most: to look for the smallest among all each time is quick enough, to work out all of them each time is not.
        List<double> sizes = [.. Enumerable.Range(0, ring.Count).Select(SizeAt)];
        while (ring.Count > most)
        {
            int smallest = 0;
            for (int i = 1; i < sizes.Count; i++)
            {
                smallest = sizes[i] < sizes[smallest] ? i : smallest;
            }

            ring.RemoveAt(smallest);
            sizes.RemoveAt(smallest);
            int next = smallest % ring.Count;
            int before = (smallest + ring.Count - 1) % ring.Count;
            sizes[next] = SizeAt(next);
            sizes[before] = SizeAt(before);
        }

        double SizeAt(int i) => Triangle(ring[(i + ring.Count - 1) % ring.Count], ring[i], ring[(i + 1) % ring.Count]);
    }

    private static double Triangle(CapPoint a, CapPoint b, CapPoint c)
    {
        (double abX, double abY) = ((double)(b.Longitude - a.Longitude), (double)(b.Latitude - a.Latitude));
        (double acX, double acY) = ((double)(c.Longitude - a.Longitude), (double)(c.Latitude - a.Latitude));
        return Math.Abs((abX * acY) - (acX * abY));
    }
}
