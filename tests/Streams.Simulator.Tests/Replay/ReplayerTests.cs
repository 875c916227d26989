using Streams.Runtime.Log;
using Streams.Simulator.Replay;
using Streams.Tests;

namespace Streams.Simulator.Tests.Replay;

public sealed class ReplayerTests : IDisposable
{
    private const int Partitions = 8;
    private readonly TemporaryFiles _files = new();
    private readonly InMemoryLogWriter _log = new();
    private readonly LeapingTime _time = new();

    public void Dispose() => _files.Dispose();

    private string Hours(int count) => _files.Csv(
        "air_dijon.csv",
        [.. Enumerable.Range(0, count).Select(hour => FormattableString.Invariant($"d{hour % 3},t,D,,,{new DateTime(2015, 1, 1).AddHours(hour):yyyy-MM-ddTHH:mm:ss}Z,m,{hour},x"))]);

    private async Task<ReplayResult> Replay(string path, Pace pace, LagLimit? limit = null, InMemoryLogWriter? log = null)
    {
        using RecordedReadings readings = RecordedFile.Open(path);
        return await new Replayer(log ?? _log, "city.readings", Partitions, pace, limit, _time).RunAsync(readings, null, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Every_reading_is_keyed_by_its_device_and_lies_in_the_partition_of_its_key()
    {
        ReplayResult result = await Replay(Hours(100), Pace.Max);

        Assert.Equal((100, 100), (result.Sent, result.Delivered));
        Assert.Equal(TimeSpan.Zero, _time.Waited);
        Assert.All(_log.Records, record => Assert.Equal(
            ("city.readings", Partitioner.PartitionOf(System.Text.Encoding.UTF8.GetBytes(record.Key), Partitions)),
            (record.Topic, record.Partition)));
        Assert.Equal(["d0", "d1", "d2"], _log.Records.Take(3).Select(record => record.Key));
    }

    [Fact]
    public async Task A_speed_is_kept_on_the_recorded_clock()
    {
        ReplayResult result = await Replay(Hours(25), new Pace { Speed = 3600 });

        Assert.Equal(24, result.Elapsed.TotalSeconds, tolerance: 0.01);
    }

    [Fact]
    public async Task Times_are_shifted_so_that_the_first_reading_gets_the_time_asked_for()
    {
        long asOf = new DateTimeOffset(2026, 11, 22, 10, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

        ReplayResult result = await Replay(Hours(3), new Pace { FirstTimeInMs = asOf });

        Assert.Equal(asOf, result.FirstTimeInMs);
        Assert.Equal(
            ["2026-11-22T10:00:00.000Z", "2026-11-22T11:00:00.000Z", "2026-11-22T12:00:00.000Z"],
            _log.Records.Select(record => System.Text.Json.Nodes.JsonNode.Parse(record.Value)!["time"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_reading_that_kafka_does_not_take_ends_the_replay_and_says_why()
    {
        var log = new InMemoryLogWriter(failFrom: 5);

        LogFailedException failure = await Assert.ThrowsAsync<LogFailedException>(() => Replay(Hours(50), Pace.Max, log: log));

        Assert.Contains("the broker is gone", failure.Message, StringComparison.Ordinal);
        Assert.Equal(5, log.Records.Count);
    }

    [Fact]
    public async Task No_partition_runs_further_ahead_of_the_node_than_the_limit()
    {
        // The node consumes a fixed number of records each time it is asked; what lies between is what the broker must hold.
        int[] consumed = new int[Partitions];
        long most = 0;
        Task<IReadOnlyDictionary<int, long>?> Lag(CancellationToken stop)
        {
            var lags = new Dictionary<int, long>();
            for (int partition = 0; partition < Partitions; partition++)
            {
                long bytes = _log.Records.Where(record => record.Partition == partition).Skip(consumed[partition]).Sum(record => (long)record.Value.Length + record.Key.Length);
                most = Math.Max(most, bytes);
                int there = _log.Records.Count(record => record.Partition == partition);
                consumed[partition] = Math.Min(there, consumed[partition] + 5_000);
                lags[partition] = there - consumed[partition];
            }

            return Task.FromResult<IReadOnlyDictionary<int, long>?>(lags);
        }

        ReplayResult result = await Replay(Hours(60_000), Pace.Max, new LagLimit(Lag, _time));

        Assert.Equal(60_000, result.Sent);
        Assert.InRange(most, 1_000_000, LagLimit.MaxAheadInBytes + 1_000);
        Assert.True(_time.Waited > TimeSpan.Zero);
    }

    [Fact]
    public async Task A_node_that_says_nothing_any_more_stops_the_replay_with_advice()
    {
        var limit = new LagLimit(_ => Task.FromResult<IReadOnlyDictionary<int, long>?>(null), _time);

        TimeoutException failure = await Assert.ThrowsAsync<TimeoutException>(() => Replay(Hours(60_000), Pace.Max, limit));

        Assert.Contains("Is the node running?", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recording_of_a_city_is_read_without_a_row_left_out()
    {
        string path = RecordedData.Require("data", "city", "emergency_montgomery_2016-01_2017-12.csv.gz");
        using RecordedReadings readings = RecordedFile.Open(path);
        double calls = 0;
        while (readings.Next())
        {
            calls += readings.Current.Metrics.Sum(metric => metric.Value.Number);
        }

        Assert.Equal(0, readings.Unusable.Count);
        Assert.Equal(1626, calls);
    }
}
