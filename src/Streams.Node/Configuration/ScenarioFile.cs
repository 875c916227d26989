using System.Collections.Immutable;
using Streams.Domain.Alerts;
using Streams.Domain.Cities;
using Streams.Domain.Devices;
using Streams.Domain.Dispatch;

namespace Streams.Node.Configuration;

/// <summary><c>cities/NAME/scenarios/*.yaml</c>: something that befalls the simulated city, and the alerts that must come of it.</summary>
public sealed class ScenarioFile
{
    private const int MostEffects = 100;
    private const int MostResponses = 50;

    private static readonly Form<string> Quantity = new(
        "a quantity of the simulated city such as rain or river_level, or of a family, such as calls.fire_call.gas_odor_leak or requests.request.flooding (docs/cities.md lists them)",
        static (YamlScalar scalar, out string value) =>
        {
            value = scalar.Text;
            return CityQuantities.IsKnown(value);
        },
        [.. CityQuantities.All.Select(quantity => quantity.Name)]);

    private static readonly Form<TimeSpan> Span = Form.Duration(TimeSpan.Zero, TimeSpan.FromDays(31));

    private static readonly Form<TimeSpan> Length = Form.Duration(TimeSpan.FromMinutes(1), TimeSpan.FromDays(31));

    private static readonly Form<AlertSeverity> Severity = Form.Choice(Enum.GetValues<AlertSeverity>()
        .Where(each => each != AlertSeverity.Unknown).Select(each => (each.ToString(), each)));

    private static readonly string[] Kinds = ["condition", "fault"];

    private readonly IReadOnlyList<DeviceType>? _types;
    private readonly IReadOnlySet<string>? _present;
    private readonly IReadOnlyList<SystemKind>? _systems;
    private readonly Form<string> _system;
    private readonly Form<string> _area;
    private readonly Form<string> _rule;
    private readonly Form<string> _type;

    private ScenarioFile(City? city, IReadOnlySet<string>? present, IReadOnlyList<DeviceType>? types, IReadOnlyList<AlertRule>? rules, IReadOnlyList<SystemKind>? systems)
    {
        (_types, _present, _systems) = (types, present, systems);
        _system = systems is null ? SystemsFile.Name : Form.Choice(systems.Select(each => (each.Name, each.Name)));
        _area = PopulationFile.AreaOf(city);
        _type = types is null ? Form.SnakeCase : Form.Choice(types.Select(type => (type.Name, type.Name)));
        string[] names = [.. rules?.Select(rule => rule.Id) ?? []];
        _rule = new("the id of a rule in alert-rules.yaml", (YamlScalar scalar, out string value) =>
        {
            value = scalar.Text;
            return rules is null || names.Contains(value);
        }, names);
    }

    /// <param name="name">The file's, without extension.</param>
    /// <param name="city">Null where its areas are not known well enough to blame a scenario for what it names; likewise <paramref name="present"/>
    /// (types that the city has devices of), <paramref name="types"/>, <paramref name="rules"/> and <paramref name="systems"/>.</param>
    public static Scenario Read(
        YamlFile file, string name, City? city, IReadOnlySet<string>? present, IReadOnlyList<DeviceType>? types, IReadOnlyList<AlertRule>? rules, IReadOnlyList<SystemKind>? systems)
    {
        var reader = new ScenarioFile(city, present, types, rules, systems);
        Scenario scenario = reader.Read(file.Root, name);
        file.Finish();
        return scenario;
    }

    private Scenario Read(YamlSection root, string name)
    {
        var scenario = new Scenario
        {
            Name = name,
            Title = root.Required("title", Form.Text(100)),
            Description = root.Required("description", Form.Text()),
            Area = root.Required("area", _area),
            Lasts = root.Required("lasts", Length),
            Effects = [.. root.Sections("effects", required: true).Select(ReadEffect)],
            Must = [.. root.Sections("must").Select(ReadExpected)],
            May = root.List("may", _rule),
            MustNot = root.List("mustNot", _rule),
        };
        scenario = scenario with { Response = [.. root.Sections("response").Select(section => ReadResponse(section, root.IsSound("effects") ? scenario.Effects : null))] };
        Check(scenario, root);
        return scenario;
    }

    private static void Check(Scenario scenario, YamlSection root)
    {
        if (root.IsSound("effects") && scenario.Effects.Length is 0 or > MostEffects)
        {
            root.Fault("effects", $"are {scenario.Effects.Length}", $"1 to {MostEffects} effects");
        }

        if (scenario.Response.Length > MostResponses)
        {
            root.Fault("response", $"has {scenario.Response.Length} entries", $"at most {MostResponses}");
        }

        if (root.IsSound("must", "mustNot") && scenario.Must.IsEmpty && scenario.MustNot.IsEmpty)
        {
            root.Fault("must", "and mustNot expect nothing", "at least one alert that must come, or one that must not");
        }

        if (root.IsSound("must", "may", "mustNot")
            && scenario.MustNot.Index().FirstOrDefault(each => scenario.May.Contains(each.Item) || scenario.Must.Any(must => must.Rule == each.Item)) is { Item: { } both } at)
        {
            root.FaultOfItem("mustNot", at.Index, $"is {both}, which may or must come as well", "each rule in one of must, may and mustNot");
        }

        if (!root.IsSound("lasts", "effects"))
        {
            return;
        }

        foreach ((int index, ScenarioEffect effect) in scenario.Effects.Index())
        {
            if (effect.After + effect.Lasts > scenario.Lasts)
            {
                root.FaultOfItem("effects", index, $"ends {Durations.Short(effect.After + effect.Lasts)} after the start", $"effects that end with the scenario, after {Durations.Short(scenario.Lasts)}");
            }
        }
    }

    private ScenarioEffect ReadEffect(YamlSection section)
    {
        string[] given = [.. Kinds.Where(section.Has)];
        ScenarioEffect effect = given.Length == 1 && given[0] == "fault" ? ReadFault(section.Section("fault")) : ReadCondition(section);
        if (given.Length > 1 || (given.Length == 0 && section.IsSound(Kinds)))
        {
            section.Fault(given.Length == 0 ? Kinds[0] : given[^1], given.Length == 0 ? "or fault is missing" : "stands beside condition", "one of condition, fault");
        }

        effect = effect with
        {
            Area = section.MaybeText("area", _area),
            After = section.Optional("after", Span, TimeSpan.Zero),
            Lasts = section.Required("lasts", Length),
            Rise = section.Optional("rise", Span, TimeSpan.Zero),
            Fall = section.Optional("fall", Span, TimeSpan.Zero),
        };
        if (section.IsSound("lasts", "rise", "fall") && effect.Rise + effect.Fall > effect.Lasts)
        {
            section.Fault("lasts", "is shorter than rise and fall together", $"at least {Durations.Short(effect.Rise + effect.Fall)}");
        }

        return effect;
    }

    private static ScenarioEffect.Condition ReadCondition(YamlSection section)
    {
        if (section.MaybeSection("condition") is not { } condition)
        {
            return new ScenarioEffect.Condition("", 1, 0) { Lasts = TimeSpan.Zero };
        }

        var read = new ScenarioEffect.Condition(
            condition.Required("quantity", Quantity), condition.Optional("times", Form.Number(-1e9, 1e9), 1), condition.Optional("plus", Form.Number(-1e9, 1e9), 0))
        {
            Lasts = TimeSpan.Zero,
        };
        if (condition.IsSound("quantity", "times", "plus") && read is { Times: 1, Plus: 0 })
        {
            condition.Fault("plus", "and times change nothing", "times other than 1, or plus other than 0");
        }

        return read;
    }

    private ScenarioEffect.Fault ReadFault(YamlSection section)
    {
        ImmutableArray<string> types = section.List("types", _type, required: true);
        DeviceFault kind = section.Required("kind", Form.Choice<DeviceFault>());
        string? metric = section.MaybeText("metric", Form.SnakeCase);
        double amount = section.Optional("amount", Form.Number(), 0);
        string? state = section.MaybeText("state");
        if (section.IsSound("types"))
        {
            CheckTypes(section, types);
        }

        if (section.IsSound("types", "metric", "state", "kind"))
        {
            amount = CheckMetric(section, types, metric, state, kind) ?? amount;
        }

        return new ScenarioEffect.Fault(
            types, section.Optional("share", Form.Number(0, 1), 1), (int)section.Optional("atMost", Form.Whole(1, 1_000_000), int.MaxValue), kind, metric, amount)
        {
            Lasts = TimeSpan.Zero,
        };
    }

    private void CheckTypes(YamlSection section, ImmutableArray<string> types)
    {
        if (types.IsEmpty)
        {
            section.Fault("types", "are none", "one device type or more");
        }

        foreach ((int index, string type) in types.Index())
        {
            if (_present is not null && !_present.Contains(type))
            {
                section.FaultOfItem("types", index, $"is {type}, of which the city has no device", "types of population.yaml");
            }
        }
    }

    /// <summary>The place of the state that is named, if one is.</summary>
    private double? CheckMetric(YamlSection section, ImmutableArray<string> types, string? metric, string? state, DeviceFault kind)
    {
        if (kind == DeviceFault.Shows && metric is null)
        {
            section.Fault("metric", "is missing although a value is to be shown", "the metric that shows amount or state");
            return null;
        }

        if (state is not null && (kind != DeviceFault.Shows || section.Has("amount")))
        {
            section.Fault("state", kind == DeviceFault.Shows ? "and amount both say what is shown" : "is given although nothing is shown", "state or amount with kind: shows");
            return null;
        }

        double? shown = null;
        foreach (DeviceType type in metric is null || _types is null ? [] : types.Select(name => _types.First(each => each.Name == name)))
        {
            string name = type.Name;
            MetricDefinition? definition = type.Metrics.FirstOrDefault(each => each.Name == metric);
            if (definition is null)
            {
                section.Fault("metric", $"is {metric}, which {name} does not measure{Spelling.DidYouMean(metric!, type.Metrics.Select(each => each.Name))}", string.Join(", ", type.Metrics.Select(each => each.Name)));
                return null;
            }

            string[] states = definition.Kind != MetricKind.State ? [] : definition.States.IsEmpty ? ["false", "true"] : [.. definition.States];
            int place = Array.IndexOf(states, state);
            if (state is not null && (place < 0 || (shown is { } other && other != place)))
            {
                section.Fault("state", $"is {state}, which {name} does not show there{Spelling.DidYouMean(state, states)}", states.Length == 0 ? "amount: the metric is a number" : "one of " + string.Join(", ", states) + ", at the same place in all types");
                return null;
            }

            shown = state is null ? null : place;
        }

        return shown;
    }

    /// <param name="effects">Null where they have faults.</param>
    private ScenarioResponse ReadResponse(YamlSection section, ImmutableArray<ScenarioEffect>? effects)
    {
        string system = section.Required("system", _system);
        string action = section.Required("action", SystemsFile.Name);
        if (section.IsSound("system", "action") && _systems?.FirstOrDefault(each => each.Name == system) is { } kind && !kind.Actions.ContainsKey(action))
        {
            string[] known = [.. kind.Actions.Keys.Order(StringComparer.Ordinal)];
            section.Fault("action", $"is {action}, which {system} can not do{Spelling.DidYouMean(action, known)}", string.Join(", ", known));
        }

        ImmutableArray<string> of = section.List("of", Form.Text(200));
        string[] fading =
        [
            .. (effects ?? []).SelectMany(effect => effect switch
            {
                ScenarioEffect.Condition condition => [condition.Quantity],
                ScenarioEffect.Fault fault => fault.Types,
                _ => ImmutableArray<string>.Empty,
            }).Distinct(),
        ];
        foreach ((int index, string name) in effects is null ? [] : of.Index())
        {
            if (!fading.Contains(name))
            {
                section.FaultOfItem("of", index, $"is {name}, which no effect of this scenario is of{Spelling.DidYouMean(name, fading)}", string.Join(", ", fading));
            }
        }

        return new ScenarioResponse(
            system, action, section.Optional("after", Span, TimeSpan.Zero), section.Required("fades", Span), section.Optional("share", Form.Number(0.01, 1), 1), of);
    }

    private ExpectedAlert ReadExpected(YamlSection section) => new(
        section.Required("rule", _rule),
        section.MaybeText("area", _area),
        section.Required("within", Length),
        section.Optional("severity", Severity, AlertSeverity.Minor));
}
