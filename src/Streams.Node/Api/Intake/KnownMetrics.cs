using System.Collections.Immutable;
using System.Text;
using Streams.Domain.Devices;
using Streams.Domain.Readings;

namespace Streams.Node.Api.Intake;

/// <summary>What can be said of a reading that names its type before its device sees it: type, metrics and units are known.</summary>
internal sealed class KnownMetrics(ImmutableArray<DeviceType> types)
{
    private readonly Dictionary<string, DeviceType> _types = types.ToDictionary(type => type.Name);

    /// <summary>The metric of a type by its own name, which may be one of a family.</summary>
    public MetricDefinition? Find(string type, string metric) =>
        !_types.TryGetValue(type, out DeviceType? known) ? null
        : known.Metrics.FirstOrDefault(each => each.Name == metric)
            ?? known.Metrics.FirstOrDefault(each => each.IsFamily && metric.Length >= each.Name.Length && metric.StartsWith(each.Name[..^1], StringComparison.Ordinal));

    /// <summary>Null where nothing is wrong, or where the reading leaves its type to the device.</summary>
    public Refusal? Check(Reading reading)
    {
        if (reading.Type.IsEmpty)
        {
            return null;
        }

        string typeName = Encoding.UTF8.GetString(reading.Type);
        if (!_types.ContainsKey(typeName))
        {
            return new Refusal(RefusalReasons.UnknownType, "type", $"There is no device type '{typeName}'; device-types.yaml lists them.");
        }

        foreach (ReadingEntry entry in reading.Entries)
        {
            string name = reading.StringOf(entry.Name);
            if (Find(typeName, name) is not { } metric)
            {
                return new Refusal(RefusalReasons.UnknownMetric, $"metrics.{name}", $"The type '{typeName}' has no metric '{name}'.");
            }

            if (!entry.Unit.IsEmpty && !Units.TryConvert(reading.TextOf(entry.Unit), metric.Unit, out _, out _))
            {
                return new Refusal(
                    RefusalReasons.UnknownUnit, $"units.{name}", $"'{reading.StringOf(entry.Unit)}' can not be converted to {metric.Unit}, the unit of '{name}'.");
            }
        }

        return null;
    }
}
