using System.Globalization;

namespace Streams.Domain.Alerts;

/// <summary>How a language writes the figures, times and lists that stand in for braces. Nothing to say is a dash.</summary>
/// <remarks>Written out here, since the node runs without the operating system's cultures.</remarks>
internal abstract class AlertLanguage
{
    private const int NamesShown = 5;

    private static readonly AlertLanguage English = new EnglishWords();
    private static readonly AlertLanguage French = new FrenchWords();

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

    public abstract string OverSince(long unixMs, TimeZoneInfo zone);

    public abstract string LastConfirmed(long unixMs, TimeZoneInfo zone);

    protected abstract string Days { get; }

    protected abstract string And { get; }

    /// <param name="tag">RFC 5646, such as <c>fr-FR</c>. What is not French is written as English is: the other texts of the world have no form of their own here.</param>
    public static AlertLanguage Of(string tag) => tag == "fr" || tag.StartsWith("fr-", StringComparison.Ordinal) ? French : English;

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
            < 120 => $"{Number(minutes)} min",
            < 48 * 60 => $"{Number(Math.Round(minutes / 60.0))} h",
            _ => $"{Number(Math.Round(minutes / 1440.0))} {Days}",
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
        return more > 0 ? $"{string.Join(", ", names.Take(shown))} {And} {More(more)}"
            : shown == 1 ? names[0]
            : $"{string.Join(", ", names.Take(shown - 1))} {And} {names[shown - 1]}";
    }

    /// <summary>True if so many things are named in the singular.</summary>
    public abstract bool IsSingular(int count);

    /// <summary>A sentence on a device's anomaly.</summary>
    public abstract string Explain(AnomalyFigures anomaly);

    protected abstract string More(int count);

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

    private sealed class EnglishWords() : AlertLanguage(".", ",")
    {
        public override string Over => "Over: ";

        public override string Unconfirmed => "No longer confirmed: ";

        protected override string Days => "days";

        protected override string And => "and";

        public override string Time(long unixMs, TimeZoneInfo zone) => Format(unixMs, zone, "yyyy-MM-dd HH:mm");

        public override bool IsSingular(int count) => count == 1;

        public override string Explain(AnomalyFigures anomaly) => anomaly.Explanation;

        public override string OverSince(long unixMs, TimeZoneInfo zone) => $"Over since {Time(unixMs, zone)}.";

        public override string LastConfirmed(long unixMs, TimeZoneInfo zone) => $"Last confirmed {Time(unixMs, zone)}.";

        protected override string More(int count) => $"{Number(count)} more";
    }

    private sealed class FrenchWords() : AlertLanguage(",", "\u00a0")
    {
        public override string Over => "Fin d'alerte : ";

        public override string Unconfirmed => "Alerte non reconfirmée : ";

        protected override string Days => "jours";

        protected override string And => "et";

        /// <summary>Reads on after "depuis le".</summary>
        public override string Time(long unixMs, TimeZoneInfo zone) => Format(unixMs, zone, "dd'/'MM'/'yyyy 'à' H 'h' mm");

        /// <summary>Zero is singular in French.</summary>
        public override bool IsSingular(int count) => count < 2;

        /// <summary>Shorter than what the device says: that is made where no language is known, and in English.</summary>
        public override string Explain(AnomalyFigures anomaly)
        {
            string value = Number(anomaly.Value);
            return anomaly.Kind switch
            {
                "stuck" => $"{anomaly.Metric} reste exactement à {value}.",
                "range" => $"{anomaly.Metric} vaut {value}, ce qui est physiquement impossible.",
                "spike" => $"{anomaly.Metric} est passé à {value} le temps d'une seule mesure.",
                "rate" => $"{anomaly.Metric} est passé à {value} plus vite qu'il n'est plausible.",
                "limit" => $"{anomaly.Metric} vaut {value}, au-delà de la limite.",
                "level" or "season" => $"{anomaly.Metric} vaut {value}, ce qui est inhabituel.",
                "state" => $"{anomaly.Metric} signale un état anormal.",
                "silence" => "L'appareil n'envoie plus de mesures.",
                "excess" => "L'appareil envoie plus de mesures qu'il n'est permis.",
                _ => "",
            };
        }

        public override string OverSince(long unixMs, TimeZoneInfo zone) => $"Terminé depuis le {Time(unixMs, zone)}.";

        public override string LastConfirmed(long unixMs, TimeZoneInfo zone) => $"Dernière confirmation le {Time(unixMs, zone)}.";

        protected override string More(int count) => count == 1 ? "1 autre" : $"{Number(count)} autres";
    }
}
