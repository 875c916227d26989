using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace Streams.Domain.Alerts;

/// <summary>Fills the braces of a rule's texts: <c>"{area}: fine particles at {value} {unit}"</c>. Doubled braces stand for themselves.</summary>
public static class AlertWording
{
    /// <summary>All names that may stand in braces, and what they become. Names with nothing to say become a dash.</summary>
    public static FrozenDictionary<string, string> Names { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["area"] = "the area's name",
        ["value"] = "the value as of now (of a sum of windows: their average)",
        ["worst"] = "the value at its worst",
        ["measure"] = "what the steps compare with, at its worst: a value, times the usual, a number or share of devices",
        ["threshold"] = "the limit of the step that was reached",
        ["unit"] = "the metric's unit",
        ["usual"] = "the usual value",
        ["count"] = "devices or child areas concerned",
        ["members"] = "devices of the type in the area",
        ["devices"] = "ids of the devices concerned, the first few",
        ["places"] = "names of the child areas concerned, the first few",
        ["metric"] = "the metric's name",
        ["since"] = "event time of the onset, UTC",
        ["until"] = "event time of the end, UTC",
        ["eta"] = "how long until the limit is reached, for trends",
        ["window"] = "length of the windows looked at, in words",
        ["explanation"] = "what the device says about the newest anomaly",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Fills in a text. Unknown names stay as they stand, braces and all; the loader of the rules refuses them beforehand.</summary>
    public static string Fill(string text, IReadOnlyDictionary<string, string> values)
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
            if (close > i && values.TryGetValue(text[(i + 1)..close], out string? value))
            {
                filled.Append(value);
                i = close;
                continue;
            }

            filled.Append(c);
        }

        return filled.ToString();
    }

    /// <summary>Names in braces that are not in <see cref="Names"/>.</summary>
    public static IEnumerable<string> UnknownNames(string text)
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
            string name = close < 0 ? text[(i + 1)..] : text[(i + 1)..close];
            if (!Names.ContainsKey(name))
            {
                yield return name;
            }

            if (close < 0)
            {
                yield break;
            }

            i = close;
        }
    }

    /// <summary>Three significant digits, without exponent or needless zeros: 0.123, 4.57, 612.</summary>
    internal static string Number(double value)
    {
        if (!double.IsFinite(value))
        {
            return "-";
        }

        double magnitude = Math.Abs(value);
        int decimals = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3;
        return Math.Round(value, decimals, MidpointRounding.AwayFromZero).ToString("0.###", CultureInfo.InvariantCulture);
    }

    internal static string Time(long unixMs) =>
        DateTimeOffset.FromUnixTimeMilliseconds(unixMs).ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture);

    internal static string Duration(long inMs)
    {
        long minutes = Math.Max(0, inMs / 60_000);
        return minutes switch
        {
            < 120 => string.Create(CultureInfo.InvariantCulture, $"{minutes} min"),
            < 48 * 60 => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(minutes / 60.0)} h"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(minutes / 1440.0)} days"),
        };
    }

    internal static string List(IReadOnlyList<string> names, int total)
    {
        const int shown = 5;
        if (names.Count == 0)
        {
            return "-";
        }

        string first = string.Join(", ", names.Take(shown));
        return total > shown ? string.Create(CultureInfo.InvariantCulture, $"{first} and {total - shown} more") : first;
    }
}
