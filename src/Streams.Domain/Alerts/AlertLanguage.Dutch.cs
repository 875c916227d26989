namespace Streams.Domain.Alerts;

internal abstract partial class AlertLanguage
{
    private sealed class DutchWords() : AlertLanguage(",", ".")
    {
        public override string Over => "Voorbij: ";

        public override string Unconfirmed => "Niet meer bevestigd: ";

        protected override string Days => " dagen";

        protected override string And => " en ";

        /// <summary>Reads on after "sinds".</summary>
        public override string Time(long unixMs, TimeZoneInfo zone) => Format(unixMs, zone, "dd-MM-yyyy HH:mm");

        public override string OverSince(long unixMs, TimeZoneInfo zone) => $"Voorbij sinds {Time(unixMs, zone)}.";

        public override string LastConfirmed(long unixMs, TimeZoneInfo zone) => $"Laatst bevestigd op {Time(unixMs, zone)}.";

        public override (string Headline, string Description) NoLongerWatched(string area, string rule) =>
            ($"{area}: {rule} wordt niet meer bewaakt", "De regel is uit de configuratie verwijderd.");

        protected override string Explain(AnomalyFigures anomaly, string metric, string value) => anomaly.Kind switch
        {
            "stuck" => $"{metric} blijft precies op {value} staan.",
            "range" => $"{metric} is {value}; dat is fysiek onmogelijk.",
            "spike" => $"{metric} was één meting lang {value}.",
            "rate" => $"{metric} ging sneller naar {value} dan aannemelijk is.",
            "limit" => $"{metric} is {value}, voorbij de grenswaarde.",
            "level" or "season" => $"{metric} is {value}; dat is ongewoon.",
            "state" => $"{metric} meldt een afwijkende toestand.",
            "silence" => "Het apparaat stuurt geen metingen meer.",
            "excess" => "Het apparaat stuurt meer metingen dan is toegestaan.",
            _ => "",
        };

        protected override string AndMore(int count) => $" en nog {Number(count)}";
    }
}
