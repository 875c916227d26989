using System.Collections.Immutable;
using Streams.Domain.Cities;
using Streams.Domain.Dispatch;
using Streams.Simulator.Living;
using Streams.Simulator.Obeying;
using Streams.Simulator.Tests.Living;
using static Streams.Simulator.Tests.Obeying.TestSystems;

namespace Streams.Simulator.Tests.Obeying;

/// <summary>What is done about a scenario makes its effects fade; what shows by itself shows until it is taken back.</summary>
public sealed class ScenarioResponseTests
{
    private static readonly TimeSpan Hours = TimeSpan.FromHours(5);
    private static readonly long Start = SmallCity.Noon + Minute;

    private static readonly ScenarioEffect Flood = new ScenarioEffect.Condition("river_level", 1, 160) { Lasts = Hours };
    private static readonly ScenarioEffect Alarm = new ScenarioEffect.Fault(["building"], 1, 1, DeviceFault.Shows, "fire_alarm", 2) { Lasts = Hours };

    private static ScenarioResponse By(string system, string action, double share = 1, params string[] of) =>
        new(system, action, TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(10), share, [.. of]);

    private static Deed Done(string id, string system, string action, double minute, string area = SmallCity.Centre, int units = 0, string[]? undoes = null, string? compensates = null, string[]? targets = null, params (string, string)[] parameters) =>
        new(id, system, action, area, [.. targets ?? []], parameters.ToImmutableSortedDictionary(each => each.Item1, each => each.Item2), Start + (long)(minute * Minute), units, [.. undoes ?? []], compensates);

    private static (ScenarioRuns Runs, City City) Begin(ImmutableArray<ScenarioResponse> response, params ScenarioEffect[] effects)
    {
        City city = SmallCity.Of(6, [SmallCity.Scenario("trouble", SmallCity.Centre, Hours, effects) with { Response = response }], type =>
            type.Name is "water_level_gauge" or "building" or "weather_station" or "street_light" or "ev_charger" or "bus" or "waste_container" or "traffic_light" or "substation");
        var runs = new ScenarioRuns(city, []);
        runs.Start(city.Scenarios[0], null, Start);
        return (runs, city);
    }

    /// <summary>Plays on until so many minutes after the start, doing each thing when it is its time.</summary>
    private static List<Said> Play(ScenarioRuns runs, City city, double minutes, params Deed[] deeds)
    {
        using SimulatedCity simulation = SmallCity.Simulate(city, SmallCity.Noon, runs: runs);
        List<Said> said = [];
        foreach (Deed deed in deeds.OrderBy(each => each.TimeInMs))
        {
            said.AddRange(SmallCity.Play(simulation, TimeSpan.FromMilliseconds(deed.TimeInMs - simulation.NowInMs)));
            runs.Act(deed with { TimeInMs = simulation.NowInMs + 1 });
        }

        said.AddRange(SmallCity.Play(simulation, TimeSpan.FromMilliseconds(Start + (minutes * Minute) - simulation.NowInMs)));
        return said;
    }

    private static double FillAt(List<Said> said, double minute, string area = SmallCity.Centre) =>
        said.Where(each => each.Type == "water_level_gauge" && each.Area == area && each.TimeInMs <= Start + (minute * Minute)).MaxBy(each => each.TimeInMs)!.Number("bank_fill");

    [Theory]
    [InlineData(SmallCity.Centre)]
    [InlineData("testville")]
    public void What_is_done_in_its_area_or_above_makes_the_water_fall_where_it_stays_if_nobody_acts(string area)
    {
        (ScenarioRuns idle, City city) = Begin([By("water", "raise-pumps")], Flood);
        List<Said> alone = Play(idle, city, 80);
        (ScenarioRuns runs, city) = Begin([By("water", "raise-pumps")], Flood);
        List<Said> helped = Play(runs, city, 80, Done("a", "water", "raise-pumps", 30, area));

        Assert.Equal(alone.TakeWhile(each => each.TimeInMs < Start + (30 * Minute)).Select(each => each.Body), helped.TakeWhile(each => each.TimeInMs < Start + (30 * Minute)).Select(each => each.Body));
        Assert.True(FillAt(alone, 79) > 130);
        Assert.True(FillAt(helped, 34) > 130);
        Assert.InRange(FillAt(helped, 40.5) - FillAt(alone, 40.5), -110, -50);
        Assert.InRange(FillAt(helped, 79) - FillAt(alone, 79), -175, -145);
        Assert.Equal(FillAt(alone, 79, SmallCity.Edge), FillAt(helped, 79, SmallCity.Edge));
        Assert.Equal(Start + (long)Hours.TotalMilliseconds, idle.All[0].EndsAtInMs);
        Assert.InRange(runs.All[0].EndsAtInMs - Start, 44 * Minute, 46 * Minute);
        Assert.Equal(ScenarioRunState.Ended, runs.All[0].StateAt(Start + (46 * Minute)));
    }

    [Theory]
    [InlineData("water", "raise-pumps", SmallCity.Edge)]
    [InlineData("water", "close-valves", SmallCity.Centre)]
    [InlineData("gas", "raise-pumps", SmallCity.Centre)]
    public void What_is_done_elsewhere_or_is_something_else_changes_nothing(string system, string action, string area)
    {
        (ScenarioRuns runs, _) = Begin([By("water", "raise-pumps")], Flood);
        object before = runs.Version;

        Assert.Empty(runs.Act(Done("a", system, action, 10, area)));
        Assert.Same(before, runs.Version);
    }

    [Fact]
    public void An_alarm_is_silent_when_as_many_engines_were_there_as_it_takes_and_says_so_at_once()
    {
        static bool IsAlarm(Said said) => said.Type == "building" && said.Json.GetProperty("metrics").GetProperty("fire_alarm").ValueKind == System.Text.Json.JsonValueKind.Number;
        (ScenarioRuns one, City city) = Begin([By("fire-and-rescue", "send-engine", 0.5)], Alarm);
        List<Said> held = Play(one, city, 90, Done("a", "fire-and-rescue", "send-engine", 10, units: 1));
        (ScenarioRuns two, city) = Begin([By("fire-and-rescue", "send-engine", 0.5)], Alarm);
        List<Said> apart = Play(two, city, 90, Done("a", "fire-and-rescue", "send-engine", 10, units: 1), Done("b", "fire-and-rescue", "send-engine", 20, units: 1));
        (ScenarioRuns both, city) = Begin([By("fire-and-rescue", "send-engine", 0.5)], Alarm);
        List<Said> together = Play(both, city, 90, Done("a", "fire-and-rescue", "send-engine", 20, units: 2), Done("c", "fire-and-rescue", "send-engine", 21, units: 1));

        Assert.True(held.FindLast(IsAlarm)!.TimeInMs > Start + (80 * Minute));
        foreach (List<Said> said in new[] { apart, together })
        {
            Said last = said.FindLast(IsAlarm)!;
            Assert.InRange(said.First(each => each.Device == last.Device && each.TimeInMs > Start + (34 * Minute) && !IsAlarm(each)).TimeInMs - Start, 35 * Minute, 35.3 * Minute);
        }

        Assert.Equal(0.5 * 2, both.All[0].Reliefs.Sum(each => each.Share));
    }

    [Fact]
    public void Told_twice_it_counts_once_and_so_does_what_is_no_units_under_another_id()
    {
        (ScenarioRuns runs, _) = Begin([By("water", "raise-pumps", 0.6), By("traffic-control", "close-road", 0.4)], Flood);
        Deed pumps = Done("a", "water", "raise-pumps", 10);
        Assert.Single(runs.Act(pumps));
        Assert.Empty(runs.Act(pumps with { TimeInMs = pumps.TimeInMs + 5 }));
        Assert.Empty(runs.Act(pumps with { CommandId = "again" }));
        long natural = runs.All[0].EndsAtInMs;
        Assert.Single(runs.Act(Done("b", "traffic-control", "close-road", 20)));

        Assert.Equal(Start + (long)Hours.TotalMilliseconds, natural);
        Assert.Equal(Start + (35 * Minute), runs.All[0].EndsAtInMs);
    }

    [Fact]
    public void What_is_taken_back_too_early_lets_the_water_come_back()
    {
        (ScenarioRuns runs, City city) = Begin([By("water", "raise-pumps", 0.9)], Flood);
        List<Said> said = Play(
            runs, city, 100, Done("a", "water", "raise-pumps", 10), Done("x", "water", "normal-pumps", 40, undoes: ["raise-pumps"], area: SmallCity.Edge), Done("b", "water", "normal-pumps", 50, undoes: ["raise-pumps"], compensates: "a"));

        Assert.True(FillAt(said, 49) < 60);
        Assert.True(FillAt(said, 75) > 130);
        Assert.Equal(Start + (long)Hours.TotalMilliseconds, runs.All[0].EndsAtInMs);
        Assert.NotNull(runs.All[0].Reliefs[0].UndoneAtInMs);
    }

    [Fact]
    public void Only_what_a_response_is_of_fades()
    {
        (ScenarioRuns runs, City city) = Begin(
            [By("water", "raise-pumps", 1, "river_level")], Flood, new ScenarioEffect.Condition("air_temperature", 1, 20) { Lasts = Hours }, Alarm);
        List<Said> said = Play(runs, city, 60, Done("a", "water", "raise-pumps", 10));

        Assert.True(FillAt(said, 50) < 40);
        Assert.True(said.Last(each => each.Type == "weather_station" && each.Area == SmallCity.Centre).Number("air_temperature") > said.Last(each => each.Type == "weather_station" && each.Area == SmallCity.Edge).Number("air_temperature") + 15);
        Assert.Equal(Start + (long)Hours.TotalMilliseconds, runs.All[0].EndsAtInMs);
    }

    [Fact]
    public void Street_lights_shine_as_told_in_the_area_or_as_named_until_they_are_by_themselves_again()
    {
        (ScenarioRuns runs, City city) = Begin([]);
        string named = city.Devices.First(device => device.Type == "street_light" && device.Area == SmallCity.Edge).Id;
        List<Said> said = Play(
            runs, city, 60,
            Done("a", "street-lighting", "set-brightness", 20, parameters: ("brightness", "70")),
            Done("b", "street-lighting", "set-brightness", 25, SmallCity.Edge, targets: [named], parameters: ("brightness", "30")),
            Done("c", "street-lighting", "automatic", 40, undoes: ["set-brightness"]));

        double[] Brightness(string area, double from, double to, Func<Said, bool>? of = null) =>
            [.. said.Where(each => each.Type == "street_light" && each.Area == area && each.TimeInMs >= Start + (from * Minute) && each.TimeInMs < Start + (to * Minute) && (of?.Invoke(each) ?? true)).Select(each => each.Number("brightness"))];
        Assert.All(Brightness(SmallCity.Centre, 0, 20), each => Assert.Equal(0, each));
        Assert.Equal(6, Brightness(SmallCity.Centre, 20, 20.4).Count(each => each == 70));
        Assert.All(Brightness(SmallCity.Centre, 20.4, 40), each => Assert.Equal(70, each));
        Assert.Equal(6, Brightness(SmallCity.Centre, 40, 40.4).Count(each => each == 0));
        Assert.All(Brightness(SmallCity.Edge, 25.4, 60, each => each.Device == named), each => Assert.Equal(30, each));
        Assert.All(Brightness(SmallCity.Edge, 0, 60, each => each.Device != named), each => Assert.Equal(0, each));
    }

    [Fact]
    public void Chargers_draw_less_buses_are_emptier_containers_are_empty_lights_flash_and_the_load_is_less()
    {
        (ScenarioRuns idle, City city) = Begin([]);
        List<Said> usual = Play(idle, city, 90);
        (ScenarioRuns runs, city) = Begin([]);
        List<Said> said = Play(
            runs, city, 90,
            Done("a", "ev-charging", "limit-power", 1, "testville", parameters: ("share", "30")),
            Done("b", "public-transport", "set-frequency", 1, "testville", parameters: ("factor", "2")),
            Done("c", "waste-collection", "collect", 1, units: 1),
            Done("d", "traffic-control", "flash-amber", 1),
            Done("e", "electricity", "shed-load", 1, "testville", parameters: ("share", "20")));

        double Sum(List<Said> of, string type, string metric, string? area = null) =>
            of.Where(each => each.Type == type && each.TimeInMs > Start + (15 * Minute) && (area is null || each.Area == area) && each.Has(metric)).Sum(each => each.Number(metric));
        Assert.Equal(0.3, Sum(said, "ev_charger", "power") / Sum(usual, "ev_charger", "power"), 0.05);
        Assert.InRange(Sum(said, "bus", "occupancy") / Sum(usual, "bus", "occupancy"), 0.3, 0.75);
        Assert.InRange(Sum(said, "substation", "load") / Sum(usual, "substation", "load"), 0.75, 0.85);
        Assert.All(said.Where(each => each.Type == "waste_container" && each.Area == SmallCity.Centre && each.TimeInMs > Start + (2 * Minute)), each => Assert.InRange(each.Number("fill_level"), 0, 8));
        Assert.Contains(said, each => each.Type == "waste_container" && each.Area == SmallCity.Edge && each.Number("fill_level") > 15);
        Assert.All(said.Where(each => each.Type == "traffic_light" && each.Area == SmallCity.Centre && each.TimeInMs > Start + (2 * Minute)), each => Assert.Equal("flashing", each.State("signal")));
        foreach (IGrouping<string, Said> container in said.Where(each => each.Type == "waste_container").GroupBy(each => each.Device))
        {
            Assert.Equal(container.Select(each => each.Number("emptyings")), container.Select(each => each.Number("emptyings")).Order());
        }
    }

    [Fact]
    public void A_container_that_was_emptied_out_of_turn_counts_no_emptying_twice_over_days()
    {
        (ScenarioRuns runs, City city) = Begin([]);
        List<Said> said = Play(runs, city, 6 * 24 * 60, Done("a", "waste-collection", "collect", 300, "testville", units: 1), Done("b", "waste-collection", "collect", 900, "testville", units: 1), Done("c", "traffic-control", "flash-amber", 5.8 * 24 * 60));

        Assert.Equal(["c"], runs.Deeds.Select(each => each.CommandId));
        Assert.All(said.Where(each => each.Type == "waste_container").GroupBy(each => each.Device), container =>
            Assert.Equal(container.Select(each => each.Number("emptyings")), container.Select(each => each.Number("emptyings")).Order()));
    }

    [Fact]
    public void What_stands_and_what_was_done_is_remembered()
    {
        string folder = Streams.Tests.TemporaryFolder.Create("streams-deeds-");
        try
        {
            (ScenarioRuns runs, City city) = Begin([By("water", "raise-pumps", 0.6, "river_level"), By("traffic-control", "close-road", 0.4)], Flood);
            runs.Act(Done("a", "water", "raise-pumps", 10));
            runs.Act(Done("b", "ev-charging", "limit-power", 10, parameters: ("share", "30")));
            runs.Act(Done("c", "public-transport", "set-frequency", 10, parameters: ("factor", "2")));
            SimulationFile.Write(folder, new SimulationState("testville", 1, Start, [.. runs.All]) { Deeds = [.. runs.Deeds] });
            SimulationState read = SimulationFile.Read(folder)!;
            var again = new ScenarioRuns(city, read.Runs, read.Deeds);

            Assert.Equal(0.6, Assert.Single(again.All[0].Reliefs).Share);
            Assert.Equal(["b", "c"], again.Deeds.Select(each => each.CommandId));
            Assert.Empty(again.Act(Done("a", "water", "raise-pumps", 20)));
            Assert.Equal(Play(runs, city, 60).Select(each => each.Body), Play(again, city, 60).Select(each => each.Body));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>By chance done and undone in any order: never more than full nor less than nothing, and over when it says so.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void However_it_is_done_and_undone_a_run_is_over_when_it_says(int seed)
    {
        var chance = new Random(seed);
        for (int round = 0; round < 50; round++)
        {
            (ScenarioRuns runs, _) = Begin([By("water", "raise-pumps", 0.6), By("fire-and-rescue", "send-pump", 0.2, "river_level")], Flood, Alarm);
            for (double minute = 0; minute < 200; minute += 30 * chance.NextDouble())
            {
                bool isEnded = runs.All[0].StateAt(Start + (long)(minute * Minute)) == ScenarioRunState.Ended;
                ImmutableArray<ScenarioRun> changed = runs.Act(chance.Next(4) switch
                {
                    0 => Done($"p-{minute}", "water", "raise-pumps", minute),
                    1 => Done($"n-{minute}", "water", "normal-pumps", minute, undoes: ["raise-pumps"]),
                    _ => Done($"u-{minute}", "fire-and-rescue", "send-pump", minute, units: 1 + chance.Next(3)),
                });
                Assert.True(!isEnded || changed.IsEmpty);
                ScenarioRun run = runs.All[0];
                foreach (ScenarioEffect effect in new[] { Flood, Alarm })
                {
                    Happening happening = new(effect, run, 1, [], []);
                    for (long at = Start; at < Start + (6 * Hour); at += 4 * Minute)
                    {
                        Assert.InRange(happening.FullnessAt(at), 0, 1);
                        Assert.True(at < run.EndsAtInMs || happening.FullnessAt(at) == 0, $"{seed}/{round}: {effect} is {happening.FullnessAt(at)} at {(at - Start) / Minute} min; over at {(run.EndsAtInMs - Start) / Minute}");
                    }
                }
            }
        }
    }

    public static TheoryData<string, string> Scenarios => [.. Shipped.Cities.SelectMany(plan => plan.Scenarios.Select(scenario => (plan.Name, scenario.Name)))];

    /// <summary>What nobody can end: of these the response takes what follows, and the thing itself takes its course.</summary>
    private static readonly string[] Weather = ["storm", "typhoon", "heat-wave", "hot-day", "haze", "high-water", "flood", "flash-flood", "pollution-episode"];

    [Theory]
    [MemberData(nameof(Scenarios))]
    public void Every_scenario_that_comes_with_streams_is_over_long_before_its_time_when_its_response_is_done(string city, string name)
    {
        City described = SmallCity.Of(1) with { Areas = Shipped.Cities.First(plan => plan.Name == city).Areas, Scenarios = Shipped.Cities.First(plan => plan.Name == city).Scenarios };
        Scenario scenario = described.Scenarios.First(each => each.Name == name);
        var runs = new ScenarioRuns(described, []);
        ScenarioRun run = runs.Start(scenario, null, Start)!;
        foreach ((int index, ScenarioResponse response) in scenario.Response.Index())
        {
            bool isUnits = All.First(system => system.Name == response.System).Actions[response.Action].Target == ActionTarget.Unit;
            runs.Act(Done($"{index}", response.System, response.Action, 40, scenario.Area, isUnits ? 2 : 0));
        }

        Assert.NotEmpty(scenario.Response);
        Assert.All(scenario.Effects, effect => Assert.True(
            scenario.Response.Any(response => Concerns(response, effect)) || Weather.Contains(name) || effect is ScenarioEffect.Condition { Quantity: var quantity } && quantity.StartsWith("calls.", StringComparison.Ordinal), $"{effect} goes on"));
        if (!Weather.Contains(name))
        {
            Assert.InRange((runs.All[0].EndsAtInMs - Start) / (double)Minute, 40, Math.Max(100, 0.5 * scenario.Lasts.TotalMinutes));
        }

        static bool Concerns(ScenarioResponse response, ScenarioEffect effect) => new ScenarioRelief("", "", "", "", 0, 0, 1, response.Of).Concerns(effect);
    }
}
