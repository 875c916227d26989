using Streams.Domain.Devices;

namespace Streams.Domain.Detection;

/// <summary>Which detectors watch a metric, as plain numbers. What is off is not a number, or zero.</summary>
internal sealed class MetricRules
{
    /// <summary>A bit for each state that alarms, by its place in the list; a list has 64 at most.</summary>
    private readonly ulong _alarm;

    internal MetricRules(MetricDefinition definition, TimeSpan interval, long? silentAfterInMs)
    {
        DetectorSettings settings = definition.Detectors;
        Min = definition.Min ?? double.NegativeInfinity;
        Max = definition.Max ?? double.PositiveInfinity;
        StuckAfterInMs = (long)(settings.StuckAfter?.TotalMilliseconds ?? 0);
        StuckExcept = settings.StuckExcept.IsDefault ? [] : [.. settings.StuckExcept];
        RatePerMs = settings.RatePerMinute is { } rate ? rate / 60_000 : 0;
        SpikeDeviations = settings.Spike ?? 0;
        if (settings.Level is { } level)
        {
            High = level.High ?? double.PositiveInfinity;
            HighClear = level.HighClear ?? High;
            Low = level.Low ?? double.NegativeInfinity;
            LowClear = level.LowClear ?? Low;
            LimitForInMs = (long)level.For.TotalMilliseconds;
        }

        if (!settings.Alarm.IsDefaultOrEmpty)
        {
            States = definition.States.IsDefaultOrEmpty ? ["false", "true"] : [.. definition.States];
            foreach (string state in settings.Alarm)
            {
                _alarm |= 1UL << Math.Max(0, Array.IndexOf(States, state));
            }

            LimitForInMs = (long)settings.AlarmAfter.TotalMilliseconds;
        }

        // On only where asked for, and never for events: without an interval there is no pace to learn at.
        if (settings.Unusual is { } threshold && interval > TimeSpan.Zero)
        {
            HasUnusual = true;
            Pace = UnusualPace.For(interval, threshold);
        }

        // A run of equal values does not go on through a gap in which nobody looked.
        LongestGapInMs = silentAfterInMs ?? (interval > TimeSpan.Zero ? (long)(3 * interval.TotalMilliseconds) : long.MaxValue);
        UnusualCalmReadings = Math.Max(3, Pace.RestInReadings / 5);
    }

    internal double Min { get; }

    internal double Max { get; }

    internal long StuckAfterInMs { get; }

    internal double[] StuckExcept { get; }

    internal double RatePerMs { get; }

    internal double SpikeDeviations { get; }

    internal double High { get; } = double.PositiveInfinity;

    internal double HighClear { get; } = double.PositiveInfinity;

    internal double Low { get; } = double.NegativeInfinity;

    internal double LowClear { get; } = double.NegativeInfinity;

    /// <summary>How long a value must lie beyond a limit, or a state that alarms must last.</summary>
    internal long LimitForInMs { get; }

    /// <summary>Names of the states where some of them alarm.</summary>
    internal string[] States { get; } = [];

    internal bool HasUnusual { get; }

    internal UnusualPace Pace { get; }

    internal int UnusualCalmReadings { get; }

    internal long LongestGapInMs { get; }

    internal bool HasAlarms => _alarm != 0;

    internal bool HasLimits => !double.IsPositiveInfinity(High) || !double.IsNegativeInfinity(Low);

    internal bool IsAlarm(double state) => (_alarm >> (int)state & 1) != 0;

    /// <summary>How many calm readings in a row clear a raised anomaly.</summary>
    internal int CalmReadingsFor(AnomalyKind kind) => kind switch
    {
        AnomalyKind.Range or AnomalyKind.Rate => 3,
        AnomalyKind.Stuck => 2,
        AnomalyKind.Level or AnomalyKind.Season => UnusualCalmReadings,
        _ => 1,
    };
}
