namespace Streams.Domain.Alerts;

/// <summary>The measure over a stretch of event time, with the figures that words need.</summary>
internal readonly record struct Verdict(long StartInMs, long EndInMs, double Measure)
{
    /// <summary>What the clearing limits compare with, where that differs from <see cref="Measure"/>: parts that are not known yet may still uphold.</summary>
    public double Upholding { get; init; } = Measure;

    /// <summary>The value that the measure was made from, in the metric's unit.</summary>
    public double Value { get; init; }

    public double Usual { get; init; }

    /// <summary>Devices (or child areas) that the measure speaks of.</summary>
    public int Count { get; init; }

    /// <summary>Devices that could have.</summary>
    public int Members { get; init; }

    /// <summary>For a trend: time from the end of the window until the limit is reached.</summary>
    public long EtaInMs { get; init; }
}

/// <summary>A time during which a rule's condition held.</summary>
internal sealed class Period
{
    public long StartInMs { get; set; }

    /// <summary><see cref="long.MaxValue"/> while it holds.</summary>
    public long EndInMs { get; set; } = long.MaxValue;

    /// <summary>Event time up to which the condition was seen to hold.</summary>
    public long ConfirmedThroughInMs { get; set; }

    public AlertSeverity Severity { get; set; }

    /// <summary>The step that holds now, or the last one that did; -1 where the severity comes from child areas.</summary>
    public int Step { get; set; } = -1;

    public Verdict First { get; set; }

    public Verdict Worst { get; set; }

    public Verdict Latest { get; set; }

    public bool IsOpen => EndInMs == long.MaxValue;

    public bool Overlaps(long startInMs, long endInMs) => StartInMs <= endInMs && startInMs <= EndInMs;

    public Period Copy() => (Period)MemberwiseClone();
}

/// <summary>
/// Turns verdicts in order of event time into periods: raise and clear limits, minimum duration, and how long a lull may last.
/// A value, so that folding again from a kept point (when a late reading revised a window) is a copy.
/// </summary>
internal struct PeriodFold
{
    /// <summary>Start of the run of verdicts that are beyond the lowest step; the period begins once the run is long enough.</summary>
    public long? PendingSinceInMs;

    /// <summary>Start of the lull that may end the period.</summary>
    public long? CalmSinceInMs;

    public long LastEndInMs;

    public Verdict PendingFirst;

    public Verdict PendingWorst;

    /// <summary>The period that holds, if any. Copied with <see cref="Copy"/>, or folding on would change it.</summary>
    public Period? Open;

    public readonly PeriodFold Copy() => this with { Open = Open?.Copy() };

    /// <summary>Takes the next verdict. A period that it ended is added to <paramref name="ended"/>.</summary>
    public void Step(AlertRule rule, in Verdict verdict, List<Period> ended)
    {
        // Data that stops says nothing about how things went on: what held is over when the data is, after the time an alert may stand unconfirmed.
        if (Open is { } stale && verdict.StartInMs - LastEndInMs > rule.ExpiresAfter.TotalMilliseconds)
        {
            End(stale, LastEndInMs, ended);
        }

        // The minimum duration is of an unbroken run: a missing window breaks it.
        if (PendingSinceInMs is not null && verdict.StartInMs > LastEndInMs)
        {
            PendingSinceInMs = null;
        }

        LastEndInMs = verdict.EndInMs;
        if (Open is { } open)
        {
            Continue(rule, open, in verdict, ended);
        }
        else
        {
            Begin(rule, in verdict);
        }
    }

    private void Begin(AlertRule rule, in Verdict verdict)
    {
        int step = rule.RaisedStep(verdict.Measure);
        if (step < 0)
        {
            PendingSinceInMs = null;
            return;
        }

        if (PendingSinceInMs is null)
        {
            PendingSinceInMs = verdict.StartInMs;
            PendingFirst = verdict;
            PendingWorst = verdict;
        }
        else if (IsWorse(rule, in verdict, PendingWorst))
        {
            PendingWorst = verdict;
        }

        if (verdict.EndInMs == long.MaxValue || verdict.EndInMs - PendingSinceInMs.Value >= rule.For.TotalMilliseconds)
        {
            Open = new Period
            {
                StartInMs = PendingSinceInMs.Value,
                ConfirmedThroughInMs = verdict.EndInMs,
                Step = step,
                Severity = rule.Steps[step].Severity,
                First = PendingFirst,
                Worst = PendingWorst,
                Latest = verdict,
            };
            PendingSinceInMs = null;
            CalmSinceInMs = null;
        }
    }

    private void Continue(AlertRule rule, Period open, in Verdict verdict, List<Period> ended)
    {
        int held = rule.HeldStep(verdict.Upholding);
        if (held < 0)
        {
            CalmSinceInMs ??= verdict.StartInMs;
            if (verdict.EndInMs == long.MaxValue || verdict.EndInMs - CalmSinceInMs.Value >= rule.ClearAfter.TotalMilliseconds)
            {
                End(open, CalmSinceInMs.Value, ended);
            }

            return;
        }

        CalmSinceInMs = null;
        open.ConfirmedThroughInMs = verdict.EndInMs;
        open.Latest = verdict;
        if (IsWorse(rule, in verdict, open.Worst))
        {
            open.Worst = verdict;
        }

        // Up as soon as a higher step is reached; down when the present one no longer holds.
        int step = Math.Max(rule.RaisedStep(verdict.Measure), Math.Min(held, open.Step));
        open.Step = step;
        open.Severity = rule.Steps[step].Severity;
    }

    private void End(Period open, long endInMs, List<Period> ended)
    {
        open.EndInMs = endInMs;
        ended.Add(open);
        Open = null;
        CalmSinceInMs = null;
        PendingSinceInMs = null;
    }

    internal static bool IsWorse(AlertRule rule, in Verdict verdict, in Verdict than) =>
        rule.Below ? verdict.Measure < than.Measure : verdict.Measure > than.Measure;
}
