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

        List<Complaint> complaints = [];
        string said = body.Text(text, complaints, needsText);
        string step = takesStep ? body.Text("step", complaints, isNeeded: false) : "";
        if (await IsWrongAsync(context, complaints))
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

        List<Complaint> complaints = [];
        string into = body.Text("into", complaints, isNeeded: true);
        string reason = body.Text("reason", complaints, isNeeded: false);
        if (await IsWrongAsync(context, complaints))
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

        List<Complaint> complaints = [];
        ImmutableArray<string> alerts = body.Names("alerts", MostAlerts, complaints);
        string reason = body.Text("reason", complaints, isNeeded: false);
        if (await IsWrongAsync(context, complaints))
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
        OrderOutcome? outcome = null;
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
            return outcome is { IsRefused: true } refused ? refused.Reason : null;
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
            await Problem.Write(context, StatusCodes.Status409Conflict, "refused-by-incident", known.Reason + ".");
        }
        else
        {
            await IncidentEndpoints.WriteAsync(context, known.Incident.Length > 0 ? known.Incident : incident);
        }
    }

    private static async Task<OrderOutcome?> AwaitAsync(HttpContext context, ApiSources sources, string order)
    {
        TimeSpan pause = FirstLook;
        for (int look = 0; look < Looks; look++, pause *= 2)
        {
            await Task.Delay(pause, sources.Time, context.RequestAborted);
            if (await Task.Run(() => sources.Store.Get(OrderResult.Collection, order)) is { } found)
            {
                using JsonDocument document = JsonDocument.Parse(found.Body);
                JsonElement root = document.RootElement;
                return new OrderOutcome(root.GetProperty("refused").GetBoolean(), root.GetProperty("incident").GetString()!, root.GetProperty("reason").GetString()!);
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

        if (await BoundedBody.ReadAsync(context.Request, LongestBody, context.RequestAborted) is not { } bytes)
        {
            await Problem.Write(context, StatusCodes.Status413PayloadTooLarge, "too-large", $"The body is longer than {LongestBody} bytes.");
            return null;
        }

        OrderBody? body = OrderBody.Read(bytes, members, out List<Complaint> complaints);
        return await IsWrongAsync(context, complaints) ? null : body;
    }

    private static async Task<bool> IsWrongAsync(HttpContext context, List<Complaint> complaints)
    {
        if (complaints.Count == 0)
        {
            return false;
        }

        await Problem.Write(context, StatusCodes.Status400BadRequest, "invalid-order", string.Join(" | ", complaints.Select(each => each.Detail)), complaints);
        return true;
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

    private readonly record struct OrderOutcome(bool IsRefused, string Incident, string Reason);

    /// <summary>The members of an order's body.</summary>
    private sealed class OrderBody
    {
        private readonly Dictionary<string, string> _texts = [];
        private readonly Dictionary<string, List<string>> _lists = [];

        /// <summary>An empty body is one without members.</summary>
        public static OrderBody? Read(ReadOnlyMemory<byte> bytes, string[] members, out List<Complaint> complaints)
        {
            complaints = [];
            OrderBody body = new();
            if (bytes.IsEmpty)
            {
                return body;
            }

            try
            {
                using JsonDocument document = JsonDocument.Parse(bytes);
                foreach (JsonProperty member in document.RootElement.EnumerateObject())
                {
                    if (!members.Contains(member.Name))
                    {
                        string shown = member.Name.Length > 60 ? member.Name[..60] + "…" : member.Name;
                        complaints.Add(new Complaint(shown, $"{shown} is not a member here{Spelling.DidYouMean(shown, members)}; allowed: {string.Join(", ", members)}"));
                    }
                    else if (member.Value.ValueKind == JsonValueKind.Array)
                    {
                        body._lists[member.Name] = [.. member.Value.EnumerateArray().Select(each => each.GetString() ?? "")];
                    }
                    else if (member.Value.ValueKind != JsonValueKind.Null)
                    {
                        body._texts[member.Name] = member.Value.GetString() ?? "";
                    }

                    if (complaints.Count >= 20)
                    {
                        break;
                    }
                }

                return body;
            }
            catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
            {
                complaints.Add(new Complaint("body", $"The body is a JSON object of texts; allowed members: {string.Join(", ", members)}."));
                return null;
            }
        }

        public string Text(string member, List<Complaint> complaints, bool isNeeded)
        {
            string text = _texts.GetValueOrDefault(member, "").Trim();
            if (text.Length > Incident.MaxTextLength || text.Contains('\0', StringComparison.Ordinal) || _lists.ContainsKey(member))
            {
                complaints.Add(new Complaint(member, $"{member} is a text of at most {Incident.MaxTextLength} characters"));
            }
            else if (isNeeded && text.Length == 0)
            {
                complaints.Add(new Complaint(member, $"{member} is missing: {{\"{member}\":\"...\"}}"));
            }

            return text;
        }

        public ImmutableArray<string> Names(string member, int most, List<Complaint> complaints)
        {
            List<string> names = _lists.GetValueOrDefault(member) ?? [];
            if (names.Count == 0 || names.Count > most || names.Any(name => name.Length is 0 or > 300 || name.Contains('\0', StringComparison.Ordinal)))
            {
                complaints.Add(new Complaint(member, $"{member} is a list of 1 to {most} ids of alerts"));
            }

            return [.. names.Distinct(StringComparer.Ordinal)];
        }
    }
}
