using System.Collections.Frozen;
using Streams.Domain.Devices;

namespace Streams.Domain.Alerts;

/// <summary>What a language calls units and metrics in the texts of alerts. What it has no name for is said as it is written.</summary>
public sealed class AlertNames
{
    private readonly FrozenDictionary<string, string> _units;
    private readonly FrozenDictionary<string, string> _metrics;

    /// <param name="units">By what they are in English, such as <c>km/h</c>.</param>
    /// <param name="metrics">By id, families by theirs, such as <c>request.*</c>.</param>
    public AlertNames(IEnumerable<KeyValuePair<string, string>> units, IEnumerable<KeyValuePair<string, string>> metrics) =>
        (_units, _metrics) = (units.ToFrozenDictionary(StringComparer.Ordinal), metrics.ToFrozenDictionary(StringComparer.Ordinal));

    public static AlertNames None { get; } = new([], []);

    /// <summary>All units that alerts of these devices may have figures in, as readers know them.</summary>
    public static IEnumerable<string> UnitsOf(IEnumerable<DeviceType> types) => ReaderUnitsOf(types).Select(unit => unit.Symbol).Distinct();

    /// <summary>Those of them that are not the same in every language.</summary>
    public static IEnumerable<string> WordsOf(IEnumerable<DeviceType> types) => ReaderUnitsOf(types).Where(unit => unit.HasWords).Select(unit => unit.Symbol).Distinct();

    /// <summary>All metrics of these devices, families by their names.</summary>
    public static IEnumerable<string> MetricsOf(IEnumerable<DeviceType> types) => types.SelectMany(type => type.Metrics).Select(metric => metric.Name).Distinct();

    public string Unit(string symbol) => _units.GetValueOrDefault(symbol, symbol);

    /// <summary>Within a sentence.</summary>
    public string Metric(string id) => Find(id) ?? id;

    /// <summary>Where a sentence begins. An id stays as it is.</summary>
    public string MetricFirst(string id) => Find(id) is { Length: > 0 } name ? char.ToUpperInvariant(name[0]) + name[1..] : id;

    /// <summary>One of a family is named after it, with what it is itself: <c>reports (pothole)</c>.</summary>
    private string? Find(string id) => _metrics.TryGetValue(id, out string? name) ? name
        : id.IndexOf('.', StringComparison.Ordinal) is > 0 and int dot && _metrics.TryGetValue(id[..dot] + ".*", out string? family) ? $"{family} ({id[(dot + 1)..].Replace('_', ' ')})"
        : null;

    private static IEnumerable<ReaderUnit> ReaderUnitsOf(IEnumerable<DeviceType> types) =>
        types.SelectMany(type => type.Metrics).Select(metric => metric.Unit).Where(unit => unit is not ("" or "1")).Distinct().Select(ReaderUnit.Of);
}
