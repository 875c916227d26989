using System.Collections.Immutable;
using Streams.Domain.Areas;
using Streams.Domain.Windows;

namespace Streams.Domain.Alerts;

/// <summary>
/// What a rule looks at. Each kind comes down to one figure, the measure, which the rule's severity steps compare with; the nested
/// records are all the kinds there are.
/// </summary>
public abstract record AlertCondition
{
    private AlertCondition()
    {
    }

    /// <summary>The metrics that it looks at.</summary>
    public MetricSelection Selection => this switch
    {
        Threshold threshold => threshold.Metrics,
        Unusual unusual => unusual.Metrics,
        Trend trend => trend.Metrics,
        Devices devices => devices.Metrics,
        _ => MetricSelection.All,
    };

    /// <summary>The size of the windows that it looks at; null where it looks at devices.</summary>
    public WindowSize? Size => this switch
    {
        Threshold threshold => threshold.Window,
        Unusual unusual => unusual.Window,
        Trend trend => trend.Window,
        _ => null,
    };

    /// <summary>A statistic of an area's window. Measure: its value, in the metric's unit.</summary>
    public sealed record Threshold : AlertCondition
    {
        public required MetricSelection Metrics { get; init; }

        public required Statistic Statistic { get; init; }

        public required WindowSize Window { get; init; }

        /// <summary>Windows with fewer devices do not count, neither for nor against.</summary>
        public int MinMembers { get; init; } = 1;
    }

    /// <summary>
    /// A statistic of an area's window against what it usually is. Measure: how many times the usual, or how far from it in the
    /// metric's unit. Windows without data are neither now nor in the history taken for zeros: a gap says nothing.
    /// </summary>
    public sealed record Unusual : AlertCondition
    {
        public required MetricSelection Metrics { get; init; }

        public required Statistic Statistic { get; init; }

        public required WindowSize Window { get; init; }

        public Comparison By { get; init; } = Comparison.Ratio;

        /// <summary>Which earlier windows are comparable.</summary>
        public UsualTime At { get; init; } = UsualTime.Any;

        /// <summary>What the hours before and after count as; only for comparisons by hour.</summary>
        public NeighbourHours Neighbours { get; init; } = NeighbourHours.Pooled;

        /// <summary>Which quantile of the comparable windows is "the usual": 0.5 the middle, 0.95 the usual high.</summary>
        public double Quantile { get; init; } = 0.5;

        /// <summary>How many adjacent windows are taken together, at most; their values are averaged.</summary>
        public int Over { get; init; } = 1;

        /// <summary>Comparable windows that must have been seen before anything is said.</summary>
        public int MinHistory { get; init; } = 8;

        /// <summary>Windows remembered. 1,024 hours are six weeks.</summary>
        public int MaxHistory { get; init; } = 1024;

        /// <summary>Windows older than this are not comparable any more, however few there are since; null for any age.</summary>
        public TimeSpan? MaxAge { get; init; }

        /// <summary>The windows' sum of values must reach this: three calls are not a surge, whatever the ratio.</summary>
        public double MinValue { get; init; } = double.NegativeInfinity;

        /// <summary>The windows' sum of values must not exceed this, for rules that look below: 90 km/h is no congestion, whatever is usual.</summary>
        public double MaxValue { get; init; } = double.PositiveInfinity;

        /// <summary>Windows with fewer devices do not count.</summary>
        public int MinMembers { get; init; } = 1;

        /// <summary>For counts: the chance of so many (or so few, for rules that look below) by accident must be under this; null for no such test.</summary>
        public double? Significance { get; init; }

        /// <summary>For families of counts: no single metric may make up more than this share, or it is one office entering its backlog.</summary>
        public double? MaxShareOfOneMetric { get; init; }
    }

    /// <summary>A line through the last windows, prolonged. Measure: the value expected at the horizon, in the metric's unit.</summary>
    public sealed record Trend : AlertCondition
    {
        public required MetricSelection Metrics { get; init; }

        public required Statistic Statistic { get; init; }

        public required WindowSize Window { get; init; }

        /// <summary>Windows that the line is drawn through (Theil-Sen: the median of the slopes of all pairs); at least 4.</summary>
        public int Over { get; init; } = 6;

        public required TimeSpan Horizon { get; init; }
    }

    /// <summary>Devices with an anomaly at the same time. Measure: how many, or what share of the area's devices of the type, in percent.</summary>
    public sealed record Devices : AlertCondition
    {
        /// <summary>Kinds of anomaly that count; empty for all.</summary>
        public ImmutableArray<string> Kinds { get; init; } = [];

        public MetricSelection Metrics { get; init; } = MetricSelection.All;

        /// <summary>
        /// What counts, in place of <see cref="Kinds"/> and <see cref="Metrics"/>, and how much: devices of all these types are counted
        /// together, a device once and by its heaviest sign.
        /// </summary>
        public ImmutableArray<DeviceSign> Signs { get; init; } = [];

        /// <summary>Anomalies within this time of each other count as together, even if the first is over.</summary>
        public TimeSpan Within { get; init; }

        public DeviceMeasure Measure { get; init; } = DeviceMeasure.Count;

        /// <summary>At least so many devices, whatever their share.</summary>
        public int MinDevices { get; init; } = 1;

        /// <summary>At least this share of the area's devices of the type, 0 to 1, whatever their number.</summary>
        public double MinShare { get; init; }

        /// <summary>Anomalies with a lower score do not count.</summary>
        public double MinScore { get; init; }

        /// <summary>What an anomaly counts; 0 if it does not.</summary>
        /// <param name="dependsOnValue">True if it counts only for some states. What a cleared anomaly was raised for, its own value no longer says.</param>
        internal double WeightOf(AnomalyNotice anomaly, out bool dependsOnValue)
        {
            dependsOnValue = false;
            if (Signs.IsEmpty)
            {
                return (Kinds.IsEmpty || Kinds.Contains(anomaly.Kind)) && Metrics.Includes(anomaly.Metric) ? 1 : 0;
            }

            foreach (DeviceSign sign in Signs)
            {
                if (sign.Includes(anomaly))
                {
                    dependsOnValue = !sign.States.IsEmpty;
                    return sign.Weight;
                }
            }

            return 0;
        }
    }
}

/// <summary>Anomalies by which devices show one and the same thing, such as a tripped breaker a power cut.</summary>
public sealed record DeviceSign
{
    public required ImmutableArray<string> Types { get; init; }

    /// <summary>Kinds of anomaly; empty for all.</summary>
    public ImmutableArray<string> Kinds { get; init; } = [];

    public MetricSelection Metrics { get; init; } = MetricSelection.All;

    /// <summary>States that count, by their place in the type's list; empty for any value.</summary>
    public ImmutableArray<double> States { get; init; } = [];

    /// <summary>What a device counts: 0.34 for something that three devices have to show.</summary>
    public double Weight { get; init; } = 1;

    internal bool Includes(AnomalyNotice anomaly) =>
        Types.Contains(anomaly.Type) && (Kinds.IsEmpty || Kinds.Contains(anomaly.Kind)) && Metrics.Includes(anomaly.Metric)
        && (States.IsEmpty || !anomaly.IsRaised || States.Contains(anomaly.Value));
}

/// <summary>Metrics by name, or by family with <c>.*</c> at the end, less exceptions.</summary>
public sealed record MetricSelection(ImmutableArray<string> Names, ImmutableArray<string> Except)
{
    public static MetricSelection All { get; } = new(["*"], []);

    public static MetricSelection Of(params ReadOnlySpan<string> names) => new([.. names], []);

    public bool Includes(string metric) => Matches(Names, metric) && !Matches(Except, metric);

    private static bool Matches(ImmutableArray<string> names, string metric)
    {
        foreach (string name in names)
        {
            if (name.EndsWith('*') ? metric.AsSpan().StartsWith(name.AsSpan(0, name.Length - 1), StringComparison.Ordinal) : metric == name)
            {
                return true;
            }
        }

        return false;
    }
}

public enum Statistic : byte
{
    Mean,
    Max,
    Min,
    Sum,
    P95,
    Last,
    Count,

    /// <summary>Sum over the devices in the window: what one of them has on average, such as the rain of an hour.</summary>
    SumPerMember,
}

public enum Comparison : byte
{
    /// <summary>Times the usual.</summary>
    Ratio,

    /// <summary>Value less the usual, in the metric's unit.</summary>
    Difference,
}

/// <summary>How an hour's neighbours help to say what is usual; either way daylight saving shifts nothing by a whole hour.</summary>
public enum NeighbourHours : byte
{
    /// <summary>All three hours are one: the most windows to learn from, for what has a gentle daily course.</summary>
    Pooled,

    /// <summary>Of the three, the one nearest to an alarm is the usual: for what doubles from one hour to the next, as crowds do.</summary>
    Nearest,
}

/// <summary>Which earlier windows are like this one, their neighbouring hours included.</summary>
public enum UsualTime : byte
{
    Any,
    HourOfDay,
    HourOfWeek,
}

public enum DeviceMeasure : byte
{
    Count,

    /// <summary>In percent.</summary>
    Share,
}
