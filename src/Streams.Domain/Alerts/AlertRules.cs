using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using Streams.Domain.Areas;
using Streams.Domain.Cities;
using Streams.Domain.Windows;

namespace Streams.Domain.Alerts;

/// <summary>All that the areas of a node decide by: the rules, the bounds, and what is known of places. Immutable; shared by all areas.</summary>
public sealed class AlertRules
{
    private readonly FrozenDictionary<string, AlertRule> _byId;
    private readonly FrozenDictionary<string, AreaDescription> _areas;
    private readonly FrozenDictionary<string, AlertNames> _names;

    /// <summary>A lamp that loses its power is told to every rule for lamps: with thousands at once they are not looked for each time.</summary>
    private readonly ConcurrentDictionary<string, AlertRule[]> _byDeviceType = new(StringComparer.Ordinal);

    /// <param name="names">Of units and metrics, by language.</param>
    /// <exception cref="ArgumentException">Two rules with one id, or a rule without steps or texts.</exception>
    public AlertRules(ImmutableArray<AlertRule> rules, AreaSettings? settings = null, IEnumerable<AreaDescription>? areas = null, CityRegister? register = null, IReadOnlyDictionary<string, AlertNames>? names = null)
    {
        foreach (AlertRule rule in rules)
        {
            if (rule.Steps.IsDefaultOrEmpty || rule.Texts.IsDefaultOrEmpty)
            {
                throw new ArgumentException($"Rule {rule.Id} needs at least one severity step and one text.", nameof(rules));
            }
        }

        Rules = rules;
        Settings = settings ?? new AreaSettings();
        Register = register ?? CityRegister.Empty;
        _names = (names ?? FrozenDictionary<string, AlertNames>.Empty).ToFrozenDictionary(StringComparer.Ordinal);
        _byId = rules.ToFrozenDictionary(rule => rule.Id, StringComparer.Ordinal);
        _areas = (areas ?? []).ToFrozenDictionary(area => area.Id, StringComparer.Ordinal);
    }

    public static AlertRules None { get; } = new([]);

    public ImmutableArray<AlertRule> Rules { get; }

    public AreaSettings Settings { get; }

    /// <summary>The devices that the configuration knows.</summary>
    public CityRegister Register { get; }

    public AlertRule? Find(string id) => _byId.GetValueOrDefault(id);

    public AreaDescription? Describe(string area) => _areas.GetValueOrDefault(area);

    /// <summary>Those of the language itself, or of its kin: <c>fr-FR</c> has those of <c>fr</c>, where it has none.</summary>
    public AlertNames NamesIn(string language) => _names.GetValueOrDefault(language) ?? _names.GetValueOrDefault(language.Split('-')[0]) ?? AlertNames.None;

    /// <summary>See <see cref="CityRegister.ConfiguredDevices"/>; 0 where nothing is configured.</summary>
    public int ConfiguredDevices(string area, string? type = null) => Register.ConfiguredDevices(area, type);

    public string NameOf(string area) => Describe(area)?.Name ?? AreaPath.TitleOf(area);

    /// <summary>Rules that look at windows of this type and size in an area of these levels.</summary>
    internal IEnumerable<AlertRule> ForWindows(string type, WindowSize size, AreaLevels levels)
    {
        foreach (AlertRule rule in Rules)
        {
            if (rule.Condition.Size == size && (rule.Levels & levels) != 0 && rule.AppliesTo(type))
            {
                yield return rule;
            }
        }
    }

    /// <summary>Rules that count devices of this type.</summary>
    internal AlertRule[] ForDevicesOf(string type) => _byDeviceType.GetOrAdd(
        type, static (type, rules) => [.. rules.Where(rule => rule.Condition is AlertCondition.Devices && rule.AppliesTo(type))], Rules);
}

/// <summary>Bounds of every area.</summary>
public sealed record AreaSettings
{
    /// <summary>How long, in processing time, a window waits for members that lag, after it could have been complete. Default 30 s.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Open windows of an area; beyond, the oldest are closed as they are. 20,000 windows are about 10 MB. Default 20,000.</summary>
    public int MaxOpenWindows { get; init; } = 20_000;

    /// <summary>CAP's sender of alerts: a name that no other sender has.</summary>
    public string Sender { get; init; } = "streams";

    public AlertStatus Status { get; init; } = AlertStatus.Actual;

    /// <summary>What areas show of themselves.</summary>
    public AreaFigures Figures { get; init; } = AreaFigures.None;
}
