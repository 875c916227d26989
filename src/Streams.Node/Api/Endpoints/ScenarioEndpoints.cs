using System.Collections.Immutable;
using System.Text.Json;
using System.Xml;
using Microsoft.Extensions.DependencyInjection;
using Streams.Domain.Cities;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;
using Streams.Node.Configuration;
using Streams.Node.People;
using Streams.Runtime.Audit;

namespace Streams.Node.Api.Endpoints;

/// <summary>
/// A simulated city and what can befall it: <c>GET /api/v1/simulation</c>; <c>GET /api/v1/scenarios</c>, <c>GET …/{name}</c>, <c>POST …/{name}/start</c>;
/// <c>GET /api/v1/scenario-runs</c>, <c>POST …/{id}/stop</c>. All 404 where no city is simulated.
/// </summary>
internal static class ScenarioEndpoints
{
    private const int LongestBody = 4096;

    private static readonly Parameter<string> Name = Parameter.Id("The scenario's name.", "flood", name: "name");
    private static readonly Parameter<string> Id = Parameter.Id("The run's id.", "flood-1");

    private static readonly Reply NoneHere = Reply.NotFound("No city is simulated by this process.");
    private static readonly Reply NoSuch = Reply.NotFound("There is no such scenario, or no city is simulated by this process.");

    public static IReadOnlyList<Operation> Operations { get; } =
    [
        new("getSimulation", HttpMethods.Get, "/api/v1/simulation", "The simulated city.", With(DescribeAsync))
        {
            Needs = Permission.Read,
            Replies = [Reply.Json("simulation", "What is simulated, and what time it is there."), NoneHere],
        },
        new("listScenarios", HttpMethods.Get, "/api/v1/scenarios", "What may befall the simulated city.", With(ListAsync))
        {
            Needs = Permission.Read,
            Replies = [Reply.Page("scenario", "All of them."), NoneHere],
        },
        new("getScenario", HttpMethods.Get, "/api/v1/scenarios/{name}", "One scenario.", With(GetAsync))
        {
            Needs = Permission.Read,
            Parameters = [Name],
            Replies = [Reply.Json("scenario", "The scenario."), NoSuch],
        },
        new("startScenario", HttpMethods.Post, "/api/v1/scenarios/{name}/start", "Lets a scenario begin now.", With(StartAsync))
        {
            Needs = Permission.Operate,
            Parameters = [Name],
            Takes = [("application/json", Schemas.Ref("scenario-start"))],
            TakesNothingToo = true,
            Replies =
            [
                Reply.Json("scenario-run", "It runs.", StatusCodes.Status201Created),
                NoSuch,
                Reply.Problem(StatusCodes.Status409Conflict, "As many run as may at once."),
                Reply.Problem(StatusCodes.Status413PayloadTooLarge, "The body is too large."),
                Reply.Problem(StatusCodes.Status422UnprocessableEntity, "The city has no such area."),
            ],
        },
        new("listScenarioRuns", HttpMethods.Get, "/api/v1/scenario-runs", "Scenarios that run, and those that ran; newest first.", With(RunsAsync))
        {
            Needs = Permission.Read,
            Replies = [Reply.Page("scenario-run", "All of them."), NoneHere],
        },
        new("stopScenarioRun", HttpMethods.Post, "/api/v1/scenario-runs/{id}/stop", "Lets a run's effects die down.", With(StopAsync))
        {
            Needs = Permission.Operate,
            Parameters = [Id],
            Replies = [Reply.Json("scenario-run", "It stops."), Reply.NotFound("There is no such run, or no city is simulated by this process.")],
        },
    ];

    private static Func<HttpContext, Query, Task> With(Func<HttpContext, ISimulation, Task> answer) => (context, _) =>
        context.RequestServices.GetService<ISimulation>() is { } simulation
            ? answer(context, simulation)
            : Problem.NotFound(context, "No city is simulated here. Start one with: streams up");

    private static Task DescribeAsync(HttpContext context, ISimulation simulation) => Answer.Json(context, json =>
    {
        json.WriteStartObject();
        json.WriteString("city", simulation.City.Name);
        json.WriteString("title", simulation.City.Title);
        json.WriteNumber("seed", simulation.Seed);
        json.WriteNumber("speed", simulation.Speed);
        json.WriteString("time", Answer.Time(simulation.NowInMs));
        json.WriteNumber("devices", simulation.City.Devices.Length);
        json.WriteEndObject();
    });

    private static Task ListAsync(HttpContext context, ISimulation simulation) => Paging.WriteAsync(context, simulation.City.Scenarios, Write);

    private static Task RunsAsync(HttpContext context, ISimulation simulation)
    {
        long now = simulation.NowInMs;
        return Paging.WriteAsync(context, simulation.Runs, (json, run) => Write(json, run, now));
    }

    private static Task GetAsync(HttpContext context, ISimulation simulation) => Find(context, simulation) is { } scenario
        ? Answer.Json(context, json => Write(json, scenario))
        : NoScenarioAsync(context, simulation);

    private static async Task StartAsync(HttpContext context, ISimulation simulation)
    {
        if (Find(context, simulation) is not { } scenario)
        {
            await NoScenarioAsync(context, simulation);
            return;
        }

        (bool good, string? area) = await ReadAreaAsync(context);
        if (!good)
        {
            return;
        }

        ScenarioRun? run = null;
        try
        {
            AuditDraft deed = AuditTrail.Draft(context, "scenario.start", "scenario:" + scenario.Name).With("area", area);
            await AuditTrail.DoAsync(context, deed, () =>
            {
                run = simulation.Start(scenario, area);
                return Task.FromResult(run is null ? "as many run as may at once" : null);
            });
        }
        catch (ArgumentException)
        {
            await Problem.Write(
                context, StatusCodes.Status422UnprocessableEntity, "unknown-area",
                $"{simulation.City.Title} has no area {area}. Its areas: GET /api/v1/areas", [new Complaint("area", $"{area} is not an area of {simulation.City.Name}")]);
            return;
        }

        await (run is null
            ? Problem.Write(context, StatusCodes.Status409Conflict, "too-many-runs", "As many scenarios run as may at once. Stop one, or wait until one ends: GET /api/v1/scenario-runs")
            : Answer.Json(context, json => Write(json, run, simulation.NowInMs), StatusCodes.Status201Created));
    }

    private static async Task StopAsync(HttpContext context, ISimulation simulation)
    {
        string id = (string)context.Request.RouteValues["id"]!;
        ScenarioRun? run = null;
        if (simulation.Runs.Any(each => each.Id == id))
        {
            await AuditTrail.DoAsync(context, AuditTrail.Draft(context, "scenario.stop", "scenario-run:" + id), () =>
            {
                run = simulation.Stop(id);
                return Task.FromResult(run is null ? "there is no such run" : null);
            });
        }

        await (run is not null
            ? Answer.Json(context, json => Write(json, run, simulation.NowInMs))
            : Problem.NotFound(context, $"There is no run {id}. Those there are: GET /api/v1/scenario-runs"));
    }

    /// <summary>The area that an optional body asks for; not good where the body was refused, and the answer given.</summary>
    private static async Task<(bool Good, string? Area)> ReadAreaAsync(HttpContext context)
    {
        const string Form = """The body is no JSON object; allowed: nothing, or {"area":"dijon/chenove"}""";
        if (await OrderBody.ReadAsync(context, LongestBody, ["area"], "invalid-body", Form, mayBeEmpty: true) is not { } body)
        {
            return default;
        }

        string? area = body.Text("area");
        return (!await body.IsRefusedAsync(context), area);
    }

    private static Scenario? Find(HttpContext context, ISimulation simulation)
    {
        string name = (string)context.Request.RouteValues["name"]!;
        return simulation.City.Scenarios.FirstOrDefault(scenario => scenario.Name == name);
    }

    private static Task NoScenarioAsync(HttpContext context, ISimulation simulation) =>
        Problem.NotFound(context, $"{simulation.City.Title} has no scenario {context.Request.RouteValues["name"]}. Those it has: {string.Join(", ", simulation.City.Scenarios.Select(scenario => scenario.Name))}");

    private static void Write(Utf8JsonWriter json, Scenario scenario)
    {
        json.WriteStartObject();
        json.WriteString("name", scenario.Name);
        json.WriteString("title", scenario.Title);
        json.WriteString("description", scenario.Description);
        json.WriteString("area", scenario.Area);
        json.WriteString("lasts", XmlConvert.ToString(scenario.Lasts));
        json.WriteStartArray("response");
        foreach (ScenarioResponse response in scenario.Response)
        {
            json.WriteStartObject();
            json.WriteString("system", response.System);
            json.WriteString("action", response.Action);
            json.WriteString("after", XmlConvert.ToString(response.After));
            json.WriteString("fades", XmlConvert.ToString(response.Fades));
            json.WriteNumber("share", response.Share);
            WriteNames(json, "of", response.Of);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("must");
        foreach (ExpectedAlert expected in scenario.Must)
        {
            json.WriteStartObject();
            json.WriteString("rule", expected.Rule);
            json.WriteString("area", expected.Area);
            json.WriteString("within", XmlConvert.ToString(expected.Within));
            json.WriteString("severity", expected.Severity.ToString());
            json.WriteEndObject();
        }

        json.WriteEndArray();
        WriteNames(json, "may", scenario.May);
        WriteNames(json, "mustNot", scenario.MustNot);
        json.WriteEndObject();
    }

    private static void WriteNames(Utf8JsonWriter json, string member, ImmutableArray<string> names)
    {
        json.WriteStartArray(member);
        foreach (string name in names)
        {
            json.WriteStringValue(name);
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, ScenarioRun run, long nowInMs)
    {
        json.WriteStartObject();
        json.WriteString("id", run.Id);
        json.WriteString("scenario", run.Scenario);
        json.WriteString("area", run.Area);
        json.WriteString("startedAt", Answer.Time(run.StartedAtInMs));
        json.WriteString("endsAt", Answer.Time(run.EndsAtInMs));
        json.WriteString("state", run.StateAt(nowInMs) switch
        {
            ScenarioRunState.Running => "running",
            ScenarioRunState.Stopping => "stopping",
            _ => "ended",
        });
        json.WriteStartArray("reliefs");
        foreach (ScenarioRelief relief in run.Reliefs)
        {
            json.WriteStartObject();
            json.WriteString("commandId", relief.CommandId);
            json.WriteString("system", relief.System);
            json.WriteString("action", relief.Action);
            json.WriteString("area", relief.Area);
            json.WriteString("from", Answer.Time(relief.FromInMs));
            json.WriteString("fades", XmlConvert.ToString(TimeSpan.FromMilliseconds(relief.FadesInMs)));
            json.WriteNumber("share", relief.Share);
            WriteNames(json, "of", relief.Of);
            json.WriteString("undoneAt", relief.UndoneAtInMs is { } undone ? Answer.Time(undone) : null);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
