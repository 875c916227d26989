using System.Collections.Immutable;
using System.Globalization;
using Streams.Domain.Alerts;
using Streams.Domain.Devices;
using Streams.Domain.Windows;

namespace Streams.Node.Configuration;

/// <summary><c>alert-rules.yaml</c>: when areas raise alerts and what these say, as the file's own head describes it.</summary>
public static class AlertRulesFile
{
    private static readonly string[] Kinds = ["silence", "range", "stuck", "spike", "rate", "limit", "level", "season", "state", "excess"];

    internal static readonly string[] ConditionKinds = ["threshold", "unusual", "trend", "devices", "silence"];

    private static readonly Form<string> Id = Form.Text("^[a-z][a-z0-9-]{0,62}$", "lower-case words with hyphens, such as fine-particles");

    private static readonly Form<string> MetricPattern = Form.Text(
        @"^([a-z][a-z0-9_]{0,63}(\.([a-z0-9_]{1,63}|\*))?|\*)$", "a metric such as pm2_5, one of a family such as request.pothole, a family such as request.*, or *");

    private static readonly Form<WindowSize> Window = Form.Choice(Enum.GetValues<WindowSize>().Select(size => (size.Iso(), size)));

    private static readonly Form<AlertSeverity> Severity = Form.Choice(Enum.GetValues<AlertSeverity>()
        .Where(each => each != AlertSeverity.Unknown).Select(each => (each.ToString(), each)));

    private static readonly Form<TimeSpan> Span = Form.Duration(TimeSpan.Zero, TimeSpan.FromDays(366));

    /// <summary>The rules in the order of the file. Faults go to the file's list; what was read around them is still given.</summary>
    /// <param name="types">
    /// Known device types: a rule that names another type, or a metric that none of its types has, is a fault. Null where their own file
    /// has faults: then rules are not blamed for what they name.
    /// </param>
    public static ImmutableArray<AlertRule> Read(YamlFile file, IReadOnlyList<DeviceType>? types)
    {
        ImmutableArray<AlertRule>.Builder rules = ImmutableArray.CreateBuilder<AlertRule>();
        foreach ((string id, YamlSection section) in file.Root.Section("rules", required: true).Entries(Id))
        {
            if (id == IssuedAlert.Rule)
            {
                file.Root.Section("rules").Fault(id, "is the name that alerts issued by people have in place of a rule's", "another name");
            }

            rules.Add(ReadRule(id, section, types));
        }

        file.Finish();
        return rules.ToImmutable();
    }

    private static AlertRule ReadRule(string id, YamlSection section, IReadOnlyList<DeviceType>? types)
    {
        AlertRule defaults = new() { Id = id, Condition = new AlertCondition.Devices(), Steps = [], Texts = [] };
        bool below = section.Optional("side", Form.Choice([("above", false), ("below", true)]), false);
        AlertCondition condition = ReadCondition(section.Section("when", required: true), section, types);
        AlertRule rule = defaults with
        {
            Types = condition is AlertCondition.Devices { Signs.IsEmpty: false } signs
                ? [.. signs.Signs.SelectMany(sign => sign.Types).Distinct()]
                : section.List("types", TypeOf(types)),
            IsEveryday = section.Optional("everyday", Form.Flag, false),
            Below = below,
            Condition = condition,
            Steps = [.. section.Sections("steps", required: true).Select(step => ReadStep(step, section.IsSound("side") ? below : null))],
            Levels = section.List("levels", Form.Choice([("leaf", AreaLevels.Leaf), ("parent", AreaLevels.Parent), ("root", AreaLevels.Root)]), [AreaLevels.Leaf])
                .Aggregate(AreaLevels.None, static (all, one) => all | one),
            For = section.Optional("for", Span, defaults.For),
            ClearAfter = section.Optional("clearAfter", Span, defaults.ClearAfter),
            CoolDown = section.Optional("coolDown", Span, defaults.CoolDown),
            ExpiresAfter = section.Optional("expiresAfter", Form.Duration(TimeSpan.FromMinutes(1), TimeSpan.FromDays(366)), defaults.ExpiresAfter),
            Settle = section.Optional("settle", Form.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)), defaults.Settle),
            UpdateEvery = section.Optional("updateEvery", Span, defaults.UpdateEvery),
            MinChildren = (int)section.Optional("minChildren", Form.Whole(0, 10_000), defaults.MinChildren),
            MinChildrenShare = section.Optional("minChildrenShare", Form.Number(0, 1), defaults.MinChildrenShare),
            Categories = section.List("category", Form.Choice(Named<AlertCategory>()), required: true),
            Responses = section.List("response", Form.Choice(Named<AlertResponse>()), defaults.Responses),
            Urgency = section.Optional("urgency", Form.Choice(Named<AlertUrgency>()), defaults.Urgency),
            Certainty = section.Optional("certainty", Form.Choice(Named<AlertCertainty>()), defaults.Certainty),
            Scope = section.Optional("scope", Form.Choice(Named<AlertScope>().Where(scope => scope.Value != AlertScope.Private)), defaults.Scope),
            Texts = AlertTextsSection.Read(section),
        };
        AlertRuleChecks.Check(rule, section, types);
        return rule;
    }

    private static Form<string> TypeOf(IReadOnlyList<DeviceType>? types) =>
        types is null ? Form.SnakeCase : Form.Choice(types.Select(type => (type.Name, type.Name)));

    private static AlertCondition ReadCondition(YamlSection when, YamlSection rule, IReadOnlyList<DeviceType>? types)
    {
        List<string> given = [.. ConditionKinds.Where(when.Has)];
        if (given.Count != 1)
        {
            // A misspelt kind is reported as a key that is not known.
            if (rule.IsSound("when") && (given.Count > 1 || !when.Keys.Any()))
            {
                rule.Fault("when", given.Count == 0 ? "says nothing" : $"says {string.Join(" and ", given)}", "one of " + string.Join(", ", ConditionKinds));
            }

            return new AlertCondition.Devices();
        }

        YamlSection section = when.Section(given[0]);
        return given[0] switch
        {
            "threshold" => new AlertCondition.Threshold
            {
                Metrics = ReadMetrics(section, required: true),
                Statistic = section.Required("statistic", Form.Choice<Statistic>()),
                Window = section.Required("window", Window),
                MinMembers = Members(section),
            },
            "unusual" => ReadUnusual(section),
            "trend" => new AlertCondition.Trend
            {
                Metrics = ReadMetrics(section, required: true),
                Statistic = section.Required("statistic", Form.Choice<Statistic>()),
                Window = section.Required("window", Window),
                Over = (int)section.Optional("over", Form.Whole(4, 100), 6),
                Horizon = section.Required("horizon", Form.Duration(TimeSpan.FromMinutes(1), TimeSpan.FromDays(7))),
            },
            _ => ReadDevices(section, given[0] == "silence", types),
        };
    }

    private static AlertCondition.Unusual ReadUnusual(YamlSection section)
    {
        AlertCondition.Unusual defaults = new() { Metrics = MetricSelection.All, Statistic = default, Window = default };
        return defaults with
        {
            Metrics = ReadMetrics(section, required: true),
            Statistic = section.Required("statistic", Form.Choice<Statistic>()),
            Window = section.Required("window", Window),
            By = section.Optional("by", Form.Choice<Comparison>(), defaults.By),
            At = section.Optional("at", Form.Choice<UsualTime>(), defaults.At),
            Neighbours = section.Optional("neighbours", Form.Choice<NeighbourHours>(), defaults.Neighbours),
            Quantile = section.Optional("quantile", Form.Number(0, 1), defaults.Quantile),
            Over = (int)section.Optional("over", Form.Whole(1, 100), defaults.Over),
            MinHistory = (int)section.Optional("minHistory", Form.Whole(1, 1024), defaults.MinHistory),
            MaxHistory = (int)section.Optional("maxHistory", Form.Whole(8, 8192), defaults.MaxHistory),
            MaxAge = section.Maybe("maxAge", Form.Duration(TimeSpan.FromHours(1), TimeSpan.FromDays(3660))),
            MinValue = section.Optional("minValue", Form.Number(), defaults.MinValue),
            MaxValue = section.Optional("maxValue", Form.Number(), defaults.MaxValue),
            MinMembers = Members(section),
            Significance = section.Maybe("significance", Form.Number(1e-12, 0.5)),
            MaxShareOfOneMetric = section.Maybe("maxShareOfOneMetric", Form.Number(0.01, 1)),
        };
    }

    private static AlertCondition.Devices ReadDevices(YamlSection section, bool isSilence, IReadOnlyList<DeviceType>? types)
    {
        AlertCondition.Devices defaults = new();
        return defaults with
        {
            Signs = isSilence ? [] : [.. section.Sections("signs").Select(sign => ReadSign(sign, types))],
            Kinds = isSilence ? ["silence"] : section.List("kinds", Form.Choice(Kinds.Select(kind => (kind, kind)))),
            Metrics = isSilence ? MetricSelection.All : ReadMetrics(section, required: false),
            Within = section.Optional("within", Span, defaults.Within),
            Measure = section.Optional("measure", Form.Choice<DeviceMeasure>(), isSilence ? DeviceMeasure.Share : defaults.Measure),
            MinDevices = (int)section.Optional("minDevices", Form.Whole(1, 1_000_000), defaults.MinDevices),
            MinShare = section.Optional("minShare", Form.Number(0, 1), defaults.MinShare),
            MinScore = section.Optional("minScore", Form.Number(0, 1), defaults.MinScore),
        };
    }

    private static DeviceSign ReadSign(YamlSection section, IReadOnlyList<DeviceType>? types)
    {
        ImmutableArray<string> states = section.List("states", Form.Text(64));
        DeviceSign sign = new()
        {
            Types = section.List("types", TypeOf(types), required: true),
            Kinds = states.IsEmpty ? section.List("kinds", Form.Choice(Kinds.Select(kind => (kind, kind)))) : ["state"],
            Metrics = ReadMetrics(section, required: !states.IsEmpty),
            Weight = section.Optional("weight", Form.Number(1e-6, 1e6), 1),
        };
        return types is null || !section.IsSound("types", "metrics", "states") ? sign : sign with { States = AlertRuleChecks.StatesOf(sign, states, section, types) };
    }

    private static MetricSelection ReadMetrics(YamlSection section, bool required)
    {
        ImmutableArray<string> names = section.List("metrics", MetricPattern, ["*"], required);
        return new MetricSelection(names.IsEmpty ? ["*"] : names, section.List("except", MetricPattern));
    }

    private static int Members(YamlSection section) => (int)section.Optional("minMembers", Form.Whole(1, 1_000_000), 1);

    private static SeverityStep ReadStep(YamlSection step, bool? below)
    {
        double raise = step.Required("raise", Form.Number());
        double clear = step.Optional("clear", Form.Number(), raise);
        if (step.IsSound("raise", "clear") && below is { } isBelow && (isBelow ? clear < raise : clear > raise))
        {
            step.Fault("clear", string.Create(CultureInfo.InvariantCulture, $"lies beyond raise ({raise})"), isBelow ? "at or above raise, as the rule looks below" : "at or below raise");
        }

        return new SeverityStep(step.Required("severity", Severity), raise, clear);
    }

    private static IEnumerable<(string Name, T Value)> Named<T>()
        where T : struct, Enum => Enum.GetValues<T>().Select(each => (each.ToString(), each));
}
