using System.Buffers;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Actors;

/// <summary>
/// The last outbox number taken from each source (shard and lane), and the lineage it was given in. Between actors a message arrives at
/// least once and in order per source, so whatever is not greater is a repeat; numbers of another lineage begin anew. Kept per actor, in
/// its own snapshot: a mark per shard would not agree with actors that are written at different times.
/// </summary>
internal sealed class SourceMarks
{
    private int[] _sources = [];
    private (long Number, long Lineage)[] _last = [];

    public int Count => _sources.Length;

    public static int SourceOf(ShardId shard, Lane lane) => (shard.Number << 1) | (int)lane;

    /// <summary>False for a repeat; otherwise the number is the new mark.</summary>
    public bool Advance(SourceHeader from)
    {
        int at = Array.BinarySearch(_sources, from.Source);
        if (at >= 0)
        {
            if (from.Lineage == _last[at].Lineage && from.Number <= _last[at].Number)
            {
                return false;
            }

            _last[at] = (from.Number, from.Lineage);
            return true;
        }

        at = ~at;
        _sources = [.. _sources[..at], from.Source, .. _sources[at..]];
        _last = [.. _last[..at], (from.Number, from.Lineage), .. _last[at..]];
        return true;
    }

    /// <summary>What was numbered before the store was restored counts on in the present lineage.</summary>
    public void Continue(EndedLineages ended, long lineage)
    {
        for (int i = 0; i < _last.Length; i++)
        {
            if (ended.Has(_last[i].Lineage))
            {
                _last[i].Lineage = lineage;
            }
        }
    }

    public void Save(IBufferWriter<byte> to)
    {
        to.WriteVarint((ulong)_sources.Length);
        for (int i = 0; i < _sources.Length; i++)
        {
            to.WriteVarint((ulong)_sources[i]);
            to.WriteVarint((ulong)_last[i].Number);
            to.WriteVarint((ulong)_last[i].Lineage);
        }
    }

    /// <param name="hasLineages">False for what was written before there were any: the marks are of none, and the next message from each source counts.</param>
    public static SourceMarks? Restore(ref ReadOnlySpan<byte> from, bool hasLineages = true)
    {
        int count = checked((int)from.ReadVarint());
        if (count == 0)
        {
            return null;
        }

        SourceMarks marks = new() { _sources = new int[count], _last = new (long, long)[count] };
        for (int i = 0; i < count; i++)
        {
            marks._sources[i] = checked((int)from.ReadVarint());
            marks._last[i] = (checked((long)from.ReadVarint()), hasLineages ? checked((long)from.ReadVarint()) : 0);
        }

        return marks;
    }
}
