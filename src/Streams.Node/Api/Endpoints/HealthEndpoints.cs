using Streams.Node.Api.Description;

namespace Streams.Node.Api.Endpoints;

/// <summary>
/// <c>/health/live</c>: the process can go on (a supervisor restarts it otherwise). <c>/health/ready</c>: it does its work (a load
/// balancer passes it by otherwise). 200 or 503; either way all parts are told.
/// </summary>
internal static class HealthEndpoints
{
    public static IReadOnlyList<Operation> Operations { get; } =
    [
        new("getLive", HttpMethods.Get, "/health/live", "Whether the process can go on.", (context, _) => WriteAsync(context, part => part.IsWell || !part.Fatal))
        {
            Needs = null,
            Details = "A supervisor starts it anew otherwise.",
            Replies = [Reply.Json("health", "It can."), Reply.Json("health", "It can not.", StatusCodes.Status503ServiceUnavailable)],
        },
        new("getReady", HttpMethods.Get, "/health/ready", "Whether the node does its work.", (context, _) => WriteAsync(context, part => part.IsWell))
        {
            Needs = null,
            Details = "A load balancer passes it by otherwise.",
            Replies = [Reply.Json("health", "It does."), Reply.Json("health", "It does not.", StatusCodes.Status503ServiceUnavailable)],
        },
    ];

    private static Task WriteAsync(HttpContext context, Func<HealthPart, bool> isFine)
    {
        IReadOnlyList<HealthPart> parts = ApiSources.Of(context).Node.Health();
        bool allFine = parts.All(isFine);
        return Answer.Json(
            context,
            json =>
            {
                json.WriteStartObject();
                json.WriteString("status", allFine ? "ok" : "failing");
                json.WriteStartArray("parts");
                foreach (HealthPart part in parts)
                {
                    json.WriteStartObject();
                    json.WriteString("name", part.Name);
                    json.WriteString("status", part.IsWell ? "ok" : "failing");
                    if (part.Detail.Length > 0)
                    {
                        json.WriteString("detail", part.Detail);
                    }

                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
            },
            allFine ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}
