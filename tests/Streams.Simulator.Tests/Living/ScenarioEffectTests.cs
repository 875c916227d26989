using Streams.Domain.Cities;
using Streams.Simulator.Living;

namespace Streams.Simulator.Tests.Living;

public sealed class ScenarioEffectTests
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);
    private static readonly long Start = SmallCity.Noon + (long)Hour.TotalMilliseconds;

    private static readonly string[] s_types =
    [
        "weather_station", "water_level_gauge", "gas_detector", "electricity_meter", "street_light", "ev_charger", "building", "traffic_light",
        "wifi_access_point", "cell_site", "emergency_dispatch", "citizen_report", "pneumatic_waste_inlet", "heat_meter",
    ];

    private static ScenarioEffect.Condition Sets(string quantity, double times, double plus, TimeSpan lasts, TimeSpan rise = default, TimeSpan fall = default) =>
        new ScenarioEffect.Condition(quantity, times, plus) { Lasts = lasts, Rise = rise, Fall = fall };

    /// <summary>Three hours around a scenario that starts an hour after the beginning in the centre.</summary>
    private static List<Said> Play(ScenarioEffect effect, Action<ScenarioRuns>? then = null, string? area = null)
    {
        City city = SmallCity.Of(10, [SmallCity.Scenario("trouble", SmallCity.Centre, Hour, effect)], type => s_types.Contains(type.Name));
        var runs = new ScenarioRuns(city, []);
        runs.Start(city.Scenarios[0], area, Start);
        then?.Invoke(runs);
        using SimulatedCity simulation = SmallCity.Simulate(city, SmallCity.Noon, runs: runs);
        return SmallCity.Play(simulation, 3 * Hour);
    }

    private static double MinutesAfterStart(Said said) => (said.TimeInMs - Start) / 60_000.0;

    [Fact]
    public void A_condition_rises_holds_and_falls_in_its_area_and_nowhere_else()
    {
        List<Said> said = Play(Sets("air_temperature", 1, 10, Hour, TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(20)));
        List<Said> quiet = Play(Sets("air_temperature", 1, 0, Hour));

        double Warmer(string area, double from, double to)
        {
            double Mean(List<Said> of) => of.Where(each => each.Type == "weather_station" && each.Area == area && MinutesAfterStart(each) >= from && MinutesAfterStart(each) < to).Average(each => each.Number("air_temperature"));
            return Mean(said) - Mean(quiet);
        }

        Assert.Equal(0, Warmer(SmallCity.Centre, -60, 0), 1);
        Assert.Equal(5, Warmer(SmallCity.Centre, 9, 11), 0.5);
        Assert.Equal(10, Warmer(SmallCity.Centre, 25, 35), 0.2);
        Assert.Equal(5, Warmer(SmallCity.Centre, 49, 51), 0.5);
        Assert.Equal(0, Warmer(SmallCity.Centre, 60, 120), 1);
        Assert.Equal(0, Warmer(SmallCity.Edge, 0, 60), 1);
    }

    [Fact]
    public void A_power_cut_is_said_within_seconds_by_all_who_lose_their_supply_and_so_is_its_end()
    {
        List<Said> said = Play(Sets("power_supply", 0, 0, Hour));
        List<Said> inCentre = [.. said.Where(each => each.Area == SmallCity.Centre)];

        Said[] last = [.. inCentre.Where(each => each.Type == "electricity_meter" && each.State("supply") == "lost")];
        Said[] first = [.. inCentre.Where(each => each.Type == "electricity_meter" && each.State("supply") == "restored")];
        Assert.Equal(10, last.Select(each => each.Device).Distinct().Count());
        Assert.All(last, each => Assert.InRange(MinutesAfterStart(each), 0, 0.1));
        Assert.Equal(10, first.Length);
        Assert.All(first, each => Assert.InRange(MinutesAfterStart(each), 60, 60.2));
        Assert.DoesNotContain(inCentre, each => each.Type is "street_light" or "ev_charger" or "wifi_access_point" && MinutesAfterStart(each) is > 0.1 and < 60);
        Assert.All(inCentre.Where(each => each.Type == "traffic_light" && MinutesAfterStart(each) is > 0.1 and < 60), each => Assert.Equal("dark", each.State("signal")));
        Assert.All(inCentre.Where(each => each.Type == "cell_site" && MinutesAfterStart(each) is > 0.1 and < 60), each => Assert.Equal("battery", each.State("power_source")));
        Assert.DoesNotContain(said, each => each.Area == SmallCity.Edge && each.Type == "electricity_meter" && each.State("supply") != "on");
    }

    [Fact]
    public void A_network_that_fails_is_said_within_seconds()
    {
        List<Said> said = Play(Sets("network", 0, 0, Hour));

        Said[] down = [.. said.Where(each => each.Type is "wifi_access_point" or "cell_site" && each.State("radio") == "down")];
        Assert.Equal(20, down.GroupBy(each => each.Device).Count());
        Assert.All(down.GroupBy(each => each.Device), device => Assert.InRange(MinutesAfterStart(device.First()), 0, 0.1));
    }

    [Fact]
    public void Waste_inlets_that_nothing_empties_say_so_as_their_turn_comes_and_go_on_filling_until_it_is_over()
    {
        List<Said> said = [.. Play(Sets("waste_suction", 0, 0, Hour)).Where(each => each.Type == "pneumatic_waste_inlet")];
        Said[] blocked = [.. said.Where(each => each.State("inlet") == "blocked")];
        IGrouping<string, Said>[] inlets = [.. blocked.GroupBy(each => each.Device)];

        Assert.All(blocked, each => Assert.Equal(SmallCity.Centre, each.Area));
        Assert.All(blocked, each => Assert.InRange(MinutesAfterStart(each), 0, 60));
        Assert.InRange(inlets.Length, 1, 9);
        Assert.True(inlets.Select(inlet => (int)MinutesAfterStart(inlet.First())).Distinct().Count() > 1, "all at once");
        Assert.All(blocked, each => Assert.True(each.Number("fill_level") > 75));
        Assert.All(inlets, inlet => Assert.True(inlet.Last().Number("fill_level") > inlet.First().Number("fill_level") || inlet.Count() == 1));
        Assert.All(inlets, inlet =>
        {
            Said next = said.First(each => each.Device == inlet.Key && each.TimeInMs > inlet.Last().TimeInMs);
            Assert.Equal("emptying", next.State("inlet"));
            Assert.InRange(MinutesAfterStart(next), 60, 60.2);
        });
        Assert.DoesNotContain(said, each => MinutesAfterStart(each) is > 0 and < 60 && each.Area == SmallCity.Centre && each.State("inlet") == "emptying");
    }

    [Fact]
    public void District_heat_that_does_not_arrive_leaves_meters_cold()
    {
        List<Said> said = [.. Play(Sets("heat_supply", 0.05, 0, Hour)).Where(each => each.Type == "heat_meter" && each.Area == SmallCity.Centre)];

        Assert.All(said.Where(each => MinutesAfterStart(each) is < 0 or > 61), each => Assert.InRange(each.Number("supply_temperature"), 70, 95));
        Assert.All(said.Where(each => MinutesAfterStart(each) is > 1 and < 60), each => Assert.InRange(each.Number("supply_temperature"), 15, 25));
        Assert.All(said, each => Assert.True(each.Number("flow") >= 0 && each.Number("power") >= 0));
    }

    [Fact]
    public void Rivers_gas_and_states_that_are_shown_are_said_at_once()
    {
        Assert.InRange(MinutesAfterStart(Play(Sets("river_level", 1, 160, Hour, TimeSpan.FromMinutes(2))).First(each => each.Type == "water_level_gauge" && each.Number("bank_fill") >= 100)), 0.5, 2.2);
        Assert.InRange(MinutesAfterStart(Play(Sets("gas_leak", 1, 45, Hour)).First(each => each.Type == "gas_detector" && each.Number("methane") >= 10)), 0, 0.1);
        var alarm = new ScenarioEffect.Fault(["building"], 0.2, 0, DeviceFault.Shows, "fire_alarm", 2) { Lasts = Hour };
        Said[] fires = [.. Play(alarm).Where(each => each.Type == "building" && each.Json.GetProperty("metrics").GetProperty("fire_alarm").ValueKind == System.Text.Json.JsonValueKind.Number)];
        Assert.Equal(2, fires.Select(each => each.Device).Distinct().Count());
        Assert.InRange(MinutesAfterStart(fires[0]), 0, 0.1);
        Assert.InRange(MinutesAfterStart(fires[^1]), 50, 60);
    }

    [Fact]
    public void Calls_of_a_kind_come_at_their_rate_also_those_that_nobody_usually_makes()
    {
        int calls = Play(Sets("calls.fire_call.martian_landing", 1, 60, Hour)).Where(each => each.Has("fire_call.martian_landing")).Sum(each => (int)each.Number("fire_call.martian_landing"));
        Assert.InRange(calls, 35, 90);
    }

    [Fact]
    public void What_is_added_to_a_whole_city_is_shared_among_its_areas()
    {
        List<Said> said = Play(Sets("requests.request.flooding", 1, 120, Hour), area: "testville");
        int Of(string area) => said.Count(each => each.Has("request.flooding") && each.Area == area);

        Assert.InRange(Of(SmallCity.Centre) + Of(SmallCity.Edge), 85, 160);
        Assert.True(Of(SmallCity.Centre) > Of(SmallCity.Edge));
    }

    [Fact]
    public void Faulty_devices_are_silent_stuck_off_or_late_as_told_and_well_afterwards()
    {
        List<Said> Of(DeviceFault kind, double amount = 0, string? metric = null) =>
            [.. Play(new ScenarioEffect.Fault(["weather_station"], 0.1, 0, kind, metric, amount) { Lasts = Hour }).Where(each => each.Type == "weather_station" && each.Area == SmallCity.Centre)];
        List<Said> silent = Of(DeviceFault.Silent);
        string victim = silent.Select(each => each.Device).Distinct().Single(device => !silent.Any(each => each.Device == device && MinutesAfterStart(each) is >= 0 and < 60));
        Assert.Contains(silent, each => each.Device == victim && MinutesAfterStart(each) > 60);

        Assert.Single(Of(DeviceFault.Stuck).Where(each => each.Device == victim && MinutesAfterStart(each) is >= 0 and < 60).Select(each => each.Number("air_pressure")).Distinct());
        Assert.All(Of(DeviceFault.Offset, 30, "air_temperature").Where(each => each.Device == victim && MinutesAfterStart(each) is >= 0 and < 60), each => Assert.True(each.Number("air_temperature") > 25));
        Assert.All(Of(DeviceFault.Late).Where(each => each.Device == victim && MinutesAfterStart(each) is >= 0 and < 60), each => Assert.Equal(0, each.DueInMs % 480_000));
        Assert.All(Of(DeviceFault.Repeats).Where(each => each.Device == victim && MinutesAfterStart(each) is >= 0 and < 60).GroupBy(each => each.TimeInMs), times => Assert.Equal(2, times.Count()));
    }

    [Fact]
    public void A_run_that_is_stopped_dies_down_and_ends()
    {
        List<Said> said = Play(
            Sets("river_level", 1, 160, Hour, TimeSpan.Zero, TimeSpan.FromMinutes(4)),
            runs => Assert.Equal(ScenarioRunState.Stopping, runs.Stop("trouble-1", Start + 600_000)!.StateAt(Start + 660_000)));

        double FillAt(double minute) => said.Where(each => each.Type == "water_level_gauge" && each.Area == SmallCity.Centre && MinutesAfterStart(each) >= minute).MinBy(each => each.TimeInMs)!.Number("bank_fill");
        Assert.True(FillAt(5) > 120);
        Assert.True(FillAt(15) < 60);
    }

    [Fact]
    public void A_scenario_that_is_started_while_the_city_lives_is_seen_at_once()
    {
        City city = SmallCity.Of(10, [SmallCity.Scenario("cut", SmallCity.Centre, Hour, Sets("power_supply", 0, 0, Hour))]);
        var runs = new ScenarioRuns(city, []);
        using SimulatedCity simulation = SmallCity.Simulate(city, SmallCity.Noon, runs: runs);
        SmallCity.Play(simulation, Hour);
        long now = simulation.NowInMs;
        runs.Start(city.Scenarios[0], null, now + 1);

        List<Said> said = SmallCity.Play(simulation, TimeSpan.FromSeconds(5));

        Assert.Equal(10, said.Count(each => each.Type == "electricity_meter" && each.State("supply") == "lost"));
    }

    [Fact]
    public void Sixteen_run_at_once_and_no_more()
    {
        City city = SmallCity.Of(1, [SmallCity.Scenario("cut", SmallCity.Centre, Hour, Sets("power_supply", 0, 0, Hour))]);
        var runs = new ScenarioRuns(city, []);
        ScenarioRun?[] started = [.. Enumerable.Range(0, 17).Select(_ => runs.Start(city.Scenarios[0], null, Start))];

        Assert.Equal([.. Enumerable.Range(1, 16).Select(number => $"cut-{number}"), null], started.Select(run => run?.Id));
        Assert.Equal("cut-17", runs.Start(city.Scenarios[0], SmallCity.Edge, Start + (long)Hour.TotalMilliseconds)!.Id);
        Assert.Throws<ArgumentException>(() => runs.Start(city.Scenarios[0], "testville/nowhere", Start));
        Assert.Null(runs.Stop("cut-99", Start));
    }
}
