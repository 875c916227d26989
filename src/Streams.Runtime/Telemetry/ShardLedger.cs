using Streams.Runtime.Shards;

namespace Streams.Runtime.Telemetry;

/// <summary>
/// What a node's shards did since it started, by actor kind: also those that have left, for a counter may not go down with them. Thread-safe.
/// </summary>
internal sealed class ShardLedger
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ShardCounts> _past = new(StringComparer.Ordinal);
    private readonly List<(string Kind, ShardCounts Counts)> _present = [];
    private readonly HashSet<ShardCounts> _over = [];

    /// <summary>Shards counted each for itself.</summary>
    internal int Unsettled => _present.Count;

    /// <summary>A shard begins.</summary>
    public void Add(string kind, ShardCounts counts)
    {
        lock (_gate)
        {
            Settle();
            _present.Add((kind, counts));
        }
    }

    public IReadOnlyDictionary<string, ShardCounts> Sum()
    {
        lock (_gate)
        {
            Settle();
            Dictionary<string, ShardCounts> sum = new(StringComparer.Ordinal);
            foreach ((string kind, ShardCounts counts) in _past.Select(pair => (pair.Key, pair.Value)).Concat(_present))
            {
                Of(sum, kind).Add(counts);
            }

            return sum;
        }
    }

    /// <summary>Shards that were over when looked at before are settled now: by then their last batch has been counted too.</summary>
    private void Settle()
    {
        for (int i = _present.Count - 1; i >= 0; i--)
        {
            (string kind, ShardCounts counts) = _present[i];
            if (counts.AreFinal && !_over.Add(counts))
            {
                Of(_past, kind).Add(counts);
                _over.Remove(counts);
                _present.RemoveAt(i);
            }
        }
    }

    private static ShardCounts Of(Dictionary<string, ShardCounts> all, string kind)
    {
        if (!all.TryGetValue(kind, out ShardCounts? counts))
        {
            all[kind] = counts = new ShardCounts();
        }

        return counts;
    }
}
