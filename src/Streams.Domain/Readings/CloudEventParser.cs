using System.Text.Json;

namespace Streams.Domain.Readings;

/// <summary>Readings inside CloudEvents 1.0: binary mode (attributes in the headers) and structured mode (one JSON object).</summary>
internal static class CloudEventParser
{
    internal static Refusal? ParseBinary(ReadOnlySpan<byte> value, in CloudEventAttributes attributes, long nowInMs, Reading into)
    {
        if (CheckAttributes(in attributes, "ce_") is { } refusal)
        {
            return refusal;
        }

        ReadOnlySpan<byte> media = ContentForms.MediaType(attributes.ContentType);
        return media.IsEmpty || ContentForms.IsJson(media)
            ? ReadingParser.ParsePlain(value, in attributes, nowInMs, into)
            : ParseOther(value, media, nowInMs, into);
    }

    internal static Refusal? ParseStructured(ReadOnlySpan<byte> value, long nowInMs, Reading into)
    {
        into.Clear();
        try
        {
            return ParseEnvelope(value, nowInMs, into);
        }
        catch (JsonException e)
        {
            return new Refusal(
                RefusalReasons.MalformedJson, "", $"The CloudEvent is not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.");
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            // An attribute that is no valid text, or data_base64 that is no base64.
            return new Refusal(RefusalReasons.InvalidCloudEvent, "data", "The CloudEvent holds text or base64 that can not be decoded.");
        }
    }

    private static Refusal? ParseEnvelope(ReadOnlySpan<byte> value, long nowInMs, Reading into)
    {
        var reader = new Utf8JsonReader(value);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return new Refusal(RefusalReasons.WrongType, "", "A structured CloudEvent is a JSON object.");
        }

        ReadOnlySpan<byte> specVersion = default;
        ReadOnlySpan<byte> id = default;
        ReadOnlySpan<byte> source = default;
        ReadOnlySpan<byte> type = default;
        ReadOnlySpan<byte> subject = default;
        ReadOnlySpan<byte> time = default;
        ReadOnlySpan<byte> contentType = default;
        ReadOnlySpan<byte> data = default;
        bool hasData = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            switch (name)
            {
                case "data" or "data_base64" when hasData:
                    return new Refusal(RefusalReasons.Duplicate, name, "A CloudEvent has data once.");
                case "data":
                    int start = (int)reader.TokenStartIndex;
                    reader.Skip();
                    data = value[start..(int)reader.BytesConsumed];
                    hasData = true;
                    continue;
                case "data_base64" when reader.TokenType == JsonTokenType.String:
                    data = reader.GetBytesFromBase64();
                    hasData = true;
                    continue;
                case "specversion" or "id" or "source" or "type" or "subject" or "time" or "datacontenttype":
                    if (reader.TokenType == JsonTokenType.Null)
                    {
                        continue;
                    }

                    if (reader.TokenType != JsonTokenType.String)
                    {
                        return new Refusal(RefusalReasons.WrongType, name, $"The CloudEvent's '{name}' is a string.");
                    }

                    break;
                default:
                    reader.Skip();
                    continue;
            }

            ReadOnlySpan<byte> text = reader.ValueIsEscaped ? System.Text.Encoding.UTF8.GetBytes(reader.GetString()!) : reader.ValueSpan;
            switch (name)
            {
                case "specversion": specVersion = text; break;
                case "id": id = text; break;
                case "source": source = text; break;
                case "type": type = text; break;
                case "subject": subject = text; break;
                case "time": time = text; break;
                default: contentType = text; break;
            }
        }

        reader.Read();
        var attributes = new CloudEventAttributes
        {
            SpecVersion = specVersion, Id = id, Source = source, Type = type, Subject = subject, Time = time, ContentType = contentType,
        };
        if (CheckAttributes(in attributes, "") is { } refusal)
        {
            return refusal;
        }

        if (!hasData)
        {
            return new Refusal(RefusalReasons.Missing, "data", "The CloudEvent has no data; the reading belongs there.");
        }

        ReadOnlySpan<byte> media = ContentForms.MediaType(contentType);
        return media.IsEmpty || ContentForms.IsJson(media)
            ? ReadingParser.ParsePlain(data, in attributes, nowInMs, into)
            : ParseOther(data, media, nowInMs, into);
    }

    private static Refusal? ParseOther(ReadOnlySpan<byte> data, ReadOnlySpan<byte> media, long nowInMs, Reading into) =>
        ContentForms.IsSenMl(media)
            ? SenMlParser.Parse(data, nowInMs, into)
            : new Refusal(
                RefusalReasons.UnsupportedContent, "datacontenttype",
                "The data of a reading's CloudEvent is application/json or application/senml+json.");

    private static Refusal? CheckAttributes(in CloudEventAttributes attributes, string prefix)
    {
        if (!attributes.SpecVersion.SequenceEqual("1.0"u8))
        {
            return new Refusal(RefusalReasons.InvalidCloudEvent, prefix + "specversion", "CloudEvents of specversion 1.0 are taken.");
        }

        string? missing = attributes.Id.IsEmpty ? "id" : attributes.Source.IsEmpty ? "source" : attributes.Type.IsEmpty ? "type" : null;
        return missing is null
            ? null
            : new Refusal(RefusalReasons.InvalidCloudEvent, prefix + missing, $"A CloudEvent needs a non-empty '{missing}'.");
    }
}
