using Streams.Domain.Alerts;
using Streams.Domain.Areas;

namespace Streams.Domain.Incidents;

/// <summary>What the desk has decided of an alert.</summary>
/// <param name="Incident">The incident that it belongs to; null where it makes none.</param>
/// <param name="IsNew">The incident begins with it.</param>
/// <param name="HasJoined">It was none of the incident's before.</param>
/// <param name="IsTurned">It would have opened one, but <see cref="IncidentDesk.MaxOpen"/> are open: nobody does anything about it.</param>
public readonly record struct DeskVerdict(string? Incident, string Hazard, bool IsNew, bool HasJoined = false, bool IsTurned = false);

/// <summary>
/// Which alerts of a city belong together. One for each city, since only where all alerts come by can be said whether an incident is there already: the same hazard, open, in
/// the same area, in one within the other, or near. Pure; it knows of its incidents what it needs for that and no more.
/// </summary>
public sealed partial class IncidentDesk(string root)
{
    public const int MaxOpen = 2000;

    private readonly Dictionary<string, OpenIncident> _open = new(StringComparer.Ordinal);
    /// <summary>By alert: the open incident that it belongs to.</summary>
    private readonly Dictionary<string, string> _incidentOf = new(StringComparer.Ordinal);

    /// <summary>By hazard: the latest onset of an incident, seconds since 1970.</summary>
    private readonly Dictionary<string, long> _lastSecond = new(StringComparer.Ordinal);

    /// <summary>Last number that an id was told apart by.</summary>
    private long _numbers = 1;

    /// <summary>Incidents that were ever opened.</summary>
    private long _opened;

    public string Root { get; } = root;

    public IReadOnlyCollection<OpenIncident> Open => _open.Values;

    /// <summary>Incidents that could not be opened because so many are.</summary>
    public long Turned { get; private set; }

    /// <param name="isExercise">Exercises and tests never join what is real, nor the other way round.</param>
    /// <param name="distance">Metres between two areas: 0 where they touch, infinite where nobody knows.</param>
    public DeskVerdict Take(IncidentAlert alert, bool isExercise, Playbook? playbook, Func<string, string, double> distance)
    {
        if (_incidentOf.TryGetValue(alert.Id, out string? known))
        {
            OpenIncident its = _open[known];
            its.Note(alert);
            return new DeskVerdict(known, its.Hazard, IsNew: false);
        }

        if (playbook is null || !alert.Stands)
        {
            return default;
        }

        OpenIncident? found = null;
        foreach (OpenIncident open in _open.Values)
        {
            if (open.Hazard == playbook.Name && open.IsExercise == isExercise && open.IsNear(alert.Area, playbook.NearInMetres, distance) && (found is null || open.OpenedInMs < found.OpenedInMs))
            {
                found = open;
            }
        }

        bool isNew = found is null;
        if (found is null)
        {
            if (alert.Severity < playbook.Opens)
            {
                return default;
            }

            if (_open.Count >= MaxOpen)
            {
                Turned++;
                return new DeskVerdict(null, playbook.Name, IsNew: false, IsTurned: true);
            }

            found = Begin(playbook.Name, isExercise, alert.OnsetInMs);
        }

        found.Note(alert);
        _incidentOf[alert.Id] = found.Id;
        return new DeskVerdict(found.Id, playbook.Name, isNew, HasJoined: true);
    }

    /// <summary>An incident takes no more alerts: one of them that stands, or comes again, opens another.</summary>
    public void Over(string incident)
    {
        if (_open.Remove(incident, out OpenIncident? over))
        {
            foreach (string alert in over.Alerts.Keys)
            {
                _incidentOf.Remove(alert);
            }
        }
    }

    /// <summary>All alerts of one incident are another's from now on; answers them, newest state each. Null where one of the two is not open, or they are not of a kind.</summary>
    public IReadOnlyCollection<IncidentAlert>? Merge(string from, string into)
    {
        if (from == into || !_open.TryGetValue(from, out OpenIncident? one) || !_open.TryGetValue(into, out OpenIncident? other) || one.IsExercise != other.IsExercise)
        {
            return null;
        }

        foreach (IncidentAlert alert in one.Alerts.Values)
        {
            other.Note(alert);
            _incidentOf[alert.Id] = into;
        }

        _open.Remove(from);
        return [.. one.Alerts.Values];
    }

    /// <summary>These alerts of an incident are one of their own from now on; answers its id. Null where the incident is not open, has not all of them, or would have none left.</summary>
    public string? Split(string incident, IReadOnlyCollection<string> alerts)
    {
        if (alerts.Count == 0 || !_open.TryGetValue(incident, out OpenIncident? from) || alerts.Count >= from.Alerts.Count || alerts.Any(alert => !from.Alerts.ContainsKey(alert)) || _open.Count >= MaxOpen)
        {
            return null;
        }

        long onset = alerts.Min(alert => from.Alerts[alert].OnsetInMs);
        OpenIncident split = Begin(from.Hazard, from.IsExercise, onset);
        foreach (string alert in alerts)
        {
            split.Note(from.Alerts[alert]);
            from.Forget(alert);
            _incidentOf[alert] = split.Id;
        }

        return split.Id;
    }

    private OpenIncident Begin(string hazard, bool isExercise, long onsetInMs)
    {
        OpenIncident begun = new(++_opened, NewId(hazard, onsetInMs), hazard, isExercise, onsetInMs);
        _open.Add(begun.Id, begun);
        return begun;
    }

    /// <summary>City, hazard and onset, as the ids of alerts. One that does not begin after all before it of its hazard has a number, so that no id is ever given twice.</summary>
    private string NewId(string hazard, long onsetInMs)
    {
        string id = $"{Root}.{hazard}.{DateTimeOffset.FromUnixTimeMilliseconds(onsetInMs):yyyyMMdd'T'HHmmss'Z'}";
        long second = onsetInMs / 1000;
        if (second <= _lastSecond.GetValueOrDefault(hazard, long.MinValue))
        {
            return $"{id}~{++_numbers}";
        }

        _lastSecond[hazard] = second;
        return id;
    }
}

/// <summary>What the desk knows of an incident that takes alerts.</summary>
/// <param name="number">How many had been opened with it.</param>
public sealed class OpenIncident(long number, string id, string hazard, bool isExercise, long openedInMs)
{
    private readonly Dictionary<string, IncidentAlert> _alerts = new(StringComparer.Ordinal);

    internal long Number { get; } = number;

    public string Id { get; } = id;

    public string Hazard { get; } = hazard;

    public bool IsExercise { get; } = isExercise;

    public long OpenedInMs { get; } = openedInMs;

    public IReadOnlyDictionary<string, IncidentAlert> Alerts => _alerts;

    internal void Note(IncidentAlert alert)
    {
        if (!_alerts.TryGetValue(alert.Id, out IncidentAlert? before) || before.Revision < alert.Revision)
        {
            _alerts[alert.Id] = alert;
        }
    }

    internal void Forget(string alert) => _alerts.Remove(alert);

    internal bool IsNear(string area, double nearInMetres, Func<string, string, double> distance)
    {
        foreach (IncidentAlert alert in _alerts.Values)
        {
            if (AreaPath.IsWithin(area, alert.Area) || AreaPath.IsWithin(alert.Area, area) || (nearInMetres > 0 && distance(area, alert.Area) <= nearInMetres))
            {
                return true;
            }
        }

        return false;
    }
}
