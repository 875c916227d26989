using System.Collections.Immutable;

namespace Streams.Node.Feeds.Live;

/// <summary>What a look at the feed brought.</summary>
internal enum FeedStep
{
    /// <summary>An event.</summary>
    Found,

    /// <summary>Nothing new: wait.</summary>
    Nothing,

    /// <summary>Too far behind, or the log is another: begin again from the position.</summary>
    Cut,
}

/// <summary>One reader's place in the live alerts. One thread at a time.</summary>
internal sealed class AlertCursor
{
    private readonly LiveAlerts _live;
    private readonly long[] _next;

    internal AlertCursor(LiveAlerts live, string lineage, long number, IEnumerable<long> next)
    {
        _live = live;
        Lineage = lineage;
        Number = number;
        _next = [.. next];
    }

    public string Lineage { get; }

    /// <summary>Up to here it has heard everything, what it was not interested in included.</summary>
    public FeedPosition Position => new(Lineage, [.. _next]);

    /// <summary>In the ring.</summary>
    internal long Number { get; set; }

    /// <summary>The event is heard when this returns; ask for <see cref="Position"/> then.</summary>
    public FeedStep Next(out AlertEvent? found) => _live.Next(this, out found);

    /// <summary>Returns when there may be something new.</summary>
    public Task WaitAsync(TimeSpan most, CancellationToken stop) => _live.WaitAsync(this, most, stop);

    /// <summary>False for what was heard before.</summary>
    internal bool Take(AlertEvent found)
    {
        if (found.Offset < _next[found.Partition])
        {
            return false;
        }

        _next[found.Partition] = found.Offset + 1;
        return true;
    }

    /// <summary>Everything up to here was heard.</summary>
    internal void TakeAll(IReadOnlyList<long> heads)
    {
        for (int partition = 0; partition < _next.Length; partition++)
        {
            _next[partition] = Math.Max(_next[partition], heads[partition]);
        }
    }
}

/// <summary>Where a reader begins.</summary>
/// <param name="Cursor">Goes on behind what <paramref name="Missed"/> covers.</param>
/// <param name="Missed">Offsets to be read from the log first, in a partition each, the end not included; empty for none.</param>
/// <param name="Reset">Why the position is of no use; then the cursor stands at the end, and what stands is to be told anew. Null where it is.</param>
internal sealed record FeedStart(AlertCursor Cursor, ImmutableArray<(long From, long To)> Missed, string? Reset);

/// <param name="Position">To come back with, once this was heard.</param>
internal readonly record struct FeedItem(AlertEvent Alert, FeedPosition Position);

/// <summary>What a position lacks is no longer in the log: what stands is to be told anew.</summary>
internal sealed class PositionLostException(string message) : Exception(message);
