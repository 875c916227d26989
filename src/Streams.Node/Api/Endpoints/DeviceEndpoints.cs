using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary><c>GET /api/v1/devices?area=&amp;type=&amp;state=&amp;after=&amp;limit=</c>, <c>GET /api/v1/devices/{id}</c> and <c>…/aggregates</c>.</summary>
internal static class DeviceEndpoints
{
    public const string Collection = "devices";
    public const string Kind = "device";

    private static readonly Parameter<string?> Type = Parameter.Text("type", "Only devices of this type.", "air_quality_station");
    private static readonly Parameter<string?> State = Parameter.Choice("state", "Only those that are so.", "ok", "anomalous", "silent");
    private static readonly Parameter<string> Id = Parameter.Id("The device's id.", "dijon-air-017", spansLevels: true);

    public static IReadOnlyList<Operation> Operations { get; } =
    [
        new("listDevices", HttpMethods.Get, "/api/v1/devices", "Devices, those heard of last first.", ListAsync)
        {
            Parameters = [Parameters.Area, Type, State, Parameters.After, Parameters.Limit],
            Replies = [Reply.Page("device", "A page of devices.")],
        },
        new("getDevice", HttpMethods.Get, "/api/v1/devices/{id}", "One device.", (context, query) => OneAsync(context, Kind, Collection, query.Of(Id)))
        {
            Parameters = [Id],
            Replies = [Reply.Json("device", "The device."), Reply.NotFound("There is no such device.")],
        },
        AggregateEndpoints.Of("getDeviceAggregates", "/api/v1/devices/{id}/aggregates", Kind, Collection, Id),
    ];

    /// <summary>Devices that live on this node as they are now; of others what changes seldom.</summary>
    private static Task ListAsync(HttpContext context, Query query)
    {
        DocumentQuery wanted = new(
            Collection,
            ScopePrefix: query.Of(Parameters.Area),
            Category: query.Of(Type),
            State: query.Of(State),
            After: query.Of(Parameters.After),
            Limit: query.Of(Parameters.Limit));
        ApiSources sources = ApiSources.Of(context);
        return Paging.WriteDocumentsAsync(context, sources.Store, wanted, row => sources.Node.DescribeAsync(Kind, row.Id, context.RequestAborted));
    }

    /// <summary>The live state where the actor lives on this node, else the state as last written.</summary>
    internal static async Task OneAsync(HttpContext context, string kind, string collection, string id)
    {
        ApiSources sources = ApiSources.Of(context);
        ReadOnlyMemory<byte>? body = await sources.Node.DescribeAsync(kind, id, context.RequestAborted)
            ?? (await Task.Run(() => sources.Store.Get(collection, id)))?.Body;
        await (body is { } found ? Answer.Json(context, found) : Problem.NotFound(context, $"There is no {kind} {id}."));
    }
}
