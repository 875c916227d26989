using System.Globalization;
using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Streams.Domain.Readings;

namespace Streams.Domain.Tests.Readings;

public sealed class Rfc3339Tests
{
    [Theory]
    [InlineData("1970-01-01T00:00:00Z", 0)]
    [InlineData("2026-11-22T10:15:30.250Z", 1795342530250)]
    [InlineData("2026-11-22t10:15:30.25z", 1795342530250)]
    [InlineData("2026-11-22 11:15:30.250999999+01:00", 1795342530250)]
    [InlineData("2026-11-22T10:15:30.2-00:00", 1795342530200)]
    [InlineData("2015-12-08T07:00:00+08:00", 1449529200000)]
    [InlineData("1969-12-31T23:59:59.999Z", -1)]
    [InlineData("2000-02-29T00:00:00Z", 951782400000)]
    [InlineData("2016-12-31T23:59:60Z", 1483228800000)]
    public void Times_with_an_offset_are_read(string text, long expected)
    {
        Assert.True(Rfc3339.TryParse(Encoding.UTF8.GetBytes(text), out long unixMs));
        Assert.Equal(expected, unixMs);
    }

    [Theory]
    [InlineData("")]
    [InlineData("yesterday")]
    [InlineData("2026-11-22")]
    [InlineData("2026-11-22T10:15:30")]
    [InlineData("2026-11-22T10:15:30.250")]
    [InlineData("2026-11-22T10:15:30.Z")]
    [InlineData("2026-11-22T10:15Z")]
    [InlineData("2026-11-22T10:15:30+0100")]
    [InlineData("2026-11-22T10:15:30+24:00")]
    [InlineData("2026-11-22T10:15:30ZZ")]
    [InlineData("2026-13-22T10:15:30Z")]
    [InlineData("2026-02-29T10:15:30Z")]
    [InlineData("2026-11-31T10:15:30Z")]
    [InlineData("2026-11-22T24:00:00Z")]
    [InlineData("2026-11-22T10:60:00Z")]
    [InlineData("2026-11-22T10:15:61Z")]
    [InlineData("0000-11-22T10:15:30Z")]
    [InlineData("20x6-11-22T10:15:30Z")]
    [InlineData("2026-11-22T1x:15:30Z")]
    [InlineData("2026/11/22T10:15:30Z")]
    public void Anything_else_is_refused(string text) =>
        Assert.False(Rfc3339.TryParse(Encoding.UTF8.GetBytes(text), out _));

    [Fact]
    public void Reading_and_writing_agree_with_the_base_library() =>
        Prop.ForAll(Gen.Choose(int.MinValue, int.MaxValue).Zip(Gen.Choose(0, 99_999), (a, b) => (a * 28_000L) + b).ToArbitrary(), unixMs =>
        {
            DateTimeOffset time = DateTimeOffset.FromUnixTimeMilliseconds(unixMs);
            string shifted = time.ToOffset(TimeSpan.FromMinutes(unixMs % 800)).ToString("yyyy-MM-dd'T'HH:mm:ss.fffzzz", CultureInfo.InvariantCulture);
            return Rfc3339.Format(unixMs) == time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture)
                && Rfc3339.TryParse(Encoding.UTF8.GetBytes(shifted), out long back) && back == unixMs;
        }).QuickCheckThrowOnFailure();
}
