using System.Text;
using Streams.Domain.Devices;
using Streams.Domain.Readings;

namespace Streams.Node.Api.Intake;

/// <summary>What can be said of a reading that names its type before its device sees it: type, metrics and units are known.</summary>
internal sealed class KnownMetrics(DeviceCatalog catalog)
{
    /// <summary>Null where nothing is wrong, or where the reading leaves its type to the device.</summary>
    public Refusal? Check(Reading reading)
    {
        if (reading.Type.IsEmpty)
        {
            return null;
        }

        string typeName = Encoding.UTF8.GetString(reading.Type);
        if (catalog.Find(typeName) is null)
        {
            return new Refusal(RefusalReasons.UnknownType, "type", $"There is no device type '{typeName}'; device-types.yaml lists them.");
        }

        foreach (ReadingEntry entry in reading.Entries)
        {
            string name = reading.StringOf(entry.Name);
            if (catalog.Find(typeName, name) is not { } metric)
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
