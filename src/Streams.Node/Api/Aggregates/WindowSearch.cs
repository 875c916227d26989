using Streams.Domain.Devices;
using Streams.Domain.Windows;
using Streams.Runtime;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Aggregates;

/// <summary>A stored window, and what beside its start tells it from the subject's others: the order of pages.</summary>
internal sealed record FoundWindow(HistoryWindow Window, string Place);

/// <summary>
/// Finds a subject's closed windows, in the store and not yet there, oldest first and each in its newest revision. What can't be read is left
/// out: an old or damaged row must not hide the others.
/// </summary>
/// <param name="recent">What the subject has not yet handed over; asked for before anything is read here, so that nothing falls between.</param>
/// <param name="metric">Null for all.</param>
/// <param name="size">Null for all.</param>
internal sealed class WindowSearch(ApiSources sources, string kind, string id, IReadOnlyList<HistoryRow> recent, string? metric, WindowSize? size)
{
    /// <summary>Of some 700 B each, and of five parts at most: a step of the search holds no more than a few MB of windows, whatever the range.</summary>
    private const int RowsAtOnce = 64;

    /// <summary>A row names at least one metric, and a device has 512 at most.</summary>
    private const int MostNameRows = 10_000;

    private readonly ShardId _shard = sources.ShardOf(kind, id);

    private readonly HistoryPart[] _parts = size is { } one
        ? [(HistoryPart)one, HistoryPart.Mixed]
        : [HistoryPart.Minutes, HistoryPart.Quarters, HistoryPart.Hours, HistoryPart.Days, HistoryPart.Mixed];

    private HistoryNames? _names;

    /// <summary>Windows that begin within [from, to) and come after the last of the page before, at most <paramref name="limit"/>; and whether there are more.</summary>
    public (List<FoundWindow> Page, bool More) Page(long from, long to, (long At, string Place)? after, int limit)
    {
        List<FoundWindow> page = [];
        long begin = Math.Max(from, after?.At ?? long.MinValue);
        for (int rowsAtOnce = RowsAtOnce; begin < to && page.Count <= limit;)
        {
            (IEnumerable<HistoryWindow> windows, long end) = Read(begin, to, rowsAtOnce);
            page.AddRange(windows
                .Select(window => new FoundWindow(window, PlaceOf(window)))
                .OrderBy(found => found.Window.StartInMs)
                .ThenBy(found => found.Place, StringComparer.Ordinal)
                .SkipWhile(found => after is { } last && found.Window.StartInMs == last.At && string.CompareOrdinal(found.Place, last.Place) <= 0)
                .Take(limit + 1 - page.Count));

            // Rows that begin long before the range may fill the answer; then more of them are needed to come further.
            rowsAtOnce = end > begin ? rowsAtOnce : rowsAtOnce * 2;
            begin = end;
        }

        return page.Count > limit ? (page[..limit], true) : (page, false);
    }

    /// <summary>Where the newest window begins; null where there is none. A recording's may be years ago.</summary>
    public long? NewestInMs()
    {
        List<HistoryWindow> windows = [];
        Decode(recent, windows);
        foreach (HistoryPart part in _parts)
        {
            Decode(sources.Store.ReadHistory(_shard, id, (byte)part, long.MinValue, long.MaxValue, 1, newestFirst: true), windows);
        }

        return windows.Where(IsWanted).Select(window => (long?)window.StartInMs).Max();
    }

    /// <summary>All wanted windows that begin within [begin, End), newest revisions only. End is <paramref name="to"/>, or as far as so many rows reach.</summary>
    private (IEnumerable<HistoryWindow> Windows, long End) Read(long begin, long to, int rowsAtOnce)
    {
        List<HistoryWindow> all = [];
        long end = to;
        foreach (HistoryPart part in _parts)
        {
            long longest = WindowHistory.LongestInMs(part);
            long earliest = begin < long.MinValue + longest ? long.MinValue : begin - longest;
            IReadOnlyList<HistoryRow> rows = sources.Store.ReadHistory(_shard, id, (byte)part, earliest, to, rowsAtOnce);
            Decode(rows, all);
            if (rows.Count == rowsAtOnce)
            {
                // Rows after the last one have windows from where it begins on.
                end = Math.Min(end, Math.Max(begin, rows[^1].FromInMs));
            }
        }

        Decode(recent, all);
        Dictionary<(long, WindowSize, string, string), HistoryWindow> newest = [];
        foreach (HistoryWindow window in all)
        {
            (long, WindowSize, string, string) key = (window.StartInMs, window.Size, window.Type, window.Metric);
            if (window.StartInMs >= begin && window.StartInMs < end && IsWanted(window)
                && (!newest.TryGetValue(key, out HistoryWindow known) || known.Revision < window.Revision))
            {
                newest[key] = window;
            }
        }

        return (newest.Values, end);
    }

    private void Decode(IReadOnlyList<HistoryRow> rows, List<HistoryWindow> into)
    {
        if (rows.Count > 0)
        {
            // Not sooner: a metric's name is stored with its first windows or before them.
            _names ??= ReadNames();
        }

        foreach (HistoryRow row in rows)
        {
            WindowHistory.TryRead((HistoryPart)row.Part, row.Body.Span, _names!, into);
        }
    }

    private HistoryNames ReadNames()
    {
        HistoryNames names = new();
        foreach (HistoryRow row in sources.Store.ReadHistory(_shard, id, (byte)HistoryPart.Names, 0, 1, MostNameRows))
        {
            names.TryAdd(row.Body.Span);
        }

        return names;
    }

    private bool IsWanted(HistoryWindow window) => (metric is null || window.Metric == metric) && (size is null || window.Size == size);

    private static string PlaceOf(HistoryWindow window) => $"{(int)window.Size}|{window.Metric}|{window.Type}";
}
