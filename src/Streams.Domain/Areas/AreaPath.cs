namespace Streams.Domain.Areas;

/// <summary>
/// An area's id is its path from the city down, such as <c>dijon/toison-dor</c>: lower-case words joined by hyphens, levels by
/// slashes. The parent is the path without its last level; an id without a slash is a root (a city).
/// </summary>
public static class AreaPath
{
    /// <summary>Ids are Kafka keys and parts of addresses; 200 bytes is what a device id may have too.</summary>
    public const int LongestId = 200;

    /// <summary>What an id must be, for whoever wrote another.</summary>
    internal const string InWords =
        "An area is a path such as dijon/toison-dor: lower-case letters, digits and -_. in levels that begin with a letter or digit, / between them, at most 200 bytes.";

    /// <summary>The area above, or null for a root.</summary>
    public static string? ParentOf(string id)
    {
        int slash = id.LastIndexOf('/');
        return slash < 0 ? null : id[..slash];
    }

    public static string RootOf(string id)
    {
        int slash = id.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? id : id[..slash];
    }

    public static bool IsRoot(string id) => !id.Contains('/', StringComparison.Ordinal);

    /// <summary>True if <paramref name="id"/> is <paramref name="ancestor"/> or lies below it.</summary>
    public static bool IsWithin(string id, string ancestor) =>
        id.StartsWith(ancestor, StringComparison.Ordinal) && (id.Length == ancestor.Length || id[ancestor.Length] == '/');

    /// <summary>
    /// Levels of lower-case ASCII letters, digits and <c>-_.</c> that begin with a letter or a digit, with <c>/</c> between them; at
    /// most <see cref="LongestId"/> bytes. So no level is empty or climbs, as <c>..</c> would in an address.
    /// </summary>
    public static bool IsValid(ReadOnlySpan<byte> id)
    {
        if (id.IsEmpty || id.Length > LongestId)
        {
            return false;
        }

        bool begins = true;
        foreach (byte c in id)
        {
            bool isOfWord = char.IsAsciiLetterLower((char)c) || char.IsAsciiDigit((char)c);
            if (!isOfWord && (begins || c is not ((byte)'-' or (byte)'_' or (byte)'.' or (byte)'/')))
            {
                return false;
            }

            begins = c == '/';
        }

        return !begins;
    }

    /// <summary>A name for people when the configuration gives none: <c>toison-dor</c> becomes "Toison Dor".</summary>
    public static string TitleOf(string id)
    {
        ReadOnlySpan<char> last = id.AsSpan(id.LastIndexOf('/') + 1);
        Span<char> title = stackalloc char[last.Length];
        bool startsWord = true;
        for (int i = 0; i < last.Length; i++)
        {
            char c = last[i] is '-' or '_' ? ' ' : last[i];
            title[i] = startsWord ? char.ToUpperInvariant(c) : c;
            startsWord = c == ' ';
        }

        return new string(title);
    }
}
