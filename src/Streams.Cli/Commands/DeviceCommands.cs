using System.CommandLine;
using Streams.Cli.Completion;
using Streams.Cli.Output;
using Streams.Cli.Server;
using Streams.Cli.Watch;

namespace Streams.Cli.Commands;

/// <summary><c>streams device</c>: what measures the city.</summary>
internal static class DeviceCommands
{
    private static readonly Listing Devices = new(
        new Column("id", "id"),
        new Column("type", item => item.Text("type") is { Length: > 0 } type ? type : item.Text("types"), Least: 12, Drop: 2),
        new Column("area", "area", least: 12, drop: 1),
        Column.Word("state", "state"),
        new Column("last seen", "lastSeen", drop: 3));

    private static readonly Dictionary<string, Listing> Tables = new()
    {
        ["metrics"] = new(
            new Column("metric", "name"),
            new Column("value", "value", right: true),
            new Column("unit", "unit"),
            new Column("time", "time", drop: 1),
            new Column("type", "type", least: 12, drop: 2)),
    };

    public static Command Build(SharedOptions shared, Screen screen, Offers offers)
    {
        Option<string?> area = Lists.Text("--area", "AREA", "Only devices of this area and those inside it.").From(offers.Areas);
        Option<string?> type = Lists.Text("--type", "TYPE", "Only devices of this type, such as air_quality_station.").From(offers.DeviceTypes);
        Option<string?> state = Lists.Choice("--state", "STATE", "Only devices in this state", "ok", "anomalous", "silent");
        Option<int> limit = Lists.Limit();
        Option<string?> after = Lists.After();
        Command list = new ExampleCommand("list", "Devices and how they are, the last heard of first.", "streams device list", "streams device list --area dijon/dijon --state silent")
            .Taking(area, type, state, limit, after)
            .Answering(
                shared,
                screen,
                parsed => (new Query("api/v1/devices").With("area", parsed.GetValue(area)).With("type", parsed.GetValue(type)).With("state", parsed.GetValue(state))
                    .With("limit", Lists.Number(parsed.GetValue(limit))).With("after", parsed.GetValue(after)).ToString(), "devices"),
                page => Devices.WritePage(screen, page, "No device matches."));

        Argument<string> showId = Lists.Id("Device id.").From(offers.Devices);
        Command show = new ExampleCommand("show", "A device: last values, open anomalies, counters.", "streams device show dijon-air-008")
            .Taking(showId)
            .Answering(
                shared,
                screen,
                parsed => ($"api/v1/devices/{Uri.EscapeDataString(parsed.GetRequiredValue(showId))}", $"device {parsed.GetRequiredValue(showId)}"),
                device => DocumentView.Write(screen, device, Tables));

        Argument<string> watchId = Lists.Id("Device id.").From(offers.Devices);
        Option<string?> metric = Lists.Text("--metric", "METRIC", "Only values and windows of this metric.");
        Command watch = new Watching(shared, screen).On(
            new ExampleCommand("watch", "Follows a device: each reading, the windows it closes, anomalies, the device's state. Ctrl-C ends.", "streams device watch dijon-air-008", "streams device watch dijon-air-008 --metric pm2_5 --for 10m --output json")
                .Taking(watchId, metric),
            (parsed, node) => new DeviceFeed(node, parsed.GetRequiredValue(watchId), parsed.GetValue(metric)).LookAsync);

        return Show.Group("device", "Devices.", list, show, HistoryCommand.Build("device", "devices", "dijon-air-008", offers.Devices, shared, screen), watch);
    }
}
