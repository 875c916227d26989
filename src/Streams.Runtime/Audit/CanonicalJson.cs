using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Streams.Runtime.Audit;

/// <summary>
/// JSON as RFC 8785 has it, for what audit entries are made of: members in the order of their names' UTF-16 units, no white space, only what must be
/// escaped is. Numbers are whole. Whoever writes the same document so gets the same bytes.
/// </summary>
public static class CanonicalJson
{
    /// <param name="without">A member of the outermost object that is left out; null for none.</param>
    /// <exception cref="JsonException">A number is not whole.</exception>
    public static byte[] Write(JsonElement document, string? without = null)
    {
        ArrayBufferWriter<byte> bytes = new(512);
        Write(bytes, document, without);
        return bytes.WrittenSpan.ToArray();
    }

    private static void Write(ArrayBufferWriter<byte> bytes, JsonElement value, string? without)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                bytes.Write("{"u8);
                bool isFirst = true;
                foreach (JsonProperty member in value.EnumerateObject().Where(each => each.Name != without).OrderBy(each => each.Name, StringComparer.Ordinal))
                {
                    bytes.Write(isFirst ? ""u8 : ","u8);
                    isFirst = false;
                    WriteText(bytes, member.Name);
                    bytes.Write(":"u8);
                    Write(bytes, member.Value, null);
                }

                bytes.Write("}"u8);
                break;
            case JsonValueKind.Array:
                bytes.Write("["u8);
                foreach ((int index, JsonElement item) in value.EnumerateArray().Index())
                {
                    bytes.Write(index == 0 ? ""u8 : ","u8);
                    Write(bytes, item, null);
                }

                bytes.Write("]"u8);
                break;
            case JsonValueKind.String:
                WriteText(bytes, value.GetString()!);
                break;
            case JsonValueKind.Number when !value.TryGetInt64(out _):
                throw new JsonException($"{value.GetRawText()} is not a whole number, and an audit entry has no others.");
            default:
                bytes.Write(Encoding.UTF8.GetBytes(value.GetRawText()));
                break;
        }
    }

    private static void WriteText(ArrayBufferWriter<byte> bytes, string text)
    {
        StringBuilder escaped = new(text.Length + 2);
        escaped.Append('"');
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' => escaped.Append("\\\""),
                '\\' => escaped.Append("\\\\"),
                '\b' => escaped.Append("\\b"),
                '\t' => escaped.Append("\\t"),
                '\n' => escaped.Append("\\n"),
                '\f' => escaped.Append("\\f"),
                '\r' => escaped.Append("\\r"),
                < ' ' => escaped.Append("\\u00").Append(((int)c).ToString("x2", System.Globalization.CultureInfo.InvariantCulture)),
                _ => escaped.Append(c),
            };
        }

        bytes.Write(Encoding.UTF8.GetBytes(escaped.Append('"').ToString()));
    }
}
