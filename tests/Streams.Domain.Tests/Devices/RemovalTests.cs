using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Domain.Windows;

namespace Streams.Domain.Tests.Devices;

/// <summary>What an operator does to a device: describe it, remove it.</summary>
public sealed class RemovalTests
{
    private const string First = "\"type\":\"air_quality_station\",\"area\":\"dijon/centre\"";

    [Fact]
    public void A_retired_device_takes_back_what_it_said_and_sleeps()
    {
        var bench = new Bench("d");
        bench.Send(0, "\"pm2_5\":1001", First);
        bench.Send(60, "\"pm2_5\":10");
        bench.Wake(300);
        bench.Drain();
        Assert.True(bench.Device.IsSilent);
        bench.Send(50, "\"pm2_5\":1002", nowSecond: 310);
        bench.Device.Retire();
        string[] said = bench.Drain();
        Assert.Contains("cleared range pm2_5@60", said);
        Assert.Contains(said, each => each.StartsWith("cleared silence", StringComparison.Ordinal));
        Assert.Equal("ok", DeviceJson.StateOf(bench.Device));
        Assert.Null(bench.Device.DueInMs);
        Assert.All(bench.Anomalies.Where(each => !each.IsRaised), each => Assert.InRange(each.TimeInMs, each.SinceInMs, long.MaxValue));
        Assert.Equal("The device was removed.", bench.Anomalies[^1].Explanation);
    }

    [Fact]
    public void Who_comes_after_it_is_nobody_yet_and_its_past_goes_on_behind()
    {
        var bench = new Bench("d");
        bench.Send(0, "\"pm2_5\":10", First);
        for (int minute = 1; minute < 20; minute++)
        {
            bench.Send(minute * 60, "\"pm2_5\":10");
        }

        bench.Device.Retire();
        bench.Drain();
        bench.Device.DrainHistory(bench);
        Device after = new("d");
        after.Follow(bench.Device);
        bench.Device = after;
        bench.SaveAndRestore();
        Assert.False(bench.Device.IsRegistered);
        Assert.Equal("unknown_device", bench.Send(1300, "\"pm2_5\":10").Refusal!.Reason);

        for (int minute = 22; minute < 40; minute++)
        {
            bench.Send(minute * 60, "\"pm2_5\":20", First);
        }

        Assert.Equal("registered air_quality_station in dijon/centre", bench.Drain()[0]);
        bench.Device.DrainHistory(bench);
        Assert.Equal(10, Assert.Single(bench.Past, window => window.Size == WindowSize.Minute && window.StartInMs == Bench.Start).Mean);
        Assert.Equal(20, Assert.Single(bench.Past, window => window.Size == WindowSize.Minute && window.StartInMs == Bench.Start + (22 * 60_000)).Mean);
    }

    [Fact]
    public void A_name_and_a_place_are_kept_until_others_are_given()
    {
        var bench = new Bench("d");
        bench.Device.Register("parking_lot", "malaga/centro", new GeoPoint(-4.42, 36.72), Sensors.Catalog, "Plaza");
        bench.Drain();
        Assert.Equal(OutcomeKind.Quiet, bench.Device.Register("parking_lot", "malaga/centro", null, Sensors.Catalog).Kind);
        bench.SaveAndRestore();
        Assert.Equal(("Plaza", new GeoPoint(-4.42, 36.72)), (bench.Device.Name, bench.Device.Location));
        Assert.Equal(OutcomeKind.Decided, bench.Device.Register("parking_lot", "malaga/centro", null, Sensors.Catalog, "Plaza Mayor").Kind);
        Assert.Equal(OutcomeKind.Decided, bench.Device.Register("parking_lot", "malaga/centro", new GeoPoint(-4.5, 36.72), Sensors.Catalog).Kind);
        Assert.Equal("Plaza Mayor", bench.Device.Name);
    }

    /// <summary>Version 1 had no name after the area.</summary>
    [Fact]
    public void A_snapshot_from_before_there_were_names_is_read()
    {
        var bench = new Bench("d");
        bench.Device.Register("parking_lot", "malaga/centro", null, Sensors.Catalog);
        bench.Send(0, "\"free_spaces\":9");
        bench.Drain();
        byte[] head = bench.SaveHead(version: 1, out byte[] rest);
        Assert.True(Device.TryRestore("d", [.. head, .. rest], Sensors.Catalog, out Device? device, out string? fault), fault);
        Assert.Equal(("", "malaga/centro", 1L), (device.Name, device.Area, device.ReadingCount));
    }
}
