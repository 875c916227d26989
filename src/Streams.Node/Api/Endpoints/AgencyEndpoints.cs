using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Streams.Domain.Alerts;
using Streams.Domain.Cap;
using Streams.Node.Actors;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Node.People;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary>
/// What other agencies say, in CAP 1.2: <c>POST /api/v1/cap</c> takes a document; <c>GET /api/v1/cap</c>, <c>…/{id}</c> what stands of them; <c>…/{id}.xml</c> the document as it came.
/// </summary>
internal static class AgencyEndpoints
{
    /// <summary>What is known of each message; category is the status, state what has become of it.</summary>
    public const string Collection = "agency_alerts";

    /// <summary>The documents themselves, byte for byte, under the same ids.</summary>
    public const string Documents = "agency_documents";

    public const string ContentType = "application/cap+xml";

    private const string Queued = "Kafka has the document; it is not yet among those received. It will be.";

    private const int MostComplaints = 50;

    /// <summary>As in <see cref="DeviceOrders"/>: 2.5 s in all.</summary>
    private const int Looks = 9;

    private static readonly string[] s_media = [ContentType, "application/xml"];

    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(5);

    private static readonly Parameter<string> Id = Parameter.Id("As the list shows it.", "3f2a9c0d5b7e41680c1d2e3f4a5b6c7d");

    private static readonly Parameter<string?> Status = Parameter.Choice(
        "status", "Only those of this status; Actual where it is left out.", nameof(AlertStatus.Actual), nameof(AlertStatus.Exercise), nameof(AlertStatus.System), nameof(AlertStatus.Test));

    private static readonly Parameter<string?> State = Parameter.Choice("state", "Only those that are so now.", "standing", "superseded", "cancelled", "expired", "noted");

    /// <summary>What CAP allows of a sender: no space, comma, &lt; or &amp;.</summary>
    private static readonly Parameter<string?> Sender = new(
        "sender", "Only those of this sender. A page may be short, or empty, and have a next one.", "a sender as CAP has it: without spaces, commas, < and &",
        new JsonObject { ["type"] = "string", ["minLength"] = 1, ["maxLength"] = Parameter.LongestText, ["pattern"] = @"^[^\s,<&]+$" }, "rivers@agency.example",
        text => text.Length > 0 && !text.Any(each => char.IsWhiteSpace(each) || char.IsControl(each) || each is ',' or '<' or '&') ? text : null, null);

    private static readonly Parameter<long?> Since = Parameters.Time("since", "Only those sent at or after this time.");

    public static IReadOnlyList<Operation> Operations(ApiSources sources)
    {
        CapInlet inlet = new(sources.Configuration.Node.Cap, sources.Configuration.Areas);
        return
        [
            new("receiveCap", HttpMethods.Post, "/api/v1/cap", "Takes another agency's CAP 1.2 document.", (context, _) => ReceiveAsync(context, inlet))
            {
                Needs = Permission.SendAlerts,
                Details = "Its signature is held against `cap.trust` of node.yaml: a bad one is refused, none is as `cap.unsigned` says. The same message (sender, identifier, sent) is taken once.",
                Takes = [.. s_media.Select(media => (media, new JsonObject { ["type"] = "string" }))],
                Replies =
                [
                    Reply.Json("agency-alert", "It was received before."),
                    Reply.Json("agency-alert", "It is received.", StatusCodes.Status201Created),
                    Reply.Json("order-receipt", Queued, StatusCodes.Status202Accepted),
                    Reply.Problem(StatusCodes.Status413PayloadTooLarge, "The document is too long."),
                    Reply.Problem(StatusCodes.Status415UnsupportedMediaType, "The body is neither application/cap+xml nor application/xml."),
                    Reply.Problem(StatusCodes.Status422UnprocessableEntity, "It is not CAP 1.2, or its signature is not good: every reason."),
                ],
            },
            new("listCap", HttpMethods.Get, "/api/v1/cap", "What other agencies have said, newest first.", ListAsync)
            {
                Needs = Permission.Read,
                Concerns = (_, query) => Task.FromResult(query.Of(Parameters.Area)),
                Parameters = [Status, State, Sender, Parameters.Area, Since, Parameters.After, Parameters.Limit],
                Replies = [Reply.Page("agency-alert", "A page of messages.")],
            },
            new("getCapReceived", HttpMethods.Get, "/api/v1/cap/{id}", "One message of another agency.", GetAsync)
            {
                Needs = Permission.Read,
                Concerns = (context, query) => Concerning.DocumentAsync(context, Collection, query.Of(Id)),
                Parameters = [Id],
                Replies = [Reply.Json("agency-alert", "The message."), Reply.NotFound("There is no such message.")],
            },
            new("getCapDocument", HttpMethods.Get, "/api/v1/cap/{id}.xml", "The document, byte for byte as it came.", DocumentAsync)
            {
                Needs = Permission.Read,
                Concerns = (context, query) => Concerning.DocumentAsync(context, Documents, query.Of(Id)),
                Parameters = [Id],
                Replies = [new(StatusCodes.Status200OK, "The document.", null, ContentType), Reply.NotFound("There is no such message.")],
            },
        ];
    }

    private static async Task ReceiveAsync(HttpContext context, CapInlet inlet)
    {
        ApiSources sources = ApiSources.Of(context);
        string media = context.Request.ContentType?.Split(';')[0].Trim().ToLowerInvariant() ?? "";
        if (context.Request.Headers.ContentEncoding.Count > 0 || !s_media.Contains(media))
        {
            await Problem.Write(
                context, StatusCodes.Status415UnsupportedMediaType, "unsupported-media-type",
                $"The content is {context.Request.ContentType ?? "of no stated type"}{(context.Request.Headers.ContentEncoding.Count > 0 ? ", encoded" : "")}; allowed: {string.Join(", ", s_media)}, not encoded.");
            return;
        }

        // What a broker takes in one record, which is a little less than what the reader would.
        long most = Math.Min(Math.Min(sources.Configuration.Node.Http.MaxBodyInBytes, CapLimits.Default.MaxBytes), CommitDraft.MaxRecordInBytes);
        if (await BoundedBody.ReadAsync(context.Request, most, context.RequestAborted) is not { } body)
        {
            await Problem.Write(context, StatusCodes.Status413PayloadTooLarge, "too-large", $"The document is longer than {most} bytes. Put pictures and sounds where resource/uri can name them.");
            return;
        }

        CapJudgement judgement = inlet.Judge(body, sources.Time.GetUtcNow().ToUnixTimeMilliseconds());
        if (judgement.Alert is not { } alert)
        {
            Complaint[] complaints = [.. judgement.Refusals.Take(MostComplaints).Select(refusal => new Complaint(refusal.At, $"{refusal.Rule}: {refusal.What}"))];
            await Problem.Write(context, StatusCodes.Status422UnprocessableEntity, "invalid-cap", string.Join(" | ", complaints.Select(each => each.Detail)), complaints);
            return;
        }

        string id = AgencyMessage.IdOf(alert);
        context.Response.Headers.Location = "/api/v1/cap/" + id;
        if (await Task.Run(() => sources.Store.Get(Collection, id)) is { } known)
        {
            await Answer.Json(context, known.Body);
            return;
        }

        PublishedRecord record = new(
            sources.Configuration.Topics[TopicSettings.Cap].Name, Encoding.UTF8.GetBytes(alert.Sender), body, [KeyValuePair.Create("content-type", ContentType)]);
        await AuditTrail.DoAsync(context, AuditTrail.Draft(context, "cap.send", "cap:" + id).With("sender", alert.Sender).With("identifier", alert.Identifier), async () =>
        {
            await sources.Node.PublishAsync([record], context.RequestAborted);
            return null;
        });
        TimeSpan pause = FirstLook;
        for (int look = 0; look < Looks; look++, pause *= 2)
        {
            await Task.Delay(pause, sources.Time, context.RequestAborted);
            if (await Task.Run(() => sources.Store.Get(Collection, id)) is { } received)
            {
                context.Response.StatusCode = StatusCodes.Status201Created;
                await Answer.Json(context, received.Body);
                return;
            }
        }

        await Answer.Json(
            context,
            json =>
            {
                json.WriteStartObject();
                json.WriteString("id", id);
                json.WriteString("detail", Queued);
                json.WriteEndObject();
            },
            StatusCodes.Status202Accepted);
    }

    private static Task ListAsync(HttpContext context, Query query)
    {
        DocumentQuery wanted = new(
            Collection,
            ScopePrefix: query.Of(Parameters.Area),
            Category: query.Of(Status) ?? nameof(AlertStatus.Actual),
            State: query.Of(State),
            AtFromInMs: query.Of(Since),
            After: query.Of(Parameters.After),
            Limit: query.Of(Parameters.Limit));
        IStore store = ApiSources.Of(context).Store;
        return query.Of(Sender) is { } sender
            ? Paging.WriteDocumentsAsync(context, store, wanted, row => IsOf(sender, row))
            : Paging.WriteDocumentsAsync(context, store, wanted);
    }

    private static bool IsOf(string sender, Document message)
    {
        using JsonDocument body = JsonDocument.Parse(message.Body);
        return body.RootElement.GetProperty("sender").ValueEquals(sender);
    }

    private static async Task GetAsync(HttpContext context, Query query)
    {
        if (await FindAsync(context, query, Collection) is { } message)
        {
            await Answer.Json(context, message.Body);
        }
    }

    private static async Task DocumentAsync(HttpContext context, Query query)
    {
        if (await FindAsync(context, query, Documents) is { } document)
        {
            context.Response.ContentType = ContentType;
            context.Response.ContentLength = document.Body.Length;
            await context.Response.Body.WriteAsync(document.Body, context.RequestAborted);
        }
    }

    private static async Task<Document?> FindAsync(HttpContext context, Query query, string collection)
    {
        string id = query.Of(Id);
        IStore store = ApiSources.Of(context).Store;
        Document? found = await Task.Run(() => store.Get(collection, id));
        if (found is null)
        {
            await Problem.NotFound(context, $"There is no message {id} of another agency.");
        }

        return found;
    }
}
