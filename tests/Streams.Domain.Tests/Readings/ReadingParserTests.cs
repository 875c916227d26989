using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Streams.Domain.Readings;

namespace Streams.Domain.Tests.Readings;

public sealed class ReadingParserTests
{
    private const long Now = 1795342800000; // 2026-11-22T10:20:00Z

    private const string Plain =
        """
        {"deviceId":"dijon-air-017","time":"2026-11-22T10:15:30.250Z","metrics":{"pm2_5":14.2,"no2":31.0},
         "type":"air_quality_station","area":"dijon/toison-dor","location":{"type":"Point","coordinates":[5.041,47.352]},"sequence":4711}
        """;

    [Fact]
    public void A_plain_reading_is_taken_whole()
    {
        Reading reading = Parse(Plain);
        Assert.Equal("dijon-air-017", Encoding.UTF8.GetString(reading.DeviceId));
        Assert.Equal("air_quality_station", Encoding.UTF8.GetString(reading.Type));
        Assert.Equal("dijon/toison-dor", Encoding.UTF8.GetString(reading.Area));
        Assert.Equal(1795342530250, reading.TimeInMs);
        Assert.Equal(4711, reading.Sequence);
        Assert.Equal(new GeoPoint(5.041, 47.352), reading.Location);
        Assert.Equal("pm2_5=14.2 no2=31", Metrics(reading));
    }

    [Theory]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1}}""", "a=1")]
    [InlineData("""{"units":{"a":"Cel","other":"m"},"metrics":{"a":-1.5e2},"x":[{"deviceId":2}],"time":"2026-11-22T10:15:30Z","deviceId":"d"}""", "a=-150 Cel")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"open":true,"state":"on","n":0.1234567890123456},"units":{"n":"m"}}""", "open=Boolean1 state='on' n=0.1234567890123456 m")]
    [InlineData("""{"deviceId":"\u0064","time":"2026-11-22T10:15:30Z","metrics":{"\u0061":1},"type":null,"sequence":null,"units":null}""", "a=1")]
    [InlineData("\uFEFF{\"deviceId\":\"d\",\"time\":\"2026-11-22T10:15:30Z\",\"metrics\":{\"a\":1}}", "a=1")]
    public void Optional_unknown_and_escaped_members_are_understood(string json, string expected)
    {
        Reading reading = Parse(json);
        Assert.Equal("d", Encoding.UTF8.GetString(reading.DeviceId));
        Assert.Equal(expected, Metrics(reading));
    }

    [Theory]
    [InlineData("", "empty_record", "")]
    [InlineData("hello", "malformed_json", "")]
    [InlineData("42", "wrong_type", "")]
    [InlineData("{", "malformed_json", "")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":NaN}}""", "malformed_json", "metrics.a")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1,"b":-Infinity}}""", "malformed_json", "metrics.b")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1e999}}""", "not_finite", "metrics.a")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":null}}""", "wrong_type", "metrics.a")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":[1]}}""", "wrong_type", "metrics.a")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1,"a":2}}""", "duplicate_field", "metrics.a")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a b":1}}""", "bad_name", "metrics.a b")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{}}""", "missing_field", "metrics")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":[1]}""", "wrong_type", "metrics")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z"}""", "missing_field", "metrics")]
    [InlineData("""{"deviceId":"d","metrics":{"a":1}}""", "missing_field", "time")]
    [InlineData("""{"time":"2026-11-22T10:15:30Z","metrics":{"a":1}}""", "missing_field", "deviceId")]
    [InlineData("""{"deviceId":7,"time":"2026-11-22T10:15:30Z","metrics":{"a":1}}""", "wrong_type", "deviceId")]
    [InlineData("""{"deviceId":"a b","time":"2026-11-22T10:15:30Z","metrics":{"a":1}}""", "bad_device_id", "deviceId")]
    [InlineData("""{"deviceId":"","time":"2026-11-22T10:15:30Z","metrics":{"a":1}}""", "bad_device_id", "deviceId")]
    [InlineData("""{"\ud800":1,"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1}}""", "malformed_json", "")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1},"units":{"\udc00":"m"}}""", "malformed_json", "")]
    [InlineData("""{"deviceId":"\ud800","time":"2026-11-22T10:15:30Z","metrics":{"a":1}}""", "malformed_json", "deviceId")]
    [InlineData("""{"deviceId":"d","deviceId":"e","time":"2026-11-22T10:15:30Z","metrics":{"a":1}}""", "duplicate_field", "deviceId")]
    [InlineData("""{"deviceId":"d","time":1795342530,"metrics":{"a":1}}""", "wrong_type", "time")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22 10:15","metrics":{"a":1}}""", "bad_time", "time")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:25:01Z","metrics":{"a":1}}""", "time_in_future", "time")]
    [InlineData("""{"deviceId":"d","time":"9999-11-22T10:25:01Z","metrics":{"a":1}}""", "time_in_future", "time")]
    [InlineData("""{"deviceId":"d","time":"1969-11-22T10:25:01Z","metrics":{"a":1}}""", "time_too_old", "time")]
    [InlineData("""{"deviceId":"d","time":"1975-11-22T10:25:01Z","metrics":{"a":1}}""", "time_too_old", "time")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1},"area":"Dijon"}""", "bad_area", "area")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1},"area":"/dijon"}""", "bad_area", "area")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1},"area":"../etc"}""", "bad_area", "area")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1},"type":"é"}""", "bad_name", "type")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1},"sequence":-1}""", "wrong_type", "sequence")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1},"sequence":1.5}""", "wrong_type", "sequence")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1},"units":{"a":3}}""", "wrong_type", "units.a")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1},"units":"m"}""", "wrong_type", "units")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1},"location":"here"}""", "bad_location", "location")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1},"location":{"type":"Point","coordinates":[5.0]}}""", "bad_location", "location")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1},"location":{"type":"Point","coordinates":[5.0,147.2]}}""", "bad_location", "location")]
    [InlineData("""{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1}} {}""", "malformed_json", "")]
    public void A_bad_reading_is_refused_with_the_field_at_fault(string json, string reason, string field)
    {
        var reading = new Reading();
        Assert.False(ReadingParser.TryParse(Encoding.UTF8.GetBytes(json), Now, reading, out Refusal? refusal));
        Assert.Equal((reason, field), (refusal.Reason, refusal.Field));
        Assert.NotEmpty(refusal.Message);
    }

    [Fact]
    public void Size_count_and_encoding_have_limits()
    {
        string many = string.Join(',', Enumerable.Range(0, 257).Select(i => $"\"m{i}\":{i}"));
        Assert.Equal("too_many_metrics", RefusalOf(Encoding.UTF8.GetBytes("{\"deviceId\":\"d\",\"time\":\"2026-11-22T10:15:30Z\",\"metrics\":{" + many + "}}")).Reason);
        Assert.Equal("too_large", RefusalOf(new byte[1 << 20]).Reason);
        Assert.Equal("malformed_utf8", RefusalOf([.. """{"deviceId":"d","x":" """u8, 0xc3, 0x28, .. "\"}"u8]).Reason);
        Assert.Equal("malformed_json", RefusalOf(Encoding.UTF8.GetBytes("{\"x\":" + new string('[', 5000))).Reason);

        static Refusal RefusalOf(ReadOnlySpan<byte> value)
        {
            Assert.False(ReadingParser.TryParse(value, Now, new Reading(), out Refusal? refusal));
            return refusal;
        }
    }

    [Fact]
    public void No_bytes_make_the_parser_throw_and_a_good_reading_is_read_after_any_of_them()
    {
        var reading = new Reading();
        byte[] good = Encoding.UTF8.GetBytes(Plain);
        Prop.ForAll<int, byte, int>((at, replacement, length) =>
        {
            byte[] broken = [.. good];
            broken[Math.Abs(at % good.Length)] = replacement;
            foreach (ContentForm form in Enum.GetValues<ContentForm>())
            {
                _ = ReadingParser.TryParse(broken, form, default, Now, reading, out _);
                _ = ReadingParser.TryParse(broken.AsSpan(0, Math.Abs(length % good.Length)), form, default, Now, reading, out _);
            }

            return ReadingParser.TryParse(good, Now, reading, out _) && Metrics(reading) == "pm2_5=14.2 no2=31";
        }).QuickCheckThrowOnFailure();
    }

    [Theory]
    [InlineData("0")]
    [InlineData("-0.5")]
    [InlineData("14.2")]
    [InlineData("999999999999999")]
    [InlineData("9999999999999999")]
    [InlineData("0.30000000000000004")]
    [InlineData("123456789.123456")]
    [InlineData("1.7976931348623157E+308")]
    public void Numbers_are_read_to_the_very_same_double(string number)
    {
        Reading reading = Parse("{\"deviceId\":\"d\",\"time\":\"2026-11-22T10:15:30Z\",\"metrics\":{\"a\":" + number + "}}");
        Assert.Equal(double.Parse(number, System.Globalization.CultureInfo.InvariantCulture), reading.Entries[0].Value);
    }

    [Theory]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/gw","type":"t","data":{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":1}}}""", "d a=1")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/gw","type":"t","subject":"s","time":"2026-11-22T10:15:30Z","data":{"metrics":{"a":1}}}""", "s a=1")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/gw","type":"t","data_base64":"eyJkZXZpY2VJZCI6ImQiLCJ0aW1lIjoiMjAyNi0xMS0yMlQxMDoxNTozMFoiLCJtZXRyaWNzIjp7ImEiOjF9fQ=="}""", "d a=1")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/gw","type":"t","datacontenttype":"application/senml+json","data":[{"bn":"d/","n":"a","v":1,"bt":1795342530}]}""", "d a=1")]
    public void A_structured_CloudEvent_is_read_with_and_without_its_content_type(string json, string expected)
    {
        foreach (ContentForm form in (ContentForm[])[ContentForm.CloudEventStructured, ContentForm.Json])
        {
            var reading = new Reading();
            Assert.True(ReadingParser.TryParse(Encoding.UTF8.GetBytes(json), form, default, Now, reading, out Refusal? refusal), refusal?.ToString());
            Assert.Equal(expected, Encoding.UTF8.GetString(reading.DeviceId) + " " + Metrics(reading));
        }
    }

    [Theory]
    [InlineData("""{"specversion":"0.3","id":"1","source":"/gw","type":"t","data":{}}""", "invalid_cloud_event", "specversion")]
    [InlineData("""{"specversion":"1.0","source":"/gw","type":"t","data":{}}""", "invalid_cloud_event", "id")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/gw","type":"t"}""", "missing_field", "data")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/gw","type":"t","data_base64":"?"}""", "invalid_cloud_event", "data_base64")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/gw","type":"t","datacontenttype":"text/xml","data":"<a/>"}""", "unsupported_content_type", "datacontenttype")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/gw","type":"t","data":{"deviceId":"d","time":"2026-11-22T10:15:30Z"}}""", "missing_field", "metrics")]
    public void A_bad_CloudEvent_is_refused(string json, string reason, string field)
    {
        Assert.False(ReadingParser.TryParse(Encoding.UTF8.GetBytes(json), ContentForm.CloudEventStructured, default, Now, new Reading(), out Refusal? refusal));
        Assert.Equal((reason, field), (refusal.Reason, refusal.Field));
    }

    [Fact]
    public void A_binary_CloudEvent_has_its_attributes_in_the_headers()
    {
        var reading = new Reading();
        CloudEventAttributes attributes = default;
        attributes.Take("specversion"u8, "1.0"u8);
        attributes.Take("id"u8, "1"u8);
        attributes.Take("source"u8, "/gw"u8);
        attributes.Take("type"u8, "reading"u8);
        attributes.Take("subject"u8, "d"u8);
        attributes.Take("time"u8, "2026-11-22T10:15:30Z"u8);
        Assert.True(ReadingParser.TryParse("""{"metrics":{"a":1}}"""u8, ContentForm.CloudEventBinary, in attributes, Now, reading, out _));
        Assert.Equal("d a=1", Encoding.UTF8.GetString(reading.DeviceId) + " " + Metrics(reading));
        Assert.False(ReadingParser.TryParse("""{"metrics":{"a":1}}"""u8, ContentForm.CloudEventBinary, default, Now, reading, out Refusal? refusal));
        Assert.Equal("ce_specversion", refusal.Field);
    }

    [Theory]
    [InlineData("", false, ContentForm.Json)]
    [InlineData("application/json; charset=utf-8", false, ContentForm.Json)]
    [InlineData("Application/CloudEvents+JSON; charset=UTF-8", true, ContentForm.CloudEventStructured)]
    [InlineData("application/json", true, ContentForm.CloudEventBinary)]
    [InlineData("application/senml+json", true, ContentForm.CloudEventBinary)]
    [InlineData("application/senml+json", false, ContentForm.SenMl)]
    [InlineData("application/xml", false, ContentForm.Unsupported)]
    [InlineData("application/cloudevents+avro", true, ContentForm.Unsupported)]
    [InlineData("application/cloudevents-batch+json", false, ContentForm.Unsupported)]
    public void The_headers_say_the_form(string contentType, bool isCloudEvent, ContentForm expected) =>
        Assert.Equal(expected, ContentForms.Of(Encoding.UTF8.GetBytes(contentType), isCloudEvent));

    [Theory]
    [InlineData("""[{"bn":"urn:dev:ow:10e2073a01080063:","u":"Cel","n":"temperature","v":23.1,"bt":1795342530}]""", "urn:dev:ow:10e2073a01080063 temperature=23.1 Cel@0")]
    [InlineData("""[{"bn":"d/","bt":1795342530,"bu":"A","bv":10},{"n":"x","v":1.5},{"n":"y","u":"V","v":-1,"t":5},{"n":"on","vb":true,"t":-5},{"n":"s","vs":"up"}]""", "d on=Boolean1 A@-5 x=11.5 A@0 s='up' A@0 y=9 V@5")]
    [InlineData("""[{"n":"d:a","v":1},{"n":"d:a","v":2,"t":-1}]""", "d a=2@269 a=1@270")]
    public void A_SenML_pack_is_resolved(string json, string expected)
    {
        var reading = new Reading();
        Assert.True(ReadingParser.TryParse(Encoding.UTF8.GetBytes(json), ContentForm.SenMl, default, Now, reading, out Refusal? refusal), refusal?.ToString());
        Assert.Equal(expected, Encoding.UTF8.GetString(reading.DeviceId) + " " + Metrics(reading, 1795342530000));
    }

    [Theory]
    [InlineData("""[]""", "missing_field", "")]
    [InlineData("""{"n":"d/a","v":1}""", "wrong_type", "")]
    [InlineData("""[{"n":"d/a","v":1},{"n":"e/a","v":1}]""", "several_devices", "[1].n")]
    [InlineData("""[{"n":"a","v":1}]""", "bad_name", "[0].n")]
    [InlineData("""[{"n":"d/a","v":"1"}]""", "wrong_type", "[0].v")]
    [InlineData("""[{"n":"d/a"}]""", "missing_field", "[0].v")]
    [InlineData("""[{"n":"d/a","v":1,"vs":"x"}]""", "invalid_senml", "[0]")]
    [InlineData("""[{"n":"d/a","v":1,"new_":1}]""", "invalid_senml", "[0].new_")]
    [InlineData("""[{"bver":11,"n":"d/a","v":1}]""", "invalid_senml", "[0].bver")]
    [InlineData("""[{"n":"d/a","v":1,"t":3600}]""", "time_in_future", "[0].t")]
    [InlineData("""[{"n":"d/a","v":1}""", "malformed_json", "[1]")]
    public void A_bad_SenML_pack_is_refused_whole(string json, string reason, string field)
    {
        Assert.False(ReadingParser.TryParse(Encoding.UTF8.GetBytes(json), ContentForm.SenMl, default, Now, new Reading(), out Refusal? refusal));
        Assert.Equal((reason, field), (refusal.Reason, refusal.Field));
    }

    [Fact]
    public void A_pack_of_several_devices_splits_into_readings_that_parse()
    {
        byte[] pack = Encoding.UTF8.GetBytes(
            """[{"bt":1795342530,"n":"d/a","v":1,"u":"Cel"},{"n":"e/a","vb":false},{"n":"d/b","vs":"on"},{"n":"d/a","v":2,"t":1}]""");
        Assert.True(SenMlParser.TrySplit(pack, Now, out IReadOnlyList<(string DeviceId, byte[] Json)> readings, out _));
        Assert.Equal(
            ["d a=1 Cel b='on'", "e a=Boolean0", "d a=2"],
            readings.Select(item => item.DeviceId + " " + Metrics(Parse(Encoding.UTF8.GetString(item.Json)))));
    }

    private static Reading Parse(string json)
    {
        var reading = new Reading();
        Assert.True(ReadingParser.TryParse(Encoding.UTF8.GetBytes(json), Now, reading, out Refusal? refusal), refusal?.ToString());
        return reading;
    }

    private static string Metrics(Reading reading, long? from = null)
    {
        var words = new List<string>();
        foreach (ReadingEntry entry in reading.Entries)
        {
            string value = entry.Kind switch
            {
                ValueKind.Text => $"'{reading.StringOf(entry.Text)}'",
                ValueKind.Boolean => $"Boolean{entry.Value}",
                _ => FormattableString.Invariant($"{entry.Value}"),
            };
            string unit = entry.Unit.IsEmpty ? "" : " " + reading.StringOf(entry.Unit);
            words.Add($"{reading.StringOf(entry.Name)}={value}{unit}{(from is { } start ? $"@{(entry.TimeInMs - start) / 1000}" : "")}");
        }

        return string.Join(' ', words);
    }
}
