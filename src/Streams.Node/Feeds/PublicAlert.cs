using System.Buffers;
using System.Collections.Frozen;
using System.Text.Json;
using Streams.Node.Api;

namespace Streams.Node.Feeds;

/// <summary>An alert as those see it who may not read what is not public: all of it but who of the staff did what.</summary>
internal static class PublicAlert
{
    private static readonly FrozenSet<string> s_staff = FrozenSet.ToFrozenSet(["issuedBy", "acknowledgedBy", "acknowledgedNote", "cancelledBy"]);

    /// <param name="alert">UTF-8 JSON; given back as it is where nobody is named in it.</param>
    public static ReadOnlyMemory<byte> Of(ReadOnlyMemory<byte> alert)
    {
        using JsonDocument document = JsonDocument.Parse(alert);
        return document.RootElement.EnumerateObject().Any(member => s_staff.Contains(member.Name)) ? Of(document.RootElement) : alert;
    }

    public static byte[] Of(JsonElement alert)
    {
        ArrayBufferWriter<byte> body = new(4096);
        using (Utf8JsonWriter json = new(body, Answer.Options))
        {
            json.WriteStartObject();
            foreach (JsonProperty member in alert.EnumerateObject().Where(member => !s_staff.Contains(member.Name)))
            {
                member.WriteTo(json);
            }

            json.WriteEndObject();
        }

        return body.WrittenSpan.ToArray();
    }
}
