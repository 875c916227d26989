namespace Streams.Domain.Cap;

/// <summary>How much one document may cost its reader. What is beyond is refused, with the limit's number.</summary>
public sealed record CapLimits
{
    public static CapLimits Default { get; } = new();

    /// <summary>Default 1 MiB: ten times the largest alert seen, which carried a sound recording.</summary>
    public int MaxBytes { get; init; } = 1 << 20;

    /// <summary>Elements within elements, signatures and feeds included. Default 32; an alert itself needs 5.</summary>
    public int MaxDepth { get; init; } = 32;

    /// <summary>Default 100: more languages than any state has, times some phases.</summary>
    public int MaxInfos { get; init; } = 100;

    /// <summary>In all info blocks together. Default 5,000: each municipality of a large country in two languages would be sent as geocodes.</summary>
    public int MaxAreas { get; init; } = 5_000;

    /// <summary>Corners of all polygons together. Default 100,000: what 1 MiB holds at ten bytes each.</summary>
    public int MaxPoints { get; init; } = 100_000;

    /// <summary>Alerts in one feed. Default 1,000.</summary>
    public int MaxAlerts { get; init; } = 1_000;

    /// <summary>Findings listed; the rest is only counted. Default 500.</summary>
    public int MaxFindings { get; init; } = 500;
}
