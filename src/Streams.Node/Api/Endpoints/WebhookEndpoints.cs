using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Node.Feeds;
using Streams.Node.Feeds.Live;
using Streams.Node.Feeds.Webhooks;
using Streams.Node.People;
using Streams.Runtime.Audit;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary>Other systems that alerts are brought to: <c>GET</c> and <c>POST /api/v1/webhooks</c>, <c>DELETE …/{name}</c>, <c>…/{name}/dead-letters</c> and their replay.</summary>
internal static partial class WebhookEndpoints
{
    private const int LongestBody = 8192;
    private const int LongestUrl = 1_000;
    private const string NameInWords = "1 to 63 lower-case letters, digits and -_., beginning with a letter or digit";

    private const string Form =
        """The body is not of the form {"name":"pager","url":"https://pager.example/alerts","format":"json","status":"Actual","area":"dijon","severity":"Severe","restricted":false}; name and url must be there.""";

    private static readonly string[] s_members = ["name", "url", "secret", "format", "status", "area", "severity", "restricted"];

    private static readonly Parameter<string> Name = Parameter.Id("The webhook's name.", "pager", name: "name");

    private static readonly Parameter<string> Letter = Parameter.Id("The dead letter's id, which is the alert's identifier.", "dijon.centre.haze.20261122T100000Z.3");

    public static IReadOnlyList<Operation> Operations { get; } =
    [
        new("listWebhooks", HttpMethods.Get, "/api/v1/webhooks", "All webhooks by name, and how far each is.", ListAsync)
        {
            Needs = Permission.ManagePeople,
            Concerns = OwnAreaAsync,
            Replies = [Reply.Page("webhook", "All of them; none of their secrets.")],
        },
        new("addWebhook", HttpMethods.Post, "/api/v1/webhooks", "Has alerts brought to another system from now on.", AddAsync)
        {
            Needs = Permission.ManagePeople,
            Concerns = OwnAreaAsync,
            Details = "Sent as Standard Webhooks has it, at least once, in order for each alert. The answer alone has the secret that signs.",
            Takes = [("application/json", Schemas.Ref("webhook-order"))],
            Replies =
            [
                Reply.Json("new-webhook", "Alerts are brought from now on.", StatusCodes.Status201Created),
                Reply.Problem(StatusCodes.Status409Conflict, "There is a webhook of this name, or there are as many as may be."),
                Reply.Problem(StatusCodes.Status413PayloadTooLarge, "The body is too long."),
            ],
        },
        new("removeWebhook", HttpMethods.Delete, "/api/v1/webhooks/{name}", "Ends a webhook, within seconds.", RemoveAsync)
        {
            Needs = Permission.ManagePeople,
            Concerns = (context, query) => Concerning.DocumentAsync(context, WebhookBook.Collection, query.Of(Name)),
            Parameters = [Name],
            Replies = [Reply.Empty(StatusCodes.Status204NoContent, "Nothing more is sent to it."), Reply.NotFound("There is no such webhook.")],
        },
        new("listWebhookDeadLetters", HttpMethods.Get, "/api/v1/webhooks/{name}/dead-letters", "Alerts that a webhook's endpoint did not take in time, newest first.", LettersAsync)
        {
            Needs = Permission.ManagePeople,
            Concerns = (context, query) => Concerning.DocumentAsync(context, WebhookBook.Collection, query.Of(Name)),
            Parameters = [Name, Parameters.After, Parameters.Limit],
            Replies = [Reply.Page("webhook-dead-letter", "A page of them."), Reply.NotFound("There is no such webhook.")],
        },
        new("replayWebhookDeadLetter", HttpMethods.Post, "/api/v1/webhooks/{name}/dead-letters/{id}/replay", "Sends one again, now, once.", ReplayAsync)
        {
            Needs = Permission.ManagePeople,
            Concerns = (context, query) => Concerning.DocumentAsync(context, WebhookBook.Collection, query.Of(Name)),
            Details = "Under the same webhook-id. Where it is taken, the letter is forgotten.",
            Parameters = [Name, Letter],
            Replies =
            [
                Reply.Empty(StatusCodes.Status204NoContent, "The endpoint has taken it."),
                Reply.NotFound("There is no such webhook, or no such letter of it."),
                Reply.Problem(StatusCodes.Status409Conflict, "The webhook's secret was encrypted by another key."),
                Reply.Problem(StatusCodes.Status502BadGateway, "The endpoint did not take it; the letter stays."),
            ],
        },
    ];

    private static Task<string?> OwnAreaAsync(HttpContext context, Query query) => Task.FromResult(Principal.Of(context).Area);

    private static async Task ListAsync(HttpContext context, Query query)
    {
        ApiSources sources = ApiSources.Of(context);
        Principal who = Principal.Of(context);
        (Webhook Webhook, WebhookProgress Progress)[] all = await Task.Run<(Webhook, WebhookProgress)[]>(() =>
        [
            .. sources.Webhooks.Book.Read().Where(webhook => who.Reaches(webhook.Filter.Area))
                .Select(webhook => (webhook, sources.Store.Get(WebhookBook.Progress, webhook.Name) is { } stored ? WebhookProgress.Read(stored.Body) : WebhookProgress.None)),
        ]);
        await Paging.WriteAsync(context, all, (json, each) =>
        {
            json.WriteStartObject();
            each.Webhook.WriteMembers(json);
            WriteProgress(json, each.Progress);
            json.WriteEndObject();
        });
    }

    private static async Task AddAsync(HttpContext context, Query query)
    {
        ApiSources sources = ApiSources.Of(context);
        Principal who = Principal.Of(context);
        if (await OrderBody.ReadAsync(context, LongestBody, s_members, "invalid-webhook-order", Form) is not { } body)
        {
            return;
        }

        (Webhook webhook, string secret) = Read(body, sources.Webhooks, who.Name, sources.Time.GetUtcNow());
        if (await body.IsRefusedAsync(context))
        {
            return;
        }

        if (!who.Reaches(webhook.Filter.Area) || (webhook.Restricted && !sources.Door.Policy.May(who, Permission.Read)))
        {
            await sources.Door.RefuseAsync(
                context, Permission.ManagePeople, $"{who.Name} can't have {(webhook.Restricted ? "restricted " : "")}alerts of {webhook.Filter.Area ?? "the whole city"} sent: that reaches further than {string.Join(", ", who.Roles)} on {who.Area ?? "the whole city"}.");
            return;
        }

        // The host alone: an address may hold a secret of the receiver's.
        AuditDraft deed = AuditTrail.Draft(context, "webhook.add", "webhook:" + webhook.Name)
            .With("host", webhook.Url.Host).With("status", webhook.Filter.Status).With("area", webhook.Filter.Area).With("severity", webhook.Filter.Severity?.ToString()).With("restricted", webhook.Restricted ? "true" : null);
        FeedPosition? from;
        try
        {
            from = sources.Feeds.Live is { } live ? (await live.BeginAsync(null, context.RequestAborted)).Cursor.Position : null;
        }
        catch (LogFailedException away)
        {
            context.Response.Headers.RetryAfter = "5";
            await Problem.Write(context, StatusCodes.Status503ServiceUnavailable, "log-unavailable", $"Where the webhook is to begin can not be known now: {away.Message}. Try again.");
            return;
        }

        switch (await Task.Run(() => sources.Webhooks.Book.Add(slot => webhook with { Slot = slot }, from, deed)))
        {
            case WebhookChange.NameTaken:
                await Problem.Write(context, StatusCodes.Status409Conflict, "name-taken", $"There is a webhook {webhook.Name}. Take another name, or remove that one first: streams webhook remove {webhook.Name}");
                return;
            case WebhookChange.Full:
                await Problem.Write(context, StatusCodes.Status409Conflict, "too-many-webhooks", $"There are {WebhookBook.Most} webhooks, as many as may be. Remove one that nobody needs.");
                return;
        }

        sources.Audit.Woken();
        sources.Webhooks.Woken();
        await Answer.Json(
            context,
            json =>
            {
                json.WriteStartObject();
                webhook.WriteMembers(json);
                json.WriteString("secret", secret);
                json.WriteEndObject();
            },
            StatusCodes.Status201Created);
    }

    private static async Task RemoveAsync(HttpContext context, Query query)
    {
        ApiSources sources = ApiSources.Of(context);
        string name = query.Of(Name);
        AuditDraft deed = AuditTrail.Draft(context, "webhook.remove", "webhook:" + name);
        if (await Task.Run(() => sources.Webhooks.Book.Remove(name, deed)) != WebhookChange.Done)
        {
            await NoWebhookAsync(context, name);
            return;
        }

        sources.Audit.Woken();
        sources.Webhooks.Woken();
        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static async Task LettersAsync(HttpContext context, Query query)
    {
        ApiSources sources = ApiSources.Of(context);
        string name = query.Of(Name);
        if (await Task.Run(() => sources.Webhooks.Book.Find(name)) is null)
        {
            await NoWebhookAsync(context, name);
            return;
        }

        await Paging.WriteDocumentsAsync(context, sources.Store, new DocumentQuery(WebhookBook.DeadLetters, Category: name, After: query.Of(Parameters.After), Limit: query.Of(Parameters.Limit)));
    }

    private static async Task ReplayAsync(HttpContext context, Query query)
    {
        ApiSources sources = ApiSources.Of(context);
        string name = query.Of(Name), id = query.Of(Letter);
        if (await Task.Run(() => sources.Webhooks.Book.Find(name)) is not { } webhook)
        {
            await NoWebhookAsync(context, name);
            return;
        }

        if (await Task.Run(() => sources.Store.Get(WebhookBook.DeadLetters, WebhookBook.LetterId(name, id))) is not { } letter || AlertOf(letter) is not { } alert)
        {
            await Problem.NotFound(context, $"Webhook {name} has no dead letter {id}. Those there are: /api/v1/webhooks/{name}/dead-letters");
            return;
        }

        if (sources.Webhooks.Secrets.Open(name, webhook.SealedSecret) is not { } secret)
        {
            await Problem.Write(context, StatusCodes.Status409Conflict, "secret-sealed", $"The secret of webhook {name} was encrypted by another key than this node's (feeds.webhooks.key). Give it that, or make the webhook anew.");
            return;
        }

        string? failure = await AuditTrail.DoAsync(context, AuditTrail.Draft(context, "webhook.replay", $"webhook:{name}").With("alert", id), async () =>
        {
            WebhookAnswer answer = await sources.Webhooks.Sender.SendAsync(webhook, secret, alert, context.RequestAborted);
            if (answer.IsTaken)
            {
                await Task.Run(() => sources.Webhooks.Book.Forget(letter));
            }

            return answer.Failure;
        });
        if (failure is not null)
        {
            await Problem.Write(context, StatusCodes.Status502BadGateway, "not-taken", $"{webhook.Url.Host} did not take it: {failure}. The letter stays.");
            return;
        }

        context.Response.StatusCode = StatusCodes.Status204NoContent;
    }

    private static AlertEvent? AlertOf(Document letter)
    {
        using JsonDocument body = JsonDocument.Parse(letter.Body);
        return AlertEvent.Read(0, -1, Encoding.UTF8.GetBytes(body.RootElement.GetProperty("alert").GetRawText()));
    }

    private static Task NoWebhookAsync(HttpContext context, string name) => Problem.NotFound(context, $"There is no webhook {name}. Those there are: streams webhook list");

    /// <summary>Of no use where the body is refused for it.</summary>
    private static (Webhook Webhook, string Secret) Read(OrderBody body, WebhookDesk desk, string by, DateTimeOffset now)
    {
        string name = body.Text("name") ?? "";
        body.Require(WebhookName().IsMatch(name), "name", NameInWords);
        string address = body.Text("url") ?? "";
        bool isUrl = Uri.TryCreate(address, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https" && address.Length <= LongestUrl && url is { UserInfo: "", Fragment: "", Host.Length: > 0 };
        body.Require(isUrl, "url", $"http:// or https:// and what follows, of at most {LongestUrl} characters, without a user and a fragment");
        body.Require(!isUrl || desk.Settings.AllowPrivate || PublicAddresses.MayBePublic(url!), "url", "an address of the internet; feeds.webhooks.allowPrivate of node.yaml lets webhooks reach others");
        string? given = body.Text("secret");
        body.Require(given is null || WebhookSecrets.BytesOf(given) is not null, "secret", WebhookSecrets.InWords);
        WebhookFormat format = Word("format", WebhookFormat.Json, "json", "cap");
        AlertStatus status = Word("status", AlertStatus.Actual, nameof(AlertStatus.Actual), nameof(AlertStatus.Exercise), nameof(AlertStatus.System), nameof(AlertStatus.Test));
        AlertSeverity severity = Word("severity", AlertSeverity.Unknown, nameof(AlertSeverity.Minor), nameof(AlertSeverity.Moderate), nameof(AlertSeverity.Severe), nameof(AlertSeverity.Extreme));
        string? area = body.Text("area");
        body.Require(area is null || AreaPath.IsValid(Encoding.UTF8.GetBytes(area)), "area", "an area's id such as dijon/toison-dor, or leave it out for the whole city");
        bool restricted = body.Flag("restricted");
        string secret = given ?? WebhookSecrets.New();
        AlertFilter filter = new(status.ToString(), area, severity == AlertSeverity.Unknown ? null : severity);
        return (new Webhook(name, 0, url!, format, filter, restricted, body.IsSound ? desk.Secrets.Seal(name, secret) : "", now, by), secret);

        T Word<T>(string member, T otherwise, params string[] allowed)
            where T : struct, Enum
        {
            string? word = body.Text(member);
            body.Require(word is null || allowed.Contains(word), member, $"{string.Join(", ", allowed)}, or leave it out");
            return word is not null && allowed.Contains(word) ? Enum.Parse<T>(word, ignoreCase: true) : otherwise;
        }
    }

    private static void WriteProgress(Utf8JsonWriter json, WebhookProgress progress)
    {
        json.WriteString("state", progress.FailingSinceInMs is null ? "well" : "failing");
        json.WriteNumber("waiting", progress.Waiting);
        WriteTime("deliveredAt", progress.DeliveredAtInMs);
        WriteTime("failingSince", progress.FailingSinceInMs);
        json.WriteString("failure", progress.Failure);

        void WriteTime(string member, long? time) => json.WriteString(member, time is { } some ? Answer.Time(some) : null);
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9._-]{0,62}$", RegexOptions.CultureInvariant)]
    private static partial Regex WebhookName();
}
