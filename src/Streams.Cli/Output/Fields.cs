using System.Globalization;
using System.Text.Json;

namespace Streams.Cli.Output;

/// <summary>Reads a document's fields as people want to see them; what is not there is empty.</summary>
internal static class Fields
{
    /// <summary>The value at a dotted path, such as <c>window.start</c>; a number picks from a list, as in <c>info.0.severity</c>.</summary>
    public static JsonElement At(this JsonElement element, string path)
    {
        foreach (string part in path.Split('.'))
        {
            if (element.ValueKind == JsonValueKind.Object && element.TryGetProperty(part, out JsonElement member))
            {
                element = member;
            }
            else if (element.ValueKind == JsonValueKind.Array && int.TryParse(part, out int index) && index < element.GetArrayLength())
            {
                element = element[index];
            }
            else
            {
                return default;
            }
        }

        return element;
    }

    public static string Text(this JsonElement element, string path) => Text(element.At(path));

    public static string Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => IsTime(value.GetString()!, out DateTimeOffset time) ? Time(time) : value.GetString()!,
        JsonValueKind.Number => Number(value),
        JsonValueKind.True => "yes",
        JsonValueKind.False => "no",
        JsonValueKind.Array => string.Join(", ", value.EnumerateArray().Select(Text)),
        JsonValueKind.Object => value.GetRawText(),
        _ => "",
    };

    public static double? NumberAt(this JsonElement element, string path) =>
        element.At(path) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out double number) ? number : null;

    public static IReadOnlyList<JsonElement> List(this JsonElement element, string path) =>
        element.At(path) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray()] : [];

    /// <summary>Whether a column has numbers only, which stand at the right and are never shortened.</summary>
    public static bool AreNumbers(IReadOnlyList<JsonElement> rows, string path) =>
        rows.All(row => row.At(path).ValueKind is JsonValueKind.Number or JsonValueKind.Null or JsonValueKind.Undefined);

    /// <summary>Whether a column has texts that may be shortened; half a time would be none.</summary>
    public static bool AreTexts(IReadOnlyList<JsonElement> rows, string path) =>
        rows.Any(row => row.At(path) is { ValueKind: JsonValueKind.String or JsonValueKind.Array } value && !(value.ValueKind == JsonValueKind.String && IsTime(value.GetString()!, out _)));

    /// <summary>To the minute, or the second where it matters; always UTC, as everything in Streams.</summary>
    public static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString(time.Second == 0 ? "yyyy-MM-dd HH:mm'Z'" : "yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static string Number(JsonElement value) =>
        value.TryGetInt64(out long whole) ? whole.ToString(CultureInfo.InvariantCulture)
        : value.TryGetDouble(out double number) ? number.ToString(Math.Abs(number) is >= 0.001 and < 1e9 ? "0.###" : "G4", CultureInfo.InvariantCulture)
        : value.GetRawText();

    private static bool IsTime(string text, out DateTimeOffset time)
    {
        time = default;
        return text.Length is >= 20 and <= 35 && text[4] == '-' && text[10] == 'T'
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out time);
    }
}
