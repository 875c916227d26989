using System.Buffers;
using Streams.Domain.Windows;

namespace Streams.Domain.Incidents;

public sealed partial class IncidentDesk
{
    /// <summary>Version of the stored form. A node reads its own and all earlier ones.</summary>
    private const byte SnapshotVersion = 2;

    /// <summary>Estimate of the memory it takes.</summary>
    public int SizeInBytes => 1000 + (_open.Count * 400) + (_incidentOf.Count * 500);

    public void Save(IBufferWriter<byte> output)
    {
        var writer = new SnapshotWriter(output);
        writer.Byte(SnapshotVersion);
        writer.Text(Root);
        writer.Signed(Turned);
        writer.Signed(_numbers);
        writer.Unsigned((ulong)_lastSecond.Count);
        foreach ((string hazard, long second) in _lastSecond)
        {
            writer.Text(hazard);
            writer.Signed(second);
        }

        writer.Unsigned((ulong)_open.Count);
        foreach (OpenIncident open in _open.Values)
        {
            writer.Text(open.Id);
            writer.Text(open.Hazard);
            writer.Flag(open.IsExercise);
            writer.Signed(open.OpenedInMs);
            writer.Unsigned((ulong)open.Alerts.Count);
            foreach (IncidentAlert alert in open.Alerts.Values)
            {
                alert.Save(writer);
            }
        }

        string[] past = [.. _past.Where(_incidentOf.ContainsKey)];
        writer.Unsigned((ulong)past.Length);
        foreach (string alert in past)
        {
            writer.Text(alert);
            writer.Text(_incidentOf[alert]);
        }
    }

    /// <summary>Takes back what <see cref="Save"/> wrote.</summary>
    /// <param name="fault">Why the snapshot can not be used.</param>
    public static IncidentDesk? Restore(ReadOnlySpan<byte> snapshot, out string? fault)
    {
        var reader = new SnapshotReader(snapshot);
        byte version = reader.Byte();
        if (version is 0 or > SnapshotVersion)
        {
            fault = $"a desk's snapshot of version {version}; this node reads up to version {SnapshotVersion}";
            return null;
        }

        IncidentDesk desk = new(reader.Text()) { Turned = reader.Signed() };
        if (version > 1)
        {
            desk._numbers = reader.Signed();
            for (int left = reader.Count(MaxHazardsRead); left > 0 && !reader.Failed; left--)
            {
                desk._lastSecond[reader.Text()] = reader.Signed();
            }
        }
        else
        {
            desk._numbers = MostNumbersOfVersion1;
        }

        for (int left = reader.Count(MaxOpen); left > 0; left--)
        {
            OpenIncident open = new(reader.Text(), reader.Text(), reader.Flag(), reader.Signed());
            for (int alerts = reader.Count(MaxAlertsRead); alerts > 0 && !reader.Failed; alerts--)
            {
                IncidentAlert alert = IncidentAlert.Read(ref reader);
                open.Note(alert);
                desk._incidentOf[alert.Id] = open.Id;
            }

            desk._open[open.Id] = open;
            if (version == 1)
            {
                desk._lastSecond[open.Hazard] = Math.Max(desk._lastSecond.GetValueOrDefault(open.Hazard), open.OpenedInMs / 1000);
            }
        }

        for (int left = reader.Count(MaxPast); left > 0 && !reader.Failed; left--)
        {
            string alert = reader.Text();
            desk._past.Enqueue(alert);
            desk._incidentOf.TryAdd(alert, reader.Text());
        }

        fault = reader.Failed || !reader.AtEnd ? $"the snapshot of the desk of {desk.Root} is cut short or damaged" : null;
        return fault is null ? desk : null;
    }

    /// <summary>More than any incident takes; a bound against damaged bytes.</summary>
    private const int MaxAlertsRead = 100_000;
    private const int MaxHazardsRead = 10_000;

    /// <summary>Version 1 counted from 2 for each id; it never came near.</summary>
    private const long MostNumbersOfVersion1 = 10_000;
}
