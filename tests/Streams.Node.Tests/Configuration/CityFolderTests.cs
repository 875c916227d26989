using Streams.Domain.Cities;
using Streams.Domain.Dispatch;
using Streams.Node.Configuration;

namespace Streams.Node.Tests.Configuration;

/// <summary>A small town by the sea, whole and with one mistake at a time.</summary>
public sealed class CityFolderTests
{
    private const string CityText = $$"""
        title: Anchorage-on-Sea
        timeZone: Europe/Paris
        centre: [5.05, 47.05]
        {{ConfigurationFolder.Climate}}
        attribution: Drawn by hand.
        lines:
          brook: { title: Brook, points: [[4.9, 47.05], [5.2, 47.05]] }
        """;

    private const string AreasText = """
        areas:
          town:
            name: Town
            polygon: [[5, 47], [5.1, 47], [5.1, 47.1], [5, 47.1]]
          town/west:
            residents: 3000
            character: { centre: 1 }
            polygon: [[5, 47], [5.05, 47], [5.05, 47.1], [5, 47.1]]
          town/east:
            residents: 1000
            polygon: [[5.05, 47], [5.1, 47], [5.1, 47.1], [5.05, 47.1]]
        """;

    private const string PopulationText = """
        groups:
          meter:
            type: noise_meter
            count: 400
            spread: residents
          shop:
            type: noise_meter
            count: 30
            areas: { town/west: 2, town/east: 1 }
          shore:
            type: noise_meter
            count: 10
            along: brook
          named:
            type: noise_meter
            places:
              mole: { name: The mole, at: [5.01, 47.01] }
          desk: { type: noise_meter, onePerArea: true }
        """;

    private const string ScenarioText = """
        title: A loud night
        description: People make noise.
        area: town
        lasts: 2h
        effects:
          - condition: { quantity: noise, plus: 20 }
            lasts: 1h
          - fault: { types: noise_meter, kind: shows, metric: state, state: loud }
            after: 1h
            lasts: 1h
        response:
          - { system: police, action: patrol, after: 5m, fades: 10m, share: 0.5, of: [noise, noise_meter] }
          - { system: police, action: ask-for-quiet, fades: 1h }
        mustNot: [loud-hour]
        """;

    private const string KindsText = """
        systems:
          police:
            title: Police
            actions:
              patrol: { title: Patrol, target: unit }
              cordon: { title: Cordon, target: unit, undo: lift }
              lift: { title: Lifted, target: unit }
              close: { title: Closed, target: area, undo: open }
              open: { title: Opened, target: area }
              ask-for-quiet: { title: Quiet asked for, target: area }
          sirens:
            title: Sirens
            devices: [noise_meter]
            actions:
              howl: { title: Howl, target: devices, undo: hush }
              hush: { title: Hush, target: devices }
          snow:
            title: Snow
            actions:
              plough: { title: Ploughed, target: unit }
        """;

    private const string SystemsText = """
        systems:
          police:
            areas: [town/west]
            units:
              beat: { count: 3, home: town/west, does: [patrol, cordon] }
              boat: { count: 2, home: town/east, at: [5.09, 47.02], does: [patrol] }
            without: { cordon: nobody comes }
          snow: { absent: true, reason: it never snows }
        """;

    private const string TypesText = """
        types:
          noise_meter:
            title: Noise meter
            domain: noise
            interval: 1h
            silentAfter: 4h
            metrics:
              laeq_1h: { unit: dB(A) }
              state: { unit: "1", kind: state, states: [quiet, loud] }
        """;

    private const string RulesText = """
        rules:
          loud-hour:
            when: { threshold: { metrics: laeq_1h, statistic: mean, window: PT1H } }
            steps: [{ severity: Minor, raise: 80 }]
            category: [Env]
            texts:
              en: { event: Loud, headline: Loud, description: It is loud., instruction: Close the window. }
        """;

    [Fact]
    public void A_city_is_read_with_its_areas_devices_and_scenarios()
    {
        using ConfigurationFolder folder = Town();
        CityPlan plan = Assert.Single(folder.Load().Cities);
        City town = plan.City;
        Assert.Equal(("town", "Anchorage-on-Sea", "Europe/Paris", 47.05, 5.05), (town.Name, town.Title, town.TimeZone.Id, town.Latitude, town.Longitude));
        Assert.Equal([("town", 4000), ("town/west", 3000), ("town/east", 1000)], town.Areas.Select(area => (area.Id, area.Residents)));
        Assert.Equal(19, town.Climate.Temperature[6]);
        Assert.Equal(443, plan.DeviceCount);
        Assert.Equal(443, town.Devices.Length);
        ScenarioEffect.Fault fault = Assert.IsType<ScenarioEffect.Fault>(Assert.Single(town.Scenarios).Effects[1]);
        Assert.Equal((1, 1, TimeSpan.FromHours(1)), (fault.Share, fault.Amount, fault.After));
        ScenarioResponse[] response = [.. town.Scenarios[0].Response];
        Assert.Equal(
            [("police", "patrol", TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(10), 0.5, "noise noise_meter"), ("police", "ask-for-quiet", TimeSpan.Zero, TimeSpan.FromHours(1), 1.0, "")],
            response.Select(each => (each.System, each.Action, each.After, each.Fades, each.Share, string.Join(' ', each.Of))));
    }

    [Fact]
    public void Devices_are_shared_by_residents_by_weights_along_lines_at_places_and_one_for_each_area()
    {
        using ConfigurationFolder folder = Town();
        ILookup<string, PlacedDevice> groups = folder.Load().Cities[0].City.Devices.ToLookup(device => device.Group.Name);
        Assert.Equal((300, 100), (groups["meter"].Count(device => device.Area == "town/west"), groups["meter"].Count(device => device.Area == "town/east")));
        Assert.Equal(20, groups["shop"].Count(device => device.Area == "town/west"));
        Assert.All(groups["shore"], device => Assert.Equal(47.05, device.Latitude));
        Assert.InRange(groups["shore"].Count(device => device.Area == "town/west"), 4, 6);
        PlacedDevice mole = Assert.Single(groups["named"]);
        Assert.Equal(("town-named-mole", "The mole", "town/west", 47.01, 5.01), (mole.Id, mole.Name, mole.Area, mole.Latitude, mole.Longitude));
        Assert.Equal([("town-desk-west", "town/west"), ("town-desk-east", "town/east")], groups["desk"].Select(device => (device.Id, device.Area)));
        Assert.Equal("town-meter-001", groups["meter"].First().Id);
    }

    [Theory]
    [InlineData("count: 400", "count: 500")]
    [InlineData("count: 30", "count: 1200")]
    [InlineData("count: 10", "count: 90")]
    [InlineData("groups:\n", "groups:\n  early: { type: noise_meter, count: 50 }\n")]
    [InlineData("  shop:", "  late: { type: noise_meter, count: 50, digits: 2 }\n  shop:")]
    public void Neither_a_further_group_nor_a_higher_count_moves_a_device(string before, string after)
    {
        using ConfigurationFolder folder = Town();
        Dictionary<string, PlacedDevice> was = folder.Load().Cities[0].City.Devices.ToDictionary(device => device.Id);
        folder.Write("cities/town/population.yaml", Replaced(PopulationText, before, after));
        Dictionary<string, PlacedDevice> now = folder.Load().Cities[0].City.Devices.ToDictionary(device => device.Id);
        Assert.True(now.Count > was.Count);
        Assert.All(was, each => Assert.Equal((each.Value.Area, each.Value.Latitude, each.Value.Longitude), (now[each.Key].Area, now[each.Key].Latitude, now[each.Key].Longitude)));
    }

    [Theory]
    [InlineData("timeZone: Europe/Paris", "timeZone: Europe/Pari", "timeZone is Europe/Pari; allowed: an IANA time zone")]
    [InlineData("centre: [5.05, 47.05]", "centre: [5.05]", "centre is no point; allowed: [longitude, latitude]")]
    [InlineData("centre:", "languages: [en, fr]\ncentre:", "languages[1] is fr; allowed: one of en")]
    [InlineData("centre:", "languages: [en, en]\ncentre:", "languages[1] is en again; allowed: each language once")]
    [InlineData("centre:", "languages: []\ncentre:", "languages are 0; allowed: 1 to 8, the main one first")]
    [InlineData("centre:", "language: [en]\ncentre:", "language is not a key known here (did you mean languages?)")]
    [InlineData("wind: [3, 3, ", "wind: [3, ", "climate.wind has 11 figures; allowed: 12, January first")]
    [InlineData("  rain:", "  rian:", "climate.rian is not a key known here (did you mean rain?)")]
    [InlineData("[5.2, 47.05]", "[4.9, 47.05]", "lines.brook.points are no line")]
    [InlineData("title: Anch", "titel: Anch", "titel is not a key known here (did you mean title?)")]
    public void In_the_city(string right, string wrong, string expected) => Check("city.yaml", CityText, right, wrong, expected);

    [Theory]
    [InlineData("  town:", "  village:", "areas have no root town; allowed: an area town, the folder's name")]
    [InlineData("  town/east:", "  village:", "areas.village lies outside of the city; allowed: ids that begin with town/")]
    [InlineData("  town/east:", "  town/wset/east:", "areas.town/wset/east lies in town/wset, which is not described (did you mean town/west?)")]
    [InlineData("[5.05, 47], [5.1, 47], [5.1, 47.1]", "[7.05, 47], [7.1, 47], [7.1, 47.1]", "areas.town/east.polygon lies outside of town", "[5.05, 47.1]]", "[7.05, 47.1]]")]
    [InlineData("[[5, 47], [5.1, 47], [5.1, 47.1], [5, 47.1]]", "[[5, 47], [5.1, 47.1], [5.1, 47], [5, 47.1]]", "areas.town.polygon[2] begins a side that crosses or touches the one from [0]")]
    [InlineData("residents: 1000", "residents: -1", "areas.town/east.residents is -1; allowed: a whole number from 0")]
    [InlineData("centre: 1", "centre: 2", "areas.town/west.character.centre is 2; allowed: a number from 0 to 1")]
    public void In_the_areas(string right, string wrong, string expected, string alsoRight = "", string alsoWrong = "")
    {
        string text = alsoRight.Length == 0 ? AreasText : AreasText[..AreasText.LastIndexOf(alsoRight, StringComparison.Ordinal)] + alsoWrong;
        Check("areas.yaml", text, right, wrong, expected);
    }

    [Theory]
    [InlineData("type: noise_meter\n    count: 400", "type: noise_metre\n    count: 400", "groups.meter.type is noise_metre (did you mean noise_meter?)")]
    [InlineData("count: 400", "count: many", "groups.meter.count is many; allowed: a whole number from 1 to 1000000")]
    [InlineData("count: 400", "onePerArea: true\n    count: 400", "groups.meter.onePerArea and count both say how many; allowed: one of count, onePerArea, places")]
    [InlineData("    count: 400\n", "", "groups.meter.count is missing; allowed: one of count, onePerArea, places")]
    [InlineData("spread: residents", "spread: inhabitants", "groups.meter.spread is inhabitants; allowed: one of residents, surface, centre, industry, green, river")]
    [InlineData("spread: residents", "spread: { residents: 1, center: 2 }", "groups.meter.spread.center is not a key known here (did you mean centre?)")]
    [InlineData("spread: residents", "spread: river", "groups.meter.spread finds no area that has any of it")]
    [InlineData("town/east: 1", "town/esat: 1", "groups.shop.areas.town/esat is no area of this city (did you mean town/east?)")]
    [InlineData("along: brook", "along: brok", "groups.shore.along is brok (did you mean brook?)")]
    [InlineData("[5.01, 47.01]", "[5.21, 47.01]", "groups.named.places.mole.at lies in none of the city's smallest areas")]
    [InlineData("[5.01, 47.01]", "[5.01, 47.01], figures: { capacity: 3 }", "groups.named.places.mole.figures.capacity is no figure of noise_meter; allowed: no figures for this type")]
    [InlineData("spread: residents", "interval: 4h", "groups.meter.interval is as long as noise_meter counts as silent; allowed: less than 4h")]
    [InlineData("  meter:", "  Meter:", "groups.Meter is not a good name; allowed: lower-case words with hyphens")]
    public void In_the_population(string right, string wrong, string expected) => Check("population.yaml", PopulationText, right, wrong, expected);

    [Theory]
    [InlineData("area: town", "area: twon", "area is twon (did you mean town?); allowed: an area of areas.yaml")]
    [InlineData("mustNot: [loud-hour]", "mustNot: [loud-huor]", "mustNot[0] is loud-huor (did you mean loud-hour?); allowed: the id of a rule")]
    [InlineData("mustNot: [loud-hour]", "may: [loud-hour]", "must and mustNot expect nothing")]
    [InlineData("mustNot: [loud-hour]", "mustNot: [loud-hour]\nmay: [loud-hour]", "mustNot[0] is loud-hour, which may or must come as well")]
    [InlineData("quantity: noise", "quantity: nosie", "effects[0].condition.quantity is nosie (did you mean noise?)")]
    [InlineData(", plus: 20", "", "effects[0].condition.plus and times change nothing")]
    [InlineData("types: noise_meter", "types: noisemeter", "effects[1].fault.types is noisemeter (did you mean noise_meter?)")]
    [InlineData("kind: shows", "kind: show", "effects[1].fault.kind is show (did you mean shows?)")]
    [InlineData("metric: state", "metric: stat", "effects[1].fault.metric is stat, which noise_meter does not measure (did you mean state?)")]
    [InlineData("state: loud", "state: luod", "effects[1].fault.state is luod, which noise_meter does not show there (did you mean loud?)")]
    [InlineData("after: 1h", "after: 90m", "effects[1] ends 150m after the start; allowed: effects that end with the scenario, after 2h")]
    [InlineData("  lasts: 1h\n  - fault", "  lasts: 1h\n    rise: 1h\n    fall: 1h\n  - fault", "effects[0].lasts is shorter than rise and fall together; allowed: at least 2h")]
    [InlineData("  - condition: { quantity: noise, plus: 20 }\n    lasts: 1h", "  - lasts: 1h", "effects[0].condition or fault is missing")]
    [InlineData("system: police, action: patrol", "system: polcie, action: patrol", "response[0].system is polcie (did you mean police?); allowed: one of police, sirens, snow")]
    [InlineData("action: patrol", "action: patrl", "response[0].action is patrl, which police can not do (did you mean patrol?); allowed: ask-for-quiet, close, cordon, lift, open, patrol")]
    [InlineData("share: 0.5", "share: 0", "response[0].share is 0; allowed: a number from 0.01 to 1")]
    [InlineData("fades: 1h", "fade: 1h", "response[1].fade is not a key known here (did you mean fades?)")]
    [InlineData("of: [noise, noise_meter]", "of: [noise, traffic]", "response[0].of[1] is traffic, which no effect of this scenario is of; allowed: noise, noise_meter")]
    public void In_a_scenario(string right, string wrong, string expected) => Check("scenarios/loud-night.yaml", ScenarioText, right, wrong, expected);

    [Fact]
    public void A_type_that_the_city_has_no_device_of_can_not_fail_in_it()
    {
        using ConfigurationFolder folder = Town();
        folder.Write("device-types.yaml", TypesText + "\n  bus:\n    title: Bus\n    domain: transit\n    interval: 1m\n    metrics:\n      delay: { unit: s }\n");
        folder.Write("cities/town/scenarios/loud-night.yaml", ScenarioText.Replace("types: noise_meter, kind: shows, metric: state, state: loud", "types: bus, kind: silent", StringComparison.Ordinal));
        Assert.Contains("effects[1].fault.types is bus, of which the city has no device; allowed: types of population.yaml", folder.Fault(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cities/town/populations.yaml", "nothing reads a file of this name (did you mean population.yaml?)")]
    [InlineData("cities/town/scenarios/Storm.yaml", "nothing reads a file of this name; allowed: lower-case words with hyphens")]
    [InlineData("cities/town/scenarios/storm.yml", "nothing reads a file of this name")]
    [InlineData("cities/Town/city.yaml", "Town can't be the name of a city")]
    public void A_file_or_folder_under_a_wrong_name(string name, string expected)
    {
        using ConfigurationFolder folder = Town();
        if (name.Contains("populations", StringComparison.Ordinal))
        {
            folder.Delete("cities/town/population.yaml");
            folder.Delete("cities/town/scenarios/loud-night.yaml");
        }

        folder.Write(name, CityText);
        Assert.Contains(folder.Faults(), fault => fault.Contains(expected, StringComparison.Ordinal));
    }

    [Fact]
    public void Devices_without_a_description_of_their_city_are_a_fault()
    {
        using ConfigurationFolder folder = Town();
        folder.Delete("cities/town/city.yaml");
        Assert.Equal("cities/town/city.yaml: the file is not there; expected: a YAML file of this name", folder.Fault());
    }

    [Fact]
    public void A_fault_in_the_areas_is_not_blamed_on_what_stands_in_them()
    {
        using ConfigurationFolder folder = Town();
        folder.Write("cities/town/areas.yaml", AreasText.Replace("town/west", "town/West", StringComparison.Ordinal));
        Assert.StartsWith("cities/town/areas.yaml:5:3: areas.town/West is not a good name", folder.Fault(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_city_has_what_its_systems_say()
    {
        using ConfigurationFolder folder = Town();
        CitySystems systems = folder.Load().CitySystems;
        Assert.Equal(("town/west/police", "town/police", "town/sirens"), (systems.DispatcherKeyFor("town/west", "police"), systems.DispatcherKeyFor("town/east", "police"), systems.DispatcherKeyFor("town/east", "sirens")));
        Assert.Equal(["town-beat-01", "town-beat-02", "town-beat-03"], systems.MapOf("town/west/police")!.Units.Select(unit => unit.Id));
        DispatchMap map = systems.MapOf("town/police")!;
        Assert.Equal(["town-boat-01", "town-boat-02"], map.Units.Select(unit => unit.Id));
        Assert.Equal((5.09, 47.02), (map.Units[0].Location.Longitude, map.Units[0].Location.Latitude));
        Assert.Equal("nobody comes", map.Without["cordon"]);
        Assert.Equal(443, systems.MapOf("town/sirens")!.Devices.Length);
        Assert.Equal(443, systems.MapOf("town/sirens")!.DevicesIn("town/west").Length + systems.MapOf("town/sirens")!.DevicesIn("town/east").Length);
        Assert.Equal("it never snows", systems.MapOf("town/snow")!.AbsentBecause);
        Assert.Equal((5.025, 47.05), (Math.Round(map.CentreOf("town/west")!.Value.Longitude, 6), Math.Round(map.CentreOf("town/west/harbour")!.Value.Latitude, 6)));
    }

    [Theory]
    [InlineData("  police:", "  polcie:", "systems.polcie is no system (did you mean police?); allowed: police, sirens, snow")]
    [InlineData("areas: [town/west]", "areas: [town/wets]", "systems.police.areas[0] is town/wets (did you mean town/west?)")]
    [InlineData("home: town/east", "home: town/esat", "systems.police.units.boat.home is town/esat (did you mean town/east?)")]
    [InlineData("count: 3", "count: 0", "systems.police.units.beat.count is 0; allowed: a whole number from 1 to 1000")]
    [InlineData("does: [patrol] }", "does: [patrl] }", "systems.police.units.boat.does[0] is patrl (did you mean patrol?)")]
    [InlineData("does: [patrol] }", "does: [patrol, close] }", "systems.police.units.boat.does[1] is close, which no unit is sent for; allowed: cordon, patrol")]
    [InlineData("does: [patrol] }", "does: [cordon] }", "systems.police.units have nobody in town who could patrol; allowed: a unit that does it, or without: { patrol: why }")]
    [InlineData("home: town/east, at: [5.09, 47.02]", "home: town/west", "systems.police.units have nobody in town who could patrol")]
    [InlineData("    without: { cordon: nobody comes }\n", "", "systems.police.units have nobody in town who could cordon")]
    [InlineData("without: { cordon", "without: { cordn", "systems.police.without.cordn is nothing that police does (did you mean cordon?)")]
    [InlineData("at: [5.09, 47.02]", "at: [5.01, 47.02]", "systems.police.units.boat.at lies outside of town/east")]
    [InlineData("at: [5.09, 47.02]", "at: [5.09]", "systems.police.units.boat.at is no point")]
    [InlineData("      boat:", "      meter:", "systems.police.units.meter is in population.yaml too, so that ids would be there twice")]
    [InlineData("absent: true, reason: it never snows", "absent: true", "systems.snow.reason is missing; allowed: absent: true together with a reason")]
    [InlineData("absent: true, reason: it never snows", "reason: it never snows", "systems.snow.reason is given, and the system is not absent")]
    [InlineData("absent: true, reason: it never snows", "units: { beat: { count: 1, home: town, does: plough } }", "systems.snow.units.beat is in systems.police too")]
    [InlineData("absent: true, reason: it never snows", "units: {}", "systems.snow.units have nobody in town who could plough")]
    [InlineData("absent: true, reason: it never snows }", "absent: true, reason: it never snows, units: { plough: { count: 1, home: town, does: plough } } }", "systems.snow.units are given although the system is absent")]
    [InlineData("  snow: { absent: true, reason: it never snows }", "", "systems.snow is missing, and nobody could plough")]
    [InlineData("systems:", "sytems:", "sytems is not a key known here (did you mean systems?)")]
    public void In_the_systems(string right, string wrong, string expected) => Check("systems.yaml", SystemsText, right, wrong, expected);

    private static void Check(string file, string text, string right, string wrong, string expected)
    {
        using ConfigurationFolder folder = Town();
        folder.Write("cities/town/" + file, Replaced(text, right, wrong));
        string fault = folder.Fault();
        Assert.Matches($"^cities/town/{file}:[0-9]+:[0-9]+: ", fault);
        Assert.StartsWith(expected, fault[(fault.IndexOf(' ', StringComparison.Ordinal) + 1)..], StringComparison.Ordinal);
    }

    private static string Replaced(string text, string right, string wrong)
    {
        int at = text.IndexOf(right, StringComparison.Ordinal);
        Assert.True(at >= 0, right);
        return text[..at] + wrong + text[(at + right.Length)..];
    }

    private static ConfigurationFolder Town()
    {
        ConfigurationFolder folder = new("device-types.yaml", TypesText);
        folder.Write("alert-rules.yaml", RulesText);
        folder.Write("cities/town/city.yaml", CityText);
        folder.Write("cities/town/areas.yaml", AreasText);
        folder.Write("cities/town/population.yaml", PopulationText);
        folder.Write("cities/town/scenarios/loud-night.yaml", ScenarioText);
        folder.Write("systems.yaml", KindsText);
        folder.Write("cities/town/systems.yaml", SystemsText);
        return folder;
    }
}
