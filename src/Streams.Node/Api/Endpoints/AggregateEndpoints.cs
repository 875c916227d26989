using System.Buffers;
using System.Text;
using Streams.Domain.Devices;
using Streams.Domain.Windows;
using Streams.Node.Api.Aggregates;
using Streams.Node.Api.Requests;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary>
/// <c>GET /api/v1/devices/{id}/aggregates?metric=&amp;window=&amp;from=&amp;to=</c>, also <c>/areas/{id}/aggregates</c>: closed windows that begin within
/// [from, to), oldest first, each in its newest revision. Without <c>from</c>, the last day of what there is (a week of PT15M, a month of PT1H, a
/// year of P1D, where <c>window</c> says one of these).
/// </summary>
internal static class AggregateEndpoints
{
    public static async Task GetAsync(HttpContext context, string kind, string collection, string id)
    {
        QueryReader query = new(context);
        string? metric = query.Text("metric");
        string? sizeName = query.Choice("window", "PT1M", "PT15M", "PT1H", "P1D");
        long? from = query.Time("from");
        long? to = query.Time("to");
        if (from >= to)
        {
            query.Complain("to", "not after from; allowed: a later time");
        }

        (long At, string Id)? after = query.After();
        int limit = query.Limit();
        if (!await query.IsGoodAsync())
        {
            return;
        }

        ApiSources sources = ApiSources.Of(context);
        IReadOnlyList<HistoryRow>? recent = await sources.Node.RecentHistoryAsync(kind, id, context.RequestAborted);
        if (recent is null && await Task.Run(() => sources.Store.Get(collection, id)) is null)
        {
            await Problem.NotFound(context, $"There is no {kind} {id}.");
            return;
        }

        WindowSize? size = sizeName is not null && WindowSizes.TryParse(sizeName, out WindowSize parsed) ? parsed : null;
        WindowSearch search = new(sources, kind, id, recent ?? [], metric, size);
        (List<FoundWindow> page, bool more) = await Task.Run(() =>
        {
            long end = to ?? long.MaxValue;
            long begin = from ?? (after is null ? (to ?? search.NewestInMs() + 1 ?? 0) - SpanOf(size) : long.MinValue);
            return search.Page(begin, end, after, limit);
        });
        await Paging.WriteAsync(context, page.Select(found => JsonOf(kind, id, found.Window)), more ? QueryReader.Next(page[^1].Window.StartInMs, page[^1].Place) : null);

        ReadOnlyMemory<byte> JsonOf(string kind, string id, HistoryWindow window)
        {
            ArrayBufferWriter<byte> json = new(768);
            string unit = sources.Catalog.Find(window.Type, window.Metric)?.Unit ?? "";
            AggregateJson.Write(json, Encoding.UTF8.GetBytes(kind), id, unit, window, window.Members);
            return json.WrittenMemory;
        }
    }

    private static long SpanOf(WindowSize? size) => WindowSize.Day.LengthInMs() * size switch
    {
        WindowSize.Quarter => 7,
        WindowSize.Hour => 31,
        WindowSize.Day => 366,
        _ => 1,
    };
}
