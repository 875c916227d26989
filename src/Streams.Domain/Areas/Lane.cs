using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

/// <summary>
/// An area's windows of one device type and size: those that still wait for members, in order of event time, and the last closed
/// ones, which take what comes late as revisions.
/// </summary>
/// <param name="members">Of its type.</param>
/// <param name="place">Among the area's lanes.</param>
internal sealed class Lane(string type, WindowSize size, Membership members, int place)
{
    // Few at a time, and new ones nearly always come at the end.
    private readonly SortedList<long, Slot> _open = [];
    private readonly SortedList<long, Slot> _closed = [];

    public string Type { get; } = type;

    public WindowSize Size { get; } = size;

    public Membership Members { get; } = members;

    public int Place { get; } = place;

    /// <summary>Processing time at which the oldest window waits no longer; <see cref="long.MaxValue"/> where none waits. Kept by <see cref="Lanes"/>.</summary>
    public long DeadlineInMs { get; set; } = long.MaxValue;

    /// <summary>Windows over all open slots.</summary>
    public int OpenWindows { get; private set; }

    /// <summary>Parts that came too late for any window kept.</summary>
    public long TooLate { get; private set; }

    public Slot? Oldest => _open.Count > 0 ? _open.GetValueAtIndex(0) : null;

    public IEnumerable<Slot> Closed => _closed.Values;

    /// <summary>How many closed windows still take late parts. Late means later than the grace, so this is for members that come back after an outage.</summary>
    private int MostClosed => Size switch
    {
        WindowSize.Minute => 10,
        WindowSize.Quarter => 6,
        WindowSize.Hour => 6,
        _ => 3,
    };

    /// <summary>Start of the newest window that was closed; older ones are never opened again.</summary>
    private long _closedFromInMs = long.MinValue;

    /// <summary>Merges a part into the window of its time.</summary>
    /// <returns>The slot if it was closed already (its window now has a new revision), else null: it waits.</returns>
    public Slot? Add(in ObservedSeries series, PartialWindow part, long nowInMs)
    {
        if (part.StartInMs > _closedFromInMs)
        {
            if (!_open.TryGetValue(part.StartInMs, out Slot? slot))
            {
                slot = new Slot(part.StartInMs, Size) { FirstArrivalInMs = nowInMs };
                _open.Add(part.StartInMs, slot);
            }

            OpenWindows += slot.Merge(in series, part) ? 1 : 0;
            return null;
        }

        if (!_closed.TryGetValue(part.StartInMs, out Slot? closed))
        {
            if (_closed.Count >= MostClosed && part.StartInMs < _closed.GetKeyAtIndex(0))
            {
                TooLate++;
                return null;
            }

            closed = new Slot(part.StartInMs, Size) { FirstArrivalInMs = nowInMs };
            _closed.Add(part.StartInMs, closed);
            Trim();
        }

        if (!closed.Merge(in series, part))
        {
            closed.Find(series.Metric)!.Revision++;
        }

        return closed;
    }

    /// <summary>Closes the oldest open slot.</summary>
    public Slot CloseOldest()
    {
        Slot slot = Oldest ?? throw new InvalidOperationException("No window is open.");
        _open.RemoveAt(0);
        OpenWindows -= slot.Windows.Count;
        _closed[slot.StartInMs] = slot;
        _closedFromInMs = Math.Max(_closedFromInMs, slot.StartInMs);
        Trim();
        return slot;
    }

    public void Save(SnapshotWriter writer, System.Buffers.IBufferWriter<byte> output)
    {
        writer.Signed(_closedFromInMs);
        writer.Signed(TooLate);
        writer.Unsigned((ulong)_open.Count);
        writer.Unsigned((ulong)_closed.Count);
        foreach (Slot slot in _open.Values.Concat(_closed.Values))
        {
            slot.Save(writer, output);
        }
    }

    public void Restore(ref SnapshotReader reader)
    {
        _closedFromInMs = reader.Signed();
        TooLate = reader.Signed();
        int open = reader.Count(int.MaxValue);
        int closed = reader.Count(1 << 20);
        for (int i = 0; i < open && !reader.Failed; i++)
        {
            Slot slot = Slot.Restore(Type, Size, ref reader);
            _open[slot.StartInMs] = slot;
            OpenWindows += slot.Windows.Count;
        }

        for (int i = 0; i < closed && !reader.Failed; i++)
        {
            Slot slot = Slot.Restore(Type, Size, ref reader);
            _closed[slot.StartInMs] = slot;
        }
    }

    private void Trim()
    {
        while (_closed.Count > MostClosed)
        {
            _closed.RemoveAt(0);
        }
    }
}

/// <summary>The windows of all metrics of one type, size and start.</summary>
internal sealed class Slot(long startInMs, WindowSize size)
{
    public long StartInMs { get; } = startInMs;

    public long EndInMs { get; } = startInMs + size.LengthInMs();

    /// <summary>Processing time.</summary>
    public long FirstArrivalInMs { get; init; }

    public List<AreaAggregate> Windows { get; } = [];

    public AreaAggregate? Find(string metric)
    {
        foreach (AreaAggregate window in Windows)
        {
            if (window.Metric == metric)
            {
                return window;
            }
        }

        return null;
    }

    /// <returns>True if the metric is new in this slot.</returns>
    public bool Merge(in ObservedSeries series, PartialWindow part)
    {
        AreaAggregate? window = Find(series.Metric);
        bool isNew = window is null;
        if (window is null)
        {
            window = new AreaAggregate
            {
                Type = series.Type, Metric = series.Metric, Unit = series.Unit, Size = size, StartInMs = StartInMs,
            };
            Windows.Add(window);
        }

        window.Moments.Merge(in part.Moments);
        window.Sketch.Merge(in part.Sketch);
        window.Members += part.Members;
        return isNew;
    }

    public void Save(SnapshotWriter writer, System.Buffers.IBufferWriter<byte> output)
    {
        writer.Signed(StartInMs);
        writer.Signed(FirstArrivalInMs);
        writer.Unsigned((ulong)Windows.Count);
        foreach (AreaAggregate window in Windows)
        {
            writer.Text(window.Metric);
            writer.Text(window.Unit);
            writer.Unsigned((ulong)window.Revision);
            writer.Unsigned((ulong)window.Members);
            ObservationCodec.WriteMoments(writer, in window.Moments, StartInMs);
            window.Sketch.Encode(output);
        }
    }

    public static Slot Restore(string type, WindowSize size, ref SnapshotReader reader)
    {
        var slot = new Slot(reader.Signed(), size) { FirstArrivalInMs = reader.Signed() };
        int windows = reader.Count(1 << 20);
        for (int i = 0; i < windows && !reader.Failed; i++)
        {
            var window = new AreaAggregate
            {
                Type = type, Metric = reader.Text(), Unit = reader.Text(), Size = size, StartInMs = slot.StartInMs,
                Revision = reader.Count(int.MaxValue), Members = reader.Count(int.MaxValue),
            };
            window.Moments = ObservationCodec.ReadMoments(ref reader, slot.StartInMs);
            window.Sketch.Decode(ref reader);
            slot.Windows.Add(window);
        }

        return slot;
    }
}
