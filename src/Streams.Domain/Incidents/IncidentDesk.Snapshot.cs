using System.Buffers;
using Streams.Domain.Windows;

namespace Streams.Domain.Incidents;

public sealed partial class IncidentDesk
{
    /// <summary>Version of the stored form. A node reads its own and all earlier ones.</summary>
    private const byte SnapshotVersion = 3;

    /// <summary>With incidents that are over, which nobody needs.</summary>
    private const byte WithPast = 2;

    /// <summary>The same in one piece, and ids were only told apart from those still known.</summary>
    private const byte Unsectioned = 1;

    /// <summary>Estimate of the memory it takes.</summary>
    public int SizeInBytes => 1000 + (_open.Count * 400) + (_incidentOf.Count * 800);

    /// <param name="section">Told before each part that can be stored by itself, with its number, ascending.</param>
    public void Save(IBufferWriter<byte> output, Action<long>? section = null)
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

        writer.Signed(_opened);
        writer.Unsigned((ulong)_open.Count);
        foreach (OpenIncident open in _open.Values.OrderBy(open => open.Number))
        {
            section?.Invoke(open.Number);
            writer.Signed(open.Number);
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
        if (version == Unsectioned)
        {
            desk.ReadUnsectioned(ref reader);
        }
        else
        {
            desk.ReadRest(ref reader, version);
        }

        fault = reader.Failed || !reader.AtEnd ? $"the snapshot of the desk of {desk.Root} is cut short or damaged" : null;
        return fault is null ? desk : null;
    }

    private void ReadRest(ref SnapshotReader reader, byte version)
    {
        _numbers = reader.Signed();
        for (int left = reader.Count(MaxHazardsRead); left > 0 && !reader.Failed; left--)
        {
            _lastSecond[reader.Text()] = reader.Signed();
        }

        _opened = reader.Signed();
        _ = version == WithPast ? reader.Signed() : 0;
        int opened = reader.Count(MaxOpen);
        int past = version == WithPast ? reader.Count(MaxPastRead) : 0;
        for (int left = opened; left > 0 && !reader.Failed; left--)
        {
            ReadOpen(ref reader, reader.Signed());
        }

        for (int left = past; left > 0 && !reader.Failed; left--)
        {
            reader.Signed();
            reader.Text();
            for (int alerts = reader.Count(MaxAlertsRead); alerts > 0 && !reader.Failed; alerts--)
            {
                reader.Text();
            }
        }
    }

    private void ReadUnsectioned(ref SnapshotReader reader)
    {
        _numbers = MostNumbersUnsectioned;
        for (int left = reader.Count(MaxOpen); left > 0 && !reader.Failed; left--)
        {
            OpenIncident open = ReadOpen(ref reader, ++_opened);
            _lastSecond[open.Hazard] = Math.Max(_lastSecond.GetValueOrDefault(open.Hazard), open.OpenedInMs / 1000);
        }

        for (int left = reader.Count(MaxPastRead); left > 0 && !reader.Failed; left--)
        {
            reader.Text();
            reader.Text();
        }
    }

    private OpenIncident ReadOpen(ref SnapshotReader reader, long number)
    {
        OpenIncident open = new(number, reader.Text(), reader.Text(), reader.Flag(), reader.Signed());
        for (int alerts = reader.Count(MaxAlertsRead); alerts > 0 && !reader.Failed; alerts--)
        {
            IncidentAlert alert = IncidentAlert.Read(ref reader);
            open.Note(alert);
            _incidentOf[alert.Id] = open.Id;
        }

        _open[open.Id] = open;
        return open;
    }

    /// <summary>More than any incident takes; a bound against damaged bytes.</summary>
    private const int MaxAlertsRead = 100_000;
    private const int MaxHazardsRead = 10_000;
    private const int MaxPastRead = 4000;

    /// <summary>Ids were numbered from 2 on, each by itself; none came near.</summary>
    private const long MostNumbersUnsectioned = 10_000;
}
