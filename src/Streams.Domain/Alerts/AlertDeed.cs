using Streams.Domain.Windows;

namespace Streams.Domain.Alerts;

/// <summary>What a person did to an alert.</summary>
/// <param name="By">Their name, as their token has it.</param>
/// <param name="AtInMs">Processing time.</param>
/// <param name="Note">What they said of it; may be empty.</param>
/// <param name="Severity">The alert's then: one that becomes graver asks for people again.</param>
public sealed record AlertDeed(string By, long AtInMs, string Note, AlertSeverity Severity)
{
    internal static void Save(SnapshotWriter writer, AlertDeed? deed)
    {
        writer.Flag(deed is not null);
        if (deed is not null)
        {
            writer.Text(deed.By);
            writer.Signed(deed.AtInMs);
            writer.Text(deed.Note);
            writer.Byte((byte)deed.Severity);
        }
    }

    internal static AlertDeed? Restore(ref SnapshotReader reader) =>
        reader.Flag() ? new AlertDeed(reader.Text(), reader.Signed(), reader.Text(), (AlertSeverity)reader.Byte()) : null;
}
