using System.Collections.Frozen;
using Streams.Domain.Dispatch;
using Streams.Domain.Incidents;
using Streams.Node.Api.Endpoints;
using Streams.Runtime.Audit;

namespace Streams.Node.Actors;

/// <summary>What incidents and dispatchers decide of their own accord, as the audit chain has it. What people decide is noted where they say it.</summary>
internal static class ResponseAudit
{
    private static readonly FrozenSet<string> s_decisions = FrozenSet.ToFrozenSet(
    [
        "opened", "step_asked_for", "undo_asked_for", "step_failed", "approval_awaited", "approval_escalated", "approval_lapsed", "approval_not_needed", "person_awaited", "person_awaited_for_undo", "all_clear",
        "closed",
    ]);

    /// <summary>Null for what is no decision, and for what a person said.</summary>
    public static AuditDraft? Of(Incident incident, TimelineEntry entry) => entry.Who.Length > 0 || !s_decisions.Contains(entry.What) || incident.Playbook.IsEveryday ? null
        : new AuditDraft(
            $"{incident.Id}/{entry.Number}", DateTimeOffset.FromUnixTimeMilliseconds(entry.TimeInMs), AuditActor.Actor(IncidentEndpoints.Kind, incident.Id), "incident." + entry.What, "incident:" + incident.Id,
            Reason: entry.Detail).With("about", entry.Subject.Length > 0 ? entry.Subject : null);

    /// <summary>Once for each alert, whatever states of it come.</summary>
    public static AuditDraft OfTurned(string desk, IncidentAlert alert, long nowInMs) => new(
        "turned/" + alert.Id, DateTimeOffset.FromUnixTimeMilliseconds(nowInMs), AuditActor.Actor(DispatcherEndpoints.Kind, desk), "incident.turned_away", "alert:" + alert.Id,
        Reason: $"{IncidentDesk.MaxOpen} incidents are open, as many as there may be: nothing is done about this alert unless people do it");

    public static AuditDraft Of(Command command, long nowInMs) => new AuditDraft(
            "command/" + command.CommandId, DateTimeOffset.FromUnixTimeMilliseconds(nowInMs), AuditActor.Actor(DispatcherEndpoints.Kind, command.Key), "command.send", "system:" + command.Key)
        .With("command", command.CommandId).With("incident", command.IncidentId).With("action", command.Action).With("place", command.Where)
        .With("compensates", command.Compensates)
        .With("targets", command.Targets.IsEmpty ? null : string.Join(' ', command.Targets.Take(10)) + (command.Targets.Length > 10 ? $" and {command.Targets.Length - 10} more" : ""));
}
