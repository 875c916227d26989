using Streams.Node.Actors;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Node.People;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary><c>GET /api/v1/incidents?state=&amp;area=&amp;hazard=&amp;since=</c>, newest first; <c>GET …/{id}</c>; what people say of one: see <see cref="IncidentOrders"/>.</summary>
internal static class IncidentEndpoints
{
    public const string Kind = "incident";
    public const string Collection = "incidents";
    public const string Everyday = "everyday";

    internal static readonly Parameter<string> Id = Parameter.Id("The incident's id.", "dijon.flood.20261122T101500Z");

    private static readonly Parameter<string?> State = Parameter.Choice("state", "Only those that are so now.", "open", "ending", "closed");
    private static readonly Parameter<string?> Hazard = Parameter.Word("hazard", "Only those of this playbook.", "flood");
    private static readonly Parameter<long?> Since = Parameters.Time("since", "Only those that were opened at or after this time.");

    private static readonly Parameter<string?> Of = Parameter.Choice("of", "Incidents that alerts tell of (default), or what controls the city on an ordinary day.", "alerts", "everyday");

    public static IReadOnlyList<Operation> Operations { get; } =
    [
        new("listIncidents", HttpMethods.Get, "/api/v1/incidents", "Incidents, newest first.", ListAsync)
        {
            Needs = Permission.Read,
            Concerns = (_, query) => Task.FromResult(query.Of(Parameters.Area)),
            Parameters = [Parameters.Area, State, Hazard, Since, Of, Parameters.After, Parameters.Limit],
            Replies = [Reply.Page("incident", "A page of incidents, without their steps and timelines.")],
        },
        new("getIncident", HttpMethods.Get, "/api/v1/incidents/{id}", "One incident: its alerts, its steps and the newest of its timeline.", GetAsync)
        {
            Needs = Permission.Read,
            Concerns = (context, query) => ConcernsAsync(context, query.Of(Id)),
            Parameters = [Id],
            Replies = [Reply.Json("incident", "The incident."), Reply.NotFound("There is no such incident.")],
        },
        .. IncidentOrders.Operations,
    ];

    internal static string CollectionOf(bool isEveryday) => isEveryday ? Everyday : Collection;

    internal static async Task<Document?> FindAsync(ApiSources sources, string id) =>
        await Task.Run(() => sources.Store.Get(Collection, id) ?? sources.Store.Get(Everyday, id));

    internal static async Task<string?> ConcernsAsync(HttpContext context, string id) => (await FindAsync(ApiSources.Of(context), id))?.Scope ?? Principal.Of(context).Area;

    /// <summary>As the actor is now.</summary>
    internal static async Task WriteAsync(HttpContext context, string id)
    {
        ApiSources sources = ApiSources.Of(context);
        ReadOnlyMemory<byte>? found = await sources.DescribeAsync(Kind, id, context.RequestAborted) ?? (await FindAsync(sources, id))?.Body;
        await (found is { } incident ? Answer.Json(context, incident) : Problem.NotFound(context, $"There is no incident {id}."));
    }

    private static Task ListAsync(HttpContext context, Query query) => Paging.WriteDocumentsAsync(
        context,
        ApiSources.Of(context).Store,
        new DocumentQuery(
            CollectionOf(query.Of(Of) == "everyday"), ScopePrefix: query.Of(Parameters.Area), Category: query.Of(Hazard), State: query.Of(State), AtFromInMs: query.Of(Since), After: query.Of(Parameters.After), Limit: query.Of(Parameters.Limit)));

    private static Task GetAsync(HttpContext context, Query query) => WriteAsync(context, query.Of(Id));
}
