using System.Text;
using System.Text.Json;
using Streams.Node.Api.Requests;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary>
/// Refused input: <c>GET /api/v1/dead-letters?reason=&amp;from=&amp;to=</c>, newest first; <c>GET …/{id}</c>; <c>POST …/{id}/replay</c> puts the original
/// record into its topic again, where it is taken or refused anew: 202 when Kafka has it.
/// </summary>
internal static class DeadLetterEndpoints
{
    public const string Collection = "dead-letters";

    /// <summary>Added to a replayed record, so that whoever reads it in the log knows why it is there again.</summary>
    private const string ReplayHeader = "replayed_dead_letter";

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v1/dead-letters", ListAsync);
        routes.MapGet("/api/v1/dead-letters/{id}", GetAsync);
        routes.MapPost("/api/v1/dead-letters/{id}/replay", ReplayAsync);
    }

    private static async Task ListAsync(HttpContext context)
    {
        QueryReader query = new(context);
        DocumentQuery wanted = new(
            Collection,
            Category: query.Text("reason"),
            AtFromInMs: query.Time("from"),
            AtToInMs: query.Time("to"),
            After: query.After(),
            Limit: query.Limit());
        if (await query.IsGoodAsync())
        {
            await Paging.WriteDocumentsAsync(context, ApiSources.Of(context).Store, wanted);
        }
    }

    private static async Task GetAsync(HttpContext context)
    {
        if (await new QueryReader(context).IsGoodAsync() && await FindAsync(context) is { } found)
        {
            await Answer.Json(context, found.Body);
        }
    }

    private static async Task ReplayAsync(HttpContext context)
    {
        if (!await new QueryReader(context).IsGoodAsync() || await FindAsync(context) is not { } found)
        {
            return;
        }

        using JsonDocument letter = JsonDocument.Parse(found.Body);
        JsonElement root = letter.RootElement;
        if (root.GetProperty("truncated").GetBoolean())
        {
            await Problem.Write(
                context, StatusCodes.Status409Conflict, "dead-letter-truncated",
                "The record was too large to be kept here in full; its bytes are in the dead-letter topic only. Replay it from there.");
            return;
        }

        List<KeyValuePair<string, string>> headers =
        [
            .. root.GetProperty("headers").EnumerateObject()
                .Where(header => header.Name != ReplayHeader)
                .Select(header => KeyValuePair.Create(header.Name, header.Value.GetString() ?? "")),
            KeyValuePair.Create(ReplayHeader, found.Id),
        ];
        PublishedRecord record = new(
            root.GetProperty("topic").GetString()!,
            Encoding.UTF8.GetBytes(root.GetProperty("key").GetString()!),
            root.GetProperty("value").GetBytesFromBase64(),
            headers);
        await ApiSources.Of(context).Node.PublishAsync([record], context.RequestAborted);
        await Answer.Json(
            context,
            json =>
            {
                json.WriteStartObject();
                json.WriteString("id", found.Id);
                json.WriteString("topic", record.Topic);
                json.WriteEndObject();
            },
            StatusCodes.Status202Accepted);
    }

    private static async Task<Document?> FindAsync(HttpContext context)
    {
        string id = (string)context.Request.RouteValues["id"]!;
        IStore store = ApiSources.Of(context).Store;
        Document? found = await Task.Run(() => store.Get(Collection, id));
        if (found is null)
        {
            await Problem.NotFound(context, $"There is no dead letter {id}.");
        }

        return found;
    }
}
