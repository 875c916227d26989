namespace Streams.Domain.Alerts;

internal abstract partial class AlertLanguage
{
    private sealed class ChineseWords() : AlertLanguage(".", ",")
    {
        public override string Over => "解除：";

        public override string Unconfirmed => "未再确认：";

        public override string Gap => "";

        protected override string Minutes => "分钟";

        protected override string Hours => "小时";

        protected override string Days => "天";

        protected override string Comma => "、";

        protected override string And => "和";

        public override string Time(long unixMs, TimeZoneInfo zone) => Format(unixMs, zone, "yyyy'年'M'月'd'日'HH:mm");

        public override string OverSince(long unixMs, TimeZoneInfo zone) => $"已于{Time(unixMs, zone)}解除。";

        public override string LastConfirmed(long unixMs, TimeZoneInfo zone) => $"最后一次确认时间为{Time(unixMs, zone)}。";

        public override (string Headline, string Description) NoLongerWatched(string area, string rule) =>
            ($"{area}：不再监测 {rule}", "该规则已从配置中删除。");

        protected override string Explain(AnomalyFigures anomaly, string metric, string value) => anomaly.Kind switch
        {
            "stuck" => $"{metric}一直停在 {value} 不变。",
            "range" => $"{metric}为 {value}，在物理上不可能。",
            "spike" => $"{metric}仅在一次读数中为 {value}。",
            "rate" => $"{metric}变为 {value}，变化快得不合常理。",
            "limit" => $"{metric}为 {value}，超出限值。",
            "level" or "season" => $"{metric}为 {value}，与平常不同。",
            "state" => $"{metric}报告异常状态。",
            "silence" => "设备不再发送读数。",
            "excess" => "设备发送的读数超过允许的数量。",
            _ => "",
        };

        protected override string AndMore(int count) => $"及其他{Number(count)}个";
    }
}
