using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Runtime.Storage;

namespace Streams.Node.Api.Endpoints;

/// <summary><c>GET /metrics</c>: the node's figures in the Prometheus text format, or as OpenMetrics for who prefers that.</summary>
internal static class MetricsEndpoint
{
    public static IReadOnlyList<Operation> Operations { get; } =
    [
        new("getMetrics", HttpMethods.Get, "/metrics", "The node's figures in the Prometheus text format.", GetAsync)
        {
            Needs = null,
            Details = "Each with its meaning: \"Figures and logs\" in the operator's manual.",
            Replies = [new(StatusCodes.Status200OK, "The figures.", null, "text/plain"), Reply.NotFound("This server has no figures.")],
        },
    ];

    private static async Task GetAsync(HttpContext context, Query query)
    {
        ApiSources sources = ApiSources.Of(context);
        if (sources.Telemetry is not { } telemetry)
        {
            await Problem.Write(context, StatusCodes.Status404NotFound, "not-found", "This server has no figures; ask a node.");
            return;
        }

        try
        {
            // So that the first answer has them too.
            await sources.Counts.GetAsync();
        }
        catch (StoreUnavailableException)
        {
            // The other figures matter most just when the store is away; streams_health says that it is.
        }

        await telemetry.ScrapeAsync(context);
    }
}
