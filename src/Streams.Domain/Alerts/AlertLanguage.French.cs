namespace Streams.Domain.Alerts;

internal abstract partial class AlertLanguage
{
    private sealed class FrenchWords() : AlertLanguage(",", "\u00a0")
    {
        public override string Over => "Fin d'alerte : ";

        public override string Unconfirmed => "Alerte non reconfirmée : ";

        protected override string Days => " jours";

        protected override string And => " et ";

        /// <summary>Reads on after "depuis le".</summary>
        public override string Time(long unixMs, TimeZoneInfo zone) => Format(unixMs, zone, "dd'/'MM'/'yyyy 'à' H 'h' mm");

        /// <summary>Zero is singular in French.</summary>
        public override bool IsSingular(int count) => count < 2;

        public override string OverSince(long unixMs, TimeZoneInfo zone) => $"Terminé depuis le {Time(unixMs, zone)}.";

        public override string LastConfirmed(long unixMs, TimeZoneInfo zone) => $"Dernière confirmation le {Time(unixMs, zone)}.";

        public override (string Headline, string Description) NoLongerWatched(string area, string rule) =>
            ($"{area} : {rule} n'est plus surveillé", "La règle a été retirée de la configuration.");

        protected override string Explain(AnomalyFigures anomaly, string metric, string value) => anomaly.Kind switch
        {
            "stuck" => $"{metric} : valeur bloquée exactement à {value}.",
            "range" => $"{metric} : {value}, ce qui est physiquement impossible.",
            "spike" => $"{metric} : {value} le temps d'une seule mesure.",
            "rate" => $"{metric} : passage à {value} plus rapide qu'il n'est plausible.",
            "limit" => $"{metric} : {value}, au-delà de la limite.",
            "level" or "season" => $"{metric} : {value}, ce qui est inhabituel.",
            "state" => $"{metric} : état anormal signalé.",
            "silence" => "L'appareil n'envoie plus de mesures.",
            "excess" => "L'appareil envoie plus de mesures qu'il n'est permis.",
            _ => "",
        };

        protected override string AndMore(int count) => count == 1 ? " et 1 autre" : $" et {Number(count)} autres";
    }
}
