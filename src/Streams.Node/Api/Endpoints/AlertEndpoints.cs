using Streams.Node.Actors;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary><c>GET /api/v1/alerts?state=&amp;area=&amp;since=</c>, newest first; <c>GET /api/v1/alerts/{id}</c>.</summary>
internal static class AlertEndpoints
{
    public const string Collection = "alerts";

    private static readonly Parameter<string?> State = Parameter.Choice("state", "Only those that are so now.", "active", "acknowledged", "cleared", "expired", "cancelled");
    private static readonly Parameter<long?> Since = Parameters.Time("since", "Only those whose condition became true at or after this event time.");
    public static readonly Parameter<string> Id = Parameter.Id("The alert's id.", "dijon.fine-particles.20261122T101500Z");

    public static IReadOnlyList<Operation> Operations { get; } =
    [
        new("listAlerts", HttpMethods.Get, "/api/v1/alerts", "Alerts, newest first.", ListAsync)
        {
            Needs = Permission.Read,
            Concerns = (_, query) => Task.FromResult(query.Of(Parameters.Area)),
            Parameters = [Parameters.Area, State, Since, Parameters.After, Parameters.Limit],
            Replies = [Reply.Page("alert", "A page of alerts, each in its newest state.")],
        },
        new("getAlert", HttpMethods.Get, "/api/v1/alerts/{id}", "One alert, in its newest state.", GetAsync)
        {
            Needs = Permission.Read,
            Concerns = (context, query) => Concerning.DocumentAsync(context, Collection, query.Of(Id)),
            Parameters = [Id],
            Replies = [Reply.Json("alert", "The alert."), Reply.NotFound("There is no such alert.")],
        },
    ];

    private static Task ListAsync(HttpContext context, Query query)
    {
        DocumentQuery wanted = new(
            Collection,
            ScopePrefix: query.Of(Parameters.Area),
            State: query.Of(State),
            AtFromInMs: query.Of(Since),
            After: query.Of(Parameters.After),
            Limit: query.Of(Parameters.Limit));
        IStore store = ApiSources.Of(context).Store;
        return Paging.WriteDocumentsAsync(context, store, wanted, shown: row => AlertIncident.Fill(store, row));
    }

    private static async Task GetAsync(HttpContext context, Query query)
    {
        string id = query.Of(Id);
        IStore store = ApiSources.Of(context).Store;
        ReadOnlyMemory<byte>? found = await Task.Run(() => store.Get(Collection, id) is { } row ? AlertIncident.Fill(store, row) : (ReadOnlyMemory<byte>?)null);
        await (found is { } alert ? Answer.Json(context, alert) : Problem.NotFound(context, $"There is no alert {id}."));
    }
}
