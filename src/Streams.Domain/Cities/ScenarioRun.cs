namespace Streams.Domain.Cities;

/// <summary>A scenario that was started: where, when, and whether it still goes on.</summary>
/// <param name="Id">The scenario's name and a number, such as <c>flood-1</c>; what the run picks by chance follows from it and the city's seed.</param>
/// <param name="Area">Where its effects are that name no area themselves.</param>
/// <param name="StartedAtInMs">Event time, Unix milliseconds.</param>
/// <param name="EndsAtInMs">Event time at which everything is as before: by itself, or after a stop once the effects have died down.</param>
/// <param name="StoppedAtInMs">When it was told to stop; null where it runs its course.</param>
public sealed record ScenarioRun(string Id, string Scenario, string Area, long StartedAtInMs, long EndsAtInMs, long? StoppedAtInMs = null)
{
    public ScenarioRunState StateAt(long timeInMs) =>
        timeInMs >= EndsAtInMs ? ScenarioRunState.Ended
        : timeInMs >= StoppedAtInMs ? ScenarioRunState.Stopping
        : ScenarioRunState.Running;
}

public enum ScenarioRunState : byte
{
    Running,

    /// <summary>Told to stop; its effects are dying down.</summary>
    Stopping,
    Ended,
}
