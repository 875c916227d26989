using Streams.Domain.Windows;
using Streams.Node.Api.Aggregates;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Runtime;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary>
/// <c>GET /api/v1/devices/{id}/aggregates?metric=&amp;window=&amp;from=&amp;to=</c>, also <c>/areas/{id}/aggregates</c>: closed windows that begin within
/// [from, to), oldest first, each in its newest revision. Without <c>from</c>, the last day of what there is (a week of PT15M, a month of PT1H, a
/// year of P1D, where <c>window</c> says one of these).
/// </summary>
internal static class AggregateEndpoints
{
    /// <summary>About 1 KB each: a page never holds more than some MB, whatever the range.</summary>
    private const int RowsAtOnce = 2_000;

    private static readonly Parameter<string?> Metric = Parameter.Text("metric", "Only this metric's.", "pm2_5");
    private static readonly Parameter<string?> Window = Parameter.Choice("window", "Only windows of this size.", "PT1M", "PT15M", "PT1H", "P1D");
    private static readonly Parameter<long?> From = Parameters.Time("from", "Windows that begin at or after this event time.");
    private static readonly Parameter<long?> To = Parameters.Time("to", "Windows that begin before this event time.");

    /// <summary>The aggregates of a device or an area.</summary>
    public static Operation Of(string operation, string path, string kind, string collection, Parameter<string> id) =>
        new(operation, HttpMethods.Get, path, $"Closed windows of the {kind}, oldest first, each in its newest revision.", (context, query) => GetAsync(context, query, kind, collection, query.Of(id)))
        {
            Details = "Without `from`, the last day of what there is: a week of PT15M, a month of PT1H, a year of P1D where `window` says one of these.",
            Parameters = [id, Metric, Window, From, To, Parameters.After, Parameters.Limit],
            Replies = [Reply.Page("aggregate", "A page of windows."), Reply.NotFound($"There is no such {kind}.")],
        };

    private static async Task GetAsync(HttpContext context, Query query, string kind, string collection, string id)
    {
        string? metric = query.Of(Metric);
        string? sizeName = query.Of(Window);
        long? from = query.Of(From);
        long? to = query.Of(To);
        if (from >= to)
        {
            await query.RefuseAsync(To, "not after from; allowed: a later time");
            return;
        }

        (long At, string Id)? after = query.Of(Parameters.After);
        int limit = query.Of(Parameters.Limit);
        ApiSources sources = ApiSources.Of(context);
        ReadOnlyMemory<byte> recent = await sources.Node.RecentHistoryAsync(kind, id, context.RequestAborted) ?? default;
        bool isKnown = !recent.IsEmpty || await Task.Run(() => sources.Store.Get(collection, id)) is not null
            || await sources.Node.DescribeAsync(kind, id, context.RequestAborted) is not null;
        if (!isKnown)
        {
            await Problem.NotFound(context, $"There is no {kind} {id}.");
            return;
        }

        WindowSize? size = sizeName is not null && WindowSizes.TryParse(sizeName, out WindowSize parsed) ? parsed : null;
        Search search = new(sources, kind, id, recent, window => (metric is null || window.Metric == metric) && (size is null || window.Size == size));
        (List<StoredWindow> page, bool more) = await Task.Run(() => search.Page(from, to, SpanOf(size), after, limit));
        await Paging.WriteAsync(context, page.Select(window => window.Json), more ? Parameters.Next(page[^1].StartInMs, page[^1].Place) : null);
    }

    private static long SpanOf(WindowSize? size) => WindowSize.Day.LengthInMs() * size switch
    {
        WindowSize.Quarter => 7,
        WindowSize.Hour => 31,
        WindowSize.Day => 366,
        _ => 1,
    };

    private sealed class Search(ApiSources sources, string kind, string id, ReadOnlyMemory<byte> recent, Func<StoredWindow, bool> isWanted)
    {
        private readonly ShardId _shard = sources.ShardOf(kind, id);

        public (List<StoredWindow> Page, bool More) Page(long? from, long? to, long span, (long At, string Id)? after, int limit)
        {
            long begin = from ?? (after is null ? Newest(to) - span : long.MinValue);
            for (int rowsAtOnce = RowsAtOnce; ; rowsAtOnce *= 2)
            {
                (List<StoredWindow> windows, long completeBefore) = Read(Math.Max(begin, after?.At ?? long.MinValue), to ?? long.MaxValue, rowsAtOnce);
                List<StoredWindow> page =
                [
                    .. windows
                        .Where(window => window.StartInMs >= begin && window.StartInMs < completeBefore && (to is null || window.StartInMs < to))
                        .SkipWhile(window => after is { } last && (window.StartInMs < last.At || (window.StartInMs == last.At && string.CompareOrdinal(window.Place, last.Id) <= 0)))
                        .Take(limit + 1),
                ];
                bool isCut = completeBefore < long.MaxValue;
                if (page.Count > 0 || !isCut)
                {
                    bool more = page.Count > limit || isCut;
                    return (page.Count > limit ? page[..limit] : page, more);
                }
            }
        }

        /// <summary>Windows in order, each in its newest revision; those from <c>CompleteBefore</c> on may lack what further rows hold.</summary>
        private (List<StoredWindow> Windows, long CompleteBefore) Read(long from, long to, int rowsAtOnce)
        {
            IReadOnlyList<HistoryRow> rows = sources.Store.ReadHistory(_shard, id, from, to, rowsAtOnce);
            List<StoredWindow> all = [];
            foreach (HistoryRow row in rows)
            {
                StoredWindow.Decode(row.Body.Span, kind, id, UnitOf, all);
            }

            StoredWindow.Decode(recent.Span, kind, id, UnitOf, all);
            Dictionary<(long, string), StoredWindow> newest = [];
            foreach (StoredWindow window in all.Where(isWanted))
            {
                (long, string) key = (window.StartInMs, window.Place);
                if (!newest.TryGetValue(key, out StoredWindow? known) || known.Revision < window.Revision)
                {
                    newest[key] = window;
                }
            }

            return ([.. newest.Values.Order(StoredWindow.Order)], rows.Count < rowsAtOnce ? long.MaxValue : rows[^1].FromInMs);
        }

        /// <summary>The start of the newest window, or as near as the time the subject was last heard of; a recording may be years old.</summary>
        private long Newest(long? to)
        {
            if (to is { } end)
            {
                return end;
            }

            List<StoredWindow> windows = [];
            StoredWindow.Decode(recent.Span, kind, id, UnitOf, windows);
            if (windows.Count == 0)
            {
                // Nothing in memory: the last rows are what counts. Rows are found by time only, so the search halves the past down to a minute.
                long low = 0;
                long high = sources.Time.GetUtcNow().ToUnixTimeMilliseconds() + WindowSize.Day.LengthInMs();
                while (high - low > WindowSize.Minute.LengthInMs())
                {
                    long middle = low + ((high - low) / 2);
                    (low, high) = sources.Store.ReadHistory(_shard, id, middle, long.MaxValue, 1).Count > 0 ? (middle, high) : (low, middle);
                }

                return low;
            }

            return windows.Max(window => window.StartInMs) + 1;
        }

        private string UnitOf(string type, string metric) => sources.Catalog.Find(type, metric)?.Unit ?? "";
    }
}
