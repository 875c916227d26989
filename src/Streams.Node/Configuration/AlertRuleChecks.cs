using System.Collections.Immutable;
using System.Globalization;
using Streams.Domain.Alerts;
using Streams.Domain.Devices;
using Streams.Domain.Windows;

namespace Streams.Node.Configuration;

/// <summary>What several keys of a rule together must fulfil. Keys that have a fault of their own are not asked.</summary>
internal static class AlertRuleChecks
{
    /// <summary>More names than this are no help to anybody.</summary>
    private const int MostNames = 30;

    /// <param name="types">Null where the device types are not known well enough to blame a rule for what it names.</param>
    public static void Check(AlertRule rule, YamlSection section, IReadOnlyList<DeviceType>? types)
    {
        CheckSteps(rule, section);
        if (!section.IsSound("when") || ConditionOf(section) is not { } condition)
        {
            return;
        }

        CheckBounds(rule.Condition, condition);
        if (rule.Condition is AlertCondition.Devices { Signs.IsEmpty: false })
        {
            CheckSigns(section, condition);
            return;
        }

        if (types is not null && section.IsSound("types"))
        {
            DeviceType[] ofRule = [.. types.Where(type => rule.AppliesTo(type.Name))];
            CheckMetrics(rule.Condition.Selection, condition, ofRule);
            CheckWindows(rule, condition, ofRule);
        }
    }

    /// <summary>The places of these states in the types' lists. Each must be one that the metric alarms for, and the same place in all the types.</summary>
    public static ImmutableArray<double> StatesOf(DeviceSign sign, ImmutableArray<string> states, YamlSection section, IReadOnlyList<DeviceType> types)
    {
        DeviceType[] ofSign = [.. types.Where(type => sign.Types.Contains(type.Name))];
        CheckMetrics(sign.Metrics, section, ofSign);
        if (!section.IsSound("metrics") || states.IsEmpty)
        {
            return [];
        }

        MetricDefinition[] metrics = [.. ofSign.SelectMany(type => type.Metrics).Where(metric => sign.Metrics.Includes(metric.Name))];
        string[] alarms = [.. metrics.SelectMany(metric => metric.Detectors.Alarm).Distinct()];
        for (int i = 0; i < states.Length; i++)
        {
            if (!metrics.All(metric => metric.Detectors.Alarm.Contains(states[i])))
            {
                section.FaultOfItem(
                    "states", i, $"is {states[i]}, for which the metric has no alarm{Spelling.DidYouMean(states[i], alarms)}",
                    alarms.Length == 0 ? "metrics with detectors: { alarm: [...] } in device-types.yaml" : string.Join(", ", alarms));
                return [];
            }

            if (metrics.Select(metric => PlaceOf(metric, states[i])).Distinct().Count() > 1)
            {
                section.FaultOfItem("states", i, $"is {states[i]}, which has another place in the list of each type", "a sign for each type");
                return [];
            }
        }

        return [.. states.Select(state => PlaceOf(metrics[0], state))];
    }

    private static double PlaceOf(MetricDefinition metric, string state) => metric.States.IsEmpty ? (state == "true" ? 1 : 0) : metric.States.IndexOf(state);

    private static void CheckSigns(YamlSection rule, YamlSection condition)
    {
        foreach (string key in new[] { "kinds", "metrics" })
        {
            if (condition.Has(key))
            {
                condition.Fault(key, "is given beside signs", "in each sign by itself");
            }
        }

        if (rule.Has("types"))
        {
            rule.Fault("types", "are given beside signs", "in each sign by itself");
        }
    }

    /// <summary>The section of the one kind of condition that is given.</summary>
    private static YamlSection? ConditionOf(YamlSection rule)
    {
        YamlSection when = rule.Section("when");
        string[] given = [.. AlertRulesFile.ConditionKinds.Where(when.Has)];
        return given.Length == 1 ? when.Section(given[0]) : null;
    }

    private static void CheckSteps(AlertRule rule, YamlSection section)
    {
        if (!section.IsSound("steps", "side"))
        {
            return;
        }

        if (rule.Steps.IsEmpty)
        {
            section.Fault("steps", "are none", "at least one step of severity, raise and clear");
            return;
        }

        for (int i = 1; i < rule.Steps.Length; i++)
        {
            (SeverityStep lower, SeverityStep higher) = (rule.Steps[i - 1], rule.Steps[i]);
            if (higher.Severity <= lower.Severity || (rule.Below ? higher.Raise >= lower.Raise : higher.Raise <= lower.Raise))
            {
                section.FaultOfItem("steps", i, $"is out of order ({higher.Severity})", "steps from the least severe to the most, each with its raise further out");
                return;
            }
        }

        if (rule.Condition is AlertCondition.Unusual { By: Comparison.Ratio } && section.IsSound("when") && rule.Below && rule.Steps.Any(step => step.Raise >= 1))
        {
            section.Fault("steps", "lie at or above 1 although the rule looks below the usual", "for side below, times the usual under 1");
        }
    }

    private static void CheckBounds(AlertCondition condition, YamlSection section)
    {
        if (condition is not AlertCondition.Unusual unusual)
        {
            return;
        }

        if (unusual.MinHistory > unusual.MaxHistory)
        {
            section.Fault("minHistory", "is more than is remembered", $"at most maxHistory ({unusual.MaxHistory})");
        }

        if (unusual.MinValue > unusual.MaxValue)
        {
            section.Fault("minValue", "is above maxValue", string.Create(CultureInfo.InvariantCulture, $"at most {unusual.MaxValue}"));
        }
    }

    private static void CheckMetrics(MetricSelection selection, YamlSection condition, DeviceType[] types)
    {
        MetricDefinition[] metrics = [.. types.SelectMany(type => type.Metrics)];
        string[] known = [.. metrics.Select(metric => metric.Name).Distinct().Order(StringComparer.Ordinal)];
        foreach ((string key, IReadOnlyList<string> names) in new (string, IReadOnlyList<string>)[] { ("metrics", selection.Names), ("except", selection.Except) })
        {
            for (int i = 0; i < names.Count; i++)
            {
                string name = names[i];
                bool isKnown = name == "*" || metrics.Any(metric => metric.Name == name
                    || (metric.IsFamily && name.StartsWith(metric.Name[..^1], StringComparison.Ordinal)));
                if (!isKnown)
                {
                    condition.FaultOfItem(
                        key,
                        i,
                        $"is {name}, which none of the rule's types measures{Spelling.DidYouMean(FamilyOf(name), known)}",
                        known.Length <= MostNames ? string.Join(", ", known) : "metrics and families of device-types.yaml");
                }
            }
        }
    }

    /// <summary>One of a family is misspelt in the family's name: what comes after it is free.</summary>
    private static string FamilyOf(string name) => name.IndexOf('.', StringComparison.Ordinal) is > 0 and var dot ? name[..dot] + ".*" : name;

    private static void CheckWindows(AlertRule rule, YamlSection condition, DeviceType[] types)
    {
        if (rule.Condition.Size is not { } window || rule.Types.IsEmpty)
        {
            return;
        }

        foreach (DeviceType type in types)
        {
            if (!type.Windows.Contains(window))
            {
                condition.Fault("window", $"is {window.Iso()}, which {type.Name} does not keep", string.Join(", ", type.Windows.Select(size => size.Iso())));
            }
        }
    }
}
