using System.Buffers;
using System.Globalization;
using System.Text;
using Streams.Runtime.Log;

namespace Streams.Chaos.Load;

/// <summary>A record on its way into the log.</summary>
internal sealed record Draft(string? Key, byte[] Value, params (string Name, string Value)[] Headers)
{
    /// <summary>Null for the one its key belongs to.</summary>
    public int? Partition { get; init; }

    /// <summary>When a beacon's reading was in the log is noted, to judge its silences by.</summary>
    public (string Beacon, long TimeInMs)? Noted { get; init; }

    public static string Json(string device, long timeInMs, string metrics, string type, string area, long? sequence) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"deviceId":"{{device}}","time":"{{Time(timeInMs)}}","metrics":{{metrics}},"type":"{{type}}","area":"{{area}}"{{(sequence is null ? "" : $",\"sequence\":{sequence}")}}}""");

    /// <summary>As an ordinary reading, in the form or with the fault that is asked for.</summary>
    /// <param name="elsewhere">Some partition but its own.</param>
    public static Draft Odd(Oddity oddity, string device, long timeInMs, double value, string area, long? sequence, int elsewhere)
    {
        string particles = string.Create(CultureInfo.InvariantCulture, $$"""{"pm2_5":{{value}}}""");
        string json = Json(device, timeInMs, particles, TestCity.SensorType, area, sequence);
        return oddity switch
        {
            Oddity.TooLate => new Draft(device, Utf8(Json(device, timeInMs - 3_600_000, particles, TestCity.SensorType, area, null))),
            Oddity.Late => new Draft(device, Utf8(Json(device, timeInMs - 150_000 - (timeInMs % 7 * 1000), particles, TestCity.SensorType, area, null))),
            Oddity.Future => new Draft(device, Utf8(Json(device, DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeMilliseconds(), particles, TestCity.SensorType, area, null))),
            Oddity.UnknownMetric => new Draft(device, Utf8(Json(device, timeInMs, """{"pm3":1}""", TestCity.SensorType, area, null))),
            Oddity.UnknownType => new Draft(device, Utf8(Json(device, timeInMs, particles, "no_such_type", area, null))),
            Oddity.UnknownDevice => new Draft("nobody-" + device, Utf8($$"""{"deviceId":"nobody-{{device}}","time":"{{Time(timeInMs)}}","metrics":{{particles}}}""")),
            Oddity.Impossible => new Draft(device, Utf8(Json(device, timeInMs, """{"pm2_5":-77}""", TestCity.SensorType, area, sequence))),
            Oddity.WrongType => new Draft(device, Utf8(Json(device, timeInMs, """{"pm2_5":"much"}""", TestCity.SensorType, area, null))),
            Oddity.Corrupt => new Draft(device, Utf8(json[..(json.Length / 2)])),
            Oddity.NotUtf8 => new Draft(device, [.. Utf8(json[..20]), 0xff, 0xfe, 0xc3]),
            Oddity.Empty => new Draft(device, []),
            Oddity.TooLarge => new Draft(device, Utf8(json + new string(' ', 300_000))),
            Oddity.Misrouted => new Draft(device, Utf8(json)) { Partition = elsewhere },
            Oddity.NoKey => new Draft(null, Utf8(json)) { Partition = elsewhere },
            Oddity.CloudEventBinary => new Draft(
                device, Utf8(json), ("ce_specversion", "1.0"), ("ce_id", $"{device}-{timeInMs}"), ("ce_source", "/chaos"), ("ce_type", "reading"),
                ("content-type", "application/json")),
            Oddity.CloudEventStructured => new Draft(
                device,
                Utf8($$"""{"specversion":"1.0","id":"{{device}}-{{timeInMs}}","source":"/chaos","type":"reading","data":{{json}}}"""),
                ("content-type", "application/cloudevents+json")),
            Oddity.SenMl => new Draft(
                device,
                Utf8(string.Create(CultureInfo.InvariantCulture, $$"""[{"bn":"{{device}}/","bt":{{timeInMs / 1000}},"n":"pm2_5","u":"ug/m3","v":{{value}}}]""")),
                ("content-type", "application/senml+json")),
            Oddity.UnsupportedContent => new Draft(device, Utf8(json), ("content-type", "application/x-nonsense")),
            _ => new Draft(device, Utf8(json)),
        };
    }

    public byte[] HeaderBytes()
    {
        if (Headers.Length == 0)
        {
            return [];
        }

        ArrayBufferWriter<byte> block = new(256);
        HeaderBlock.Begin(block, Headers.Length);
        foreach ((string name, string value) in Headers)
        {
            HeaderBlock.Add(block, Utf8(name), Utf8(value));
        }

        return block.WrittenSpan.ToArray();
    }

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    private static string Time(long timeInMs) =>
        DateTimeOffset.FromUnixTimeMilliseconds(timeInMs).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
