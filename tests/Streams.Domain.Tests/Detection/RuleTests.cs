using System.Globalization;
using Streams.Domain.Detection;
using Streams.Domain.Devices;
using Streams.Domain.Tests.Devices;

namespace Streams.Domain.Tests.Detection;

/// <summary>One value a minute from 00:00 on; a dot is a missing one. The answer says what was raised (+) and cleared (-) at which minute.</summary>
public sealed class RuleTests
{
    [Theory]
    [InlineData("20 20.5 21 21", "")]
    [InlineData("20 25 25.5 25.5 25.5", "+rate@1 -rate@4")]
    [InlineData("20 25 26.5 26.5 26.5 26.5", "+rate@1 -rate@5")]
    [InlineData("20 . . 25 25", "")]
    [InlineData("20 . . 27 27 27 27", "+rate@3 -rate@6")]
    [InlineData("20 16 16 16 16", "+rate@1 -rate@4")]
    public void Rate(string values, string expected) =>
        Tells(new DetectorSettings { RatePerMinute = 2 }, values, expected);

    [Theory]
    [InlineData("100 149 151 151 151", "+level@4")]
    [InlineData("100 151 151 140 151 151 151", "+level@6")]
    [InlineData("100 151 151 151 140 130 119", "+level@3 -level@6")]
    [InlineData("100 151 151 151 119 151 151 151", "+level@3 -level@4 +level@7")]
    [InlineData("20 9 9 9 11 16", "+level@3 -level@5")]
    public void Level_needs_its_time_and_clears_with_hysteresis(string values, string expected) =>
        Tells(new DetectorSettings { Level = new LevelLimits(150, 120, 10, 15, TimeSpan.FromMinutes(2)) }, values, expected);

    [Theory]
    [InlineData("5 5 5 5 5 5", "+stuck@4")]
    [InlineData("5 5 5 5 5 5 6 7", "+stuck@4 -stuck@7")]
    [InlineData("5 5 5 5 5 5 6 6 6 6 6", "+stuck@4")]
    [InlineData("5 5 5 6 5 5 5", "")]
    [InlineData("0 0 0 0 0 0", "")]
    [InlineData("5 5 . . . . 5 5 5", "")]
    [InlineData("5 . 5 . 5 . 5", "+stuck@4")]
    public void Stuck(string values, string expected) =>
        Tells(new DetectorSettings { StuckAfter = TimeSpan.FromMinutes(4), StuckExcept = [0] }, values, expected);

    [Theory]
    [InlineData("20 20.1 20 19.9 20 20.1 20 19.9 20 35 20 20.1", "+spike@10 -spike@11")]
    [InlineData("20 20.1 20 19.9 20 20.1 20 19.9 20 5 20 20.1", "+spike@10 -spike@11")]
    [InlineData("20 20.1 20 19.9 20 20.1 20 19.9 20 35 35 35.1 35", "")]
    [InlineData("20 20.1 20 35 20 20.1 20", "")]
    [InlineData("20 20.1 20 19.9 20 20.1 20 19.9 20 20.5 20 20.1", "")]
    public void A_spike_is_one_value_between_ordinary_ones(string values, string expected) =>
        Tells(new DetectorSettings { Spike = 8 }, values, expected);

    [Theory]
    [InlineData("20 2000 20 20 20", "+range@1 -range@4")]
    [InlineData("20 2000 20 20 -2000 20 20 20", "+range@1 -range@7")]
    public void Range(string values, string expected) => Tells(new DetectorSettings(), values, expected);

    [Fact]
    public void The_general_detector_tells_in_words_and_clears_when_it_is_over()
    {
        var bench = Bench(new DetectorSettings { Unusual = 0.5 }, TimeSpan.FromMinutes(5));
        var random = new Random(7);
        for (int i = 0; i < 288 * 8; i++)
        {
            bool episode = i is >= 2000 and < 2030;
            double daily = 100 + (30 * Math.Sin(i / 288.0 * 2 * Math.PI));
            double value = Math.Round((episode ? 600 : daily) + (random.NextDouble() * 10), 1);
            bench.Send(i * 300.0, FormattableString.Invariant($"\"x\":{value}"), nowSecond: 1e8);
        }

        bench.Drain();
        AnomalyEvent[] told = [.. bench.Anomalies.Where(anomaly => anomaly.TimeInMs >= Devices.Bench.Start + (1990 * 300_000L))];
        Assert.True(told[0].IsRaised);
        Assert.Contains(told[0].Kind, (AnomalyKind[])[AnomalyKind.Level, AnomalyKind.Season]);
        Assert.InRange((told[0].TimeInMs - Devices.Bench.Start) / 300_000, 2000, 2006);
        Assert.Matches(@"^x is 60\d(\.\d)? ug/m3, unusual .*; usual at this time of day is [\d.]+ to [\d.]+ ug/m3; highest in the last day was 1[34]\d(\.\d)?\.$", told[0].Explanation);
        Assert.InRange(told[0].Score, 0.5, 1);
        Assert.Contains(told, anomaly => !anomaly.IsRaised && anomaly.Id == told[0].Id);
    }

    [Fact]
    public void An_anomaly_has_the_same_id_wherever_it_is_decided()
    {
        Assert.Equal(AnomalyEvent.IdOf("d", "t", "m", AnomalyKind.Spike, 5), AnomalyEvent.IdOf("d", "t", "m", AnomalyKind.Spike, 5));
        Assert.NotEqual(AnomalyEvent.IdOf("d", "t", "m", AnomalyKind.Limit, 5), AnomalyEvent.IdOf("d", "t", "m", AnomalyKind.Level, 5));
        Assert.NotEqual(AnomalyEvent.IdOf("d", "t", "m", AnomalyKind.Spike, 5), AnomalyEvent.IdOf("d", "t", "m", AnomalyKind.Spike, 6));
    }

    private static Bench Bench(DetectorSettings settings, TimeSpan interval)
    {
        var catalog = new DeviceCatalog([Sensors.Type("probe", interval, new MetricDefinition { Name = "x", Unit = "ug/m3", Min = -1000, Max = 1000, Detectors = settings })]);
        var bench = new Bench("d", catalog);
        bench.Device.Register("probe", "dijon", null, catalog);
        return bench;
    }

    private static void Tells(DetectorSettings settings, string values, string expected)
    {
        foreach (bool restoring in (bool[])[false, true])
        {
            Bench bench = Bench(settings, TimeSpan.FromMinutes(1));
            string[] words = values.Split(' ');
            for (int minute = 0; minute < words.Length; minute++)
            {
                if (words[minute] != ".")
                {
                    bench.Send(minute * 60, $"\"x\":{words[minute]}");
                }

                if (restoring)
                {
                    bench.SaveAndRestore();
                }
            }

            bench.Drain();
            Assert.Equal(expected, string.Join(' ', bench.Anomalies.Where(anomaly => anomaly.Kind != AnomalyKind.Silence).Select(anomaly => string.Create(
                CultureInfo.InvariantCulture,
                $"{(anomaly.IsRaised ? '+' : '-')}{anomaly.Kind.Word()}@{(anomaly.TimeInMs - Devices.Bench.Start) / 60_000}"))));
        }
    }
}
