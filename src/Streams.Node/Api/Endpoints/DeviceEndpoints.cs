using Streams.Node.Api.Requests;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary><c>GET /api/v1/devices?area=&amp;type=&amp;state=&amp;after=&amp;limit=</c>, <c>GET /api/v1/devices/{id}</c> and <c>…/aggregates</c>.</summary>
internal static class DeviceEndpoints
{
    public const string Collection = "devices";
    public const string Kind = "device";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/devices", ListAsync);
        routes.MapGet("/api/v1/devices/{**path}", GetAsync);
    }

    /// <summary>Devices that live on this node as they are now; of others what changes seldom.</summary>
    private static async Task ListAsync(HttpContext context)
    {
        QueryReader query = new(context);
        DocumentQuery wanted = new(
            Collection,
            ScopePrefix: query.Text("area"),
            Category: query.Text("type"),
            State: query.Choice("state", "ok", "anomalous", "silent"),
            After: query.After(),
            Limit: query.Limit());
        if (await query.IsGoodAsync())
        {
            ApiSources sources = ApiSources.Of(context);
            await Paging.WriteDocumentsAsync(context, sources.Store, wanted, row => sources.Node.DescribeAsync(Kind, row.Id, context.RequestAborted));
        }
    }

    private static Task GetAsync(HttpContext context) => SubjectAsync(context, Kind, Collection);

    /// <summary>A device or an area, or its aggregates.</summary>
    internal static Task SubjectAsync(HttpContext context, string kind, string collection)
    {
        SubjectPath path = SubjectPath.Of(context);
        return path.Aggregates ? AggregateEndpoints.GetAsync(context, kind, collection, path.Id) : OneAsync(context, kind, collection, path.Id);
    }

    /// <summary>The live state where the actor lives on this node, else the state as last written, else what the configuration knows.</summary>
    private static async Task OneAsync(HttpContext context, string kind, string collection, string id)
    {
        if (!await new QueryReader(context).IsGoodAsync())
        {
            return;
        }

        ApiSources sources = ApiSources.Of(context);
        ReadOnlyMemory<byte>? body = await sources.Node.DescribeAsync(kind, id, context.RequestAborted)
            ?? (await Task.Run(() => sources.Store.Get(collection, id)))?.Body
            ?? Unspoken.Of(sources.Configuration, kind, id);
        await (body is { } found ? Answer.Json(context, found) : Problem.NotFound(context, $"There is no {kind} {id}."));
    }
}
