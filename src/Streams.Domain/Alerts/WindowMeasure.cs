using Streams.Domain.Areas;
using Streams.Domain.Windows;

namespace Streams.Domain.Alerts;

/// <summary>Makes a rule's measure of an area's closed windows of one time.</summary>
internal static class WindowMeasure
{
    /// <param name="windows">Windows of one type, size and start, one for each metric that the rule selects; at least one.</param>
    /// <returns>Null if nothing can be said: too few devices, too short a history.</returns>
    public static Verdict? Of(AlertRule rule, AlertCase of, IReadOnlyList<AreaAggregate> windows)
    {
        AreaAggregate first = windows[0];
        int members = 0;
        foreach (AreaAggregate window in windows)
        {
            members = Math.Max(members, window.Members);
        }

        of.Unit = first.Unit;
        of.Metric = windows.Count == 1 ? first.Metric : "";
        return rule.Condition switch
        {
            AlertCondition.Threshold threshold => OfThreshold(threshold, windows, members),
            AlertCondition.Unusual unusual => OfUnusual(rule, unusual, of, windows, members),
            AlertCondition.Trend trend => OfTrend(rule, trend, of, windows, members),
            _ => null,
        };
    }

    private static Verdict? OfThreshold(AlertCondition.Threshold threshold, IReadOnlyList<AreaAggregate> windows, int members)
    {
        if (members < threshold.MinMembers)
        {
            return null;
        }

        double value = ValueOf(threshold.Statistic, windows);
        return Verdict(windows[0], value, members) with { Value = value };
    }

    private static Verdict? OfUnusual(
        AlertRule rule, AlertCondition.Unusual unusual, AlertCase of, IReadOnlyList<AreaAggregate> windows, int members)
    {
        if (members < unusual.MinMembers)
        {
            return null;
        }

        AreaAggregate window = windows[0];
        of.History ??= new MeasureHistory();
        of.History.Set(window.StartInMs, ValueOf(unusual.Statistic, windows), unusual.MaxHistory);

        // Each of the windows taken together is compared with those comparable with it: an evening is not measured by noon's usual.
        ReadOnlySpan<(long StartInMs, double Value)> recent = of.History.Recent(window.StartInMs, window.Size, unusual.Over);
        var comparable = new List<double>();
        double sum = 0;
        double usual = 0;
        double expected = 0;
        double dispersion = 1;
        int seen = 0;
        foreach ((long start, double one) in recent)
        {
            bool isNearest = Comparable(rule, unusual, of.History, start, recent[0].StartInMs, comparable);
            if (comparable.Count < Math.Max(1, unusual.MinHistory))
            {
                return null;
            }

            comparable.Sort();
            double middle = QuantileOf(comparable, 0.5);

            // Of three hours each counted as all of them, a third was seen: what chance can do depends on that.
            int windowsSeen = isNearest ? comparable.Count / 3 : comparable.Count;
            expected += middle * windowsSeen;
            seen += windowsSeen;
            dispersion = Math.Max(dispersion, DispersionOf(comparable, middle));
            usual += QuantileOf(comparable, unusual.Quantile);
            sum += one;
        }

        int count = recent.Length;
        double value = sum / count;
        usual /= count;

        // A ratio to a usual of nothing says nothing; one event is the least that a count can usually be.
        double measure = unusual.By == Comparison.Difference ? value - usual : value / Math.Max(usual, rule.Below ? 1e-9 : Floor(unusual));
        bool counts = sum >= unusual.MinValue && sum <= unusual.MaxValue && !IsOfOneMetric(unusual, windows)
            && (unusual.Significance is not { } significance
                || (rule.Below
                    ? CountSignificance.AtMost(sum, count, expected, seen, dispersion)
                    : CountSignificance.AtLeast(sum, count, expected, seen, dispersion)) <= significance);
        return Verdict(window, counts ? measure : Neutral(rule, unusual), members) with { Value = value, Usual = usual, Count = (int)Math.Min(sum, int.MaxValue) };
    }

    /// <summary>
    /// Earlier values to compare with: those of the hour and its neighbours together, or of the one of the three that is nearest
    /// to an alarm, where each has enough of them.
    /// </summary>
    /// <returns>True if they are those of one hour, three times.</returns>
    private static bool Comparable(
        AlertRule rule, AlertCondition.Unusual unusual, MeasureHistory history, long startInMs, long beforeInMs, List<double> into)
    {
        const int enough = 4;
        into.Clear();
        long sinceInMs = unusual.MaxAge is { } age ? startInMs - (long)age.TotalMilliseconds : long.MinValue;
        history.Comparable(startInMs, sinceInMs, beforeInMs, unusual.At, null, into);
        if (unusual.At == UsualTime.Any || unusual.Neighbours == NeighbourHours.Pooled || into.Count < unusual.MinHistory)
        {
            return false;
        }

        List<double>? extreme = null;
        double best = 0;
        for (int offset = -1; offset <= 1; offset++)
        {
            var hour = new List<double>();
            history.Comparable(startInMs, sinceInMs, beforeInMs, unusual.At, offset, hour);
            if (hour.Count < enough)
            {
                return false;
            }

            hour.Sort();
            double usual = QuantileOf(hour, unusual.Quantile);
            if (extreme is null || (rule.Below ? usual < best : usual > best))
            {
                extreme = hour;
                best = usual;
            }
        }

        // As many as there are of all three, or a rule's minimum would mean another thing with each.
        into.Clear();
        into.AddRange(extreme!);
        into.AddRange(extreme!);
        into.AddRange(extreme!);
        return true;
    }

    private static Verdict? OfTrend(AlertRule rule, AlertCondition.Trend trend, AlertCase of, IReadOnlyList<AreaAggregate> windows, int members)
    {
        AreaAggregate window = windows[0];
        double value = ValueOf(trend.Statistic, windows);
        of.History ??= new MeasureHistory();
        of.History.Set(window.StartInMs, value, 8 * trend.Over);
        ReadOnlySpan<(long StartInMs, double Value)> last = of.History.Last(window.StartInMs, trend.Over);
        long lengthInMs = window.Size.LengthInMs();
        if (last.Length < Math.Max(4, trend.Over) || last[^1].StartInMs - last[0].StartInMs > 2 * trend.Over * lengthInMs)
        {
            return null;
        }

        var slopes = new List<double>(last.Length * last.Length / 2);
        for (int i = 0; i < last.Length; i++)
        {
            for (int j = i + 1; j < last.Length; j++)
            {
                slopes.Add((last[j].Value - last[i].Value) / (last[j].StartInMs - last[i].StartInMs));
            }
        }

        slopes.Sort();
        double slope = QuantileOf(slopes, 0.5);
        double expected = value + (slope * trend.Horizon.TotalMilliseconds);
        if (rule.RaisedStep(value) >= 0)
        {
            // It is there already, so there is nothing to foresee: what has come is for another rule to say.
            return Verdict(window, rule.Below ? double.MaxValue : double.MinValue, members) with { Value = value };
        }

        int step = rule.RaisedStep(expected);
        double limit = step >= 0 ? rule.Steps[step].Raise : double.NaN;
        double eta = slope != 0 ? (limit - value) / slope : 0;
        return Verdict(window, expected, members) with { Value = value, Usual = limit, EtaInMs = double.IsFinite(eta) ? (long)Math.Max(0, eta) : 0 };
    }

    private static Verdict Verdict(AreaAggregate window, double measure, int members) =>
        new(window.StartInMs, window.EndInMs, measure) { Members = members };

    /// <summary>
    /// How much more counts vary than chance alone would make them (variance over mean; 1 for a Poisson process). By the median
    /// deviation, so that an earlier surge does not excuse the next; from few windows nothing can be said, and 1 is assumed.
    /// </summary>
    private static double DispersionOf(List<double> sorted, double middle)
    {
        const int fewest = 8;
        if (sorted.Count < fewest || middle <= 0)
        {
            return 1;
        }

        var deviations = new List<double>(sorted.Count);
        foreach (double value in sorted)
        {
            deviations.Add(Math.Abs(value - middle));
        }

        // 1.4826: from the median deviation to the standard deviation of a normal distribution.
        deviations.Sort();
        double spread = 1.4826 * QuantileOf(deviations, 0.5);
        return Math.Max(1, spread * spread / middle);
    }

    /// <summary>A measure that is as usual: neither raises nor upholds.</summary>
    private static double Neutral(AlertRule rule, AlertCondition.Unusual unusual) =>
        unusual.By == Comparison.Ratio ? Math.Min(1, rule.Steps[0].Clear) + (rule.Below ? 1 : 0) : 0;

    private static double Floor(AlertCondition.Unusual unusual) => unusual.Statistic is Statistic.Count or Statistic.Sum ? 1 : 1e-9;

    private static bool IsOfOneMetric(AlertCondition.Unusual unusual, IReadOnlyList<AreaAggregate> windows)
    {
        if (unusual.MaxShareOfOneMetric is not { } most)
        {
            return false;
        }

        double sum = 0;
        double highest = 0;
        foreach (AreaAggregate window in windows)
        {
            double value = unusual.Statistic == Statistic.Count ? window.Moments.Count : window.Moments.Sum;
            sum += value;
            highest = Math.Max(highest, value);
        }

        return highest > most * sum;
    }

    private static double ValueOf(Statistic statistic, IReadOnlyList<AreaAggregate> windows)
    {
        if (windows.Count == 1)
        {
            return ValueOf(statistic, in windows[0].Moments, in windows[0].Sketch, windows[0].Members);
        }

        Moments moments = default;
        QuantileSketch sketch = default;
        int members = 1;
        foreach (AreaAggregate window in windows)
        {
            members = Math.Max(members, window.Members);
            moments.Merge(in window.Moments);
            if (statistic == Statistic.P95)
            {
                sketch.Merge(in window.Sketch);
            }
        }

        return ValueOf(statistic, in moments, in sketch, members);
    }

    private static double ValueOf(Statistic statistic, in Moments moments, in QuantileSketch sketch, int members) => statistic switch
    {
        Statistic.Mean => moments.Mean,
        Statistic.Max => moments.Max,
        Statistic.Min => moments.Min,
        Statistic.Sum => moments.Sum,
        Statistic.P95 => Math.Clamp(sketch.Quantile(0.95), moments.Min, moments.Max),
        Statistic.Last => moments.Last,
        Statistic.SumPerMember => moments.Sum / Math.Max(1, members),
        _ => moments.Count,
    };

    private static double QuantileOf(List<double> sorted, double q) => sorted[(int)Math.Round(q * (sorted.Count - 1))];
}
