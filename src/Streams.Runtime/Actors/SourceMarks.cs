using System.Buffers;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Actors;

/// <summary>
/// The last outbox number taken from each source (shard and lane). Between actors a message arrives at least once and in order per
/// source, so whatever is not greater is a repeat. Kept per actor, in its own snapshot: a mark per shard would not agree with actors
/// that are written at different times.
/// </summary>
internal sealed class SourceMarks
{
    private int[] _sources = [];
    private long[] _numbers = [];

    public int Count => _sources.Length;

    public static int SourceOf(ShardId shard, Lane lane) => (shard.Number << 1) | (int)lane;

    /// <summary>False for a repeat; otherwise the number is the new mark.</summary>
    public bool Advance(int source, long number)
    {
        int at = Array.BinarySearch(_sources, source);
        if (at >= 0)
        {
            if (number <= _numbers[at])
            {
                return false;
            }

            _numbers[at] = number;
            return true;
        }

        at = ~at;
        _sources = [.. _sources[..at], source, .. _sources[at..]];
        _numbers = [.. _numbers[..at], number, .. _numbers[at..]];
        return true;
    }

    public void Save(IBufferWriter<byte> to)
    {
        to.WriteVarint((ulong)_sources.Length);
        for (int i = 0; i < _sources.Length; i++)
        {
            to.WriteVarint((ulong)_sources[i]);
            to.WriteVarint((ulong)_numbers[i]);
        }
    }

    public static SourceMarks? Restore(ref ReadOnlySpan<byte> from)
    {
        int count = checked((int)from.ReadVarint());
        if (count == 0)
        {
            return null;
        }

        SourceMarks marks = new() { _sources = new int[count], _numbers = new long[count] };
        for (int i = 0; i < count; i++)
        {
            marks._sources[i] = checked((int)from.ReadVarint());
            marks._numbers[i] = checked((long)from.ReadVarint());
        }

        return marks;
    }
}
