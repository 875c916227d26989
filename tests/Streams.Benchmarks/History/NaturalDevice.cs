using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Domain.Windows;

namespace Streams.Benchmarks.History;

/// <summary>
/// A device of a configured type that speaks at its natural interval, all its metrics at once, with made-up values: gauges follow the time of day with
/// noise in tenths, counts its hours, meters rise, states change some times a day; lamps are out by day and burn evenly by night.
/// </summary>
internal sealed class NaturalDevice(DeviceType type, int number)
{
    private readonly Device _device = new(string.Create(CultureInfo.InvariantCulture, $"{type.Name}-{number}"));
    private readonly ArrayBufferWriter<byte> _json = new(1024);
    private readonly Reading _reading = new();
    private readonly Dictionary<string, double> _meters = [];
    private uint _noise = (uint)(number * 7919) + 1;

    public string Id => _device.Id;

    /// <summary>Everything a day has to say; what it decides goes to the output at each reading, as commits do.</summary>
    public void Speak(long fromInMs, DeviceCatalog catalog, IDeviceOutput output)
    {
        for (long at = fromInMs; at < fromInMs + WindowSize.Day.LengthInMs(); at += (long)type.Interval.TotalMilliseconds)
        {
            Write(at);
            if (!ReadingParser.TryParse(_json.WrittenSpan, at, _reading, out Refusal? refusal)
                || (refusal = _device.Apply(_reading, catalog, at).Refusal) is not null)
            {
                throw new InvalidOperationException($"A reading was refused: {refusal.Message} {Encoding.UTF8.GetString(_json.WrittenSpan)}");
            }

            _device.Drain(output);
        }
    }

    /// <summary>Closes the measurement: what has not yet filled a row counts too.</summary>
    public void Finish(IDeviceOutput output) => _device.DrainHistory(output);

    private void Write(long atInMs)
    {
        _json.ResetWrittenCount();
        using Utf8JsonWriter json = new(_json);
        json.WriteStartObject();
        json.WriteString("deviceId", Id);
        json.WriteString("type", type.Name);
        json.WriteString("area", "bench/one");
        json.WriteString("time", DateTimeOffset.FromUnixTimeMilliseconds(atInMs).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture));
        json.WriteStartObject("metrics");
        foreach (MetricDefinition metric in type.Metrics.Where(metric => !metric.Name.EndsWith(".*", StringComparison.Ordinal)))
        {
            json.WritePropertyName(metric.Name);
            if (metric.Kind != MetricKind.State)
            {
                json.WriteNumberValue(ValueOf(metric, atInMs));
            }
            else if (metric.States.Length > 0)
            {
                json.WriteStringValue(metric.States[IsNight(atInMs) ? 1 : 0]);
            }
            else
            {
                json.WriteBooleanValue(IsNight(atInMs) && Noise() > 1.9);
            }
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private decimal ValueOf(MetricDefinition metric, long atInMs)
    {
        double day = 1 + Math.Sin(atInMs % WindowSize.Day.LengthInMs() * (2 * Math.PI / WindowSize.Day.LengthInMs()));
        switch (metric.Kind)
        {
            case MetricKind.Counter:
                _meters[metric.Name] = _meters.GetValueOrDefault(metric.Name) + (type.Domain == "lighting" ? (IsNight(atInMs) ? 0.02 : 0) : Math.Round(0.1 * day, 2));
                return Math.Round((decimal)_meters[metric.Name], 2);
            case MetricKind.Count:
                return Math.Clamp((decimal)Math.Round((4 * day) + Noise()), 0, (decimal)Math.Min(metric.Max ?? 1000, 1000));
            default:
                double low = Math.Max(metric.Min ?? -1e6, -1e6);
                double high = Math.Min(metric.Max ?? 1e6, 1e6);
                double centre = low <= 5 && high >= 60 ? 25 : low + ((high - low) / 2);
                double value = type.Domain == "lighting" ? (IsNight(atInMs) ? 70 : 0) : centre + (Math.Min(10, (high - low) / 4) * (day - 1)) + Noise();
                return (decimal)Math.Round(Math.Clamp(value, low, high), 1);
        }
    }

    private static bool IsNight(long atInMs) => atInMs / WindowSize.Hour.LengthInMs() % 24 is < 6 or >= 19;

    /// <summary>-2 to 2.</summary>
    private double Noise()
    {
        _noise = (_noise * 1_664_525) + 1_013_904_223;
        return ((_noise >> 8) % 400 / 100.0) - 2;
    }
}
