using System.Text;
using Streams.Domain.Devices;

namespace Streams.Domain.Readings;

/// <summary>What a metric's value was in the record; the device type decides whether it fits.</summary>
public enum ValueKind : byte
{
    Number,
    Boolean,
    Text,
}

/// <summary>One metric of a reading. Names are places in the reading's own text: see <see cref="Reading.TextOf"/>.</summary>
public struct ReadingEntry
{
    public TextRange Name;
    public TextRange Unit;

    /// <summary>For <see cref="ValueKind.Text"/>.</summary>
    public TextRange Text;

    /// <summary>Event time, Unix milliseconds. The same for all entries except where a SenML pack holds several times.</summary>
    public long TimeInMs;

    /// <summary>As sent; for a boolean 1 or 0. Replaced by the value in the type's unit when a device has checked it.</summary>
    public double Value;

    public ValueKind Kind;

    /// <summary>Where the device that checked this entry keeps its metric.</summary>
    internal int Slot;
}

/// <summary>A piece of a reading's text; empty for what was not sent.</summary>
public readonly record struct TextRange(int Start, int Length)
{
    public bool IsEmpty => Length == 0;
}

/// <summary>
/// One message of one device: at least one metric at a time. Filled again and again by a parser, so that reading a record
/// allocates nothing; it copies the few names it needs and keeps nothing of the record.
/// </summary>
public sealed class Reading
{
    private byte[] _text = new byte[512];
    private int _used;
    private ReadingEntry[] _entries = new ReadingEntry[8];

    /// <summary>1 to 200 bytes of ASCII letters, digits and <c>-._:/@+~#=</c>.</summary>
    public ReadOnlySpan<byte> DeviceId => TextOf(DeviceIdRange);

    /// <summary>Empty when not sent.</summary>
    public ReadOnlySpan<byte> Type => TextOf(TypeRange);

    /// <summary>Empty when not sent.</summary>
    public ReadOnlySpan<byte> Area => TextOf(AreaRange);

    /// <summary>Newest event time in it, Unix milliseconds.</summary>
    public long TimeInMs { get; internal set; }

    /// <summary>The device's own counter; null when not sent.</summary>
    public long? Sequence { get; internal set; }

    /// <summary>WGS 84; null when not sent.</summary>
    public GeoPoint? Location { get; internal set; }

    /// <summary>Set where the message is no reading but a word to its device: then there is nothing beside it and <see cref="DeviceId"/>.</summary>
    public DeviceOrder? Order { get; internal set; }

    public int Count { get; private set; }

    /// <summary>In ascending time, as they came within one time.</summary>
    public Span<ReadingEntry> Entries => _entries.AsSpan(0, Count);

    internal TextRange DeviceIdRange { get; set; }

    internal TextRange TypeRange { get; set; }

    internal TextRange AreaRange { get; set; }

    public ReadOnlySpan<byte> TextOf(TextRange range) => _text.AsSpan(range.Start, range.Length);

    public string StringOf(TextRange range) => Encoding.UTF8.GetString(TextOf(range));

    internal void Clear()
    {
        _used = 0;
        Count = 0;
        DeviceIdRange = TypeRange = AreaRange = default;
        TimeInMs = 0;
        Sequence = null;
        Location = null;
        Order = null;
    }

    internal TextRange Keep(ReadOnlySpan<byte> text)
    {
        text.CopyTo(Room(text.Length));
        return Take(text.Length);
    }

    /// <summary>Space for text that is written piece by piece; <see cref="Take"/> says how much became of it.</summary>
    internal Span<byte> Room(int length)
    {
        if (_used + length > _text.Length)
        {
            Array.Resize(ref _text, Math.Max(_text.Length * 2, _used + length));
        }

        return _text.AsSpan(_used, length);
    }

    internal TextRange Take(int length)
    {
        var range = new TextRange(_used, length);
        _used += length;
        return range;
    }

    internal ref ReadingEntry Add()
    {
        if (Count == _entries.Length)
        {
            Array.Resize(ref _entries, _entries.Length * 2);
        }

        ref ReadingEntry entry = ref _entries[Count++];
        entry = default;
        return ref entry;
    }

    /// <summary>Puts entries in ascending time; those of one time keep their order. Nearly always they are already.</summary>
    internal void SortByTime()
    {
        Span<ReadingEntry> entries = Entries;
        for (int i = 1; i < entries.Length; i++)
        {
            if (entries[i].TimeInMs >= entries[i - 1].TimeInMs)
            {
                continue;
            }

            ReadingEntry moving = entries[i];
            int at = i;
            for (; at > 0 && entries[at - 1].TimeInMs > moving.TimeInMs; at--)
            {
                entries[at] = entries[at - 1];
            }

            entries[at] = moving;
        }
    }
}

/// <summary>A place on the ground, WGS 84 degrees.</summary>
public readonly record struct GeoPoint(double Longitude, double Latitude)
{
    internal const string InWords =
        "A location is a GeoJSON point, {\"type\":\"Point\",\"coordinates\":[longitude, latitude]}, longitude within 180 and latitude within 90 degrees.";

    /// <summary>False also for what is no number.</summary>
    public bool IsOnEarth => Math.Abs(Longitude) <= 180 && Math.Abs(Latitude) <= 90;
}
