using Streams.Simulator.Replay;

namespace Streams.Simulator.Tests.Replay;

public sealed class SlugTests
{
    [Theory]
    [InlineData("Chaoyang", "chaoyang")]
    [InlineData("Pz. de la Marina", "pz-de-la-marina")]
    [InlineData("Duck, NC", "duck-nc")]
    [InlineData("Fenway / Kenmore / Audubon Circle / Longwood", "fenway-kenmore-audubon-circle-longwood")]
    [InlineData("grid 34.05 -118.30", "grid-34-05-118-30")]
    [InlineData("Treptow-Köpenick", "treptow-kopenick")]
    [InlineData("Toison d'Or", "toison-d-or")]
    [InlineData("  Łódź Œuvre Straße ", "lodz-oeuvre-strasse")]
    [InlineData("Cafe\u0301 noir", "cafe-noir")]
    [InlineData("시청", "uc2dcuccad")]
    [InlineData("-- ?? --", "")]
    public void A_name_becomes_part_of_an_area_id(string name, string expected) => Assert.Equal(expected, Slug.Of(name));

    [Theory]
    [InlineData("/data/air_beijing_2015-11_2016-02.csv.gz", "beijing")]
    [InlineData("traffic_los angeles_2012.csv", "los-angeles")]
    [InlineData("readings.csv", null)]
    [InlineData("air_.csv", null)]
    public void The_place_is_the_second_part_of_a_file_name(string path, string? expected) => Assert.Equal(expected, Slug.PlaceOf(path));
}
