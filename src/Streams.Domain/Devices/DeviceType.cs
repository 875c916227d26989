using System.Collections.Immutable;
using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>A kind of device, as <c>device-types.yaml</c> describes it.</summary>
public sealed record DeviceType
{
    /// <summary>snake_case, such as <c>air_quality_station</c>.</summary>
    public required string Name { get; init; }

    /// <summary>For people, such as "Air quality station".</summary>
    public required string Title { get; init; }

    /// <summary>The city domain it belongs to: air, noise, weather, water, energy, lighting, traffic, parking, transit, waste, safety, citizens, connectivity.</summary>
    public required string Domain { get; init; }

    /// <summary>Usual time between readings. Zero for event devices (calls, requests, emptyings): no regular interval, so never silent.</summary>
    public required TimeSpan Interval { get; init; }

    /// <summary>How far the watermark trails the newest event time; windows stay open that long. Default 1 min.</summary>
    public TimeSpan Lateness { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long after closing a window of the smallest size still takes late readings as revisions; older ones are refused.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Without a reading for this long, a device is silent. Null for never.</summary>
    public TimeSpan? SilentAfter { get; init; }

    /// <summary>
    /// Values a second of event time that one device may send, on average over a minute; what is beyond is not taken. Default 100: ten times what a meter of ten
    /// metrics sends that speaks every second.
    /// </summary>
    public double MostPerSecond { get; init; } = 100;

    /// <summary>Window sizes kept, ascending; at least one. The first is the base that readings are added to; the others are merged from it.</summary>
    public ImmutableArray<WindowSize> Windows { get; init; } = [WindowSize.Minute, WindowSize.Quarter, WindowSize.Hour, WindowSize.Day];

    public required ImmutableArray<MetricDefinition> Metrics { get; init; }
}

/// <summary>How a metric's values are to be understood.</summary>
public enum MetricKind : byte
{
    /// <summary>A level at a moment: temperature, speed, free spaces.</summary>
    Gauge,

    /// <summary>Things counted since the reading before (people an hour, calls, kWh in a half hour): sums matter.</summary>
    Count,

    /// <summary>A number that only rises, and starts again at 0: readings become increases.</summary>
    Counter,

    /// <summary>One of <see cref="MetricDefinition.States"/>, or true/false (1/0); windows count and average it as a number: the state's place in the list.</summary>
    State,
}

/// <summary>One metric of a device type.</summary>
public sealed record MetricDefinition
{
    /// <summary>snake_case; ending in <c>.*</c> it declares a family, such as <c>request.*</c>.</summary>
    public required string Name { get; init; }

    /// <summary>UCUM code where one exists; <c>count</c>, <c>dB(A)</c> and the like as written.</summary>
    public required string Unit { get; init; }

    public MetricKind Kind { get; init; } = MetricKind.Gauge;

    /// <summary>Below this the value is physically impossible or a sensor fault.</summary>
    public double? Min { get; init; }

    public double? Max { get; init; }

    /// <summary>Names of the states in order; for <see cref="MetricKind.State"/> only.</summary>
    public ImmutableArray<string> States { get; init; } = [];

    public DetectorSettings Detectors { get; init; } = new();

    /// <summary>What areas show of it over their devices; empty for nothing.</summary>
    public ImmutableArray<MetricFigure> Figures { get; init; } = [];

    public bool IsFamily => Name.EndsWith(".*", StringComparison.Ordinal);
}

/// <summary>What an area shows of a metric over its devices: a statistic of the newest window, or the share of readings in some states or over a limit.</summary>
/// <param name="Label">For people, such as "Lamps on".</param>
public sealed record MetricFigure(string Label)
{
    public FigureStatistic Statistic { get; init; } = FigureStatistic.Mean;

    /// <summary>States that make up the share, in percent; empty for none.</summary>
    public ImmutableArray<string> Share { get; init; } = [];

    /// <summary>The share of readings of so much or more, in percent.</summary>
    public double? Over { get; init; }

    internal bool IsShare => Over is not null || !Share.IsEmpty;
}

public enum FigureStatistic : byte
{
    Mean,
    Max,
    Min,
    P95,
    Sum,

    /// <summary>What one device has on average, such as the rain of a quarter.</summary>
    SumPerDevice,

    /// <summary>Of all devices together, at an average moment, such as free spaces or power.</summary>
    Total,
}

/// <summary>Which detectors watch a metric. Null or false turns one off; the range detector is on where <c>Min</c> or <c>Max</c> is given.</summary>
public sealed record DetectorSettings
{
    /// <summary>Raise "stuck" when the very same value has come for this long (event time).</summary>
    public TimeSpan? StuckAfter { get; init; }

    /// <summary>Values that may stay the same for ever (0 for rain, free spaces of an empty car park).</summary>
    public ImmutableArray<double> StuckExcept { get; init; } = [];

    /// <summary>Raise "rate" when the value changes faster than this many units a minute between readings.</summary>
    public double? RatePerMinute { get; init; }

    /// <summary>Raise "spike" when one value lies this many robust standard deviations from its recent median, and the next is back.</summary>
    public double? Spike { get; init; }

    /// <summary>Raise "level" above and below these limits.</summary>
    public LevelLimits? Level { get; init; }

    /// <summary>Raise "state" while the metric is one of these states; <c>true</c> or <c>false</c> where it has no list. For <see cref="MetricKind.State"/> only.</summary>
    public ImmutableArray<string> Alarm { get; init; } = [];

    /// <summary>How long such a state must last, in event time, before it counts.</summary>
    public TimeSpan AlarmAfter { get; init; }

    /// <summary>The general detector (unusual against the recent past, and for this time of day): "level" and "season". Sensitivity 0.5 is usual; null is off.</summary>
    public double? Unusual { get; init; }
}

/// <summary>Limits with hysteresis: raised beyond the first of a pair, cleared when back within the second.</summary>
/// <param name="For">How long the condition must hold, in event time, before it counts.</param>
public sealed record LevelLimits(double? High, double? HighClear, double? Low, double? LowClear, TimeSpan For);
