using System.Collections.Immutable;
using Streams.Domain.Readings;

namespace Streams.Domain.Dispatch;

/// <summary>What an incident wants done by a city system; its dispatcher chooses who does it, sends the command, and tells what became of it.</summary>
/// <param name="CommandId">The same however often it is asked for.</param>
/// <param name="Step">The playbook's, for whoever looks.</param>
/// <param name="Parameters">As the system's action describes them; numbers in its unit, texts, true and false.</param>
/// <param name="Count">How many units or devices; 0 for all that fit.</param>
/// <param name="Priority">1 to 9, the most urgent.</param>
/// <param name="DeadlineInMs">Not done by then is failed.</param>
/// <param name="Compensates">The command that this one takes back; null for others.</param>
/// <param name="IsExercise">Nothing real is moved for it.</param>
/// <param name="Location">Where it is needed; null for the centre of the area.</param>
public sealed record CommandRequest(
    string CommandId, string IncidentId, string Step, string System, string Area, string Action, ImmutableArray<string> Targets, ImmutableSortedDictionary<string, string> Parameters,
    int Count, int Priority, long DeadlineInMs, string? Compensates, bool IsExercise, GeoPoint? Location = null);

/// <summary>How far a command has come. Stored by number: never renumber.</summary>
public enum CommandStatus : byte
{
    Accepted = 0,
    Executing = 1,
    Done = 2,
    Failed = 3,
    Rejected = 4,

    /// <summary>Its dispatcher took the unit away for something more urgent.</summary>
    Preempted = 5,

    /// <summary>No word from the system for as long as it was asked.</summary>
    Unanswered = 6,

    /// <summary>Taken back before it was done.</summary>
    Withdrawn = 7,
}

/// <summary>What a dispatcher tells the incident of one of its commands.</summary>
/// <param name="Reason">For people; empty where all is well.</param>
/// <param name="Assets">Units or devices that it was given to.</param>
public sealed record CommandProgress(string CommandId, CommandStatus Status, long TimeInMs, string Reason, ImmutableArray<string> Assets)
{
    public bool IsOver => Status >= CommandStatus.Done;
}
