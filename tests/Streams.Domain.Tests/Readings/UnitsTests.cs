using Streams.Domain.Readings;

namespace Streams.Domain.Tests.Readings;

public sealed class UnitsTests
{
    [Theory]
    [InlineData(32, "[degF]", "Cel", 0)]
    [InlineData(212, "degF", "degC", 100)]
    [InlineData(25, "degC", "K", 298.15)]
    [InlineData(66.88, "mph", "km/h", 107.63292672)]
    [InlineData(66.88, "mph", "[mi_i]/h", 66.88)]
    [InlineData(10, "m/s", "km/h", 36)]
    [InlineData(1013.25, "mbar", "kPa", 101.325)]
    [InlineData(101325, "Pa", "hPa", 1013.25)]
    [InlineData(0.6, "mg/m3", "ug/m3", 600)]
    [InlineData(45, "percent", "%", 45)]
    [InlineData(0.45, "1", "%", 45)]
    [InlineData(1.2, "MWh", "kW.h", 1200)]
    [InlineData(354, "Wh", "kWh", 0.354)]
    [InlineData(250, "litre", "m3", 0.25)]
    [InlineData(3, "ft", "cm", 91.44)]
    [InlineData(90, "s", "min", 1.5)]
    [InlineData(4, "call", "call", 4)]
    [InlineData(7, "widgets", "widgets", 7)]
    public void Units_of_one_quantity_convert(double value, string from, string to, double expected)
    {
        Assert.True(Units.TryConvert(from, to, out double factor, out double offset));
        Assert.Equal(expected, (value * factor) + offset, Math.Abs(expected) * 1e-12 + 1e-9);
    }

    [Theory]
    [InlineData("degC", "hPa")]
    [InlineData("ppb", "ug/m3")]
    [InlineData("count", "%")]
    [InlineData("widgets", "m")]
    [InlineData("m", "widgets")]
    [InlineData("M", "m")]
    public void Units_of_different_quantities_do_not(string from, string to) =>
        Assert.False(Units.TryConvert(from, to, out _, out _));
}
