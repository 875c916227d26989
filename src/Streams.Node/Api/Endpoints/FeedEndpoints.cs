using System.Buffers;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Streams.Domain.Alerts;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Node.Feeds;
using Streams.Node.People;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary>
/// Alerts for the public and for other systems: <c>GET /feeds/cap.atom</c>, <c>/feeds/cap/{id}.xml</c>, <c>/feeds/alerts.geojson</c>. Everybody may read what is public
/// where <c>feeds.public</c> says so; who may read sees what is restricted too.
/// </summary>
internal static partial class FeedEndpoints
{
    public const string CapContentType = "application/cap+xml";

    /// <summary>More than stand at once in a bad week; some 10 MB.</summary>
    private const int MostOnMap = 5_000;

    /// <summary>Commits of nodes that were slow have come by then, so that nothing older than the newest alert follows any more.</summary>
    private static readonly TimeSpan s_settled = TimeSpan.FromMinutes(1);

    private static readonly Parameter<string> Identifier = Parameter.Id("CAP's identifier.", "dijon.centre.haze.20261122T100000Z.3");

    private static readonly Parameter<string?> Language = new(
        "lang", "Language of titles and summaries, or one of its kin (fr for fr-FR); the alert's first where it does not have it.", "a language such as fr or fr-FR",
        new JsonObject { ["type"] = "string", ["maxLength"] = 35, ["pattern"] = "^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$" }, "fr", text => LanguageTag().IsMatch(text) ? text : null, null, Longest: 35);

    private static readonly Parameter<(long At, string Id)?> Before = Parameters.After with { Name = "before", Description = "The page before this place; links of the feed give it. Not beside after." };

    /// <summary>Actual where it is not said: what is not real is never mixed with it.</summary>
    internal static readonly Parameter<string?> Status = Parameter.Choice(
        "status", "Only those of this status; Actual where it is left out.", nameof(AlertStatus.Actual), nameof(AlertStatus.Exercise), nameof(AlertStatus.System), nameof(AlertStatus.Test));

    public static IReadOnlyList<Operation> Operations(AlertFeeds feeds)
    {
        Permission? needs = feeds.IsPublic ? null : Permission.Read;
        return
        [
            new("getCapFeed", HttpMethods.Get, "/feeds/cap.atom", "CAP documents, newest first, as Atom.", AtomAsync)
            {
                Needs = needs,
                Concerns = (_, query) => Task.FromResult(query.Of(Parameters.Area)),
                Details = "An entry for each message (Alert, Update, Cancel) that links to its document. Pages by RFC 5005: follow `next` and `previous`. Whoever may not read sees public alerts only.",
                Parameters = [Status, Parameters.Area, Language, Parameters.After, Before, Parameters.Limit],
                Replies = [new(StatusCodes.Status200OK, "A page of the feed.", null, AtomOfCap.ContentType), StaticDocument.Unchanged],
            },
            new("getCap", HttpMethods.Get, "/feeds/cap/{id}.xml", "A CAP 1.2 document, as it was signed when it was decided.", CapAsync)
            {
                Needs = needs,
                Concerns = (context, query) => Concerning.DocumentAsync(context, CapIssuer.Collection, query.Of(Identifier)),
                Details = "It never changes: the same bytes on every node.",
                Parameters = [Identifier],
                Replies = [new(StatusCodes.Status200OK, "The document.", null, CapContentType), StaticDocument.Unchanged, Reply.NotFound("There is no such document, or it is not public.")],
            },
            new("getAlertMap", HttpMethods.Get, "/feeds/alerts.geojson", "Standing alerts as GeoJSON, newest first.", MapAsync)
            {
                Needs = needs,
                Concerns = (_, query) => Task.FromResult(query.Of(Parameters.Area)),
                Details = $"At most {MostOnMap}; `leftOut` says that there are more.",
                Parameters = [Status, Parameters.Area, Language],
                Replies = [new(StatusCodes.Status200OK, "A FeatureCollection (RFC 7946).", Schemas.Ref("alert-map"), AlertMap.ContentType), StaticDocument.Unchanged],
            },
        ];
    }

    private static async Task AtomAsync(HttpContext context, Query query)
    {
        if (query.Of(Parameters.After) is not null && query.Of(Before) is not null)
        {
            await query.RefuseAsync(Before, "given beside after; allowed: one of them");
            return;
        }

        if (await FeedReader.OfAsync(context) is not { } reader)
        {
            return;
        }

        ApiSources sources = ApiSources.Of(context);
        AlertStatus status = Enum.Parse<AlertStatus>(query.Of(Status) ?? nameof(AlertStatus.Actual));
        DocumentQuery wanted = new(
            CapIssuer.Collection, ScopePrefix: query.Of(Parameters.Area), Category: status.ToString(), State: reader.SeesPublicOnly ? nameof(AlertScope.Public) : null,
            After: query.Of(Parameters.After), Limit: query.Of(Parameters.Limit), Before: query.Of(Before));
        (AtomPage page, DateTimeOffset? newest) = await Task.Run(() => Read(sources, wanted, query, reader));
        string author = sources.Feeds.Settings.SenderName ?? sources.Configuration.AlertRules.Settings.Sender;
        byte[] body = AtomOfCap.Write(page, sources.Feeds, sources.Configuration.Node.Cluster, author, status, query.Of(Parameters.Area), query.Of(Language));
        if (newest is { } at)
        {
            // The second that it lies in is over then.
            context.Response.Headers.LastModified = DateTimeOffset.FromUnixTimeSeconds(at.ToUnixTimeSeconds() + 1).ToString("R", CultureInfo.InvariantCulture);
        }

        await AnswerAsync(context, body, AtomOfCap.ContentType, newest is { } settled && settled < sources.Time.GetUtcNow() - s_settled ? settled : null);
    }

    private static (AtomPage Page, DateTimeOffset? Newest) Read(ApiSources sources, DocumentQuery wanted, Query query, FeedReader reader)
    {
        IReadOnlyList<Document> rows = sources.Store.Query(wanted);
        bool Exists(DocumentQuery beyond) => sources.Store.Query(beyond with { Limit = 1 }).Count > 0;
        string self = UrlOf(sources, query, null, null);
        string? next = null, previous = null;
        if (rows.Count > 0)
        {
            (long At, string Id) first = (rows[0].AtInMs, rows[0].Id), last = (rows[^1].AtInMs, rows[^1].Id);
            next = Exists(wanted with { After = last, Before = null }) ? UrlOf(sources, query, "after", last) : null;
            previous = (wanted.After ?? wanted.Before) is not null && Exists(wanted with { After = null, Before = first }) ? UrlOf(sources, query, "before", first) : null;
        }

        string here = wanted.After is { } after ? UrlOf(sources, query, "after", after) : wanted.Before is { } before ? UrlOf(sources, query, "before", before) : self;
        Document[] seen = [.. rows.Where(row => reader.Sees(row.State, row.Scope))];
        return (new AtomPage(seen, here, self, next, previous), rows.Count == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(rows[0].AtInMs));
    }

    /// <summary>This feed under its public address, with the parameters that were given.</summary>
    private static string UrlOf(ApiSources sources, Query query, string? place, (long At, string Id)? at)
    {
        List<KeyValuePair<string, string?>> parts = [];
        Add("status", query.Of(Status));
        Add("area", query.Of(Parameters.Area));
        Add("lang", query.Of(Language));
        Add("limit", query.Of(Parameters.Limit) == Parameters.Limit.Default ? null : query.Of(Parameters.Limit).ToString(CultureInfo.InvariantCulture));
        Add(place ?? "", at is { } some ? Parameters.Next(some.At, some.Id) : null);
        return $"{sources.Feeds.BaseUrl}/feeds/cap.atom{QueryString.Create(parts)}";

        void Add(string name, string? value)
        {
            if (value is not null)
            {
                parts.Add(KeyValuePair.Create(name, (string?)value));
            }
        }
    }

    private static async Task CapAsync(HttpContext context, Query query)
    {
        if (await FeedReader.OfAsync(context) is not { } reader)
        {
            return;
        }

        string id = query.Of(Identifier);
        IStore store = ApiSources.Of(context).Store;
        Document? found = await Task.Run(() => store.Get(CapIssuer.Collection, id));
        if (found is not { } document || !reader.Sees(document.State, document.Scope))
        {
            await Problem.NotFound(context, $"There is no CAP document {id}{(reader.SeesPublicOnly ? " that is public" : "")}.");
            return;
        }

        bool isPublic = document.State == nameof(AlertScope.Public) && ApiSources.Of(context).Feeds.IsPublic;
        context.Response.Headers.CacheControl = $"{(isPublic ? "public" : "private")}, max-age=31536000, immutable";
        context.Response.Headers.LastModified = DateTimeOffset.FromUnixTimeMilliseconds(document.AtInMs).ToString("R", CultureInfo.InvariantCulture);
        await AnswerAsync(context, document.Body, CapContentType, DateTimeOffset.FromUnixTimeMilliseconds(document.AtInMs));
    }

    private static async Task MapAsync(HttpContext context, Query query)
    {
        if (await FeedReader.OfAsync(context) is not { } reader)
        {
            return;
        }

        ApiSources sources = ApiSources.Of(context);
        string status = query.Of(Status) ?? nameof(AlertStatus.Actual);
        string? area = query.Of(Parameters.Area), language = query.Of(Language);
        ArrayBufferWriter<byte> body = new(16 * 1024);
        await Task.Run(() =>
        {
            List<JsonElement> alerts = [.. StandingAlerts.Of(sources.Store, area, reader, status).Take(MostOnMap + 1)];
            using Utf8JsonWriter json = new(body, Answer.Options);
            AlertMap.Write(json, alerts.Take(MostOnMap), sources.Feeds.BaseUrl, language, alerts.Count > MostOnMap);
        });
        await AnswerAsync(context, body.WrittenMemory, AlertMap.ContentType, null);
    }

    /// <summary>The body, or that whoever asks has it already.</summary>
    /// <param name="modified">When it changed last; null where only the tag can tell.</param>
    private static async Task AnswerAsync(HttpContext context, ReadOnlyMemory<byte> body, string contentType, DateTimeOffset? modified)
    {
        string tag = EntityTag.Of(body.Span);
        HttpResponse response = context.Response;
        response.Headers.ETag = tag;
        if (response.Headers.CacheControl.Count == 0)
        {
            // Kept, and asked for again each time: what is new must not wait for a cache.
            response.Headers.CacheControl = context.Items[typeof(Principal)] is null ? "public, no-cache" : "private, no-cache";
            response.Headers.Vary = "Authorization";
        }

        bool isKnown = context.Request.Headers.IfNoneMatch.Count > 0 ? EntityTag.IsKnown(context.Request, tag)
            : modified is { } at && context.Request.GetTypedHeaders().IfModifiedSince is { } since && at.ToUnixTimeSeconds() <= since.ToUnixTimeSeconds();
        if (isKnown)
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return;
        }

        response.ContentType = contentType;
        response.ContentLength = body.Length;
        await response.Body.WriteAsync(body, context.RequestAborted);
    }

    [GeneratedRegex("^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$", RegexOptions.CultureInvariant)]
    private static partial Regex LanguageTag();
}
