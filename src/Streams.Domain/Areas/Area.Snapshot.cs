using System.Buffers;
using Streams.Domain.Alerts;
using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

public sealed partial class Area
{
    /// <summary>Version of the stored form. A node reads its own and all earlier ones.</summary>
    private const byte SnapshotVersion = 5;

    /// <summary>
    /// Without what orders and incidents leave behind. An area of which no alert is an incident's and that nobody has given an order is written so, for nodes of the release before
    /// can read it: while a cluster is upgraded node by node, only the others stay with the new ones.
    /// </summary>
    private const byte VersionWithoutOrders = 4;

    /// <summary>Writes everything but what waits to be drained: drain first, or store what was drained in the same transaction.</summary>
    public void Save(IBufferWriter<byte> output)
    {
        var writer = new SnapshotWriter(output);
        byte version = _obeyed.Count > 0 || _incidentOf.Count > 0 ? SnapshotVersion : VersionWithoutOrders;
        writer.Byte(version);
        writer.Text(Id);
        writer.Unsigned((ulong)_byType.Count);
        foreach ((string type, Membership members) in _byType)
        {
            writer.Text(type);
            members.Save(writer);
        }

        writer.Unsigned((ulong)_lanes.All.Count);
        foreach (Lane lane in _lanes.All)
        {
            writer.Text(lane.Type);
            writer.Byte((byte)lane.Size);
            lane.Save(writer, output);
        }

        writer.Unsigned((ulong)_cases.Count);
        foreach ((ConditionKey key, AlertCase one) in _cases)
        {
            ObservationCodec.WriteKey(writer, key);
            one.Save(writer, version);
        }

        writer.Unsigned((ulong)_toldParent.Count);
        foreach ((string type, var told) in _toldParent)
        {
            writer.Text(type);
            writer.Signed(told.Frontier);
            writer.Signed(told.Devices);
            writer.Signed(told.Silent);
            writer.Signed(told.Interval);
        }

        _doubts.Save(writer);
        writer.Unsigned((ulong)_usual.Count);
        foreach ((string figure, UsualHours hours) in _usual)
        {
            writer.Text(figure);
            hours.Save(writer);
        }

        writer.Signed(_lastReviewInMs);
        writer.Signed(DueInMs ?? long.MaxValue);
        if (version > VersionWithoutOrders)
        {
            SaveOrders(writer);
            SaveIncidents(writer);
        }
    }

    /// <summary>Takes back what <see cref="Save"/> wrote.</summary>
    /// <param name="fault">Why the snapshot can not be used; the area must then be rebuilt from its log.</param>
    public static Area? Restore(ReadOnlySpan<byte> snapshot, out string? fault)
    {
        var reader = new SnapshotReader(snapshot);
        byte version = reader.Byte();
        if (version is 0 or > SnapshotVersion)
        {
            fault = $"an area's snapshot of version {version}; this node reads up to version {SnapshotVersion}";
            return null;
        }

        var area = new Area(reader.Text());
        area.ReadParts(ref reader, version);
        if (reader.Failed || !reader.AtEnd)
        {
            fault = $"the snapshot of area {area.Id} is cut short or damaged";
            return null;
        }

        fault = null;
        return area;
    }

    private void ReadParts(ref SnapshotReader reader, byte version)
    {
        int types = reader.Count(1 << 16);
        for (int i = 0; i < types && !reader.Failed; i++)
        {
            Membership members = MembersOf(reader.Text());
            members.Restore(ref reader, version);
            HaveNews(members);
        }

        int lanes = reader.Count(1 << 16);
        for (int i = 0; i < lanes && !reader.Failed; i++)
        {
            string type = reader.Text();
            byte size = reader.Byte();
            if (size >= WindowSizes.Count)
            {
                reader.Fail();
                return;
            }

            _lanes.Restore(LaneOf(type, (WindowSize)size), ref reader);
        }

        int cases = reader.Count(1 << 20);
        for (int i = 0; i < cases && !reader.Failed; i++)
        {
            ConditionKey key = ObservationCodec.ReadKey(ref reader);
            _cases[key] = AlertCase.Restore(key, ref reader, version);
        }

        int told = reader.Count(1 << 16);
        for (int i = 0; i < told && !reader.Failed; i++)
        {
            _toldParent[reader.Text()] = (reader.Signed(), (int)reader.Signed(), (int)reader.Signed(), reader.Signed());
        }

        _doubts.Restore(ref reader, version);
        int figures = version >= 3 ? reader.Count(1 << 16) : 0;
        for (int i = 0; i < figures && !reader.Failed; i++)
        {
            var hours = new UsualHours();
            _usual[reader.Text()] = hours;
            hours.Restore(ref reader);
        }

        _lastReviewInMs = reader.Signed();
        long due = reader.Signed();
        DueInMs = due == long.MaxValue ? null : due;
        if (version > VersionWithoutOrders)
        {
            RestoreOrders(ref reader);
            ReadIncidents(ref reader);
        }
    }
}
