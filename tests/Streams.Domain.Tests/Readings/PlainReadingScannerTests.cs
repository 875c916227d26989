using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Streams.Domain.Readings;

namespace Streams.Domain.Tests.Readings;

/// <summary>The quick way through a reading may decline, but what it takes is what the general parser takes.</summary>
public sealed class PlainReadingScannerTests
{
    private static readonly string[] Pieces =
    [
        "{", "}", "[", "]", ",", ":", "\"", " ", "\n", "\\", "-", ".", "e", "0", "01", "1", "14.2", "-3", "1e3", "123456789012345678", "null", "true", "1.", ".5", "\u00e9",
        "\"deviceId\"", "\"time\"", "\"metrics\"", "\"units\"", "\"type\"", "\"area\"", "\"sequence\"", "\"location\"", "\"d\"", "\"pm2_5\"", "\"ug/m3\"", "\"\"",
        "\"2026-11-22T10:15:30.250Z\"",
    ];

    [Theory]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1.5,"b":-2},"type":"t","area":"x/y","sequence":7,"units":{"b":"Cel"},"location":{"type":"Point","coordinates":[5.041,47.352]}}""")]
    [InlineData(" {\n \"deviceId\" : \"d\" , \"time\" : \"2026-11-22T10:15:30Z\" , \"metrics\" : { \"a\" : 0.25 } }\n")]
    public void An_ordinary_reading_takes_the_quick_way(string json)
    {
        var reading = new Reading();
        reading.Clear();
        var scanner = new PlainReadingScanner(Encoding.UTF8.GetBytes(json), reading);
        Assert.True(scanner.TryScan());
    }

    [Fact]
    public void Both_ways_agree_whatever_is_put_into_a_reading()
    {
        const string Json =
            """{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1.5,"b":-2},"units":{"b":"Cel"},"type":"t","area":"x/y","location":{"type":"Point","coordinates":[5.041,47.352]},"sequence":7}""";
        byte[] good = Encoding.UTF8.GetBytes(Json);
        Prop.ForAll<int, int, int>((at, piece, cut) =>
        {
            int start = Math.Abs(at % good.Length);
            byte[] changed =
            [
                .. good.AsSpan(0, start), .. Encoding.UTF8.GetBytes(Pieces[Math.Abs(piece % Pieces.Length)]),
                .. good.AsSpan(Math.Min(good.Length, start + Math.Abs(cut % 4))),
            ];
            var quick = new Reading();
            quick.Clear();
            var scanner = new PlainReadingScanner(changed, quick);
            if (!scanner.TryScan())
            {
                return true;
            }

            var general = new Reading();
            general.Clear();
            var parser = new PlainReadingParser(changed, general);
            Assert.Null(parser.ParseGenerally());
            quick.TimeInMs = general.TimeInMs;
            Assert.Equal(Describe(general), Describe(quick));
            return true;
        }).Check(Config.QuickThrowOnFailure.WithReplay(17, 23).WithMaxTest(5000));
    }

    private static string Describe(Reading reading) =>
        $"{Encoding.UTF8.GetString(reading.DeviceId)} {Encoding.UTF8.GetString(reading.Type)} {Encoding.UTF8.GetString(reading.Area)} {reading.Sequence} {reading.Location} "
        + string.Join(' ', reading.Entries.ToArray().Select(entry => $"{reading.StringOf(entry.Name)}={entry.Kind}{entry.Value:R}{reading.StringOf(entry.Unit)}{reading.StringOf(entry.Text)}"));
}
