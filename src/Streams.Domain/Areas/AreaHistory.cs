using System.Buffers;
using Streams.Domain.Devices;
using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

/// <summary>An area's closed windows on their way to the store: packed rows as <see cref="WindowHistory"/> reads them, in chunks.</summary>
public sealed class AreaHistory
{
    private readonly ArrayBufferWriter<byte> _rows = new(256);
    private readonly Dictionary<(string Type, string Metric), int> _names = [];
    private long _previousInMs;

    /// <summary>Number of the chunk being filled; ascending per area.</summary>
    public long Sequence { get; private set; }

    public long FromInMs { get; private set; }

    public long ToInMs { get; private set; }

    public bool IsFull => _rows.WrittenCount > WindowHistory.ChunkInBytes;

    /// <summary>What is not yet handed out.</summary>
    public ReadOnlySpan<byte> Rows => _rows.WrittenSpan;

    public void Add(AreaAggregate window)
    {
        if (_rows.WrittenCount == 0)
        {
            new SnapshotWriter(_rows).Byte(WindowHistory.VersionWithMembers);
            FromInMs = long.MaxValue;
            ToInMs = long.MinValue;
        }

        bool isNew = _names.TryAdd((window.Type, window.Metric), _names.Count);
        ClosedWindow row = new(
            window.Type, window.Metric, window.Unit, MetricKind.Gauge, window.Size, window.StartInMs, window.Revision,
            in window.Moments, in window.Sketch, in window.Moments, in window.Sketch);
        WindowHistory.Write(_rows, in row, _names[(window.Type, window.Metric)], isNew, ref _previousInMs);
        new SnapshotWriter(_rows).Unsigned((ulong)window.Members);
        FromInMs = Math.Min(FromInMs, window.StartInMs);
        ToInMs = Math.Max(ToInMs, window.EndInMs);
    }

    /// <summary>The chunk was handed out: the next one begins.</summary>
    public void Next()
    {
        Sequence++;
        _rows.ResetWrittenCount();
        _names.Clear();
        _previousInMs = 0;
    }

    public void Save(IBufferWriter<byte> output)
    {
        SnapshotWriter writer = new(output);
        writer.Signed(Sequence);
        writer.Signed(FromInMs);
        writer.Signed(ToInMs);
        writer.Signed(_previousInMs);
        writer.Unsigned((ulong)_names.Count);
        foreach (((string type, string metric), _) in _names.OrderBy(pair => pair.Value))
        {
            writer.Text(type);
            writer.Text(metric);
        }

        writer.Bytes(_rows.WrittenSpan);
    }

    /// <summary>Takes back what <see cref="Save"/> wrote and moves <paramref name="snapshot"/> past it; null for damaged bytes.</summary>
    public static AreaHistory? Restore(ref ReadOnlySpan<byte> snapshot)
    {
        SnapshotReader reader = new(snapshot);
        AreaHistory history = new()
        {
            Sequence = reader.Signed(),
            FromInMs = reader.Signed(),
            ToInMs = reader.Signed(),
            _previousInMs = reader.Signed(),
        };
        int names = reader.Count(1 << 16);
        for (int i = 0; i < names && !reader.Failed; i++)
        {
            history._names[(reader.Text(), reader.Text())] = i;
        }

        history._rows.Write(reader.Bytes());
        if (reader.Failed)
        {
            return null;
        }

        snapshot = snapshot[^reader.Remaining..];
        return history;
    }
}
