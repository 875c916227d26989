using System.Text;

namespace Streams.Domain.Windows;

/// <summary>Length of a tumbling window on event time; windows start at multiples of their length since the Unix epoch (UTC). Stored: never renumber.</summary>
public enum WindowSize : byte
{
    Minute = 0,
    Quarter = 1,
    Hour = 2,
    Day = 3,
}

public static class WindowSizes
{
    public const int Count = 4;

    private static readonly long[] Lengths = [60_000, 900_000, 3_600_000, 86_400_000];
    private static readonly string[] Names = ["PT1M", "PT15M", "PT1H", "P1D"];
    private static readonly byte[][] Utf8Names = [.. Names.Select(Encoding.UTF8.GetBytes)];

    public static long LengthInMs(this WindowSize size) => Lengths[(int)size];

    /// <summary>ISO 8601 duration: PT1M, PT15M, PT1H, P1D.</summary>
    public static string Iso(this WindowSize size) => Names[(int)size];

    public static ReadOnlySpan<byte> IsoUtf8(this WindowSize size) => Utf8Names[(int)size];

    /// <summary>Start of the window that holds this time; floors also before 1970.</summary>
    public static long StartOf(this WindowSize size, long timeInMs)
    {
        long length = Lengths[(int)size];
        long start = timeInMs - (timeInMs % length);
        return timeInMs < start ? start - length : start;
    }

    public static bool TryParse(string iso, out WindowSize size)
    {
        int index = Array.IndexOf(Names, iso);
        size = (WindowSize)Math.Max(index, 0);
        return index >= 0;
    }
}
