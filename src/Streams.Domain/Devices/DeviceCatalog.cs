using System.Collections.Immutable;
using System.Text;
using Streams.Domain.Detection;
using Streams.Domain.Readings;
using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>Every device type of the installation, compiled for the hot path: names are found by their bytes, settings are plain numbers.</summary>
public sealed class DeviceCatalog
{
    private readonly Utf8Names<CompiledType> _byName;
    private readonly CompiledType[] _types;

    /// <exception cref="ArgumentException">Two types of one name, two metrics of one name in a type, or window sizes out of order.</exception>
    public DeviceCatalog(IEnumerable<DeviceType> types)
    {
        _types = [.. types.Select(type => new CompiledType(type))];
        _byName = new Utf8Names<CompiledType>([.. _types.Select(type => KeyValuePair.Create(type.Name, type))]);
    }

    public IEnumerable<DeviceType> Types => _types.Select(type => type.Definition);

    public DeviceType? Find(string type) => TryGet(Encoding.UTF8.GetBytes(type), out CompiledType? compiled) ? compiled.Definition : null;

    /// <summary>The definition of a metric, that of its family for a member of one; null when the type has no such metric.</summary>
    public MetricDefinition? Find(string type, string metric) =>
        TryGet(Encoding.UTF8.GetBytes(type), out CompiledType? compiled) ? compiled.Find(Encoding.UTF8.GetBytes(metric))?.Definition : null;

    internal bool TryGet(ReadOnlySpan<byte> name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out CompiledType? type) =>
        _byName.TryGet(name, out type);
}

/// <summary>A device type with its settings in milliseconds and its metrics by name.</summary>
internal sealed class CompiledType
{
    private readonly Utf8Names<CompiledMetric> _byName;
    private readonly CompiledMetric[] _families;

    internal CompiledType(DeviceType definition)
    {
        Definition = definition;
        Utf8Name = Encoding.UTF8.GetBytes(definition.Name);
        Plan = new WindowPlan(definition.Windows, definition.Lateness, definition.Retention);
        SilentAfterInMs = definition.Interval > TimeSpan.Zero && definition.SilentAfter is { } after ? (long)after.TotalMilliseconds : null;
        CostInMicros = Math.Max(1, (long)(1_000_000 / definition.MostPerSecond));
        CompiledMetric[] metrics = [.. definition.Metrics.Select(metric => new CompiledMetric(this, metric))];
        _byName = new Utf8Names<CompiledMetric>([.. metrics.Where(metric => !metric.Definition.IsFamily).Select(metric => KeyValuePair.Create(metric.Definition.Name, metric))]);

        // The longest prefix first, so that a family inside a family is met before the wider one.
        _families = [.. metrics.Where(metric => metric.Definition.IsFamily).OrderByDescending(metric => metric.Utf8Name.Length)];
    }

    internal DeviceType Definition { get; }

    internal string Name => Definition.Name;

    internal byte[] Utf8Name { get; }

    internal WindowPlan Plan { get; }

    /// <summary>Null for devices that speak only when something happens.</summary>
    internal long? SilentAfterInMs { get; }

    /// <summary>What one value costs of the time in which so many may come; at least a microsecond.</summary>
    internal long CostInMicros { get; }

    internal CompiledMetric? Find(ReadOnlySpan<byte> name)
    {
        if (_byName.TryGet(name, out CompiledMetric? metric))
        {
            return metric;
        }

        foreach (CompiledMetric family in _families)
        {
            // "request.*" is kept as "request." and takes any longer name.
            if (name.Length > family.Utf8Name.Length && name.StartsWith(family.Utf8Name))
            {
                return family;
            }
        }

        return null;
    }
}

/// <summary>A metric with what the hot path needs of it.</summary>
internal sealed class CompiledMetric
{
    private readonly Utf8Names<int>? _states;

    internal CompiledMetric(CompiledType type, MetricDefinition definition)
    {
        Type = type;
        Definition = definition;
        Utf8Name = Encoding.UTF8.GetBytes(definition.IsFamily ? definition.Name[..^1] : definition.Name);
        Utf8Unit = Encoding.UTF8.GetBytes(definition.Unit);
        if (!definition.States.IsDefaultOrEmpty)
        {
            _states = new Utf8Names<int>([.. definition.States.Select((state, index) => KeyValuePair.Create(state, index))]);
        }

        Rules = new MetricRules(definition, type.Definition.Interval, type.SilentAfterInMs);
        Fingerprint = FingerprintOf(definition);
    }

    internal CompiledType Type { get; }

    internal MetricDefinition Definition { get; }

    /// <summary>For a family its prefix, the dot included.</summary>
    internal byte[] Utf8Name { get; }

    internal byte[] Utf8Unit { get; }

    internal MetricRules Rules { get; }

    /// <summary>Changes when values of before can no longer be compared with those of now.</summary>
    internal uint Fingerprint { get; }

    /// <summary>The number that stands for a state's name, its place in the list.</summary>
    internal bool TryGetState(ReadOnlySpan<byte> name, out int index)
    {
        index = 0;
        return _states is not null && _states.TryGet(name, out index);
    }

    private static uint FingerprintOf(MetricDefinition definition)
    {
        uint hash = (uint)definition.Kind + 1;
        ImmutableArray<string> states = definition.States.IsDefault ? [] : definition.States;
        foreach (byte next in states.Prepend(definition.Unit).SelectMany(Encoding.UTF8.GetBytes))
        {
            hash = (hash ^ next) * 16_777_619;
        }

        return hash;
    }
}
