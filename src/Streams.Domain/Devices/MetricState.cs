using System.Runtime.CompilerServices;
using Streams.Domain.Detection;
using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>An anomaly that was raised and not yet cleared.</summary>
/// <param name="Calm">Calm readings in a row.</param>
internal record struct OpenAnomaly(AnomalyKind Kind, long RaisedAtInMs, long SinceInMs, int Calm);

/// <summary>Everything a device remembers of one metric of one type.</summary>
internal sealed class MetricState
{
    internal MetricWindows Windows;
    internal RuleState Rules;
    internal RepeatTags Repeats;
    internal uint RepeatCount;

    /// <summary>The newest value by event time, in the type's unit; for a counter the increase.</summary>
    internal double LastValue;

    /// <summary>A counter's own reading, from which the next increase is taken.</summary>
    internal double LastRaw;

    /// <summary><see cref="long.MinValue"/> before the first value.</summary>
    internal long LastAtInMs = long.MinValue;

    /// <summary>Null where nothing is open, which is nearly always.</summary>
    internal OpenAnomaly[]? Open;

    /// <summary>What history calls this metric, the same for good; -1 before its first window.</summary>
    internal int HistoryNumber = -1;

    internal MetricState(CompiledMetric metric, ReadOnlySpan<byte> name)
    {
        Metric = metric;
        bool declared = name.SequenceEqual(metric.Utf8Name);
        Utf8Name = declared ? metric.Utf8Name : name.ToArray();
        Name = declared ? metric.Definition.Name : System.Text.Encoding.UTF8.GetString(name);
        Windows = new MetricWindows(metric.Type.Plan);
        if (metric.Rules.HasUnusual)
        {
            Unusual = new StrongBox<UnusualState>();
        }

        if (metric.Rules.SpikeDeviations > 0)
        {
            Spike = new StrongBox<SpikeState>();
        }
    }

    internal CompiledMetric Metric { get; }

    internal string Name { get; }

    internal byte[] Utf8Name { get; }

    /// <summary>On the heap only where it is used: it is the largest part of a metric.</summary>
    internal StrongBox<UnusualState>? Unusual { get; }

    internal StrongBox<SpikeState>? Spike { get; }

    internal bool HasOpen => Open is not null;

    /// <summary>Asks the processor to load what the next value will touch, while other readings are being looked at.</summary>
    internal void Prefetch()
    {
        CacheLines.Prefetch(ref Repeats, Unsafe.SizeOf<RepeatTags>() + Unsafe.SizeOf<RuleState>());
        Windows.Prefetch();
        if (Unusual is { } unusual)
        {
            unusual.Value.Prefetch(LastAtInMs);
        }
    }

    /// <summary>Runs every detector on a value newer than all before it.</summary>
    internal void Detect(Device device, double value, long atInMs)
    {
        MetricRules rules = Metric.Rules;
        bool isFirst = LastAtInMs == long.MinValue;
        if (HasOpen)
        {
            Settle(device, AnomalyKind.Range, Signal.Calm, value, atInMs, atInMs, double.NaN, 0);
        }

        if (rules.StuckAfterInMs > 0)
        {
            Signal stuck = Rules.Stuck(rules, value, atInMs, LastValue, LastAtInMs);
            Settle(device, AnomalyKind.Stuck, stuck, value, atInMs, Rules.SameSinceInMs, double.NaN, 0.9);
        }

        if (rules.RatePerMs > 0 && !isFirst && atInMs - LastAtInMs <= rules.LongestGapInMs)
        {
            Settle(device, AnomalyKind.Rate, RuleState.Rate(rules, value, atInMs, LastValue, LastAtInMs), value, atInMs, LastAtInMs, LastValue, 0.9);
        }

        if (rules.HasLimits)
        {
            Signal limit = Rules.Limit(rules, value, atInMs);
            Settle(device, AnomalyKind.Limit, limit, value, atInMs, Math.Max(Rules.BeyondSinceInMs, 0), value > rules.High ? rules.High : rules.Low, 0.95);
        }

        if (rules.HasAlarms)
        {
            Signal alarm = Rules.Alarm(rules, value, atInMs, LastValue);
            if (alarm == Signal.Calm && HasOpen && rules.IsAlarm(value))
            {
                // From one alarming state to another: two anomalies, told in this order.
                Settle(device, AnomalyKind.State, Signal.Calm, value, atInMs, atInMs, double.NaN, 0);
                alarm = Rules.Alarm(rules, value, atInMs, value);
            }

            Settle(device, AnomalyKind.State, alarm, value, atInMs, Rules.BeyondSinceInMs, double.NaN, 1);
        }

        if (Spike is { } spike)
        {
            Signal signal = spike.Value.Step(rules, value, atInMs);
            bool raised = signal == Signal.Raised;
            Settle(
                device, AnomalyKind.Spike, signal, raised ? spike.Value.Candidate : value, atInMs,
                raised ? spike.Value.CandidateAtInMs : atInMs, spike.Value.Median, 0.9);
        }

        if (Unusual is { } unusual)
        {
            UnusualVerdict verdict = unusual.Value.Step(rules.Pace, value, atInMs);
            Signal signal = verdict.IsAlarm ? Signal.Raised : verdict.Combined < rules.Pace.Threshold / 2 ? Signal.Calm : Signal.Neither;
            if (verdict.IsAlarm || HasOpen)
            {
                AnomalyKind kind = verdict.IsSeasonal ? AnomalyKind.Season : AnomalyKind.Level;
                double usual = unusual.Value.UsualAt(atInMs).Value;
                Settle(device, AnomalyKind.Level, kind == AnomalyKind.Level || !verdict.IsAlarm ? signal : Signal.Neither, value, atInMs, atInMs, usual, verdict.Score);
                Settle(device, AnomalyKind.Season, kind == AnomalyKind.Season || !verdict.IsAlarm ? signal : Signal.Neither, value, atInMs, atInMs, usual, verdict.Score);
            }

            Rules.NoteExtremes(value, atInMs);
        }

        LastValue = value;
        LastAtInMs = atInMs;
    }

    /// <summary>A value that can not be: raised, and kept out of everything else.</summary>
    internal void DetectImpossible(Device device, double value, long atInMs) =>
        Settle(device, AnomalyKind.Range, Signal.Raised, value, atInMs, atInMs, Math.Clamp(value, Metric.Rules.Min, Metric.Rules.Max), 1);

    /// <summary>Clears whatever is open: nobody looks any more.</summary>
    internal void ClearAll(Device device, string words)
    {
        foreach (OpenAnomaly open in Open ?? [])
        {
            Say(device, open, false, Math.Max(LastAtInMs, open.RaisedAtInMs), LastValue, double.NaN, 0, words);
        }

        Open = null;
    }

    private void Settle(Device device, AnomalyKind kind, Signal signal, double value, long atInMs, long sinceInMs, double expected, double score)
    {
        if (signal != Signal.Raised && Open is null)
        {
            return;
        }

        int at = IndexOfOpen(kind);
        if (at < 0)
        {
            if (signal == Signal.Raised)
            {
                var raised = new OpenAnomaly(kind, atInMs, sinceInMs, 0);
                Open = [.. Open ?? [], raised];
                Say(device, raised, true, atInMs, value, expected, score, Words(kind, value, atInMs, sinceInMs, expected));
            }

            return;
        }

        ref OpenAnomaly anomaly = ref Open![at];
        if (signal != Signal.Calm)
        {
            anomaly.Calm = 0;
            return;
        }

        if (++anomaly.Calm >= Metric.Rules.CalmReadingsFor(kind))
        {
            OpenAnomaly cleared = anomaly;
            Open = Open.Length == 1 ? null : [.. Open[..at], .. Open[(at + 1)..]];
            Say(
                device, cleared, false, atInMs, value, expected, 0,
                kind == AnomalyKind.State
                    ? Explanation.StateCleared(Name, Metric.Rules.States[(int)value], atInMs - cleared.SinceInMs)
                    : Explanation.Cleared(Name, Metric.Definition.Unit, value, kind, atInMs - cleared.SinceInMs));
        }
    }

    private int IndexOfOpen(AnomalyKind kind)
    {
        for (int i = 0; i < (Open?.Length ?? 0); i++)
        {
            if (Open![i].Kind == kind)
            {
                return i;
            }
        }

        return -1;
    }

    private void Say(Device device, in OpenAnomaly anomaly, bool isRaised, long atInMs, double value, double expected, double score, string words) =>
        device.Decide(new AnomalyEvent(
            AnomalyEvent.IdOf(device.Id, Metric.Type.Name, Name, anomaly.Kind, anomaly.RaisedAtInMs), device.Id, device.Area, Metric.Type.Name,
            Name, Metric.Definition.Unit, anomaly.Kind, isRaised, atInMs, value, expected, score, anomaly.SinceInMs, words));

    private string Words(AnomalyKind kind, double value, long atInMs, long sinceInMs, double expected)
    {
        string unit = Metric.Definition.Unit;
        MetricRules rules = Metric.Rules;
        switch (kind)
        {
            case AnomalyKind.Range: return Explanation.Range(Name, unit, value, rules);
            case AnomalyKind.Stuck: return Explanation.Stuck(Name, unit, value, atInMs - sinceInMs);
            case AnomalyKind.Spike: return Explanation.Spike(Name, unit, value, expected);
            case AnomalyKind.Rate: return Explanation.Rate(Name, unit, LastValue, value, atInMs - LastAtInMs, rules.RatePerMs);
            case AnomalyKind.Limit: return Explanation.Limit(Name, unit, value, rules, atInMs - sinceInMs);
            case AnomalyKind.State: return Explanation.State(Name, rules.States[(int)value], atInMs - sinceInMs);
            default:
                (double usual, double distance) = Unusual!.Value.UsualAt(atInMs);
                bool hasExtremes = Rules.TryGetExtremes(atInMs, out double lowest, out double highest);
                return Explanation.Unusual(Name, unit, value, kind == AnomalyKind.Season, usual, distance, hasExtremes, lowest, highest);
        }
    }
}
