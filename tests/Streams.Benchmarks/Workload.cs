using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace Streams.Benchmarks;

/// <summary>
/// Readings of one metric, the same for the same numbers: devices speak in turn, in time order; values follow the time of day with noise,
/// and now and then one lies far beyond a level. About 108 bytes of JSON each, as the contract shows them; a device's first names its type and area.
/// </summary>
/// <param name="IntervalInMs">Event time between two readings of a device.</param>
/// <param name="Count">Readings in all; a multiple of <paramref name="Devices"/>.</param>
/// <param name="FirstInMs">Event time of the first.</param>
/// <param name="Crossing">Share of readings beyond the level.</param>
internal sealed record Workload(int Devices, int IntervalInMs, int Count, long FirstInMs, double Crossing)
{
    public const string DeviceType = "bench_sensor";
    public const string Metric = "pm2_5";
    public const int LargestInBytes = 256;

    /// <summary>The metric's level: beyond <see cref="Level"/> it is raised, at usual values it clears.</summary>
    public const double Level = 250;

    /// <summary>Beyond the level and beyond the metric's range.</summary>
    public const double Impossible = 1200;

    private const int DevicesPerArea = 100;

    /// <summary>Devices whose turn changes from round to round: 256 lie close together, so that their intervals stay nearly equal.</summary>
    private const int Shuffled = 256;

    /// <summary>Readings of the last round end a little before now.</summary>
    public static Workload EndingNow(int devices, int intervalInMs, int count, double crossing)
    {
        int rounds = Math.Max(1, count / devices);
        long now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        return new Workload(devices, intervalInMs, rounds * devices, now - ((long)rounds * intervalInMs) - 5_000, crossing);
    }

    public static string IdOf(int device) => string.Create(CultureInfo.InvariantCulture, $"bench-air-{device:D6}");

    public static string AreaOf(int device) => string.Create(CultureInfo.InvariantCulture, $"bench/d{device / DevicesPerArea:D4}");

    /// <summary>Whose turn it is.</summary>
    public (int Device, int Round) At(int index)
    {
        int round = index / Devices;
        int turn = index % Devices;
        return (turn < Devices / Shuffled * Shuffled ? turn ^ (int)(Mix((uint)round) % Shuffled) : turn, round);
    }

    /// <summary>Writes a reading; answers its bytes.</summary>
    /// <param name="key">The device's id as UTF-8, the record's key.</param>
    public int Write(int index, Span<byte> key, out int keyLength, Span<byte> value)
    {
        (int device, int round) = At(index);
        long timeInMs = FirstInMs + ((long)round * IntervalInMs) + ((long)(index % Devices) * IntervalInMs / Devices);
        Utf8.TryWrite(key, CultureInfo.InvariantCulture, $"bench-air-{device:D6}", out keyLength);
        return WriteReading(value, key[..keyLength], timeInMs, ValueAt(device, round, timeInMs), round + 1, round == 0 ? AreaOf(device) : null);
    }

    /// <param name="area">Null once the device is known.</param>
    public static int WriteReading(Span<byte> into, ReadOnlySpan<byte> device, long timeInMs, double value, long sequence, string? area)
    {
        Span<byte> at = into;
        Put(ref at, "{\"deviceId\":\""u8);
        Put(ref at, device);
        Put(ref at, "\",\"time\":\""u8);
        Utf8.TryWrite(at, CultureInfo.InvariantCulture, $"{DateTimeOffset.FromUnixTimeMilliseconds(timeInMs).UtcDateTime:yyyy-MM-ddTHH:mm:ss.fff}Z", out int written);
        at = at[written..];
        Put(ref at, "\",\"metrics\":{\"pm2_5\":"u8);
        Utf8Formatter.TryFormat(value, at, out written, new System.Buffers.StandardFormat('F', 2));
        at = at[written..];
        Put(ref at, "},\"sequence\":"u8);
        Utf8Formatter.TryFormat(sequence, at, out written);
        at = at[written..];
        if (area is not null)
        {
            Put(ref at, ",\"type\":\"bench_sensor\",\"area\":\""u8);
            at = at[Encoding.UTF8.GetBytes(area, at)..];
            Put(ref at, "\""u8);
        }

        Put(ref at, "}"u8);
        return into.Length - at.Length;
    }

    private double ValueAt(int device, int round, long timeInMs)
    {
        uint noise = Mix(((uint)device * 2_654_435_761) + (uint)round);
        if (noise < Crossing * uint.MaxValue)
        {
            return Impossible + (noise % 64);
        }

        // Two bytes added are nearly enough like a bell curve: standard deviation 1.
        double bell = ((int)(noise & 0xff) + (int)((noise >> 8) & 0xff) - 255) / 104.0;
        return 40 + (device % 17) + (15 * Math.Sin(timeInMs % 86_400_000 * (2 * Math.PI / 86_400_000))) + (2 * bell);
    }

    private static void Put(ref Span<byte> at, ReadOnlySpan<byte> text)
    {
        text.CopyTo(at);
        at = at[text.Length..];
    }

    /// <summary>Neighbouring numbers become unrelated ones (the finalizer of murmur3).</summary>
    private static uint Mix(uint x)
    {
        x = (x ^ (x >> 16)) * 0x85ebca6b;
        x = (x ^ (x >> 13)) * 0xc2b2ae35;
        return x ^ (x >> 16);
    }
}
