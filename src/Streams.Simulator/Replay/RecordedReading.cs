using System.Globalization;
using System.Text.Json;

namespace Streams.Simulator.Replay;

/// <summary>A metric's value as it was recorded: a number, a boolean or the name of a state.</summary>
public readonly record struct RecordedValue(double Number, string? State = null, bool? Flag = null);

/// <summary>One metric of a <see cref="RecordedReading"/>; the unit is empty where the recording has none.</summary>
public readonly record struct RecordedMetric(string Name, RecordedValue Value, string Unit);

/// <summary>
/// What one device said at one time: all metrics that were recorded side by side. A source fills the same object again for
/// every reading, so it is valid until the source is asked for the next.
/// </summary>
public sealed class RecordedReading
{
    private readonly List<RecordedMetric> _metrics = [];

    public string DeviceId { get; private set; } = "";

    /// <summary>Empty where the recording does not say.</summary>
    public string DeviceType { get; private set; } = "";

    /// <summary>Area id, such as <c>beijing/chaoyang</c>; empty where the recording does not say.</summary>
    public string Area { get; private set; } = "";

    /// <summary>Event time, Unix milliseconds.</summary>
    public long TimeInMs { get; private set; }

    /// <summary>WGS84 degrees; null where unknown.</summary>
    public (double Latitude, double Longitude)? Location { get; set; }

    public long? Sequence { get; set; }

    public IReadOnlyList<RecordedMetric> Metrics => _metrics;

    /// <summary>Empties the reading and names its device and time.</summary>
    public void Begin(string deviceId, string deviceType, string area, long timeInMs)
    {
        DeviceId = deviceId;
        DeviceType = deviceType;
        Area = area;
        TimeInMs = timeInMs;
        Location = null;
        Sequence = null;
        _metrics.Clear();
    }

    public void Add(string metric, RecordedValue value, string unit) => _metrics.Add(new RecordedMetric(metric, value, unit));

    /// <summary>Where a metric stands in <see cref="Metrics"/>, or -1.</summary>
    public int IndexOf(string metric)
    {
        for (int i = 0; i < _metrics.Count; i++)
        {
            if (string.Equals(_metrics[i].Name, metric, StringComparison.Ordinal))
            {
                return i;
            }
        }

        return -1;
    }

    /// <summary>Adds to a count that is already there: two calls of one kind at one moment are one reading of 2.</summary>
    public void AddTo(int index, double more)
    {
        RecordedMetric metric = _metrics[index];
        _metrics[index] = metric with { Value = new RecordedValue(metric.Value.Number + more) };
    }

    /// <summary>Writes the reading as <c>city.readings</c> takes it, with its time moved by <paramref name="shiftInMs"/>.</summary>
    public void Write(Utf8JsonWriter json, long shiftInMs)
    {
        json.WriteStartObject();
        json.WriteString("deviceId"u8, DeviceId);
        Span<char> time = stackalloc char[24];
        DateTimeOffset.FromUnixTimeMilliseconds(TimeInMs + shiftInMs)
            .TryFormat(time, out int length, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        json.WriteString("time"u8, time[..length]);
        json.WriteStartObject("metrics"u8);
        bool units = false;
        foreach (RecordedMetric metric in _metrics)
        {
            units |= metric.Unit.Length > 0;
            switch (metric.Value)
            {
                case { State: { } state }:
                    json.WriteString(metric.Name, state);
                    break;
                case { Flag: { } flag }:
                    json.WriteBoolean(metric.Name, flag);
                    break;
                default:
                    json.WriteNumber(metric.Name, metric.Value.Number);
                    break;
            }
        }

        json.WriteEndObject();
        if (DeviceType.Length > 0)
        {
            json.WriteString("type"u8, DeviceType);
        }

        if (Area.Length > 0)
        {
            json.WriteString("area"u8, Area);
        }

        if (Location is var (latitude, longitude))
        {
            json.WriteStartObject("location"u8);
            json.WriteString("type"u8, "Point"u8);
            json.WriteStartArray("coordinates"u8);
            json.WriteNumberValue(longitude);
            json.WriteNumberValue(latitude);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        if (Sequence is { } sequence)
        {
            json.WriteNumber("sequence"u8, sequence);
        }

        if (units)
        {
            json.WriteStartObject("units"u8);
            foreach (RecordedMetric metric in _metrics)
            {
                if (metric.Unit.Length > 0)
                {
                    json.WriteString(metric.Name, metric.Unit);
                }
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
