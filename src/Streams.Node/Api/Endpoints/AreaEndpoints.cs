using Streams.Node.Api.Requests;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary>
/// <c>GET /api/v1/areas?under=&amp;after=&amp;limit=</c>: the tree as a list in path order, so that every area follows its parent, with its
/// figures; <c>GET /api/v1/areas/{id}</c> and <c>…/aggregates</c>.
/// </summary>
internal static class AreaEndpoints
{
    public const string Collection = "areas";
    public const string Kind = "area";

    /// <summary>A big city has some hundred districts, a country's clusters some ten thousand.</summary>
    private const int MostAreas = 20_000;

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/areas", ListAsync);
        routes.MapGet("/api/v1/areas/{**path}", context => DeviceEndpoints.SubjectAsync(context, Kind, Collection));
    }

    private static async Task ListAsync(HttpContext context)
    {
        QueryReader query = new(context);
        string? under = query.Text("under");
        (long At, string Id)? after = query.After();
        int limit = query.Limit();
        if (!await query.IsGoodAsync())
        {
            return;
        }

        ApiSources sources = ApiSources.Of(context);
        List<Document> rows = await Task.Run(() => ReadAll(sources, under));

        // '/' sorts as the lowest character, so that a/b comes before a-c and right after a.
        rows = [.. rows.OrderBy(row => row.Id.Replace('/', '\0'), StringComparer.Ordinal)];
        string from = after?.Id.Replace('/', '\0') ?? "";
        List<Document> page = [.. rows.SkipWhile(row => string.CompareOrdinal(row.Id.Replace('/', '\0'), from) <= 0).Take(limit + 1)];
        string? next = page.Count > limit ? QueryReader.Next(0, page[limit - 1].Id) : null;
        await Paging.WriteAsync(context, page.Take(limit).Select(row => row.Body), next);
    }

    private static List<Document> ReadAll(ApiSources sources, string? under)
    {
        List<Document> rows = [];
        (long, string)? after = null;
        while (rows.Count < MostAreas)
        {
            IReadOnlyList<Document> page = sources.Store.Query(new DocumentQuery(Collection, ScopePrefix: under, After: after, Limit: QueryReader.MaxLimit));
            rows.AddRange(page);
            if (page.Count < QueryReader.MaxLimit)
            {
                break;
            }

            after = (page[^1].AtInMs, page[^1].Id);
        }

        rows.AddRange(Unspoken.AreasBeside(rows, sources, under));
        return rows;
    }
}
