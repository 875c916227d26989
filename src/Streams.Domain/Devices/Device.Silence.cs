using Streams.Domain.Detection;
using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>Silence: by processing time for a device that is live, by event time for gaps that only a later reading shows.</summary>
public sealed partial class Device
{
    /// <summary>In processing time; far longer than two readings of a recording that is played are apart.</summary>
    private const long IdleAfterInMs = 60_000;

    internal OpenAnomaly? OpenSilence =>
        IsSilent ? new OpenAnomaly(AnomalyKind.Silence, _silentRaisedAtInMs, _silentSinceInMs, 0) : null;

    private void NoteSilence(long atInMs, long nowInMs)
    {
        LastArrivalInMs = nowInMs;
        if (_primary?.SilentAfterInMs is not { } silentAfterInMs)
        {
            DueInMs = null;
            return;
        }

        if (IsSilent)
        {
            // What comes late from before the silence does not end it.
            if (atInMs > _silentSinceInMs)
            {
                ClearSilence(Math.Max(atInMs, _silentRaisedAtInMs));
            }
        }
        else if (LastEventInMs != long.MinValue && atInMs - LastEventInMs > silentAfterInMs)
        {
            RaiseSilence(LastEventInMs, LastEventInMs + silentAfterInMs);
            ClearSilence(atInMs);
        }

        bool isLive = nowInMs - atInMs <= silentAfterInMs + _primary.Plan.LatenessInMs + LiveWithinInMs;
        if (isLive)
        {
            DueInMs = nowInMs + silentAfterInMs;
        }
        else if (atInMs >= LastEventInMs)
        {
            DueInMs = null;
        }
    }

    /// <summary>
    /// Event devices have no interval, so the next reading that would close a window may come in a month. Live, the clock closes
    /// their windows when they end; in a recording, where the clock says nothing about the windows, a minute without readings does.
    /// </summary>
    private void AwaitIdle(long nowInMs)
    {
        bool isLive = nowInMs - LiveWithinInMs <= _nextCloseInMs;
        DueInMs = _nextCloseInMs == long.MaxValue ? null : isLive ? Math.Max(nowInMs + 1, _nextCloseInMs) : nowInMs + IdleAfterInMs;
    }

    private Outcome CloseByClock(long nowInMs)
    {
        // Never beyond the windows that the last reading is in: in a recording the clock is years ahead.
        long throughInMs = long.MaxValue;
        foreach (MetricState metric in Metrics)
        {
            WindowPlan plan = metric.Metric.Type.Plan;
            WindowSize largest = plan.Sizes[^1];
            throughInMs = Math.Min(throughInMs, Math.Min(nowInMs - plan.LatenessInMs, largest.StartOf(LastEventInMs) + largest.LengthInMs()));
        }

        if (throughInMs > WatermarkInMs && throughInMs != long.MaxValue)
        {
            _idleWatermarkInMs = throughInMs;
            _nextCloseInMs = long.MaxValue;
            foreach (MetricState metric in Metrics)
            {
                Close(metric, throughInMs);
            }

            AwaitIdle(nowInMs);
        }

        return new Outcome(_hasWindows ? OutcomeKind.Speaks : OutcomeKind.Quiet);
    }

    private void RaiseSilence(long sinceInMs, long atInMs)
    {
        _silentSinceInMs = sinceInMs;
        _silentRaisedAtInMs = atInMs;
        SaySilence(true, atInMs, 1, Explanation.Silent(sinceInMs, (long)_primary!.Definition.Interval.TotalMilliseconds));
    }

    private void ClearSilence(long atInMs, string? words = null)
    {
        SaySilence(false, atInMs, 0, words ?? Explanation.Spoke(atInMs - _silentSinceInMs));
        _silentSinceInMs = _silentRaisedAtInMs = 0;
    }

    /// <summary>The value is how long the silence has lasted, the expectation the usual interval, both in seconds.</summary>
    private void SaySilence(bool isRaised, long atInMs, double score, string words) =>
        Decide(new AnomalyEvent(
            AnomalyEvent.IdOf(Id, _primary!.Name, "", AnomalyKind.Silence, _silentRaisedAtInMs), Id, Area, _primary.Name, "", "",
            AnomalyKind.Silence, isRaised, atInMs, (atInMs - _silentSinceInMs) / 1000.0, _primary.Definition.Interval.TotalSeconds,
            score, _silentSinceInMs, words));
}
