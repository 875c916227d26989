using System.Collections.Immutable;
using System.Globalization;
using Streams.Domain.Alerts;
using Streams.Domain.Devices;

namespace Streams.Node.Tests.Incidents;

/// <summary>
/// The settings of a rule (and of the detectors it rests on), each by itself moved a little either way: what rests on the exact
/// value of one was fitted to the data. Whole numbers move by at least one; chances and quantiles by their distance from certainty.
/// </summary>
internal static class MovedSettings
{
    private const double Share = 0.15;

    /// <summary>Every way to move one setting of one rule, with words for it.</summary>
    public static IEnumerable<(string What, AlertRule Rule)> Of(AlertRule rule)
    {
        foreach (double by in (double[])[1 - Share, 1 + Share])
        {
            string sign = by < 1 ? "-15 %" : "+15 %";
            ImmutableArray<SeverityStep> raise = [.. rule.Steps.Select(step => step with { Raise = step.Raise * by })];
            ImmutableArray<SeverityStep> clear = [.. rule.Steps.Select(step => step with { Clear = step.Clear * by })];
            if (rule.Condition is not AlertCondition.Devices { Measure: DeviceMeasure.Count })
            {
                yield return ($"raise {sign}", rule with { Steps = raise });
                yield return ($"clear {sign}", rule with { Steps = clear });
            }

            foreach ((string name, TimeSpan time, Func<TimeSpan, AlertRule> set) in ((string, TimeSpan, Func<TimeSpan, AlertRule>)[])
            [
                ("for", rule.For, value => rule with { For = value }),
                ("clearAfter", rule.ClearAfter, value => rule with { ClearAfter = value }),
                ("coolDown", rule.CoolDown, value => rule with { CoolDown = value }),
            ])
            {
                if (time > TimeSpan.Zero)
                {
                    yield return ($"{name} {sign}", set(time * by));
                }
            }

            if (rule.MinChildrenShare > 0)
            {
                yield return ($"minChildrenShare {sign}", rule with { MinChildrenShare = rule.MinChildrenShare * by });
            }

            if (rule.Condition is AlertCondition.Unusual unusual)
            {
                foreach ((string what, AlertCondition.Unusual moved) in Of(unusual, by))
                {
                    yield return ($"{what} {sign}", rule with { Condition = moved });
                }
            }
        }

        if (rule.Condition is AlertCondition.Unusual { At: not UsualTime.Any } hourly)
        {
            NeighbourHours other = hourly.Neighbours == NeighbourHours.Pooled ? NeighbourHours.Nearest : NeighbourHours.Pooled;
            yield return ($"neighbours {other}".ToLowerInvariant(), rule with { Condition = hourly with { Neighbours = other } });
        }
    }

    private static IEnumerable<(string What, AlertCondition.Unusual Moved)> Of(AlertCondition.Unusual unusual, double by)
    {
        yield return ("minHistory", unusual with { MinHistory = Whole(unusual.MinHistory, by) });
        if (unusual.Over > 1)
        {
            yield return ("over", unusual with { Over = Whole(unusual.Over, by) });
        }

        if (unusual.MaxAge is { } age)
        {
            yield return ("maxAge", unusual with { MaxAge = age * by });
        }

        if (double.IsFinite(unusual.MinValue))
        {
            yield return ("minValue", unusual with { MinValue = unusual.MinValue * by });
        }

        if (double.IsFinite(unusual.MaxValue))
        {
            yield return ("maxValue", unusual with { MaxValue = unusual.MaxValue * by });
        }

        if (unusual.Quantile != 0.5)
        {
            double quantile = unusual.Quantile > 0.5 ? 1 - ((1 - unusual.Quantile) * by) : unusual.Quantile * by;
            yield return ("quantile", unusual with { Quantile = quantile });
        }

        if (unusual.Significance is { } significance)
        {
            yield return ("significance", unusual with { Significance = Math.Pow(significance, by) });
        }

        if (unusual.MaxShareOfOneMetric is { } share)
        {
            yield return ("maxShareOfOneMetric", unusual with { MaxShareOfOneMetric = share * by });
        }
    }

    /// <summary>How long a value must stay the same to count as stuck, either way.</summary>
    public static IEnumerable<(string What, Func<DeviceType, DeviceType> Type)> OfStuckDetector()
    {
        foreach (double by in (double[])[1 - Share, 1 + Share])
        {
            string what = string.Create(CultureInfo.InvariantCulture, $"stuckAfter x {by}");
            yield return (what, type => type with
            {
                Metrics = [.. type.Metrics.Select(metric => metric with { Detectors = metric.Detectors with { StuckAfter = metric.Detectors.StuckAfter * by } })],
            });
        }
    }

    private static int Whole(int value, double by) =>
        by < 1 ? Math.Min(value - 1, (int)Math.Floor(value * by)) : Math.Max(value + 1, (int)Math.Ceiling(value * by));
}
