using System.Buffers;
using System.Buffers.Binary;

namespace Streams.Domain.Windows;

/// <summary>
/// A metric's closed windows, packed: those not yet handed out, and those still within retention, which take late values. An
/// object each would cost more than all the rest of a device.
/// </summary>
/// <remarks>
/// An entry: length of the whole entry (2 bytes), flags (1), start as a multiple of the size, revision, the window, and where the
/// flag says so the window of what was added since it was last handed out. A window is 13 bytes or so for one value.
/// </remarks>
internal struct ClosedWindows
{
    private const int SizeMask = 0b0000_0011;
    private const int Pending = 0b0000_0100;
    private const int HasAdded = 0b0000_1000;
    private const int HeaderLength = 3;

    private byte[]? _bytes;
    private int _from;
    private int _to;

    /// <summary>How many windows wait to be handed out.</summary>
    internal int PendingCount { get; private set; }

    internal readonly int SizeInBytes => _bytes is null ? 0 : 24 + _bytes.Length;

    internal readonly ReadOnlySpan<byte> Packed => _bytes.AsSpan(_from, _to - _from);

    /// <summary>A window that closed just now.</summary>
    internal void Append(WindowSize size, in OpenWindow window)
    {
        Write(size, Pending, 0, in window, in window);
        PendingCount++;
    }

    /// <summary>Adds a late value to a closed window; one that never was is made.</summary>
    internal void AddLate(WindowSize size, long startInMs, double value, long atInMs)
    {
        ClosedWindowScratch scratch = ClosedWindowScratch.OfThread;
        for (int at = _from; at < _to; at += LengthAt(at))
        {
            if ((_bytes![at + 2] & SizeMask) != (int)size || !TryRead(at, scratch) || scratch.Whole.StartInMs != startInMs)
            {
                continue;
            }

            // Not handed out yet: the value simply belongs to it. Handed out: a revision, which gathers what comes until it is handed out.
            int flags = _bytes[at + 2];
            int revision = scratch.Revision;
            bool fresh = (flags & (Pending | HasAdded)) == Pending;
            if ((flags & Pending) == 0)
            {
                revision++;
                PendingCount++;
                scratch.Added.Clear();
            }

            scratch.Whole.Add(value, atInMs);
            scratch.Added.StartInMs = startInMs;
            scratch.Added.Add(value, atInMs);
            Remove(at);
            Write(size, fresh ? Pending : Pending | HasAdded, revision, in scratch.Whole, in scratch.Added);
            return;
        }

        scratch.Whole.Clear();
        scratch.Whole.StartInMs = startInMs;
        scratch.Whole.Add(value, atInMs);
        Append(size, in scratch.Whole);
    }

    /// <summary>Forgets what was handed out and takes no more late values.</summary>
    internal void Evict(long watermarkInMs, long retentionInMs)
    {
        while (_from < _to && (_bytes![_from + 2] & Pending) == 0)
        {
            var size = (WindowSize)(_bytes[_from + 2] & SizeMask);
            var reader = new SnapshotReader(_bytes.AsSpan(_from + HeaderLength, _to - _from - HeaderLength));
            long endInMs = (reader.Signed() + 1) * size.LengthInMs();
            if (watermarkInMs - endInMs <= retentionInMs)
            {
                break;
            }

            _from += LengthAt(_from);
        }

        if (_from == _to)
        {
            _from = _to = 0;
        }
    }

    /// <summary>Finds the next window to hand out at or after <paramref name="at"/> (begin with 0), reads it and marks it as handed out.</summary>
    internal bool TakePending(ref int at, ClosedWindowScratch into)
    {
        for (at = Math.Max(at, _from); at < _to; at += LengthAt(at))
        {
            int flags = _bytes![at + 2];
            if ((flags & Pending) == 0)
            {
                continue;
            }

            bool read = TryRead(at, into);
            _bytes[at + 2] = (byte)(flags & SizeMask);
            PendingCount--;
            if (read)
            {
                at += LengthAt(at);
                return true;
            }
        }

        return false;
    }

    /// <summary>Takes back what <see cref="Packed"/> gave. Entries are checked for their lengths; false leaves nothing.</summary>
    internal bool Restore(ReadOnlySpan<byte> packed)
    {
        _from = 0;
        _to = packed.Length;
        _bytes = packed.IsEmpty ? null : packed.ToArray();
        PendingCount = 0;
        for (int at = 0; at < _to; at += LengthAt(at))
        {
            if (_to - at <= HeaderLength || LengthAt(at) <= HeaderLength || LengthAt(at) > _to - at)
            {
                this = default;
                return false;
            }

            PendingCount += (_bytes![at + 2] & Pending) != 0 ? 1 : 0;
        }

        return true;
    }

    private readonly int LengthAt(int at) => BinaryPrimitives.ReadUInt16LittleEndian(_bytes.AsSpan(at));

    private readonly bool TryRead(int at, ClosedWindowScratch into)
    {
        int flags = _bytes![at + 2];
        var size = (WindowSize)(flags & SizeMask);
        var reader = new SnapshotReader(_bytes.AsSpan(at + HeaderLength, LengthAt(at) - HeaderLength));
        into.Size = size;
        into.Whole.StartInMs = into.Added.StartInMs = reader.Signed() * size.LengthInMs();
        into.Revision = (int)reader.Unsigned();
        into.Whole.Decode(ref reader);
        into.HasAdded = (flags & HasAdded) != 0;
        if (into.HasAdded)
        {
            into.Added.Decode(ref reader);
        }

        return !reader.Failed;
    }

    private void Remove(int at)
    {
        int length = LengthAt(at);
        _bytes.AsSpan(at + length, _to - at - length).CopyTo(_bytes.AsSpan(at));
        _to -= length;
    }

    private void Write(WindowSize size, int flags, int revision, in OpenWindow whole, in OpenWindow added)
    {
        ArrayBufferWriter<byte> packed = ClosedWindowScratch.OfThread.Packed;
        packed.ResetWrittenCount();
        var writer = new SnapshotWriter(packed);
        writer.Signed(whole.StartInMs / size.LengthInMs());
        writer.Unsigned((ulong)revision);
        whole.Encode(writer, packed);
        if ((flags & HasAdded) != 0)
        {
            added.Encode(writer, packed);
        }

        int length = HeaderLength + packed.WrittenCount;
        Reserve(length);
        BinaryPrimitives.WriteUInt16LittleEndian(_bytes.AsSpan(_to), (ushort)length);
        _bytes![_to + 2] = (byte)((int)size | flags);
        packed.WrittenSpan.CopyTo(_bytes.AsSpan(_to + HeaderLength));
        _to += length;
    }

    private void Reserve(int length)
    {
        if (_bytes is not null && _to + length <= _bytes.Length)
        {
            return;
        }

        int used = _to - _from;
        byte[]? old = _bytes;
        if (_bytes is null || used + length > _bytes.Length)
        {
            // Grown by an eighth, a little at least: a device's buffer soon has the size it needs for good.
            _bytes = new byte[(used + length + Math.Max(24, used / 8)) & ~7];
        }

        old?.AsSpan(_from, used).CopyTo(_bytes);
        _from = 0;
        _to = used;
    }
}

/// <summary>Where one thread unpacks the window it handles, so that reading a packed window allocates nothing once warm.</summary>
internal sealed class ClosedWindowScratch
{
    [ThreadStatic]
    private static ClosedWindowScratch? _ofThread;

    internal OpenWindow Whole;
    internal OpenWindow Added;

    /// <summary>The whole window's sketch, which has values even where the window has only one.</summary>
    internal QuantileSketch WholeSketch;
    internal QuantileSketch AddedSketch;

    internal static ClosedWindowScratch OfThread => _ofThread ??= new ClosedWindowScratch();

    internal ArrayBufferWriter<byte> Packed { get; } = new(256);

    internal WindowSize Size { get; set; }

    internal int Revision { get; set; }

    internal bool HasAdded { get; set; }
}
