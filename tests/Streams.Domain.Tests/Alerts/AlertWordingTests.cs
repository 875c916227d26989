using Streams.Domain.Alerts;

namespace Streams.Domain.Tests.Alerts;

public sealed class AlertWordingTests
{
    private static readonly AlertFigures Some = new()
    {
        Area = "Centre",
        Value = 5,
        Measure = -0.62,
        Count = 1,
        Members = 3,
        SinceInMs = DateTimeOffset.Parse("2026-11-01T09:05:00Z", System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds(),
    };

    [Theory]
    [InlineData("a {{b}} {value}", "a {b} 5")]
    [InlineData("{vale}, {value", "{vale}, {value")]
    [InlineData("{count} {count:sensor|sensors} of {members} {members:sensor|sensors}", "1 sensor of 3 sensors")]
    [InlineData("{count:one}, {value:one|many}, {count:one|two|three}, {count:|many}", "{count:one}, {value:one|many}, {count:one|two|three}, {count:|many}")]
    [InlineData("{distance} m below, {percent} %", "0.62 m below, -62 %")]
    [InlineData("{until} {eta} {window} {devices} {places} {metric} {usual}", "- - - - - - -")]
    [InlineData("Said. {explanation}", "Said.")]
    public void Names_and_choices_in_braces_are_filled_and_all_else_stays(string text, string filled) =>
        Assert.Equal(filled, AlertWording.Fill(text, new AlertWords("en", Some)));

    [Fact]
    public void What_can_not_be_filled_is_found() =>
        Assert.Equal(["vale", "x", "value:a|b", "count:a"], AlertWording.UnknownNames("{value} {vale} {{no}} {x} {count:a|b} {value:a|b} {count:a}"));

    [Theory]
    [InlineData("en", "0.123 4.57 61.2 612 -3 0 9999 10,000 -1,234,567 -")]
    [InlineData("fr", "0,123 4,57 61,2 612 -3 0 9999 10\u00a0000 -1\u00a0234\u00a0567 -")]
    [InlineData("fr-FR", "0,123 4,57 61,2 612 -3 0 9999 10\u00a0000 -1\u00a0234\u00a0567 -")]
    [InlineData("de", "0.123 4.57 61.2 612 -3 0 9999 10,000 -1,234,567 -")]
    public void Numbers_have_three_digits_that_count_in_the_languages_own_form(string language, string written) =>
        Assert.Equal(written, string.Join(' ', new[] { 0.1234, 4.567, 61.23, 612.4, -3, 0, 9999, 9999.6, -1_234_567, double.NaN }.Select(AlertLanguage.Of(language).Number)));

    [Theory]
    [InlineData("en", 119, "119 min")]
    [InlineData("en", 120, "2 h")]
    [InlineData("en", 2880, "2 days")]
    [InlineData("fr", 90, "90 min")]
    [InlineData("fr", 2880, "2 jours")]
    public void Durations_are_in_the_unit_that_fits(string language, int minutes, string written) =>
        Assert.Equal(written, AlertLanguage.Of(language).Duration(minutes * 60_000L));

    [Theory]
    [InlineData("en", 0, "since 2026-11-01 09:05 UTC")]
    [InlineData("fr", 0, "since 01/11/2026 à 9 h 05 UTC")]
    [InlineData("en", 60, "since 2026-11-01 10:05 UTC+1")]
    [InlineData("fr", 120, "since 01/11/2026 à 11 h 05 UTC+2")]
    [InlineData("en", 900 - 1440, "since 2026-11-01 00:05 UTC-9")]
    [InlineData("en", 345, "since 2026-11-01 14:50 UTC+5:45")]
    [InlineData("en", -210, "since 2026-11-01 05:35 UTC-3:30")]
    public void Times_are_those_of_the_city_and_say_so(string language, int offsetInMinutes, string written)
    {
        var zone = TimeZoneInfo.CreateCustomTimeZone("there", TimeSpan.FromMinutes(offsetInMinutes), null, null);
        Assert.Equal(written, AlertWording.Fill("since {since}", new AlertWords(language, Some with { Zone = zone })));
    }

    [Theory]
    [InlineData("en", 1, 1, "a")]
    [InlineData("en", 3, 3, "a, b and c")]
    [InlineData("en", 5, 5, "a, b, c, d and e")]
    [InlineData("en", 7, 9, "a, b, c, d, e and 4 more")]
    [InlineData("en", 2, 9, "a, b and 7 more")]
    [InlineData("fr", 2, 2, "a et b")]
    [InlineData("fr", 6, 6, "a, b, c, d, e et 1 autre")]
    [InlineData("fr", 7, 9, "a, b, c, d, e et 4 autres")]
    [InlineData("fr", 0, 0, "-")]
    public void A_list_names_five_and_counts_the_rest(string language, int known, int total, string written) =>
        Assert.Equal(written, AlertLanguage.Of(language).List([.. "abcdefg"[..known].Select(letter => letter.ToString())], total));

    [Theory]
    [InlineData("en", 0, "sensors")]
    [InlineData("en", 1, "sensor")]
    [InlineData("fr", 0, "sensor")]
    [InlineData("fr", 2, "sensors")]
    public void None_is_plural_in_english_and_singular_in_french(string language, int count, string written) =>
        Assert.Equal(written, AlertWording.Fill("{count:sensor|sensors}", new AlertWords(language, Some with { Count = count })));

    [Theory]
    [InlineData("stuck", "no2 reste exactement à 12,5.")]
    [InlineData("range", "no2 vaut 12,5, ce qui est physiquement impossible.")]
    public void An_anomaly_is_explained_in_french_too(string kind, string written)
    {
        AlertFigures figures = Some with { Newest = new AnomalyFigures(kind, "no2", 12.5, "no2 is 12.5.") };
        Assert.Equal("no2 is 12.5.", AlertWording.Fill("{explanation}", new AlertWords("en", figures)));
        Assert.Equal(written, AlertWording.Fill("{explanation}", new AlertWords("fr", figures)));
    }

    [Theory]
    [InlineData("range", "stuck", "spike", "rate", "limit", "level", "season", "silence")]
    public void Every_kind_of_anomaly_has_french_words(params string[] kinds) =>
        Assert.All(kinds, kind => Assert.EndsWith(".", AlertLanguage.Of("fr").Explain(new AnomalyFigures(kind, "no2", 1, "")), StringComparison.Ordinal));

    [Theory]
    [InlineData("m/s", 10, "36 km/h")]
    [InlineData("s", 90, "1.5 min")]
    [InlineData("Cel", -15, "-15 °C")]
    [InlineData("dB(A)", 85, "85 dB(A)")]
    public void Units_are_those_that_readers_know(string unit, double value, string written)
    {
        ReaderUnit shown = ReaderUnit.Of(unit);
        Assert.Equal(written, $"{AlertLanguage.Of("en").Number(value * shown.Factor)} {shown.Symbol}");
    }
}
