using System.Collections.Frozen;
using System.Globalization;

namespace Streams.Domain.Alerts;

/// <summary>How a language writes the figures, times and lists that stand in for braces. Nothing to say is a dash.</summary>
/// <remarks>Written out here, a file for each language, since the node runs without the operating system's cultures.</remarks>
internal abstract partial class AlertLanguage
{
    private const int NamesShown = 5;

    private static readonly AlertLanguage English = new EnglishWords();

    private static readonly FrozenDictionary<string, AlertLanguage> ByTag = new Dictionary<string, AlertLanguage>(StringComparer.Ordinal)
    {
        ["en"] = English,
        ["fr"] = new FrenchWords(),
        ["nl"] = new DutchWords(),
        ["ko"] = new KoreanWords(),
        ["zh"] = new ChineseWords(),
        ["ms"] = new MalayWords(),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private readonly NumberFormatInfo _numbers;

    protected AlertLanguage(string decimalPoint, string thousands)
    {
        var numbers = (NumberFormatInfo)NumberFormatInfo.InvariantInfo.Clone();
        numbers.NumberDecimalSeparator = decimalPoint;
        numbers.NumberGroupSeparator = thousands;
        _numbers = NumberFormatInfo.ReadOnly(numbers);
    }

    /// <summary>Before the headline of an alert that is over.</summary>
    public abstract string Over { get; }

    /// <summary>Before the headline of an alert that nothing confirmed for too long.</summary>
    public abstract string Unconfirmed { get; }

    /// <summary>Between two sentences.</summary>
    public virtual string Gap => " ";

    protected virtual string Minutes => " min";

    protected virtual string Hours => " h";

    protected abstract string Days { get; }

    protected virtual string Comma => ", ";

    /// <summary>Before the last of several names.</summary>
    protected abstract string And { get; }

    /// <param name="tag">
    /// RFC 5646, such as <c>fr-FR</c>. What has no words of its own here is written as English is: a configuration may have texts in any language.
    /// </param>
    public static AlertLanguage Of(string tag) => Find(tag) ?? English;

    /// <summary>True if <see cref="Of"/> has words of the language itself.</summary>
    public static bool Knows(string tag) => Find(tag) is not null;

    public abstract string OverSince(long unixMs, TimeZoneInfo zone);

    public abstract string LastConfirmed(long unixMs, TimeZoneInfo zone);

    /// <summary>Headline and description of an alert whose rule was taken out of the configuration.</summary>
    public abstract (string Headline, string Description) NoLongerWatched(string area, string rule);

    /// <summary>Three significant digits, without exponent or needless zeros: 0.123, 4.57, 612. Thousands are parted from five digits on.</summary>
    public string Number(double value)
    {
        if (!double.IsFinite(value))
        {
            return "-";
        }

        double magnitude = Math.Abs(value);
        int decimals = magnitude >= 100 ? 0 : magnitude >= 10 ? 1 : magnitude >= 1 ? 2 : 3;
        double rounded = Math.Round(value, decimals, MidpointRounding.AwayFromZero);
        return rounded.ToString(Math.Abs(rounded) >= 10_000 ? "#,0" : "0.###", _numbers);
    }

    /// <summary>The hour that people there have on their clocks, and how far that is from UTC: nobody is to take one for the other.</summary>
    public abstract string Time(long unixMs, TimeZoneInfo zone);

    public string Duration(long inMs)
    {
        long minutes = Math.Max(0, inMs / 60_000);
        return minutes switch
        {
            < 120 => Number(minutes) + Minutes,
            < 48 * 60 => Number(Math.Round(minutes / 60.0)) + Hours,
            _ => Number(Math.Round(minutes / 1440.0)) + Days,
        };
    }

    /// <summary>The first five names, and how many more there are.</summary>
    public string List(IReadOnlyList<string> names, int total)
    {
        if (names.Count == 0)
        {
            return "-";
        }

        int shown = Math.Min(names.Count, NamesShown);
        int more = total - shown;
        return more > 0 ? string.Join(Comma, names.Take(shown)) + AndMore(more)
            : shown == 1 ? names[0]
            : string.Join(Comma, names.Take(shown - 1)) + And + names[shown - 1];
    }

    /// <summary>True if so many things are named in the singular.</summary>
    public virtual bool IsSingular(int count) => count == 1;

    /// <summary>A sentence on a device's anomaly.</summary>
    /// <param name="metric">The metric's name, as it stands where a sentence begins.</param>
    public string Explain(AnomalyFigures anomaly, string metric) => Explain(anomaly, metric, Number(anomaly.Value));

    /// <summary>Shorter than what the device says: that is made where no language is known, and in English. Empty for a kind that nobody knows.</summary>
    /// <param name="value">The anomaly's, as <see cref="Number"/> writes it.</param>
    protected abstract string Explain(AnomalyFigures anomaly, string metric, string value);

    /// <summary>What a list ends with that leaves so many names out.</summary>
    protected abstract string AndMore(int count);

    protected static string Format(long unixMs, TimeZoneInfo zone, string format)
    {
        DateTimeOffset time = TimeZoneInfo.ConvertTime(DateTimeOffset.FromUnixTimeMilliseconds(unixMs), zone);
        string offset = (time.Offset.Ticks, time.Offset.Minutes) switch
        {
            (0, _) => "",
            (_, 0) => string.Create(CultureInfo.InvariantCulture, $"{time.Offset.Hours:+0;-0}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{(time.Offset < TimeSpan.Zero ? '-' : '+')}{time.Offset:h\\:mm}"),
        };
        return $"{time.ToString(format, CultureInfo.InvariantCulture)} UTC{offset}";
    }

    private static AlertLanguage? Find(string tag) => ByTag.GetValueOrDefault(tag.Split('-')[0]);
}
