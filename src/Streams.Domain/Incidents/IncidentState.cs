using System.Collections.Immutable;

namespace Streams.Domain.Incidents;

/// <summary>Where an incident stands. Stored by number: never renumber.</summary>
public enum IncidentState : byte
{
    /// <summary>Alerts stand, or stood until a short while ago.</summary>
    Open = 0,

    /// <summary>Its alerts are over, or somebody ended it: what was done is taken back.</summary>
    Ending = 1,

    /// <summary>All is taken back that is to be.</summary>
    Closed = 2,
}

/// <summary>Why an incident ends. Stored by number: never renumber.</summary>
public enum IncidentEnd : byte
{
    None = 0,

    /// <summary>All its alerts are over, for as long as its playbook says.</summary>
    AllClear = 1,

    /// <summary>A person stopped it: what was under way too.</summary>
    Aborted = 2,

    /// <summary>A person closed it.</summary>
    Closed = 3,

    /// <summary>Another incident goes on with its alerts and with what was done.</summary>
    Merged = 4,
}

/// <summary>How far a step has come. Stored by number: never renumber.</summary>
public enum StepState : byte
{
    /// <summary>For others, or for its condition.</summary>
    Waiting = 0,

    /// <summary>For people to agree.</summary>
    AwaitsApproval = 1,

    /// <summary>Its command is with the dispatcher.</summary>
    UnderWay = 2,

    /// <summary>It failed and is tried again soon.</summary>
    BackingOff = 3,
    Done = 4,

    /// <summary>For good, and what follows goes on.</summary>
    Failed = 5,

    /// <summary>For good, and a person is asked what to do.</summary>
    AwaitsPerson = 6,

    /// <summary>Not to be done any more.</summary>
    Skipped = 7,

    /// <summary>The command that takes it back is with the dispatcher.</summary>
    BeingUndone = 8,
    Undone = 9,

    /// <summary>It could not be taken back, and a person is asked to see to it.</summary>
    UndoAwaitsPerson = 10,
}

/// <summary>Something a person says about an incident.</summary>
/// <param name="Who">The person's name, as the token or the sign-on has it.</param>
/// <param name="Roles">Which they have.</param>
/// <param name="Step">Where it is about one; else null.</param>
/// <param name="Text">Reason or note; at most 1,000 characters.</param>
public sealed record PersonSays(PersonVerb Verb, string Who, ImmutableArray<string> Roles, string? Step, string Text, long TimeInMs);

public enum PersonVerb : byte
{
    Note = 0,
    Approve = 1,
    Refuse = 2,

    /// <summary>A step that awaits a person is tried once more.</summary>
    TryAgain = 3,

    /// <summary>A step that awaits a person is let be.</summary>
    LetBe = 4,
    Abort = 5,
    Close = 6,
}

/// <summary>An entry of an incident's timeline.</summary>
/// <param name="Number">1 for the first, without gaps.</param>
/// <param name="What">Stable snake_case, such as <c>step_done</c>.</param>
/// <param name="Who">A person's name, or empty for the incident itself.</param>
/// <param name="Subject">A step or an alert, where it is about one.</param>
public sealed record TimelineEntry(int Number, long TimeInMs, string What, string Who, string Subject, string Detail);
