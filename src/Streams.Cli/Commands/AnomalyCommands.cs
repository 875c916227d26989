using System.CommandLine;
using Streams.Cli.Completion;
using Streams.Cli.Output;
using Streams.Cli.Server;
using Streams.Cli.Watch;

namespace Streams.Cli.Commands;

/// <summary><c>streams anomaly</c>: what devices found unusual.</summary>
internal static class AnomalyCommands
{
    private static readonly Listing Anomalies = new(
        new Column("time", "time"),
        Column.Word("state", "state"),
        new Column("device", "deviceId"),
        new Column("kind", "kind", drop: 1),
        new Column("metric", "metric", least: 8, drop: 3),
        new Column("explanation", "explanation", least: 44, drop: 2));

    public static Command Build(SharedOptions shared, Screen screen, Offers offers)
    {
        Option<string?> device = Lists.Text("--device", "ID", "Only of this device.").From(offers.Devices);
        Option<string?> area = Lists.Text("--area", "AREA", "Only of devices in this area and those inside it.").From(offers.Areas);
        Option<string?> state = Lists.Choice("--state", "STATE", "Only in this state", "raised", "cleared");
        Option<DateTimeOffset?> from = Lists.Moment(shared.Time, "--from", "Begun at or after.");
        Option<DateTimeOffset?> to = Lists.Moment(shared.Time, "--to", "Begun before.");
        Option<int> limit = Lists.Limit();
        Option<string?> after = Lists.After();
        Command list = new ExampleCommand("list", "Anomalies, newest first.", "streams anomaly list --area dijon/dijon --state raised", "streams anomaly list --from 2h")
            .Taking(device, area, state, from, to, limit, after)
            .Answering(
                shared,
                screen,
                parsed => (new Query("api/v1/anomalies").With("device", parsed.GetValue(device)).With("area", parsed.GetValue(area)).With("state", parsed.GetValue(state))
                    .With("from", Lists.Rfc3339(parsed.GetValue(from))).With("to", Lists.Rfc3339(parsed.GetValue(to)))
                    .With("limit", Lists.Number(parsed.GetValue(limit))).With("after", parsed.GetValue(after)).ToString(), "anomalies"),
                page => Anomalies.WritePage(screen, page, "No anomaly matches."));

        Option<string?> watchedDevice = Lists.Text("--device", "ID", "Only of this device.").From(offers.Devices);
        Option<string?> watchedArea = Lists.Text("--area", "AREA", "Only of devices in this area and those inside it.").From(offers.Areas);
        Command watch = new Watching(shared, screen).On(
            new ExampleCommand("watch", "Anomalies that are raised now, then each as it is raised or cleared. Ctrl-C ends.", "streams anomaly watch", "streams anomaly watch --area dijon/dijon --output json")
                .Taking(watchedDevice, watchedArea),
            (parsed, node) => new AnomalyFeed(node, parsed.GetValue(watchedDevice), parsed.GetValue(watchedArea)).LookAsync);
        return Show.Group("anomaly", "What devices found unusual.", list, watch);
    }
}
