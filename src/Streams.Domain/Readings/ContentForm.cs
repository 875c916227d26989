using System.Text;

namespace Streams.Domain.Readings;

/// <summary>How a record's value is to be read.</summary>
public enum ContentForm : byte
{
    /// <summary>
    /// A reading as plain JSON. Nothing was said about the content: an array is taken as SenML, and an object without a device
    /// that has CloudEvents' <c>specversion</c> as a structured CloudEvent.
    /// </summary>
    Json,

    /// <summary>The headers are a CloudEvent, the value is its data.</summary>
    CloudEventBinary,

    /// <summary><c>application/cloudevents+json</c>: the reading is in <c>data</c>.</summary>
    CloudEventStructured,

    /// <summary><c>application/senml+json</c>, RFC 8428.</summary>
    SenMl,

    /// <summary>A content type nobody here reads; parsing refuses it.</summary>
    Unsupported,
}

public static class ContentForms
{
    private static ReadOnlySpan<byte> CloudEventsMedia => "application/cloudevents"u8;

    /// <param name="contentType">The content-type header, parameters included; empty where there is none.</param>
    /// <param name="isCloudEvent">Whether there are headers of a CloudEvent in binary mode.</param>
    public static ContentForm Of(ReadOnlySpan<byte> contentType, bool isCloudEvent)
    {
        ReadOnlySpan<byte> media = MediaType(contentType);
        if (Ascii.EqualsIgnoreCase(media, "application/cloudevents+json"u8))
        {
            return ContentForm.CloudEventStructured;
        }

        // Other formats, and batches, which Kafka does not have: whatever begins so is not binary.
        if (media.Length >= CloudEventsMedia.Length && Ascii.EqualsIgnoreCase(media[..CloudEventsMedia.Length], CloudEventsMedia))
        {
            return ContentForm.Unsupported;
        }

        if (isCloudEvent)
        {
            return ContentForm.CloudEventBinary;
        }

        if (media.IsEmpty || IsJson(media))
        {
            return ContentForm.Json;
        }

        return IsSenMl(media) ? ContentForm.SenMl : ContentForm.Unsupported;
    }

    internal static bool IsSenMl(ReadOnlySpan<byte> media) => Ascii.EqualsIgnoreCase(media, "application/senml+json"u8);

    internal static bool IsJson(ReadOnlySpan<byte> media) =>
        Ascii.EqualsIgnoreCase(media, "application/json"u8) || Ascii.EqualsIgnoreCase(media, "text/json"u8)
        || (!IsSenMl(media) && media.Length > 5 && Ascii.EqualsIgnoreCase(media[^5..], "+json"u8));

    internal static ReadOnlySpan<byte> MediaType(ReadOnlySpan<byte> contentType)
    {
        int end = contentType.IndexOf((byte)';');
        return (end < 0 ? contentType : contentType[..end]).Trim(" \t"u8);
    }
}
