using System.Buffers;
using System.Text.Json;
using Streams.Domain.Detection;
using Streams.Domain.Readings;

namespace Streams.Domain.Devices;

/// <summary>A device as the API shows it.</summary>
public static class DeviceJson
{
    /// <summary><c>silent</c>, <c>anomalous</c> while an anomaly is open, else <c>ok</c>.</summary>
    public static string StateOf(Device device)
    {
        if (device.IsSilent)
        {
            return "silent";
        }

        foreach (MetricState metric in device.Metrics)
        {
            if (metric.HasOpen)
            {
                return "anomalous";
            }
        }

        return device.IsInExcess ? "anomalous" : "ok";
    }

    /// <param name="whole">False leaves out what changes with every reading: what is kept of it elsewhere would be out of date.</param>
    public static void Write(IBufferWriter<byte> output, Device device, bool whole = true)
    {
        using var json = new Utf8JsonWriter(output, AnomalyJson.Options);
        json.WriteStartObject();
        json.WriteString("id"u8, device.Id);
        if (device.Name.Length > 0)
        {
            json.WriteString("name"u8, device.Name);
        }

        json.WriteString("type"u8, device.Type);
        json.WriteStartArray("types"u8);
        foreach (string type in device.Types)
        {
            json.WriteStringValue(type);
        }

        json.WriteEndArray();
        json.WriteString("area"u8, device.Area);
        WriteLocation(json, device.Location);
        json.WriteString("state"u8, StateOf(device));
        if (whole)
        {
            WriteTimeOrNull(json, "lastSeen"u8, device.LastEventInMs == long.MinValue ? 0 : device.LastEventInMs);
            WriteTimeOrNull(json, "lastArrival"u8, device.LastArrivalInMs);
            json.WriteStartArray("metrics"u8);
            foreach (MetricState metric in device.Metrics)
            {
                WriteMetric(json, metric);
            }

            json.WriteEndArray();
        }

        json.WriteStartArray("openAnomalies"u8);
        foreach (MetricState metric in device.Metrics)
        {
            foreach (OpenAnomaly open in metric.Open ?? [])
            {
                WriteOpen(json, device.Id, metric.Metric.Type.Name, metric.Name, open);
            }
        }

        if (device.OpenSilence is { } silence)
        {
            WriteOpen(json, device.Id, device.Type, "", silence);
        }

        if (device.OpenExcess is { } excess)
        {
            WriteOpen(json, device.Id, device.Type, "", excess);
        }

        json.WriteEndArray();
        if (whole)
        {
            json.WriteStartObject("counters"u8);
            json.WriteNumber("readings"u8, device.ReadingCount);
            json.WriteNumber("repeats"u8, device.RepeatCount);
            json.WriteNumber("late"u8, device.LateCount);
            json.WriteNumber("impossible"u8, device.ImpossibleCount);
            json.WriteNumber("excess"u8, device.ExcessCount);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>A device that is configured and never spoke: state <c>unseen</c>.</summary>
    public static void WriteUnseen(IBufferWriter<byte> output, DeviceRegistration configured)
    {
        using var json = new Utf8JsonWriter(output, AnomalyJson.Options);
        json.WriteStartObject();
        json.WriteString("id"u8, configured.DeviceId);
        json.WriteString("type"u8, configured.Type);
        json.WriteStartArray("types"u8);
        json.WriteStringValue(configured.Type);
        json.WriteEndArray();
        json.WriteString("area"u8, configured.Area);
        WriteLocation(json, configured.Location);
        json.WriteString("state"u8, "unseen"u8);
        json.WriteNull("lastSeen"u8);
        json.WriteNull("lastArrival"u8);
        json.WriteStartArray("metrics"u8);
        json.WriteEndArray();
        json.WriteStartArray("openAnomalies"u8);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteLocation(Utf8JsonWriter json, GeoPoint? point)
    {
        json.WritePropertyName("location"u8);
        if (point is { } location)
        {
            Write(json, location);
        }
        else
        {
            json.WriteNullValue();
        }
    }

    /// <summary>A GeoJSON point.</summary>
    internal static void Write(Utf8JsonWriter json, GeoPoint location)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "Point"u8);
        json.WriteStartArray("coordinates"u8);
        json.WriteNumberValue(location.Longitude);
        json.WriteNumberValue(location.Latitude);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteMetric(Utf8JsonWriter json, MetricState metric)
    {
        MetricDefinition definition = metric.Metric.Definition;
        json.WriteStartObject();
        json.WriteString("type"u8, metric.Metric.Type.Name);
        json.WriteString("name"u8, metric.Name);
        bool hasValue = metric.LastAtInMs != long.MinValue;
        double value = definition.Kind == MetricKind.Counter ? metric.LastRaw : metric.LastValue;
        if (hasValue && definition.Kind == MetricKind.State && !definition.States.IsDefaultOrEmpty && value >= 0 && value < definition.States.Length)
        {
            json.WriteString("value"u8, definition.States[(int)value]);
        }
        else
        {
            AnomalyJson.WriteNumber(json, "value"u8, hasValue ? value : double.NaN);
        }

        json.WriteString("unit"u8, definition.Unit);
        WriteTimeOrNull(json, "time"u8, hasValue ? metric.LastAtInMs : 0);
        json.WriteEndObject();
    }

    private static void WriteOpen(Utf8JsonWriter json, string deviceId, string type, string metric, in OpenAnomaly open)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, AnomalyEvent.IdOf(deviceId, type, metric, open.Kind, open.RaisedAtInMs));
        if (metric.Length == 0)
        {
            json.WriteNull("metric"u8);
        }
        else
        {
            json.WriteString("metric"u8, metric);
        }

        json.WriteString("kind"u8, open.Kind.Word());
        AnomalyJson.WriteTime(json, "raised"u8, open.RaisedAtInMs);
        AnomalyJson.WriteTime(json, "since"u8, open.SinceInMs);
        json.WriteEndObject();
    }

    private static void WriteTimeOrNull(Utf8JsonWriter json, ReadOnlySpan<byte> name, long unixMs)
    {
        if (unixMs == 0)
        {
            json.WriteNull(name);
        }
        else
        {
            AnomalyJson.WriteTime(json, name, unixMs);
        }
    }
}
