using System.Collections.Immutable;
using System.Text.Json;
using Streams.Domain.Readings;

namespace Streams.Domain.Alerts;

/// <summary>Reads the members of a JSON object that a person wrote; what is wrong, unknown, missing or there twice is told, all of it.</summary>
internal readonly ref struct JsonMembers
{
    private const int LongestShown = 60;

    private readonly JsonElement _members;
    private readonly List<Refusal> _wrong;
    private readonly string _path;

    /// <param name="known">Names it may have.</param>
    /// <param name="path">What stands before the names in what is told, such as <c>info[0].</c></param>
    public JsonMembers(JsonElement members, IReadOnlyCollection<string> known, List<Refusal> wrong, string path = "")
    {
        (_members, _wrong, _path) = (members, wrong, path);
        HashSet<string> seen = [];
        foreach (JsonProperty member in members.EnumerateObject())
        {
            string name = member.Name.Length > LongestShown ? member.Name[..LongestShown] + "…" : member.Name;
            if (!seen.Add(member.Name))
            {
                wrong.Add(new Refusal(RefusalReasons.Duplicate, path + name, $"'{path}{name}' is there twice."));
            }
            else if (!known.Contains(member.Name))
            {
                wrong.Add(new Refusal(RefusalReasons.UnknownField, path + name, $"'{path}{name}' is no member here; allowed: {string.Join(", ", known)}."));
            }
        }
    }

    /// <summary>There, and not null.</summary>
    public bool Has(string name) => _members.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    /// <summary>A text that must be there and say something; empty where it does not.</summary>
    /// <param name="longest">UTF-16 units.</param>
    /// <param name="isLine">Without line ends and tabs.</param>
    public string Text(string name, int longest, bool isLine)
    {
        if (!Has(name))
        {
            Refuse(RefusalReasons.Missing, name, $"'{_path}{name}' is missing; allowed: 1 to {longest} characters.");
            return "";
        }

        JsonElement value = _members.GetProperty(name);
        string text = value.ValueKind == JsonValueKind.String ? TextOf(value) : "";
        if (string.IsNullOrWhiteSpace(text) || text.Length > longest || text.Any(c => char.IsControl(c) && (isLine || c is not ('\n' or '\t' or '\r'))))
        {
            Refuse(RefusalReasons.BadName, name, $"'{_path}{name}' is not what it may be; allowed: 1 to {longest} characters{(isLine ? " in one line" : "")}, no control characters.");
            return "";
        }

        return text;
    }

    /// <summary>Null where it is not there, or no time.</summary>
    public long? Time(string name)
    {
        if (!Has(name))
        {
            return null;
        }

        JsonElement value = _members.GetProperty(name);
        if (value.ValueKind == JsonValueKind.String && Rfc3339.TryParse(System.Text.Encoding.UTF8.GetBytes(TextOf(value)), out long time))
        {
            return time;
        }

        Refuse(RefusalReasons.BadTime, name, $"'{_path}{name}' is no time; allowed: RFC 3339 with an offset, such as 2026-11-22T10:15:00Z.");
        return null;
    }

    /// <summary>One of the words of CAP that must be there.</summary>
    /// <param name="except">One that is not allowed here.</param>
    public T Word<T>(string name, T? except = null)
        where T : struct, Enum
    {
        if (Has(name) && _members.GetProperty(name) is { ValueKind: JsonValueKind.String } value && TryWord(TextOf(value), except, out T word))
        {
            return word;
        }

        Refuse(Has(name) ? RefusalReasons.BadName : RefusalReasons.Missing, name, $"'{_path}{name}' is missing or wrong; allowed: {Allowed(except)}.");
        return default;
    }

    /// <summary>Several of them, no one twice.</summary>
    public ImmutableArray<T> Words<T>(string name, bool isNeeded, int most)
        where T : struct, Enum
    {
        if (!Has(name) && !isNeeded)
        {
            return [];
        }

        var words = ImmutableArray.CreateBuilder<T>();
        bool isSound = Has(name) && _members.GetProperty(name) is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() <= most && (list.GetArrayLength() > 0 || !isNeeded);
        if (isSound)
        {
            foreach (JsonElement each in _members.GetProperty(name).EnumerateArray())
            {
                isSound &= each.ValueKind == JsonValueKind.String && TryWord(TextOf(each), null, out T word) && !words.Contains(word) && Add(words, word);
            }
        }

        if (!isSound)
        {
            Refuse(Has(name) ? RefusalReasons.BadName : RefusalReasons.Missing, name, $"'{_path}{name}' is missing or wrong; allowed: {(isNeeded ? 1 : 0)} to {most} different ones of {Allowed<T>(null)}.");
            return [];
        }

        return words.ToImmutable();
    }

    /// <summary>Texts in one line each, at least one, no two alike.</summary>
    /// <param name="longest">UTF-16 units of each.</param>
    /// <param name="except">A character that none may have.</param>
    public ImmutableArray<string> Lines(string name, int most, int longest, char except)
    {
        string[] lines = Has(name) && _members.GetProperty(name) is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() <= most
            ? [.. list.EnumerateArray().Select(each => each.ValueKind == JsonValueKind.String ? TextOf(each) : "")]
            : [];
        if (lines.Length > 0 && lines.Distinct().Count() == lines.Length && lines.All(line => !string.IsNullOrWhiteSpace(line) && line.Length <= longest && !line.Any(c => char.IsControl(c) || c == except)))
        {
            return [.. lines];
        }

        Refuse(Has(name) ? RefusalReasons.BadName : RefusalReasons.Missing, name, $"'{_path}{name}' is missing or wrong; allowed: 1 to {most} different texts of 1 to {longest} characters, without control characters and {except}.");
        return [];
    }

    public void Refuse(string reason, string name, string message) => _wrong.Add(new Refusal(reason, _path + name, message));

    private static bool Add<T>(ImmutableArray<T>.Builder words, T word)
    {
        words.Add(word);
        return true;
    }

    /// <summary>Of a JSON string; empty for one that is no text.</summary>
    public static string TextOf(JsonElement value)
    {
        try
        {
            return value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair: no text.
            return "";
        }
    }

    private static bool TryWord<T>(string text, T? except, out T word)
        where T : struct, Enum
    {
        word = default;
        return text.Length > 0 && char.IsAsciiLetter(text[0]) && Enum.TryParse(text, out word) && Enum.IsDefined(word) && !EqualityComparer<T?>.Default.Equals(word, except)
            && !text.Contains(',', StringComparison.Ordinal);
    }

    private static string Allowed<T>(T? except)
        where T : struct, Enum => string.Join(", ", Enum.GetValues<T>().Where(word => !EqualityComparer<T?>.Default.Equals(word, except)));
}
