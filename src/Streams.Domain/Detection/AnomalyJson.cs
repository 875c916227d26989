using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Streams.Domain.Readings;

namespace Streams.Domain.Detection;

/// <summary>The anomaly message.</summary>
public static class AnomalyJson
{
    internal static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(IBufferWriter<byte> output, AnomalyEvent anomaly)
    {
        using var json = new Utf8JsonWriter(output, Options);
        Write(json, anomaly);
    }

    public static void Write(Utf8JsonWriter json, AnomalyEvent anomaly)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, anomaly.Id);
        json.WriteString("deviceId"u8, anomaly.DeviceId);
        json.WriteString("area"u8, anomaly.Area);
        json.WriteString("type"u8, anomaly.Type);
        if (anomaly.Metric.Length == 0)
        {
            json.WriteNull("metric"u8);
        }
        else
        {
            json.WriteString("metric"u8, anomaly.Metric);
        }

        json.WriteString("unit"u8, anomaly.Kind == AnomalyKind.Silence ? "s" : anomaly.Unit);
        json.WriteString("kind"u8, anomaly.Kind.Word());
        json.WriteString("state"u8, anomaly.IsRaised ? "raised"u8 : "cleared"u8);
        WriteTime(json, "time"u8, anomaly.TimeInMs);
        WriteNumber(json, "value"u8, anomaly.Value);
        WriteNumber(json, "expected"u8, anomaly.Expected);
        WriteNumber(json, "score"u8, Math.Round(anomaly.Score, 3));
        WriteTime(json, "since"u8, anomaly.SinceInMs);
        json.WriteString("explanation"u8, anomaly.Explanation);
        json.WriteEndObject();
    }

    /// <summary>JSON has no word for a number that is none: null.</summary>
    internal static void WriteNumber(Utf8JsonWriter json, ReadOnlySpan<byte> name, double value)
    {
        if (double.IsFinite(value))
        {
            json.WriteNumber(name, value);
        }
        else
        {
            json.WriteNull(name);
        }
    }

    internal static void WriteTime(Utf8JsonWriter json, ReadOnlySpan<byte> name, long unixMs)
    {
        Span<byte> text = stackalloc byte[Rfc3339.Length];
        Rfc3339.Format(unixMs, text);
        json.WriteString(name, text);
    }
}
