using System.Collections.Immutable;
using Streams.Domain.Alerts;

namespace Streams.Domain.Incidents;

/// <summary>What is done about one kind of incident, as <c>playbooks.yaml</c> says. Checked when loaded: what is asked for exists, and no step waits for itself.</summary>
public sealed record Playbook
{
    /// <summary>kebab-case, such as <c>flood</c>: also the hazard that its incidents are of.</summary>
    public required string Name { get; init; }

    /// <summary>For people.</summary>
    public required string Title { get; init; }

    /// <summary>Alerts of these rules are its incidents' alerts.</summary>
    public required ImmutableArray<string> Rules { get; init; }

    /// <summary>Control of an ordinary day, by rules that alert nobody: shown apart, and gives way to everything else.</summary>
    public bool IsEveryday { get; init; }

    /// <summary>Alerts less severe than this join an incident that is there and open none. Default Moderate.</summary>
    public AlertSeverity Opens { get; init; } = AlertSeverity.Moderate;

    /// <summary>An alert within this distance of one of the incident's joins it; 0 for the same area or one within the other only. Metres; default 0, at most 50,000.</summary>
    public double NearInMetres { get; init; }

    /// <summary>All alerts must have been over for so long before the incident is. Default 10 min; 0 to 7 days.</summary>
    public TimeSpan Settles { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>1 to 64, ids unique.</summary>
    public required ImmutableArray<PlaybookStep> Steps { get; init; }

    public int IndexOf(string step)
    {
        for (int i = 0; i < Steps.Length; i++)
        {
            if (Steps[i].Id == step)
            {
                return i;
            }
        }

        return -1;
    }
}

/// <summary>One thing that is done, by one city system.</summary>
public sealed record PlaybookStep
{
    /// <summary>kebab-case.</summary>
    public required string Id { get; init; }

    public required string System { get; init; }

    public required string Action { get; init; }

    /// <summary>Whose system: the incident's areas each, their parent, or the city's.</summary>
    public StepPlace Place { get; init; }

    public ImmutableSortedDictionary<string, string> Parameters { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>How many units or devices; 0 for all that fit. Default 1 for units, 0 for devices.</summary>
    public int Count { get; init; }

    /// <summary>Steps that must be over before: done, failed for good, or skipped.</summary>
    public ImmutableArray<string> After { get; init; } = [];

    public StepCondition When { get; init; } = StepCondition.Always;

    public ApprovalRule? Approval { get; init; }

    /// <summary>A command that is not done by then has failed. Default: the action's own.</summary>
    public required TimeSpan Within { get; init; }

    /// <summary>How often it is tried before it has failed. Default 3; 1 to 10.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>Before the second attempt; twice as long before each one more, an hour at most. Default 10 s.</summary>
    public TimeSpan BackOff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The step that is done in its place when it failed. That step is done for no other reason.</summary>
    public string? Fallback { get; init; }

    /// <summary>What follows when it failed and its fall-back, if any, did too.</summary>
    public StepFailure OnFailure { get; init; }

    /// <summary>The action that takes it back when the incident is over: what the system's description says, or null where there is nothing to take back or the playbook lets it stand.</summary>
    public string? Undo { get; init; }

    /// <summary>What takes it back has failed when it is not done by then. Default: as the action that takes it back.</summary>
    public TimeSpan UndoWithin { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Saves lives: one above others of the same severity.</summary>
    public bool IsVital { get; init; }
}

public enum StepPlace : byte
{
    /// <summary>The area in which the incident's most severe alert is.</summary>
    Worst,

    /// <summary>The area above it.</summary>
    Above,

    /// <summary>The whole city.</summary>
    City,
}

public enum StepFailure : byte
{
    /// <summary>What comes after it is done all the same.</summary>
    Continue,

    /// <summary>A person is asked: to have it tried again, or to let it be. What comes after it waits.</summary>
    Ask,

    /// <summary>What comes after it is not done.</summary>
    Stop,
}

/// <summary>What must hold before a step is done: all of it. Where it does not hold yet the step waits; it is skipped when the incident is over.</summary>
/// <param name="From">The incident is at least so severe.</param>
/// <param name="Lasts">It has been open for so long.</param>
/// <param name="Alerts">So many of its alerts stand.</param>
/// <param name="Areas">In so many areas.</param>
/// <param name="Rules">An alert of one of these rules stands; none for any.</param>
/// <param name="Failed">This step failed; null for none.</param>
public sealed record StepCondition(AlertSeverity From, TimeSpan Lasts, int Alerts, int Areas, ImmutableArray<string> Rules, string? Failed)
{
    public static readonly StepCondition Always = new(AlertSeverity.Unknown, TimeSpan.Zero, 0, 0, [], null);
}

/// <summary>Who must agree before a step is done.</summary>
/// <param name="Role">Of <c>roles.yaml</c>.</param>
/// <param name="People">1, or 2 different ones.</param>
/// <param name="PreApprovedFrom">An incident at least so severe needs nobody's; null where each does.</param>
/// <param name="EscalatesAfter">Nobody has answered for so long: those of <paramref name="EscalatesTo"/> are asked too, and one of them is enough.</param>
/// <param name="EscalatesTo">Another role; null where nobody else is asked.</param>
/// <param name="LapsesAfter">Nobody at all has answered for so long: <paramref name="OnSilence"/>. Null to wait for ever.</param>
public sealed record ApprovalRule(
    string Role, int People, AlertSeverity? PreApprovedFrom, TimeSpan EscalatesAfter, string? EscalatesTo, TimeSpan? LapsesAfter, SilenceMeans OnSilence);

public enum SilenceMeans : byte
{
    /// <summary>The step is skipped: what nobody agreed to is not done.</summary>
    No,

    /// <summary>It is done: waiting would be worse.</summary>
    Yes,
}
