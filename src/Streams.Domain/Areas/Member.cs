using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

/// <summary>A device, or a child area, within an area.</summary>
internal sealed class Member
{
    private const byte Area = 1;
    private const byte LeftOut = 2;
    private const byte IsSilent = 4;
    private const byte IsOdd = 8;

    public required string Id { get; init; }

    public bool IsArea { get; init; }

    public long WatermarkInMs { get; set; } = long.MinValue;

    public long LastEventInMs { get; set; } = long.MinValue;

    public int Devices { get; set; }

    public int Silent { get; set; }

    /// <summary>Open anomalies of the device; of child areas they are not known.</summary>
    public int Anomalies { get; set; }

    /// <summary>Those of them that say that the device does not work.</summary>
    public int Faults { get; set; }

    /// <summary>It lags, and windows no longer wait for it.</summary>
    public bool IsLeftOut { get; set; }

    public bool IsBroken => !IsArea && (Silent > 0 || Faults > 0);

    /// <param name="before">Id of the member before.</param>
    /// <param name="beforeInMs">Its watermark.</param>
    public void Save(SnapshotWriter writer, string before, long beforeInMs)
    {
        bool isOdd = Anomalies > 0 || Faults > 0;
        writer.Byte((byte)((IsArea ? Area : 0) | (IsLeftOut ? LeftOut : 0) | (!IsArea && Silent > 0 ? IsSilent : 0) | (isOdd ? IsOdd : 0)));
        int shared = before.AsSpan().CommonPrefixLength(Id);
        shared -= shared > 0 && char.IsHighSurrogate(Id[shared - 1]) ? 1 : 0;
        writer.Unsigned((ulong)shared);
        writer.Text(Id[shared..]);
        writer.Signed(unchecked(WatermarkInMs - beforeInMs));
        writer.Signed(unchecked(LastEventInMs - WatermarkInMs));
        if (IsArea)
        {
            writer.Unsigned((ulong)Devices);
            writer.Unsigned((ulong)Silent);
        }

        if (isOdd)
        {
            writer.Unsigned((ulong)Anomalies);
            writer.Unsigned((ulong)Faults);
        }
    }

    public static Member Restore(ref SnapshotReader reader, string before, long beforeInMs)
    {
        byte flags = reader.Byte();
        bool isArea = (flags & Area) != 0;
        int shared = reader.Count(before.Length);
        string id = string.Concat(before.AsSpan(0, shared), reader.Text());
        long watermarkInMs = unchecked(beforeInMs + reader.Signed());
        return new Member
        {
            Id = id,
            IsArea = isArea,
            IsLeftOut = (flags & LeftOut) != 0,
            WatermarkInMs = watermarkInMs,
            LastEventInMs = unchecked(watermarkInMs + reader.Signed()),
            Devices = isArea ? reader.Count(int.MaxValue) : 1,
            Silent = isArea ? reader.Count(int.MaxValue) : (flags & IsSilent) != 0 ? 1 : 0,
            Anomalies = (flags & IsOdd) != 0 ? reader.Count(int.MaxValue) : 0,
            Faults = (flags & IsOdd) != 0 ? reader.Count(int.MaxValue) : 0,
        };
    }

    /// <summary>As areas wrote it until version 2 of their snapshot.</summary>
    public static Member RestoreVersion2(ref SnapshotReader reader) => new()
    {
        Id = reader.Text(),
        IsArea = reader.Flag(),
        WatermarkInMs = reader.Signed(),
        LastEventInMs = reader.Signed(),
        Devices = reader.Count(int.MaxValue),
        Silent = reader.Count(int.MaxValue),
        IsLeftOut = reader.Flag(),
    };
}
