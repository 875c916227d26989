using System.Text;

namespace Streams.Runtime.Shards;

/// <summary>CloudEvents 1.0 attributes as Kafka headers (binary content mode).</summary>
public static class CloudEvents
{
    /// <summary>Adds the attributes every outgoing record has. Call before any other header.</summary>
    /// <param name="id">The same for the same decision, however often it is published.</param>
    /// <param name="contentType">Null leaves it to what is copied from elsewhere.</param>
    public static void CloudEvent(
        this IOutgoing record, string id, string source, string type, string subject, long timeInMs, string? contentType = "application/json") =>
        CloudEvent(
            record, Encoding.UTF8.GetBytes(id), Encoding.UTF8.GetBytes(source), Encoding.UTF8.GetBytes(type), Encoding.UTF8.GetBytes(subject), timeInMs,
            contentType is null ? default : Encoding.UTF8.GetBytes(contentType));

    /// <summary>As the other one, from bytes, for what is published by the hundred thousand.</summary>
    public static void CloudEvent(
        this IOutgoing record, ReadOnlySpan<byte> id, ReadOnlySpan<byte> source, ReadOnlySpan<byte> type, ReadOnlySpan<byte> subject, long timeInMs,
        ReadOnlySpan<byte> contentType)
    {
        record.Header("ce_specversion"u8, "1.0"u8);
        record.Header("ce_id"u8, id);
        record.Header("ce_source"u8, source);
        record.Header("ce_type"u8, type);
        if (!subject.IsEmpty)
        {
            record.Header("ce_subject"u8, subject);
        }

        Span<byte> time = stackalloc byte[32];
        record.Header("ce_time"u8, WriteTime(timeInMs, time));
        if (!contentType.IsEmpty)
        {
            record.Header("content-type"u8, contentType);
        }
    }

    /// <summary>RFC 3339 in UTC with milliseconds.</summary>
    public static string FormatTime(long timeInMs)
    {
        Span<byte> buffer = stackalloc byte[32];
        return Encoding.ASCII.GetString(WriteTime(timeInMs, buffer));
    }

    /// <summary>RFC 3339 in UTC with milliseconds, as bytes into <paramref name="to"/> (at least 24).</summary>
    public static ReadOnlySpan<byte> WriteTime(long timeInMs, Span<byte> to)
    {
        DateTime time = DateTimeOffset.FromUnixTimeMilliseconds(timeInMs).UtcDateTime;
        Put(to, 0, time.Year, 4);
        to[4] = (byte)'-';
        Put(to, 5, time.Month, 2);
        to[7] = (byte)'-';
        Put(to, 8, time.Day, 2);
        to[10] = (byte)'T';
        Put(to, 11, time.Hour, 2);
        to[13] = (byte)':';
        Put(to, 14, time.Minute, 2);
        to[16] = (byte)':';
        Put(to, 17, time.Second, 2);
        to[19] = (byte)'.';
        Put(to, 20, time.Millisecond, 3);
        to[23] = (byte)'Z';
        return to[..24];
    }

    private static void Put(Span<byte> to, int at, int number, int digits)
    {
        for (int i = at + digits - 1; i >= at; i--)
        {
            to[i] = (byte)('0' + (number % 10));
            number /= 10;
        }
    }
}
