using System.Buffers;
using System.Runtime.CompilerServices;
using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>
/// A subject's closed windows on their way to history: a run of packed rows for each size, side by side in one buffer. When the buffer is
/// full, the run that needs it least becomes a row of history; so the many minutes leave often, and hours and days gather for weeks.
/// A mutable struct: keep it in one field.
/// </summary>
internal struct HistoryRuns
{
    /// <summary>All runs together. More would be larger rows, and a larger device in memory and in its snapshot, which is written much oftener than history.</summary>
    internal const int MostInBytes = 512;

    /// <summary>
    /// A run spans at most so many windows of its size, first to last, so that whoever looks for a time need not look at rows that begin
    /// longer before it. The fullest runs of one metric hold half as many.
    /// </summary>
    internal const int LongestInWindows = 512;

    private byte[] _bytes;
    private Run4 _runs;

    /// <summary>The number of members follows each row's start: an area's history.</summary>
    private readonly bool _hasMembers;

    public HistoryRuns(bool hasMembers)
    {
        _bytes = [];
        _hasMembers = hasMembers;
    }

    internal readonly int LengthInBytes => _runs[0].Length + _runs[1].Length + _runs[2].Length + _runs[3].Length;

    /// <summary>Memory of the buffer.</summary>
    internal readonly int SizeInBytes => 24 + _bytes.Length;

    /// <summary>Adds a window under its metric's number in this subject's history.</summary>
    /// <param name="output">Takes what becomes a row of history by it.</param>
    internal void Add(int number, in ClosedWindow window, int members, IHistoryOutput output)
    {
        long lengthInMs = window.Size.LengthInMs();
        long at = window.StartInMs / lengthInMs;
        if (at is < int.MinValue or > int.MaxValue)
        {
            // No reading is of such a time; only damage is.
            return;
        }

        int start = (int)at;
        int size = (int)window.Size;
        ref Run run = ref _runs[size];
        if (run.Length > 0 && Math.Max(run.Through, at) - Math.Min(run.From, at) >= LongestInWindows)
        {
            HandOut(size, output);
        }

        ArrayBufferWriter<byte> row = ClosedWindowScratch.OfThread.Packed;
        row.ResetWrittenCount();
        var writer = new SnapshotWriter(row);
        if (run.Length == 0)
        {
            writer.Byte(_hasMembers ? WindowHistory.VersionWithMembers : WindowHistory.Version);
            writer.Signed(start);
            run = new Run { From = start, Through = start, Previous = start, LastNumber = -1 };
        }

        int form = HistoryFigures.FormOf(in window.Moments);
        int expected = number > run.LastNumber ? run.Previous : run.Previous + 1;
        writer.Unsigned(((ulong)(uint)number << 4) | (window.Revision > 0 ? 8UL : 0) | (start != expected ? 4UL : 0) | (uint)form);
        if (start != expected)
        {
            writer.Signed((long)start - run.Previous);
        }

        if (window.Revision > 0)
        {
            writer.Unsigned((ulong)window.Revision);
        }

        if (_hasMembers)
        {
            writer.Unsigned((ulong)members);
        }

        HistoryFigures.Write(writer, form, in window.Moments, in window.Sketch);
        run.Previous = start;
        run.LastNumber = number;
        run.From = Math.Min(run.From, start);
        run.Through = Math.Max(run.Through, start);
        Insert(size, row.WrittenSpan);
        if (LengthInBytes > MostInBytes)
        {
            HandOut(LeastNeeded(), output);
        }
    }

    /// <summary>Hands out everything, full or not.</summary>
    internal void HandOutAll(IHistoryOutput output)
    {
        for (int size = 0; size < WindowSizes.Count; size++)
        {
            if (_runs[size].Length > 0)
            {
                HandOut(size, output);
            }
        }
    }

    /// <summary>Shows what is not yet handed out, without handing it out.</summary>
    internal readonly void Show(IHistoryOutput output)
    {
        for (int size = 0; size < WindowSizes.Count; size++)
        {
            if (_runs[size].Length > 0)
            {
                output.History((HistoryPart)size, _runs[size].From * ((WindowSize)size).LengthInMs(), _bytes.AsSpan(StartOf(size), _runs[size].Length));
            }
        }
    }

    internal readonly void Save(SnapshotWriter writer)
    {
        for (int size = 0; size < WindowSizes.Count; size++)
        {
            Run run = _runs[size];
            writer.Bytes(_bytes.AsSpan(StartOf(size), run.Length));
            if (run.Length > 0)
            {
                writer.Signed(run.Previous);
                writer.Signed((long)run.From - run.Previous);
                writer.Signed((long)run.Through - run.Previous);
                writer.Signed(run.LastNumber);
            }
        }
    }

    /// <summary>Takes back what <see cref="Save"/> wrote.</summary>
    internal void Restore(ref SnapshotReader reader)
    {
        _runs = default;
        for (int size = 0; size < WindowSizes.Count && !reader.Failed; size++)
        {
            ReadOnlySpan<byte> rows = reader.Bytes();
            if (!rows.IsEmpty)
            {
                int previous = (int)reader.Signed();
                _runs[size] = new Run
                {
                    Previous = previous, From = previous + (int)reader.Signed(), Through = previous + (int)reader.Signed(), LastNumber = (int)reader.Signed(),
                };
                Insert(size, rows);
            }
        }
    }

    /// <summary>The longest, where an hour's byte counts half and a day's a third: they are kept for years, and in larger rows take less.</summary>
    private readonly int LeastNeeded()
    {
        int least = 0;
        int most = 0;
        for (int size = 0; size < WindowSizes.Count; size++)
        {
            int weight = _runs[size].Length * 6 / Math.Max(1, size);
            if (weight > most)
            {
                (least, most) = (size, weight);
            }
        }

        return least;
    }

    private void HandOut(int size, IHistoryOutput output)
    {
        ref Run run = ref _runs[size];
        int at = StartOf(size);
        Span<byte> room = stackalloc byte[HistoryCompression.Room];
        ReadOnlySpan<byte> rows = _bytes.AsSpan(at, run.Length);
        output.History((HistoryPart)size, run.From * ((WindowSize)size).LengthInMs(), size >= (int)WindowSize.Hour ? HistoryCompression.Shorten(rows, room) : rows);
        _bytes.AsSpan(at + run.Length, LengthInBytes - at - run.Length).CopyTo(_bytes.AsSpan(at));
        run = default;
    }

    /// <summary>Days lie first and minutes last: what grows most often moves nothing.</summary>
    private readonly int StartOf(int size)
    {
        int start = 0;
        for (int larger = WindowSizes.Count - 1; larger > size; larger--)
        {
            start += _runs[larger].Length;
        }

        return start;
    }

    private void Insert(int size, ReadOnlySpan<byte> rows)
    {
        int length = LengthInBytes;
        int needed = length + rows.Length;
        if (needed > _bytes.Length)
        {
            // Grows by half up to what a full one takes; a row more than that, when a single one is so long.
            Array.Resize(ref _bytes, needed <= MostInBytes ? Math.Min(MostInBytes + 64, (needed * 3 / 2) + 32) : needed + 32);
        }

        int at = StartOf(size) + _runs[size].Length;
        _bytes.AsSpan(at, length - at).CopyTo(_bytes.AsSpan(at + rows.Length));
        rows.CopyTo(_bytes.AsSpan(at));
        _runs[size].Length += rows.Length;
    }

    /// <summary>Times are in windows of the run's size since the Unix epoch.</summary>
    private struct Run
    {
        public int Length;
        public int Previous;
        public int From;
        public int Through;
        public int LastNumber;
    }

    [InlineArray(WindowSizes.Count)]
    private struct Run4
    {
        private Run _first;
    }
}
