using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

/// <summary>
/// An area's lanes, and which of them may have a window to close. A window can only have become ripe through news of its type's members, or
/// through the clock: so an observation of lamps costs nothing for the windows of buses, and the clock is compared with one instant.
/// </summary>
internal sealed class Lanes
{
    /// <summary>In the order in which they came to be: windows of several types that are ripe at once are closed in it.</summary>
    private readonly List<Lane> _all = [];
    private readonly Dictionary<(string Type, WindowSize Size), Lane> _byType = [];
    private readonly List<Lane> _ofNews = [];
    private long _earliestInMs = long.MaxValue;
    private bool _isEarliestKnown = true;

    public IReadOnlyList<Lane> All => _all;

    /// <summary>Windows that wait for members.</summary>
    public int OpenWindows { get; private set; }

    /// <summary>How long a window waits, in processing time, after it could have been complete.</summary>
    public long GraceInMs
    {
        get;
        set
        {
            if (field != value)
            {
                field = value;
                foreach (Lane lane in _all)
                {
                    SetDeadline(lane);
                }
            }
        }
    }

    /// <summary>Processing time at which the first window of all waits no longer; <see cref="long.MaxValue"/> where none waits.</summary>
    public long EarliestDeadlineInMs
    {
        get
        {
            if (!_isEarliestKnown)
            {
                _isEarliestKnown = true;
                _earliestInMs = long.MaxValue;
                foreach (Lane lane in _all)
                {
                    _earliestInMs = Math.Min(_earliestInMs, lane.DeadlineInMs);
                }
            }

            return _earliestInMs;
        }
    }

    public Lane Of(string type, WindowSize size, Membership members)
    {
        if (!_byType.TryGetValue((type, size), out Lane? lane))
        {
            lane = new Lane(type, size, members, place: _all.Count);
            _byType.Add((type, size), lane);
            _all.Add(lane);
            members.Lanes.Add(lane);
        }

        return lane;
    }

    /// <inheritdoc cref="Lane.Add"/>
    public Slot? Add(Lane lane, in ObservedSeries series, PartialWindow part, long nowInMs)
    {
        int before = lane.OpenWindows;
        Slot? revised = lane.Add(in series, part, nowInMs);
        OpenWindows += lane.OpenWindows - before;
        if (lane.Oldest?.StartInMs == part.StartInMs)
        {
            SetDeadline(lane);
        }

        return revised;
    }

    /// <summary>Closes the oldest open slot of a lane.</summary>
    public Slot CloseOldest(Lane lane)
    {
        int before = lane.OpenWindows;
        Slot closed = lane.CloseOldest();
        OpenWindows += lane.OpenWindows - before;
        SetDeadline(lane);
        return closed;
    }

    public void Restore(Lane lane, ref SnapshotReader reader)
    {
        int before = lane.OpenWindows;
        lane.Restore(ref reader);
        OpenWindows += lane.OpenWindows - before;
        SetDeadline(lane);
    }

    /// <summary>The members' usual interval has grown, and with it the time that windows wait for them.</summary>
    public void WaitLonger(Membership members)
    {
        foreach (Lane lane in members.Lanes)
        {
            SetDeadline(lane);
        }
    }

    /// <summary>The lanes of these types, in order; the list is used again.</summary>
    public IReadOnlyList<Lane> Of(List<Membership> types)
    {
        _ofNews.Clear();
        foreach (Membership members in types)
        {
            _ofNews.AddRange(members.Lanes);
        }

        if (_ofNews.Count > 1)
        {
            _ofNews.Sort(static (a, b) => a.Place.CompareTo(b.Place));
        }

        return _ofNews;
    }

    /// <summary>
    /// Processing time at which the lane's oldest window waits no longer. Live, a member may need up to its interval after the window's end
    /// to show that it has passed it; in a recording that time is long over, and only the grace counts.
    /// </summary>
    private void SetDeadline(Lane lane)
    {
        long deadline = lane.Oldest is { } oldest
            ? Math.Max(oldest.FirstArrivalInMs, oldest.EndInMs + lane.Members.IntervalInMs) + GraceInMs
            : long.MaxValue;
        if (deadline < _earliestInMs)
        {
            _earliestInMs = deadline;
        }
        else if (lane.DeadlineInMs == _earliestInMs && deadline != _earliestInMs)
        {
            _isEarliestKnown = false;
        }

        lane.DeadlineInMs = deadline;
    }
}
