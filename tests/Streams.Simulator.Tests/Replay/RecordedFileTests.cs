using System.Text;
using System.Text.Json;
using Streams.Simulator.Replay;

namespace Streams.Simulator.Tests.Replay;

public sealed class RecordedFileTests : IDisposable
{
    private readonly TemporaryFiles _files = new();

    public void Dispose() => _files.Dispose();

    private static (List<string> Readings, UnusableRows Unusable) ReadAll(RecordedReadings source)
    {
        using (source)
        {
            var readings = new List<string>();
            while (source.Next())
            {
                using var bytes = new MemoryStream();
                using (var json = new Utf8JsonWriter(bytes))
                {
                    source.Current.Write(json, 0);
                }

                readings.Add(Encoding.UTF8.GetString(bytes.ToArray()));
            }

            return (readings, source.Unusable);
        }
    }

    [Fact]
    public void Rows_of_one_device_and_time_become_one_reading()
    {
        string path = _files.Csv(
            "air_beijing_2015.csv.gz",
            "bj-1,air_quality_station,Dongcheng,39.929,116.417,2015-12-08T07:00:00+08:00,pm2_5,301.5,ug/m3",
            "bj-1,air_quality_station,Dongcheng,39.929,116.417,2015-12-08T07:00:00+08:00,rain,0,mm",
            "bj-2,air_quality_station,Chaoyang,,,2015-12-08T07:00:00+08:00,pm2_5,12,ug/m3");

        (List<string> readings, UnusableRows unusable) = ReadAll(RecordedFile.Open(path));

        Assert.Equal(0, unusable.Count);
        Assert.Equal(
            [
                """{"deviceId":"bj-1","time":"2015-12-07T23:00:00.000Z","metrics":{"pm2_5":301.5,"rain":0},"type":"air_quality_station","area":"beijing/dongcheng","location":{"type":"Point","coordinates":[116.417,39.929]},"units":{"pm2_5":"ug/m3","rain":"mm"}}""",
                """{"deviceId":"bj-2","time":"2015-12-07T23:00:00.000Z","metrics":{"pm2_5":12},"type":"air_quality_station","area":"beijing/chaoyang","units":{"pm2_5":"ug/m3"}}""",
            ],
            readings);
    }

    [Fact]
    public void A_device_that_speaks_as_several_types_gets_a_reading_for_each()
    {
        string path = _files.Csv(
            "requests_boston_2015.csv",
            "b,citizen_report,Roxbury,,,2015-01-26T18:00:00-05:00,request.graffiti,1,request",
            "b,snow_report,Roxbury,,,2015-01-26T18:00:00-05:00,request.snow,1,request",
            "b,citizen_report,Roxbury,,,2015-01-26T18:00:00-05:00,request.trees,1,request");

        (List<string> readings, _) = ReadAll(RecordedFile.Open(path));

        Assert.Equal(2, readings.Count);
        Assert.Contains("\"request.graffiti\":1,\"request.trees\":1", readings[0], StringComparison.Ordinal);
        Assert.Contains("\"type\":\"snow_report\"", readings[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Calls_of_one_kind_at_one_moment_are_added_up_and_other_repeats_are_left_out()
    {
        string path = _files.Csv(
            "emergency_montgomery.csv",
            "m,emergency_dispatch,Norristown,,,2016-02-15T12:00:00-05:00,traffic_call.vehicle_accident,1,call",
            "m,emergency_dispatch,Norristown,,,2016-02-15T12:00:00-05:00,traffic_call.vehicle_accident,1,call",
            "p,parking_lot,Norristown,,,2016-02-15T12:00:00-05:00,free_spaces,7,count",
            "p,parking_lot,Norristown,,,2016-02-15T12:00:00-05:00,free_spaces,7,count",
            "p,parking_lot,Norristown,,,2016-02-15T12:00:00-05:00,free_spaces,9,count");

        (List<string> readings, UnusableRows unusable) = ReadAll(RecordedFile.Open(path));

        Assert.Contains("\"traffic_call.vehicle_accident\":2", readings[0], StringComparison.Ordinal);
        Assert.Contains("\"free_spaces\":7", readings[1], StringComparison.Ordinal);
        Assert.Equal(
            ["metric: another value of the same device, time and metric (emergency_montgomery.csv:6)", "metric: the same device, time, metric and value again (emergency_montgomery.csv:5)"],
            unusable.ByReason.Select(entry => $"{entry.Reason} ({entry.Places[0]})"));
    }

    [Theory]
    [InlineData(",t,D,,,2015-01-01T00:00:00Z,m,1,x", "device_id: empty")]
    [InlineData("d,t,D,,,2015-01-01T00:00:00Z,,1,x", "metric: empty")]
    [InlineData("d,t,D,,,2015-01-01T00:00:00,m,1,x", "observed_at: not an ISO 8601 time with an offset")]
    [InlineData("d,t,D,,,yesterday,m,1,x", "observed_at: not an ISO 8601 time with an offset")]
    [InlineData("d,t,D,,,,m,1,x", "observed_at: not an ISO 8601 time with an offset")]
    [InlineData("d,t,D,,,2015-01-01T00:00:00Z,m,NaN,x", "value: not a number")]
    [InlineData("d,t,D,,,2015-01-01T00:00:00Z,m,1e999,x", "value: not a number")]
    [InlineData("d,t,D,,,2015-01-01T00:00:00Z,m,,x", "value: not a number")]
    [InlineData("d,t,D,91,5,2015-01-01T00:00:00Z,m,1,x", "latitude: not a number from -90 to 90")]
    [InlineData("d,t,D,47,,2015-01-01T00:00:00Z,m,1,x", "longitude: not a number from -180 to 180")]
    [InlineData("d,t,D,,,2015-01-01T00:00:00Z,m,1", "columns: 8 instead of 9")]
    [InlineData("d,t,\"D\"x,,,2015-01-01T00:00:00Z,m,1,x", "quotes: text follows a closing quote")]
    [InlineData("d,t,D\"x,,,2015-01-01T00:00:00Z,m,1,x", "quotes: a quote stands inside an unquoted field")]
    public void A_row_that_can_not_be_used_is_counted_with_its_line_and_the_rows_around_it_are_kept(string row, string reason)
    {
        string path = _files.Csv("a_b.csv", "d,t,D,,,2015-01-01T00:00:00Z,m,1,x", row, "d,t,D,,,2015-01-01T00:05:00Z,m,1,x");

        (List<string> readings, UnusableRows unusable) = ReadAll(RecordedFile.Open(path));

        Assert.Equal(2, readings.Count);
        UnusableRows.Entry entry = Assert.Single(unusable.ByReason);
        Assert.Equal((reason, "a_b.csv:3"), (entry.Reason, Assert.Single(entry.Places)));
    }

    [Fact]
    public void Quoted_fields_may_hold_commas_quotes_and_line_breaks()
    {
        string path = _files.WriteText(
            "water_coast.csv",
            TemporaryFiles.Header + "\r\n\"t\",\"g\",\"Duck,\r\n\"\"NC\"\"\",36.1,-75.7,2014-07-04T10:24:00Z,\"level\",0.5,m\r\nbad\r\n");

        (List<string> readings, UnusableRows unusable) = ReadAll(RecordedFile.Open(path));

        Assert.Contains("\"area\":\"coast/duck-nc\"", Assert.Single(readings), StringComparison.Ordinal);
        Assert.Equal("water_coast.csv:4", Assert.Single(unusable.ByReason).Places[0]);
    }

    [Fact]
    public void A_quote_that_is_never_closed_is_a_fault_and_not_an_endless_field()
    {
        string path = _files.WriteText("a_b.csv", TemporaryFiles.Header + "\nd,t,\"D,,,2015-01-01T00:00:00Z,m,1,x\nd,t,D,,,2015-01-01T00:00:00Z,m,1,x\n");

        (List<string> readings, UnusableRows unusable) = ReadAll(RecordedFile.Open(path));

        Assert.Empty(readings);
        Assert.Equal("quotes: a quoted field is not closed before the end of the file", Assert.Single(unusable.ByReason).Reason);
    }

    [Fact]
    public void Columns_are_found_by_name()
    {
        string path = _files.Write("a_b.csv", "value,metric,observed_at,device_type,device_id,remark", "3,m,2015-01-01T00:00:00Z,t,d,hello");

        (List<string> readings, _) = ReadAll(RecordedFile.Open(path));

        Assert.Equal("""{"deviceId":"d","time":"2015-01-01T00:00:00.000Z","metrics":{"m":3},"type":"t","area":"b"}""", Assert.Single(readings));
    }

    [Fact]
    public void A_file_that_is_no_recording_says_what_is_missing()
    {
        string path = _files.Write("a_b.csv", "station,time,pm25", "x,2015,3");
        string nameless = _files.Csv("readings.csv");

        Assert.Contains("lacks device_id, device_type, observed_at, metric, value", Assert.Throws<InvalidDataException>(() => RecordedFile.Open(path)).Message, StringComparison.Ordinal);
        Assert.Contains("--place", Assert.Throws<InvalidDataException>(() => RecordedFile.Open(nameless)).Message, StringComparison.Ordinal);
        RecordedFile.Open(nameless, "Dijon").Dispose();
    }

    [Fact]
    public void Json_lines_are_readings_as_the_topic_takes_them()
    {
        const string Reading = """{"deviceId":"d","time":"2026-11-22T10:15:30.250Z","metrics":{"pm2_5":14.2,"door":"open","lit":true},"type":"t","area":"dijon/centre","location":{"type":"Point","coordinates":[5.041,47.352]},"sequence":4711,"units":{"pm2_5":"ug/m3"}}""";
        string path = _files.Write(
            "lines.jsonl.gz",
            Reading,
            "",
            "{\"deviceId\":",
            """{"deviceId":"d","time":"2026-11-22T10:15:30","metrics":{"a":1}}""",
            """{"deviceId":"d","time":"2026-11-22T10:15:30Z","metrics":{"a":null}}""");

        (List<string> readings, UnusableRows unusable) = ReadAll(RecordedFile.Open(path));

        Assert.Equal(Reading, Assert.Single(readings));
        Assert.Equal(
            ["line: not JSON @lines.jsonl.gz:3", "metrics: a value is neither number, boolean nor text @lines.jsonl.gz:5", "time: missing or not an RFC 3339 time with an offset @lines.jsonl.gz:4"],
            unusable.ByReason.Select(entry => $"{entry.Reason} @{entry.Places[0]}"));
    }

    [Fact]
    public void Several_files_are_merged_by_time()
    {
        string one = _files.Csv("a_x.csv", "d1,t,D,,,2015-01-01T00:00:00Z,m,1,x", "d1,t,D,,,2015-01-01T02:00:00Z,m,3,x");
        string two = _files.Csv("a_y.csv", "d2,t,D,,,2015-01-01T02:00:00+01:00,m,2,x", "d2,t,D,,,2015-01-01T04:00:00+01:00,m,4,x");

        (List<string> readings, _) = ReadAll(RecordedFile.Open([two, one]));

        Assert.Equal(["00", "01", "02", "03"], readings.Select(reading => reading.Split("T")[1][..2]));
    }
}
