using System.Globalization;
using System.Text.Json;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Log.Kafka.Embedded;

namespace Streams.Cli.Tests;

public sealed class ReplayTests(CannedNode node) : IClassFixture<CannedNode>, IDisposable
{
    private const int Partitions = 4;
    private readonly string _folder = Directory.CreateTempSubdirectory("streams-cli-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Recording(int hours)
    {
        string path = Path.Combine(_folder, "air_dijon_2015.csv");
        File.WriteAllLines(
            path,
            ["device_id,device_type,district,latitude,longitude,observed_at,metric,value,unit", .. Enumerable.Range(0, hours).Select(hour =>
                string.Create(CultureInfo.InvariantCulture, $"d{hour % 7},air_quality_station,Centre,,,{new DateTime(2015, 1, 1).AddHours(hour):yyyy-MM-ddTHH:mm:ss}Z,pm2_5,{hour % 50},ug/m3")), "d1,t"]);
        return path;
    }

    [Fact]
    public async Task Recorded_readings_arrive_in_kafka_and_the_result_says_what_was_left_out()
    {
        using var broker = new EmbeddedBroker([new TopicSpec("city.readings", Partitions)]);
        node.Answer("/api/v1/cluster", """{"node":"n","shards":[{"kind":"device","partition":0,"owner":"n","lag":0},{"kind":"device","partition":1,"owner":"n","lag":0},{"kind":"device","partition":2,"owner":"n","lag":0},{"kind":"device","partition":3,"owner":"n","lag":0}]}""");

        Run run = await Run.Streams("replay", Recording(1000), "--kafka", broker.BootstrapServers, "--server", node.Url, "--output", "json");

        Assert.Equal((ExitStatus.Done, ""), (run.Status, run.Error));
        using JsonDocument result = JsonDocument.Parse(run.Output);
        Assert.Equal(1000, result.RootElement.GetProperty("readings").GetInt64());
        Assert.Equal("2015-02-11T15:00:00.000Z", result.RootElement.GetProperty("lastTime").GetString());
        Assert.Equal("air_dijon_2015.csv:1002", result.RootElement.GetProperty("unusable")[0].GetProperty("first")[0].GetString());
        using KafkaLog log = broker.OpenLog();
        using ILogReader reader = log.CreateReader("check");
        Assert.Equal(1000, Enumerable.Range(0, Partitions).Sum(partition => reader.MarksOf(new InboxPartition("city.readings", partition)).High));
    }

    [Fact]
    public async Task A_missing_file_is_said_plainly()
    {
        Run run = await Run.Streams("replay", Path.Combine(_folder, "none.csv"), "--place", "dijon");

        Assert.Equal(ExitStatus.Failed, run.Status);
        Assert.Contains("none.csv", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--speed", "0", "neither max nor a number above 0")]
    [InlineData("--speed", "fast", "neither max nor a number above 0")]
    [InlineData("--as-of", "2026-11-22T10:00:00", "neither a time")]
    public async Task Speed_and_time_are_checked(string option, string text, string expected)
    {
        Run run = await Run.Streams("replay", Recording(1), option, text);

        Assert.Equal(ExitStatus.Usage, run.Status);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }
}
