using Streams.Domain.Dispatch;
using Streams.Domain.Incidents;
using Streams.Node.Configuration;

namespace Streams.Node.Tests.Configuration;

/// <summary>What the shipped playbooks leave to chance: nothing that the public is warned of.</summary>
public sealed class ShippedPlaybooksTests
{
    /// <summary>Of these nobody is sent anywhere: they are for planning, or tell of sensors.</summary>
    private static readonly string[] s_withoutPlaybook =
    [
        "low-water", "emergency-calls", "hazards", "citizen-reports", "demand-high", "demand-low", "chargers-out", "sensor-stuck", "sensor-faulty", "equipment-fault", "sensor-silent",
    ];

    private static readonly ClusterConfiguration s_shipped = ConfigurationFolder.AsShipped;

    [Fact]
    public void Every_rule_has_a_playbook_or_is_known_to_need_none() =>
        Assert.Equal(s_withoutPlaybook.Order(), s_shipped.AlertRules.Rules.Select(rule => rule.Id).Except(s_shipped.Playbooks.SelectMany(playbook => playbook.Rules)).Order());

    [Theory]
    [InlineData("flood"), InlineData("storm"), InlineData("heat-wave"), InlineData("cold-wave"), InlineData("air-pollution"), InlineData("fire"), InlineData("gas-leak"), InlineData("power-cut")]
    [InlineData("water-main-break"), InlineData("traffic-accident"), InlineData("congestion"), InlineData("crowd"), InlineData("noise"), InlineData("waste-overflow"), InlineData("transit-overload")]
    [InlineData("lighting-failure"), InlineData("device-tampering"), InlineData("connectivity-loss"), InlineData("exercise")]
    public void What_a_city_faces_has_a_playbook(string hazard) => Assert.Contains(s_shipped.Playbooks, playbook => playbook.Name == hazard);

    [Fact]
    public void What_lasts_is_taken_back()
    {
        foreach (PlaybookStep step in s_shipped.Playbooks.SelectMany(playbook => playbook.Steps))
        {
            SystemAction action = s_shipped.Systems.Single(system => system.Name == step.System).Actions[step.Action];
            Assert.Equal(action.Undo, step.Undo);
            Assert.True(action.Target == ActionTarget.Unit || action.Undo is not null, $"{step.System} {step.Action} is never taken back");
        }
    }
}
