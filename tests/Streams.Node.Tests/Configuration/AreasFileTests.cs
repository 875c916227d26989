using Streams.Domain.Areas;

namespace Streams.Node.Tests.Configuration;

public sealed class AreasFileTests
{
    [Fact]
    public void Areas_of_all_cities_are_read_and_outlines_closed()
    {
        using ConfigurationFolder folder = new("cities/dijon/areas.yaml", """
            areas:
              dijon: { name: Dijon }
              dijon/toison-dor:
                name: La Toison d'Or
                geocodes: { INSEE: "21231" }
                polygon: [[5.03, 47.35], [5.05, 47.35], [5.04, 47.36]]
            """);
        folder.Write("cities/lille/areas.yaml", "areas: { lille: {} }");
        AreaDescription[] areas = [.. folder.Load().Areas];
        Assert.Equal(["dijon", "dijon/toison-dor", "lille"], areas.Select(area => area.Id));
        Assert.Equal("21231", areas[1].Geocodes["INSEE"]);
        Assert.Equal([(47.35, 5.03), (47.35, 5.05), (47.36, 5.04), (47.35, 5.03)], areas[1].Polygon);
        Assert.Null(areas[2].Name);
    }

    [Theory]
    [InlineData("areas: { Dijon: {} }", "cities/x/areas.yaml:1:10: areas.Dijon is not a good name; allowed: levels of lower-case letters")]
    [InlineData("areas: { a: { polygon: [[1, 2], [3, 4]] } }", "cities/x/areas.yaml:1:24: areas.a.polygon has fewer than three different corners")]
    [InlineData("areas: { a: { polygon: [[47, 95], [3, 4], [5, 6]] } }", "cities/x/areas.yaml:1:24: areas.a.polygon has a latitude beyond 90 degrees")]
    [InlineData("areas: { a: { polygon: [[1, 2], [3, 4], [5, 6, 7]] } }", "cities/x/areas.yaml:1:41: areas.a.polygon[2] is not a list of 2 values")]
    [InlineData("areas: { a: { polygon: [[1, 2], [3, 4], [5, x]] } }", "cities/x/areas.yaml:1:45: areas.a.polygon[2][1] is x; allowed: a number from -180 to 180")]
    [InlineData("areas: { a: { parent: b } }", "cities/x/areas.yaml:1:15: areas.a.parent is not a key known here")]
    public void A_wrong_area_is_a_fault(string text, string expected)
    {
        using ConfigurationFolder folder = new("cities/x/areas.yaml", text);
        Assert.StartsWith(expected, folder.Faults()[0], StringComparison.Ordinal);
    }

    [Fact]
    public void An_area_described_twice_is_a_fault()
    {
        using ConfigurationFolder folder = new("cities/x/areas.yaml", "areas: { a: {} }");
        folder.Write("cities/y/areas.yaml", "areas: { a: {} }");
        Assert.StartsWith("cities/y/areas.yaml: the area a is described in ", folder.Fault(), StringComparison.Ordinal);
    }
}
