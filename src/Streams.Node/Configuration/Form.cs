using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Streams.Node.Configuration;

/// <summary>How one kind of value is written: reads it, and says in words what is allowed where it can't.</summary>
/// <param name="allowed">Such as <c>a whole number from 1 to 1000</c>.</param>
/// <param name="read">False for anything else.</param>
/// <param name="names">What may stand there, where that is a list of names: one of them may have been meant.</param>
public sealed class Form<T>(string allowed, Form<T>.Reading read, IReadOnlyCollection<string>? names = null)
{
    public delegate bool Reading(YamlScalar scalar, out T value);

    public string Allowed { get; } = allowed;

    public IReadOnlyCollection<string> Names { get; } = names ?? [];

    public bool TryRead(YamlScalar scalar, out T value) => read(scalar, out value);
}

/// <summary>The forms that configuration files use.</summary>
public static class Form
{
    /// <summary>snake_case names, as device types and metrics have.</summary>
    public static readonly Form<string> SnakeCase = Text("^[a-z][a-z0-9_]{0,63}$", "a snake_case name of at most 64 characters, such as air_quality_station");

    public static readonly Form<bool> Flag = new("true or false", static (YamlScalar scalar, out bool value) =>
    {
        value = scalar.Text == "true";
        return !scalar.Quoted && scalar.Text is "true" or "false";
    });

    /// <summary>Text of 1 to <paramref name="longest"/> characters.</summary>
    public static Form<string> Text(int longest = 4_000) => new($"text of 1 to {longest} characters", (YamlScalar scalar, out string value) =>
    {
        value = scalar.Text;
        return value.Trim().Length > 0 && value.Length <= longest;
    });

    public static Form<string> Text([StringSyntax(StringSyntaxAttribute.Regex)] string pattern, string inWords)
    {
        Regex regex = new(pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);
        return new(inWords, (YamlScalar scalar, out string value) =>
        {
            value = scalar.Text;
            return regex.IsMatch(value);
        });
    }

    /// <summary>A finite number, bounds included.</summary>
    public static Form<double> Number(double min = double.NegativeInfinity, double max = double.PositiveInfinity) =>
        new("a number" + Range(min, max, double.IsNegativeInfinity(min), double.IsPositiveInfinity(max)), (YamlScalar scalar, out double value) =>
            double.TryParse(scalar.Text, NumberStyles.Float & ~NumberStyles.AllowLeadingWhite & ~NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out value)
            && !scalar.Quoted && double.IsFinite(value) && value >= min && value <= max);

    /// <summary>Bounds included; underscores may part the digits.</summary>
    public static Form<long> Whole(long min = long.MinValue, long max = long.MaxValue) =>
        new("a whole number" + Range(min, max, min == long.MinValue, max == long.MaxValue), (YamlScalar scalar, out long value) =>
            long.TryParse(scalar.Text.Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)
            && !scalar.Quoted && value >= min && value <= max);

    /// <summary>ISO 8601 (<c>PT5M</c>, <c>P1D</c>) or short (<c>5m</c>, <c>500ms</c>), bounds included.</summary>
    public static Form<TimeSpan> Duration(TimeSpan? min = null, TimeSpan? max = null)
    {
        TimeSpan from = min ?? TimeSpan.Zero;
        TimeSpan to = max ?? TimeSpan.FromDays(3650);
        return new($"a duration from {Durations.Short(from)} to {Durations.Short(to)}, such as PT5M, 30s or 1h", (YamlScalar scalar, out TimeSpan value) =>
            Durations.TryParse(scalar.Text, out value) && value >= from && value <= to);
    }

    /// <summary>A size in bytes: a whole number, or one with <c>KB</c>, <c>MB</c> or <c>GB</c> (powers of 1,024); bounds included.</summary>
    public static Form<long> Bytes(long min, long max) =>
        new($"a size from {Sized(min)} to {Sized(max)}, such as 512MB", (YamlScalar scalar, out long value) =>
        {
            int shift = scalar.Text switch { [.., 'K', 'B'] => 10, [.., 'M', 'B'] => 20, [.., 'G', 'B'] => 30, _ => 0 };
            string digits = shift == 0 ? scalar.Text : scalar.Text[..^2];
            bool good = long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value <= max >> shift;
            value <<= good ? shift : 0;
            return good && value >= min;
        });

    /// <summary>One of the values of an enumeration, written in snake_case (<c>per_minute</c> for <c>PerMinute</c>).</summary>
    public static Form<T> Choice<T>()
        where T : struct, Enum =>
        Choice(Enum.GetValues<T>().Select(each => (Spelling.SnakeCase(each.ToString()), each)));

    /// <summary>One of these names.</summary>
    public static Form<T> Choice<T>(IEnumerable<(string Name, T Value)> choices)
    {
        Dictionary<string, T> byName = choices.ToDictionary(each => each.Name, each => each.Value);
        return new("one of " + string.Join(", ", byName.Keys), (YamlScalar scalar, out T value) => byName.TryGetValue(scalar.Text, out value!), byName.Keys);
    }

    private static string Sized(long bytes) => bytes switch
    {
        >= 1 << 30 => $"{bytes >> 30}GB",
        >= 1 << 20 => $"{bytes >> 20}MB",
        >= 1 << 10 => $"{bytes >> 10}KB",
        _ => bytes.ToString(CultureInfo.InvariantCulture),
    };

    private static string Range<T>(T min, T max, bool noMin, bool noMax) => (noMin, noMax) switch
    {
        (true, true) => "",
        (true, false) => string.Create(CultureInfo.InvariantCulture, $" of at most {max}"),
        (false, true) => string.Create(CultureInfo.InvariantCulture, $" of at least {min}"),
        _ => string.Create(CultureInfo.InvariantCulture, $" from {min} to {max}"),
    };
}
