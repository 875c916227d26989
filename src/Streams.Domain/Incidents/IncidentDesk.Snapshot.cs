using System.Buffers;
using Streams.Domain.Windows;

namespace Streams.Domain.Incidents;

public sealed partial class IncidentDesk
{
    /// <summary>Version of the stored form. A node reads its own and all earlier ones.</summary>
    private const byte SnapshotVersion = 2;

    /// <summary>In one piece, and ids were only told apart from those still known.</summary>
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
        writer.Signed(_ended);
        writer.Unsigned((ulong)_open.Count);
        writer.Unsigned((ulong)_past.Count);
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

        foreach (PastIncident past in _past)
        {
            section?.Invoke((1L << 48) | past.Number);
            writer.Signed(past.Number);
            writer.Text(past.Id);
            writer.Unsigned((ulong)past.Alerts.Length);
            foreach (string alert in past.Alerts)
            {
                writer.Text(alert);
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
            desk.ReadRest(ref reader);
        }

        fault = reader.Failed || !reader.AtEnd ? $"the snapshot of the desk of {desk.Root} is cut short or damaged" : null;
        return fault is null ? desk : null;
    }

    private void ReadRest(ref SnapshotReader reader)
    {
        _numbers = reader.Signed();
        for (int left = reader.Count(MaxHazardsRead); left > 0 && !reader.Failed; left--)
        {
            _lastSecond[reader.Text()] = reader.Signed();
        }

        _opened = reader.Signed();
        _ended = reader.Signed();
        (int opened, int past) = (reader.Count(MaxOpen), reader.Count(MaxPast));
        for (int left = opened; left > 0 && !reader.Failed; left--)
        {
            ReadOpen(ref reader, reader.Signed());
        }

        for (int left = past; left > 0 && !reader.Failed; left--)
        {
            (long number, string id) = (reader.Signed(), reader.Text());
            string[] alerts = new string[reader.Count(MaxAlertsRead)];
            for (int i = 0; i < alerts.Length && !reader.Failed; i++)
            {
                alerts[i] = reader.Text();
            }

            Remember(new PastIncident(number, id, alerts));
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

        for (int left = reader.Count(MaxPast); left > 0 && !reader.Failed; left--)
        {
            string alert = reader.Text();
            Remember(new PastIncident(++_ended, reader.Text(), [alert]));
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

    private void Remember(PastIncident past)
    {
        Keep(past);
        foreach (string alert in past.Alerts.OfType<string>())
        {
            if (!_incidentOf.TryGetValue(alert, out string? its) || !_open.ContainsKey(its))
            {
                _incidentOf[alert] = past.Id;
            }
        }
    }

    /// <summary>More than any incident takes; a bound against damaged bytes.</summary>
    private const int MaxAlertsRead = 100_000;
    private const int MaxHazardsRead = 10_000;

    /// <summary>Ids were numbered from 2 on, each by itself; none came near.</summary>
    private const long MostNumbersUnsectioned = 10_000;
}
