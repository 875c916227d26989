using System.Globalization;
using System.Text.Unicode;
using Streams.Domain.Devices;
using Streams.Domain.Readings;

namespace Streams.Benchmarks.Devices;

/// <summary>Devices with two metrics, in memory without a node, fed by parsing readings.</summary>
internal sealed class Fleet
{
    private readonly Reading _reading = new();
    private readonly CountingOutput _output = new();
    private readonly byte[] _record = new byte[256];
    private long _noise = 1;

    public Fleet(int devices, int intervalInMs)
    {
        IntervalInMs = intervalInMs;
        Catalog = new DeviceCatalog([BenchCity.Sensor(intervalInMs, secondMetric: true)]);
        Devices = [.. Enumerable.Range(0, devices).Select(device => new Device(Workload.IdOf(device)))];
    }

    public int IntervalInMs { get; }

    public DeviceCatalog Catalog { get; }

    public Device[] Devices { get; }

    /// <summary>Each device speaks so many times in turn, an interval apart; what it has to say is taken from it each time, as commits do.</summary>
    /// <returns>Event time after the last.</returns>
    public long Speak(long fromInMs, int rounds)
    {
        for (int round = 0; round < rounds; round++, fromInMs += IntervalInMs)
        {
            for (int device = 0; device < Devices.Length; device++)
            {
                Speak(device, fromInMs);
            }
        }

        return fromInMs;
    }

    private void Speak(int device, long timeInMs)
    {
        double day = Math.Sin(timeInMs % 86_400_000 * (2 * Math.PI / 86_400_000));
        Utf8.TryWrite(
            _record, CultureInfo.InvariantCulture,
            $"{{\"deviceId\":\"{Devices[device].Id}\",\"time\":\"{DateTimeOffset.FromUnixTimeMilliseconds(timeInMs).UtcDateTime:yyyy-MM-ddTHH:mm:ss.fff}Z\",\"metrics\":{{\"pm2_5\":{30 + (20 * day) + Noise():0.00},\"no2\":{60 + (40 * day) + (3 * Noise()):0.00}}},\"type\":\"bench_sensor\",\"area\":\"bench/d0001\"}}",
            out int length);
        if (!ReadingParser.TryParse(_record.AsSpan(0, length), timeInMs, _reading, out Refusal? refusal)
            || (refusal = Devices[device].Apply(_reading, Catalog, timeInMs).Refusal) is not null)
        {
            throw new InvalidOperationException($"A reading was refused: {refusal.Message}");
        }

        Devices[device].Drain(_output);
    }

    /// <summary>-2.5 to 2.5.</summary>
    private double Noise()
    {
        _noise = (_noise * 48271) % 2147483647;
        return (_noise % 500 / 100.0) - 2.5;
    }
}
