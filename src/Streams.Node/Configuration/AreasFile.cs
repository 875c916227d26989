using System.Collections.Immutable;
using Streams.Domain.Areas;
using Streams.Domain.Cities;

namespace Streams.Node.Configuration;

/// <summary>
/// <c>cities/NAME/areas.yaml</c>: names, codes, outlines and nature of areas. An area's parent is its path without the last level.
/// <code>
/// areas:
///   dijon/dijon/toison-dor:
///     name: La Toison d'Or
///     geocodes: { INSEE: "21231" }
///     residents: 16000                                         # of a parent: left out, it is the sum
///     character: { centre: 0.3, industry: 0.1, green: 0.2 }    # and river; shares from 0 to 1, by default 0
///     polygon: [[5.03, 47.35], [5.05, 47.35], [5.04, 47.36]]   # longitude, latitude, as GeoJSON; closed by itself
/// </code>
/// </summary>
public static class AreasFile
{
    /// <summary>Outlines are drawn and sent with every alert; more corners than this help neither.</summary>
    private const int MostCorners = 1000;

    private const int MostAreas = 5000;

    private static readonly Form<string> Id = Form.Text(
        @"^[a-z0-9][a-z0-9._-]{0,99}(/[a-z0-9][a-z0-9._-]{0,99}){0,9}$", "levels of lower-case letters, digits, -, _ and ., each beginning with a letter or digit, with / between them, such as dijon/toison-dor");

    /// <summary>Parents before their children, else in the order of the file.</summary>
    /// <param name="city">The name that the root must have; null for a file of areas that are nobody's city.</param>
    public static ImmutableArray<CityArea> Read(YamlFile file, string? city = null)
    {
        YamlSection root = file.Root.Section("areas", required: true);
        List<CityArea> areas = [];
        foreach ((string id, YamlSection section) in root.Entries(Id))
        {
            if (id.Length > AreaPath.LongestId)
            {
                section.Fault("name", $"belongs to an id of {id.Length} characters", $"ids of at most {AreaPath.LongestId}");
            }

            YamlSection codes = section.Section("geocodes");
            areas.Add(new CityArea(
                new AreaDescription
                {
                    Id = id,
                    Name = section.MaybeText("name", Form.Text(200)),
                    Geocodes = codes.Keys.ToList().ToImmutableDictionary(key => key, key => codes.Required(key, Form.Text(100))),
                    Polygon = ReadPolygon(section),
                },
                (int)section.Optional("residents", Form.Whole(0, 100_000_000), 0),
                ReadCharacter(section.Section("character"))));
        }

        if (areas.Count > MostAreas)
        {
            file.Root.Fault("areas", $"are {areas.Count}", $"at most {MostAreas}");
        }

        file.Finish();
        return WithSums(CheckTree(areas, root, file.Root, city));
    }

    private static AreaCharacter ReadCharacter(YamlSection section)
    {
        double Share(string key) => section.Optional(key, Form.Number(0, 1), 0);
        return new AreaCharacter(Share("centre"), Share("industry"), Share("green"), Share("river"));
    }

    private static ImmutableArray<(double Latitude, double Longitude)> ReadPolygon(YamlSection section)
    {
        List<(double Latitude, double Longitude)> corners =
            [.. section.Rows("polygon", Form.Number(-180, 180), 2).Select(row => (Latitude: row[1], Longitude: row[0]))];
        if (!section.Has("polygon") || !section.IsSound("polygon"))
        {
            return [];
        }

        if (corners.Count > 0 && corners[0] != corners[^1])
        {
            corners.Add(corners[0]);
        }

        if (corners.Distinct().Count() < 3)
        {
            section.Fault("polygon", "has fewer than three different corners", "three or more pairs [longitude, latitude]");
        }
        else if (corners.Count > MostCorners)
        {
            section.Fault("polygon", $"has {corners.Count} corners", $"at most {MostCorners}; simplify the outline");
        }
        else if (corners.Any(corner => Math.Abs(corner.Latitude) > 90))
        {
            section.Fault("polygon", "has a latitude beyond 90 degrees", "pairs in the order [longitude, latitude]");
        }
        else if (new Outline([.. corners]).Crossing() is { } crossing)
        {
            section.FaultOfItem("polygon", crossing.Other, $"begins a side that crosses or touches the one from [{crossing.Side}]", "a simple ring: sides meet at their ends only");
        }

        return [.. corners];
    }

    private static IEnumerable<CityArea> CheckTree(List<CityArea> areas, YamlSection root, YamlSection file, string? city)
    {
        if (city is not null && file.IsSound("areas"))
        {
            Dictionary<string, CityArea> known = areas.ToDictionary(area => area.Id);
            if (!known.ContainsKey(city))
            {
                file.Fault("areas", $"have no root {city}", $"an area {city}, the folder's name, with all others below it");
                return areas;
            }

            foreach (CityArea area in areas)
            {
                CheckPlace(area, known, root, city);
            }
        }

        // '/' sorts as the lowest character there is in an id, and ids above are shorter.
        return areas.OrderBy(area => area.Id.Count(letter => letter == '/'));
    }

    private static void CheckPlace(CityArea area, Dictionary<string, CityArea> known, YamlSection root, string city)
    {
        if (!AreaPath.IsWithin(area.Id, city))
        {
            root.Fault(area.Id, "lies outside of the city", $"ids that begin with {city}/, the folder's name");
        }
        else if (AreaPath.ParentOf(area.Id) is { } above && !known.ContainsKey(above))
        {
            root.Fault(area.Id, $"lies in {above}, which is not described{Spelling.DidYouMean(above, known.Keys)}", "areas whose parent, the path without the last level, is here too");
        }
        else if (AreaPath.ParentOf(area.Id) is { } parent
            && known[parent].Description.Polygon is { IsEmpty: false } around && area.Description.Polygon is { IsEmpty: false } own
            && !new Outline(around).IsNear(new Outline(own)))
        {
            root.Section(area.Id).Fault("polygon", $"lies outside of {parent}", "an outline within that of the area above");
        }
    }

    private static ImmutableArray<CityArea> WithSums(IEnumerable<CityArea> areas)
    {
        CityArea[] all = [.. areas];
        Dictionary<string, int> sums = [];
        for (int i = all.Length - 1; i >= 0; i--)
        {
            if (sums.TryGetValue(all[i].Id, out int below))
            {
                all[i] = all[i] with { Residents = below };
            }

            if (AreaPath.ParentOf(all[i].Id) is { } parent)
            {
                sums[parent] = sums.GetValueOrDefault(parent) + all[i].Residents;
            }
        }

        return [.. all];
    }
}
