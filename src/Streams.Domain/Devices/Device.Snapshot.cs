using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Streams.Domain.Detection;
using Streams.Domain.Readings;
using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>The device as bytes and back: exact, so that a restored device goes on as if it had never left memory.</summary>
public sealed partial class Device
{
    /// <summary>Version of the snapshot as a whole. A change inside a part has its own version beside that part. Up to 1, devices had no names and history was one chunk of all sizes; up to 2, no bound on what they send.</summary>
    private const byte SnapshotVersion = 3;

    /// <summary>Appends the snapshot: 1 to 4 KB for a device with two metrics. What was not drained is part of it.</summary>
    public void Save(IBufferWriter<byte> output)
    {
        var writer = new SnapshotWriter(output);
        writer.Byte(SnapshotVersion);
        writer.Unsigned((ulong)_types.Length);
        foreach (CompiledType type in _types)
        {
            writer.Text(type.Name);
        }

        writer.Unsigned((ulong)(_primary is null ? 0 : Array.IndexOf(_types, _primary) + 1));
        writer.Text(Area);
        writer.Text(Name);
        writer.Flag(Location is not null);
        if (Location is { } location)
        {
            writer.Double(location.Longitude);
            writer.Double(location.Latitude);
        }

        writer.Signed(LastEventInMs);
        writer.Signed(LastArrivalInMs);
        writer.Signed(DueInMs ?? long.MinValue);
        writer.Signed(_idleWatermarkInMs);
        writer.Signed(_silentSinceInMs);
        writer.Signed(_silentRaisedAtInMs);
        writer.Signed(_sequence.Highest);
        writer.Unsigned(_sequence.Seen);
        writer.Unsigned((ulong)ReadingCount);
        writer.Unsigned((ulong)RepeatCount);
        writer.Unsigned((ulong)LateCount);
        writer.Unsigned((ulong)ImpossibleCount);

        // As a distance: nearly always what one reading costs, while a time of its own would be eight bytes.
        writer.Unsigned((ulong)(_paidThroughInMicros == long.MinValue ? 0 : Math.Max(0, _paidThroughInMicros - (LastEventInMs * 1000))));
        writer.Unsigned((ulong)ExcessCount);
        writer.Unsigned((ulong)_excessCount);
        writer.Signed(_excessSinceInMs);
        writer.Flag(_hasWindows);
        SaveHistory(writer);
        SaveDecided(writer);
        writer.Unsigned((ulong)_metricCount);
        writer.Unsigned((ulong)_hint);
        foreach (MetricState metric in Metrics)
        {
            // Length in front: a metric that the catalog lost can be skipped.
            ArrayBufferWriter<byte> block = Scratch;
            SaveMetric(metric, block);
            writer.Bytes(block.WrittenSpan);
        }
    }

    /// <summary>Makes a device of what <see cref="Save"/> wrote. The catalog may have changed since: metrics it lost or gave another unit start anew, and their open anomalies are cleared.</summary>
    /// <returns>False with the reason for bytes that are no snapshot of a known version.</returns>
    public static bool TryRestore(
        string id, ReadOnlySpan<byte> snapshot, DeviceCatalog catalog, [NotNullWhen(true)] out Device? device, [NotNullWhen(false)] out string? fault)
    {
        device = null;
        var reader = new SnapshotReader(snapshot);
        byte version = reader.Byte();
        if (reader.Failed || version is 0 or > SnapshotVersion)
        {
            fault = $"The snapshot of device '{id}' has version {version}; this program reads versions up to {SnapshotVersion}. Run the program version that wrote it, or delete the snapshot.";
            return false;
        }

        var restored = new Device(id);
        restored.Restore(ref reader, version, catalog);
        if (reader.Failed || !reader.AtEnd)
        {
            fault = $"The snapshot of device '{id}' is damaged: {snapshot.Length} bytes that do not fit together.";
            return false;
        }

        device = restored;
        fault = null;
        return true;
    }

    private void Restore(ref SnapshotReader reader, byte version, DeviceCatalog catalog)
    {
        var types = new List<CompiledType>();
        int typeCount = reader.Count(1000);
        string[] names = new string[typeCount];
        for (int i = 0; i < typeCount; i++)
        {
            names[i] = reader.Text();
            if (catalog.TryGet(Encoding.UTF8.GetBytes(names[i]), out CompiledType? type))
            {
                types.Add(type);
            }
        }

        _types = [.. types];
        int primary = reader.Count(typeCount);

        // A primary type that is gone leaves the next one, or a device that has to say its type again.
        _primary = primary == 0 ? null : types.Find(type => type.Name == names[primary - 1]) ?? types.FirstOrDefault();
        Area = reader.Text();
        Name = version > 1 ? reader.Text() : "";
        if (reader.Flag())
        {
            Location = new GeoPoint(reader.Double(), reader.Double());
        }

        LastEventInMs = reader.Signed();
        LastArrivalInMs = reader.Signed();
        long dueInMs = reader.Signed();
        DueInMs = dueInMs == long.MinValue ? null : dueInMs;
        _idleWatermarkInMs = reader.Signed();
        _silentSinceInMs = reader.Signed();
        _silentRaisedAtInMs = reader.Signed();
        _sequence.Highest = reader.Signed();
        _sequence.Seen = reader.Unsigned();
        ReadingCount = (long)reader.Unsigned();
        RepeatCount = (long)reader.Unsigned();
        LateCount = (long)reader.Unsigned();
        ImpossibleCount = (long)reader.Unsigned();
        if (version > 2)
        {
            long owed = (long)reader.Unsigned();
            _paidThroughInMicros = LastEventInMs == long.MinValue ? long.MinValue : (LastEventInMs * 1000) + owed;
            ExcessCount = (long)reader.Unsigned();
            _excessCount = (long)reader.Unsigned();
            _excessSinceInMs = reader.Signed();
        }

        _hasWindows = reader.Flag();
        RestoreHistory(ref reader, version);
        RestoreDecided(ref reader);
        int metricCount = reader.Count(MostMetrics);
        int hint = reader.Count(MostMetrics);
        _metrics = new MetricState[metricCount];
        for (int i = 0; i < metricCount && !reader.Failed; i++)
        {
            var block = new SnapshotReader(reader.Bytes());
            RestoreMetric(ref block, version, catalog);
            if (block.Failed)
            {
                reader.Fail();
            }
        }

        _hint = hint < _metricCount ? hint : 0;
        FindNextClose();
    }

    private static void SaveMetric(MetricState metric, ArrayBufferWriter<byte> block)
    {
        var writer = new SnapshotWriter(block);
        writer.Text(metric.Metric.Type.Name);
        writer.Text(metric.Name);
        writer.Unsigned(metric.Metric.Fingerprint);
        writer.Unsigned((ulong)(metric.Open?.Length ?? 0));
        foreach (OpenAnomaly open in metric.Open ?? [])
        {
            writer.Byte((byte)open.Kind);
            writer.Signed(open.RaisedAtInMs);
            writer.Signed(open.SinceInMs);
            writer.Unsigned((ulong)open.Calm);
        }

        writer.Double(metric.LastValue);
        writer.Double(metric.LastRaw);
        writer.Signed(metric.LastAtInMs);
        writer.Signed(metric.HistoryNumber);
        writer.Unsigned(metric.RepeatCount);
        writer.Struct(in metric.Repeats);
        metric.Windows.Save(metric.Metric.Type.Plan, writer, block);
        SaveStruct(writer, in metric.Rules, RuleState.Version);
        SaveBox(writer, metric.Spike, SpikeState.Version);
        SaveBox(writer, metric.Unusual, UnusualState.Version);
    }

    private void RestoreMetric(ref SnapshotReader reader, byte version, DeviceCatalog catalog)
    {
        string typeName = reader.Text();
        string name = reader.Text();
        ulong fingerprint = reader.Unsigned();
        OpenAnomaly[] open = new OpenAnomaly[reader.Count(AnomalyKinds.Count)];
        for (int i = 0; i < open.Length; i++)
        {
            open[i] = new OpenAnomaly((AnomalyKind)(reader.Byte() % AnomalyKinds.Count), reader.Signed(), reader.Signed(), reader.Count(int.MaxValue));
        }

        byte[] utf8Name = Encoding.UTF8.GetBytes(name);
        CompiledMetric? metric = catalog.TryGet(Encoding.UTF8.GetBytes(typeName), out CompiledType? type) ? type.Find(utf8Name) : null;
        double lastValue = reader.Double();
        double lastRaw = reader.Double();
        long lastAtInMs = reader.Signed();
        if (metric is null || metric.Fingerprint != fingerprint)
        {
            // What it remembers can not be compared with what will come; only what others were told has to be taken back.
            foreach (OpenAnomaly gone in open)
            {
                Decide(new AnomalyEvent(
                    AnomalyEvent.IdOf(Id, typeName, name, gone.Kind, gone.RaisedAtInMs), Id, Area, typeName, name, "", gone.Kind, false,
                    Math.Max(lastAtInMs, gone.RaisedAtInMs), lastValue, double.NaN, 0, gone.SinceInMs, Explanation.Removed(name)));
            }

            return;
        }

        var state = new MetricState(metric, utf8Name)
        {
            Open = open.Length == 0 ? null : open,
            LastValue = lastValue,
            LastRaw = lastRaw,
            LastAtInMs = lastAtInMs,
            HistoryNumber = RestoreNumber(ref reader, version),
            RepeatCount = (uint)reader.Unsigned(),
            Repeats = reader.Struct<RepeatTags>(),
        };

        state.Windows.Restore(metric.Type.Plan, ref reader);
        RestoreStruct(ref reader, ref state.Rules, RuleState.Version);
        RestoreBox(ref reader, state.Spike, SpikeState.Version);
        RestoreBox(ref reader, state.Unusual, UnusualState.Version);
        if (!reader.Failed)
        {
            Add(state);
        }
    }

    private static void SaveBox<T>(SnapshotWriter writer, StrongBox<T>? box, byte version)
        where T : unmanaged
    {
        if (box is null)
        {
            writer.Byte(0);
            return;
        }

        SaveStruct(writer, in box.Value, version);
    }

    private static void SaveStruct<T>(SnapshotWriter writer, in T value, byte version)
        where T : unmanaged
    {
        writer.Byte(version);
        writer.Bytes(MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));
    }

    private static void RestoreBox<T>(ref SnapshotReader reader, StrongBox<T>? box, byte version)
        where T : unmanaged
    {
        T unused = default;
        RestoreStruct(ref reader, ref box is null ? ref unused : ref box.Value, version);
    }

    /// <summary>Structs are saved as they lie in memory. One of another layout starts anew, and so does what was switched off in between.</summary>
    private static void RestoreStruct<T>(ref SnapshotReader reader, ref T value, byte version)
        where T : unmanaged
    {
        byte saved = reader.Byte();
        ReadOnlySpan<byte> bytes = saved == 0 ? default : reader.Bytes();
        if (saved == version && bytes.Length == Unsafe.SizeOf<T>())
        {
            value = MemoryMarshal.Read<T>(bytes);
        }
    }

    private void SaveHistory(SnapshotWriter writer)
    {
        writer.Unsigned((ulong)_pastNames);
        _past.Save(writer);
        writer.Flag(_leftover is not null);
        if (_leftover is { } leftover)
        {
            writer.Signed(leftover.FromInMs);
            writer.Bytes(leftover.Rows);
        }
    }

    private void RestoreHistory(ref SnapshotReader reader, byte version)
    {
        if (version == 1)
        {
            // Sequence, names and two times that a chunk no longer needs.
            reader.Signed();
            reader.Unsigned();
            long fromInMs = reader.Signed();
            reader.Signed();
            reader.Signed();
            ReadOnlySpan<byte> chunk = reader.Bytes();
            _leftover = chunk.IsEmpty ? null : new Leftover(fromInMs, chunk.ToArray());
            return;
        }

        _pastNames = reader.Count(int.MaxValue);
        _past.Restore(ref reader);
        _leftover = reader.Flag() ? new Leftover(reader.Signed(), reader.Bytes().ToArray()) : null;
    }

    private static int RestoreNumber(ref SnapshotReader reader, byte version)
    {
        int number = (int)reader.Signed();
        if (version > 1)
        {
            return number;
        }

        // It was a chunk's sequence, and a name's number in that chunk.
        reader.Unsigned();
        return -1;
    }

    private void SaveDecided(SnapshotWriter writer)
    {
        writer.Unsigned((ulong)DecidedCount);
        foreach (object decided in _decided ?? [])
        {
            switch (decided)
            {
                case AnomalyEvent anomaly:
                    writer.Byte(0);
                    writer.Text(anomaly.Id);
                    writer.Text(anomaly.Area);
                    writer.Text(anomaly.Type);
                    writer.Text(anomaly.Metric);
                    writer.Text(anomaly.Unit);
                    writer.Byte((byte)anomaly.Kind);
                    writer.Flag(anomaly.IsRaised);
                    writer.Signed(anomaly.TimeInMs);
                    writer.Double(anomaly.Value);
                    writer.Double(anomaly.Expected);
                    writer.Double(anomaly.Score);
                    writer.Signed(anomaly.SinceInMs);
                    writer.Text(anomaly.Explanation);
                    break;
                case DeviceRegistration registration:
                    writer.Byte(1);
                    SaveRegistration(writer, registration);
                    break;
                case Move move:
                    writer.Byte(2);
                    SaveRegistration(writer, move.Registration);
                    writer.Text(move.FromArea);
                    break;
            }
        }
    }

    private void RestoreDecided(ref SnapshotReader reader)
    {
        int count = reader.Count(int.MaxValue);
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            switch (reader.Byte())
            {
                case 0:
                    Decide(new AnomalyEvent(
                        reader.Text(), Id, reader.Text(), reader.Text(), reader.Text(), reader.Text(), (AnomalyKind)(reader.Byte() % AnomalyKinds.Count),
                        reader.Flag(), reader.Signed(), reader.Double(), reader.Double(), reader.Double(), reader.Signed(), reader.Text()));
                    break;
                case 1:
                    Decide(RestoreRegistration(ref reader));
                    break;
                case 2:
                    Decide(new Move(RestoreRegistration(ref reader), reader.Text()));
                    break;
                default:
                    reader.Fail();
                    break;
            }
        }
    }

    private static void SaveRegistration(SnapshotWriter writer, DeviceRegistration registration)
    {
        writer.Text(registration.Type);
        writer.Text(registration.Area);
        writer.Flag(registration.Location is not null);
        writer.Double(registration.Location?.Longitude ?? 0);
        writer.Double(registration.Location?.Latitude ?? 0);
    }

    private DeviceRegistration RestoreRegistration(ref SnapshotReader reader)
    {
        string type = reader.Text();
        string area = reader.Text();
        bool hasLocation = reader.Flag();
        var location = new GeoPoint(reader.Double(), reader.Double());
        return new DeviceRegistration(Id, type, area, hasLocation ? location : null);
    }

    private void FindNextClose()
    {
        _nextCloseInMs = long.MaxValue;
        foreach (MetricState metric in Metrics)
        {
            long nextInMs = metric.Windows.NextCloseInMs;
            if (nextInMs != long.MaxValue)
            {
                _nextCloseInMs = Math.Min(_nextCloseInMs, nextInMs + metric.Metric.Type.Plan.LatenessInMs);
            }
        }
    }
}
