using System.Collections.Immutable;
using Streams.Domain.Readings;

namespace Streams.Domain.Dispatch;

/// <summary>How far what was done, or is, has come. Stored by number: never renumber.</summary>
internal enum HoldingState : byte
{
    /// <summary>Its command is with the system.</summary>
    Doing = 0,

    /// <summary>Done, and to be taken back one day.</summary>
    Standing = 1,

    /// <summary>Its command is being withdrawn.</summary>
    Withdrawing = 2,

    /// <summary>An incident has it taken back.</summary>
    Undoing = 3,

    /// <summary>The dispatcher takes it back itself: nobody counts on it any more, and it may have been done.</summary>
    Recovering = 4,

    /// <summary>It could not be taken back: its incident will try again, and does not count on it.</summary>
    Doubtful = 5,
}

/// <summary>Why a holding ends before its time. Stored by number: never renumber.</summary>
internal enum HoldingEnd : byte
{
    None = 0,
    Preempted = 1,
    Unanswered = 2,
    Withdrawn = 3,
    Failed = 4,
}

/// <summary>A command on its way: sent again under the same id until the system has accepted or rejected it.</summary>
internal sealed class CommandRun
{
    public required string Id { get; init; }

    public required string Action { get; init; }

    /// <summary>Units or devices; none for a place.</summary>
    public required ImmutableArray<string> Targets { get; init; }

    public required ImmutableSortedDictionary<string, string> Parameters { get; init; }

    public required string? Compensates { get; init; }

    public required int Priority { get; init; }

    public required long IssuedInMs { get; init; }

    public long DeadlineInMs { get; set; }

    /// <summary>How often it was sent.</summary>
    public int Attempt { get; set; }

    /// <summary>When it is sent again; <see cref="long.MaxValue"/> once it is accepted.</summary>
    public long NextInMs { get; set; } = long.MaxValue;

    /// <summary>Accepted or executing; null before.</summary>
    public CommandStatus? Status { get; set; }

    public long DueInMs => Math.Min(NextInMs, DeadlineInMs);
}

/// <summary>
/// What one command does to a unit, to devices or to a place, from being sent to being taken back, and for whom. Units belong to one holding at a time. Devices and places may have
/// several, one upon the other: the newest has its way, and those below have theirs again when it is gone.
/// </summary>
internal sealed class Holding
{
    public required long Number { get; init; }

    /// <summary>Its command's id, and what the ids of those that take it back begin with.</summary>
    public required string Id { get; init; }

    /// <summary>Of the request that it began with.</summary>
    public required string IncidentId { get; init; }

    public required string Action { get; init; }

    public required string? Undo { get; init; }

    public required ActionTarget Target { get; init; }

    public required bool StandsBeside { get; init; }

    public required long WithinInMs { get; init; }

    public required ImmutableSortedDictionary<string, string> Parameters { get; init; }

    public required string Place { get; init; }

    public required GeoPoint? Location { get; init; }

    /// <summary>A unit, devices, or what the place's state is known by.</summary>
    public required List<string> Assets { get; init; }

    /// <summary>Requests that it is for; several where incidents want the same of a place.</summary>
    public required List<string> Members { get; init; }

    public int Priority { get; set; }

    public HoldingState State { get; set; }

    public HoldingEnd End { get; set; }

    /// <summary>There is something to take back: it was seen to begin, nobody knows that it did not, or it has taken the place of something that did.</summary>
    public bool MayHaveActed { get; set; }

    public CommandRun? Do { get; set; }

    /// <summary>What withdraws it or takes it back.</summary>
    public CommandRun? Ending { get; set; }

    /// <summary>What does it again where something else had its way for a while.</summary>
    public CommandRun? Again { get; set; }

    /// <summary>Assets on which it is to be done again, those of <see cref="Again"/> with them.</summary>
    public List<string> AgainAssets { get; } = [];

    /// <summary>Requests to take it back.</summary>
    public List<string> Undoers { get; } = [];

    /// <summary>Numbers given to commands after the first.</summary>
    public int Numbers { get; set; }

    /// <summary>Attempts at taking it back, or at doing it again, that failed.</summary>
    public int Tries { get; set; }

    /// <summary>When the next one is made; <see cref="long.MaxValue"/> for none.</summary>
    public long RetryInMs { get; set; } = long.MaxValue;

    /// <summary>Actions of one family undo each other: what takes one of them back takes back all.</summary>
    public string Family => Undo ?? Action;

    public bool IsToBeDoneAgain => State == HoldingState.Standing && AgainAssets.Count > 0 && Again is null;

    public ImmutableArray<string> Targets => Target == ActionTarget.Area ? [] : [.. Assets];

    public IEnumerable<CommandRun> Runs
    {
        get
        {
            if (Do is { } first)
            {
                yield return first;
            }

            if (Ending is { } ending)
            {
                yield return ending;
            }

            if (Again is { } again)
            {
                yield return again;
            }
        }
    }

    public long DueInMs
    {
        get
        {
            // While it is withdrawn its own command is only listened for.
            long due = State == HoldingState.Doing && Do is { } first ? first.DueInMs : long.MaxValue;
            due = Math.Min(due, Ending?.DueInMs ?? long.MaxValue);
            due = Math.Min(due, Again?.DueInMs ?? long.MaxValue);
            return IsToBeDoneAgain || (State == HoldingState.Recovering && Ending is null) ? Math.Min(due, RetryInMs) : due;
        }
    }

    public bool Does(string action, ImmutableSortedDictionary<string, string> parameters) =>
        Action == action && Parameters.Count == parameters.Count && Parameters.All(each => parameters.TryGetValue(each.Key, out string? value) && value == each.Value);
}
