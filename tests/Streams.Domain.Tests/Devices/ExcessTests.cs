using Streams.Domain.Detection;
using Streams.Domain.Devices;

namespace Streams.Domain.Tests.Devices;

/// <summary>The meter may send ten values a second of event time, and a minute's worth at once.</summary>
public sealed class ExcessTests
{
    private const string First = "\"type\":\"meter\",\"area\":\"dijon/centre\"";

    private static readonly DeviceCatalog s_catalog = new([
        Sensors.Type("meter", TimeSpan.FromSeconds(1), new MetricDefinition { Name = "power", Unit = "W" }) with { MostPerSecond = 10 },
    ]);

    private readonly Bench _bench = new("d", s_catalog);

    [Fact]
    public void A_device_within_its_bound_is_never_refused() =>
        Assert.All(Enumerable.Range(0, 3000), i => Assert.NotEqual(OutcomeKind.Refused, Send(i * 0.1, i).Kind));

    [Fact]
    public void One_that_floods_is_taken_for_a_minute_s_worth_and_then_at_its_rate_and_says_so_once()
    {
        Outcome[] outcomes = [.. Enumerable.Range(0, 3000).Select(i => Send(i * 0.01, i))];

        Outcome[] refused = [.. outcomes.Where(outcome => outcome.Kind == OutcomeKind.Refused)];
        Assert.InRange(outcomes.Length - refused.Length, 895, 901);
        Assert.All(refused, outcome => Assert.Equal("rate_limited", outcome.Refusal!.Reason));
        Assert.True(refused[0].IsDecision);
        Assert.DoesNotContain(refused[1..], outcome => outcome.IsDecision);
        Assert.Equal(refused.Length, _bench.Device.ExcessCount);
        Assert.Equal(outcomes.Length - refused.Length, _bench.Device.ReadingCount);
        Assert.Equal("anomalous", DeviceJson.StateOf(_bench.Device));
        string excess = Assert.Single(_bench.Drain(), said => said.Contains("excess", StringComparison.Ordinal));
        Assert.StartsWith("raised excess @", excess, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_over_when_the_device_has_been_moderate_for_a_while_and_says_how_many_were_not_taken()
    {
        Flood();
        _bench.SaveAndRestore();
        long refused = _bench.Device.ExcessCount;

        Send(25, 1);
        Assert.True(_bench.Device.IsInExcess);
        Assert.Equal(OutcomeKind.Decided, Send(70, 2).Kind);

        Assert.Equal("cleared excess @70", Assert.Single(_bench.Drain(), said => said.Contains("excess", StringComparison.Ordinal)));
        AnomalyEvent[] said = [.. _bench.Anomalies.Where(anomaly => anomaly.Kind == AnomalyKind.Excess)];
        Assert.Equal((refused, 0.0), (said[1].Value, said[1].Expected));
        Assert.Equal($"The device sends no more than it may; {refused} readings were not taken.", said[1].Explanation);
        Assert.Equal(said[0].Id, said[1].Id);
    }

    [Fact]
    public void What_it_owes_is_remembered_with_the_device()
    {
        Bench other = new("d", s_catalog);
        for (int i = 0; i < 3000; i++)
        {
            Outcome one = Send(i * 0.01, i);
            Outcome two = other.Send(i * 0.01, $"\"power\":{i}", First);
            Assert.Equal(one, two);
            other.SaveAndRestore();
        }
    }

    [Fact]
    public void A_snapshot_from_before_there_was_a_bound_is_read()
    {
        Send(0, 1);
        _bench.Drain();
        byte[] head = _bench.SaveHead(version: 2, out byte[] rest);

        Assert.True(Device.TryRestore("d", [.. head, .. rest], s_catalog, out Device? device, out string? fault), fault);
        Assert.Equal((1L, 0L, false), (device.ReadingCount, device.ExcessCount, device.IsInExcess));
    }

    [Fact]
    public void A_recording_that_is_played_fast_is_as_moderate_as_it_ever_was() =>
        Assert.All(Enumerable.Range(0, 5000), i => Assert.NotEqual(OutcomeKind.Refused, Send(i, i, now: 1e6).Kind));

    [Fact]
    public void A_backlog_behind_the_newest_reading_is_taken_as_far_as_a_minute_s_worth_goes()
    {
        Send(1000, 0);
        Outcome[] backlog = [.. Enumerable.Range(0, 500).Select(i => Send(960 + (i * 0.05), i + 1))];

        Assert.DoesNotContain(backlog, outcome => outcome.Kind == OutcomeKind.Refused);
    }

    [Fact]
    public void A_repeat_costs_nothing()
    {
        Send(0, 1);
        Assert.All(Enumerable.Range(0, 5000), _ => Assert.Equal(OutcomeKind.Repeat, Send(0, 1).Kind));
        Assert.Equal(0, _bench.Device.ExcessCount);
    }

    [Fact]
    public void A_device_that_is_removed_takes_it_back()
    {
        Flood();
        _bench.Device.Retire();

        Assert.StartsWith("cleared excess @", Assert.Single(_bench.Drain(), said => said.Contains("excess", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    private void Flood()
    {
        for (int i = 0; i < 2000; i++)
        {
            Send(i * 0.01, i);
        }

        _bench.Drain();
    }

    private Outcome Send(double second, int value, double? now = null) => _bench.Send(second, $"\"power\":{value}", First, now);
}
