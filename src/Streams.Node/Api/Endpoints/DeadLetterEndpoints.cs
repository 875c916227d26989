using System.Text;
using System.Text.Json;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Node.People;
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

    private static readonly Parameter<string?> Reason = Parameter.Word("reason", "Only those refused for this reason.", "missing_field");
    private static readonly Parameter<long?> From = Parameters.Time("from", "Only those refused at or after this time.");
    private static readonly Parameter<long?> To = Parameters.Time("to", "Only those refused before this time.") with { Begin = From };
    private static readonly Parameter<string> Id = Parameter.Id("The dead letter's id: topic-partition-offset.", "city.readings-3-17");

    public static IReadOnlyList<Operation> Operations { get; } =
    [
        new("listDeadLetters", HttpMethods.Get, "/api/v1/dead-letters", "Refused input, newest first.", ListAsync)
        {
            Needs = Permission.RepairInput,
            Parameters = [Reason, From, To, Parameters.After, Parameters.Limit],
            Replies = [Reply.Page("dead-letter", "A page of dead letters.")],
        },
        new("getDeadLetter", HttpMethods.Get, "/api/v1/dead-letters/{id}", "One refused input.", GetAsync)
        {
            Needs = Permission.RepairInput,
            Parameters = [Id],
            Replies = [Reply.Json("dead-letter", "The dead letter."), Reply.NotFound("There is no such dead letter.")],
        },
        new("replayDeadLetter", HttpMethods.Post, "/api/v1/dead-letters/{id}/replay", "Puts the original record into its topic again.", ReplayAsync)
        {
            Needs = Permission.RepairInput,
            Details = "There it is taken, or refused anew: worth doing when what was missing is there now.",
            Parameters = [Id],
            Replies =
            [
                Reply.Json("replay-receipt", "Kafka has the record.", StatusCodes.Status202Accepted),
                Reply.NotFound("There is no such dead letter."),
                Reply.Problem(StatusCodes.Status409Conflict, "The record was too large to be kept in full; replay it from the topic."),
            ],
        },
    ];

    private static Task ListAsync(HttpContext context, Query query)
    {
        DocumentQuery wanted = new(
            Collection,
            Category: query.Of(Reason),
            AtFromInMs: query.Of(From),
            AtToInMs: query.Of(To),
            After: query.Of(Parameters.After),
            Limit: query.Of(Parameters.Limit));
        return Paging.WriteDocumentsAsync(context, ApiSources.Of(context).Store, wanted);
    }

    private static async Task GetAsync(HttpContext context, Query query)
    {
        if (await FindAsync(context, query) is { } found)
        {
            await Answer.Json(context, found.Body);
        }
    }

    private static async Task ReplayAsync(HttpContext context, Query query)
    {
        if (await FindAsync(context, query) is not { } found)
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
        await AuditTrail.DoAsync(context, AuditTrail.Draft(context, "dead-letter.replay", "dead-letter:" + found.Id), async () =>
        {
            await ApiSources.Of(context).Node.PublishAsync([record], context.RequestAborted);
            return null;
        });
        await Answer.Json(
            context,
            json =>
            {
                json.WriteStartObject();
                json.WriteString("id", found.Id);
                json.WriteString("topic", record.Topic);
                if (root.TryGetProperty("count", out JsonElement count))
                {
                    json.WriteNumber("others", count.GetInt64() - 1);
                }

                json.WriteEndObject();
            },
            StatusCodes.Status202Accepted);
    }

    private static async Task<Document?> FindAsync(HttpContext context, Query query)
    {
        string id = query.Of(Id);
        IStore store = ApiSources.Of(context).Store;
        Document? found = await Task.Run(() => store.Get(Collection, id));
        if (found is null)
        {
            await Problem.NotFound(context, $"There is no dead letter {id}.");
        }

        return found;
    }
}
