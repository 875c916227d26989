using System.Collections.Immutable;

namespace Streams.Simulator.Obeying;

/// <summary>Something that one of the city's systems has done.</summary>
/// <param name="CommandId">By which it was told to; one id is one deed, however often it is told of.</param>
/// <param name="Targets">Devices or units; none for the area as a whole.</param>
/// <param name="TimeInMs">The city's time.</param>
/// <param name="Units">How many crews or vehicles did it; 0 where it is no unit's.</param>
/// <param name="Undoes">Actions of the system that this one takes back.</param>
/// <param name="Compensates">The command that it takes back; null where it takes back whatever stands in the area.</param>
public sealed record Deed(
    string CommandId, string System, string Action, string Area, ImmutableArray<string> Targets, ImmutableSortedDictionary<string, string> Parameters,
    long TimeInMs, int Units, ImmutableArray<string> Undoes, string? Compensates)
{
    /// <summary>The city's time at which it was taken back; null while it stands.</summary>
    public long? UndoneAtInMs { get; init; }

    /// <summary>Whether this is what <paramref name="undo"/> means; <paramref name="named"/>: one that stands has the very id that it compensates.</summary>
    internal static bool IsMeant(Deed undo, bool named, string commandId, string system, string action, string area) =>
        system == undo.System && undo.Undoes.Contains(action) && (named ? commandId == undo.Compensates : area == undo.Area);
}
