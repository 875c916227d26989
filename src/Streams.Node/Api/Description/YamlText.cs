using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Streams.Node.Api.Description;

/// <summary>JSON as YAML in block style. Every string is quoted as JSON quotes it, which YAML reads alike; so are keys that YAML could take for something else.</summary>
internal static class YamlText
{
    public static byte[] Write(JsonObject document)
    {
        StringBuilder text = new();
        Write(text, document, 0);
        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static void Write(StringBuilder text, JsonObject members, int indent)
    {
        foreach ((string key, JsonNode? value) in members)
        {
            text.Append(' ', indent).Append(IsPlain(key) ? key : JsonSerializer.Serialize(key, Answer.SerializerOptions)).Append(':');
            WriteValue(text, value, indent + 2);
        }
    }

    private static void WriteValue(StringBuilder text, JsonNode? value, int indent)
    {
        switch (value)
        {
            case JsonObject { Count: > 0 } members:
                text.Append('\n');
                Write(text, members, indent);
                break;
            case JsonArray { Count: > 0 } items when items.Any(each => each is JsonObject or JsonArray):
                text.Append('\n');
                foreach (JsonNode? item in items)
                {
                    text.Append(' ', indent - 2).Append("- ");
                    StringBuilder inner = new();
                    if (item is JsonObject { Count: > 0 } members)
                    {
                        Write(inner, members, indent);
                        text.Append(inner.ToString().TrimStart(' '));
                    }
                    else
                    {
                        text.Append(item?.ToJsonString(Answer.SerializerOptions) ?? "null").Append('\n');
                    }
                }

                break;
            default:
                text.Append(' ').Append(value?.ToJsonString(Answer.SerializerOptions) ?? "null").Append('\n');
                break;
        }
    }

    /// <summary>Letters, digits and a few marks, and none of the words that YAML 1.1 takes for a truth value.</summary>
    private static bool IsPlain(string key) =>
        key.Length > 0 && char.IsAsciiLetter(key[0]) && key.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '_' or '-' or '.')
        && key.ToLowerInvariant() is not ("y" or "n" or "yes" or "no" or "on" or "off" or "true" or "false" or "null");
}
