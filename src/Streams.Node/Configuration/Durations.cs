using System.Globalization;
using System.Text.RegularExpressions;

namespace Streams.Node.Configuration;

/// <summary>Durations as people write them: ISO 8601 without years and months (their length varies), or short: <c>500ms</c>, <c>30s</c>, <c>5m</c>, <c>1h</c>, <c>2d</c>.</summary>
public static partial class Durations
{
    private static readonly (string Unit, long Ticks)[] Units =
    [
        ("d", TimeSpan.TicksPerDay), ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute),
        ("s", TimeSpan.TicksPerSecond), ("ms", TimeSpan.TicksPerMillisecond),
    ];

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        Match match = Iso().Match(text);
        if (!match.Success)
        {
            match = Brief().Match(text);
        }

        if (!match.Success)
        {
            return false;
        }

        decimal ticks = Part(match, "w", TimeSpan.TicksPerDay * 7);
        foreach ((string unit, long each) in Units)
        {
            ticks += Part(match, unit, each);
        }

        if (ticks > TimeSpan.MaxValue.Ticks)
        {
            return false;
        }

        duration = new TimeSpan((long)ticks);
        return true;
    }

    /// <summary>The shortest spelling that <see cref="TryParse"/> reads back: <c>90m</c>, <c>1500ms</c>, <c>0s</c>.</summary>
    public static string Short(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
        {
            return "0s";
        }

        (string unit, long ticks) = Array.Find(Units, each => duration.Ticks % each.Ticks == 0);
        return unit is null ? duration.ToString("c", CultureInfo.InvariantCulture) : (duration.Ticks / ticks).ToString(CultureInfo.InvariantCulture) + unit;
    }

    private static decimal Part(Match match, string name, long ticks) =>
        match.Groups[name] is { Success: true } group ? decimal.Parse(group.ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) * ticks : 0;

    // Nine digits keep every product within a decimal.
    [GeneratedRegex(@"^P(?=.)((?<w>\d{1,9})W|((?<d>\d{1,9})D)?(T(?=.)((?<h>\d{1,9})H)?((?<m>\d{1,9})M)?((?<s>\d{1,9}(\.\d{1,7})?)S)?)?)$", RegexOptions.CultureInvariant)]
    private static partial Regex Iso();

    [GeneratedRegex(@"^((?<ms>\d{1,9})ms|(?<s>\d{1,9}(\.\d{1,7})?)s|(?<m>\d{1,9})m|(?<h>\d{1,9})h|(?<d>\d{1,9})d)$", RegexOptions.CultureInvariant)]
    private static partial Regex Brief();
}
