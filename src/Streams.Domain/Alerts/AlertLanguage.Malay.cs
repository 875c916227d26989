namespace Streams.Domain.Alerts;

internal abstract partial class AlertLanguage
{
    private sealed class MalayWords() : AlertLanguage(".", ",")
    {
        public override string Over => "Tamat: ";

        public override string Unconfirmed => "Tidak lagi disahkan: ";

        protected override string Days => " hari";

        protected override string And => " dan ";

        /// <summary>Reads on after "sejak".</summary>
        public override string Time(long unixMs, TimeZoneInfo zone) => Format(unixMs, zone, "dd'/'MM'/'yyyy HH:mm");

        public override string OverSince(long unixMs, TimeZoneInfo zone) => $"Tamat sejak {Time(unixMs, zone)}.";

        public override string LastConfirmed(long unixMs, TimeZoneInfo zone) => $"Kali terakhir disahkan pada {Time(unixMs, zone)}.";

        public override (string Headline, string Description) NoLongerWatched(string area, string rule) =>
            ($"{area}: {rule} tidak lagi dipantau", "Peraturan itu telah dikeluarkan daripada konfigurasi.");

        protected override string Explain(AnomalyFigures anomaly, string metric, string value) => anomaly.Kind switch
        {
            "stuck" => $"{metric} kekal tepat pada {value}.",
            "range" => $"{metric} ialah {value}, yang mustahil secara fizikal.",
            "spike" => $"{metric} menjadi {value} untuk satu bacaan sahaja.",
            "rate" => $"{metric} berubah kepada {value} lebih pantas daripada yang munasabah.",
            "limit" => $"{metric} ialah {value}, melepasi had.",
            "level" or "season" => $"{metric} ialah {value}, yang luar biasa.",
            "state" => $"{metric} melaporkan keadaan tidak normal.",
            "silence" => "Peranti ini tidak lagi menghantar bacaan.",
            "excess" => "Peranti ini menghantar lebih banyak bacaan daripada yang dibenarkan.",
            _ => "",
        };

        protected override string AndMore(int count) => $" dan {Number(count)} lagi";
    }
}
