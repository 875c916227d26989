using System.Buffers;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Readings;
using Streams.Node.Actors;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Node.People;
using Streams.Runtime.Audit;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary>
/// What people say about alerts: <c>POST /api/v1/alerts</c>, <c>PUT …/{id}</c>, <c>POST …/{id}/acknowledge</c> and <c>…/cancel</c>. Each is an order in the area's
/// inbox, so that it takes effect exactly once and in order with what devices say, wherever the area lives; the audit entry is written with the effect. The answer
/// waits until the store shows it done, for a while.
/// </summary>
internal static class AlertOrders
{
    public const string Queued = "Kafka has the order; the area has not yet carried it out. It will. The same request under the same Idempotency-Key asks again.";

    /// <summary>As in <see cref="DeviceOrders"/>: after 5, 10, 20 ms and so on, 2.5 s in all.</summary>
    private const int Looks = 9;

    private const int MostComplaints = 20;

    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(5);

    private static readonly Reply[] Replies =
    [
        Reply.Json("order-receipt", Queued, StatusCodes.Status202Accepted),
        Reply.Problem(StatusCodes.Status409Conflict, "The alert is not as it would have to be; the detail says how it is."),
        Reply.Problem(StatusCodes.Status413PayloadTooLarge, "The body is too long."),
        Reply.Problem(StatusCodes.Status415UnsupportedMediaType, "The body is not JSON."),
        Reply.Problem(StatusCodes.Status422UnprocessableEntity, "What it says can not be said so: every reason, what CAP 1.2 has against it among them. Or the Idempotency-Key was used for another request."),
    ];

    public static IReadOnlyList<Operation> Operations { get; } =
    [
        new("issueAlert", HttpMethods.Post, "/api/v1/alerts", "Issues an alert.", IssueAsync)
        {
            Needs = Permission.HandleAlerts,
            Concerns = (context, _) => Task.FromResult(Principal.Of(context).Area),
            Details = "It stands until it expires (an hour, unless it says otherwise; 30 days at most), or a person updates or cancels it.",
            TakesKey = true,
            Takes = [("application/json", Schemas.Ref("alert-issue"))],
            Replies = [Reply.Json("alert", "It stands.", StatusCodes.Status201Created), Reply.NotFound("There is no such area."), .. Replies],
        },
        new("updateAlert", HttpMethods.Put, "/api/v1/alerts/{id}", "Says an issued alert anew, all of it.", UpdateAsync)
        {
            Needs = Permission.HandleAlerts,
            Concerns = ConcernsAsync,
            Parameters = [AlertEndpoints.Id],
            TakesKey = true,
            Takes = [("application/json", Schemas.Ref("alert-content"))],
            Replies = [Reply.Json("alert", "The alert as it is said now."), Reply.NotFound("There is no such alert."), .. Replies],
        },
        new("acknowledgeAlert", HttpMethods.Post, "/api/v1/alerts/{id}/acknowledge", "Says that somebody takes care of an alert.", (context, query) => HandleAsync(context, query, "note"))
        {
            Needs = Permission.HandleAlerts,
            Concerns = ConcernsAsync,
            Details = "It stays acknowledged until it is over or becomes more severe.",
            Parameters = [AlertEndpoints.Id],
            TakesKey = true,
            Takes = [("application/json", Schemas.Ref("alert-acknowledge"))],
            TakesNothingToo = true,
            Replies = [Reply.Json("alert", "The alert, acknowledged."), Reply.NotFound("There is no such alert."), .. Replies],
        },
        new("cancelAlert", HttpMethods.Post, "/api/v1/alerts/{id}/cancel", "Ends an alert.", (context, query) => HandleAsync(context, query, "reason"))
        {
            Needs = Permission.HandleAlerts,
            Concerns = ConcernsAsync,
            Details = "One that a rule raised is not raised again while its condition goes on, unless it becomes more severe.",
            Parameters = [AlertEndpoints.Id],
            TakesKey = true,
            Takes = [("application/json", Schemas.Ref("alert-cancel"))],
            Replies = [Reply.Json("alert", "The alert, cancelled."), Reply.NotFound("There is no such alert."), .. Replies],
        },
    ];

    private static Task<string?> ConcernsAsync(HttpContext context, Query query) => Concerning.DocumentAsync(context, AlertEndpoints.Collection, query.Of(AlertEndpoints.Id));

    private static async Task IssueAsync(HttpContext context, Query query)
    {
        ApiSources sources = ApiSources.Of(context);
        List<Refusal> wrong = [];
        if (await ReadAsync(context, sources) is not { } request)
        {
            return;
        }

        using JsonDocument document = request.Body;
        JsonElement root = document.RootElement;
        string area = root.TryGetProperty("area", out JsonElement given) && given.ValueKind == JsonValueKind.String ? TextOf(given) : "";
        if (!AreaPath.IsValid(Encoding.UTF8.GetBytes(area)))
        {
            wrong.Add(new Refusal(RefusalReasons.BadArea, "area", $"area is missing or wrong; allowed: {Parameters.Area.Allowed}"));
        }
        else if (!await sources.Door.AdmitToAreaAsync(context, Permission.HandleAlerts, area, Principal.Of(context)))
        {
            return;
        }
        else if (await AnswerKnownAsync(context, sources, area, request, StatusCodes.Status201Created))
        {
            return;
        }

        AlertContent content = AlertContent.Read(root, ["area"], wrong);
        CheckPlaybook(content, sources, wrong);
        if (wrong.Count == 0)
        {
            wrong.AddRange(IssuedAlert.Check(content, area, sources.Configuration.AlertRules, sources.Time.GetUtcNow().ToUnixTimeMilliseconds()));
        }

        if (await IsWrongAsync(context, wrong))
        {
            return;
        }

        if (sources.Configuration.AlertRules.Describe(area) is null && await Task.Run(() => sources.Store.Get(AreaEndpoints.Collection, area)) is null)
        {
            await Problem.NotFound(context, $"There is no area {area}. Those there are: streams area tree");
            return;
        }

        await GiveAsync(context, sources, area, new AreaOrder.Issue(content) { Id = request.Order, By = By(context), Fingerprint = request.Fingerprint }, StatusCodes.Status201Created);
    }

    private static async Task UpdateAsync(HttpContext context, Query query)
    {
        ApiSources sources = ApiSources.Of(context);
        if (await ReadAsync(context, sources) is not { } request)
        {
            return;
        }

        using JsonDocument document = request.Body;
        if (await FindAsync(context, query, sources, request) is not { } alert)
        {
            return;
        }

        List<Refusal> wrong = [];
        AlertContent content = AlertContent.Read(document.RootElement, [], wrong);
        CheckPlaybook(content, sources, wrong);
        if (wrong.Count == 0)
        {
            wrong.AddRange(IssuedAlert.Check(content, alert.Scope, sources.Configuration.AlertRules, sources.Time.GetUtcNow().ToUnixTimeMilliseconds()));
        }

        if (await IsWrongAsync(context, wrong))
        {
            return;
        }

        await GiveAsync(context, sources, alert.Scope, new AreaOrder.Update(alert.Id, content) { Id = request.Order, By = By(context), Fingerprint = request.Fingerprint }, StatusCodes.Status200OK);
    }

    private static void CheckPlaybook(AlertContent content, ApiSources sources, List<Refusal> wrong)
    {
        string[] known = [.. sources.Configuration.Playbooks.Where(playbook => !playbook.IsEveryday).Select(playbook => playbook.Name)];
        if (content.Playbook.Length > 0 && !known.Contains(content.Playbook))
        {
            wrong.Add(new Refusal(
                RefusalReasons.BadName, "playbook", $"There is no playbook {content.Playbook}{Spelling.DidYouMean(content.Playbook, known)}; allowed: {(known.Length == 0 ? "none, for playbooks.yaml has none" : string.Join(", ", known))}."));
        }
    }

    /// <param name="text">The body's one member: <c>note</c> of who acknowledges, at will; <c>reason</c> of who cancels.</param>
    private static async Task HandleAsync(HttpContext context, Query query, string text)
    {
        ApiSources sources = ApiSources.Of(context);
        bool cancels = text == "reason";
        if (await ReadAsync(context, sources, mayBeEmpty: !cancels) is not { } request)
        {
            return;
        }

        using JsonDocument document = request.Body;
        if (await FindAsync(context, query, sources, request) is not { } alert)
        {
            return;
        }

        List<Refusal> wrong = [];
        string said = AreaOrder.ReadText(document.RootElement, text, isNeeded: cancels, wrong);
        if (await IsWrongAsync(context, wrong))
        {
            return;
        }

        AreaOrder order = cancels
            ? new AreaOrder.Cancel(alert.Id, said) { Id = request.Order, By = By(context), Fingerprint = request.Fingerprint }
            : new AreaOrder.Acknowledge(alert.Id, said) { Id = request.Order, By = By(context), Fingerprint = request.Fingerprint };
        await GiveAsync(context, sources, alert.Scope, order, StatusCodes.Status200OK);
    }

    /// <summary>The alert's row; null where it is not there or the order has been answered, then that is answered already.</summary>
    private static async Task<Document?> FindAsync(HttpContext context, Query query, ApiSources sources, Request request)
    {
        string id = query.Of(AlertEndpoints.Id);
        if (await Task.Run(() => sources.Store.Get(AlertEndpoints.Collection, id)) is not { } alert)
        {
            await Problem.NotFound(context, $"There is no alert {id}.");
            return null;
        }

        return await AnswerKnownAsync(context, sources, alert.Scope, request, StatusCodes.Status200OK) ? null : alert;
    }

    /// <summary>Null where the request is none that is taken: then that is answered already.</summary>
    private static async Task<Request?> ReadAsync(HttpContext context, ApiSources sources, bool mayBeEmpty = false)
    {
        if (await BoundedBody.ReadAsync(context.Request, Math.Min(sources.Configuration.Node.Http.MaxBodyInBytes, AlertContent.MostBytes), context.RequestAborted) is not { } body)
        {
            await Problem.Write(context, StatusCodes.Status413PayloadTooLarge, "too-large", $"The body is longer than {AlertContent.MostBytes} bytes.");
            return null;
        }

        string media = context.Request.ContentType?.Split(';')[0].Trim().ToLowerInvariant() ?? "";
        bool isEmpty = mayBeEmpty && body.IsEmpty;
        if (!isEmpty && (context.Request.Headers.ContentEncoding.Count > 0 || media != "application/json"))
        {
            await Problem.Write(
                context, StatusCodes.Status415UnsupportedMediaType, "unsupported-media-type",
                $"The content is {context.Request.ContentType ?? "of no stated type"}{(context.Request.Headers.ContentEncoding.Count > 0 ? ", encoded" : "")}; allowed: application/json, in UTF-8, not encoded.");
            return null;
        }

        if (await IdempotencyKey.OrderAsync(context, sources.Time) is not { } order)
        {
            return null;
        }

        JsonDocument? document = Parse(isEmpty ? "{}"u8.ToArray() : body);
        if (document is null)
        {
            await Problem.Write(context, StatusCodes.Status400BadRequest, "malformed-json", "The body is no JSON object, or holds a name that is no text.");
            return null;
        }

        return new Request(document, order, IdempotencyKey.Fingerprint(context, body.Span));
    }

    private static JsonDocument? Parse(ReadOnlyMemory<byte> body)
    {
        JsonDocument? document = null;
        try
        {
            document = JsonDocument.Parse(body);
            if (document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.EnumerateObject().All(member => member.Name is not null))
            {
                return document;
            }
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            // Half a surrogate pair in a name is found when it is read.
        }

        document?.Dispose();
        return null;
    }

    /// <summary>Answers what the order under this key came to, if it was given before.</summary>
    private static async Task<bool> AnswerKnownAsync(HttpContext context, ApiSources sources, string area, Request request, int done)
    {
        if (context.Request.Headers[IdempotencyKey.Header].Count == 0 || await Task.Run(() => OrderResult.Find(sources.Store, area, request.Order)) is not { } known)
        {
            return false;
        }

        await AnswerAsync(context, sources, known, request.Fingerprint, done);
        return true;
    }

    private static async Task GiveAsync(HttpContext context, ApiSources sources, string area, AreaOrder order, int done)
    {
        ArrayBufferWriter<byte> body = new(1024);
        order.Write(body);
        PublishedRecord record = new(
            sources.Configuration.Topics[TopicSettings.Observations].Name, Encoding.UTF8.GetBytes(area), body.WrittenMemory,
            [
                KeyValuePair.Create("ce_specversion", "1.0"),
                KeyValuePair.Create("ce_id", order.Id),
                KeyValuePair.Create("ce_source", $"/streams/{Uri.EscapeDataString(sources.Node.Identity.Cluster)}/operators"),
                KeyValuePair.Create("ce_type", order.Type),
                KeyValuePair.Create("ce_subject", area),
                KeyValuePair.Create("ce_time", Answer.Time(sources.Time.GetUtcNow())),
                KeyValuePair.Create("content-type", "application/json"),
            ]);
        string subject = order switch
        {
            AreaOrder.Update update => "alert:" + update.AlertId,
            AreaOrder.Acknowledge acknowledge => "alert:" + acknowledge.AlertId,
            AreaOrder.Cancel cancel => "alert:" + cancel.AlertId,
            _ => "area:" + area,
        };
        await AuditTrail.HandOverAsync(context, AuditTrail.Draft(context, AlertAudit.ActionOf(order), subject).With("order", order.Id), () => sources.Node.PublishAsync([record], context.RequestAborted));
        TimeSpan pause = FirstLook;
        for (int look = 0; look < Looks; look++, pause *= 2)
        {
            await Task.Delay(pause, sources.Time, context.RequestAborted);
            if (await Task.Run(() => OrderResult.Find(sources.Store, area, order.Id)) is { } result)
            {
                sources.Audit.Woken();
                await AnswerAsync(context, sources, result, order.Fingerprint, done);
                return;
            }
        }

        await Answer.Json(
            context,
            json =>
            {
                json.WriteStartObject();
                json.WriteString("id", order.Id);
                json.WriteString("detail", Queued);
                json.WriteEndObject();
            },
            StatusCodes.Status202Accepted);
    }

    private static async Task AnswerAsync(HttpContext context, ApiSources sources, OrderResult result, string fingerprint, int done)
    {
        if (result.Fingerprint != fingerprint)
        {
            await Problem.Write(
                context, StatusCodes.Status422UnprocessableEntity, "idempotency-key-reused", $"This {IdempotencyKey.Header} was used for another request. Take another key for another request.");
        }
        else if (result.Reason is "alert_not_standing" or "already_acknowledged" or "not_issued" or "too_many_issued" or "status_changes" or "scope_narrows")
        {
            await Problem.Write(context, StatusCodes.Status409Conflict, result.Reason.Replace('_', '-'), result.Detail);
        }
        else if (result.Reason.Length > 0)
        {
            await IsWrongAsync(context, [new Refusal(result.Reason, result.Field, result.Detail)]);
        }
        else if (await Task.Run(() => sources.Store.Get(AlertEndpoints.Collection, result.Subject)) is { } alert)
        {
            context.Response.StatusCode = done;
            if (done == StatusCodes.Status201Created)
            {
                context.Response.Headers.Location = $"/api/v1/alerts/{Uri.EscapeDataString(alert.Id)}";
            }

            await Answer.Json(context, alert.Body);
        }
        else
        {
            // Its time to be kept is over.
            await Problem.NotFound(context, $"There is no alert {result.Subject} any more.");
        }
    }

    private static async Task<bool> IsWrongAsync(HttpContext context, List<Refusal> wrong)
    {
        if (wrong.Count == 0)
        {
            return false;
        }

        Complaint[] complaints = [.. wrong.Take(MostComplaints).Select(each => new Complaint(each.Field, each.Message))];
        await Problem.Write(context, StatusCodes.Status422UnprocessableEntity, "invalid-alert", string.Join(" | ", complaints.Select(each => each.Detail)), complaints);
        return true;
    }

    private static OrderGiver By(HttpContext context)
    {
        AuditActor actor = Principal.Of(context).Actor;
        return new OrderGiver(actor.Name, actor.Roles, actor.Source, actor.Address);
    }

    private static string TextOf(JsonElement text)
    {
        try
        {
            return text.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return "";
        }
    }

    /// <param name="Order">Its id.</param>
    private sealed record Request(JsonDocument Body, string Order, string Fingerprint);
}
