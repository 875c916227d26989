using System.CommandLine;
using System.Text.Json;
using Streams.Cli.Completion;
using Streams.Cli.Output;
using Streams.Cli.Server;
using Streams.Cli.Watch;

namespace Streams.Cli.Commands;

/// <summary><c>streams area</c>: districts, municipalities, cities.</summary>
internal static class AreaCommands
{
    /// <summary>As many as a node lists.</summary>
    private const int MostAreas = 20_000;

    private const int MostAlerts = 1_000;

    public static Command Build(SharedOptions shared, Screen screen, Offers offers)
    {
        Argument<string> showId = Lists.Id("Area id, such as dijon/dijon/centre-ville.").From(offers.Areas);
        Command show = new ExampleCommand("show", "An area: its figures by domain beside what is usual at this hour, its devices by type, the newest window of each metric.", "streams area show dijon/dijon/centre-ville")
            .Taking(showId)
            .Answering(
                shared,
                screen,
                parsed => ($"api/v1/areas/{Query.Id(parsed.GetRequiredValue(showId))}", $"area {parsed.GetRequiredValue(showId)}"),
                area => AreaView.Write(screen, area));

        Argument<string> watchId = Lists.Id("Area id, such as dijon/dijon/centre-ville.").From(offers.Areas);
        Option<string?> metric = Lists.Text("--metric", "METRIC", "Only windows of this metric.");
        Command watch = new Watching(shared, screen).On(
            new ExampleCommand("watch", "Follows an area: its devices, its windows as they close, the alerts of it and of the areas inside it. Ctrl-C ends.", "streams area watch dijon", "streams area watch dijon/dijon/centre-ville --metric pm2_5 --for 1h")
                .Taking(watchId, metric),
            (parsed, node) => new AreaFeed(node, parsed.GetRequiredValue(watchId), parsed.GetValue(metric)).LookAsync);
        return Show.Group(
            "area", "Areas: districts, municipalities, cities.", TreeCommand(shared, screen, offers), show, HistoryCommand.Build("area", "areas", "dijon/dijon/centre-ville", offers.Areas, shared, screen), watch);
    }

    private static ExampleCommand TreeCommand(SharedOptions shared, Screen screen, Offers offers)
    {
        Argument<string?> top = new Argument<string?>("ID") { Description = "Only this area and those inside it.", HelpName = "ID", Arity = ArgumentArity.ZeroOrOne }.NoOption().From(offers.Areas);
        Option<int> depth = Lists.Whole("--depth", "Levels that are unfolded, 1 to 20. Default all.", 1, 20, 20);
        ExampleCommand tree = new ExampleCommand(
            "tree", "The areas, one inside the other: devices, how many are silent, active alerts and the worst of them in the area or inside it.", "streams area tree", "streams area tree dijon/dijon --depth 1").Taking(top, depth);
        tree.SetAction(async (parsed, stop) =>
        {
            using NodeClient node = shared.Connect(parsed);
            string? under = parsed.GetValue(top);
            JsonElement areas = await node.GetAllAsync(new Query("api/v1/areas").With("under", under), "areas", MostAreas, stop).ConfigureAwait(false);
            IReadOnlyList<JsonElement> items = areas.List("items");
            if (under is not null && items.Count == 0)
            {
                throw new CommandFailedException(ExitStatus.NotFound, $"Not found: area {under}.");
            }

            if (shared.WantsJson(parsed))
            {
                screen.Json(areas);
                return ExitStatus.Done;
            }

            IReadOnlyList<JsonElement> alerts = items.Any(area => area.NumberAt("activeAlerts") > 0)
                ? (await node.GetAllAsync(new Query("api/v1/alerts").With("state", "active").With("area", under), "alerts", MostAlerts, stop).ConfigureAwait(false)).List("items")
                : [];
            new AreaTree(items, alerts).Write(screen, parsed.GetValue(depth));
            return ExitStatus.Done;
        });
        return tree;
    }
}
