using Streams.Domain.Detection;

namespace Streams.Domain.Devices;

/// <summary>Silence: by processing time for a device that is live, by event time for gaps that only a later reading shows.</summary>
public sealed partial class Device
{
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

    private void RaiseSilence(long sinceInMs, long atInMs)
    {
        _silentSinceInMs = sinceInMs;
        _silentRaisedAtInMs = atInMs;
        SaySilence(true, atInMs, 1, Explanation.Silent(sinceInMs, (long)_primary!.Definition.Interval.TotalMilliseconds));
    }

    private void ClearSilence(long atInMs)
    {
        SaySilence(false, atInMs, 0, Explanation.Spoke(atInMs - _silentSinceInMs));
        _silentSinceInMs = _silentRaisedAtInMs = 0;
    }

    /// <summary>The value is how long the silence has lasted, the expectation the usual interval, both in seconds.</summary>
    private void SaySilence(bool isRaised, long atInMs, double score, string words) =>
        Decide(new AnomalyEvent(
            AnomalyEvent.IdOf(Id, _primary!.Name, "", AnomalyKind.Silence, _silentRaisedAtInMs), Id, Area, _primary.Name, "", "",
            AnomalyKind.Silence, isRaised, atInMs, (atInMs - _silentSinceInMs) / 1000.0, _primary.Definition.Interval.TotalSeconds,
            score, _silentSinceInMs, words));
}
