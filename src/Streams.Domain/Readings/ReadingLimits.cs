using System.Buffers;

namespace Streams.Domain.Readings;

/// <summary>What a reading may be at most, and which characters its names may have.</summary>
public static class ReadingLimits
{
    /// <summary>256 metrics with the longest names and units come to about 60 KB; what is four times that is no reading.</summary>
    public const int MostBytes = 256 * 1024;

    public const int MostMetrics = 256;

    /// <summary>Kafka keys, URLs and file names stay handy.</summary>
    public const int LongestDeviceId = 200;

    public const int LongestName = 128;

    public const int LongestText = 256;

    /// <summary>A device's clock may be ahead of ours by this much.</summary>
    public const long FutureToleranceInMs = 5 * 60 * 1000;

    /// <summary>50 years of 365.25 days: a clock that was never set, not a recording.</summary>
    public const long OldestInMs = 50L * 31_557_600_000;

    /// <summary>What an id must be, for whoever wrote another.</summary>
    public static readonly string DeviceIdInWords = $"A device id is 1 to {LongestDeviceId} ASCII letters, digits and -._:/@+~#=.";

    private static readonly SearchValues<byte> IdBytes =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:/@+~#="u8);

    private static readonly SearchValues<byte> NameBytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"u8);

    public static bool IsDeviceId(ReadOnlySpan<byte> id) =>
        id.Length is > 0 and <= LongestDeviceId && !id.ContainsAnyExcept(IdBytes);

    /// <summary>Types and metrics: ASCII letters, digits, <c>_ . -</c>.</summary>
    public static bool IsName(ReadOnlySpan<byte> name) =>
        name.Length is > 0 and <= LongestName && !name.ContainsAnyExcept(NameBytes);
}
