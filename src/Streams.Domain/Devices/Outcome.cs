using Streams.Domain.Readings;

namespace Streams.Domain.Devices;

/// <summary>What a reading or a wake-up came to, and so how soon it must be written.</summary>
public enum OutcomeKind : byte
{
    /// <summary>State changed, nothing to say.</summary>
    Quiet,

    /// <summary>Applied before; nothing changed but the counter of repeats.</summary>
    Repeat,

    /// <summary>Windows closed or were revised: they can wait for the sweep.</summary>
    Speaks,

    /// <summary>Something was decided that others wait for: registered, moved, an anomaly raised or cleared.</summary>
    Decided,

    /// <summary>Not taken; nothing changed but, where the refusal is a decision, what the device says of it.</summary>
    Refused,
}

/// <param name="Refusal">Set for <see cref="OutcomeKind.Refused"/> only.</param>
public readonly record struct Outcome(OutcomeKind Kind, Refusal? Refusal = null)
{
    /// <summary>Refused, and the device has something to say of it that others wait for.</summary>
    public bool IsDecision { get; init; }

    internal static Outcome Refuse(string reason, string field, string message) =>
        new(OutcomeKind.Refused, new Refusal(reason, field, message));
}
