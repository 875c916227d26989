using System.Collections.Immutable;
using Streams.Domain.Alerts;

namespace Streams.Domain.Incidents;

/// <summary>What people say. Whether somebody may say such a thing at all is asked before; here it is asked whether they may say it of this step.</summary>
public sealed partial class Incident
{
    public IncidentOutcome Say(PersonSays said)
    {
        if (State == IncidentState.Closed && said.Verb != PersonVerb.Note)
        {
            return Refuse("the incident is closed");
        }

        IncidentOutcome outcome = said.Verb switch
        {
            PersonVerb.Note when said.Text.Length == 0 => Refuse("a note needs a text"),
            PersonVerb.Note => Noted("note", said),
            PersonVerb.Approve => Approve(said),
            PersonVerb.Refuse => OfStep(said, StepState.AwaitsApproval, "approval", RefuseStep),
            PersonVerb.TryAgain => TryAgain(said),
            PersonVerb.LetBe => LetBe(said),
            PersonVerb.Abort when said.Text.Length == 0 => Refuse("aborting needs a reason"),
            PersonVerb.Abort => EndBy(said, IncidentEnd.Aborted),
            PersonVerb.Close when said.Text.Length == 0 => Refuse("closing needs a reason"),
            PersonVerb.Close when _alerts.Values.Count(alert => alert.Stands) is > 0 and var standing => Refuse($"{standing} of its alerts stand: cancel them, or abort the incident"),
            PersonVerb.Close => EndBy(said, IncidentEnd.Closed),
            _ => Refuse("not understood"),
        };
        if (outcome != IncidentOutcome.Refused)
        {
            Advance(said.TimeInMs);
        }

        return outcome;
    }

    private IncidentOutcome Approve(PersonSays said) => OfStep(said, StepState.AwaitsApproval, "approval", run =>
    {
        ApprovalRule rule = run.Step.Approval!;
        bool isAbove = run.IsEscalated && rule.EscalatesTo is { } above && said.Roles.Contains(above);
        if (!isAbove && !said.Roles.Contains(rule.Role))
        {
            return Refuse($"{run.Step.Id} is approved by {rule.Role}{(run.IsEscalated && rule.EscalatesTo is not null ? " or " + rule.EscalatesTo : "")}; {said.Who} has {string.Join(", ", said.Roles)}");
        }

        if (run.Approvals.Contains(said.Who))
        {
            return Refuse($"{said.Who} has approved {run.Step.Id} already: it takes {rule.People} different people");
        }

        run.Approvals.Add(said.Who);
        Noted("approved", said);
        if (isAbove || run.Approvals.Count >= rule.People)
        {
            Ask(run, said.TimeInMs);
        }

        return IncidentOutcome.Changed;
    });

    private IncidentOutcome RefuseStep(StepRun run, PersonSays said)
    {
        ApprovalRule rule = run.Step.Approval!;
        if (!said.Roles.Contains(rule.Role) && !(run.IsEscalated && rule.EscalatesTo is { } above && said.Roles.Contains(above)))
        {
            return Refuse($"{run.Step.Id} is refused by {rule.Role}; {said.Who} has {string.Join(", ", said.Roles)}");
        }

        Turn(run, StepState.Skipped, said.TimeInMs, said.Text.Length > 0 ? "refused: " + said.Text : "refused", said.Who);
        return IncidentOutcome.Changed;
    }

    private IncidentOutcome TryAgain(PersonSays said) => OfStep(said, StepState.AwaitsPerson, StepState.UndoAwaitsPerson, run =>
    {
        Noted("to_be_tried_again", said);
        run.Round++;
        run.Attempt = 0;
        return (run.State == StepState.AwaitsPerson ? Ask(run, said.TimeInMs) : Undo(run, said.TimeInMs)) ? IncidentOutcome.Changed : IncidentOutcome.Unchanged;
    });

    private IncidentOutcome LetBe(PersonSays said) => OfStep(said, StepState.AwaitsPerson, StepState.UndoAwaitsPerson, run =>
    {
        Turn(run, run.State == StepState.AwaitsPerson ? StepState.Failed : StepState.Undone, said.TimeInMs, "left as it is: " + said.Text, said.Who);
        return IncidentOutcome.Changed;
    });

    private IncidentOutcome EndBy(PersonSays said, IncidentEnd end)
    {
        if (State != IncidentState.Open)
        {
            return Refuse("the incident is ending already");
        }

        Finish(end, said.Who, said.Text, said.TimeInMs);
        return IncidentOutcome.Changed;
    }

    /// <summary>Nobody has answered.</summary>
    private bool Unapproved(StepRun run, long nowInMs)
    {
        ApprovalRule rule = run.Step.Approval!;
        if (rule.LapsesAfter is { } lapses && nowInMs - run.SinceInMs >= lapses.TotalMilliseconds)
        {
            Note(nowInMs, "approval_lapsed", "", run.Step.Id, $"nobody answered; it is {(rule.OnSilence == SilenceMeans.Yes ? "done" : "not done")}");
            return rule.OnSilence == SilenceMeans.Yes ? Ask(run, nowInMs) : Turn(run, StepState.Skipped, nowInMs, "nobody approved it");
        }

        run.IsEscalated = true;
        Note(nowInMs, "approval_escalated", "", run.Step.Id, $"to {rule.EscalatesTo}");
        run.DueInMs = NextOfSilence(run, rule);
        return true;
    }

    private static long NextOfSilence(StepRun run, ApprovalRule rule)
    {
        long lapses = rule.LapsesAfter is { } after ? run.SinceInMs + (long)after.TotalMilliseconds : long.MaxValue;
        return rule.EscalatesTo is null || run.IsEscalated ? lapses : Math.Min(lapses, run.SinceInMs + (long)rule.EscalatesAfter.TotalMilliseconds);
    }

    private IncidentOutcome OfStep(PersonSays said, StepState state, string awaited, Func<StepRun, PersonSays, IncidentOutcome> then) =>
        OfStep(said, state, awaited, run => then(run, said));

    private IncidentOutcome OfStep(PersonSays said, StepState one, StepState other, Func<StepRun, IncidentOutcome> then) =>
        said.Step is not null && Playbook.IndexOf(said.Step) >= 0 && Run(said.Step).State == other ? then(Run(said.Step)) : OfStep(said, one, "person", then);

    private IncidentOutcome OfStep(PersonSays said, StepState state, string awaited, Func<StepRun, IncidentOutcome> then)
    {
        StepRun[] fitting = [.. _steps.Where(run => run.State == state && (said.Step is null || run.Step.Id == said.Step))];
        return said.Step is not null && Playbook.IndexOf(said.Step) < 0 ? Refuse($"there is no step {said.Step}; steps: {string.Join(", ", Playbook.Steps.Select(step => step.Id))}")
            : fitting.Length == 0 ? Refuse(said.Step is null ? $"no step awaits {awaited}" : $"{said.Step} awaits no {awaited}: it is {Run(said.Step).State}")
            : fitting.Length > 1 ? Refuse($"say which step: {string.Join(", ", fitting.Select(run => run.Step.Id))}")
            : then(fitting[0]);
    }

    private IncidentOutcome Noted(string what, PersonSays said)
    {
        Note(said.TimeInMs, what, said.Who, said.Step ?? "", said.Text);
        return IncidentOutcome.Changed;
    }
}
