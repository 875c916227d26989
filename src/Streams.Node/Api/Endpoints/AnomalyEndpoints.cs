using Streams.Node.Api.Requests;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary><c>GET /api/v1/anomalies?device=&amp;area=&amp;state=&amp;from=&amp;to=</c>, newest first, by event time.</summary>
internal static class AnomalyEndpoints
{
    public const string Collection = "anomalies";

    public static void Map(IEndpointRouteBuilder routes) => routes.MapGet("/api/v1/anomalies", ListAsync);

    private static async Task ListAsync(HttpContext context)
    {
        QueryReader query = new(context);
        DocumentQuery wanted = new(
            Collection,
            ScopePrefix: query.Text("area"),
            Category: query.Text("device"),
            State: query.Choice("state", "raised", "cleared"),
            AtFromInMs: query.Time("from"),
            AtToInMs: query.Time("to"),
            After: query.After(),
            Limit: query.Limit());
        if (wanted.AtFromInMs >= wanted.AtToInMs)
        {
            query.Complain("to", "not after from; allowed: a later time");
        }

        if (await query.IsGoodAsync())
        {
            await Paging.WriteDocumentsAsync(context, ApiSources.Of(context).Store, wanted);
        }
    }
}
