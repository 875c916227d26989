using System.Buffers;
using System.Text;
using Streams.Domain.Devices;
using Streams.Domain.Windows;
using Streams.Node.Api.Aggregates;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary>
/// <c>GET /api/v1/devices/{id}/aggregates?metric=&amp;window=&amp;from=&amp;to=</c>, also <c>/areas/{id}/aggregates</c>: closed windows that begin within
/// [from, to), oldest first, each in its newest revision. Without <c>from</c>, the last day of what there is (a week of PT15M, a month of PT1H, a
/// year of P1D, where <c>window</c> says one of these).
/// </summary>
internal static class AggregateEndpoints
{
    private static readonly Parameter<string?> Metric = Parameter.Word("metric", "Only this metric's.", "pm2_5");
    private static readonly Parameter<string?> Window = Parameter.Choice("window", "Only windows of this size.", "PT1M", "PT15M", "PT1H", "P1D");
    private static readonly Parameter<long?> From = Parameters.Time("from", "Windows that begin at or after this event time.");
    private static readonly Parameter<long?> To = Parameters.Time("to", "Windows that begin before this event time.") with { Begin = From };

    /// <summary>The aggregates of a device or an area.</summary>
    public static Operation Of(string operation, string path, string kind, string collection, Parameter<string> id) =>
        new(operation, HttpMethods.Get, path, $"Closed windows of the {kind}, oldest first, each in its newest revision.", (context, query) => GetAsync(context, query, kind, collection, query.Of(id)))
        {
            Needs = Permission.Read,
            Concerns = (context, query) => kind == AreaEndpoints.Kind ? Task.FromResult<string?>(query.Of(id)) : Concerning.DocumentAsync(context, collection, query.Of(id)),
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
        (long At, string Id)? after = query.Of(Parameters.After);
        int limit = query.Of(Parameters.Limit);
        ApiSources sources = ApiSources.Of(context);
        IReadOnlyList<HistoryRow>? recent = await sources.Neighbours.RecentHistoryAsync(kind, id, sources.ShardOf(kind, id), context.RequestAborted);

        // An actor may be there of whom there is nothing to say: a device that was removed, or refused.
        if (await Task.Run(() => sources.Store.Get(collection, id)) is null && await sources.DescribeAsync(kind, id, context.RequestAborted) is null
            && Unspoken.Of(sources.Configuration, kind, id) is null)
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
        await Paging.WriteAsync(context, page.Select(found => JsonOf(kind, id, found.Window)), more ? Parameters.Next(page[^1].Window.StartInMs, page[^1].Place) : null);

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
