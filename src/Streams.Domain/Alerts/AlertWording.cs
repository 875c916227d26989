using System.Collections.Frozen;
using System.Text;

namespace Streams.Domain.Alerts;

/// <summary>
/// Fills the braces of a rule's texts: <c>"{area}: {count} {count:sensor|sensors} silent"</c>. Doubled braces stand for themselves.
/// </summary>
public static class AlertWording
{
    /// <summary>All names that may stand in braces, and what they become. Names with nothing to say become a dash.</summary>
    public static FrozenDictionary<string, string> Names { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["area"] = "the area's name",
        ["value"] = "the value as of now (of a sum of windows: their average)",
        ["worst"] = "the value at its worst",
        ["measure"] = "what the steps compare with, at its worst: a value, times the usual, a number or share of devices",
        ["distance"] = "the measure without its sign: how far below the usual",
        ["percent"] = "the measure times 100: percent of the usual",
        ["threshold"] = "the limit of the step that was reached",
        ["unit"] = "the metric's unit as readers of the language know it; the figures are converted to it",
        ["usual"] = "the usual value",
        ["count"] = "devices or child areas concerned",
        ["members"] = "devices of the type in the area",
        ["devices"] = "ids of the devices concerned, the first few",
        ["places"] = "names of the child areas concerned, the first few",
        ["metric"] = "the metric's name in the language",
        ["since"] = "event time of the onset, by the clocks of the city, with its distance to UTC; in French to be read after \"le\", in Dutch after \"sinds\", in Malay after \"sejak\"",
        ["until"] = "event time of the end, likewise",
        ["eta"] = "how long until the limit is reached, for trends",
        ["window"] = "length of the windows looked at, in words",
        ["explanation"] = "what the device says about the newest anomaly; nothing where there is none",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Fills in a text. Unknown names stay as they stand, braces and all; the loader of the rules refuses them beforehand.</summary>
    public static string Fill(string text, AlertWords words)
    {
        if (!text.Contains('{', StringComparison.Ordinal) && !text.Contains('}', StringComparison.Ordinal))
        {
            return text;
        }

        var filled = new StringBuilder(text.Length + 64);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (c is '{' or '}' && i + 1 < text.Length && text[i + 1] == c)
            {
                filled.Append(c);
                i++;
                continue;
            }

            int close = c == '{' ? text.IndexOf('}', i) : -1;
            if (close > i && words.Of(text[(i + 1)..close]) is { } value)
            {
                filled.Append(value);
                i = close;
                continue;
            }

            filled.Append(c);
        }

        // An explanation that is not there leaves the space before it.
        return filled.ToString().TrimEnd();
    }

    /// <summary>What stands in braces, in order; doubled braces left out.</summary>
    public static IEnumerable<string> InBraces(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '{')
            {
                continue;
            }

            if (i + 1 < text.Length && text[i + 1] == '{')
            {
                i++;
                continue;
            }

            int close = text.IndexOf('}', i);
            yield return close < 0 ? text[(i + 1)..] : text[(i + 1)..close];
            if (close < 0)
            {
                yield break;
            }

            i = close;
        }
    }

    /// <summary>What stands in braces and is neither one of <see cref="Names"/> nor a choice.</summary>
    public static IEnumerable<string> UnknownNames(string text) =>
        InBraces(text).Where(name => !Names.ContainsKey(name) && !TryChoice(name, out _, out _, out _));

    /// <summary>Takes <c>count:sensor|sensors</c> apart: words for one and for several, by the number of <c>count</c> or <c>members</c>.</summary>
    internal static bool TryChoice(string inBraces, out string name, out string one, out string many)
    {
        (name, one, many) = ("", "", "");
        int colon = inBraces.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || inBraces[..colon] is not ("count" or "members") || inBraces[(colon + 1)..].Split('|') is not [{ Length: > 0 } first, { Length: > 0 } second])
        {
            return false;
        }

        (name, one, many) = (inBraces[..colon], first, second);
        return true;
    }
}
