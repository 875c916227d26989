using System.Buffers;
using System.Text;
using Microsoft.Extensions.Primitives;
using Streams.Domain.Readings;

namespace Streams.Node.Api.Intake;

/// <summary>The HTTP binding of CloudEvents 1.0 in binary mode: an attribute is a header <c>ce-NAME</c>, its value quoted and percent-encoded where need be.</summary>
internal static class CloudEventHeaders
{
    public const string Prefix = "ce-";

    /// <summary>True for an event in binary mode; another mode has a content type of CloudEvents' own.</summary>
    public static bool AreIn(HttpRequest request) =>
        request.ContentType?.TrimStart().StartsWith("application/cloudevents", StringComparison.OrdinalIgnoreCase) is not true
        && request.Headers.Keys.Any(name => name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase));

    /// <summary>Takes every attribute, and answers the headers of the same event on Kafka.</summary>
    public static List<KeyValuePair<string, string>> Take(IHeaderDictionary headers, ref CloudEventAttributes attributes)
    {
        List<KeyValuePair<string, string>> asKafka = [];
        if (headers.ContentType is [{ Length: > 0 } contentType, ..])
        {
            attributes.TakeContentType(Encoding.UTF8.GetBytes(contentType));
            asKafka.Add(KeyValuePair.Create("content-type", contentType));
        }

        foreach ((string header, StringValues values) in headers)
        {
            if (!header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            // Header names have no case.
            string name = header[Prefix.Length..].ToLowerInvariant();
            if (values.Count > 1)
            {
                attributes.Refuse(name, "is there twice");
            }

            byte[] value = Decode(values.ToString());
            attributes.Take(Encoding.UTF8.GetBytes(name), value);
            asKafka.Add(KeyValuePair.Create("ce_" + name, Encoding.UTF8.GetString(value)));
        }

        return asKafka;
    }

    private static byte[] Decode(string text)
    {
        bool isQuoted = text is ['"', .., '"'];
        ReadOnlySpan<byte> raw = Encoding.UTF8.GetBytes(isQuoted ? text[1..^1] : text);
        ArrayBufferWriter<byte> value = new(raw.Length + 1);
        for (int i = 0; i < raw.Length; i++)
        {
            byte next = raw[i];
            if (isQuoted && next == '\\' && i + 1 < raw.Length)
            {
                next = raw[++i];
            }
            else if (next == '%' && i + 2 < raw.Length && char.IsAsciiHexDigit((char)raw[i + 1]) && char.IsAsciiHexDigit((char)raw[i + 2]))
            {
                next = Convert.FromHexString(Encoding.ASCII.GetString(raw.Slice(i + 1, 2)))[0];
                i += 2;
            }

            value.Write([next]);
        }

        return value.WrittenSpan.ToArray();
    }
}
