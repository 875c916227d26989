using Streams.Domain.Alerts;
using Streams.Domain.Devices;

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
    [InlineData("nl", "0,123 4,57 61,2 612 -3 0 9999 10.000 -1.234.567 -")]
    [InlineData("ko", "0.123 4.57 61.2 612 -3 0 9999 10,000 -1,234,567 -")]
    [InlineData("zh-SG", "0.123 4.57 61.2 612 -3 0 9999 10,000 -1,234,567 -")]
    [InlineData("ms", "0.123 4.57 61.2 612 -3 0 9999 10,000 -1,234,567 -")]
    [InlineData("de", "0.123 4.57 61.2 612 -3 0 9999 10,000 -1,234,567 -")]
    public void Numbers_have_three_digits_that_count_in_the_languages_own_form(string language, string written) =>
        Assert.Equal(written, string.Join(' ', new[] { 0.1234, 4.567, 61.23, 612.4, -3, 0, 9999, 9999.6, -1_234_567, double.NaN }.Select(AlertLanguage.Of(language).Number)));

    [Theory]
    [InlineData("en", 119, "119 min")]
    [InlineData("en", 120, "2 h")]
    [InlineData("en", 2880, "2 days")]
    [InlineData("fr", 90, "90 min")]
    [InlineData("fr", 2880, "2 jours")]
    [InlineData("nl", 120, "2 h")]
    [InlineData("nl", 2880, "2 dagen")]
    [InlineData("ko", 119, "119분")]
    [InlineData("ko", 120, "2시간")]
    [InlineData("ko", 2880, "2일")]
    [InlineData("zh", 119, "119分钟")]
    [InlineData("zh", 120, "2小时")]
    [InlineData("zh", 2880, "2天")]
    [InlineData("ms", 90, "90 min")]
    [InlineData("ms", 2880, "2 hari")]
    public void Durations_are_in_the_unit_that_fits(string language, int minutes, string written) =>
        Assert.Equal(written, AlertLanguage.Of(language).Duration(minutes * 60_000L));

    [Theory]
    [InlineData("en", 0, "since 2026-11-01 09:05 UTC")]
    [InlineData("fr", 0, "since 01/11/2026 à 9 h 05 UTC")]
    [InlineData("en", 60, "since 2026-11-01 10:05 UTC+1")]
    [InlineData("fr", 120, "since 01/11/2026 à 11 h 05 UTC+2")]
    [InlineData("nl", 60, "since 01-11-2026 10:05 UTC+1")]
    [InlineData("ko", 540, "since 2026년 11월 1일 18:05 UTC+9")]
    [InlineData("zh", 480, "since 2026年11月1日17:05 UTC+8")]
    [InlineData("ms", 480, "since 01/11/2026 17:05 UTC+8")]
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
    [InlineData("nl", 3, 3, "a, b en c")]
    [InlineData("nl", 7, 9, "a, b, c, d, e en nog 4")]
    [InlineData("ko", 3, 3, "a, b 및 c")]
    [InlineData("ko", 7, 9, "a, b, c, d, e 외 4개")]
    [InlineData("zh", 1, 1, "a")]
    [InlineData("zh", 3, 3, "a、b和c")]
    [InlineData("zh", 7, 9, "a、b、c、d、e及其他4个")]
    [InlineData("ms", 3, 3, "a, b dan c")]
    [InlineData("ms", 7, 9, "a, b, c, d, e dan 4 lagi")]
    public void A_list_names_five_and_counts_the_rest(string language, int known, int total, string written) =>
        Assert.Equal(written, AlertLanguage.Of(language).List([.. "abcdefg"[..known].Select(letter => letter.ToString())], total));

    [Theory]
    [InlineData("en", 0, "sensors")]
    [InlineData("en", 1, "sensor")]
    [InlineData("fr", 0, "sensor")]
    [InlineData("fr", 2, "sensors")]
    [InlineData("nl", 0, "sensors")]
    [InlineData("nl", 1, "sensor")]
    public void None_is_singular_in_french_only(string language, int count, string written) =>
        Assert.Equal(written, AlertWording.Fill("{count:sensor|sensors}", new AlertWords(language, Some with { Count = count })));

    [Theory]
    [InlineData("en", "stuck", "no2 is 12.5.")]
    [InlineData("fr", "stuck", "no2 : valeur bloquée exactement à 12,5.")]
    [InlineData("fr", "range", "no2 : 12,5, ce qui est physiquement impossible.")]
    [InlineData("nl", "rate", "no2 ging sneller naar 12,5 dan aannemelijk is.")]
    [InlineData("nl", "limit", "no2 is 12,5, voorbij de grenswaarde.")]
    [InlineData("ko", "stuck", "no2 값이 정확히 12.5에 멈춰 있습니다.")]
    [InlineData("ko", "silence", "장치가 더 이상 측정값을 보내지 않습니다.")]
    [InlineData("zh", "range", "no2为 12.5，在物理上不可能。")]
    [InlineData("zh", "season", "no2为 12.5，与平常不同。")]
    [InlineData("ms", "spike", "no2 menjadi 12.5 untuk satu bacaan sahaja.")]
    [InlineData("ms", "excess", "Peranti ini menghantar lebih banyak bacaan daripada yang dibenarkan.")]
    public void An_anomaly_is_explained_in_the_language(string language, string kind, string written)
    {
        AlertFigures figures = Some with { Newest = new AnomalyFigures(kind, "no2", 12.5, "no2 is 12.5.") };
        Assert.Equal(written, AlertWording.Fill("{explanation}", new AlertWords(language, figures)));
    }

    [Theory]
    [InlineData("fr")]
    [InlineData("nl")]
    [InlineData("ko")]
    [InlineData("zh")]
    [InlineData("ms")]
    public void Every_kind_of_anomaly_has_a_sentence_and_what_is_no_kind_has_none(string language)
    {
        string[] kinds = ["range", "stuck", "spike", "rate", "limit", "level", "season", "state", "silence", "excess"];
        string[] said = [.. kinds.Select(kind => AlertLanguage.Of(language).Explain(new AnomalyFigures(kind, "no2", 1.5, "no2 is 1.5."), "no2"))];
        Assert.All(said, sentence => Assert.Matches(@"^[^{}]{4,}[.。]$", sentence));
        Assert.Equal(kinds.Length - 1, said.Distinct().Count());
        Assert.Equal("", AlertLanguage.Of(language).Explain(new AnomalyFigures("new", "no2", 1, "no2 is new."), "no2"));
    }

    [Theory]
    [InlineData("en", "no2", "5 km/u, nitrogen dioxide|Nitrogen dioxide is 12.5.")]
    [InlineData("fr", "no2", "5 km/u, nitrogen dioxide|Nitrogen dioxide : 12,5, ce qui est inhabituel.")]
    [InlineData("en", "request.fallen_tree", "5 km/u, reports (fallen tree)|Reports (fallen tree) is 12.5.")]
    [InlineData("en", "o3", "5 km/u, o3|o3 is 12.5.")]
    public void Units_and_metrics_are_called_what_the_language_calls_them(string language, string metric, string written)
    {
        AlertNames names = new([new("km/h", "km/u")], [new("no2", "nitrogen dioxide"), new("request.*", "reports")]);
        AlertWords words = new(language, Some with { Unit = "km/h", Metric = metric, Newest = new AnomalyFigures("level", metric, 12.5, metric + " is 12.5.") }, names);
        Assert.Equal(written, AlertWording.Fill("{value} {unit}, {metric}|{explanation}", words));
    }

    [Fact]
    public void What_is_a_word_and_no_symbol_has_to_be_named()
    {
        DeviceType type = new()
        {
            Name = "t", Title = "t", Domain = "air", Interval = TimeSpan.FromHours(1),
            Metrics = [.. new[] { "m/s", "km/h", "s", "ug/m3", "m3/h", "Cel", "1", "%", "{person}/m2", "{bus}/km", "count", "Hz" }.Select((unit, i) => new MetricDefinition { Name = $"m{i}", Unit = unit })],
        };
        Assert.Equal(["km/h", "min", "m³/h", "people/m²", "{bus}/km", "units"], AlertNames.WordsOf([type]));
        Assert.Equal(["km/h", "min", "µg/m³", "m³/h", "°C", "%", "people/m²", "{bus}/km", "units", "Hz"], AlertNames.UnitsOf([type]));
        Assert.Equal(12, AlertNames.MetricsOf([type, type]).Count());
    }

    [Theory]
    [InlineData("en", AlertState.Cleared, "Over: Haze|Since noon. Over since 2026-11-01 09:05 UTC.")]
    [InlineData("en", AlertState.Expired, "No longer confirmed: Haze|Since noon. Last confirmed 2026-11-01 09:05 UTC.")]
    [InlineData("fr", AlertState.Cancelled, "Fin d'alerte : Haze|Since noon. Terminé depuis le 01/11/2026 à 9 h 05 UTC.")]
    [InlineData("nl", AlertState.Cleared, "Voorbij: Haze|Since noon. Voorbij sinds 01-11-2026 09:05 UTC.")]
    [InlineData("nl", AlertState.Expired, "Niet meer bevestigd: Haze|Since noon. Laatst bevestigd op 01-11-2026 09:05 UTC.")]
    [InlineData("ko", AlertState.Cleared, "해제: Haze|Since noon. 2026년 11월 1일 09:05 UTC에 상황이 종료되었습니다.")]
    [InlineData("ko", AlertState.Expired, "더 이상 확인되지 않음: Haze|Since noon. 2026년 11월 1일 09:05 UTC에 마지막으로 확인되었습니다.")]
    [InlineData("zh", AlertState.Cleared, "解除：Haze|Since noon.已于2026年11月1日09:05 UTC解除。")]
    [InlineData("zh", AlertState.Expired, "未再确认：Haze|Since noon.最后一次确认时间为2026年11月1日09:05 UTC。")]
    [InlineData("ms", AlertState.Cleared, "Tamat: Haze|Since noon. Tamat sejak 01/11/2026 09:05 UTC.")]
    [InlineData("ms", AlertState.Expired, "Tidak lagi disahkan: Haze|Since noon. Kali terakhir disahkan pada 01/11/2026 09:05 UTC.")]
    public void What_is_over_says_so_in_the_language(string language, AlertState state, string written)
    {
        AlertWords words = new(language, Some with { UntilInMs = Some.SinceInMs });
        Assert.Equal(written, $"{words.Headline("Haze", state)}|{words.Description("Since noon.", state)}");
    }

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
