using System.Collections.Immutable;
using System.Globalization;
using Streams.Domain.Alerts;
using Streams.Domain.Dispatch;
using Streams.Domain.Incidents;

namespace Streams.Domain.Tests.Incidents;

/// <summary>
/// An incident told word by word: <c>a1+Severe@dijon/port</c> (an alert stands), <c>a1-</c> (is over), <c>w30</c> (half a minute later), <c>done:close</c> (also accepted,
/// failed, rejected, preempted, unanswered, withdrawn), <c>approve:close:ann:officer</c> (also refuse, tryagain, letbe, abort, close, note).
/// It answers with what was asked for (<c>close</c>, <c>undo:close</c>, <c>no:close</c> for what is not wanted any more) and <c>(why)</c> for what was refused.
/// </summary>
internal sealed class IncidentStory : IIncidentOutput
{
    private readonly Dictionary<string, IncidentAlert> _alerts = [];
    private readonly Dictionary<string, string> _underWay = [];
    private long _nowInMs = 1_000_000;
    private bool _isOver;

    public IncidentStory(Playbook playbook) => Incident = new Incident("dijon.flood.1", "dijon", playbook, isExercise: false, _nowInMs);

    public Incident Incident { get; }

    public List<string> Told { get; } = [];

    public List<CommandRequest> Asked { get; } = [];

    public List<TimelineEntry> Entries { get; } = [];

    public static string Of(Playbook playbook, string words)
    {
        IncidentStory story = new(playbook);
        foreach (string word in words.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            story.Hear(word);
        }

        Incident incident = story.Incident;
        return string.Join(' ', [.. story.Told, $"| {incident.State}{(incident.End == IncidentEnd.None ? "" : " " + incident.End)}"]);
    }

    public void Hear(string word)
    {
        string[] parts = word.Split(':');
        IncidentOutcome outcome = word switch
        {
            ['w', .. var seconds] when double.TryParse(seconds, CultureInfo.InvariantCulture, out double later) => Wait(later),
            "release" => Incident.Release(_nowInMs),
            _ when parts is ["merge", var other] => Incident.MergeInto(other, "ann", "one of a kind", _nowInMs),
            _ when parts is ["lead", var follower] => Incident.Lead(follower, "ann", "", _nowInMs),
            _ when parts is ["leave", var alert] => Incident.Leave([alert], "dijon.flood.2", "ann", "", _nowInMs),
            _ when word.Contains('+', StringComparison.Ordinal) => Raise(word.Split('+')),
            [.. var id, '-'] => Join(_alerts[id] with { State = AlertState.Cleared, Revision = _alerts[id].Revision + 1 }),
            _ when Enum.TryParse(parts[0], ignoreCase: true, out CommandStatus status) =>
                Incident.Hear(new CommandProgress(_underWay[parts[1]], status, _nowInMs, "", status == CommandStatus.Accepted ? ["unit-1"] : []), _nowInMs),
            _ => Incident.Say(new PersonSays(
                Enum.Parse<PersonVerb>(parts[0], ignoreCase: true), parts.ElementAtOrDefault(2) ?? "ann", [.. parts.Skip(3)], parts.ElementAtOrDefault(1) is { Length: > 0 } step ? step : null, "because", _nowInMs)),
        };
        Incident.Drain(this);
        if (outcome == IncidentOutcome.Refused)
        {
            Told.Add($"({Incident.Refusal})");
        }
    }

    void IIncidentOutput.Ask(CommandRequest command)
    {
        _underWay[command.Step] = command.CommandId;
        Asked.Add(command);
        Told.Add((command.Compensates is null ? "" : "undo:") + command.Step);
    }

    void IIncidentOutput.Withdraw(string commandId, string system, string area) => Told.Add("no:" + Asked.Single(command => command.CommandId == commandId).Step);

    void IIncidentOutput.Entry(TimelineEntry entry) => Entries.Add(entry);

    void IIncidentOutput.Over()
    {
        Assert.NotEqual(IncidentState.Open, Incident.State);
        Assert.False(_isOver, "it was over before");
        _isOver = true;
    }

    void IIncidentOutput.Return(IncidentAlert alert) => Told.Add("back:" + alert.Id);

    void IIncidentOutput.LetGo(string system, string area) => Assert.Equal(IncidentState.Closed, Incident.State);

    void IIncidentOutput.Release(string incident) => Told.Add("free:" + incident);

    private IncidentOutcome Wait(double seconds)
    {
        _nowInMs += (long)(seconds * 1000);
        return Incident.DueInMs <= _nowInMs ? Incident.Wake(_nowInMs) : IncidentOutcome.Unchanged;
    }

    private IncidentOutcome Raise(string[] parts)
    {
        string[] severity = parts[1].Split('@');
        int revision = _alerts.TryGetValue(parts[0], out IncidentAlert? before) ? before.Revision + 1 : 1;
        return Join(new IncidentAlert(parts[0], severity.ElementAtOrDefault(1) ?? "dijon/port", "river-flood", Enum.Parse<AlertSeverity>(severity[0]), AlertState.Active, _nowInMs, revision, "Flood"));
    }

    private IncidentOutcome Join(IncidentAlert alert)
    {
        _alerts[alert.Id] = alert;
        return Incident.Join(alert, _nowInMs);
    }
}
