namespace Streams.Domain.Alerts;

/// <summary>What there is to say of an alert, before a language writes it: numbers, times and names. NaN and null where there is nothing.</summary>
public sealed record AlertFigures
{
    public required string Area { get; init; }

    /// <summary>Of what <see cref="Value"/>, <see cref="Worst"/> and <see cref="Usual"/> count, as readers of English know it.</summary>
    public string Unit { get; init; } = "";

    public double Value { get; init; } = double.NaN;

    public double Worst { get; init; } = double.NaN;

    public double Usual { get; init; } = double.NaN;

    /// <summary>What the steps compare with: in <see cref="Unit"/>, or times the usual, or a number or share of devices.</summary>
    public double Measure { get; init; } = double.NaN;

    public double Threshold { get; init; } = double.NaN;

    public int Count { get; init; }

    public int Members { get; init; }

    /// <summary>Ids, perhaps only the first few of <see cref="DeviceCount"/>.</summary>
    public IReadOnlyList<string> Devices { get; init; } = [];

    public int DeviceCount { get; init; }

    /// <summary>Names, perhaps only the first few of <see cref="PlaceCount"/>.</summary>
    public IReadOnlyList<string> Places { get; init; } = [];

    public int PlaceCount { get; init; }

    /// <summary>Its id.</summary>
    public string Metric { get; init; } = "";

    public required long SinceInMs { get; init; }

    public long? UntilInMs { get; init; }

    /// <summary>By which the times are told: that of the area's city.</summary>
    public TimeZoneInfo Zone { get; init; } = TimeZoneInfo.Utc;

    public long? EtaInMs { get; init; }

    public long? WindowInMs { get; init; }

    /// <summary>The newest anomaly of a device.</summary>
    public AnomalyFigures? Newest { get; init; }
}

/// <param name="Kind">As in the anomaly's JSON, and <c>limit</c>.</param>
/// <param name="Explanation">What the device itself says, in English.</param>
public sealed record AnomalyFigures(string Kind, string Metric, double Value, string Explanation);
