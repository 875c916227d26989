using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Streams.Domain.Detection;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Domain.Windows;

using Outcome = Streams.Domain.Devices.Outcome;

namespace Streams.Domain.Tests.Devices;

public sealed class DeviceTests
{
    private const string First = "\"type\":\"air_quality_station\",\"area\":\"dijon/centre\"";

    [Fact]
    public void The_first_reading_registers_and_later_ones_need_no_type_or_area()
    {
        var bench = new Bench("d");
        Assert.Equal(OutcomeKind.Decided, bench.Send(0, "\"pm2_5\":10", First).Kind);
        Assert.Equal(["registered air_quality_station in dijon/centre"], bench.Drain());
        Assert.Equal(OutcomeKind.Quiet, bench.Send(10, "\"pm2_5\":20").Kind);
        Assert.Equal(OutcomeKind.Speaks, bench.Send(130, "\"pm2_5\":30,\"air_temperature\":4").Kind);
        Assert.Equal(["pm2_5 PT1M@0 n2 m15 r0+2"], bench.Drain());
    }

    [Theory]
    [InlineData("\"pm2_5\":1", "", "unknown_device", "type")]
    [InlineData("\"pm2_5\":1", "\"type\":\"air_quality_station\"", "unknown_device", "area")]
    [InlineData("\"pm2_5\":1", "\"area\":\"dijon\"", "unknown_device", "type")]
    [InlineData("\"pm2_5\":1", "\"type\":\"teapot\",\"area\":\"dijon\"", "unknown_type", "type")]
    [InlineData("\"pm2_5\":1,\"tea\":2", First, "unknown_metric", "metrics.tea")]
    [InlineData("\"pm2_5\":\"1\"", First, "wrong_type", "metrics.pm2_5")]
    [InlineData("\"pm2_5\":true", First, "wrong_type", "metrics.pm2_5")]
    [InlineData("\"pm2_5\":1", First + ",\"units\":{\"pm2_5\":\"Cel\"}", "unit_not_convertible", "units.pm2_5")]
    [InlineData("\"lamp\":\"dim\"", "\"type\":\"street_light\",\"area\":\"dijon\"", "unknown_state", "metrics.lamp")]
    [InlineData("\"lamp\":3", "\"type\":\"street_light\",\"area\":\"dijon\"", "unknown_state", "metrics.lamp")]
    [InlineData("\"lamp\":true", "\"type\":\"street_light\",\"area\":\"dijon\"", "unknown_state", "metrics.lamp")]
    [InlineData("\"door_open\":\"yes\"", "\"type\":\"street_light\",\"area\":\"dijon\"", "unknown_state", "metrics.door_open")]
    [InlineData("\"request.\":1", "\"type\":\"citizen_report\",\"area\":\"dijon\"", "unknown_metric", "metrics.request.")]
    public void What_does_not_fit_is_refused_whole_and_changes_nothing(string metrics, string more, string reason, string field)
    {
        var bench = new Bench("d");
        byte[] before = bench.Save();
        Outcome outcome = bench.Send(0, metrics, more);
        Assert.Equal((OutcomeKind.Refused, reason, field), (outcome.Kind, outcome.Refusal!.Reason, outcome.Refusal.Field));
        Assert.False(bench.Device.IsRegistered);
        Assert.Equal(before, bench.Save());
    }

    [Fact]
    public void States_booleans_and_counters_become_numbers()
    {
        var bench = new Bench("d");
        bench.Send(0, "\"lamp\":\"on\",\"door_open\":false,\"energy\":100", "\"type\":\"street_light\",\"area\":\"dijon\"");
        bench.Send(20, "\"lamp\":\"fault\",\"door_open\":true,\"energy\":100.5");
        bench.Send(40, "\"energy\":0.25");
        bench.Send(200, "\"lamp\":0");
        Assert.Equal(
            ["registered street_light in dijon", "lamp PT1M@0 n2 m1.5 r0+2", "door_open PT1M@0 n2 m0.5 r0+2", "energy PT1M@0 n2 m0.375 r0+2"],
            bench.Drain());
    }

    // A counter's readings and the increases that its windows get.
    [Theory]
    [InlineData("100 101 103", "1 2")]
    [InlineData("100 101 0 1", "1 0 1")]
    [InlineData("100 101 0.5 1.5", "1 0.5 1")]
    [InlineData("5 6 1 2", "1 1 1")]
    [InlineData("9000 9001 4000 4001", "1 1")]
    [InlineData("9000 9001 8999 9001", "1 2")]
    public void A_counter_that_starts_again_or_is_set_gives_no_negative_and_no_huge_increase(string readings, string increases)
    {
        var catalog = new DeviceCatalog([Sensors.Type("meter", TimeSpan.FromMinutes(1), new MetricDefinition
        {
            Name = "energy", Unit = "kW.h", Kind = MetricKind.Counter, Min = 0, Detectors = new() { Unusual = 0.5 },
        })]);
        var bench = new Bench("d", catalog);
        bench.Device.Register("meter", "dijon", null, catalog);
        bench.Drain();
        int minute = 0;
        foreach (string reading in readings.Split(' '))
        {
            bench.Send(60 * minute++, $"\"energy\":{reading}");
        }

        bench.Send(60 * 60, "\"energy\":1e9");
        string[] windows = [.. bench.Drain().Where(said => said.StartsWith("energy PT1M", StringComparison.Ordinal))];
        Assert.Equal(increases, string.Join(' ', windows.Select(said => said.Split(' ')[3][1..])));
        Assert.DoesNotContain(bench.Anomalies, anomaly => anomaly.Kind != AnomalyKind.Silence);
    }

    [Fact]
    public void Units_are_converted_to_the_types_unit()
    {
        var bench = new Bench("d");
        bench.Send(0, "\"pm2_5\":0.05,\"air_temperature\":50", First + ",\"units\":{\"pm2_5\":\"mg/m3\",\"air_temperature\":\"[degF]\"}");
        bench.Send(130, "\"pm2_5\":1");
        Assert.Equal(["pm2_5 PT1M@0 n1 m50 r0+1", "air_temperature PT1M@0 n1 m10 r0+1"], bench.Drain()[1..]);
    }

    [Fact]
    public void Families_keep_each_member_by_itself_up_to_a_bound()
    {
        var bench = new Bench("d");
        bench.Send(0, "\"request.tree\":1,\"request.pothole\":1", "\"type\":\"citizen_report\",\"area\":\"boston\"");
        bench.Send(200, "\"request.tree\":1");
        Assert.Equal(["request.tree PT1M@0 n1 m1 r0+1", "request.pothole PT1M@0 n1 m1 r0+1"], bench.Drain()[1..]);
        for (int i = 2; i < Device.MostMetrics; i++)
        {
            Assert.NotEqual(OutcomeKind.Refused, bench.Send(201 + i, $"\"request.n{i}\":1").Kind);
        }

        Assert.Equal("too_many_metrics", bench.Send(1000, "\"request.one_more\":1").Refusal!.Reason);
        Assert.NotEqual(OutcomeKind.Refused, bench.Send(1000, "\"request.n7\":1").Kind);
    }

    [Fact]
    public void A_device_may_publish_several_types_and_move()
    {
        var bench = new Bench("d");
        bench.Send(0, "\"pm2_5\":10", First);
        bench.Send(1, "\"free_spaces\":10", "\"type\":\"parking_lot\"");
        bench.Send(2, "\"pm2_5\":10", "\"area\":\"dijon/gare\",\"location\":{\"type\":\"Point\",\"coordinates\":[5,47]}");
        Assert.Equal(
            ["registered air_quality_station in dijon/centre", "registered parking_lot in dijon/centre", "moved dijon/centre to dijon/gare"], bench.Drain());
        Assert.Equal("unknown_metric", bench.Send(3, "\"free_spaces\":9").Refusal!.Reason);
        Assert.Equal(OutcomeKind.Quiet, bench.Send(3, "\"free_spaces\":9", "\"type\":\"parking_lot\"").Kind);
        Assert.Equal(new GeoPoint(5, 47), bench.Device.Location);
    }

    [Fact]
    public void An_operator_registers_and_moves_a_device()
    {
        var bench = new Bench("d");
        Assert.Equal(OutcomeKind.Decided, bench.Device.Register("parking_lot", "malaga/centro", null, Sensors.Catalog).Kind);
        Assert.Equal(OutcomeKind.Quiet, bench.Device.Register("parking_lot", "malaga/centro", null, Sensors.Catalog).Kind);
        Assert.Equal("unknown_type", bench.Device.Register("teapot", "malaga", null, Sensors.Catalog).Refusal!.Reason);
        Assert.Equal("bad_area", bench.Device.Register("parking_lot", "Malaga!", null, Sensors.Catalog).Refusal!.Reason);
        Assert.NotEqual(OutcomeKind.Refused, bench.Send(0, "\"free_spaces\":9").Kind);
    }

    [Theory]
    [InlineData("", "registered parking_lot in dijon/gare", 5, 47)]
    [InlineData("\"type\":\"parking_lot\"", "registered parking_lot in dijon/gare", 5, 47)]
    [InlineData("\"area\":\"dijon/centre\"", "registered parking_lot in dijon/centre", 5, 47)]
    [InlineData("\"location\":{\"type\":\"Point\",\"coordinates\":[6,48]}", "registered parking_lot in dijon/gare", 6, 48)]
    public void What_the_first_reading_of_a_configured_device_leaves_out_the_configuration_says(string more, string registered, double longitude, double latitude)
    {
        var bench = new Bench("d") { Configured = new DeviceRegistration("d", "parking_lot", "dijon/gare", new GeoPoint(5, 47)) };
        Assert.Equal(OutcomeKind.Decided, bench.Send(0, "\"free_spaces\":9", more).Kind);
        Assert.Equal([registered], bench.Drain());
        Assert.Equal(new GeoPoint(longitude, latitude), bench.Device.Location);
        bench.Configured = null;
        Assert.Equal(OutcomeKind.Quiet, bench.Send(1, "\"free_spaces\":8").Kind);
    }

    [Fact]
    public void A_reading_that_names_another_type_or_area_than_the_configuration_wins()
    {
        var bench = new Bench("d") { Configured = new DeviceRegistration("d", "parking_lot", "dijon/gare", null) };
        bench.Send(0, "\"pm2_5\":10", "\"type\":\"air_quality_station\"");
        bench.Send(1, "\"pm2_5\":10", "\"area\":\"dijon/centre\"");
        Assert.Equal(["registered air_quality_station in dijon/gare", "moved dijon/gare to dijon/centre"], bench.Drain());
    }

    [Fact]
    public void A_configured_device_that_can_not_be_read_is_refused_like_any_other()
    {
        var bench = new Bench("d") { Configured = new DeviceRegistration("d", "parking_lot", "dijon/gare", null) };
        Assert.Equal("unknown_metric", bench.Send(0, "\"pm2_5\":10").Refusal!.Reason);
        Assert.False(bench.Device.IsRegistered);
    }

    // Each word is second=value, with #n for a sequence; the answer is one letter per reading: q(uiet) r(epeat) x (refused).
    [Theory]
    [InlineData("0=1 10=2 10=2 20=3", "q q r q")]
    [InlineData("0=1 20=3 10=2 10=2 10=4", "q q q r q")]
    [InlineData("0=1#1 10=1#2 10=1#2 20=1#3 5=1#1", "q q r q r")]
    [InlineData("0=1#1 20=1#3 10=1#2 10=1#2", "q q q r")]
    [InlineData("0=1#500 10=1#1 20=1#2 20=1#2 10=1#1", "q q q r r")]
    [InlineData("0=1#500 10=1#100 0=1#400 0=2#401", "q q q q")]
    public void Repeats_change_nothing(string readings, string expected)
    {
        var bench = new Bench("d");
        bench.Device.Register("air_quality_station", "dijon", null, Sensors.Catalog);
        bench.Drain();
        var letters = new List<string>();
        foreach (string[] word in readings.Split(' ').Select(word => word.Split('=', '#')))
        {
            OutcomeKind kind = bench.Send(int.Parse(word[0]), $"\"pm2_5\":{word[1]}", word.Length > 2 ? $"\"sequence\":{word[2]}" : "").Kind;
            letters.Add(kind switch { OutcomeKind.Quiet => "q", OutcomeKind.Repeat => "r", OutcomeKind.Refused => "x", _ => kind.ToString() });
        }

        Assert.Equal(expected, string.Join(' ', letters));
        Assert.Equal(letters.Count(letter => letter == "r"), bench.Device.RepeatCount);
    }

    [Fact]
    public void Part_of_a_reading_may_be_a_repeat()
    {
        var bench = new Bench("d");
        bench.Send(0, "\"pm2_5\":10", First);
        bench.Send(0, "\"pm2_5\":10,\"air_temperature\":4");
        bench.Send(130, "\"pm2_5\":10,\"air_temperature\":5");
        Assert.Equal(["pm2_5 PT1M@0 n1 m10 r0+1", "air_temperature PT1M@0 n1 m4 r0+1"], bench.Drain()[1..]);
    }

    [Fact]
    public void A_late_reading_revises_and_one_beyond_retention_is_refused()
    {
        var bench = new Bench("d");
        bench.Send(0, "\"pm2_5\":10", First);
        bench.Send(300, "\"pm2_5\":10");
        bench.Drain();
        Assert.Equal(OutcomeKind.Speaks, bench.Send(30, "\"pm2_5\":20").Kind);
        Assert.Equal(["pm2_5 PT1M@0 n2 m15 r1+1"], bench.Drain());
        Assert.Equal(1, bench.Device.LateCount);
        bench.Send(421, "\"pm2_5\":10");
        bench.Drain();
        Outcome refused = bench.Send(59, "\"pm2_5\":30");
        Assert.Equal(("late_beyond_retention", "time"), (refused.Refusal!.Reason, refused.Refusal.Field));
        Assert.Equal(OutcomeKind.Speaks, bench.Send(61, "\"pm2_5\":30").Kind);
    }

    [Fact]
    public void Impossible_values_are_told_and_kept_out_of_the_windows()
    {
        var bench = new Bench("d");
        bench.Send(0, "\"pm2_5\":10", First);
        bench.Send(10, "\"pm2_5\":-999");
        bench.Send(20, "\"pm2_5\":12");
        bench.Send(30, "\"pm2_5\":12");
        bench.Send(40, "\"pm2_5\":12");
        bench.Send(130, "\"pm2_5\":12");
        Assert.Equal(["raised range pm2_5@10", "cleared range pm2_5@40", "pm2_5 PT1M@0 n4 m11.5 r0+4"], bench.Drain()[1..]);
        Assert.Equal("pm2_5 is -999 ug/m3; physically possible is 0 to 1000 ug/m3. The sensor is at fault, so the value is left out of all windows.", bench.Anomalies[0].Explanation);
        Assert.Equal(bench.Anomalies[0].Id, bench.Anomalies[1].Id);
        Assert.Equal(1, bench.Device.ImpossibleCount);
    }

    [Fact]
    public void The_messages_are_as_promised()
    {
        var bench = new Bench("d");
        bench.Send(0, "\"pm2_5\":14.25", First + ",\"location\":{\"type\":\"Point\",\"coordinates\":[5.041,47.352]}");
        bench.Send(10, "\"pm2_5\":-1");
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        DeviceJson.Write(output, bench.Device);
        using JsonDocument device = JsonDocument.Parse(output.WrittenMemory.ToArray());
        Assert.Equal("anomalous", device.RootElement.GetProperty("state").GetString());
        Assert.Equal("2026-11-22T00:00:10.000Z", device.RootElement.GetProperty("lastSeen").GetString());
        Assert.Equal(14.25, device.RootElement.GetProperty("metrics")[0].GetProperty("value").GetDouble());
        Assert.Equal("range", device.RootElement.GetProperty("openAnomalies")[0].GetProperty("kind").GetString());

        output.ResetWrittenCount();
        DeviceJson.Write(output, bench.Device, whole: false);
        using JsonDocument kept = JsonDocument.Parse(output.WrittenMemory.ToArray());
        Assert.Equal(["id", "type", "types", "area", "location", "state", "openAnomalies"], kept.RootElement.EnumerateObject().Select(member => member.Name));

        bench.Drain();
        output.ResetWrittenCount();
        AnomalyJson.Write(output, bench.Anomalies[0]);
        using JsonDocument anomaly = JsonDocument.Parse(output.WrittenMemory.ToArray());
        Assert.Equal(
            ["id", "deviceId", "area", "type", "metric", "unit", "kind", "state", "time", "value", "expected", "score", "since", "explanation"],
            anomaly.RootElement.EnumerateObject().Select(member => member.Name));
        Assert.Equal(device.RootElement.GetProperty("openAnomalies")[0].GetProperty("id").GetString(), anomaly.RootElement.GetProperty("id").GetString());
    }

    [Theory]
    [InlineData("14.25", """{"subject":"area:dijon/é\"","type":"t","metric":"m","unit":"µg/m³","window":{"size":"PT1M","start":"2026-11-22T00:00:00.000Z","end":"2026-11-22T00:01:00.000Z"},"count":1,"mean":14.25,"min":14.25,"max":14.25,"stddev":0,"sum":14.25,"p50":14.25,"p95":14.25,"p99":14.25,"first":14.25,"last":14.25,"members":3,"revision":2}""")]
    [InlineData("-1 2 3.5", """{"subject":"area:dijon/é\"","type":"t","metric":"m","unit":"µg/m³","window":{"size":"PT1M","start":"2026-11-22T00:00:00.000Z","end":"2026-11-22T00:01:00.000Z"},"count":3,"mean":1.5,"min":-1,"max":3.5,"stddev":1.8708286933869707,"sum":4.5,"p50":2,"p95":2,"p99":2,"first":-1,"last":3.5,"members":3,"revision":2}""")]
    public void An_aggregate_is_packed_and_becomes_one_line_of_JSON(string values, string expected)
    {
        Moments moments = default;
        QuantileSketch sketch = default;
        foreach (double value in values.Split(' ').Select(word => double.Parse(word, System.Globalization.CultureInfo.InvariantCulture)))
        {
            moments.Add(value, Bench.Start);
            sketch.Add(value);
        }

        var output = new System.Buffers.ArrayBufferWriter<byte>();
        var packed = new System.Buffers.ArrayBufferWriter<byte>();
        PackedAggregate.Write(packed, "t", "m", "µg/m³", WindowSize.Minute, Bench.Start, 2, 3, in moments, in sketch);
        Assert.True(PackedAggregate.TryRead(packed.WrittenSpan, out PackedAggregate window));
        AggregateJson.Write(output, "area"u8, "dijon/é\""u8, in window);
        using JsonDocument actual = JsonDocument.Parse(output.WrittenMemory.ToArray());
        using JsonDocument wanted = JsonDocument.Parse(expected);
        foreach ((JsonProperty got, JsonProperty want) in actual.RootElement.EnumerateObject().Zip(wanted.RootElement.EnumerateObject()))
        {
            Assert.Equal(want.Name, got.Name);
            if (want.Value.ValueKind == JsonValueKind.Number)
            {
                Assert.Equal(want.Value.GetDouble(), got.Value.GetDouble(), Math.Abs(want.Value.GetDouble()) * 0.0101);
            }
            else
            {
                Assert.Equal(want.Value.ToString(), got.Value.ToString());
            }
        }

        Assert.Equal(wanted.RootElement.EnumerateObject().Count(), actual.RootElement.EnumerateObject().Count());
        byte[] damaged = packed.WrittenSpan.ToArray();
        Assert.All(Enumerable.Range(0, damaged.Length), length => Assert.False(PackedAggregate.TryRead(damaged.AsSpan(0, length), out _)));
        Assert.False(PackedAggregate.TryRead([.. damaged, 0], out _));
        damaged[0]++;
        Assert.False(PackedAggregate.TryRead(damaged, out _));
    }
}
