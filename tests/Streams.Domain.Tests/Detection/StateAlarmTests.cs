using Streams.Domain.Detection;
using Streams.Domain.Devices;
using Streams.Domain.Tests.Devices;

namespace Streams.Domain.Tests.Detection;

/// <summary>One state a minute from 00:00 on. The answer says what was raised (+) and cleared (-) at which minute.</summary>
public sealed class StateAlarmTests
{
    [Theory]
    [InlineData("closed tripped tripped closed", 0, "+1 is tripped. -3 is closed; the anomaly (state) is over after 2 min.")]
    [InlineData("closed open closed", 0, "")]
    [InlineData("tripped", 0, "+0 is tripped.")]
    [InlineData("closed tripped burnt closed", 0, "+1 is tripped. -2 is burnt; the anomaly (state) is over after 60 s. +2 is burnt. -3 is closed; the anomaly (state) is over after 60 s.")]
    [InlineData("closed tripped tripped tripped closed", 2, "+3 is tripped for 2 min. -4 is closed; the anomaly (state) is over after 3 min.")]
    [InlineData("closed tripped closed tripped closed", 2, "")]
    [InlineData("closed tripped burnt tripped burnt", 2, "")]
    [InlineData("tripped tripped tripped burnt burnt burnt open", 2, "+2 is tripped for 2 min. -3 is burnt; the anomaly (state) is over after 3 min. +5 is burnt for 2 min. -6 is open; the anomaly (state) is over after 3 min.")]
    public void A_state_that_alarms_is_an_anomaly_while_it_lasts(string states, int afterInMinutes, string expected)
    {
        var settings = new DetectorSettings { Alarm = ["tripped", "burnt"], AlarmAfter = TimeSpan.FromMinutes(afterInMinutes) };
        Tells(new MetricDefinition { Name = "x", Unit = "1", Kind = MetricKind.State, States = ["closed", "open", "tripped", "burnt"], Detectors = settings },
            states.Split(' ').Select(state => $"\"{state}\""), expected);
    }

    [Fact]
    public void A_metric_that_is_true_or_false_alarms_by_these_words() =>
        Tells(new MetricDefinition { Name = "x", Unit = "1", Kind = MetricKind.State, Detectors = new DetectorSettings { Alarm = ["true"] } },
            ["false", "true", "true", "false"], "+1 is true. -3 is false; the anomaly (state) is over after 2 min.");

    [Fact]
    public void It_is_urgent_and_says_which_state()
    {
        Bench bench = Probe(new MetricDefinition
        {
            Name = "x", Unit = "1", Kind = MetricKind.State, States = ["closed", "open", "tripped"], Detectors = new DetectorSettings { Alarm = ["tripped"] },
        });
        Assert.Equal(OutcomeKind.Quiet, bench.Send(0, "\"x\":\"closed\"").Kind);
        Assert.Equal(OutcomeKind.Decided, bench.Send(10, "\"x\":\"tripped\"").Kind);
        bench.Drain();
        AnomalyEvent anomaly = Assert.Single(bench.Anomalies);
        Assert.Equal((AnomalyKind.State, "state", 2.0, 1.0), (anomaly.Kind, anomaly.Kind.Word(), anomaly.Value, anomaly.Score));
    }

    private static Bench Probe(MetricDefinition metric)
    {
        var catalog = new DeviceCatalog([Sensors.Type("probe", TimeSpan.FromMinutes(1), metric)]);
        var bench = new Bench("d", catalog);
        bench.Device.Register("probe", "dijon", null, catalog);
        bench.Drain();
        return bench;
    }

    private static void Tells(MetricDefinition metric, IEnumerable<string> values, string expected)
    {
        foreach (bool restoring in (bool[])[false, true])
        {
            Bench bench = Probe(metric);
            int minute = 0;
            foreach (string value in values)
            {
                bench.Send(60 * minute++, $"\"x\":{value}");
                if (restoring)
                {
                    bench.SaveAndRestore();
                }
            }

            bench.Drain();
            Assert.Equal(expected, string.Join(' ', bench.Anomalies.Select(anomaly =>
                $"{(anomaly.IsRaised ? '+' : '-')}{(anomaly.TimeInMs - Bench.Start) / 60_000} {anomaly.Explanation[2..]}")));
            Assert.Equal(bench.Anomalies.Where(one => !one.IsRaised).Select(one => one.Id), bench.Anomalies.Where(one => one.IsRaised).Select(one => one.Id).Take(bench.Anomalies.Count(one => !one.IsRaised)));
        }
    }
}
