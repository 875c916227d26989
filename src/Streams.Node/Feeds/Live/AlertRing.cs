using System.Collections.Immutable;

namespace Streams.Node.Feeds.Live;

/// <summary>
/// The latest alerts of all partitions in the order in which they came to this node, bounded. Whoever reads holds a number of the sequence; what it wants lies here as
/// long as it is not more than the ring behind. Not thread-safe.
/// </summary>
/// <param name="most">Events kept.</param>
/// <param name="mostBytes">Bytes of JSON kept.</param>
internal sealed class AlertRing(int most, long mostBytes)
{
    private readonly AlertEvent?[] _events = new AlertEvent?[most];
    private long[] _floors = [];
    private long[] _heads = [];
    private long _bytes;

    /// <summary>The number that the next event gets.</summary>
    public long Head { get; private set; }

    /// <summary>The number of the oldest event here; the head's where there is none.</summary>
    public long Floor { get; private set; }

    /// <summary>Per partition, the offset after the newest that came.</summary>
    public IReadOnlyList<long> Heads => _heads;

    public int Partitions => _heads.Length;

    /// <summary>Begins anew: nothing is here, and what comes next begins at these offsets. Numbers go on, so that no reader takes new events for old ones.</summary>
    public void Clear(IReadOnlyList<long> next)
    {
        // Whoever was at the head has missed something, too.
        Floor = ++Head;
        Array.Clear(_events);
        _bytes = 0;
        _heads = [.. next];
        _floors = [.. next];
    }

    /// <summary>What came, in the partition's order; null for a record that is no alert.</summary>
    public void Add(int partition, long offset, AlertEvent? found)
    {
        _heads[partition] = offset + 1;
        if (found is null)
        {
            return;
        }

        if (Head - Floor == most)
        {
            LetGo();
        }

        _events[Head++ % most] = found;
        _bytes += found.Json.Length;
        while (_bytes > mostBytes && Head - Floor > 1)
        {
            LetGo();
        }
    }

    /// <summary>Everything from this position on is here.</summary>
    public bool Holds(ImmutableArray<long> next) => !next.Where((offset, partition) => offset < _floors[partition]).Any();

    /// <param name="number">From the floor up to, and not including, the head.</param>
    public AlertEvent this[long number] => _events[number % most]!;

    private void LetGo()
    {
        AlertEvent gone = this[Floor];
        _events[Floor++ % most] = null;
        _bytes -= gone.Json.Length;
        _floors[gone.Partition] = gone.Offset + 1;
    }
}
