using System.Globalization;
using System.Text;

namespace Streams.Simulator.Replay;

/// <summary>
/// Makes a name of people's into a part of an area id: "Pz. de la Marina" becomes <c>pz-de-la-marina</c>.
/// Latin letters lose their accents (é is e, ß is ss, ø is o), everything becomes lower case, every run of other characters
/// becomes one hyphen, and none stands at either end. A letter or digit of another script becomes <c>u</c> and its
/// code point in hexadecimal, so that two names never fall together because nothing was left of them.
/// </summary>
public static class Slug
{
    // The globalization-invariant runtime does not decompose accents, so the Latin-1 and Latin Extended-A letters are listed.
    private static readonly string[] Latin =
    [
        "a ÀÁÂÃÄÅàáâãäåĀāĂăĄą", "ae Ææ", "c ÇçĆćĈĉĊċČč", "d ÐðĎďĐđ", "e ÈÉÊËèéêëĒēĔĕĖėĘęĚě", "g ĜĝĞğĠġĢģ", "h ĤĥĦħ", "i ÌÍÎÏìíîïĨĩĪīĬĭĮįİı",
        "ij \u0132\u0133", "j Ĵĵ", "k Ķķĸ", "l ĹĺĻļĽľĿŀŁł", "n ÑñŃńŅņŇň\u0149Ŋŋ", "o ÒÓÔÕÖØòóôõöøŌōŎŏŐő", "oe Œœ", "r ŔŕŖŗŘř",
        "s ŚśŜŝŞşŠšſȘș", "ss ßẞ", "t ŢţŤťŦŧȚț", "th Þþ", "u ÙÚÛÜùúûüŨũŪūŬŭŮůŰűŲų", "w Ŵŵ", "y ÝýÿŶŷŸ", "z ŹźŻżŽž",
    ];

    private static readonly Dictionary<char, string> Folded = Latin
        .Select(line => line.Split(' '))
        .SelectMany(parts => parts[1].Select(letter => (letter, parts[0])))
        .ToDictionary(pair => pair.letter, pair => pair.Item2);

    /// <summary>The slug; empty when the name has neither letter nor digit.</summary>
    public static string Of(string name)
    {
        var slug = new StringBuilder(name.Length);
        bool gap = false;
        foreach (Rune rune in name.EnumerateRunes())
        {
            string? part = rune.IsAscii && Rune.IsLetterOrDigit(rune) ? char.ToLowerInvariant((char)rune.Value).ToString()
                : rune.IsBmp && Folded.TryGetValue((char)rune.Value, out string? plain) ? plain
                : Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark ? ""
                : Rune.IsLetterOrDigit(rune) ? "u" + rune.Value.ToString("x4", CultureInfo.InvariantCulture)
                : null;
            if (part is null)
            {
                gap = true;
                continue;
            }

            if (gap && slug.Length > 0 && part.Length > 0)
            {
                slug.Append('-');
            }

            gap = gap && part.Length == 0;
            slug.Append(part);
        }

        return slug.ToString();
    }

    /// <summary>
    /// The place a recorded file is about, by its name: the second part of <c>air_beijing_2015-11.csv.gz</c>, as a slug.
    /// Null when the name has no second part; then it has to be given.
    /// </summary>
    public static string? PlaceOf(string path)
    {
        string[] parts = Path.GetFileName(path).Split('.')[0].Split('_');
        return parts.Length > 1 && Of(parts[1]) is { Length: > 0 } place ? place : null;
    }
}
