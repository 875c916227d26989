using System.Collections.Immutable;

namespace Streams.Domain.Cities;

/// <summary>A scenario that was started: where, when, and whether it still goes on.</summary>
/// <param name="Id">The scenario's name and a number, such as <c>flood-1</c>; what the run picks by chance follows from it and the city's seed.</param>
/// <param name="Area">Where its effects are that name no area themselves.</param>
/// <param name="StartedAtInMs">Event time, Unix milliseconds.</param>
/// <param name="EndsAtInMs">Event time at which everything is as before: by itself, after a stop once the effects have died down, or once what was done about it has ended them.</param>
/// <param name="StoppedAtInMs">When it was told to stop; null where it runs its course.</param>
public sealed record ScenarioRun(string Id, string Scenario, string Area, long StartedAtInMs, long EndsAtInMs, long? StoppedAtInMs = null)
{
    /// <summary>What was done about it, in the order in which it was done.</summary>
    public ImmutableArray<ScenarioRelief> Reliefs { get; init; } = [];

    public ScenarioRunState StateAt(long timeInMs) =>
        timeInMs >= EndsAtInMs ? ScenarioRunState.Ended
        : timeInMs >= StoppedAtInMs ? ScenarioRunState.Stopping
        : ScenarioRunState.Running;
}

/// <summary>What one thing that was done takes away from a run's effects.</summary>
/// <param name="CommandId">What was done twice under one id counts once.</param>
/// <param name="FromInMs">Event time at which the effects begin to fade.</param>
/// <param name="Share">Above 0, to 1, at the end of the fading.</param>
/// <param name="Of">As in <see cref="ScenarioResponse.Of"/>.</param>
/// <param name="UndoneAtInMs">When it was taken back: what it took away comes back as slowly as it went.</param>
public sealed record ScenarioRelief(
    string CommandId, string System, string Action, string Area, long FromInMs, long FadesInMs, double Share, ImmutableArray<string> Of, long? UndoneAtInMs = null)
{
    /// <summary>When it has taken away all that it does.</summary>
    public long FullAtInMs => FromInMs + FadesInMs;

    public bool Concerns(ScenarioEffect effect) => Of.IsEmpty || effect switch
    {
        ScenarioEffect.Condition condition => Of.Contains(condition.Quantity),
        ScenarioEffect.Fault fault => fault.Types.Any(Of.Contains),
        _ => false,
    };

    /// <summary>0 for nothing to <see cref="Share"/>.</summary>
    public double At(long timeInMs)
    {
        double left = UndoneAtInMs is { } undone && timeInMs > undone ? Ramp(FromInMs, undone) - Ramp(undone, timeInMs) : Ramp(FromInMs, timeInMs);
        return Share * Math.Max(0, left);
    }

    private double Ramp(long from, long to) => to < from ? 0 : FadesInMs == 0 ? 1 : Math.Min(1, (to - from) / (double)FadesInMs);
}

public enum ScenarioRunState : byte
{
    Running,

    /// <summary>Told to stop; its effects are dying down.</summary>
    Stopping,
    Ended,
}
