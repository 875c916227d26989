namespace Streams.Domain.Devices;

/// <summary>What a sequence number says about a reading.</summary>
internal enum SequenceVerdict
{
    New,
    Repeat,

    /// <summary>Too far back to know: judge by time and value.</summary>
    Unknown,
}

/// <summary>
/// The last 64 sequence numbers of a device: greater ones are new, those within are new once, in any order. A number that goes back
/// while the device's clock goes forward is a device that started anew and counts from the beginning.
/// </summary>
internal struct SequenceWindow
{
    internal long Highest;
    internal ulong Seen;

    internal readonly SequenceVerdict Judge(long sequence, bool isNewestTime)
    {
        if (Seen == 0 || sequence > Highest)
        {
            return SequenceVerdict.New;
        }

        long back = Highest - sequence;
        if (back < 64 && (Seen & (1UL << (int)back)) == 0)
        {
            return SequenceVerdict.New;
        }

        return isNewestTime ? SequenceVerdict.New
            : back < 64 ? SequenceVerdict.Repeat
            : SequenceVerdict.Unknown;
    }

    internal void Note(long sequence, bool isNewestTime)
    {
        long ahead = sequence - Highest;
        bool restarted = ahead <= 0 && isNewestTime && (ahead <= -64 || (Seen & (1UL << (int)-ahead)) != 0);
        if (Seen == 0 || restarted || ahead >= 64)
        {
            Highest = sequence;
            Seen = 1;
        }
        else if (ahead > 0)
        {
            Highest = sequence;
            Seen = (Seen << (int)ahead) | 1;
        }
        else if (ahead > -64)
        {
            Seen |= 1UL << (int)-ahead;
        }
    }
}
