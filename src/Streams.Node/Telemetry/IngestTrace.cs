using System.Diagnostics;
using Streams.Node.Api;

namespace Streams.Node.Telemetry;

/// <summary>
/// The first span of readings that come over HTTP: from the request to Kafka's word that it has them. Their records carry its context, or, where nobody
/// records it, the caller's as it came.
/// </summary>
internal static class IngestTrace
{
    /// <summary>Name of the source, for listeners.</summary>
    public const string Name = "Streams.Node";

    /// <summary>Readings of one request that are traced: a request may hold ten thousand, and a hundred tell as much.</summary>
    private const int MostReadings = 100;

    private const string Header = "traceparent";

    private static readonly ActivitySource s_source = new(Name);

    /// <summary>Null where the request is not traced.</summary>
    /// <param name="share">Of the requests that bring no trace themselves.</param>
    public static Activity? Begin(HttpRequest request, double share)
    {
        if (!s_source.HasListeners())
        {
            return null;
        }

        bool isGiven = TryRead(request, out ActivityContext caller, out _);
        if (isGiven ? !caller.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) : Random.Shared.NextDouble() >= share)
        {
            return null;
        }

        // The server's own, which nobody exports, would be taken for its parent.
        Activity.Current = null;
        return s_source.StartActivity("POST /api/v1/readings", ActivityKind.Server, isGiven ? caller : default)
            ?.SetTag("http.request.method", "POST").SetTag("http.route", "/api/v1/readings");
    }

    /// <summary>The records, with the trace on the first of them.</summary>
    public static IReadOnlyList<PublishedRecord> Mark(IReadOnlyList<PublishedRecord> records, HttpRequest request, Activity? span)
    {
        span?.SetTag("streams.readings", records.Count);
        string? trace = span is { Recorded: true } ? span.Id : TryRead(request, out _, out string? given) ? given : null;
        return trace is null
            ? records
            : [.. records.Select((record, i) => i < MostReadings ? record with { Headers = [.. record.Headers, KeyValuePair.Create(Header, trace)] } : record)];
    }

    private static bool TryRead(HttpRequest request, out ActivityContext context, out string? given)
    {
        given = request.Headers.TraceParent is [{ } one] ? one : null;
        context = default;
        return given is not null && ActivityContext.TryParse(given, null, isRemote: true, out context);
    }
}
