using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Streams.Domain.Devices;
using Streams.Domain.Windows;

namespace Streams.Node.Api.Aggregates;

/// <summary>An aggregate's JSON from a row of history.</summary>
internal static class AggregateBody
{
    public static byte[] Of(string subject, in HistoryWindow window, string unit)
    {
        ArrayBufferWriter<byte> body = new(512);
        using (Utf8JsonWriter json = new(body, Answer.Options))
        {
            json.WriteStartObject();
            json.WriteString("subject", subject);
            json.WriteString("type", window.Type);
            json.WriteString("metric", window.Metric);
            json.WriteString("unit", unit);
            json.WriteStartObject("window");
            json.WriteString("size", window.Size.Iso());
            json.WriteString("start", Answer.Time(window.StartInMs));
            json.WriteString("end", Answer.Time(window.StartInMs + window.Size.LengthInMs()));
            json.WriteEndObject();
            json.WriteNumber("count", window.Count);
            json.WriteNumber("mean", Tidy(window.Mean));
            json.WriteNumber("min", window.Min);
            json.WriteNumber("max", window.Max);
            json.WriteNumber("stddev", Rounded(window.StandardDeviation));
            json.WriteNumber("sum", Tidy(window.Sum));
            json.WriteNumber("p50", Rounded(window.P50));
            json.WriteNumber("p95", Rounded(window.P95));
            json.WriteNumber("p99", Rounded(window.P99));
            json.WriteNumber("first", window.First);
            json.WriteNumber("last", window.Last);
            json.WriteNumber("members", 1);
            json.WriteNumber("revision", window.Revision);
            json.WriteEndObject();
        }

        return body.WrittenSpan.ToArray();
    }

    /// <summary>Seven digits: what a figure kept in 32 bits really holds.</summary>
    private static double Rounded(double value) => Rounded(value, "G7");

    /// <summary>Fifteen digits, without the noise of adding doubles.</summary>
    private static double Tidy(double value) => Rounded(value, "G15");

    private static double Rounded(double value, string digits) =>
        double.IsFinite(value) ? double.Parse(value.ToString(digits, CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) : 0;
}
