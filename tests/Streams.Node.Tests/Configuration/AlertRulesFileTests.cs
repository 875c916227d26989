using Streams.Domain.Alerts;
using Streams.Node.Configuration;
using Streams.Tests;

namespace Streams.Node.Tests.Configuration;

public sealed class AlertRulesFileTests
{
    private const string Good = """
        rules:
          haze:
            types: [air_quality_station]
            levels: [leaf, root]
            when: { threshold: { metrics: pm2_5, statistic: mean, window: PT1H } }
            steps: [{ severity: Severe, raise: 250, clear: 200 }]
            category: Health
            texts: { en: { event: Haze, headline: "{area}: {value}", description: "{since}" } }
        """;

    [Fact]
    public void The_shipped_rules_are_without_fault_and_speak_of_every_domain()
    {
        (ClusterConfiguration? configuration, IReadOnlyList<ConfigurationFault> faults) =
            ClusterConfiguration.Load(Path.Combine(RecordedData.RepositoryRoot, "cluster-config"), new Dictionary<string, string>());
        Assert.Empty(faults);
        Assert.True(configuration!.AlertRules.Rules.Length > 25);
        Assert.All(configuration.AlertRules.Rules, rule => Assert.NotEmpty(rule.Texts[0].Headline));
    }

    [Fact]
    public void A_rule_is_read_with_all_it_says()
    {
        AlertRule rule = Assert.Single(Read(Good, out IReadOnlyList<ConfigurationFault> faults));
        Assert.Empty(faults);
        var condition = Assert.IsType<AlertCondition.Threshold>(rule.Condition);
        Assert.Equal(Statistic.Mean, condition.Statistic);
        Assert.Equal([new SeverityStep(AlertSeverity.Severe, 250, 200)], rule.Steps);
        Assert.Equal(AreaLevels.Leaf | AreaLevels.Root, rule.Levels);
    }

    [Theory]
    [InlineData("metrics: pm2_5", "metrics: pm25", "5:35: rules.haze.when.threshold.metrics is pm25, which none of the rule's types measures (did you mean pm2_5?)")]
    [InlineData("[air_quality_station]", "[air_station]", "3:13: rules.haze.types[0] is air_station")]
    [InlineData("statistic: mean", "statistic: average", "is average; allowed: one of mean, max")]
    [InlineData("window: PT1H", "window: PT15M", "5:67: rules.haze.when.threshold.window is PT15M, which air_quality_station does not keep")]
    [InlineData("clear: 200", "clear: 300", "clear lies beyond raise (250)")]
    [InlineData("severity: Severe", "severity: severe", "is severe (did you mean Severe?); allowed: one of Minor, Moderate, Severe, Extreme")]
    [InlineData("{area}: {value}", "{place}: {value}", "has {place}, which nothing can fill (did you mean places?); allowed: in braces area")]
    [InlineData("category: Health", "categry: Health", "rules.haze.categry is not a key known here (did you mean category")]
    [InlineData("category: Health", "category: Health\n    scope: Private", "rules.haze.scope is Private; allowed: one of Public, Restricted")]
    [InlineData("{ threshold: {", "{ treshold: {", "rules.haze.when.treshold is not a key known here (did you mean threshold?)")]
    [InlineData("  haze:", "  Haze_1:", "rules.Haze_1 is not a good name")]
    public void A_fault_is_named_with_its_place_and_what_is_allowed(string good, string bad, string expected)
    {
        Read(Good.Replace(good, bad, StringComparison.Ordinal), out IReadOnlyList<ConfigurationFault> faults);
        Assert.Contains(expected, Assert.Single(faults).ToString(), StringComparison.Ordinal);
    }

    private static IReadOnlyList<AlertRule> Read(string text, out IReadOnlyList<ConfigurationFault> faults)
    {
        var found = new ConfigurationFaults();
        YamlFile types = YamlFile.Open(Path.Combine(RecordedData.RepositoryRoot, "cluster-config", "device-types.yaml"), found)!;
        YamlFile file = YamlFile.Parse("alert-rules.yaml", text, found)!;
        IReadOnlyList<AlertRule> rules = [.. AlertRulesFile.Read(file, DeviceTypesFile.Read(types))];
        faults = found.InOrder();
        return rules;
    }
}
