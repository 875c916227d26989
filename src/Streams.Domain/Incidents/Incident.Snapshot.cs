using System.Buffers;
using Streams.Domain.Alerts;
using Streams.Domain.Windows;

namespace Streams.Domain.Incidents;

public sealed partial class Incident
{
    /// <summary>Version of the stored form. A node reads its own and all earlier ones.</summary>
    private const byte SnapshotVersion = 1;

    private Incident(string id, string root, Playbook playbook, bool isExercise, long openedInMs, bool _)
        => (Id, Root, Playbook, IsExercise, OpenedInMs) = (id, root, playbook, isExercise, openedInMs);

    /// <summary>Writes everything but what waits to be drained: drain first, or store what was drained in the same transaction.</summary>
    public void Save(IBufferWriter<byte> output)
    {
        var writer = new SnapshotWriter(output);
        writer.Byte(SnapshotVersion);
        writer.Text(Id);
        writer.Text(Root);
        PlaybookCodec.Write(writer, Playbook);
        writer.Flag(IsExercise);
        writer.Signed(OpenedInMs);
        writer.Byte((byte)State);
        writer.Byte((byte)End);
        writer.Byte((byte)Severity);
        writer.Text(WorstArea);
        writer.Signed(ClosedInMs ?? -1);
        PlaybookCodec.Write(writer, MergedInto);
        writer.Flag(IsReleased);
        PlaybookCodec.Write(writer, [.. _followers]);
        writer.Signed(_allOverSinceInMs);
        writer.Signed(_lastWokenInMs);
        writer.Unsigned((ulong)_alerts.Count);
        foreach (IncidentAlert alert in _alerts.Values)
        {
            alert.Save(writer);
        }

        foreach (StepRun run in _steps)
        {
            run.Save(writer);
        }

        writer.Signed(_entries);
        writer.Unsigned((ulong)_timeline.Count);
        foreach (TimelineEntry entry in _timeline)
        {
            writer.Signed(entry.TimeInMs);
            writer.Text(entry.What);
            writer.Text(entry.Who);
            writer.Text(entry.Subject);
            writer.Text(entry.Detail);
        }
    }

    /// <summary>Takes back what <see cref="Save"/> wrote.</summary>
    /// <param name="fault">Why the snapshot can not be used.</param>
    public static Incident? Restore(ReadOnlySpan<byte> snapshot, out string? fault)
    {
        var reader = new SnapshotReader(snapshot);
        byte version = reader.Byte();
        if (version is 0 or > SnapshotVersion)
        {
            fault = $"an incident's snapshot of version {version}; this node reads up to version {SnapshotVersion}";
            return null;
        }

        var incident = new Incident(reader.Text(), reader.Text(), PlaybookCodec.Read(ref reader), reader.Flag(), reader.Signed(), true);
        incident.ReadRest(ref reader);
        fault = reader.Failed || !reader.AtEnd ? $"the snapshot of incident {incident.Id} is cut short or damaged" : null;
        return fault is null ? incident : null;
    }

    private void ReadRest(ref SnapshotReader reader)
    {
        State = (IncidentState)reader.Byte();
        End = (IncidentEnd)reader.Byte();
        Severity = (AlertSeverity)reader.Byte();
        WorstArea = reader.Text();
        ClosedInMs = reader.Signed() is var closed && closed >= 0 ? closed : null;
        MergedInto = PlaybookCodec.ReadMaybe(ref reader);
        IsReleased = reader.Flag();
        _followers.AddRange(PlaybookCodec.ReadNames(ref reader));
        _allOverSinceInMs = reader.Signed();
        _lastWokenInMs = reader.Signed();
        for (int left = reader.Count(MaxAlerts); left > 0; left--)
        {
            IncidentAlert alert = IncidentAlert.Read(ref reader);
            _alerts[alert.Id] = alert;
        }

        foreach (PlaybookStep step in Playbook.Steps)
        {
            var run = new StepRun(step);
            run.Read(ref reader);
            _steps.Add(run);
        }

        _entries = (int)reader.Signed();
        int count = reader.Count(MaxTimeline);
        for (int i = 0; i < count; i++)
        {
            _timeline.Add(new TimelineEntry(_entries - count + i + 1, reader.Signed(), reader.Text(), reader.Text(), reader.Text(), reader.Text()));
        }
    }
}
