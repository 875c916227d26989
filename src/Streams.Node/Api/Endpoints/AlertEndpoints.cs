using Streams.Node.Api.Requests;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary><c>GET /api/v1/alerts?state=&amp;area=&amp;since=</c>, newest first; <c>GET /api/v1/alerts/{id}</c>.</summary>
internal static class AlertEndpoints
{
    public const string Collection = "alerts";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/alerts", ListAsync);
        routes.MapGet("/api/v1/alerts/{id}", GetAsync);
    }

    private static async Task ListAsync(HttpContext context)
    {
        QueryReader query = new(context);
        DocumentQuery wanted = new(
            Collection,
            ScopePrefix: query.Text("area"),
            State: query.Choice("state", "active", "acknowledged", "cleared", "expired", "cancelled"),
            AtFromInMs: query.Time("since"),
            After: query.After(),
            Limit: query.Limit());
        if (await query.IsGoodAsync())
        {
            await Paging.WriteDocumentsAsync(context, ApiSources.Of(context).Store, wanted);
        }
    }

    private static async Task GetAsync(HttpContext context)
    {
        if (!await new QueryReader(context).IsGoodAsync())
        {
            return;
        }

        string id = (string)context.Request.RouteValues["id"]!;
        IStore store = ApiSources.Of(context).Store;
        Document? found = await Task.Run(() => store.Get(Collection, id));
        await (found is { } alert ? Answer.Json(context, alert.Body) : Problem.NotFound(context, $"There is no alert {id}."));
    }
}
