using System.Text;
using System.Text.Json;
using Streams.Domain.Devices;
using Streams.Node.Configuration;
using Streams.Simulator.Demo;
using Streams.Simulator.Replay;
using Streams.Tests;

namespace Streams.Simulator.Tests.Demo;

public sealed class DemoCityTests
{
    private const ulong Seed = 1;
    private static readonly DateTimeOffset Now = new(2026, 11, 22, 15, 20, 0, TimeSpan.Zero);

    private static List<(string Device, string Type, string Area, DateTimeOffset Time, RecordedMetric[] Metrics)> StoryOf(ulong seed)
    {
        using var city = new DemoCity(seed, Now.ToUnixTimeMilliseconds());
        var readings = new List<(string, string, string, DateTimeOffset, RecordedMetric[])>();
        while (city.Next() && city.Current.TimeInMs < city.StartInMs + TimeSpan.FromDays(3).TotalMilliseconds)
        {
            RecordedReading reading = city.Current;
            readings.Add((reading.DeviceId, reading.DeviceType, reading.Area, DateTimeOffset.FromUnixTimeMilliseconds(reading.TimeInMs), [.. reading.Metrics]));
        }

        return readings;
    }

    [Fact]
    public void The_story_is_the_three_local_days_before_today()
    {
        using var city = new DemoCity(Seed, Now.ToUnixTimeMilliseconds());

        Assert.Equal(new DateTimeOffset(2026, 11, 19, 0, 0, 0, TimeSpan.FromHours(1)), DateTimeOffset.FromUnixTimeMilliseconds(city.StartInMs));
        Assert.InRange(city.DeviceCount, 100, 300);
    }

    [Fact]
    public void The_same_seed_tells_the_same_story_and_another_one_another()
    {
        string Text(ulong seed) => string.Join('\n', StoryOf(seed).Take(20_000).Select(each => $"{each.Device} {each.Time:o} {string.Join(' ', each.Metrics)}"));

        Assert.Equal(Text(1), Text(1));
        Assert.NotEqual(Text(1), Text(2));
    }

    [Fact]
    public void Every_value_is_one_that_its_device_type_takes()
    {
        (ClusterConfiguration? configuration, _) = ClusterConfiguration.Load(Path.Combine(RecordedData.RepositoryRoot, "cluster-config"), new Dictionary<string, string>());
        var types = configuration!.DeviceTypes.ToDictionary(type => type.Name);

        foreach (var reading in StoryOf(Seed))
        {
            foreach (RecordedMetric metric in reading.Metrics)
            {
                MetricDefinition? definition = types[reading.Type].Metrics.FirstOrDefault(each => each.Name == metric.Name);
                Assert.True(definition is not null, $"{reading.Type} has no {metric.Name}");
                if (metric.Value.State is { } state)
                {
                    Assert.Contains(state, definition.States);
                }
                else
                {
                    Assert.InRange(metric.Value.Number, definition.Min ?? double.MinValue, definition.Max ?? double.MaxValue);
                }
            }
        }
    }

    [Fact]
    public void Times_never_go_back_and_readings_are_whole_json()
    {
        using var city = new DemoCity(Seed, Now.ToUnixTimeMilliseconds());
        long last = 0;
        for (int i = 0; i < 5_000 && city.Next(); i++)
        {
            Assert.True(city.Current.TimeInMs >= last);
            last = city.Current.TimeInMs;
            using var bytes = new MemoryStream();
            using (var json = new Utf8JsonWriter(bytes))
            {
                city.Current.Write(json, 0);
            }

            using JsonDocument document = JsonDocument.Parse(Encoding.UTF8.GetString(bytes.ToArray()));
            Assert.StartsWith("dijon/", document.RootElement.GetProperty("area").GetString(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_story_has_its_episode_flood_frozen_counter_and_silent_meter()
    {
        var story = StoryOf(Seed);
        double Mean(string type, string metric, int fromHour, int toHour) => story
            .Where(each => each.Type == type && each.Time >= Start.AddHours(fromHour) && each.Time < Start.AddHours(toHour))
            .SelectMany(each => each.Metrics).Where(each => each.Name == metric).Average(each => each.Value.Number);

        Assert.InRange(Mean("air_quality_station", "pm2_5", 0, 48), 8, 25);
        Assert.InRange(Mean("air_quality_station", "pm2_5", 56, 67), 260, 400);
        Assert.InRange(Mean("water_level_gauge", "water_level", 0, 30) * 2, 1.2, 1.3);
        Assert.True(Mean("water_level_gauge", "water_level", 42, 44) > 2);
        Assert.Single(story
            .Where(each => each.Device == "demo-parking-montchapet-01" && each.Time >= Start.AddHours(27) && each.Time < Start.AddHours(67))
            .Select(each => each.Metrics[0].Value.Number).Distinct());
        Assert.DoesNotContain(story, each => each.Device == "demo-noise-bourroches-01" && each.Time >= Start.AddHours(36) && each.Time < Start.AddHours(45));
    }

    [Fact]
    public async Task The_past_is_caught_up_with_in_the_time_given_and_then_goes_on_in_real_time()
    {
        var time = new LeapingTime();
        long now = time.GetUtcNow().ToUnixTimeMilliseconds();
        using var city = new DemoCity(Seed, now);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var log = new InMemoryLogWriter();
        var progress = new StopAfter(time, TimeSpan.FromMinutes(11), stop);

        ReplayResult result = await new Replayer(log, "city.readings", 8, city.PaceFrom(now, TimeSpan.FromMinutes(1)), null, time).RunAsync(city, progress, stop.Token);

        Assert.InRange(progress.CaughtUpAfter.TotalSeconds, 55, 65);
        Assert.InRange(result.LastTimeInMs!.Value, now + TimeSpan.FromMinutes(9.5).TotalMilliseconds, now + TimeSpan.FromMinutes(11.5).TotalMilliseconds);
    }

    private static DateTimeOffset Start => new(2026, 11, 19, 0, 0, 0, TimeSpan.FromHours(1));

    private sealed class StopAfter(LeapingTime time, TimeSpan limit, CancellationTokenSource stop) : IProgress<ReplayProgress>
    {
        public TimeSpan CaughtUpAfter { get; private set; }

        public void Report(ReplayProgress value)
        {
            if (CaughtUpAfter == default && value.EventTimeInMs > time.GetUtcNow().ToUnixTimeMilliseconds() - 120_000)
            {
                CaughtUpAfter = value.Elapsed;
            }

            if (value.Elapsed > limit)
            {
                stop.Cancel();
            }
        }
    }
}
