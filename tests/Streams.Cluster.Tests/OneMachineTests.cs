using System.Globalization;
using System.Net;
using Streams.Chaos.Cluster;

namespace Streams.Cluster.Tests;

/// <summary>The executable on one machine: everything in one process.</summary>
public sealed class OneMachineTests : IDisposable
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(40);

    private readonly string _folder = Directory.CreateTempSubdirectory("streams-one-").FullName;

    private const string Device = "sensor-000";

    private static Dictionary<string, string> NoSettings => [];

    [Fact]
    public async Task Up_becomes_ready_counts_what_it_is_sent_and_stops_by_itself()
    {
        const int Readings = 20;
        using StreamsProcess up = StreamsProcess.Start(NoSettings, ["up", "--no-simulator", "--for", "20s", "--kafka-port", "0", "--data", _folder]);
        await up.BecomesReadyAsync(s_soon);
        Assert.False(up.HasExited, up.Said);
        string readings = "[" + string.Join(',', Enumerable.Range(0, Readings).Select(Reading)) + "]";
        Assert.Equal(HttpStatusCode.Accepted, await up.PostAsync("/api/v1/readings", readings));
        await Eventually.Is(
            "the readings are counted",
            s_soon,
            () => CountsAsync(up, Readings),
            () => up.Said,
            TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, await up.StatusOfAsync("/api/v1/devices/nobody"));
        Assert.Equal(HttpStatusCode.NotFound, await up.StatusOfAsync("/api/v1/areas/nowhere"));
        Assert.True(await up.ExitStatusAsync(s_soon) == 0, up.Said);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Reading(int number) => string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"deviceId":"{{Device}}","time":"{{DateTimeOffset.UtcNow.AddMinutes(-10).AddSeconds(10 * number):yyyy-MM-ddTHH:mm:ss.fffZ}}","metrics":{"pm2_5":{{40 + (number % 7)}}},"type":"test_sensor","area":"testville/district-0","sequence":{{number + 1}}}""");

    /// <summary>Whether the first device is listed, and has counted so many readings.</summary>
    private static async Task<bool> CountsAsync(StreamsProcess node, int readings) =>
        await node.GetAsync("/api/v1/devices") is { } list
        && list.GetProperty("items").GetArrayLength() == 1
        && await node.GetAsync($"/api/v1/devices/{Device}") is { } device
        && device.GetProperty("counters").GetProperty("readings").GetInt32() == readings;
}
