using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary><c>GET /api/v1/devices?area=&amp;type=&amp;state=&amp;after=&amp;limit=</c>, <c>GET/PUT/DELETE /api/v1/devices/{id}</c> and <c>…/aggregates</c>.</summary>
internal static class DeviceEndpoints
{
    public const string Collection = "devices";
    public const string Kind = "device";

    private static readonly Parameter<string?> Type = Parameter.Word("type", "Only devices of this type.", "air_quality_station");
    private static readonly Parameter<string?> State = Parameter.Choice("state", "Only those that are so.", "ok", "anomalous", "silent");
    internal static readonly Parameter<string> Id = Parameter.Id("The device's id.", "dijon-air-017", spansLevels: true);

    public static IReadOnlyList<Operation> Operations { get; } =
    [
        new("listDevices", HttpMethods.Get, "/api/v1/devices", "Devices, those heard of last first.", ListAsync)
        {
            Needs = Permission.Read,
            Concerns = (_, query) => Task.FromResult(query.Of(Parameters.Area)),
            Parameters = [Parameters.Area, Type, State, Parameters.After, Parameters.Limit],
            Replies = [Reply.Page("device", "A page of devices.")],
        },
        new("getDevice", HttpMethods.Get, "/api/v1/devices/{id}", "One device.", (context, query) => OneAsync(context, Kind, Collection, query.Of(Id)))
        {
            Needs = Permission.Read,
            Concerns = (context, query) => Concerning.DocumentAsync(context, Collection, query.Of(Id)),
            Parameters = [Id],
            Replies = [Reply.Json("device", "The device."), Reply.NotFound("There is no such device.")],
        },
        new("registerDevice", HttpMethods.Put, "/api/v1/devices/{id}", "Registers a device, or moves one that is known.", DeviceOrders.RegisterAsync)
        {
            Needs = Permission.ManageDevices,
            Concerns = (context, query) => Concerning.DocumentAsync(context, Collection, query.Of(Id)),
            Details = "Its readings then need to say neither type nor area. A known device learns the type beside those it has; a location or name that is left out stays as it is. "
                + "The order goes through the device's inbox, in order with its readings.",
            Parameters = [Id],
            Takes = [("application/json", Schemas.Ref("device-registration"))],
            Replies =
            [
                Reply.Json("device", "The device was known and is now as asked for."),
                Reply.Json("device", "The device is known from now on.", StatusCodes.Status201Created),
                Reply.Json("order-receipt", DeviceOrders.Queued, StatusCodes.Status202Accepted),
                Reply.Problem(StatusCodes.Status413PayloadTooLarge, "The body is too long."),
                Reply.Problem(StatusCodes.Status415UnsupportedMediaType, "The content is not application/json."),
            ],
        },
        new("removeDevice", HttpMethods.Delete, "/api/v1/devices/{id}", "Removes a device.", DeviceOrders.RemoveAsync)
        {
            Needs = Permission.ManageDevices,
            Concerns = (context, query) => Concerning.DocumentAsync(context, Collection, query.Of(Id)),
            Details = "Its area forgets it, its silence is no longer watched, its anomalies are cleared. A reading that comes later registers it anew if it says type and area, or the city's configuration does; it is refused otherwise.",
            Parameters = [Id],
            Replies =
            [
                Reply.Empty(StatusCodes.Status204NoContent, "The device is gone."),
                Reply.Json("order-receipt", DeviceOrders.Queued, StatusCodes.Status202Accepted),
                Reply.NotFound("There is no such device."),
            ],
        },
        AggregateEndpoints.Of("getDeviceAggregates", "/api/v1/devices/{id}/aggregates", Kind, Collection, Id),
    ];

    /// <summary>Devices as they are now; of those whose node does not answer what changes seldom.</summary>
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
        return Paging.WriteDocumentsAsync(context, sources.Store, wanted, ids => sources.DescribeAsync(Kind, ids, context.RequestAborted));
    }

    /// <summary>The live state, on whatever node; else the state as last written; else what the configuration knows.</summary>
    internal static async Task OneAsync(HttpContext context, string kind, string collection, string id)
    {
        ApiSources sources = ApiSources.Of(context);
        ReadOnlyMemory<byte>? live = await sources.DescribeAsync(kind, id, context.RequestAborted);
        ReadOnlyMemory<byte>? body = live ?? (await Task.Run(() => sources.Store.Get(collection, id)))?.Body ?? Unspoken.Of(sources.Configuration, kind, id);
        await (body is { } found ? Answer.Json(context, Answer.Saying(found, live is not null)) : Problem.NotFound(context, $"There is no {kind} {id}."));
    }
}
