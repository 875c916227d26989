using System.Buffers;
using System.Globalization;
using System.Text;
using Streams.Domain.Detection;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Domain.Windows;

namespace Streams.Domain.Tests.Devices;

/// <summary>What a device may cost: nothing allocated for a reading, 8 KB of memory for two metrics.</summary>
public sealed class DeviceBudgets(ITestOutputHelper output)
{
    private static readonly DeviceCatalog Catalog = new(
    [
        Sensors.Type("air_quality_station", TimeSpan.FromSeconds(10), Metric("pm2_5", 1000), Metric("no2", 500)),
    ]);

    [Fact]
    public void Parsing_and_applying_ten_thousand_readings_allocates_nothing()
    {
        var device = new Device("dijon-air-017");
        var reading = new Reading();
        byte[] record = new byte[512];
        var silent = new Ignore();
        for (int i = 0; i < 40_000; i++)
        {
            Step(device, reading, record, i, i % 6 == 5 ? silent : null);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 40_000; i < 50_000; i++)
        {
            Step(device, reading, record, i, i % 6 == 5 ? silent : null);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_device_with_two_metrics_is_at_most_8_KB_after_a_day()
    {
        var device = new Device("dijon-air-017");
        var reading = new Reading();
        byte[] record = new byte[512];
        var silent = new Ignore();
        for (int i = 0; i < 8640; i++)
        {
            Step(device, reading, record, i, i % 6 == 5 ? silent : null);
        }

        var snapshot = new ArrayBufferWriter<byte>();
        device.Save(snapshot);
        long inMemory = HeapSize.Of(device, shared => shared is CompiledMetric or CompiledType);
        output.WriteLine($"{inMemory} bytes in memory, {snapshot.WrittenCount} bytes of snapshot");
        Assert.InRange(inMemory, 2000, 8 * 1024);
        Assert.InRange(snapshot.WrittenCount, 500, 6 * 1024);
    }

    /// <summary>Every detector runs; the general one has a threshold that nothing reaches, for what it would say has to be allocated.</summary>
    private static MetricDefinition Metric(string name, double max) => new()
    {
        Name = name, Unit = "ug/m3", Min = 0, Max = max,
        Detectors = new DetectorSettings { Unusual = 5, StuckAfter = TimeSpan.FromHours(3), Level = new LevelLimits(300, 250, null, null, TimeSpan.FromMinutes(10)) },
    };

    /// <summary>One reading with two metrics that follow a daily curve with some noise.</summary>
    private static void Step(Device device, Reading reading, byte[] record, int i, IDeviceOutput? drain)
    {
        long atInMs = Bench.Start + (i * 10_000L);
        double noise = ((i * 7919L) % 1000) / 1000.0;
        double daily = Math.Sin(i / 8640.0 * 2 * Math.PI);
        int length = 0;
        Put(record, ref length, "{\"deviceId\":\"dijon-air-017\",\"time\":\""u8);
        Rfc3339.Format(atInMs, record.AsSpan(length));
        length += Rfc3339.Length;
        Put(record, ref length, "\",\"metrics\":{\"pm2_5\":"u8);
        PutNumber(record, ref length, 30 + (15 * daily) + (4 * noise));
        Put(record, ref length, ",\"no2\":"u8);
        PutNumber(record, ref length, 60 + (20 * daily) + (6 * noise));
        Put(record, ref length, "},\"type\":\"air_quality_station\",\"area\":\"dijon/toison-dor\"}"u8);
        if (!ReadingParser.TryParse(record.AsSpan(0, length), atInMs, reading, out _) || device.Apply(reading, Catalog, atInMs).Kind == OutcomeKind.Refused)
        {
            throw new InvalidOperationException(Encoding.UTF8.GetString(record, 0, length));
        }

        if (drain is not null)
        {
            device.Drain(drain);
        }
    }

    private static void Put(byte[] record, ref int length, ReadOnlySpan<byte> text)
    {
        text.CopyTo(record.AsSpan(length));
        length += text.Length;
    }

    private static void PutNumber(byte[] record, ref int length, double value)
    {
        value.TryFormat(record.AsSpan(length), out int written, "0.0", CultureInfo.InvariantCulture);
        length += written;
    }

    private sealed class Ignore : IDeviceOutput
    {
        public void Registered(DeviceRegistration registration)
        {
        }

        public void Moved(DeviceRegistration registration, string fromArea)
        {
        }

        public void Anomaly(AnomalyEvent anomaly)
        {
        }

        public void Closed(in ClosedWindow window)
        {
        }

        public void History(HistoryPart part, long fromInMs, ReadOnlySpan<byte> body)
        {
        }
    }
}
