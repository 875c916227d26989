using Streams.Domain.Alerts;

namespace Streams.Domain.Incidents;

/// <summary>What an incident keeps of an alert that belongs to it: its newest state.</summary>
/// <param name="Id">Of all the alert's states.</param>
/// <param name="Severity">Of the newest state; of one that is over, as it was last.</param>
/// <param name="OnsetInMs">Event time.</param>
/// <param name="Revision">Of the newest state that is known: an older one changes nothing.</param>
public sealed record IncidentAlert(string Id, string Area, string Rule, AlertSeverity Severity, AlertState State, long OnsetInMs, int Revision, string Headline)
{
    public bool Stands => State is AlertState.Active or AlertState.Acknowledged;
}
