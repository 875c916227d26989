using Streams.Domain.Devices;

namespace Streams.Domain.Tests.Devices;

/// <summary>The station sends every minute and is silent after three.</summary>
public sealed class SilenceTests
{
    private const string First = "\"type\":\"air_quality_station\",\"area\":\"dijon/centre\"";

    [Fact]
    public void A_live_device_falls_silent_at_its_deadline_and_speaks_again()
    {
        var bench = new Bench("d");
        bench.Send(30, "\"pm2_5\":10", First);
        bench.Drain();
        Assert.Equal(Bench.Start + 210_000, bench.Device.DueInMs);
        Assert.Equal(OutcomeKind.Quiet, bench.Wake(209).Kind);
        Assert.Equal(OutcomeKind.Decided, bench.Wake(211).Kind);
        Assert.Null(bench.Device.DueInMs);
        Assert.True(bench.Device.IsSilent);

        // The minute that was waiting for more is closed as well.
        Assert.Equal(["raised silence @211", "pm2_5 PT1M@0 n1 m10 r0+1"], bench.Drain());
        Assert.Equal(Bench.Start + 60_000, bench.Device.WatermarkInMs);
        Assert.Equal("No reading since 2026-11-22T00:00:30.000Z; one is expected every 60 s.", bench.Anomalies[0].Explanation);
        Assert.Equal(OutcomeKind.Quiet, bench.Wake(999).Kind);
        bench.SaveAndRestore();
        bench.Send(1000, "\"pm2_5\":10");
        Assert.Equal(["cleared silence @1000", "pm2_5 PT15M@0 n1 m10 r0+1"], bench.Drain());
        Assert.Equal(bench.Anomalies[0].Id, bench.Anomalies[1].Id);
    }

    [Fact]
    public void A_late_reading_does_not_end_a_silence()
    {
        var bench = new Bench("d");
        bench.Send(100, "\"pm2_5\":10", First);
        bench.Wake(400);
        bench.Drain();
        bench.Send(95, "\"pm2_5\":11", nowSecond: 410);
        Assert.True(bench.Device.IsSilent);
    }

    [Fact]
    public void A_recording_has_no_deadline_and_its_gaps_are_told_when_they_end()
    {
        var bench = new Bench("d");
        const double Now = 1e7;
        bench.Send(0, "\"pm2_5\":10", First, Now);
        Assert.Null(bench.Device.DueInMs);
        bench.Send(60, "\"pm2_5\":10", nowSecond: Now);
        bench.Drain();
        bench.Send(1000, "\"pm2_5\":10", nowSecond: Now);
        Assert.Equal(["raised silence @240", "cleared silence @1000"], bench.Drain()[..2]);
        Assert.Equal(Bench.Start + 60_000, bench.Anomalies[0].SinceInMs);
        Assert.Equal(OutcomeKind.Quiet, bench.Wake(2e7).Kind);
        Assert.Equal("ok", DeviceJson.StateOf(bench.Device));
    }

    [Fact]
    public void An_event_device_is_never_silent()
    {
        var bench = new Bench("d");
        bench.Send(0, "\"request.tree\":1", "\"type\":\"citizen_report\",\"area\":\"boston\"");
        bench.Drain();
        Assert.Equal(OutcomeKind.Speaks, bench.Wake(9e5).Kind);
        Assert.Equal("ok", DeviceJson.StateOf(bench.Device));
        Assert.DoesNotContain(bench.Drain(), line => line.Contains("silence", StringComparison.Ordinal));
        bench.Send(1e6, "\"request.tree\":1");
        Assert.DoesNotContain(bench.Drain(), line => line.Contains("silence", StringComparison.Ordinal));
    }

    [Fact]
    public void The_clock_closes_the_windows_of_a_live_event_device_when_they_end()
    {
        var bench = new Bench("d");
        bench.Send(0, "\"request.tree\":1", "\"type\":\"citizen_report\",\"area\":\"boston\"", nowSecond: 1);
        bench.Drain();
        int wakes = 0;
        var closed = new List<string>();
        while (bench.Device.DueInMs is { } due && wakes++ < 10)
        {
            Assert.True(due <= Bench.Start + (2 * 86_400_000L));
            bench.Wake((due - Bench.Start) / 1000.0);
            closed.AddRange(bench.Drain());
        }

        Assert.NotEmpty(closed);
        Assert.Null(bench.Device.DueInMs);
        Assert.True(wakes <= 4);

        // What comes late for a closed window revises it.
        bench.Send(10, "\"request.tree\":1", nowSecond: 2e5);
        Assert.NotEmpty(bench.Drain());
    }

    [Fact]
    public void In_a_recording_a_minute_without_readings_closes_the_windows_of_an_event_device()
    {
        var bench = new Bench("d");
        const double years = 3e8;
        bench.Send(0, "\"request.tree\":1", "\"type\":\"citizen_report\",\"area\":\"boston\"", nowSecond: years);
        bench.Drain();
        Assert.Equal(Bench.Start + (long)((years + 60) * 1000), bench.Device.DueInMs);
        Assert.Equal(OutcomeKind.Speaks, bench.Wake(years + 60).Kind);
        Assert.NotEmpty(bench.Drain());
        Assert.Null(bench.Device.DueInMs);
        Assert.True(bench.Device.WatermarkInMs <= Bench.Start + 86_400_000L);
    }
}
