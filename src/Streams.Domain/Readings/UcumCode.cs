using System.Collections.Frozen;

namespace Streams.Domain.Readings;

/// <summary>
/// Whether a word is a code of UCUM (ucum.org, case-sensitive), of those that a city's sensors could use: prefixes, units, exponents,
/// products and quotients, and annotations in braces, which make a unit of one's own (<c>{vehicle}</c>, <c>{vehicle}/h</c>). No parentheses.
/// </summary>
public static class UcumCode
{
    private static readonly FrozenSet<string> Prefixed = FrozenSet.ToFrozenSet(
    [
        "m", "s", "g", "rad", "K", "C", "cd", "mol", "sr", "Hz", "N", "Pa", "J", "W", "A", "V", "F", "Ohm", "S", "Wb", "Cel", "T", "H", "lm", "lx",
        "Bq", "Gy", "Sv", "L", "l", "t", "ar", "bar", "u", "eV", "B", "Np", "kat", "U", "cal", "m[Hg]", "m[H2O]", "bit", "By",
    ]);

    private static readonly FrozenSet<string> Plain = FrozenSet.ToFrozenSet(
    [
        "min", "h", "d", "wk", "mo", "a", "deg", "'", "''", "%", "10*", "10^", "atm", "AU", "[ppth]", "[ppm]", "[ppb]", "[pptr]", "[pH]", "[in_i]",
        "[ft_i]", "[yd_i]", "[mi_i]", "[nmi_i]", "[kn_i]", "[sft_i]", "[acr_us]", "[gal_us]", "[gal_br]", "[lb_av]", "[oz_av]", "[degF]", "[in_i'Hg]",
        "[psi]", "[HP]", "[Btu]", "[CFU]",
    ]);

    private static readonly string[] Prefixes = ["Y", "Z", "E", "P", "T", "G", "M", "k", "h", "da", "d", "c", "m", "u", "n", "p", "f", "a", "z", "y"];

    public static bool IsWellFormed(string code)
    {
        string[] parts = (code.StartsWith('/') ? code[1..] : code).Split('.', '/');
        return Array.TrueForAll(parts, part => IsComponent(part, isAlone: parts.Length == 1 && !code.StartsWith('/')));
    }

    private static bool IsComponent(string part, bool isAlone)
    {
        int brace = part.IndexOf('{', StringComparison.Ordinal);
        string unit = brace < 0 ? part : part[..brace];
        string annotation = brace < 0 ? "" : part[brace..];
        bool isAnnotated = annotation.Length > 2 && annotation.EndsWith('}') && annotation.AsSpan(1, annotation.Length - 2).IndexOfAny('{', '}') < 0;
        if (annotation.Length > 0 && !isAnnotated)
        {
            return false;
        }

        // A number alone is no unit, but for 1, which Units knows.
        return unit.Length == 0 ? isAnnotated : unit.All(char.IsAsciiDigit) ? !isAlone : IsUnit(unit.TrimEnd('0', '1', '2', '3', '4', '5', '6', '7', '8', '9').TrimEnd('+', '-')) || IsUnit(unit);
    }

    private static bool IsUnit(string unit) =>
        Plain.Contains(unit) || Prefixed.Contains(unit)
        || Array.Exists(Prefixes, prefix => unit.StartsWith(prefix, StringComparison.Ordinal) && Prefixed.Contains(unit[prefix.Length..]));
}
