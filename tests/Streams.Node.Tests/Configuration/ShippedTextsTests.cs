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
        Newest = new AnomalyFigures("stuck", "pm2_5", 12.5, "pm2_5 has been exactly 12.5 ug/m3 for 26 h."),
    };

    [Fact]
    public void Every_rule_speaks_english_and_french_with_the_same_figures()
    {
        Assert.NotEmpty(Rules);
        Assert.All(Rules, rule =>
        {
            Assert.Equal(["en", "fr"], rule.Texts.Select(text => text.Language));
            Assert.All(Fields(rule.Texts[0]).Zip(Fields(rule.Texts[1])), pair => Assert.Equal(Names(pair.First), Names(pair.Second)));
        });
    }

    [Fact]
    public void Every_text_is_filled_without_a_brace_left_and_reads_as_its_language_does()
    {
        foreach (AlertText text in Rules.SelectMany(rule => rule.Texts))
        {
            bool isFrench = text.Language == "fr";
            AlertWords words = new(text.Language, Sample);
            string[] filled = [.. Fields(text).Select(field => AlertWording.Fill(field, words))];
            Assert.InRange(filled[1].Length, 1, 160); // CAP 1.2 asks for headlines of at most 160 characters.
            Assert.All(filled, line =>
            {
                Assert.DoesNotMatch(@"[{}]|  | $|\(s\)|(^| )-( |$)", line);
                Assert.DoesNotMatch(isFrench ? @"[^ 0-9][:;!?]|\d\.\d| and |UTC UTC|[Dd]epuis \d" : @" [:;!?]|\d,\d{1,2}\b| et ", line);
            });
        }
    }

    [Theory]
    [InlineData("fine-particles", 0, "Toison d'Or: fine particles at 1235 µg/m³ (limit 17.2)")]
    [InlineData("fine-particles", 1, "Toison d'Or : particules fines à 1235 µg/m³ (seuil 17,2)")]
    [InlineData("sensor-stuck", 0, "Toison d'Or: 2 sensors stuck at one value")]
    [InlineData("sensor-stuck", 1, "Toison d'Or : 2 capteurs bloqués sur une valeur")]
    [InlineData("low-water", 1, "Toison d'Or : eau 4,57 µg/m³ au-dessous de son niveau bas habituel")]
    public void A_headline_reads_as_people_write(string rule, int language, string headline)
    {
        AlertText text = Rules.Single(one => one.Id == rule).Texts[language];
        Assert.Equal(headline, AlertWording.Fill(text.Headline, new AlertWords(text.Language, Sample)));
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

    private static string[] Fields(AlertText text) => [text.Event, text.Headline, text.Description, text.Instruction];

    /// <summary>The names in a text, choices such as <c>count:sensor|sensors</c> by their name, since not every language needs one.</summary>
    private static string[] Names(string text) =>
        [.. AlertWording.InBraces(text).Select(name => name.Split(':')[0]).Distinct().Order(StringComparer.Ordinal)];
}
