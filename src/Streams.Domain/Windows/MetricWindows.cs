using System.Buffers;
using System.Runtime.CompilerServices;
using Streams.Domain.Devices;

namespace Streams.Domain.Windows;

/// <summary>
/// The tumbling windows of one metric. Values go into the base size only; a base window that closes is merged into the next
/// larger one, and so on, so a reading costs one update. A value for a closed window within retention goes into every closed
/// window that holds its time, and into the first one still open.
/// </summary>
internal struct MetricWindows
{
    /// <summary>The larger sizes' current windows, ascending; then the base windows that are open, in no order.</summary>
    private OpenWindow[] _open;
    private ClosedWindows _closed;
    private int _hot;

    /// <summary>The watermark of the last close. Configuration may make the watermark step back; what is closed stays closed.</summary>
    private long _closedThroughInMs;

    internal MetricWindows(WindowPlan plan)
    {
        _open = new OpenWindow[plan.Sizes.Length];
        _hot = plan.Sizes.Length - 1;
        _closedThroughInMs = long.MinValue;
        NextCloseInMs = long.MaxValue;
    }

    /// <summary>The watermark at which the next window closes.</summary>
    internal long NextCloseInMs { get; private set; }

    internal readonly int PendingCount => _closed.PendingCount;

    internal readonly long SizeInBytes =>
        24 + (_open.Length * 128L) + _open.Sum(window => window.Sketch.SizeInBytes) + _closed.SizeInBytes;

    /// <summary>Adds a value. The watermark already covers it, everything due was closed, and its retention was checked.</summary>
    /// <param name="isLate">True when a closed window took it.</param>
    internal void Add(WindowPlan plan, double value, long atInMs, long watermarkInMs, out bool isLate)
    {
        isLate = false;
        ref OpenWindow hot = ref _open[_hot];
        if (hot.Moments.Count > 0 && (ulong)(atInMs - hot.StartInMs) < (ulong)plan.BaseLengthInMs)
        {
            hot.Add(value, atInMs);
            return;
        }

        long startInMs = plan.Base.StartOf(atInMs);
        watermarkInMs = Math.Max(watermarkInMs, _closedThroughInMs);
        if (startInMs + plan.BaseLengthInMs <= watermarkInMs)
        {
            AddLate(plan, value, atInMs, watermarkInMs);
            isLate = true;
        }
        else
        {
            int slot = SlotFor(plan, startInMs);
            _open[slot].Add(value, atInMs);
        }
    }

    /// <summary>Closes every window that ends at or before the watermark, oldest first, and lets go of what is past retention.</summary>
    internal void CloseThrough(WindowPlan plan, long watermarkInMs)
    {
        if (watermarkInMs < NextCloseInMs)
        {
            return;
        }

        _closedThroughInMs = watermarkInMs;
        for (int slot = OldestBase(plan); slot >= 0 && _open[slot].StartInMs + plan.BaseLengthInMs <= watermarkInMs; slot = OldestBase(plan))
        {
            Close(plan, 0, ref _open[slot]);
        }

        for (int level = 1; level < plan.Sizes.Length; level++)
        {
            ref OpenWindow current = ref _open[level - 1];
            if (current.Moments.Count > 0 && current.StartInMs + plan.Sizes[level].LengthInMs() <= watermarkInMs)
            {
                Close(plan, level, ref current);
            }
        }

        _closed.Evict(watermarkInMs, plan.RetentionInMs);
        FindNextClose(plan);
    }

    /// <summary>Hands out what closed or was revised since the last call, in that order.</summary>
    internal void Drain<TOutput>(ref TOutput output, string type, MetricDefinition definition, string metric)
        where TOutput : IClosedWindows, allows ref struct
    {
        if (_closed.PendingCount == 0)
        {
            return;
        }

        ClosedWindowScratch scratch = ClosedWindowScratch.OfThread;
        int at = 0;
        while (_closed.TakePending(ref at, scratch))
        {
            ref QuantileSketch sketch = ref SketchOf(ref scratch.Whole, ref scratch.WholeSketch);
            ref Moments added = ref scratch.Whole.Moments;
            ref QuantileSketch addedSketch = ref sketch;
            if (scratch.HasAdded)
            {
                added = ref scratch.Added.Moments;
                addedSketch = ref SketchOf(ref scratch.Added, ref scratch.AddedSketch);
            }

            output.Closed(new ClosedWindow(
                type, metric, definition.Unit, definition.Kind, scratch.Size, scratch.Whole.StartInMs, scratch.Revision,
                ref scratch.Whole.Moments, ref sketch, ref added, ref addedSketch));
        }
    }

    internal readonly void Save(WindowPlan plan, SnapshotWriter writer, IBufferWriter<byte> output)
    {
        int larger = plan.Sizes.Length - 1;
        writer.Signed(_closedThroughInMs);
        writer.Unsigned((ulong)_open.Count(window => window.Moments.Count > 0));
        for (int slot = 0; slot < _open.Length; slot++)
        {
            if (_open[slot].Moments.Count > 0)
            {
                WindowSize size = slot < larger ? plan.Sizes[slot + 1] : plan.Base;
                writer.Byte((byte)size);
                writer.Signed(_open[slot].StartInMs / size.LengthInMs());
                _open[slot].Encode(writer, output);
            }
        }

        writer.Bytes(_closed.Packed);
    }

    /// <summary>Takes back what <see cref="Save"/> wrote; windows of a size the plan no longer has are left out.</summary>
    internal void Restore(WindowPlan plan, ref SnapshotReader reader)
    {
        _closedThroughInMs = reader.Signed();
        int count = reader.Count(10_000);
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            byte code = reader.Byte();
            if (code >= WindowSizes.Count)
            {
                reader.Fail();
                return;
            }

            var size = (WindowSize)code;
            OpenWindow window = new() { StartInMs = reader.Signed() * size.LengthInMs() };
            window.Decode(ref reader);
            int level = plan.Sizes.IndexOf(size);
            if (reader.Failed || level < 0)
            {
                continue;
            }

            int slot = level == 0 ? SlotFor(plan, window.StartInMs) : level - 1;
            _open[slot] = window;
        }

        if (!_closed.Restore(reader.Bytes()))
        {
            reader.Fail();
        }

        FindNextClose(plan);
    }

    internal readonly void Prefetch()
    {
        ref OpenWindow hot = ref _open[_hot];
        CacheLines.Prefetch(ref hot, Unsafe.SizeOf<OpenWindow>());
        hot.Sketch.Prefetch();
    }

    /// <summary>The sketch of a window, also where its one value was not worth one.</summary>
    private static ref QuantileSketch SketchOf(ref OpenWindow window, ref QuantileSketch single)
    {
        if (window.Moments.Count != 1)
        {
            return ref window.Sketch;
        }

        single.Clear();
        single.Add(window.Moments.First);
        return ref single;
    }

    private void AddLate(WindowPlan plan, double value, long atInMs, long watermarkInMs)
    {
        for (int level = 0; level < plan.Sizes.Length; level++)
        {
            WindowSize size = plan.Sizes[level];
            long startInMs = size.StartOf(atInMs);
            if (level > 0 && startInMs + size.LengthInMs() > watermarkInMs)
            {
                ref OpenWindow current = ref _open[level - 1];
                current.StartInMs = startInMs;
                current.Add(value, atInMs);
                NextCloseInMs = Math.Min(NextCloseInMs, startInMs + size.LengthInMs());
                return;
            }

            _closed.AddLate(size, startInMs, value, atInMs);
        }
    }

    private void Close(WindowPlan plan, int level, ref OpenWindow window)
    {
        _closed.Append(plan.Sizes[level], in window);
        if (level + 1 < plan.Sizes.Length)
        {
            // The larger window of an earlier time ended before this one began, so it is due as well.
            ref OpenWindow larger = ref _open[level];
            long startInMs = plan.Sizes[level + 1].StartOf(window.StartInMs);
            if (larger.Moments.Count > 0 && larger.StartInMs != startInMs)
            {
                Close(plan, level + 1, ref larger);
            }

            larger.StartInMs = startInMs;
            larger.Merge(in window);
        }

        window.Clear();
    }

    /// <summary>The open base window of this start, made where there is none yet.</summary>
    private int SlotFor(WindowPlan plan, long startInMs)
    {
        int larger = plan.Sizes.Length - 1;
        int free = -1;
        for (int slot = larger; slot < _open.Length; slot++)
        {
            if (_open[slot].Moments.Count == 0)
            {
                free = slot;
            }
            else if (_open[slot].StartInMs == startInMs)
            {
                return slot;
            }
        }

        if (free < 0)
        {
            free = _open.Length;
            Array.Resize(ref _open, free + 1);
        }

        _open[free].StartInMs = startInMs;
        NextCloseInMs = Math.Min(NextCloseInMs, startInMs + plan.BaseLengthInMs);
        if (_open[_hot].Moments.Count == 0 || startInMs > _open[_hot].StartInMs)
        {
            _hot = free;
        }

        return free;
    }

    private readonly int OldestBase(WindowPlan plan)
    {
        int oldest = -1;
        for (int slot = plan.Sizes.Length - 1; slot < _open.Length; slot++)
        {
            if (_open[slot].Moments.Count > 0 && (oldest < 0 || _open[slot].StartInMs < _open[oldest].StartInMs))
            {
                oldest = slot;
            }
        }

        return oldest;
    }

    private void FindNextClose(WindowPlan plan)
    {
        int larger = plan.Sizes.Length - 1;
        long next = long.MaxValue;
        for (int slot = 0; slot < _open.Length; slot++)
        {
            if (_open[slot].Moments.Count > 0)
            {
                long lengthInMs = slot < larger ? plan.Sizes[slot + 1].LengthInMs() : plan.BaseLengthInMs;
                next = Math.Min(next, _open[slot].StartInMs + lengthInMs);
            }
        }

        NextCloseInMs = next;
    }
}

/// <summary>Takes windows as they are handed out.</summary>
public interface IClosedWindows
{
    /// <summary>Called once for each window and revision; the argument is valid during the call only.</summary>
    void Closed(in ClosedWindow window);
}
