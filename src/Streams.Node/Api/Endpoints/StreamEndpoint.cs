using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.Timeouts;
using Streams.Domain.Alerts;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Node.Feeds;
using Streams.Node.Feeds.Live;
using Streams.Runtime.Log;

namespace Streams.Node.Api.Endpoints;

/// <summary><c>GET /feeds/stream</c>: alerts as server-sent events, to be resumed on any node with <c>Last-Event-ID</c>.</summary>
internal static class StreamEndpoint
{
    private const string LastEventIdHeader = "Last-Event-ID";

    private static readonly Parameter<string?> Severity = Parameter.Choice(
        "severity", "Only those that are at least so grave; one that falls below is told of once more.", nameof(AlertSeverity.Minor), nameof(AlertSeverity.Moderate), nameof(AlertSeverity.Severe), nameof(AlertSeverity.Extreme));

    private static readonly Parameter<string?> Format = Parameter.Choice("format", "json: the alert as city.alerts has it; cap: its CAP document.", "json", "cap");

    private static readonly Parameter<string?> Standing = Parameter.Choice("standing", "true: begins with what stands.", "true", "false");

    private static readonly Parameter<FeedPosition?> LastEventId = new(
        "lastEventId", "As the header Last-Event-ID: goes on behind this event, on whichever node.", "the id of an event of this stream, unchanged",
        new JsonObject { ["type"] = "string", ["maxLength"] = FeedPosition.LongestText, ["pattern"] = "^[0-9a-f]{12}-[0-9]+(\\.[0-9]+)*$" }, "0a1b2c3d4e5f-17.0.204.3", FeedPosition.Parse, null, FeedPosition.LongestText);

    public static IReadOnlyList<Operation> Operations(AlertFeeds feeds) =>
    [
        new("followAlerts", HttpMethods.Get, "/feeds/stream", "Alerts as they are said, as server-sent events.", FollowAsync)
        {
            Needs = feeds.IsPublic ? null : Permission.Read,
            Concerns = (_, query) => Task.FromResult(query.Of(Parameters.Area)),
            Details = "`alert` events have an id; come back with it, and nothing is left out or told twice. `reset` says that this is not possible (the id is of another log, or too old): all that stands follows, without ids, and then what is new. "
                + "`cut` ends the stream with a reason, such as being more than 1,000 events behind. A comment every 15 s shows that the connection lives.",
            Parameters = [FeedEndpoints.Status, Parameters.Area, Severity, Format, Standing, LastEventId],
            Replies = [new(StatusCodes.Status200OK, "The stream; it does not end.", null, EventStream.ContentType)],
        },
    ];

    private static async Task FollowAsync(HttpContext context, Query query)
    {
        if (await FeedReader.OfAsync(context) is not { } reader)
        {
            return;
        }

        FeedPosition? from = query.Of(LastEventId);
        string given = context.Request.Headers[LastEventIdHeader].ToString();
        string? reset = null;
        if (given.Length > 0)
        {
            // What a browser kept from before is no reason to refuse it for good.
            from = FeedPosition.Parse(given);
            reset = from is null ? "the id is none of this stream's" : null;
        }

        AlertFeeds feeds = ApiSources.Of(context).Feeds;
        using IDisposable? place = feeds.Live?.TryEnter(feeds.Settings.MaxStreams);
        if (feeds.Live is not { } live || place is null)
        {
            context.Response.Headers.RetryAfter = "5";
            await Problem.Write(
                context, StatusCodes.Status503ServiceUnavailable, "stream-unavailable",
                feeds.Live is null || feeds.Live.Stopping.IsCancellationRequested ? "This node has no event stream at present; ask another." : $"This node serves {feeds.Settings.MaxStreams} streams, as many as it may (feeds.maxStreams). Ask another, or try again.");
            return;
        }

        AlertFilter filter = new(query.Of(FeedEndpoints.Status) ?? nameof(AlertStatus.Actual), query.Of(Parameters.Area), query.Of(Severity) is { } least ? Enum.Parse<AlertSeverity>(least) : null);
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, live.Stopping);
        FeedStart start;
        try
        {
            start = await live.BeginAsync(from, end.Token);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            context.Response.Headers.RetryAfter = "1";
            await Problem.Write(context, StatusCodes.Status503ServiceUnavailable, "stream-unavailable", "The node stops; ask another.");
            return;
        }
        catch (LogFailedException away)
        {
            context.Response.Headers.RetryAfter = "5";
            await Problem.Write(context, StatusCodes.Status503ServiceUnavailable, "log-unavailable", $"Kafka can not be read now: {away.Message}. Try again.");
            return;
        }

        // A stream is to last; the bound on requests is for those that are to end.
        context.Features.Get<IHttpRequestTimeoutFeature>()?.DisableTimeout();
        context.Response.ContentType = EventStream.ContentType;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["X-Accel-Buffering"] = "no";
        if (HttpMethods.IsHead(context.Request.Method))
        {
            return;
        }

        using EventStream stream = new(context.Response.BodyWriter, ApiSources.Of(context), reader, filter, inCap: query.Of(Format) == "cap");
        await stream.RunAsync(live, start, reset, query.Of(Standing) == "true" && from is null, context.RequestAborted);
    }
}
