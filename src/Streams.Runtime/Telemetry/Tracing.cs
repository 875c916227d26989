using System.Diagnostics;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Telemetry;

/// <summary>
/// The spans of a traced record: applied to its actor, committed, published; and the same again at the actor that was told of it. Each is made when it is
/// over, so nothing is open while an actor works, and whoever is not traced pays for a look at a flag.
/// </summary>
/// <remarks>Committing and publishing are children of the application that decided, as is the application of what was said: a header is in the store before it is sent.</remarks>
public static class Tracing
{
    /// <summary>Name of the source, for listeners.</summary>
    public const string Name = "Streams.Runtime";

    private static readonly ActivitySource s_source = new(Name);

    /// <summary>Somebody listens.</summary>
    internal static bool IsOn => s_source.HasListeners();

    /// <summary>One in so many offsets, picked by the offset alone: a record that is read again is traced again.</summary>
    /// <param name="share">0 to 1.</param>
    internal static bool IsPicked(long offset, double share) =>
        share > 0 && (uint)(((ulong)offset * 0x9E3779B97F4A7C15) >> 32) < share * uint.MaxValue;

    /// <summary>A record has had its effect on an actor. Answers the span's id as <c>traceparent</c>; null where nobody records it.</summary>
    /// <param name="parent">None begins a trace.</param>
    internal static string? Applied(
        in ActivityContext parent, DateTimeOffset startedAt, InboxPartition inbox, long offset, string kind, string key, string outcome)
    {
        using Activity? span = Start(ActivityKind.Consumer, parent, startedAt, "apply " + inbox.Topic);
        span?.SetTag("messaging.system", "kafka")
            .SetTag("messaging.operation.type", "process")
            .SetTag("messaging.destination.name", inbox.Topic)
            .SetTag("messaging.destination.partition.id", inbox.Partition)
            .SetTag("messaging.kafka.offset", offset)
            .SetTag("streams.actor.kind", kind)
            .SetTag("streams.actor.key", key)
            .SetTag("streams.outcome", outcome);
        return span is { Recorded: true } ? span.Id : null;
    }

    /// <summary>What was decided is in the store.</summary>
    /// <param name="decidedAt">When it was handed over to be written.</param>
    internal static void Committed(string traceParent, DateTimeOffset decidedAt, InboxPartition inbox, int actors)
    {
        using Activity? span = Start(ActivityKind.Internal, traceParent, decidedAt, "commit");
        span?.SetTag("streams.shard", inbox.ToString()).SetTag("streams.actors", actors);
    }

    /// <summary>What was decided is in the log.</summary>
    internal static void Published(string traceParent, DateTimeOffset sentAt, string topic, int partition, Lane lane)
    {
        using Activity? span = Start(ActivityKind.Producer, traceParent, sentAt, "publish " + topic);
        span?.SetTag("messaging.system", "kafka")
            .SetTag("messaging.operation.type", "send")
            .SetTag("messaging.destination.name", topic)
            .SetTag("messaging.destination.partition.id", partition)
            .SetTag("streams.lane", lane.ToString());
    }

    private static Activity? Start(ActivityKind kind, string traceParent, DateTimeOffset startedAt, string name) =>
        ActivityContext.TryParse(traceParent, null, out ActivityContext parent) && parent.TraceFlags.HasFlag(ActivityTraceFlags.Recorded)
            ? Start(kind, parent, startedAt, name)
            : null;

    private static Activity? Start(ActivityKind kind, in ActivityContext parent, DateTimeOffset startedAt, string name) =>
        s_source.StartActivity(kind, parent, startTime: startedAt, name: name);
}
