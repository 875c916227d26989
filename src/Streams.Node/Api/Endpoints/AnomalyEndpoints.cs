using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary><c>GET /api/v1/anomalies?device=&amp;area=&amp;state=&amp;from=&amp;to=</c>, newest first, by event time.</summary>
internal static class AnomalyEndpoints
{
    public const string Collection = "anomalies";

    private static readonly Parameter<string?> Device = Parameters.DeviceId("device", "Only this device's.");
    private static readonly Parameter<string?> State = Parameter.Choice("state", "Only those that are so now.", "raised", "cleared");
    private static readonly Parameter<long?> From = Parameters.Time("from", "Only those that began at or after this event time.");
    private static readonly Parameter<long?> To = Parameters.Time("to", "Only those that began before this event time.") with { Begin = From };

    public static IReadOnlyList<Operation> Operations { get; } =
    [
        new("listAnomalies", HttpMethods.Get, "/api/v1/anomalies", "Anomalies, newest first.", ListAsync)
        {
            Needs = Permission.Read,
            Concerns = (_, query) => Task.FromResult(query.Of(Parameters.Area)),
            Parameters = [Parameters.Area, Device, State, From, To, Parameters.After, Parameters.Limit],
            Replies = [Reply.Page("anomaly", "A page of anomalies, each as it was last said.")],
        },
    ];

    private static Task ListAsync(HttpContext context, Query query)
    {
        DocumentQuery wanted = new(
            Collection,
            ScopePrefix: query.Of(Parameters.Area),
            Category: query.Of(Device),
            State: query.Of(State),
            AtFromInMs: query.Of(From),
            AtToInMs: query.Of(To),
            After: query.Of(Parameters.After),
            Limit: query.Of(Parameters.Limit));
        return Paging.WriteDocumentsAsync(context, ApiSources.Of(context).Store, wanted);
    }
}
