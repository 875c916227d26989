using Streams.Domain.Alerts;
using Streams.Domain.Readings;
using Streams.Domain.Windows;

namespace Streams.Domain.Incidents;

/// <summary>What an incident keeps of an alert that belongs to it: its newest state.</summary>
/// <param name="Id">Of all the alert's states.</param>
/// <param name="Severity">Of the newest state; of one that is over, as it was last.</param>
/// <param name="OnsetInMs">Event time.</param>
/// <param name="Revision">Of the newest state that is known: an older one changes nothing.</param>
/// <param name="Location">Of the first device that it rests on; null where it is about the area as a whole.</param>
public sealed record IncidentAlert(
    string Id, string Area, string Rule, AlertSeverity Severity, AlertState State, long OnsetInMs, int Revision, string Headline, GeoPoint? Location = null)
{
    public bool Stands => State is AlertState.Active or AlertState.Acknowledged;

    internal void Save(SnapshotWriter writer)
    {
        writer.Text(Id);
        writer.Text(Area);
        writer.Text(Rule);
        writer.Byte((byte)Severity);
        writer.Byte((byte)State);
        writer.Signed(OnsetInMs);
        writer.Signed(Revision);
        writer.Text(Headline);
        Save(writer, Location);
    }

    internal static void Save(SnapshotWriter writer, GeoPoint? location)
    {
        writer.Flag(location is not null);
        if (location is { } place)
        {
            writer.Double(place.Longitude);
            writer.Double(place.Latitude);
        }
    }

    internal static GeoPoint? ReadPlace(ref SnapshotReader reader) => reader.Flag() ? new GeoPoint(reader.Double(), reader.Double()) : null;

    internal static IncidentAlert Read(ref SnapshotReader reader) => new(
        reader.Text(), reader.Text(), reader.Text(), (AlertSeverity)reader.Byte(), (AlertState)reader.Byte(), reader.Signed(), (int)reader.Signed(), reader.Text(),
        ReadPlace(ref reader));
}
