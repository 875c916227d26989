using System.Globalization;
using Streams.Domain.Devices;

namespace Streams.Domain.Detection;

/// <summary>Anomalies in words, for people who decide: what is, what would be ordinary, since when.</summary>
internal static class Explanation
{
    internal static string Range(string metric, string unit, double value, MetricRules rules) =>
        $"{metric} is {Number(value, unit)}; physically possible is {Between(rules.Min, rules.Max, unit)}. The sensor is at fault, so the value is left out of all windows.";

    internal static string Stuck(string metric, string unit, double value, long forInMs) =>
        $"{metric} has been exactly {Number(value, unit)} for {Duration(forInMs)}.";

    internal static string Spike(string metric, string unit, double value, double usual) =>
        $"{metric} was {Number(value, unit)} for one reading, between values around {Number(usual, unit)}.";

    internal static string Rate(string metric, string unit, double from, double to, long inMs, double perMs) =>
        $"{metric} went from {Number(from, "")} to {Number(to, unit)} in {Duration(inMs)}; at most {Number(perMs * 60_000, unit)} a minute is plausible.";

    internal static string Limit(string metric, string unit, double value, MetricRules rules, long forInMs) =>
        value > rules.High
            ? $"{metric} is {Number(value, unit)}, above the limit of {Number(rules.High, unit)}{For(forInMs)}."
            : $"{metric} is {Number(value, unit)}, below the limit of {Number(rules.Low, unit)}{For(forInMs)}.";

    internal static string State(string metric, string state, long forInMs) => $"{metric} is {state}{For(forInMs)}.";

    internal static string StateCleared(string metric, string state, long lastedInMs) =>
        $"{metric} is {state}; the anomaly ({AnomalyKind.State.Word()}) is over after {Duration(lastedInMs)}.";

    internal static string Unusual(string metric, string unit, double value, bool seasonal, double usual, double distance, bool hasExtremes, double lowest, double highest)
    {
        string band = $"usual at this time of day is {Number(usual - (2 * distance), "")} to {Number(usual + (2 * distance), unit)}";
        string past = !hasExtremes ? ""
            : value >= usual ? $"; highest in the last day was {Number(highest, "")}"
            : $"; lowest in the last day was {Number(lowest, "")}";
        string why = seasonal ? "unusual for this time of day" : "unusual against the recent past";
        return $"{metric} is {Number(value, unit)}, {why}; {band}{past}.";
    }

    internal static string Cleared(string metric, string unit, double value, AnomalyKind kind, long lastedInMs) =>
        $"{metric} is {Number(value, unit)}; the anomaly ({kind.Word()}) is over after {Duration(lastedInMs)}.";

    internal static string Silent(long sinceInMs, long expectedInMs) =>
        $"No reading since {Readings.Rfc3339.Format(sinceInMs)}; one is expected every {Duration(expectedInMs)}.";

    internal static string Excess(double mostPerSecond) =>
        $"The device sends more than {Number(mostPerSecond, "")} values a second, for longer than a minute. What comes beyond that is not taken.";

    internal static string Moderate(long refused) => $"The device sends no more than it may; {refused} readings were not taken.";

    internal static string Spoke(long silentInMs) => $"The device spoke again after {Duration(silentInMs)} of silence.";

    internal const string Retired = "The device was removed.";

    internal static string Removed(string metric) => $"{metric} is no longer part of the device's type, or has another unit.";

    private static string For(long forInMs) => forInMs > 0 ? $" for {Duration(forInMs)}" : "";

    private static string Between(double min, double max, string unit) =>
        double.IsNegativeInfinity(min) ? $"at most {Number(max, unit)}"
        : double.IsPositiveInfinity(max) ? $"at least {Number(min, unit)}"
        : $"{Number(min, "")} to {Number(max, unit)}";

    private static string Number(double value, string unit)
    {
        // Four significant digits below a thousand: what a person reads off a gauge.
        double size = Math.Abs(value);
        string format = size >= 1000 ? "0" : size >= 100 ? "0.#" : size >= 1 ? "0.##" : "0.####";
        string number = size is > 0 and < 1e-4 or >= 1e12 ? value.ToString("G3", CultureInfo.InvariantCulture) : value.ToString(format, CultureInfo.InvariantCulture);
        return unit is "" or "1" or "count" ? number : $"{number} {unit}";
    }

    private static string Duration(long ms) => TimeSpan.FromMilliseconds(ms) switch
    {
        { TotalDays: >= 2 } days => $"{Math.Round(days.TotalDays, 1).ToString(CultureInfo.InvariantCulture)} days",
        { TotalHours: >= 2 } hours => $"{Math.Round(hours.TotalHours, 1).ToString(CultureInfo.InvariantCulture)} h",
        { TotalMinutes: >= 2 } minutes => $"{Math.Round(minutes.TotalMinutes).ToString(CultureInfo.InvariantCulture)} min",
        var rest => $"{Math.Round(rest.TotalSeconds).ToString(CultureInfo.InvariantCulture)} s",
    };
}
