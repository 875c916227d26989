using System.Diagnostics;
using System.Globalization;
using System.Text;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;

namespace Streams.Runtime.Telemetry;

/// <summary>
/// The record that something said goes back to: when the log got it, and the trace it is part of. It travels in two headers of what is said,
/// <c>streams-origin</c> (the time, RFC 3339) and <c>traceparent</c> (W3C Trace Context), and takes no part in any decision or id.
/// </summary>
/// <param name="TimestampInMs">The record's own timestamp; not above 0 where it has none.</param>
/// <param name="TraceParent">Null for a record that nobody traces.</param>
/// <param name="IsDecision">The record made its actor decide, and not only closed a window.</param>
public sealed record Origin(long TimestampInMs, string? TraceParent, bool IsDecision)
{
    private const int TraceParentLength = 55;

    internal static ReadOnlySpan<byte> NameUtf8 => "streams-origin"u8;

    internal static ReadOnlySpan<byte> TraceParentUtf8 => "traceparent"u8;

    /// <summary>CloudEvents' extension for the same, as a producer may have set it on the event; the plain header is of the message and goes before it.</summary>
    private static ReadOnlySpan<byte> EventTraceParentUtf8 => "ce_traceparent"u8;

    /// <summary>
    /// Where one thing said goes back to several records: a decision before what merely closed a window, then one that is traced, then the older one, whose wait
    /// was the longest.
    /// </summary>
    public static Origin? First(Origin? one, Origin? other)
    {
        if (one is null || other is null)
        {
            return one ?? other;
        }

        if (one.IsDecision != other.IsDecision)
        {
            return one.IsDecision ? one : other;
        }

        bool bothOrNone = one.TraceParent is null == other.TraceParent is null;
        return bothOrNone ? (other.TimestampInMs < one.TimestampInMs ? other : one) : (one.TraceParent is null ? other : one);
    }

    /// <param name="isInner">From an actor of this cluster, whose word for where it comes from is taken.</param>
    /// <param name="span">The span of its being applied; null leaves the trace as the record has it.</param>
    internal static Origin Of(in Record record, bool isInner, string? span, bool isDecision)
    {
        long timestampInMs = record.TimestampInMs;
        if (isInner && record.HasHeaders && record.TryGetHeader(NameUtf8, out ReadOnlySpan<byte> time) && TryReadTime(time, out long before))
        {
            timestampInMs = before;
        }

        return new Origin(timestampInMs, span ?? (TryGetTrace(record, out ActivityContext _, out string? trace) ? trace : null), isDecision);
    }

    /// <summary>What a record says of its trace; false where it says nothing that can be read.</summary>
    internal static bool TryGetTrace(in Record record, out ActivityContext context, out string? traceParent)
    {
        context = default;
        traceParent = null;
        return record.HasHeaders
            && (record.TryGetHeader(TraceParentUtf8, out ReadOnlySpan<byte> bytes) || record.TryGetHeader(EventTraceParentUtf8, out bytes))
            && bytes.Length == TraceParentLength
            && ActivityContext.TryParse(traceParent = Encoding.ASCII.GetString(bytes), null, isRemote: true, out context);
    }

    internal int HeaderCount => (TimestampInMs > 0 ? 1 : 0) + (TraceParent is null ? 0 : 1);

    internal void Write(System.Buffers.IBufferWriter<byte> headers)
    {
        if (TimestampInMs > 0)
        {
            Span<byte> time = stackalloc byte[32];
            HeaderBlock.Add(headers, NameUtf8, CloudEvents.WriteTime(TimestampInMs, time));
        }

        if (TraceParent is not null)
        {
            HeaderBlock.Add(headers, TraceParentUtf8, Encoding.ASCII.GetBytes(TraceParent));
        }
    }

    /// <summary>From the headers of what was said; null where they hold none.</summary>
    internal static Origin? Read(ReadOnlySpan<byte> headers)
    {
        long timestampInMs = 0;
        string? trace = null;
        for (HeaderBlock.Reader reader = HeaderBlock.Read(headers); reader.Next(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value);)
        {
            if (name.SequenceEqual(NameUtf8))
            {
                TryReadTime(value, out timestampInMs);
            }
            else if (name.SequenceEqual(TraceParentUtf8))
            {
                trace = Encoding.ASCII.GetString(value);
            }
        }

        return trace is null && timestampInMs == 0 ? null : new Origin(timestampInMs, trace, IsDecision: true);
    }

    private static bool TryReadTime(ReadOnlySpan<byte> text, out long timeInMs)
    {
        bool isTime = DateTimeOffset.TryParseExact(
            Encoding.ASCII.GetString(text), "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time);
        timeInMs = isTime ? time.ToUnixTimeMilliseconds() : 0;
        return isTime;
    }
}
