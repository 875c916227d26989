namespace Streams.Domain.Incidents;

/// <summary>
/// Incidents that become one, or two. One that is merged into another begins nothing more, but stays answerable for what it has done: it takes that back when the other is over,
/// so that nothing has to be handed over and nothing can be forgotten.
/// </summary>
public sealed partial class Incident
{
    private const int MaxFollowers = 500;

    private readonly List<string> _followers = [];

    /// <summary>Merged, and the incident that goes on in its place is over too.</summary>
    public bool IsReleased { get; private set; }

    /// <summary>Incidents that were merged into this one.</summary>
    public IReadOnlyList<string> Followers => _followers;

    /// <summary>Another incident goes on with its alerts.</summary>
    public IncidentOutcome MergeInto(string other, string who, string why, long nowInMs)
    {
        if (State != IncidentState.Open)
        {
            return IncidentOutcome.Unchanged;
        }

        MergedInto = other;
        Finish(IncidentEnd.Merged, who, why, nowInMs);
        Advance(nowInMs);
        return IncidentOutcome.Changed;
    }

    /// <summary>Another incident was merged into this one, and waits for its end.</summary>
    public IncidentOutcome Lead(string follower, string who, string why, long nowInMs)
    {
        if (_followers.Contains(follower))
        {
            return IncidentOutcome.Unchanged;
        }

        bool goesOn = State == IncidentState.Open || (End == IncidentEnd.Merged && !IsReleased);
        if (!goesOn || _followers.Count >= MaxFollowers)
        {
            _unsaid.Add(output => output.Release(follower));
            return IncidentOutcome.Changed;
        }

        _followers.Add(follower);
        Note(nowInMs, "took_over", who, follower, why);
        return IncidentOutcome.Changed;
    }

    /// <summary>The incident that went on in its place is over.</summary>
    public IncidentOutcome Release(long nowInMs)
    {
        if (End != IncidentEnd.Merged || IsReleased)
        {
            return IncidentOutcome.Unchanged;
        }

        IsReleased = true;
        Note(nowInMs, "released", "", MergedInto ?? "", "");
        ReleaseFollowers();
        Advance(nowInMs);
        return IncidentOutcome.Changed;
    }

    /// <summary>Some of its alerts are another incident's from now on. What was done about them stays this one's.</summary>
    public IncidentOutcome Leave(IReadOnlyCollection<string> alerts, string into, string who, string why, long nowInMs)
    {
        int left = alerts.Count(_alerts.Remove);
        if (left == 0)
        {
            return IncidentOutcome.Unchanged;
        }

        Note(nowInMs, "split", who, into, why.Length > 0 ? why : $"{left} alerts");
        if (State == IncidentState.Open)
        {
            _allOverSinceInMs = _alerts.Values.Any(each => each.Stands) ? long.MaxValue : Math.Min(_allOverSinceInMs, nowInMs);
            Advance(nowInMs);
        }

        return IncidentOutcome.Changed;
    }

    private void ReleaseFollowers()
    {
        foreach (string follower in _followers)
        {
            _unsaid.Add(output => output.Release(follower));
        }

        _followers.Clear();
    }
}
