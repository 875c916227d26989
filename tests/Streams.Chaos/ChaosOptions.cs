namespace Streams.Chaos;

/// <summary>What to run. Immutable; change with <c>with</c>.</summary>
public sealed record ChaosOptions
{
    /// <summary>Of the load and of the order of faults; what processes do with them is their own.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>How long faults go on. Default 5 min; 10 s to 24 h. Beginning, healing and checking come on top: about a minute.</summary>
    public TimeSpan Length { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Names of the faults to take turns; empty for all. See <see cref="Faults.FaultList"/>.</summary>
    public IReadOnlyList<string> Faults { get; init; } = [];

    /// <summary>Crash points for the fault <c>crash</c>; empty for all.</summary>
    public IReadOnlyList<string> CrashPoints { get; init; } = [];

    /// <summary>Every fault, and every crash point, once; the length is then the longest it may take.</summary>
    public bool Once { get; init; }

    /// <summary>2 to 8.</summary>
    public int Nodes { get; init; } = 3;

    /// <summary>Sensors, each of which speaks once a second. 20 to 9,000.</summary>
    public int Sensors { get; init; } = 1_500;

    /// <summary>Where logs go; null for a folder of its own under the system's temporary one.</summary>
    public string? Folder { get; init; }

    /// <summary>Keeps the folder though nothing was found.</summary>
    public bool Keep { get; init; }
}
