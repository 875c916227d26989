using System.Collections.Immutable;
using System.Text.Json;
using Streams.Domain.Areas;
using Streams.Domain.Dispatch;
using Streams.Domain.Readings;

namespace Streams.Domain.Incidents;

/// <summary>How steps go on.</summary>
public sealed partial class Incident
{
    /// <summary>What was tried once only is taken back with more patience: what is not taken back stands until a person sees to it.</summary>
    private const int LeastUndoAttempts = 3;

    /// <summary>What a dispatcher tells of a command.</summary>
    public IncidentOutcome Hear(CommandProgress progress, long nowInMs)
    {
        StepRun? run = _steps.Find(each => each.UnderWay == progress.CommandId);
        if (run is null || run.State is not (StepState.UnderWay or StepState.BeingUndone))
        {
            // Of a command that was given up: what it did in the end is taken back with what took its place, or is a person's.
            return IncidentOutcome.Unchanged;
        }

        if (progress.Assets.Length > 0)
        {
            run.Assets = progress.Assets;
        }

        bool isUndo = run.State == StepState.BeingUndone;
        if (!progress.IsOver)
        {
            if (run.Heard == progress.Status)
            {
                // Another of its units has come as far.
                return IncidentOutcome.Unchanged;
            }

            run.Heard = progress.Status;
            Note(nowInMs, (isUndo ? "undo_" : "step_") + progress.Status.ToString().ToLowerInvariant(), "", run.Step.Id, Named(progress.Assets));
            return IncidentOutcome.Changed;
        }

        if (progress.Status == CommandStatus.Done)
        {
            Turn(run, isUndo ? StepState.Undone : StepState.Done, nowInMs, Named(progress.Assets));
        }
        else if (progress.Status == CommandStatus.Withdrawn && !isUndo)
        {
            Turn(run, StepState.Skipped, nowInMs, "taken back before it was done");
        }
        else
        {
            Failed(run, isUndo, progress, nowInMs);
        }

        Advance(nowInMs);
        return IncidentOutcome.Changed;
    }

    /// <summary>Ids of the steps that are so now.</summary>
    public IReadOnlyList<string> StepsIn(StepState state) => [.. _steps.Where(run => run.State == state).Select(run => run.Step.Id)];

    /// <summary>Each step as far as it has come, in the playbook's order.</summary>
    internal void WriteSteps(Utf8JsonWriter json)
    {
        json.WriteStartArray("steps"u8);
        foreach (StepRun run in _steps)
        {
            run.Write(json);
        }

        json.WriteEndArray();
    }

    /// <summary>Does what can be done now, until nothing more can.</summary>
    private void Advance(long nowInMs)
    {
        for (bool moved = true; moved && State != IncidentState.Closed;)
        {
            moved = false;
            foreach (StepRun run in _steps)
            {
                moved |= Advance(run, nowInMs);
            }
        }

        if (State == IncidentState.Ending && _steps.TrueForAll(IsAtRest))
        {
            State = IncidentState.Closed;
            ClosedInMs = nowInMs;
            Note(nowInMs, "closed", "", "", "");
            foreach ((string system, string area) in _steps.Where(run => run.CommandId.Length > 0).Select(run => (run.Step.System, run.Area)).Distinct())
            {
                _unsaid.Add(output => output.LetGo(system, area));
            }
        }
    }

    /// <summary>Of an incident that ends: nothing more comes of the step.</summary>
    private static bool IsAtRest(StepRun run) => run.State is StepState.Failed or StepState.Skipped or StepState.Undone or StepState.Done && !run.IsToUndo;

    private bool Advance(StepRun run, long nowInMs)
    {
        switch (run.State)
        {
            case StepState.Waiting when State == IncidentState.Open:
                return IsBlocked(run.Step) ? Turn(run, StepState.Skipped, nowInMs, "what it follows was not done") : IsReady(run, nowInMs) && Begin(run, nowInMs);
            case StepState.AwaitsApproval when Severity >= run.Step.Approval!.PreApprovedFrom:
                // It has become grave enough since that nobody need be asked.
                Note(nowInMs, "approval_not_needed", "", run.Step.Id, Severity.ToString());
                return Ask(run, nowInMs);
            case StepState.AwaitsApproval when nowInMs >= run.DueInMs:
                return Unapproved(run, nowInMs);
            case StepState.BackingOff when nowInMs >= run.DueInMs:
                return run.IsUndoing ? Undo(run, nowInMs) : Ask(run, nowInMs);
            case StepState.UnderWay or StepState.BeingUndone when nowInMs >= run.DueInMs:
                (string commandId, string area) = (run.UnderWay, run.Area);
                _unsaid.Add(output => output.Withdraw(commandId, run.Step.System, area));
                Failed(run, run.IsUndoing, new CommandProgress(run.UnderWay, CommandStatus.Unanswered, nowInMs, "not done in time", []), nowInMs);
                return true;
            case StepState.Done or StepState.Failed or StepState.Skipped when State == IncidentState.Ending && (End != IncidentEnd.Merged || IsReleased) && run.IsToUndo && IsUndoReady(run):
                run.Attempt = 0;
                run.IsUndoing = true;
                return Undo(run, nowInMs);
            default:
                return false;
        }
    }

    /// <summary>A step that it follows ended so that nothing is to follow.</summary>
    private bool IsBlocked(PlaybookStep step) => step.After.Any(id => Run(id) is { State: StepState.Failed, Step.OnFailure: StepFailure.Stop });

    private bool IsReady(StepRun run, long nowInMs)
    {
        StepCondition when = run.Step.When;
        if (IsFallback(run.Step.Id) && !run.IsCalled)
        {
            return false;
        }

        return run.Step.After.All(id => Run(id).IsOver)
            && Severity >= when.From
            && nowInMs - OpenedInMs >= when.Lasts.TotalMilliseconds
            && (when.Alerts == 0 || _alerts.Values.Count(alert => alert.Stands) >= when.Alerts)
            && (when.Areas == 0 || _alerts.Values.Where(alert => alert.Stands).Select(alert => alert.Area).Distinct(StringComparer.Ordinal).Count() >= when.Areas)
            && (when.Rules.IsEmpty || _alerts.Values.Any(alert => alert.Stands && when.Rules.Contains(alert.Rule)))
            && (when.Failed is null || Run(when.Failed).State == StepState.Failed);
    }

    /// <summary>What rests on it is taken back before it is.</summary>
    private bool IsUndoReady(StepRun run) =>
        _steps.TrueForAll(other => !other.Step.After.Contains(run.Step.Id) || other.Step.Undo is null
            || (!other.IsToUndo && other.State is StepState.Failed or StepState.Skipped or StepState.Undone or StepState.UndoAwaitsPerson));

    private bool Begin(StepRun run, long nowInMs)
    {
        if (run.Step.Approval is not { } rule || Severity >= rule.PreApprovedFrom)
        {
            return Ask(run, nowInMs);
        }

        Turn(run, StepState.AwaitsApproval, nowInMs, $"{rule.People} of {rule.Role}");
        run.DueInMs = NextOfSilence(run, rule);
        return true;
    }

    private bool Ask(StepRun run, long nowInMs)
    {
        run.Attempt++;
        run.Area = run.Step.Place switch
        {
            StepPlace.City => Root,
            StepPlace.Above => AreaPath.ParentOf(WorstArea) ?? Root,
            _ => WorstArea,
        };
        run.CommandId = run.UnderWay = $"{Id}.{run.Step.Id}.{run.Round + 1}.{run.Attempt}";
        return Command(run, StepState.UnderWay, run.Step.Action, run.Step.Parameters, [], null, nowInMs);
    }

    private bool Undo(StepRun run, long nowInMs)
    {
        run.Attempt++;
        run.UnderWay = $"{run.CommandId}.undo.{run.Round + 1}.{run.Attempt}";
        return Command(run, StepState.BeingUndone, run.Step.Undo!, ImmutableSortedDictionary<string, string>.Empty, run.Assets, run.CommandId, nowInMs);
    }

    private bool Command(
        StepRun run, StepState state, string action, ImmutableSortedDictionary<string, string> parameters, ImmutableArray<string> targets, string? compensates, long nowInMs)
    {
        Turn(run, state, nowInMs, run.Attempt == 1 ? "" : $"attempt {run.Attempt}");
        run.DueInMs = nowInMs + (long)(state == StepState.BeingUndone ? run.Step.UndoWithin : run.Step.Within).TotalMilliseconds;
        CommandRequest request = new(
            run.UnderWay, Id, run.Step.Id, run.Step.System, run.Area, action, targets, parameters, run.Step.Count, Priority(run.Step), run.DueInMs, compensates, IsExercise, PlaceIn(run.Area));
        _unsaid.Add(output => output.Ask(request));
        return true;
    }

    private void Failed(StepRun run, bool isUndo, CommandProgress progress, long nowInMs)
    {
        string why = progress.Reason.Length > 0 ? progress.Reason : progress.Status.ToString().ToLowerInvariant();
        bool isOpen = State == IncidentState.Open;
        run.MayHaveActed |= !isUndo && progress.Status == CommandStatus.Unanswered;
        if (run.Attempt < (isUndo ? Math.Max(run.Step.Attempts, LeastUndoAttempts) : isOpen ? run.Step.Attempts : 0))
        {
            Turn(run, StepState.BackingOff, nowInMs, why);
            run.DueInMs = nowInMs + (long)Math.Min(run.Step.BackOff.TotalMilliseconds * Math.Pow(2, run.Attempt - 1), s_longestBackOff.TotalMilliseconds);
        }
        else if (isUndo)
        {
            Turn(run, StepState.UndoAwaitsPerson, nowInMs, why);
        }
        else if (isOpen && run.Step.Fallback is { } fallback && Run(fallback) is { State: StepState.Waiting } instead)
        {
            Turn(run, StepState.Failed, nowInMs, why);
            instead.IsCalled = true;
        }
        else
        {
            Turn(run, isOpen && run.Step.OnFailure == StepFailure.Ask ? StepState.AwaitsPerson : StepState.Failed, nowInMs, why);
        }
    }

    private bool Turn(StepRun run, StepState state, long nowInMs, string detail, string who = "")
    {
        run.State = state;
        run.SinceInMs = nowInMs;
        run.DueInMs = long.MaxValue;
        run.Heard = null;
        run.Reason = state is StepState.Done or StepState.Undone ? "" : detail;
        Note(nowInMs, WordOf(state), who, run.Step.Id, detail);
        return true;
    }

    private static string Named(ImmutableArray<string> assets)
    {
        const int most = 6;
        return string.Join(", ", assets.Take(most)) + (assets.Length > most ? $" and {assets.Length - most} more" : "");
    }

    private static string WordOf(StepState state) => state switch
    {
        StepState.AwaitsApproval => "approval_awaited",
        StepState.UnderWay => "step_asked_for",
        StepState.BackingOff => "step_to_be_tried_again",
        StepState.Done => "step_done",
        StepState.Failed => "step_failed",
        StepState.AwaitsPerson => "person_awaited",
        StepState.Skipped => "step_skipped",
        StepState.BeingUndone => "undo_asked_for",
        StepState.Undone => "step_undone",
        StepState.UndoAwaitsPerson => "person_awaited_for_undo",
        _ => "step_waiting",
    };

    private StepRun Run(string id) => _steps[Playbook.IndexOf(id)];

    private bool IsFallback(string id) => Playbook.Steps.Any(step => step.Fallback == id);

    /// <summary>Where the gravest alert in an area is; null where none says so.</summary>
    private GeoPoint? PlaceIn(string area) => _alerts.Values
        .Where(alert => alert.Location is not null && AreaPath.IsWithin(alert.Area, area))
        .OrderByDescending(alert => alert.Stands).ThenByDescending(alert => alert.Severity).ThenBy(alert => alert.OnsetInMs).ThenBy(alert => alert.Id, StringComparer.Ordinal)
        .FirstOrDefault()?.Location;

    private int Priority(PlaybookStep step) => Playbook.IsEveryday ? 1 : Math.Clamp(((int)Severity * 2) + (step.IsVital ? 1 : 0), 1, 9);
}
