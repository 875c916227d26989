using System.Text;
using System.Text.Json;

namespace Streams.Domain.Readings;

/// <summary>Readings inside CloudEvents 1.0: binary mode (attributes in the headers) and structured mode (one JSON object).</summary>
internal static class CloudEventParser
{
    internal static Refusal? ParseBinary(ReadOnlySpan<byte> value, in CloudEventAttributes attributes, long nowInMs, Reading into) =>
        attributes.Check() is { } refusal ? refusal
        : value.IsEmpty ? new Refusal(RefusalReasons.Missing, "data", "The CloudEvent has no data; the reading belongs there.")
        : ParseData(value, in attributes, nowInMs, into);

    internal static Refusal? ParseStructured(ReadOnlySpan<byte> value, long nowInMs, Reading into)
    {
        into.Clear();
        string member = "";
        try
        {
            return ParseEnvelope(value, nowInMs, into, ref member);
        }
        catch (JsonException e)
        {
            return new Refusal(
                RefusalReasons.MalformedJson, "", $"The CloudEvent is not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.");
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair is valid JSON by its grammar, but no text.
            return new Refusal(RefusalReasons.InvalidCloudEvent, member, "The CloudEvent holds a string that is no text.");
        }
    }

    private static Refusal? ParseEnvelope(ReadOnlySpan<byte> value, long nowInMs, Reading into, ref string member)
    {
        var reader = new Utf8JsonReader(value);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return new Refusal(RefusalReasons.WrongType, "", "A structured CloudEvent is a JSON object.");
        }

        var attributes = new CloudEventAttributes("");
        HashSet<string> seen = [];
        ReadOnlySpan<byte> data = default;
        bool hasData = false;
        bool hasBase64 = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            member = reader.GetString()!;
            reader.Read();
            if (!seen.Add(member))
            {
                attributes.Refuse(member, "is there twice");
            }

            if (member == "data")
            {
                int start = (int)reader.TokenStartIndex;
                reader.Skip();
                data = value[start..(int)reader.BytesConsumed];
                hasData = true;
            }
            else if (member == "data_base64")
            {
                // null says that it was not sent, as with every member but data itself.
                if (reader.TokenType != JsonTokenType.Null)
                {
                    hasBase64 = true;
                    if (reader.TokenType == JsonTokenType.String && reader.TryGetBytesFromBase64(out byte[]? decoded))
                    {
                        data = decoded;
                    }
                    else
                    {
                        attributes.Refuse(member, "is no base64");
                    }
                }

                reader.Skip();
            }
            else
            {
                TakeAttribute(ref attributes, member, ref reader);
            }
        }

        // Past the closing brace only white space may follow; Read() throws on anything else.
        reader.Read();
        if (hasData && hasBase64)
        {
            attributes.Refuse("data_base64", "stands beside 'data'; an event has one of them");
        }

        if (attributes.Check() is { } refusal)
        {
            return refusal;
        }

        return hasData || hasBase64
            ? ParseData(data, in attributes, nowInMs, into)
            : new Refusal(RefusalReasons.Missing, "data", "The CloudEvent has no data; the reading belongs there.");
    }

    private static void TakeAttribute(ref CloudEventAttributes attributes, string member, ref Utf8JsonReader reader)
    {
        byte[] name = Encoding.UTF8.GetBytes(member);
        if (CloudEventAttributes.WrongName(name) is { } wrong)
        {
            attributes.Refuse(member, wrong);
            reader.Skip();
            return;
        }

        bool isOfStandard = member is "specversion" or "id" or "source" or "type" or "subject" or "time" or "datacontenttype" or "dataschema";
        switch (reader.TokenType)
        {
            case JsonTokenType.Null:
                break;
            case JsonTokenType.String:
                attributes.Take(name, reader.ValueIsEscaped ? Encoding.UTF8.GetBytes(reader.GetString()!) : reader.ValueSpan);
                break;
            case JsonTokenType.True or JsonTokenType.False when !isOfStandard:
                break;
            case JsonTokenType.Number when !isOfStandard && reader.TryGetInt32(out _):
                break;
            default:
                attributes.Refuse(member, isOfStandard ? "is a string" : "is neither a string nor a boolean nor a whole number of 32 bits");
                reader.Skip();
                break;
        }
    }

    private static Refusal? ParseData(ReadOnlySpan<byte> data, in CloudEventAttributes attributes, long nowInMs, Reading into)
    {
        ReadOnlySpan<byte> media = ContentForms.MediaType(attributes.ContentType);
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
}
