using System.Collections.Immutable;
using System.Text.Json;
using Streams.Domain.Cities;
using Streams.Node.Api;
using Streams.Node.Tests.Scenarios;
using Streams.Simulator.Living;
using Streams.Simulator.Obeying;

namespace Streams.Node.Tests.Api;

/// <summary>What the API tells of a simulated city.</summary>
public sealed class SimulationTests : IAsyncDisposable
{
    private readonly PlayedSimulation _songdo = new(SimulatedPlayback.Find("songdo"));
    private readonly ApiServer _api;

    public SimulationTests() => _api = new ApiServer(simulation: _songdo);

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task A_scenario_says_what_ends_it_sooner()
    {
        JsonElement fire = await _api.GetAsync("/api/v1/scenarios/tower-fire");

        JsonElement response = Assert.Single(fire.GetProperty("response").EnumerateArray());
        Assert.Equal("""{"system":"fire-and-rescue","action":"send-engine","after":"PT3M","fades":"PT15M","share":0.5,"of":[]}""", response.GetRawText());
    }

    [Fact]
    public async Task A_run_says_what_was_done_about_it_and_what_was_taken_back()
    {
        _songdo.Start(_songdo.City.Scenarios.Single(scenario => scenario.Name == "tower-fire"), null);
        Assert.Equal(0, await ReliefsAsync(each => each.GetArrayLength()));

        Deed engine = new("c-1", "fire-and-rescue", "send-engine", "songdo/songdo-1", [], ImmutableSortedDictionary<string, string>.Empty, _songdo.NowInMs + 60_000, 1, [], null);
        _songdo.Happening.Act(engine);
        Assert.Equal(
            """[{"commandId":"c-1","system":"fire-and-rescue","action":"send-engine","area":"songdo/songdo-1","from":"2026-11-22T10:04:00.000Z","fades":"PT15M","share":0.5,"of":[],"undoneAt":null}]""",
            await ReliefsAsync(each => each.GetRawText()));

        _songdo.Happening.Act(engine with { CommandId = "c-2", Action = "recall", TimeInMs = _songdo.NowInMs + 120_000, Undoes = ["send-engine"], Compensates = "c-1" });
        Assert.Equal("2026-11-22T10:02:00.000Z", await ReliefsAsync(each => each[0].GetProperty("undoneAt").GetString()));
    }

    private async Task<T> ReliefsAsync<T>(Func<JsonElement, T> look) =>
        look(Assert.Single((await _api.GetAsync("/api/v1/scenario-runs")).GetProperty("items").EnumerateArray()).GetProperty("reliefs"));

    /// <summary>A city whose time stands still.</summary>
    private sealed class PlayedSimulation(City city) : ISimulation
    {
        public City City => city;

        public ulong Seed => 1;

        public double Speed => 1;

        public long NowInMs { get; } = new DateTimeOffset(2026, 11, 22, 10, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

        public ScenarioRuns Happening { get; } = new(city, []);

        public ImmutableArray<ScenarioRun> Runs => Happening.All;

        public ScenarioRun? Start(Scenario scenario, string? area) => Happening.Start(scenario, area, NowInMs);

        public ScenarioRun? Stop(string id) => Happening.Stop(id, NowInMs);
    }
}
