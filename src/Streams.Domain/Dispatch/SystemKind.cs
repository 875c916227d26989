using System.Collections.Immutable;

namespace Streams.Domain.Dispatch;

/// <summary>A kind of city system, such as <c>street-lighting</c>: what it can be told to do. A city has one in each area that its folder names.</summary>
public sealed record SystemKind
{
    /// <summary>kebab-case; the last part of the key of its commands, <c>area/system</c>.</summary>
    public required string Name { get; init; }

    /// <summary>For people.</summary>
    public required string Title { get; init; }

    /// <summary>By name.</summary>
    public required ImmutableDictionary<string, SystemAction> Actions { get; init; }

    /// <summary>Types of the devices that it acts on; none where it sends units or acts on an area.</summary>
    public ImmutableArray<string> Devices { get; init; } = [];

    /// <summary>It says that it accepts or rejects a command within this; else it is asked again. Default 10 s; 1 s to 10 min.</summary>
    public TimeSpan Answers { get; init; } = TimeSpan.FromSeconds(10);
}

/// <summary>Something that a system can be told to do. Doing it twice does no more than doing it once.</summary>
public sealed record SystemAction
{
    /// <summary>kebab-case.</summary>
    public required string Name { get; init; }

    public required string Title { get; init; }

    public required ActionTarget Target { get; init; }

    /// <summary>The action that takes it back, with the same targets; null where there is nothing to take back (a message was sent, a place was inspected).</summary>
    public string? Undo { get; init; }

    /// <summary>
    /// Of an area's actions: several stand side by side, as messages do, and each is taken back by itself. Otherwise an area has one state, and of two incidents that want
    /// different ones the more urgent has it.
    /// </summary>
    public bool StandsBeside { get; init; }

    /// <summary>By name.</summary>
    public ImmutableDictionary<string, ActionParameter> Parameters { get; init; } = ImmutableDictionary<string, ActionParameter>.Empty;

    /// <summary>A command that is not done by then has failed, unless its step says otherwise. Default 15 min; 10 s to 7 days.</summary>
    public TimeSpan Within { get; init; } = TimeSpan.FromMinutes(15);
}

/// <summary>What an action is done to.</summary>
public enum ActionTarget : byte
{
    /// <summary>The area as a whole.</summary>
    Area,

    /// <summary>Devices of the system's types, which its dispatcher chooses by distance and state.</summary>
    Devices,

    /// <summary>A unit (a crew, a vehicle) that is at one place at a time and serves one incident at a time.</summary>
    Unit,
}

/// <param name="Unit">UCUM or a word; empty for texts.</param>
/// <param name="Choices">What a text may be; none for any.</param>
public sealed record ActionParameter(string Name, ParameterKind Kind, string Unit, double Least, double Most, ImmutableArray<string> Choices, bool IsRequired);

public enum ParameterKind : byte
{
    Number,
    Text,
    Flag,
}
