using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Streams.Domain.Areas;
using Streams.Domain.Detection;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Domain.Windows;
using Streams.Node.Actors;
using Streams.Runtime;
using Streams.Runtime.Storage;
using static Streams.Node.Tests.Api.ApiServer;

namespace Streams.Node.Tests.Api;

public sealed class AggregateTests : IAsyncDisposable
{
    /// <summary>A recording: years before the clock.</summary>
    private static readonly long Start = new DateTimeOffset(2015, 12, 8, 0, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    private readonly ApiServer _api = new();
    private readonly ShardId _shard;

    public AggregateTests()
    {
        _shard = _api.Sources.ShardOf("area", "beijing");
        _api.Put(Row("areas", "beijing", "beijing", "", "", 1));
        _api.Commit(_shard, commit => commit.Actors.Add(new ActorRow(0, "beijing", true, null, new byte[] { 1 })));
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task Windows_come_oldest_first_and_the_newest_revision_counts()
    {
        Store((Hour(0), 0), (Hour(1), 0));
        Store((Hour(2), 0), (Hour(0), 1));
        _api.Node.Recent[("area", "beijing")] = Rows((Hour(2), 1), (Hour(3), 0));
        Assert.Equal(["0 r1", "1 r0", "2 r1", "3 r0"], Hours(await _api.GetAsync("/api/v1/areas/beijing/aggregates")));
    }

    [Fact]
    public async Task A_range_takes_windows_that_begin_in_it()
    {
        Store([.. Enumerable.Range(0, 10).Select(i => (Hour(i), 0))]);
        JsonElement page = await _api.GetAsync("/api/v1/areas/beijing/aggregates?from=2015-12-08T02:00:00Z&to=2015-12-08T05:00:00Z");
        Assert.Equal(["2 r0", "3 r0", "4 r0"], Hours(page));
        Assert.Equal(JsonValueKind.Null, page.GetProperty("next").ValueKind);
        Assert.Empty(Hours(await _api.GetAsync("/api/v1/areas/beijing/aggregates?from=2016-01-01T00:00:00Z")));
    }

    [Fact]
    public async Task Without_a_range_it_is_the_last_day_of_what_there_is_even_of_a_recording()
    {
        for (int day = 0; day < 40; day++)
        {
            Store([.. Enumerable.Range(day * 24, 24).Select(i => (Hour(i), 0))]);
        }

        string[] lastDay = Hours(await _api.GetAsync("/api/v1/areas/beijing/aggregates"));
        Assert.Equal(24, lastDay.Length);
        Assert.Equal("959 r0", lastDay[^1]);
        Assert.Equal(31 * 24, Hours(await _api.GetAsync("/api/v1/areas/beijing/aggregates?window=PT1H&limit=1000")).Length);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public async Task Pages_together_are_all_windows_once(int limit)
    {
        int count = Math.Min(limit * 25, 2_500);
        for (int i = 0; i < count; i++)
        {
            // One row each, so that the longest run reads more rows than are read at once.
            Store((Hour(i), 0));
        }

        List<string> seen = [];
        string path = $"/api/v1/areas/beijing/aggregates?from=2015-01-01T00:00:00Z&limit={limit}";
        string? after = null;
        do
        {
            JsonElement page = await _api.GetAsync(path + (after is null ? "" : "&after=" + after));
            seen.AddRange(Hours(page));
            after = page.GetProperty("next").GetString();
        }
        while (after is not null);

        Assert.Equal(Enumerable.Range(0, count).Select(i => $"{i} r0"), seen);
    }

    [Fact]
    public async Task Metric_and_window_filter_and_wrong_ones_are_named()
    {
        Store((Hour(0), 0));
        Assert.Single(Hours(await _api.GetAsync("/api/v1/areas/beijing/aggregates?metric=pm2_5&window=PT1H")));
        Assert.Empty(Hours(await _api.GetAsync("/api/v1/areas/beijing/aggregates?metric=pm10")));
        Assert.Empty(Hours(await _api.GetAsync("/api/v1/areas/beijing/aggregates?window=P1D&from=2015-01-01T00:00:00Z")));
        JsonElement problem = await _api.GetAsync("/api/v1/areas/beijing/aggregates?window=1h", HttpStatusCode.BadRequest);
        Assert.Equal("window is 1h; allowed: PT1M, PT15M, PT1H, P1D", problem.GetProperty("detail").GetString());
        await _api.GetAsync("/api/v1/areas/atlantis/aggregates", HttpStatusCode.NotFound);
        await _api.GetAsync("/api/v1/devices/none/aggregates", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_damaged_row_does_not_hide_the_others()
    {
        Store((Hour(0), 0));
        _api.Commit(_shard, commit => commit.History.Add(new HistoryRow(0, (byte)HistoryPart.Hours, Start, "{\"broken\"\n{}"u8.ToArray())));
        Store((Hour(1), 0));
        Assert.Equal(["0 r0", "1 r0"], Hours(await _api.GetAsync("/api/v1/areas/beijing/aggregates")));
    }

    [Fact]
    public async Task A_devices_windows_are_read_from_what_the_device_itself_packed()
    {
        DeviceCatalog catalog = new(_api.Sources.Configuration.DeviceTypes);
        Device device = new("d/1");
        Reading reading = new();
        Packed packed = new();
        for (int i = 0; i < 400; i++)
        {
            string time = Time(Hour(i));
            byte[] json = Encoding.UTF8.GetBytes(
                $$"""{"deviceId":"d/1","time":"{{time}}","type":"air_quality_station","area":"beijing","metrics":{"pm2_5":{{100 + (i % 50)}},"no2":{{i % 7}}.5 } }""");
            Assert.True(ReadingParser.TryParse(json, Now.ToUnixTimeMilliseconds(), reading, out _));
            device.Apply(reading, catalog, Now.ToUnixTimeMilliseconds());
            device.Drain(packed);
        }

        ShardId shard = _api.Sources.ShardOf("device", "d/1");
        _api.Commit(shard, commit =>
        {
            commit.Actors.Add(new ActorRow(0, "d/1", true, null, new byte[] { 1 }));
            commit.History.AddRange(packed.Rows);
            commit.Documents.Add(Row("devices", "d/1", "beijing", "air_quality_station", "ok", 1));
        });
        ShownHistory recent = new();
        device.ShowRecentHistory(recent);
        _api.Node.Recent[("device", "d/1")] = recent.Rows;
        Assert.NotEmpty(packed.Rows);
        Assert.NotEmpty(_api.Node.Recent[("device", "d/1")]);

        JsonElement page = await _api.GetAsync("/api/v1/devices/d%2F1/aggregates?metric=pm2_5&window=PT1H&from=2015-01-01T00:00:00Z&limit=1000");
        Assert.Equal(Enumerable.Range(0, 399).Select(i => $"{i} r0"), Hours(page));
        JsonElement window = page.GetProperty("items")[51];
        Assert.Equal("device:d/1", window.GetProperty("subject").GetString());
        Assert.Equal("ug/m3", window.GetProperty("unit").GetString());
        Assert.Equal(101, window.GetProperty("p95").GetDouble());
        Assert.Equal(1, window.GetProperty("members").GetInt32());
        JsonElement day = (await _api.GetAsync("/api/v1/devices/d%2F1/aggregates?metric=no2&window=P1D&from=2015-01-01T00:00:00Z")).GetProperty("items")[0];
        Assert.Equal(24, day.GetProperty("count").GetInt32());
        Assert.Equal("2015-12-09T00:00:00.000Z", day.GetProperty("window").GetProperty("end").GetString());
    }

    /// <summary>Keeps the history a device hands out.</summary>
    private sealed class Packed : IDeviceOutput
    {
        public List<HistoryRow> Rows { get; } = [];

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

        public void History(HistoryPart part, long fromInMs, ReadOnlySpan<byte> body) => Rows.Add(new HistoryRow(0, (byte)part, fromInMs, body.ToArray()));
    }

    private void Store(params (long Start, int Revision)[] windows) => _api.Commit(_shard, commit => commit.History.AddRange(Rows(windows)));

    private static long Hour(int number) => Start + (number * WindowSize.Hour.LengthInMs());

    /// <summary>Names and a row of hours.</summary>
    private static List<HistoryRow> Rows(params (long Start, int Revision)[] windows)
    {
        AreaHistory history = new();
        ShownHistory rows = new();
        foreach ((long start, int revision) in windows)
        {
            AreaAggregate window = new()
            {
                Type = "air_quality_station", Metric = "pm2_5", Unit = "ug/m3", Size = WindowSize.Hour, StartInMs = start, Revision = revision, Members = 12,
            };
            window.Moments.Add(80, start);
            history.Add(window, rows);
        }

        history.Show(rows);
        return [.. rows.Rows.Select(row => row with { ActorIndex = 0 })];
    }

    private static string Time(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(unixMs).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>The hour since the start, and the revision.</summary>
    private static string[] Hours(JsonElement page) => [.. page.GetProperty("items").EnumerateArray().Select(item =>
        $"{(item.GetProperty("window").GetProperty("start").GetDateTimeOffset().ToUnixTimeMilliseconds() - Start) / WindowSize.Hour.LengthInMs()} r{item.GetProperty("revision").GetInt32()}")];
}
