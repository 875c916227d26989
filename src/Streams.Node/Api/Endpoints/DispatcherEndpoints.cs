using System.Buffers;
using System.Text.Json;
using Streams.Domain.Dispatch;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary><c>GET /api/v1/dispatchers</c>: those that have had something to do; <c>GET …/{id}</c>: one, with its units, its queue and its commands.</summary>
internal static class DispatcherEndpoints
{
    public const string Kind = "dispatcher";
    public const string Collection = "dispatchers";

    private static readonly Parameter<string> Id = Parameter.Id("The dispatcher's area and system.", "dijon/police", spansLevels: true);
    private static readonly Parameter<string?> System = Parameter.Word("system", "Only those of this system.", "police");

    public static IReadOnlyList<Operation> Operations { get; } =
    [
        new("listDispatchers", HttpMethods.Get, "/api/v1/dispatchers", "Dispatchers that have had something to do, and how busy they are.", ListAsync)
        {
            Needs = Permission.Read,
            Concerns = (_, query) => Task.FromResult(query.Of(Parameters.Area)),
            Parameters = [Parameters.Area, System, Parameters.After, Parameters.Limit],
            Replies = [Reply.Page("dispatcher-row", "A page of dispatchers.")],
        },
        new("getDispatcher", HttpMethods.Get, "/api/v1/dispatchers/{id}", "One dispatcher: its units and whom they serve, its queue, its commands.", GetAsync)
        {
            Needs = Permission.Read,
            Concerns = (_, query) => Task.FromResult<string?>(query.Of(Id).LastIndexOf('/') is > 0 and var slash ? query.Of(Id)[..slash] : query.Of(Id)),
            Parameters = [Id],
            Replies = [Reply.Json("dispatcher", "The dispatcher."), Reply.NotFound("There is no such dispatcher.")],
        },
    ];

    /// <summary>What a list shows of one.</summary>
    internal static void WriteRow(IBufferWriter<byte> to, string area, DispatchMap map, (int Open, int Waiting, int Held) figures)
    {
        using Utf8JsonWriter json = new(to);
        json.WriteStartObject();
        json.WriteString("id"u8, $"{area}/{map.Kind.Name}");
        json.WriteString("area"u8, area);
        json.WriteString("system"u8, map.Kind.Name);
        json.WriteString("title"u8, map.Kind.Title);
        json.WriteNumber("units"u8, map.Units.Length);
        json.WriteNumber("devices"u8, map.Devices.Length);
        json.WriteNumber("openRequests"u8, figures.Open);
        json.WriteNumber("waitingRequests"u8, figures.Waiting);
        json.WriteNumber("assetsHeld"u8, figures.Held);
        json.WriteEndObject();
    }

    private static Task ListAsync(HttpContext context, Query query) => Paging.WriteDocumentsAsync(
        context,
        ApiSources.Of(context).Store,
        new DocumentQuery(Collection, ScopePrefix: query.Of(Parameters.Area), Category: query.Of(System), After: query.Of(Parameters.After), Limit: query.Of(Parameters.Limit)));

    private static async Task GetAsync(HttpContext context, Query query)
    {
        string id = query.Of(Id);
        ApiSources sources = ApiSources.Of(context);
        ReadOnlyMemory<byte>? found = await sources.DescribeAsync(Kind, id, context.RequestAborted);
        if (found is null && sources.Response.MapOf(id) is { } idle)
        {
            // Nobody has asked it for anything yet.
            ArrayBufferWriter<byte> body = new(1024);
            new Dispatcher(idle).WriteJson(body);
            found = body.WrittenMemory;
        }

        await (found is { } dispatcher ? Answer.Json(context, dispatcher) : Problem.NotFound(context, $"There is no dispatcher {id}; an id is area/system, such as dijon/police."));
    }
}
