using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
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

    private static readonly Parameter<string?> Under = Parameters.AreaId("under", "Only this area and those below it.");
    private static readonly Parameter<string> Id = Parameter.Id("The area's id.", "dijon/toison-dor", spansLevels: true);

    public static IReadOnlyList<Operation> Operations { get; } =
    [
        new("listAreas", HttpMethods.Get, "/api/v1/areas", "The tree of areas as a list: every area follows its parent.", ListAsync)
        {
            Needs = Permission.Read,
            Concerns = (_, query) => Task.FromResult(query.Of(Under)),
            Parameters = [Under, Parameters.After, Parameters.Limit],
            Replies = [Reply.Page("area", "A page of areas.")],
        },
        new("getArea", HttpMethods.Get, "/api/v1/areas/{id}", "One area, with its figures domain by domain and what they usually are at this hour.", OneAsync)
        {
            Needs = Permission.Read,
            Concerns = (_, query) => Task.FromResult<string?>(query.Of(Id)),
            Parameters = [Id],
            Replies = [Reply.Json("area", "The area."), Reply.NotFound("There is no such area.")],
        },
        AggregateEndpoints.Of("getAreaAggregates", "/api/v1/areas/{id}/aggregates", Kind, Collection, Id),
    ];

    private static async Task ListAsync(HttpContext context, Query query)
    {
        string? under = query.Of(Under);
        (long At, string Id)? after = query.Of(Parameters.After);
        int limit = query.Of(Parameters.Limit);
        ApiSources sources = ApiSources.Of(context);
        (List<Document> rows, AreaOverview overview) = await Task.Run(() =>
        {
            List<Document> all = ReadAll(sources, under);
            return (all, AreaOverview.Of(sources.Store, all, under));
        });

        // '/' sorts as the lowest character, so that a/b comes before a-c and right after a.
        rows = [.. rows.OrderBy(row => row.Id.Replace('/', '\0'), StringComparer.Ordinal)];
        string from = after?.Id.Replace('/', '\0') ?? "";
        List<Document> page = [.. rows.SkipWhile(row => string.CompareOrdinal(row.Id.Replace('/', '\0'), from) <= 0).Take(limit + 1)];
        string? next = page.Count > limit ? Parameters.Next(0, page[limit - 1].Id) : null;
        await Paging.WriteAsync(context, page.Take(limit), (json, row) => overview.Write(json, row.Body), next);
    }

    /// <summary>The live state, on whatever node; else the state as last written; else what the configuration knows.</summary>
    private static async Task OneAsync(HttpContext context, Query query)
    {
        ApiSources sources = ApiSources.Of(context);
        string id = query.Of(Id);
        ReadOnlyMemory<byte>? live = await sources.DescribeAsync(Kind, id, context.RequestAborted);
        (ReadOnlyMemory<byte>? body, AreaOverview overview) = await Task.Run(() =>
        {
            List<Document> rows = ReadAll(sources, id);
            int at = rows.FindIndex(row => row.Id == id);
            ReadOnlyMemory<byte>? newest = live ?? (at < 0 ? Unspoken.Of(sources.Configuration, Kind, id) : rows[at].Body);
            if (newest is { } own)
            {
                rows.RemoveAll(row => row.Id == id);
                rows.Add(new Document(Collection, id, id, "", "", 0, own));
            }

            return (newest, AreaOverview.Of(sources.Store, rows, id));
        });
        await (body is { } found ? Answer.Json(context, json => overview.Write(json, Answer.Saying(found, live is not null))) : Problem.NotFound(context, $"There is no {Kind} {id}."));
    }

    private static List<Document> ReadAll(ApiSources sources, string? under)
    {
        List<Document> rows = [];
        (long, string)? after = null;
        while (rows.Count < MostAreas)
        {
            IReadOnlyList<Document> page = sources.Store.Query(new DocumentQuery(Collection, ScopePrefix: under, After: after, Limit: Parameters.MaxLimit));
            rows.AddRange(page);
            if (page.Count < Parameters.MaxLimit)
            {
                break;
            }

            after = (page[^1].AtInMs, page[^1].Id);
        }

        rows.AddRange(Unspoken.AreasBeside(rows, sources, under));
        return rows;
    }
}
