using System.Collections.Frozen;
using System.Collections.Immutable;
using Streams.Domain.Devices;
using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

/// <summary>Which figures areas show, and to which domain of the city each device type belongs. From the device types; immutable, shared by all areas.</summary>
public sealed class AreaFigures
{
    private readonly FrozenDictionary<string, DeviceType> _types;
    private readonly FrozenDictionary<string, ImmutableArray<AreaFigure>> _byType;

    public AreaFigures(IEnumerable<DeviceType> types)
    {
        DeviceType[] all = [.. types];
        _types = all.ToFrozenDictionary(type => type.Name, StringComparer.Ordinal);
        _byType = all.ToFrozenDictionary(
            type => type.Name,
            type => type.Metrics.SelectMany(metric => metric.Figures.Select(figure => new AreaFigure(type, metric, figure))).ToImmutableArray(),
            StringComparer.Ordinal);
    }

    public static AreaFigures None { get; } = new([]);

    /// <summary>Null for a type that is not configured any more.</summary>
    public string? DomainOf(string type) => _types.GetValueOrDefault(type)?.Domain;

    /// <summary>True if devices of the type speak by themselves: one that is configured and was never heard does not work. A desk may just have had nothing to report.</summary>
    public bool IsRegular(string type) => _types.GetValueOrDefault(type)?.Interval > TimeSpan.Zero;

    internal ImmutableArray<AreaFigure> Of(string type) => _byType.TryGetValue(type, out ImmutableArray<AreaFigure> figures) ? figures : [];
}

/// <summary>One figure of a metric over an area's devices of a type.</summary>
internal sealed class AreaFigure
{
    private readonly MetricFigure _definition;
    private readonly double[] _states;

    public AreaFigure(DeviceType type, MetricDefinition metric, MetricFigure definition)
    {
        _definition = definition;
        _states = [.. definition.Share.Select(state => metric.States.IsEmpty ? (state == "true" ? 1.0 : 0) : metric.States.IndexOf(state))];
        Type = type.Name;
        Metric = metric.Name;
        Unit = definition.IsShare ? "%" : metric.Unit;

        // A quarter of an hour is news and yet calm; what has none has hours.
        Size = type.Windows.Contains(WindowSize.Quarter) ? WindowSize.Quarter : type.Windows[0];
        Key = $"{Type}/{Metric}/{Statistic}{(definition.Over is { } over ? FormattableString.Invariant($"/{over}") : "")}{string.Concat(definition.Share.Select(state => "/" + state))}";
    }

    public string Type { get; }

    public string Metric { get; }

    public string Unit { get; }

    public WindowSize Size { get; }

    public string Label => _definition.Label;

    public string Statistic => _definition.IsShare ? "share" : char.ToLowerInvariant(_definition.Statistic.ToString()[0]) + _definition.Statistic.ToString()[1..];

    /// <summary>Under which what is usual for it is remembered: another figure has another past.</summary>
    public string Key { get; }

    public double ValueOf(AreaAggregate window)
    {
        if (_definition.IsShare)
        {
            long count = 0;
            foreach (double state in _states)
            {
                count += window.Sketch.CountFrom(state) - window.Sketch.CountFrom(state + 1);
            }

            count += _definition.Over is { } over ? window.Sketch.CountFrom(over) : 0;
            return 100.0 * count / Math.Max(1, window.Moments.Count);
        }

        return _definition.Statistic switch
        {
            FigureStatistic.Mean => window.Moments.Mean,
            FigureStatistic.Max => window.Moments.Max,
            FigureStatistic.Min => window.Moments.Min,
            FigureStatistic.P95 => Math.Clamp(window.Sketch.Quantile(0.95), window.Moments.Min, window.Moments.Max),
            FigureStatistic.Total => window.Moments.Mean * window.Members,
            FigureStatistic.SumPerDevice => window.Moments.Sum / Math.Max(1, window.Members),
            _ => window.Moments.Sum,
        };
    }
}
