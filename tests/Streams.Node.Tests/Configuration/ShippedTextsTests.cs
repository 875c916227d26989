using System.Text.RegularExpressions;
using Streams.Domain.Alerts;
using Streams.Node.Configuration;

namespace Streams.Node.Tests.Configuration;

/// <summary>What the shipped rules say to people.</summary>
public sealed class ShippedTextsTests
{
    private static readonly AlertRule[] Rules =
        [.. ClusterConfiguration.Load(ConfigurationFolder.Shipped, new Dictionary<string, string>()).Configuration!.AlertRules.Rules];

    private static readonly AlertFigures Sample = new()
    {
        Area = "Toison d'Or",
        Unit = "µg/m³",
        Value = 1234.5,
        Worst = 12_345,
        Usual = 0.25,
        Measure = 4.567,
        Threshold = 17.2,
        Count = 2,
        Members = 8,
        Devices = ["dijon-air-001", "dijon-air-002"],
        DeviceCount = 2,
        Places = ["Toison d'Or", "Grésilles"],
        PlaceCount = 2,
        Metric = "pm2_5",
        SinceInMs = 1_795_342_500_000,
        UntilInMs = 1_795_353_300_000,
        Zone = TimeZoneInfo.CreateCustomTimeZone("there", TimeSpan.FromHours(8), null, null),
        EtaInMs = 9_000_000,
        WindowInMs = 3_600_000,
        Newest = new AnomalyFigures("stuck", "pm2_5", 12.5, "pm2_5 has been exactly 12.5 ug/m3 for 26 h."),
    };

    /// <summary>What no text may have once it is filled: what its language does not write, and what another one would.</summary>
    private static readonly Dictionary<string, string> WrongIn = new()
    {
        ["en"] = @" [:;!?]|\d,\d{1,2}\b| et ",
        ["fr"] = @"[^ 0-9][:;!?]|\d\.\d| and |UTC UTC|[Dd]epuis \d",
        ["nl"] = @" [:;!?]|\d\.\d{1,2}\b| and | the |[Ss]ince ",
        ["ko"] = @" [:;!?]|[Ss]ince | and | the |[\u4e00-\u9fff]",
        ["zh"] = @"[\u4e00-\u9fff][:;!?,] ?|[。，、：；！？] | and | the |[가-힣]",
        ["ms"] = @" [:;!?]|\d,\d{1,2}\b| and | the |[Ss]ince ",
    };

    [Fact]
    public void Every_rule_speaks_every_language_with_the_same_figures()
    {
        Assert.NotEmpty(Rules);
        Assert.All(Rules, rule =>
        {
            Assert.Equal(["en", "fr"], rule.Texts.Select(text => text.Language));
            Assert.Equal(["ko", "ms", "nl", "zh"], rule.Translations.Select(text => text.Language));
            Assert.All(Spoken(rule), text => Assert.Equal(Fields(rule.Texts[0]).Select(Names), Fields(text).Select(Names)));
            Assert.All(Spoken(rule), text => Assert.Equal(rule.Texts[0].Instruction.Length > 0, text.Instruction.Length > 0));
        });
    }

    [Fact]
    public void Every_text_is_filled_in_every_state_without_a_brace_left_and_reads_as_its_language_does()
    {
        foreach ((AlertRule rule, AlertText text) in Rules.SelectMany(rule => Spoken(rule).Select(text => (rule, text))))
        {
            AlertWords words = new(text.Language, Sample, ConfigurationFolder.AsShipped.AlertRules.NamesIn(text.Language));
            string[] filled = [.. Fields(text).Select(field => AlertWording.Fill(field, words))];
            string[] inEveryState = [.. Enum.GetValues<AlertState>().SelectMany(state => new[] { words.Headline(filled[1], state), words.Description(filled[2], state) })];
            Assert.All(Fields(text).SelectMany(AlertWording.InBraces), name => Assert.NotEqual("-", words.Of(name)));
            Assert.InRange(filled[1].Length, 1, 160); // CAP 1.2 asks for headlines of at most 160 characters.
            Assert.All(filled.Concat(inEveryState), line =>
            {
                string what = $"{rule.Id} in {text.Language}: {line}";
                Assert.False(Regex.IsMatch(line, @"[{}]|  | $|\(s\)|(^| )-( |$)"), what);
                Assert.False(Regex.IsMatch(line, WrongIn[text.Language]), what);
            });
        }
    }

    [Theory]
    [InlineData("en", "36 km/h, 2 min|Fine particle level (PM2.5) has been exactly 12.5 ug/m3 for 26 h.")]
    [InlineData("fr", "36 km/h, 2 min|Particules fines (PM2,5) : valeur bloquée exactement à 12,5.")]
    [InlineData("nl", "36 km/u, 2 min|Fijnstof (PM2,5) blijft precies op 12,5 staan.")]
    [InlineData("ko", "36 km/h, 2 분|초미세먼지(PM2.5) 값이 정확히 12.5에 멈춰 있습니다.")]
    [InlineData("zh", "36 公里/小时, 2 分钟|细颗粒物（PM2.5）一直停在 12.5 不变。")]
    [InlineData("ms", "36 km/j, 2 minit|Zarah halus (PM2.5) kekal tepat pada 12.5.")]
    public void Units_and_metrics_are_called_what_people_call_them(string language, string written)
    {
        AlertNames names = ConfigurationFolder.AsShipped.AlertRules.NamesIn(language);
        Assert.Equal(written, $"36 {names.Unit("km/h")}, 2 {names.Unit("min")}|" + AlertWording.Fill("{explanation}", new AlertWords(language, Sample, names)));
    }

    [Theory]
    [InlineData("fine-particles", "en", "Toison d'Or: fine particles at 1235 µg/m³ (limit 17.2)")]
    [InlineData("fine-particles", "fr", "Toison d'Or : particules fines à 1235 µg/m³ (seuil 17,2)")]
    [InlineData("sensor-stuck", "en", "Toison d'Or: 2 sensors stuck at one value")]
    [InlineData("sensor-stuck", "fr", "Toison d'Or : 2 capteurs bloqués sur une valeur")]
    [InlineData("low-water", "fr", "Toison d'Or : eau 4,57 µg/m³ au-dessous de son niveau bas habituel")]
    public void A_headline_reads_as_people_write(string rule, string language, string headline)
    {
        AlertText text = Spoken(Rules.Single(one => one.Id == rule)).Single(one => one.Language == language);
        Assert.Equal(headline, AlertWording.Fill(text.Headline, new AlertWords(language, Sample)));
    }

    [Fact]
    public void The_table_of_all_rules_has_each_of_them_as_it_is()
    {
        string[] rows = [.. File.ReadAllLines(Path.Combine(ConfigurationFolder.Shipped, "..", "docs", "alerts.md")).Where(line => line.StartsWith("| `", StringComparison.Ordinal))];
        Assert.Equal(Rules.Select(rule => rule.Id).Order(StringComparer.Ordinal), rows.Select(row => row.Split('`')[1]).Order(StringComparer.Ordinal));
        Assert.All(Rules, rule =>
        {
            string row = rows.Single(row => row.StartsWith($"| `{rule.Id}` |", StringComparison.Ordinal));
            Assert.All(rule.Steps, step => Assert.Contains(
                FormattableString.Invariant($"{step.Severity} {(rule.Below ? "<=" : ">=")} {step.Raise}"), row, StringComparison.Ordinal));
            Assert.EndsWith($"| {(rule.Condition is AlertCondition.Trend ? "P" : "")}{(rule.Scope == AlertScope.Restricted ? "R" : "")} |", row, StringComparison.Ordinal);
        });
    }

    private static IEnumerable<AlertText> Spoken(AlertRule rule) => rule.Texts.Concat(rule.Translations);

    private static string[] Fields(AlertText text) => [text.Event, text.Headline, text.Description, text.Instruction];

    /// <summary>The names in a text, choices such as <c>count:sensor|sensors</c> by their name, since not every language needs one.</summary>
    private static string[] Names(string text) =>
        [.. AlertWording.InBraces(text).Select(name => name.Split(':')[0]).Distinct().Order(StringComparer.Ordinal)];
}
