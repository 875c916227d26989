namespace Streams.Simulator.Replay;

/// <summary>Rows that could not become part of a reading: how many for each reason, and where the first of them stand.</summary>
public sealed class UnusableRows
{
    /// <summary>Enough places to go and look; a file may be wrong in every line.</summary>
    private const int PlacesKept = 5;

    private readonly Dictionary<string, Entry> _byReason = new(StringComparer.Ordinal);

    public long Count { get; private set; }

    /// <summary>Most frequent first.</summary>
    public IReadOnlyList<Entry> ByReason => [.. _byReason.Values.OrderByDescending(entry => entry.Count).ThenBy(entry => entry.Reason, StringComparer.Ordinal)];

    /// <param name="reason">Names the column and what is wrong with it, without the value itself, so that like faults are counted together.</param>
    public void Add(string file, long line, string reason)
    {
        Count++;
        if (!_byReason.TryGetValue(reason, out Entry? entry))
        {
            _byReason.Add(reason, entry = new Entry(reason));
        }

        entry.Add(file, line);
    }

    /// <summary>One reason and where it was met.</summary>
    public sealed class Entry(string reason)
    {
        private readonly List<string> _places = [];

        public string Reason { get; } = reason;

        public long Count { get; private set; }

        /// <summary>The first places as <c>file:line</c>.</summary>
        public IReadOnlyList<string> Places => _places;

        internal void Add(string file, long line)
        {
            Count++;
            if (_places.Count < PlacesKept)
            {
                _places.Add(FormattableString.Invariant($"{file}:{line}"));
            }
        }
    }
}
