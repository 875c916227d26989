using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Streams.Cli.Completion;
using Streams.Cli.Output;
using Streams.Cli.Server;
using Streams.Cli.Watch;

namespace Streams.Cli.Commands;

/// <summary><c>streams scenario</c>: what can be let happen in the simulated city that a node plays.</summary>
internal static class ScenarioCommands
{
    private static readonly Listing Scenarios = new(
        new Column("name", "name"),
        new Column("title", "title", least: 20, drop: 2),
        new Column("area", "area", least: 12, drop: 1),
        new Column("lasts", "lasts", drop: 3),
        new Column("must raise", item => string.Join(", ", item.List("must").Select(each => each.Text("rule"))), Least: 20));

    private static readonly Listing Runs = new(
        new Column("id", "id"),
        new Column("scenario", "scenario"),
        new Column("area", "area", least: 12, drop: 1),
        Column.Word("state", "state"),
        new Column("started", "startedAt", drop: 3),
        new Column("ends", "endsAt", drop: 2),
        new Column("done about it", DoneAbout, Least: 16, Drop: 4));

    private static readonly Listing Responses = new(
        new Column("system", "system"),
        new Column("action", "action"),
        new Column("takes away", item => string.Create(CultureInfo.InvariantCulture, $"{100 * item.NumberAt("share"):0} %")),
        new Column("of", item => string.Join(", ", item.List("of").Select(each => each.GetString()).DefaultIfEmpty("everything")), Least: 12, Drop: 1),
        new Column("after", "after"),
        new Column("fades", "fades"));

    private static readonly Listing Musts = new(
        new Column("rule", "rule"),
        new Column("area", item => item.Text("area") is { Length: > 0 } area ? area : "where it was started, or above", Least: 12),
        Column.Word("severity", "severity"),
        new Column("within", "within"));

    public static Command Build(SharedOptions shared, Screen screen, Offers offers)
    {
        Command list = new ExampleCommand("list", "Scenarios that can be started.", "streams scenario list")
            .Answering(shared, screen, _ => ("api/v1/scenarios", "scenarios"), page => Scenarios.WritePage(screen, page, "This city has no scenario."));

        Argument<string> showName = Lists.Id("The scenario's name, as the list shows it.", "NAME").From(offers.Scenarios);
        Command show = new ExampleCommand("show", "A scenario: what happens, where, for how long, what ends it sooner, and which alerts must, may and must not come of it.", "streams scenario show flood")
            .Taking(showName)
            .Answering(
                shared,
                screen,
                parsed => ($"api/v1/scenarios/{Uri.EscapeDataString(parsed.GetRequiredValue(showName))}", $"scenario {parsed.GetRequiredValue(showName)}"),
                scenario => Draw(screen, scenario));

        Argument<string> stopId = Lists.Id("The run's id, as the status shows it.").From(offers.ScenarioRuns);
        var end = new ExampleCommand("stop", "Ends a running scenario; the city goes back to its usual day.", "streams scenario stop flood-1").Taking(stopId);
        end.SetAction(async (parsed, stop) =>
        {
            string id = parsed.GetRequiredValue(stopId);
            using NodeClient node = shared.Connect(parsed);
            JsonElement run = await node.SendAsync(HttpMethod.Post, $"api/v1/scenario-runs/{Uri.EscapeDataString(id)}/stop", $"scenario run {id}", stop).ConfigureAwait(false);
            Write(shared, screen, parsed, run, $"Stopped: {run.Text("scenario")} in {run.Text("area")} ({id}).");
            return ExitStatus.Done;
        });

        return Show.Group("scenario", "What can be let happen in the simulated city.", list, show, Start(shared, screen, offers), end, Status(shared, screen));
    }

    private static ExampleCommand Start(SharedOptions shared, Screen screen, Offers offers)
    {
        Argument<string> name = Lists.Id("The scenario's name, as the list shows it.", "NAME").From(offers.Scenarios);
        Option<string?> area = Lists.Text("--area", "AREA", "Where, if not in the scenario's own area.").From(offers.Areas);
        var watch = new Option<bool>("--watch")
        {
            Description = "Follow it until its expected alerts have come or it ends: each with how long it took. Exit status 1 if one did not come.",
        };
        var watching = new Watching(shared, screen);
        ExampleCommand start = new ExampleCommand("start", "Lets a scenario happen now.", "streams scenario start flood", "streams scenario start flood --area dijon/chenove --watch")
            .Taking([name, area, watch, .. watching.Options]);
        start.SetAction(async (parsed, stop) =>
        {
            string scenario = parsed.GetRequiredValue(name);
            using NodeClient node = shared.Connect(parsed);
            JsonElement expected = default;
            ScenarioFeed? feed = null;
            if (parsed.GetValue(watch))
            {
                expected = await node.GetAsync($"api/v1/scenarios/{Uri.EscapeDataString(scenario)}", $"scenario {scenario}", stop).ConfigureAwait(false);
                feed = await ScenarioFeed.BeginAsync(node, expected, shared.Time, stop).ConfigureAwait(false);
            }

            JsonElement? body = parsed.GetValue(area) is { } where ? JsonSerializer.SerializeToElement(new { area = where }) : null;
            JsonElement run = await node.SendAsync(HttpMethod.Post, $"api/v1/scenarios/{Uri.EscapeDataString(scenario)}/start", $"scenario {scenario}", stop, body).ConfigureAwait(false);
            if (feed is null)
            {
                Write(shared, screen, parsed, run, $"Started: {run.Text("scenario")} in {run.Text("area")} until {run.Text("endsAt")} ({run.Text("id")}).");
                return ExitStatus.Done;
            }

            feed.Follow(run);
            await watching.RunAsync(parsed, feed.LookAsync, () => feed.IsOver, stop).ConfigureAwait(false);
            feed.Sum().Write(screen, shared.WantsJson(parsed));
            return feed.AllCame ? ExitStatus.Done : ExitStatus.Failed;
        });
        return start;
    }

    private static ExampleCommand Status(SharedOptions shared, Screen screen)
    {
        var status = new ExampleCommand("status", "The simulated city, its time, and the scenarios that run or ran.", "streams scenario status");
        status.SetAction(async (parsed, stop) =>
        {
            using NodeClient node = shared.Connect(parsed);
            JsonElement city = await node.GetAsync("api/v1/simulation", "a simulated city on this node", stop).ConfigureAwait(false);
            JsonElement runs = await node.GetAsync("api/v1/scenario-runs", "scenario runs", stop).ConfigureAwait(false);
            if (shared.WantsJson(parsed))
            {
                screen.Json(JsonSerializer.SerializeToElement(new { simulation = city, runs = runs.At("items") }));
            }
            else
            {
                screen.Line(string.Create(CultureInfo.InvariantCulture, $"{city.Text("title")} ({city.Text("city")}): {city.NumberAt("devices"):#,0} devices, it is {city.Text("time")} there, speed {city.Text("speed")}, seed {city.Text("seed")}"));
                screen.Line("");
                Runs.Write(screen, runs.List("items"), "No scenario has been started; streams scenario list shows what there is.");
            }

            return ExitStatus.Done;
        });
        return status;
    }

    private static void Write(SharedOptions shared, Screen screen, ParseResult parsed, JsonElement run, string line)
    {
        if (shared.WantsJson(parsed))
        {
            screen.Json(run);
        }
        else
        {
            screen.Line(line);
        }
    }

    /// <summary>Each with how many times, where it was not taken back.</summary>
    private static string DoneAbout(JsonElement run) => string.Join(", ", run.List("reliefs").Where(relief => relief.Text("undoneAt").Length == 0)
        .GroupBy(relief => $"{relief.Text("system")} {relief.Text("action")}").Select(done => done.Skip(1).Any() ? string.Create(CultureInfo.InvariantCulture, $"{done.Key} ({done.Count()})") : done.Key));

    private static void Draw(Screen screen, JsonElement scenario)
    {
        screen.Write(scenario.Text("title"), "bold");
        screen.Write(new Spectre.Console.Text(scenario.Text("description") + "\n"));
        screen.Line("");
        DocumentView.Write(screen, scenario, "name", "title", "description", "response", "must");
        screen.Line("");
        screen.Line("What ends it sooner");
        Responses.Write(screen, scenario.List("response"), "nothing");
        screen.Line("");
        screen.Line("Alerts that must come");
        Musts.Write(screen, scenario.List("must"), "none");
    }
}
