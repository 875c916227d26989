using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Streams.Domain.Incidents;
using Streams.Node.Actors;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Node.People;
using Streams.Runtime.Audit;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary>
/// What people say of an incident: a message in its inbox, or in that of its city's desk, so that it takes effect exactly once and in order with all else, wherever the incident
/// lives. The answer waits until the store shows what became of it, for a while.
/// </summary>
internal static class IncidentOrders
{
    public const string Queued = "Kafka has the order; the incident has not yet taken it. It will.";

    private const int LongestBody = 64 * 1024;
    private const int MostAlerts = 500;

    /// <summary>Looked at after 5, 10, 20 ms and so on: 5 s in all.</summary>
    private const int Looks = 10;

    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(5);

    /// <summary>What can be said: last part of the path, the verb, what the body's text is called and whether it must be there, what it does.</summary>
    private static readonly (string Path, PersonVerb Verb, string Text, bool NeedsText, bool TakesStep, string Says)[] Verbs =
    [
        ("approve", PersonVerb.Approve, "note", false, true, "Agrees to a step that awaits approval; with one such step it need not be named."),
        ("refuse", PersonVerb.Refuse, "reason", false, true, "Refuses a step that awaits approval: it is not done."),
        ("try-again", PersonVerb.TryAgain, "note", false, true, "Has a step that awaits a person tried once more."),
        ("let-be", PersonVerb.LetBe, "reason", false, true, "Leaves a step that awaits a person as it is."),
        ("notes", PersonVerb.Note, "text", true, false, "Adds a note to the timeline."),
        ("abort", PersonVerb.Abort, "reason", true, false, "Ends it now: what is under way is withdrawn, what was done is taken back."),
        ("close", PersonVerb.Close, "reason", true, false, "Ends it where none of its alerts stands: what was done is taken back."),
    ];

    public static IReadOnlyList<Operation> Operations { get; } =
    [
        .. Verbs.Select(verb => Order(verb.Path, verb.Says, (context, query) => SayAsync(context, query, verb.Path, verb.Verb, verb.Text, verb.NeedsText, verb.TakesStep))),
        Order("merge", "Makes this incident part of another, which goes on with its alerts.", MergeAsync),
        Order("split", "Makes some of its alerts an incident of their own.", SplitAsync),
    ];

    private static Operation Order(string path, string says, Func<HttpContext, Query, Task> answer) => new(path + "Incident", HttpMethods.Post, $"/api/v1/incidents/{{id}}/{path}", says, answer)
    {
        Needs = Permission.HandleAlerts,
        Concerns = (context, query) => IncidentEndpoints.ConcernsAsync(context, query.Of(IncidentEndpoints.Id)),
        Parameters = [IncidentEndpoints.Id],
        Takes = [("application/json", Schemas.Ref("incident-order"))],
        TakesNothingToo = true,
        Replies =
        [
            Reply.Json("incident", "It is done; the incident as it is now."),
            Reply.Json("order-receipt", Queued, StatusCodes.Status202Accepted),
            Reply.NotFound("There is no such incident."),
            Reply.Problem(StatusCodes.Status409Conflict, "The incident does not take it; the detail says why."),
            Reply.Problem(StatusCodes.Status413PayloadTooLarge, "The body is too large."),
        ],
    };

    private static async Task SayAsync(HttpContext context, Query query, string path, PersonVerb verb, string text, bool needsText, bool takesStep)
    {
        string[] allowed = takesStep ? ["step", text] : [text];
        if (await ReadAsync(context, query, allowed) is not { } body)
        {
            return;
        }

        string said = TextOf(body, text, needsText);
        string step = takesStep ? TextOf(body, "step", isNeeded: false) : "";
        if (await body.IsRefusedAsync(context))
        {
            return;
        }

        string id = query.Of(IncidentEndpoints.Id);
        string order = NewId(context);
        PersonSays by = By(context, verb, step.Length > 0 ? step : null, said);
        AuditDraft deed = AuditTrail.Draft(context, "incident." + path, "incident:" + id) with { Reason = said };
        await DoAsync(context, deed.With("step", by.Step), id, order, TopicSettings.Incidents, id, new IncidentMessage.Says(order, by));
    }

    private static async Task MergeAsync(HttpContext context, Query query)
    {
        if (await ReadAsync(context, query, ["into", "reason"]) is not { } body)
        {
            return;
        }

        string into = TextOf(body, "into", isNeeded: true);
        string reason = TextOf(body, "reason", isNeeded: false);
        if (await body.IsRefusedAsync(context))
        {
            return;
        }

        string id = query.Of(IncidentEndpoints.Id);
        ApiSources sources = ApiSources.Of(context);
        if (await IncidentEndpoints.FindAsync(sources, into) is not { } other)
        {
            await Problem.NotFound(context, $"There is no incident {into} to be merged into.");
            return;
        }

        if (!await sources.Door.AdmitToAreaAsync(context, Permission.HandleAlerts, other.Scope, Principal.Of(context)))
        {
            return;
        }

        string order = NewId(context);
        AuditDraft deed = AuditTrail.Draft(context, "incident.merge", "incident:" + id) with { Reason = reason };
        await DoAsync(
            context, deed.With("into", into), id, order, TopicSettings.Requests, DeskOf(id), new IncidentMessage.Merge(order, id, into, By(context, PersonVerb.Note, null, reason)));
    }

    private static async Task SplitAsync(HttpContext context, Query query)
    {
        if (await ReadAsync(context, query, ["alerts", "reason"]) is not { } body)
        {
            return;
        }

        ImmutableArray<string> alerts = NamesOf(body, "alerts", MostAlerts);
        string reason = TextOf(body, "reason", isNeeded: false);
        if (await body.IsRefusedAsync(context))
        {
            return;
        }

        string id = query.Of(IncidentEndpoints.Id);
        string order = NewId(context);
        AuditDraft deed = AuditTrail.Draft(context, "incident.split", "incident:" + id) with { Reason = reason };
        await DoAsync(
            context, deed.With("alerts", string.Join(' ', alerts)), id, order, TopicSettings.Requests, DeskOf(id),
            new IncidentMessage.Split(order, id, alerts, By(context, PersonVerb.Note, null, reason)));
    }

    private static async Task DoAsync(HttpContext context, AuditDraft deed, string incident, string order, string topic, string key, IncidentMessage message)
    {
        ApiSources sources = ApiSources.Of(context);
        OrderResult? outcome = null;
        await AuditTrail.DoAsync(context, deed, async () =>
        {
            ArrayBufferWriter<byte> body = new(256);
            message.Write(body);
            await sources.Node.PublishAsync(
                [
                    new PublishedRecord(
                        sources.Configuration.Topics[topic].Name, Encoding.UTF8.GetBytes(key), body.WrittenMemory,
                        [KeyValuePair.Create("content-type", IncidentMessage.ContentType), KeyValuePair.Create("ce_id", order)]),
                ],
                context.RequestAborted);
            outcome = await AwaitAsync(context, sources, order);
            return outcome is { IsRefused: true } refused ? refused.Detail : null;
        });
        if (outcome is not { } known)
        {
            await Answer.Json(
                context,
                json =>
                {
                    json.WriteStartObject();
                    json.WriteString("id", incident);
                    json.WriteString("detail", Queued);
                    json.WriteEndObject();
                },
                StatusCodes.Status202Accepted);
        }
        else if (known.IsRefused)
        {
            await Problem.Write(context, StatusCodes.Status409Conflict, "refused-by-incident", known.Detail + ".");
        }
        else
        {
            await IncidentEndpoints.WriteAsync(context, known.Subject.Length > 0 ? known.Subject : incident);
        }
    }

    private static async Task<OrderResult?> AwaitAsync(HttpContext context, ApiSources sources, string order)
    {
        TimeSpan pause = FirstLook;
        for (int look = 0; look < Looks; look++, pause *= 2)
        {
            await Task.Delay(pause, sources.Time, context.RequestAborted);
            if (await Task.Run(() => OrderResult.Find(sources.Store, "", order)) is { } found)
            {
                return found;
            }
        }

        return null;
    }

    /// <summary>Null where it can not be read, or the incident is not there: then that is answered already.</summary>
    private static async Task<OrderBody?> ReadAsync(HttpContext context, Query query, string[] members)
    {
        string id = query.Of(IncidentEndpoints.Id);
        ApiSources sources = ApiSources.Of(context);
        if (await IncidentEndpoints.FindAsync(sources, id) is null)
        {
            await Problem.NotFound(context, $"There is no incident {id}.");
            return null;
        }

        return await OrderBody.ReadAsync(context, LongestBody, members, "invalid-order", $"The body is a JSON object of texts; allowed members: {string.Join(", ", members)}.", mayBeEmpty: true);
    }

    private static string TextOf(OrderBody body, string member, bool isNeeded)
    {
        string text = (body.Text(member) ?? "").Trim();
        if (text.Length > Incident.MaxTextLength || text.Contains('\0', StringComparison.Ordinal))
        {
            body.Complain(member, $"is a text of at most {Incident.MaxTextLength} characters");
        }
        else if (isNeeded && text.Length == 0)
        {
            body.Complain(member, $"is missing: {{\"{member}\":\"...\"}}");
        }

        return text;
    }

    private static ImmutableArray<string> NamesOf(OrderBody body, string member, int most)
    {
        ImmutableArray<string> names = body.List(member);
        if (names.Length == 0 || names.Length > most || names.Any(name => name.Length is 0 or > 300 || name.Contains('\0', StringComparison.Ordinal)))
        {
            body.Complain(member, $"is a list of 1 to {most} ids of alerts");
        }

        return names;
    }

    private static PersonSays By(HttpContext context, PersonVerb verb, string? step, string text)
    {
        Principal who = Principal.Of(context);
        ApiSources sources = ApiSources.Of(context);

        // Who sits at the machine itself may do all there is to do.
        ImmutableArray<string> roles = who.Source == PrincipalSource.Machine ? [.. who.Roles, .. sources.Configuration.Roles.Select(role => role.Name)] : who.Roles;
        return new PersonSays(verb, who.Name, roles, step, text, sources.Time.GetUtcNow().ToUnixTimeMilliseconds());
    }

    private static string NewId(HttpContext context) => Guid.CreateVersion7(ApiSources.Of(context).Time.GetUtcNow()).ToString();

    /// <summary>An incident's id begins with its city.</summary>
    private static string DeskOf(string incident) => $"{incident.Split('.')[0]}/{ResponseRecords.Desk}";

}
