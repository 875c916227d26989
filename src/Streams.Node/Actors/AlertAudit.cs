using System.Globalization;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Node.Api.Endpoints;
using Streams.Runtime.Audit;

namespace Streams.Node.Actors;

/// <summary>What the audit chain says of alerts: who decided each state, a person by order or the area by itself.</summary>
internal static class AlertAudit
{
    /// <summary>Its id is made of the alert's record.</summary>
    public static AuditDraft Of(Alert alert)
    {
        string action = (alert.Order, alert.MessageType, alert.State) switch
        {
            ({ } order, _, _) => ActionOf(order),
            (_, AlertMessageType.Alert, _) => "alert.raise",
            (_, AlertMessageType.Update, _) => "alert.update",
            (_, _, AlertState.Expired) => "alert.expire",
            (_, _, AlertState.Cancelled) => "alert.cancel",
            _ => "alert.clear",
        };
        string reason = alert.Order switch
        {
            AreaOrder.Cancel cancel => cancel.Reason,
            AreaOrder.Acknowledge acknowledge => acknowledge.Note,
            _ => "",
        };
        return new AuditDraft("", At(alert.SentInMs), ActorOf(alert.Order, alert.Area), action, "alert:" + alert.Id, Reason: reason)
            .With("area", alert.Area)
            .With("state", alert.State.ToString().ToLowerInvariant())
            .With("severity", alert.Severity.ToString())
            .With("status", alert.Status.ToString())
            .With("revision", alert.Revision.ToString(CultureInfo.InvariantCulture))
            .With("order", alert.Order?.Id);
    }

    /// <summary>Of an order that could not be obeyed.</summary>
    public static AuditDraft Of(OrderAnswer answer, string area) => new AuditDraft(
        $"order/{area}/{answer.Order.Id}", At(answer.AtInMs), ActorOf(answer.Order, area), ActionOf(answer.Order), answer.AlertId.Length > 0 ? "alert:" + answer.AlertId : "area:" + area,
        AuditOutcome.Refused, answer.Refusal!.Message).With("area", area).With("order", answer.Order.Id);

    /// <summary>Such as <c>alert.issue</c>.</summary>
    public static string ActionOf(AreaOrder order) => "alert." + order.Type[AreaOrder.TypePrefix.Length..];

    private static AuditActor ActorOf(AreaOrder? order, string area) =>
        order is { By: { } by } ? new AuditActor(by.Name, by.Roles, by.Source, by.Address) : AuditActor.Actor(AreaEndpoints.Kind, area);

    private static DateTimeOffset At(long inMs) => DateTimeOffset.FromUnixTimeMilliseconds(inMs);
}
