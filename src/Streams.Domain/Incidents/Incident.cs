using System.Collections.Immutable;
using Streams.Domain.Alerts;
using Streams.Domain.Dispatch;

namespace Streams.Domain.Incidents;

/// <summary>What became of telling an incident something.</summary>
public enum IncidentOutcome : byte
{
    /// <summary>Known, or of no account.</summary>
    Unchanged,
    Changed,

    /// <summary><see cref="Incident.Refusal"/> says why.</summary>
    Refused,
}

/// <summary>Takes what an incident has decided. Called by <see cref="Incident.Drain"/>, in the order of the decisions.</summary>
public interface IIncidentOutput
{
    void Ask(CommandRequest command);

    /// <summary>A command is not wanted any more; what of it was done already is taken back by another.</summary>
    void Withdraw(string commandId, string system, string area);

    void Entry(TimelineEntry entry);

    /// <summary>It takes no more alerts: for the desk of its city.</summary>
    void Over();

    /// <summary>An alert that came when it took no more: for the desk, which finds it another. It is told once more that this one is over: a desk that held it for open would give it the alert again, and again.</summary>
    void Return(IncidentAlert alert);

    /// <summary>It is closed: what of a system was its own, and is to stand as it is, is nobody's from now on.</summary>
    void LetGo(string system, string area);

    /// <summary>An incident that was merged into this one may take back what it did.</summary>
    void Release(string incident);
}

/// <summary>
/// What happens about alerts that belong together, from the first to the end: a saga over the steps of its playbook. Pure: time is an argument. Steps whose turn has come are asked
/// for, tried again, replaced by their fall-backs, put before people; when all is over what was done is taken back, last first.
/// </summary>
public sealed partial class Incident
{
    public const int MaxAlerts = 500;
    public const int MaxTextLength = 1000;

    /// <summary>Kept in memory and shown; older entries are in the journal.</summary>
    private const int MaxTimeline = 200;

    private static readonly TimeSpan s_longestBackOff = TimeSpan.FromHours(1);

    private readonly Dictionary<string, IncidentAlert> _alerts = new(StringComparer.Ordinal);
    private readonly List<StepRun> _steps = [];
    private readonly List<TimelineEntry> _timeline = [];
    private readonly List<Action<IIncidentOutput>> _unsaid = [];
    private long _allOverSinceInMs = long.MaxValue;
    private int _entries;

    /// <param name="id">City, hazard and first onset.</param>
    /// <param name="root">The city's root area.</param>
    public Incident(string id, string root, Playbook playbook, bool isExercise, long nowInMs)
    {
        Id = id;
        Root = root;
        Playbook = playbook;
        IsExercise = isExercise;
        OpenedInMs = nowInMs;
        _steps.AddRange(playbook.Steps.Select(step => new StepRun(step) { SinceInMs = nowInMs }));
        Note(nowInMs, "opened", "", playbook.Name, playbook.Title);
    }

    public string Id { get; }

    public string Root { get; }

    public Playbook Playbook { get; }

    /// <summary>Nothing real is moved for it, and no real alert joins it.</summary>
    public bool IsExercise { get; }

    public long OpenedInMs { get; }

    public IncidentState State { get; private set; }

    public IncidentEnd End { get; private set; }

    /// <summary>The highest that any of its alerts ever had: it never goes down.</summary>
    public AlertSeverity Severity { get; private set; }

    /// <summary>The area of the alert that was the most severe first.</summary>
    public string WorstArea { get; private set; } = "";

    public long? ClosedInMs { get; private set; }

    /// <summary>The incident that goes on in its place; null for others.</summary>
    public string? MergedInto { get; private set; }

    /// <summary>Why the last thing said to it was refused.</summary>
    public string Refusal { get; private set; } = "";

    public IReadOnlyCollection<IncidentAlert> Alerts => _alerts.Values;

    public IReadOnlyList<TimelineEntry> Timeline => _timeline;

    /// <summary>Entries that were written, those that <see cref="Timeline"/> no longer holds with them.</summary>
    public int Entries => _entries;

    public bool HasUnsaid => _unsaid.Count > 0;

    /// <summary>When it wants to be woken; <see cref="long.MaxValue"/> for never.</summary>
    public long DueInMs
    {
        get
        {
            long due = State == IncidentState.Open && _allOverSinceInMs != long.MaxValue ? _allOverSinceInMs + (long)Playbook.Settles.TotalMilliseconds : long.MaxValue;
            foreach (StepRun run in _steps)
            {
                due = Math.Min(due, run.DueInMs);
                if (State == IncidentState.Open && run.State == StepState.Waiting && run.Step.When.Lasts > TimeSpan.Zero && OpenedInMs + (long)run.Step.When.Lasts.TotalMilliseconds is var lasted && lasted > _lastWokenInMs)
                {
                    due = Math.Min(due, lasted);
                }
            }

            return due;
        }
    }

    private long _lastWokenInMs = long.MinValue;

    /// <summary>A state of one of its alerts.</summary>
    public IncidentOutcome Join(IncidentAlert alert, long nowInMs)
    {
        if (State != IncidentState.Open)
        {
            if (!alert.Stands)
            {
                return IncidentOutcome.Unchanged;
            }

            _unsaid.Add(output => output.Return(alert));
            return IncidentOutcome.Changed;
        }

        bool isKnown = _alerts.TryGetValue(alert.Id, out IncidentAlert? before);
        if (before is not null && before.Revision >= alert.Revision)
        {
            return IncidentOutcome.Unchanged;
        }

        if (!isKnown && _alerts.Count >= MaxAlerts)
        {
            return Refuse($"it has {MaxAlerts} alerts already");
        }

        _alerts[alert.Id] = alert;
        if (alert.Severity > Severity)
        {
            Severity = alert.Severity;
            WorstArea = alert.Area;
        }

        Note(nowInMs, isKnown ? "alert_" + alert.State.ToString().ToLowerInvariant() : "alert_joined", "", alert.Id, $"{alert.Severity}: {alert.Headline}");
        _allOverSinceInMs = _alerts.Values.Any(each => each.Stands) ? long.MaxValue : Math.Min(_allOverSinceInMs, nowInMs);
        Advance(nowInMs);
        return IncidentOutcome.Changed;
    }

    /// <summary>Its time has come.</summary>
    public IncidentOutcome Wake(long nowInMs)
    {
        _lastWokenInMs = nowInMs;
        int before = _entries;
        if (State == IncidentState.Open && _allOverSinceInMs != long.MaxValue && nowInMs - _allOverSinceInMs >= Playbook.Settles.TotalMilliseconds)
        {
            Finish(IncidentEnd.AllClear, "", $"all {_alerts.Count} alerts are over", nowInMs);
        }

        Advance(nowInMs);
        return _entries == before ? IncidentOutcome.Unchanged : IncidentOutcome.Changed;
    }

    /// <summary>Says what was decided since the last time.</summary>
    public void Drain(IIncidentOutput output)
    {
        foreach (Action<IIncidentOutput> say in _unsaid)
        {
            say(output);
        }

        _unsaid.Clear();
    }

    private void Finish(IncidentEnd end, string who, string why, long nowInMs)
    {
        State = IncidentState.Ending;
        End = end;
        Note(nowInMs, end == IncidentEnd.AllClear ? "all_clear" : end.ToString().ToLowerInvariant(), who, MergedInto ?? "", why);
        _unsaid.Add(static output => output.Over());
        if (end != IncidentEnd.Merged)
        {
            ReleaseFollowers();
        }

        foreach (StepRun run in _steps)
        {
            switch (run.State)
            {
                case StepState.Waiting or StepState.AwaitsApproval:
                    Turn(run, StepState.Skipped, nowInMs, "the incident is over");
                    break;
                case StepState.BackingOff or StepState.AwaitsPerson:
                    Turn(run, StepState.Failed, nowInMs, run.Reason);
                    break;
                case StepState.UnderWay when end == IncidentEnd.Aborted || (end != IncidentEnd.Merged && run.Step.Undo is not null):
                    // What of it is done by now is known when the dispatcher answers.
                    string commandId = run.UnderWay;
                    (string system, string area) = (run.Step.System, run.Area);
                    _unsaid.Add(output => output.Withdraw(commandId, system, area));
                    break;
            }
        }
    }

    private IncidentOutcome Refuse(string why)
    {
        Refusal = why;
        return IncidentOutcome.Refused;
    }

    private void Note(long nowInMs, string what, string who, string subject, string detail)
    {
        TimelineEntry entry = new(++_entries, nowInMs, what, who, subject, detail.Length > MaxTextLength ? detail[..MaxTextLength] : detail);
        _timeline.Add(entry);
        if (_timeline.Count > MaxTimeline)
        {
            _timeline.RemoveAt(0);
        }

        _unsaid.Add(output => output.Entry(entry));
    }
}
