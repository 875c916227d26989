using System.Text.Json;
using Streams.Cli.Output;

namespace Streams.Cli.Tests;

public sealed class ListingTests
{
    private static readonly Listing Table = new(
        new Column("severity", "severity"), new Column("text", "text", least: 10), new Column("where", "where", least: 6, drop: 1), new Column("when", "when", drop: 2), new Column("id", "id", below: true));

    private static readonly JsonElement[] Items =
        [JsonSerializer.SerializeToElement(new { severity = "Severe", text = "The river is far above its banks", where = "dijon/port", when = "10:00", id = "dijon.port.river" })];

    [Theory]
    [InlineData(90, "Severe    The river is far above its banks  dijon/port  10:00  dijon.port.river")]
    [InlineData(60, "Severe    The river is…  dijon/port  10:00  dijon.port.river")]
    [InlineData(45, "Severe    The river is fa…  dijon/port  10:00\n  dijon.port.river")]
    [InlineData(32, "Severe    The river…  dijon/port\n  dijon.port.river")]
    [InlineData(28, "Severe    The river…  dijon…\n  dijon.port.river")]
    [InlineData(20, "Severe    The river…\n  dijon.port.river")]
    public void Texts_are_shortened_then_ids_go_below_then_columns_are_left_out(int width, string row)
    {
        using var output = new StringWriter();

        Table.Write(new Screen(output, TextWriter.Null, width), Items, "");

        Assert.Equal(row, string.Join('\n', output.ToString().TrimEnd().Split('\n')[1..].Select(line => line.TrimEnd())));
        Assert.All(output.ToString().Split('\n'), line => Assert.InRange(line.Length, 0, width));
    }

    [Theory]
    [InlineData("abc", 3, "abc")]
    [InlineData("abcd", 3, "ab…")]
    [InlineData("水位計", 6, "水位計")]
    [InlineData("水位計", 5, "水位…")]
    [InlineData("水位計", 4, "水…")]
    [InlineData("a b c", 3, "a…")]
    public void A_text_is_shortened_by_the_cells_it_takes(string text, int width, string expected) => Assert.Equal(expected, Cells.Shorten(text, width));

    [Fact]
    public void A_pipe_gets_every_column_whole()
    {
        Assert.SkipWhen(Environment.GetEnvironmentVariable("COLUMNS") is not null, "COLUMNS bounds what a pipe gets.");
        using var output = new StringWriter();

        Table.Write(new Screen(output, TextWriter.Null), Items, "");

        Assert.EndsWith("The river is far above its banks  dijon/port  10:00  dijon.port.river", output.ToString().TrimEnd(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new double[] { 0, 1, 2, 3, 4, 5, 6, 7 }, 8, "▁▂▃▄▅▆▇█")]
    [InlineData(new double[] { 0, 0, 7, 7 }, 2, "▁█")]
    [InlineData(new double[] { 5, double.NaN, 5 }, 3, "▁ ▁")]
    [InlineData(new double[] { }, 3, "")]
    public void A_sparkline_goes_from_the_smallest_to_the_greatest(double[] values, int width, string expected) => Assert.Equal(expected, Chart.Sparkline(values, width));
}
