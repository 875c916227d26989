using System.Collections.Immutable;
using Streams.Domain.Areas;
using Streams.Domain.Cap;

namespace Streams.Domain.Alerts;

/// <summary>One state of an alert, with all that CAP 1.2 needs. Times are Unix milliseconds.</summary>
public sealed record Alert
{
    /// <summary>The same for all states of the alert, and for the same decision made again: area, rule and onset.</summary>
    public required string Id { get; init; }

    public required string Area { get; init; }

    public required string AreaName { get; init; }

    public required string Rule { get; init; }

    public required string Sender { get; init; }

    public required long SentInMs { get; init; }

    public AlertStatus Status { get; init; }

    public required AlertMessageType MessageType { get; init; }

    public AlertScope Scope { get; init; }

    /// <summary>To whom it is limited, which CAP wants said of a restricted alert; null for a public one.</summary>
    public string? Restriction => Scope == AlertScope.Restricted ? "operators of the city's systems" : null;

    /// <summary>To whom a private one goes; none for others.</summary>
    public ImmutableArray<string> Addresses { get; init; } = [];

    /// <summary>Earlier messages of this alert as CAP refers to them: <c>sender,identifier,sent</c>.</summary>
    public ImmutableArray<string> References { get; init; } = [];

    public ImmutableArray<AlertCategory> Categories { get; init; } = [];

    public ImmutableArray<AlertResponse> Responses { get; init; } = [];

    public required AlertUrgency Urgency { get; init; }

    public required AlertSeverity Severity { get; init; }

    public required AlertCertainty Certainty { get; init; }

    /// <summary>Event time at which the condition became true.</summary>
    public required long OnsetInMs { get; init; }

    /// <summary>Event time at which it ended; null while it holds.</summary>
    public long? EndInMs { get; init; }

    /// <summary>Event time until which the alert stands without being confirmed.</summary>
    public required long ExpiresInMs { get; init; }

    /// <summary>The rule's texts with the figures filled in.</summary>
    public required ImmutableArray<AlertText> Texts { get; init; }

    public AreaDescription? Place { get; init; }

    /// <summary>Beside the outline of <see cref="Place"/>, if that has one; only issued alerts have it.</summary>
    public CapCircle? Circle { get; init; }

    public required AlertState State { get; init; }

    public ImmutableArray<AlertEvidence> Evidence { get; init; } = [];

    /// <summary>Devices and child areas that the alert rests on too, beyond those in <see cref="Evidence"/>.</summary>
    public int EvidenceLeftOut { get; init; }

    /// <summary>The parent area's alert that speaks in this one's place, or null.</summary>
    public string? SupersededBy { get; init; }

    /// <summary>Of an issued alert: the playbook that its issuer named; null for the rule's.</summary>
    public string? Playbook { get; init; }

    /// <summary>The incident it belongs to, once that is known; null before, and for those that make none.</summary>
    public string? IncidentId { get; init; }

    /// <summary>1 for the first state.</summary>
    public required int Revision { get; init; }

    /// <summary>Who issued it; null for one that a rule raised.</summary>
    public AlertDeed? Issued { get; init; }

    /// <summary>Who takes care of it; null while nobody does.</summary>
    public AlertDeed? Acknowledged { get; init; }

    /// <summary>Who cancelled it; null unless a person did.</summary>
    public AlertDeed? Cancelled { get; init; }

    /// <summary>The order that this state came of; null where the area decided by itself.</summary>
    public AreaOrder? Order { get; init; }

    /// <summary>CAP's identifier of this message: each state is a message of its own.</summary>
    public string Identifier => $"{Id}.{Revision}";
}

/// <summary>What an alert rests on: a window of the area, a device's anomaly, or a child area's alert.</summary>
public sealed record AlertEvidence
{
    public string? AnomalyId { get; init; }

    public string? DeviceId { get; init; }

    /// <summary>A child area.</summary>
    public string? Area { get; init; }

    /// <summary>The child area's alert.</summary>
    public string? AlertId { get; init; }

    public string? Metric { get; init; }

    public string? Kind { get; init; }

    public string? Statistic { get; init; }

    /// <summary>ISO 8601 duration.</summary>
    public string? Window { get; init; }

    public string? Unit { get; init; }

    public required long TimeInMs { get; init; }

    public double? Value { get; init; }

    public double? Usual { get; init; }

    public string? Explanation { get; init; }
}
