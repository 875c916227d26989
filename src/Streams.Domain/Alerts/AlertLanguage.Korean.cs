namespace Streams.Domain.Alerts;

internal abstract partial class AlertLanguage
{
    private sealed class KoreanWords() : AlertLanguage(".", ",")
    {
        public override string Over => "해제: ";

        public override string Unconfirmed => "더 이상 확인되지 않음: ";

        protected override string Minutes => "분";

        protected override string Hours => "시간";

        protected override string Days => "일";

        protected override string And => " 및 ";

        public override string Time(long unixMs, TimeZoneInfo zone) => Format(unixMs, zone, "yyyy'년' M'월' d'일' HH:mm");

        public override string OverSince(long unixMs, TimeZoneInfo zone) => $"{Time(unixMs, zone)}에 상황이 종료되었습니다.";

        public override string LastConfirmed(long unixMs, TimeZoneInfo zone) => $"{Time(unixMs, zone)}에 마지막으로 확인되었습니다.";

        public override (string Headline, string Description) NoLongerWatched(string area, string rule) =>
            ($"{area}: {rule} 감시가 종료되었습니다", "규칙이 설정에서 삭제되었습니다.");

        protected override string Explain(AnomalyFigures anomaly, string metric, string value) => anomaly.Kind switch
        {
            "stuck" => $"{metric} 값이 정확히 {value}에 멈춰 있습니다.",
            "range" => $"{metric} 값({value})은 물리적으로 불가능합니다.",
            "spike" => $"{metric} 값({value})이 한 번의 측정에서만 나타났습니다.",
            "rate" => $"{metric} 값이 {value}까지 지나치게 빠르게 변했습니다.",
            "limit" => $"{metric} 값({value})이 한계를 벗어났습니다.",
            "level" or "season" => $"{metric} 값({value})이 평소와 다릅니다.",
            "state" => $"{metric} 항목에서 이상 상태가 보고되었습니다.",
            "silence" => "장치가 더 이상 측정값을 보내지 않습니다.",
            "excess" => "장치가 허용된 것보다 많은 측정값을 보내고 있습니다.",
            _ => "",
        };

        protected override string AndMore(int count) => $" 외 {Number(count)}개";
    }
}
