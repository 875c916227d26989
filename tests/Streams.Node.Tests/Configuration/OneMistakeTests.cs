using System.Text;
using Streams.Node.Configuration;

namespace Streams.Node.Tests.Configuration;

/// <summary>The shipped files with one mistake in them: one fault, where the mistake is, and none that only follows from it.</summary>
public sealed class OneMistakeTests
{
    [Theory]
    [InlineData("raise: 250, clear: 200", "raise: high, clear: 200", "rules.fine-particles.steps[0].raise is high; allowed: a number")]
    [InlineData("raise: 250, clear: 200", "raise: 1e999, clear: 200", "rules.fine-particles.steps[0].raise is 1e999; allowed: a number")]
    [InlineData("raise: 250, clear: 200", "raise: \"250\", clear: 200", "rules.fine-particles.steps[0].raise is the text \"250\"; allowed: a number")]
    [InlineData("raise: 250, clear: 200", "rais: 250, clear: 200", "rules.fine-particles.steps[0].rais is not a key known here (did you mean raise?)")]
    [InlineData("severity: Severe, raise: 250, clear: 200", "severity: Severe, clear: 200", "rules.fine-particles.steps[0].raise is missing; expected: a number")]
    [InlineData("raise: 250, clear: 200", "raise: 250, clear: 300", "rules.fine-particles.steps[0].clear lies beyond raise (250); allowed: at or below raise")]
    [InlineData("severity: Severe, raise: -22", "severity: Sever, raise: -22", "rules.severe-cold.steps[1].severity is Sever (did you mean Severe?)")]
    [InlineData("severity: Severe, raise: -22", "severity: Severe, raise: a", "rules.severe-cold.steps[1].raise is a; allowed: a number")]
    [InlineData("raise: 500, clear: 400", "raise: 100, clear: 90", "rules.fine-particles.steps[1] is out of order (Extreme)")]
    [InlineData("states: tripped }", "states: triped }", "rules.power-cut.when.devices.signs[0].states is triped, for which the metric has no alarm (did you mean tripped?); allowed: tripped")]
    [InlineData("metrics: breaker, states", "metrics: braker, states", "rules.power-cut.when.devices.signs[0].metrics is braker, which none of the rule's types measures (did you mean breaker?)")]
    [InlineData("types: [substation], metrics: breaker", "types: [sub_station], metrics: breaker", "rules.power-cut.when.devices.signs[0].types[0] is sub_station (did you mean substation?)")]
    [InlineData("supply, states: lost, weight: 0.34", "supply, states: lost, weight: much", "rules.power-cut.when.devices.signs[1].weight is much; allowed: a number")]
    [InlineData("  water-leak:\n", "  water-leak:\n    types: [water_meter]\n", "rules.water-leak.types are given beside signs; allowed: in each sign by itself")]
    [InlineData("    minDevices: 10\n", "    minDevices: 10\n        kinds: state\n", "rules.lighting-failure.when.devices.kinds is given beside signs")]
    [InlineData("side: below", "side: beneath", "rules.severe-cold.side is beneath; allowed: one of above, below")]
    [InlineData("side: below", "sied: below", "rules.severe-cold.sied is not a key known here (did you mean side?)")]
    [InlineData("raise: 0.5, clear: 0.7", "raise: 1.5, clear: 1.7", "rules.parking-scarce.steps lie at or above 1")]
    [InlineData("metrics: pm2_5", "metrics: pm25", "rules.fine-particles.when.threshold.metrics is pm25, which none of the rule's types measures (did you mean pm2_5?); allowed: air_pressure,")]
    [InlineData("except: [traffic_call.v", "except: [trafic_call.v", "rules.emergency-calls.when.unusual.except[0] is trafic_call.vehicle_accident, which none of the rule's types measures (did you mean traffic_call.*?)")]
    [InlineData("types: [water_level_gauge]", "types: [water_gauge]", "rules.high-water.types[0] is water_gauge (did you mean water_level_gauge?)")]
    [InlineData("statistic: mean, window: PT1H", "statistic: mean, window: PT5M", "rules.fine-particles.when.threshold.window is PT5M")]
    [InlineData("statistic: mean, window: PT1H", "statistic: mean", "rules.fine-particles.when.threshold.window is missing")]
    [InlineData("window: P1D, minMembers: 2", "window: PT15M, minMembers: 2", "rules.fine-particles-day.when.threshold.window is PT15M, which air_quality_station does not keep; allowed: PT1H, P1D")]
    [InlineData("statistic: mean, window: P1D", "statistc: mean, window: P1D", "rules.fine-particles-day.when.threshold.statistc is not a key known here (did you mean statistic?)")]
    [InlineData("{ threshold: { metrics: o3", "{ treshold: { metrics: o3", "rules.ozone.when.treshold is not a key known here (did you mean threshold?)")]
    [InlineData("    when: { threshold: { metrics: o3, statistic: mean, window: PT1H } }\n", "", "rules.ozone.when is missing")]
    [InlineData("{ threshold: { metrics: o3, statistic: mean, window: PT1H } }", "threshold", "rules.ozone.when is a single value")]
    [InlineData("{ threshold: { metrics: o3, statistic: mean, window: PT1H } }", "{ threshold: 240 }", "rules.ozone.when.threshold is a single value")]
    [InlineData("{ threshold: { metrics: o3, statistic: mean, window: PT1H } }", "{}", "rules.ozone.when says nothing")]
    [InlineData("minHistory: 72", "minHistory: 72\n        maxHistory: 8", "rules.high-water.when.unusual.minHistory is more than is remembered; allowed: at most maxHistory (8)")]
    [InlineData("minValue: 85", "minValue: 85, maxValue: 50.5", "rules.loud.when.unusual.minValue is above maxValue; allowed: at most 50.5")]
    [InlineData("    category: [Met]\n", "    <<: { category: [Met] }\n", "rules.severe-cold.<< is a merge key, which is not understood")]
    [InlineData("wind at {value} {unit}", "wind at {valeu} {unit}", "rules.storm.texts.en.headline has {valeu}, which nothing can fill (did you mean value?); allowed: in braces area,")]
    [InlineData("{count:sensor|sensors} stuck", "{count:sensor} stuck", "rules.sensor-stuck.texts.en.headline has {count:sensor}, which nothing can fill")]
    [InlineData("rules:\n", "rulse:\n", "rulse is not a key known here (did you mean rules?)")]
    public void In_a_rule(string right, string wrong, string expected) => Check("alert-rules.yaml", right, wrong, expected);

    [Theory]
    [InlineData("types:\n", "typs:\n", "typs is not a key known here (did you mean types?)")]
    [InlineData("  noise_meter:", "  Noise-Meter:", "types.Noise-Meter is not a good name")]
    [InlineData("unit: hPa", "unit: hectopascals", "types.air_quality_station.metrics.air_pressure.unit is hectopascals; allowed: a UCUM code")]
    [InlineData("unit: hPa", "unit: hPA", "types.air_quality_station.metrics.air_pressure.unit is hPA (did you mean hPa?); allowed: a UCUM code")]
    [InlineData("min: 850", "min: 1850", "types.air_quality_station.metrics.air_pressure.max is not above min (1850)")]
    [InlineData("min: 850", "min: 850\n        max: 2000", "the key max stands here again")]
    [InlineData("high: 250, highClear", "high: much, highClear", "types.air_quality_station.metrics.pm2_5.detectors.level.high is much; allowed: a number")]
    [InlineData("high: 250, highClear", "hgh: 250, highClear", "types.air_quality_station.metrics.pm2_5.detectors.level.hgh is not a key known here (did you mean high?)")]
    [InlineData("level: { high: 250, highClear: 200, for: 2h }", "level: [250]", "types.air_quality_station.metrics.pm2_5.detectors.level is a list")]
    [InlineData("interval: 1h", "interval: -1h", "types.air_quality_station.interval is -1h")]
    [InlineData("interval: 1h", "intervall: 1h", "types.air_quality_station.intervall is not a key known here (did you mean interval?)")]
    [InlineData("silentAfter: 4h", "silentAfter: -4h", "types.air_quality_station.silentAfter is -4h")]
    [InlineData("windows: [PT1H, P1D]", "windows: [1h, P1D]", "types.air_quality_station.windows[0] is 1h")]
    [InlineData("windows: [PT1H, P1D]", "windows: []", "types.air_quality_station.windows are not in ascending order, each once")]
    [InlineData("alarm: [tripped]", "alarm: [triped]", "types.substation.metrics.breaker.detectors.alarm[0] is triped (did you mean tripped?); allowed: closed, open, tripped")]
    [InlineData("alarm: [true]", "alarm: [yes]", "types.water_meter.metrics.leak.detectors.alarm[0] is yes; allowed: false, true")]
    [InlineData("alarm: [open], alarmAfter: 10m", "alarmAfter: 10m", "types.traffic_light.metrics.cabinet_door.detectors.alarmAfter is given without alarm")]
    [InlineData("alarm: [tripped]", "level: { high: 1 }", "types.substation.metrics.breaker.detectors.level is given for kind state")]
    [InlineData("level: { high: 10, highClear: 5, for: 0s }", "alarm: [high]", "types.gas_detector.metrics.methane.detectors.alarm is given for another kind than state")]
    [InlineData("kind: state", "kind: stat", "types.water_meter.metrics.leak.kind is stat (did you mean state?)")]
    [InlineData("ems_call.*: { unit: call, kind: count, min: 0 }", "ems_call.*: call", "types.emergency_dispatch.metrics.ems_call.* is a single value")]
    [InlineData("detectors: { stuckAfter: 1d, ratePerMinute: 1 }", "detectors: *nope", "*nope names no anchor that is complete above it")]
    [InlineData("    title: Noise meter", "\tdomain: x\n    title: Noise meter", "a tab is used to indent; allowed: spaces")]
    public void In_a_device_type_though_rules_rest_on_it(string right, string wrong, string expected) => Check("device-types.yaml", right, wrong, expected);

    [Theory]
    [InlineData("roles.yaml", "may: [read]", "may: {}", "roles.viewer.may is a map of keys and values")]
    [InlineData("roles.yaml", "{ may: [read]", "{ mai: [read]", "roles.viewer.mai is not a key known here (did you mean may?)")]
    [InlineData("roles.yaml", "may: [read]", "may: [re\u0007ad]", "a control character (U+0007) stands here; allowed: text, tabs and line ends")]
    [InlineData("node.yaml", "address: 127.0.0.1        #", "address: 0.0.0.0\n  allowAnonymous: yes # ", "http.allowAnonymous is yes; allowed: true or false")]
    public void In_another_file(string file, string right, string wrong, string expected)
    {
        // The last case needs the key of the shipped file out of the way.
        string text = Shipped(file).Replace("  allowAnonymous: false", "  # allowAnonymous: false", StringComparison.Ordinal);
        Check(file, text, right, wrong, expected);
    }

    [Fact]
    public void In_the_bytes_of_a_file()
    {
        using ConfigurationFolder folder = Whole();
        File.WriteAllBytes(Path.Combine(folder.Root, "roles.yaml"), [.. "roles:\n  x: { may: [read] } # caf"u8, 0xe9, .. "\n"u8]);
        Assert.Equal("roles.yaml:2:27: the file is not UTF-8; allowed: UTF-8 text", folder.Fault());
        File.WriteAllText(Path.Combine(folder.Root, "roles.yaml"), Shipped("roles.yaml"), Encoding.Unicode);
        Assert.Equal("roles.yaml:1:1: the file is not UTF-8; allowed: UTF-8 text", folder.Fault());
        File.WriteAllText(Path.Combine(folder.Root, "roles.yaml"), Shipped("roles.yaml"), new UTF8Encoding(true));
        folder.Load();
    }

    [Theory]
    [InlineData("device-types.yaml")]
    [InlineData("roles.yaml")]
    [InlineData("cities/dijon/areas.yaml")]
    public void A_folder_in_place_of_a_file(string file)
    {
        using ConfigurationFolder folder = Whole();
        folder.Write(file, "");
        File.Delete(Path.Combine(folder.Root, file));
        Directory.CreateDirectory(Path.Combine(folder.Root, file));
        Assert.Equal($"{file}: this is a folder; expected: a YAML file of this name", folder.Fault());
    }

    [Fact]
    public void A_file_in_place_of_the_cities_folder()
    {
        using ConfigurationFolder folder = Whole();
        folder.Write("cities", "dijon");
        Assert.Equal("cities: this is a file; expected: a folder with a folder for each city", folder.Fault());
    }

    [Theory]
    [InlineData("role.yaml")]
    [InlineData("roles.yml")]
    public void A_file_under_a_misspelt_name_does_not_silently_mean_its_defaults(string name)
    {
        using ConfigurationFolder folder = Whole();
        folder.Write("docker-compose.yaml", "services: {}");
        File.Move(Path.Combine(folder.Root, "roles.yaml"), Path.Combine(folder.Root, name));
        Assert.StartsWith($"{name}: nothing reads a file of this name (did you mean roles.yaml?)", folder.Fault(), StringComparison.Ordinal);
    }

    [Fact]
    public void Variables_that_differ_only_in_case_must_not_contradict_each_other()
    {
        using ConfigurationFolder folder = Whole();
        Assert.Equal(9000, folder.Load(("STREAMS__HTTP__PORT", "9000"), ("streams__http__port", "9000")).Node.Http.Port);
        Assert.Contains("says something else of the same key", Assert.Single(folder.Faults(("STREAMS__HTTP__PORT", "1"), ("streams__http__port", "2"))), StringComparison.Ordinal);
        Assert.StartsWith("environment variable STREAMS__: no configuration key is named", Assert.Single(folder.Faults(("STREAMS__", "1"))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("  connectivity:", "  incidents:", "systems.incidents is the name of a city's desk of incidents; allowed: any other name")]
    [InlineData("undo: normal-signals, within: 2m", "undo: normal-signal, within: 2m", "systems.traffic-control.actions.green-wave.undo is normal-signal, which the system can not do (did you mean normal-signals?)")]
    [InlineData("undo: clear-message", "undo: show-message", "systems.variable-signs.actions.show-message.undo is the action itself")]
    [InlineData("devices: [camera]", "devices: [camra]", "systems.cameras.devices[0] is camra (did you mean camera?)")]
    [InlineData("{ title: Patrol sent, target: unit", "{ title: Patrol sent, target: devices", "systems.police.actions.send-patrol.target is devices, of which the system names no types")]
    [InlineData("least: 20, most: 90", "least: 90, most: 20", "systems.traffic-control.actions.green-wave.parameters.speed.most is less than least")]
    [InlineData("{ title: Patrol sent, target: unit, within: 30m }", "{ title: Patrol sent, target: unit, within: 1s }", "systems.police.actions.send-patrol.within is 1s")]
    [InlineData("target: area, undo: open-road", "target: area, beside: 1, undo: open-road", "systems.traffic-control.actions.close-road.beside is 1; allowed: true or false")]
    [InlineData("undo: normal-signals, within: 2m", "undo: normal-signals, beside: true, within: 2m", "systems.traffic-control.actions.green-wave.beside is given for what leaves nothing standing in an area")]
    public void In_a_system(string right, string wrong, string expected) => Check("systems.yaml", right, wrong, expected);

    [Theory]
    [InlineData("system: cameras, action: point-at, count: 5", "system: camera, action: point-at, count: 5", "playbooks.flood.steps.look.system is camera (did you mean cameras?)")]
    [InlineData("action: raise-pumps", "action: raise-pump", "playbooks.flood.steps.pumps.action is raise-pump, which water can not do (did you mean raise-pumps?)")]
    [InlineData("rules: [river-flood, river", "rules: [river-flod, river", "playbooks.flood.rules[0] is river-flod (did you mean river-flood?)")]
    [InlineData("rules: [storm, gusts]", "rules: [storm, heavy-rain]", "playbooks.storm.rules[1] is heavy-rain, of which flood takes care")]
    [InlineData("approval: { role: duty_officer, people: 2, escalatesAfter: 5m", "approval: { role: duty_oficer, people: 2, escalatesAfter: 5m", "playbooks.flood.steps.evacuate.approval.role is duty_oficer (did you mean duty_officer?)")]
    [InlineData("people: 2, escalatesAfter: 5m", "people: 3, escalatesAfter: 5m", "playbooks.flood.steps.evacuate.approval.people is 3")]
    [InlineData("reroute, after: [close-road] }\n      lines", "reroute, after: [close-rode] }\n      lines", "playbooks.flood.steps.reroute.after[0] is close-rode (did you mean close-road?)")]
    [InlineData("action: close-road, when: { from: Severe }, parameters: { reason: flood }", "action: close-road, after: [reroute], parameters: { reason: flood }", "playbooks.flood.steps.close-road.after makes close-road wait for itself: close-road after reroute after close-road")]
    [InlineData("{ factor: 0.5 }", "{ factor: 5 }", "playbooks.storm.steps.tram.parameters.factor is 5; allowed: a number from 0.25 to 3")]
    [InlineData("{ factor: 0.5 }", "{ faktor: 0.5, factor: 1 }", "playbooks.storm.steps.tram.parameters.faktor is no parameter of set-frequency (did you mean factor?)")]
    [InlineData("parameters: { factor: 0.5 }, ", "", "playbooks.storm.steps.tram.parameters lack factor, which set-frequency needs; allowed: a number in 1")]
    [InlineData("lapsesAfter: 10m, onSilence: \"yes\"", "onSilence: \"yes\"", "playbooks.storm.steps.stop-tram.approval.onSilence never comes to matter")]
    [InlineData("lapsesAfter: 10m, onSilence", "lapsesAfter: 5m, onSilence", "playbooks.storm.steps.stop-tram.approval.lapsesAfter is over before the next role is asked")]
    [InlineData("fallback: patrol", "fallback: patrols", "playbooks.flood.steps.close-road.fallback is patrols (did you mean patrol?)")]
    [InlineData("action: raise-pumps, onFailure: ask", "action: raise-pumps, undo: later", "playbooks.flood.steps.pumps.undo is later; allowed: one of never")]
    public void In_a_playbook(string right, string wrong, string expected) => Check("playbooks.yaml", right, wrong, expected);

    private static void Check(string file, string right, string wrong, string expected) => Check(file, Shipped(file), right, wrong, expected);

    private static void Check(string file, string text, string right, string wrong, string expected)
    {
        int at = text.IndexOf(right, StringComparison.Ordinal);
        Assert.True(at >= 0, right);
        using ConfigurationFolder folder = Whole();
        folder.Write(file, text[..at] + wrong + text[(at + right.Length)..]);
        string fault = folder.Fault();
        Assert.Matches($"^{file}:[0-9]+:[0-9]+: ", fault);
        Assert.StartsWith(expected, fault[(fault.IndexOf(' ', StringComparison.Ordinal) + 1)..], StringComparison.Ordinal);
    }

    private static string Shipped(string file) => File.ReadAllText(Path.Combine(ConfigurationFolder.Shipped, file));

    private static ConfigurationFolder Whole()
    {
        ConfigurationFolder folder = new("device-types.yaml", Shipped("device-types.yaml"));
        foreach (string file in new[] { "node.yaml", "topics.yaml", "alert-rules.yaml", "roles.yaml", "systems.yaml", "playbooks.yaml" })
        {
            folder.Write(file, Shipped(file));
        }

        return folder;
    }
}
