using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Streams.Domain.Cap;

/// <summary>The forms in which CAP writes values: to text and back.</summary>
internal static class CapText
{
    /// <summary>White space of XML, and only that.</summary>
    public const string Space = " \t\n\r";

    public static readonly SearchValues<char> AnySpace = SearchValues.Create(Space);

    /// <summary>What the names of messages and senders must not hold, beside white space.</summary>
    public static readonly SearchValues<char> NotInNames = SearchValues.Create(",<&");

    private const int LongestShown = 60;

    /// <summary><c>2026-11-22T10:15:30+01:00</c>; UTC as <c>-00:00</c> (section 3.3.2).</summary>
    public static string Time(DateTimeOffset time)
    {
        string local = time.ToString("yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture);
        return time.Offset == TimeSpan.Zero ? local + "-00:00" : local + time.ToString("zzz", CultureInfo.InvariantCulture);
    }

    /// <summary>The pattern of the schema and a date that exists: numeric offset, no fraction of a second. White space around it is not part of it.</summary>
    public static bool TryTime(ReadOnlySpan<char> text, out DateTimeOffset time)
    {
        time = default;
        const int length = 25;
        text = text.Trim(Space);
        if (text.Length != length || text[19] is not ('+' or '-') || text[22] != ':'
            || !TryDigits(text[20..22], out int hours) || !TryDigits(text[23..25], out int minutes)
            || minutes > 59 || (hours * 60) + minutes > 14 * 60)
        {
            return false;
        }

        // The day's last moment is also the next day's first.
        ReadOnlySpan<char> local = text[..19];
        bool isMidnight = local[10..].SequenceEqual("T24:00:00");
        ReadOnlySpan<char> parsed = isMidnight ? $"{local[..10]}T00:00:00" : local;
        if (!DateTime.TryParseExact(parsed, "yyyy-MM-dd'T'HH:mm:ss", CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTime clock))
        {
            return false;
        }

        var offset = new TimeSpan(hours, minutes, 0);
        offset = text[19] == '-' ? -offset : offset;
        try
        {
            time = new DateTimeOffset(isMidnight ? clock.AddDays(1) : clock, offset);
            return true;
        }
        catch (ArgumentOutOfRangeException)
        {
            // The first and the last hours of what a time can be.
            return false;
        }
    }

    private static bool TryDigits(ReadOnlySpan<char> text, out int value) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);

    public static string Number(decimal value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>An XML Schema decimal: no exponent, no thousands.</summary>
    public static bool TryNumber(ReadOnlySpan<char> text, out decimal value) =>
        decimal.TryParse(text.Trim(Space), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out value);

    public static bool TryPoint(ReadOnlySpan<char> text, out CapPoint point)
    {
        point = default;
        int comma = text.IndexOf(',');
        if (comma < 0 || text.IndexOfAny(AnySpace) >= 0 || !TryNumber(text[..comma], out decimal latitude) || !TryNumber(text[(comma + 1)..], out decimal longitude))
        {
            return false;
        }

        point = new CapPoint(latitude, longitude);
        return true;
    }

    /// <summary><c>sender,identifier,sent</c></summary>
    public static bool TryReference(string text, [NotNullWhen(true)] out CapReference? reference)
    {
        reference = null;
        string[] parts = text.Split(',');
        if (parts.Length != 3 || parts[0].Length == 0 || parts[1].Length == 0 || parts[0].AsSpan().ContainsAny(NotInNames) || parts[1].AsSpan().ContainsAny(NotInNames)
            || !TryTime(parts[2], out DateTimeOffset sent))
        {
            return false;
        }

        reference = new CapReference(parts[0], parts[1], sent);
        return true;
    }

    public static string[] Words(string text) => text.Split([' ', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Words separated by white space; one that holds white space stands in double quotes.</summary>
    public static bool TryQuotedWords(string text, out CapList<string> words)
    {
        List<string> found = [];
        words = default;
        int at = 0;
        while (true)
        {
            at += text.AsSpan(at).IndexOfAnyExcept(AnySpace) is var skip and >= 0 ? skip : text.Length - at;
            if (at == text.Length)
            {
                words = CapList.From(found);
                return true;
            }

            if (text[at] == '"')
            {
                int end = text.IndexOf('"', at + 1);
                if (end < 0)
                {
                    return false;
                }

                found.Add(text[(at + 1)..end]);
                at = end + 1;
            }
            else
            {
                int length = text.AsSpan(at).IndexOfAny(AnySpace) is var next and >= 0 ? next : text.Length - at;
                found.Add(text.Substring(at, length));
                at += length;
            }
        }
    }

    public static string QuotedWords(CapList<string> words) =>
        string.Join(' ', words.Select(word => word.Length == 0 || word.AsSpan().IndexOfAny(AnySpace) >= 0 ? $"\"{word}\"" : word));

    /// <summary>For a message: on one line, and not longer than one.</summary>
    public static string Shown(string text)
    {
        string line = text.ReplaceLineEndings(" ").Replace('\t', ' ');
        return line.Length <= LongestShown ? $"\"{line}\"" : $"\"{line[..LongestShown]}...\"";
    }
}
