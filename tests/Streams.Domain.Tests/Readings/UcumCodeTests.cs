using Streams.Domain.Readings;

namespace Streams.Domain.Tests.Readings;

public sealed class UcumCodeTests
{
    [Theory]
    [InlineData("ug/m3")]
    [InlineData("kW.h")]
    [InlineData("m.s-2")]
    [InlineData("/min")]
    [InlineData("mm[Hg]")]
    [InlineData("%")]
    [InlineData("uSv/h")]
    [InlineData("{bicycle}")]
    [InlineData("{bicycle}/h")]
    [InlineData("mol/L")]
    [InlineData("dB")]
    [InlineData("[CFU]/100.mL")]
    public void Codes_of_ucum_are_known_by_their_form(string code) => Assert.True(UcumCode.IsWellFormed(code));

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("hectopascals")]
    [InlineData("kmin")]
    [InlineData("bike")]
    [InlineData("ug//m3")]
    [InlineData("ug/m3/")]
    [InlineData("{}")]
    [InlineData("{a}{b}")]
    [InlineData("{a")]
    [InlineData("m}")]
    [InlineData("µg")]
    public void Other_words_are_none(string word) => Assert.False(UcumCode.IsWellFormed(word));
}
