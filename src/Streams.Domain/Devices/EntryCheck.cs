using System.Text;
using Streams.Domain.Readings;

namespace Streams.Domain.Devices;

/// <summary>Whether a value fits its metric, and what number stands for it in the type's unit.</summary>
internal static class EntryCheck
{
    /// <summary>Replaces the entry's value; null when it fits.</summary>
    internal static Refusal? Convert(Reading reading, ref ReadingEntry entry, CompiledMetric metric)
    {
        if (metric.Definition.Kind == MetricKind.State)
        {
            return ConvertState(reading, ref entry, metric);
        }

        if (entry.Kind != ValueKind.Number)
        {
            string name = reading.StringOf(entry.Name);
            return new Refusal(
                RefusalReasons.WrongType, $"metrics.{name}",
                $"The metric '{name}' is a number; it came as a {(entry.Kind == ValueKind.Text ? "string" : "boolean")}.");
        }

        if (entry.Unit.IsEmpty || reading.TextOf(entry.Unit).SequenceEqual(metric.Utf8Unit))
        {
            return null;
        }

        if (!Units.TryConvert(reading.TextOf(entry.Unit), metric.Definition.Unit, out double factor, out double offset))
        {
            string name = reading.StringOf(entry.Name);
            return new Refusal(
                RefusalReasons.UnknownUnit, $"units.{name}",
                $"The unit '{reading.StringOf(entry.Unit)}' of '{name}' can not be converted to '{metric.Definition.Unit}'.");
        }

        entry.Value = (entry.Value * factor) + offset;
        if (!double.IsFinite(entry.Value))
        {
            string name = reading.StringOf(entry.Name);
            return new Refusal(RefusalReasons.NotFinite, $"metrics.{name}", $"The metric '{name}' is beyond what a 64-bit number can hold in '{metric.Definition.Unit}'.");
        }

        return null;
    }

    private static Refusal? ConvertState(Reading reading, ref ReadingEntry entry, CompiledMetric metric)
    {
        int states = metric.Definition.States.IsDefault ? 0 : metric.Definition.States.Length;
        switch (entry.Kind)
        {
            case ValueKind.Text when metric.TryGetState(reading.TextOf(entry.Text), out int index):
                entry.Value = index;
                return null;

            // A place in the list, as recordings have it; without a list the metric is true or false.
            case ValueKind.Number when entry.Value >= 0 && entry.Value < Math.Max(states, 2) && entry.Value == Math.Floor(entry.Value):
            case ValueKind.Boolean when states is 0 or 2:
                return null;
        }

        string name = reading.StringOf(entry.Name);
        string got = entry.Kind == ValueKind.Text ? $"'{reading.StringOf(entry.Text)}'" : entry.Kind == ValueKind.Boolean ? "a boolean" : "another number";
        var allowed = new StringBuilder();
        allowed.AppendJoin(", ", states == 0 ? ["true", "false"] : metric.Definition.States.AsEnumerable());
        return new Refusal(RefusalReasons.UnknownState, $"metrics.{name}", $"The metric '{name}' is one of {allowed}; it came as {got}.");
    }
}
