using System.Buffers;
using Streams.Domain.Devices;
using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

/// <summary>An area's closed windows on their way to history, as <see cref="WindowHistory"/> reads them.</summary>
public sealed class AreaHistory
{
    /// <summary>
    /// More than a big city's types have together. Beyond, names are forgotten and given anew under numbers that go on counting, so that
    /// metrics without end do not make a snapshot without end.
    /// </summary>
    private const int MostNames = 4096;

    /// <summary>Stands in front of the stored form, where the first form had a sequence, which was never negative.</summary>
    private const long FormTwo = -2;

    private readonly Dictionary<(string Type, string Metric), int> _numbers = [];
    private HistoryRuns _runs = new(hasMembers: true);
    private int _nextNumber;

    /// <summary>What a snapshot of the first form still had to hand out.</summary>
    private (long FromInMs, byte[] Rows)? _leftover;

    /// <param name="output">Takes what becomes a row of history by it.</param>
    public void Add(AreaAggregate window, IHistoryOutput output)
    {
        if (_leftover is { } leftover)
        {
            _leftover = null;
            output.History(HistoryPart.Mixed, leftover.FromInMs, leftover.Rows);
        }

        if (!_numbers.TryGetValue((window.Type, window.Metric), out int number))
        {
            number = NameAnew(window.Type, window.Metric, output);
        }

        ClosedWindow row = new(
            window.Type, window.Metric, window.Unit, MetricKind.Gauge, window.Size, window.StartInMs, window.Revision,
            in window.Moments, in window.Sketch, in window.Moments, in window.Sketch);
        _runs.Add(number, in row, window.Members, output);
    }

    /// <summary>Shows what is not yet handed out, for the API.</summary>
    public void Show(IHistoryOutput output)
    {
        if (_leftover is { } leftover)
        {
            output.History(HistoryPart.Mixed, leftover.FromInMs, leftover.Rows);
        }

        _runs.Show(output);
    }

    public void Save(IBufferWriter<byte> output)
    {
        SnapshotWriter writer = new(output);
        writer.Signed(FormTwo);
        writer.Unsigned((ulong)_nextNumber);
        writer.Unsigned((ulong)_numbers.Count);
        foreach (((string type, string metric), int number) in _numbers)
        {
            writer.Text(type);
            writer.Text(metric);
            writer.Unsigned((ulong)number);
        }

        _runs.Save(writer);
        writer.Flag(_leftover is not null);
        if (_leftover is { } leftover)
        {
            writer.Signed(leftover.FromInMs);
            writer.Bytes(leftover.Rows);
        }
    }

    /// <summary>Takes back what <see cref="Save"/> wrote and moves <paramref name="snapshot"/> past it; null for damaged bytes.</summary>
    public static AreaHistory? Restore(ref ReadOnlySpan<byte> snapshot)
    {
        SnapshotReader reader = new(snapshot);
        AreaHistory history = new();
        long form = reader.Signed();
        if (form >= 0)
        {
            history.RestoreFormOne(ref reader);
        }
        else if (form == FormTwo)
        {
            history.RestoreFormTwo(ref reader);
        }
        else
        {
            return null;
        }

        if (reader.Failed)
        {
            return null;
        }

        snapshot = snapshot[^reader.Remaining..];
        return history;
    }

    private void RestoreFormOne(ref SnapshotReader reader)
    {
        long fromInMs = reader.Signed();
        reader.Signed();
        reader.Signed();
        int names = reader.Count(1 << 16);
        for (int i = 0; i < names && !reader.Failed; i++)
        {
            reader.Text();
            reader.Text();
        }

        ReadOnlySpan<byte> rows = reader.Bytes();
        _leftover = rows.IsEmpty ? null : (fromInMs, rows.ToArray());
    }

    private void RestoreFormTwo(ref SnapshotReader reader)
    {
        _nextNumber = reader.Count(int.MaxValue);
        int names = reader.Count(MostNames);
        for (int i = 0; i < names && !reader.Failed; i++)
        {
            _numbers[(reader.Text(), reader.Text())] = reader.Count(int.MaxValue);
        }

        _runs.Restore(ref reader);
        _leftover = reader.Flag() ? (reader.Signed(), reader.Bytes().ToArray()) : null;
    }

    private int NameAnew(string type, string metric, IHistoryOutput output)
    {
        if (_numbers.Count == MostNames)
        {
            _numbers.Clear();
        }

        int number = _nextNumber++;
        _numbers.Add((type, metric), number);
        ArrayBufferWriter<byte> name = new(64);
        HistoryNames.Begin(name);
        HistoryNames.Write(name, number, type, metric);
        output.History(HistoryPart.Names, 0, name.WrittenSpan);
        return number;
    }
}
