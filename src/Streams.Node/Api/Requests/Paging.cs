using System.Text.Json;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Requests;

/// <summary>Lists: <c>{"items":[…],"next":"…"}</c>, <c>next</c> null on the last page.</summary>
internal static class Paging
{
    /// <summary>Some megabytes of rows, some tens of milliseconds.</summary>
    private const int MostLooked = 5 * Parameters.MaxLimit;

    /// <summary>One page of documents; whether there is a next one is known by looking one row further.</summary>
    /// <param name="live">Asked for something newer than the rows' bodies, by their ids; null where there is none. Each item then says which it is.</param>
    /// <param name="shown">Makes of a row's body what is answered; null for the body itself.</param>
    public static async Task WriteDocumentsAsync(
        HttpContext context, IStore store, DocumentQuery query, Func<IReadOnlyList<string>, Task<ReadOnlyMemory<byte>?[]>>? live = null,
        Func<Document, ReadOnlyMemory<byte>>? shown = null)
    {
        (IReadOnlyList<Document> rows, bool more) = await Task.Run(() => Read(store, query));
        if (shown is not null)
        {
            rows = await Task.Run(() => rows.Select(row => row with { Body = shown(row) }).ToArray());
        }

        ReadOnlyMemory<byte>?[]? newer = live is null ? null : await live([.. rows.Select(row => row.Id)]);
        await WriteAsync(
            context,
            rows.Select((row, index) => newer is null ? row.Body : Answer.Saying(newer[index] ?? row.Body, newer[index] is not null)),
            more ? Parameters.Next(rows[^1].AtInMs, rows[^1].Id) : null);
    }

    /// <summary>
    /// The same of those documents that <paramref name="keep"/> keeps, for what the store has no column of. At most <see cref="MostLooked"/> are looked at for a page, so that one may be
    /// short, or empty, and have a next one.
    /// </summary>
    public static async Task WriteDocumentsAsync(HttpContext context, IStore store, DocumentQuery query, Predicate<Document> keep)
    {
        (IReadOnlyList<Document> rows, string? next) = await Task.Run(() => Search(store, query, keep));
        await WriteAsync(context, rows.Select(row => row.Body), next);
    }

    private static (IReadOnlyList<Document> Rows, string? Next) Search(IStore store, DocumentQuery query, Predicate<Document> keep)
    {
        List<Document> kept = [];
        for (int looked = 0; ;)
        {
            IReadOnlyList<Document> rows = store.Query(query with { Limit = Parameters.MaxLimit });
            foreach (Document row in rows.Where(row => keep(row)))
            {
                if (kept.Count == query.Limit)
                {
                    return (kept, Parameters.Next(kept[^1].AtInMs, kept[^1].Id));
                }

                kept.Add(row);
            }

            looked += rows.Count;
            if (rows.Count < Parameters.MaxLimit)
            {
                return (kept, null);
            }

            if (looked >= MostLooked)
            {
                return (kept, Parameters.Next(rows[^1].AtInMs, rows[^1].Id));
            }

            query = query with { After = (rows[^1].AtInMs, rows[^1].Id) };
        }
    }

    private static (IReadOnlyList<Document> Rows, bool More) Read(IStore store, DocumentQuery query)
    {
        if (query.Limit < Parameters.MaxLimit)
        {
            IReadOnlyList<Document> oneMore = store.Query(query with { Limit = query.Limit + 1 });
            return ([.. oneMore.Take(query.Limit)], oneMore.Count > query.Limit);
        }

        // A store gives no more than 1,000 rows at once, so the row after a full page takes a second look.
        IReadOnlyList<Document> rows = store.Query(query);
        return (rows, rows.Count == query.Limit && store.Query(query with { After = (rows[^1].AtInMs, rows[^1].Id), Limit = 1 }).Count > 0);
    }

    public static Task WriteAsync(HttpContext context, IEnumerable<ReadOnlyMemory<byte>> items, string? next) =>
        WriteAsync(context, items, (json, item) => json.WriteRawValue(item.Span, skipInputValidation: true), next);

    /// <param name="next">Null for the last page, or the only one.</param>
    public static Task WriteAsync<T>(HttpContext context, IEnumerable<T> items, Action<Utf8JsonWriter, T> write, string? next = null) => Answer.Json(context, json =>
    {
        json.WriteStartObject();
        json.WriteStartArray("items");
        foreach (T item in items)
        {
            write(json, item);
        }

        json.WriteEndArray();
        json.WriteString("next", next);
        json.WriteEndObject();
    });
}
