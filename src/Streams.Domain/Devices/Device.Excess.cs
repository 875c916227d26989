using Streams.Domain.Detection;
using Streams.Domain.Readings;

namespace Streams.Domain.Devices;

/// <summary>
/// A bound on what one device may send, so that a broken or hostile one costs its neighbours nothing. It is counted in event time: a recording that is
/// played fast, or an hour's backlog after an outage, has as many values a second as it ever had.
/// </summary>
public sealed partial class Device
{
    /// <summary>
    /// How much may come at once, as the time it takes at the bound: a gateway that hands over what it kept sends the newest first and then, while event
    /// time stands still, everything else.
    /// </summary>
    private const long BurstInMicros = 60_000_000;

    private static readonly Refusal s_excess = new(
        RefusalReasons.RateLimited, "", "The device sends more values a second of event time than its type allows (mostPerSecond), for longer than a minute. Its anomaly 'excess' says since when.");

    /// <summary>Event time through which everything taken is paid for, at the type's rate; microseconds. Ahead of the newest reading by what is owed.</summary>
    private long _paidThroughInMicros = long.MinValue;
    private long _excessSinceInMs;
    private long _excessCount;

    /// <summary>Readings that were more than the type allows, and not taken.</summary>
    public long ExcessCount { get; private set; }

    /// <summary>It sends too much, and what is beyond the bound is not taken.</summary>
    public bool IsInExcess => _excessSinceInMs != 0;

    internal OpenAnomaly? OpenExcess => IsInExcess ? new OpenAnomaly(AnomalyKind.Excess, _excessSinceInMs, _excessSinceInMs, 0) : null;

    /// <summary>Whether the reading is within the bound, and if so, that it was taken.</summary>
    private bool Pay(Reading reading, CompiledType type)
    {
        long atInMs = Math.Max(reading.TimeInMs, LastEventInMs);
        long atInMicros = atInMs * 1000;
        long through = Math.Max(_paidThroughInMicros, atInMicros) + (type.CostInMicros * reading.Entries.Length);
        if (through - atInMicros > BurstInMicros)
        {
            return false;
        }

        _paidThroughInMicros = through;
        if (_excessSinceInMs != 0 && through - atInMicros <= BurstInMicros / 2)
        {
            ClearExcess(atInMs);
        }

        return true;
    }

    private Outcome RefuseExcess(Reading reading)
    {
        ExcessCount++;
        _excessCount++;
        if (IsInExcess || _primary is null)
        {
            return new Outcome(OutcomeKind.Refused, s_excess);
        }

        _excessSinceInMs = Math.Max(reading.TimeInMs, LastEventInMs);
        SayExcess(true, _excessSinceInMs, Explanation.Excess(_primary.Definition.MostPerSecond));
        return new Outcome(OutcomeKind.Refused, s_excess) { IsDecision = true };
    }

    private void ClearExcess(long atInMs, string? words = null)
    {
        SayExcess(false, Math.Max(atInMs, _excessSinceInMs), words ?? Explanation.Moderate(_excessCount));
        _excessSinceInMs = 0;
        _excessCount = 0;
    }

    /// <summary>The value is how many readings were not taken since it began.</summary>
    private void SayExcess(bool isRaised, long atInMs, string words) =>
        Decide(new AnomalyEvent(
            AnomalyEvent.IdOf(Id, _primary!.Name, "", AnomalyKind.Excess, _excessSinceInMs), Id, Area, _primary.Name, "", "count",
            AnomalyKind.Excess, isRaised, atInMs, _excessCount, 0, isRaised ? 1 : 0, _excessSinceInMs, words));
}
