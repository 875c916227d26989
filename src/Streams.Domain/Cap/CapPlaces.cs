using System.Collections.Immutable;
using Streams.Domain.Areas;
using Streams.Domain.Cities;

namespace Streams.Domain.Cap;

/// <summary>Which of the configured areas a message of another agency is about. Immutable; shared by all who ask.</summary>
public sealed class CapPlaces
{
    private readonly ImmutableArray<AreaDescription> _areas;

    /// <summary>The longest path first, so the first that contains something is the smallest that does.</summary>
    private readonly ImmutableArray<(string Id, Outline Outline)> _outlines;

    public CapPlaces(IEnumerable<AreaDescription> areas)
    {
        _areas = [.. areas];
        _outlines = [.. _areas.Where(area => !area.Polygon.IsEmpty).OrderByDescending(area => area.Id.Count(c => c == '/')).ThenBy(area => area.Id, StringComparer.Ordinal)
            .Select(area => (area.Id, new Outline(area.Polygon)))];
    }

    /// <summary>
    /// For each city that the message touches the smallest area that contains all of it that lies there, or the city itself. A code is an area's that has it, or
    /// <c>streams-area</c> with its id.
    /// </summary>
    /// <returns>In order of ids; empty where it is about somewhere else, or says no place that is known.</returns>
    public ImmutableArray<string> Of(CapAlert alert)
    {
        var found = new HashSet<string>(StringComparer.Ordinal);
        foreach (CapArea area in alert.Infos.SelectMany(info => info.Areas))
        {
            foreach (CapValue code in area.Geocodes)
            {
                found.UnionWith(_areas.Where(each => Has(each, code)).Select(each => each.Id));
            }

            foreach (Outline shape in area.Polygons.Select(Outline).Concat(area.Circles.Select(Outline)))
            {
                found.UnionWith(Of(shape));
            }
        }

        return [.. found.GroupBy(AreaPath.RootOf, StringComparer.Ordinal).Select(city => city.Aggregate(Common)).Order(StringComparer.Ordinal)];
    }

    private IEnumerable<string> Of(Outline shape)
    {
        // What has an outline and lies in none that is larger; a city's areas may have outlines where the city has none.
        string[] touched = [.. _outlines.Where(area => area.Outline.Touches(shape)).Select(area => area.Id)];
        return touched.Select(AreaPath.RootOf).Distinct(StringComparer.Ordinal)
            .Select(city => _outlines.FirstOrDefault(area => AreaPath.IsWithin(area.Id, city) && area.Outline.Contains(shape)).Id ?? city);
    }

    private static bool Has(AreaDescription area, CapValue code) =>
        (code.Name == "streams-area" && code.Value == area.Id)
        || area.Geocodes.Any(known => string.Equals(known.Key, code.Name, StringComparison.OrdinalIgnoreCase) && known.Value == code.Value);

    /// <summary>The smallest area that both lie in.</summary>
    private static string Common(string a, string b)
    {
        while (!AreaPath.IsWithin(b, a))
        {
            a = AreaPath.ParentOf(a)!;
        }

        return a;
    }

    private static Outline Outline(CapPolygon polygon) => new([.. polygon.Points.Select(point => ((double)point.Latitude, (double)point.Longitude))]);

    private static Outline Outline(CapCircle circle) => new(circle.Ring());
}
