using System.Collections.Immutable;
using Streams.Domain.Alerts;

namespace Streams.Domain.Cities;

/// <summary>Something that befalls a simulated city: what it changes, and which alerts must come of it (<c>cities/NAME/scenarios/*.yaml</c>).</summary>
public sealed record Scenario
{
    /// <summary>The file's name, such as <c>flood</c>.</summary>
    public required string Name { get; init; }

    public required string Title { get; init; }

    public required string Description { get; init; }

    /// <summary>Where it happens unless it is started elsewhere: an area id of the city.</summary>
    public required string Area { get; init; }

    /// <summary>Until everything is as before.</summary>
    public required TimeSpan Lasts { get; init; }

    public required ImmutableArray<ScenarioEffect> Effects { get; init; }

    /// <summary>What makes it end sooner when it is done about it; none where nobody can do anything.</summary>
    public ImmutableArray<ScenarioResponse> Response { get; init; } = [];

    /// <summary>Alerts that must come.</summary>
    public ImmutableArray<ExpectedAlert> Must { get; init; } = [];

    /// <summary>Rules that may speak too, in the area, above or below it; of all others an alert of severity Severe or above is wrong.</summary>
    public ImmutableArray<string> May { get; init; } = [];

    /// <summary>Rules that must not speak at all.</summary>
    public ImmutableArray<string> MustNot { get; init; } = [];
}

/// <summary>Something that city systems can do about a scenario. Done in its area, above or within it, it makes effects fade.</summary>
/// <param name="System">Of <c>systems.yaml</c>, with one of its actions.</param>
/// <param name="After">From the moment at which the action is done until the effects begin to fade.</param>
/// <param name="Fades">From the effects as they would be to nothing.</param>
/// <param name="Share">Above 0, to 1: how much of an effect it takes away. Each unit that is sent counts for itself; what is no unit's counts once.</param>
/// <param name="Of">What fades: quantities of its conditions and device types of its faults; none for everything.</param>
public sealed record ScenarioResponse(string System, string Action, TimeSpan After, TimeSpan Fades, double Share, ImmutableArray<string> Of);

/// <param name="Area">Null: the area that the scenario was started in, or one above or below it.</param>
/// <param name="Within">From the scenario's start, in event time.</param>
/// <param name="Severity">At least.</param>
public sealed record ExpectedAlert(string Rule, string? Area, TimeSpan Within, AlertSeverity Severity);

/// <summary>One change of a scenario. Closed: the nested records are the whole vocabulary.</summary>
public abstract record ScenarioEffect
{
    private ScenarioEffect()
    {
    }

    /// <summary>Where; null for the area that the scenario was started in. A whole city is its root.</summary>
    public string? Area { get; init; }

    /// <summary>After the scenario's start.</summary>
    public TimeSpan After { get; init; }

    /// <summary>How long it lasts, rise and fall included.</summary>
    public required TimeSpan Lasts { get; init; }

    /// <summary>From nothing to full, and back to nothing at the end; both within <see cref="Lasts"/>.</summary>
    public TimeSpan Rise { get; init; }

    public TimeSpan Fall { get; init; }

    /// <summary>Changes a quantity of the simulated city: <c>value * times + plus</c>, in proportion to how full the effect is.</summary>
    /// <param name="Quantity">A name that the simulator knows, such as <c>river_level</c>, <c>rain</c>, <c>calls.fire_call.gas_odor_leak</c> (an hour).</param>
    public sealed record Condition(string Quantity, double Times, double Plus) : ScenarioEffect;

    /// <summary>Breaks devices.</summary>
    /// <param name="Types">Device types.</param>
    /// <param name="Share">0 to 1 of those in the area; which ones follows from the run's seed.</param>
    /// <param name="AtMost">No more than so many.</param>
    /// <param name="Metric">For faults of one metric; null for all numbers of the device.</param>
    /// <param name="Amount">By kind: offset in the metric's unit, drift in its unit an hour, spike's height; the state's place for a state.</param>
    public sealed record Fault(ImmutableArray<string> Types, double Share, int AtMost, DeviceFault Kind, string? Metric, double Amount) : ScenarioEffect;
}

/// <summary>How a device fails.</summary>
public enum DeviceFault : byte
{
    /// <summary>Says nothing.</summary>
    Silent,

    /// <summary>Repeats its last values.</summary>
    Stuck,

    /// <summary>Is off by a constant.</summary>
    Offset,

    /// <summary>Is off by more and more.</summary>
    Drift,

    /// <summary>Single values far off.</summary>
    Spikes,

    /// <summary>A metric shows a given value, also a state.</summary>
    Shows,

    /// <summary>Its readings come late, in a burst.</summary>
    Late,

    /// <summary>Says everything twice.</summary>
    Repeats,
}
