namespace Streams.Domain.Alerts;

internal abstract partial class AlertLanguage
{
    private sealed class EnglishWords() : AlertLanguage(".", ",")
    {
        public override string Over => "Over: ";

        public override string Unconfirmed => "No longer confirmed: ";

        protected override string Days => " days";

        protected override string And => " and ";

        public override string Time(long unixMs, TimeZoneInfo zone) => Format(unixMs, zone, "yyyy-MM-dd HH:mm");

        public override string OverSince(long unixMs, TimeZoneInfo zone) => $"Over since {Time(unixMs, zone)}.";

        public override string LastConfirmed(long unixMs, TimeZoneInfo zone) => $"Last confirmed {Time(unixMs, zone)}.";

        public override (string Headline, string Description) NoLongerWatched(string area, string rule) =>
            ($"{area}: {rule} is no longer watched", "The rule was taken out of the configuration.");

        /// <summary>The device says more than the figures do, and begins with the metric's id.</summary>
        protected override string Explain(AnomalyFigures anomaly, string metric, string value) =>
            anomaly.Explanation.StartsWith(anomaly.Metric + " ", StringComparison.Ordinal) ? metric + anomaly.Explanation[anomaly.Metric.Length..] : anomaly.Explanation;

        protected override string AndMore(int count) => $" and {Number(count)} more";
    }
}
