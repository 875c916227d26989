using System.Collections.Immutable;
using Streams.Domain.Areas;

namespace Streams.Node.Configuration;

/// <summary>
/// <c>cities/NAME/areas.yaml</c>: names, codes and outlines of areas. An area's parent is its path without the last level.
/// <code>
/// areas:
///   dijon/toison-dor:
///     name: La Toison d'Or
///     geocodes: { INSEE: "21231" }
///     polygon: [[5.03, 47.35], [5.05, 47.35], [5.04, 47.36]]   # longitude, latitude, as GeoJSON; closed by itself
/// </code>
/// </summary>
public static class AreasFile
{
    private static readonly Form<string> Id = Form.Text(
        @"^[a-z0-9][a-z0-9._-]{0,99}(/[a-z0-9][a-z0-9._-]{0,99}){0,9}$", "levels of lower-case letters, digits, -, _ and ., each beginning with a letter or digit, with / between them, such as dijon/toison-dor");

    public static ImmutableArray<AreaDescription> Read(YamlFile file)
    {
        ImmutableArray<AreaDescription>.Builder areas = ImmutableArray.CreateBuilder<AreaDescription>();
        foreach ((string id, YamlSection section) in file.Root.Section("areas", required: true).Entries(Id))
        {
            if (id.Length > AreaPath.LongestId)
            {
                section.Fault("name", $"belongs to an id of {id.Length} characters", $"ids of at most {AreaPath.LongestId}");
            }

            YamlSection codes = section.Section("geocodes");
            areas.Add(new AreaDescription
            {
                Id = id,
                Name = section.MaybeText("name", Form.Text(200)),
                Geocodes = codes.Keys.ToList().ToImmutableDictionary(key => key, key => codes.Required(key, Form.Text(100))),
                Polygon = ReadPolygon(section),
            });
        }

        file.Finish();
        return areas.ToImmutable();
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

        if (corners.Any(corner => Math.Abs(corner.Latitude) > 90))
        {
            section.Fault("polygon", "has a latitude beyond 90 degrees", "pairs in the order [longitude, latitude]");
        }

        return [.. corners];
    }
}
