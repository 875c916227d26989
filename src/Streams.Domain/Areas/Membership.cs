using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

/// <summary>
/// The members of an area that have one device type: how far each has come, and so which windows are complete. A member that
/// holds the others up for too long is left out of account until it has caught up.
/// </summary>
internal sealed class Membership
{
    private const long MinuteInMs = 60_000;

    private readonly Dictionary<string, Member> _members = new(StringComparer.Ordinal);

    /// <summary>How many of those that count have come to each minute: windows begin and end with one, and thousands of lamps have come to the same few.</summary>
    private readonly SortedDictionary<long, int> _byMinute = [];

    /// <summary>The first minute there; -1 when it has to be looked for.</summary>
    private long _lowestMinute = -1;

    public Membership(string type)
    {
        Type = type;
        Alone = new MemberSet([this]);
    }

    public string Type { get; }

    /// <summary>The area's lanes of this type.</summary>
    public List<Lane> Lanes { get; } = [];

    /// <summary>Something changed that windows may have waited for.</summary>
    public bool HasNews { get; set; }

    public int Count => _members.Count;

    /// <summary>Members that are child areas.</summary>
    public int Areas { get; private set; }

    /// <summary>Devices below, over all members.</summary>
    public int Devices { get; private set; }

    public int Silent { get; private set; }

    /// <summary>Devices of the area itself that have an anomaly.</summary>
    public int Anomalous { get; private set; }

    /// <summary>Devices of the area itself that are silent, send impossible or frozen values, or are in a state that alarms.</summary>
    public int Broken { get; private set; }

    public bool HasAreas { get; private set; }

    public bool HasDevices { get; private set; }

    /// <summary>Longest usual time between readings of any member; 0 for event devices.</summary>
    public long IntervalInMs { get; private set; }

    public long LastEventInMs { get; private set; } = long.MinValue;

    /// <summary>Event time through which windows were closed without waiting for those that lag.</summary>
    public long ForcedThroughInMs { get; private set; } = long.MinValue;

    public IEnumerable<Member> Members => _members.Values;

    /// <summary>Of this type alone.</summary>
    public MemberSet Alone { get; }

    /// <summary>
    /// Event time through which a member is known: for a device its last reading, for a child area the time through which its windows
    /// are complete. Whoever is no member any more is known for good.
    /// </summary>
    public long KnownThrough(string id) =>
        !_members.TryGetValue(id, out Member? member) ? long.MaxValue : member.IsArea ? member.WatermarkInMs : member.LastEventInMs;

    /// <summary>Takes an update. A watermark never goes back.</summary>
    public void Set(in MemberUpdate update)
    {
        if (_members.TryGetValue(update.Id, out Member? member))
        {
            Tally(member, -1);
            Place(member, -1);
            if (update.Devices == 0)
            {
                _members.Remove(update.Id);
                return;
            }
        }
        else
        {
            if (update.Devices == 0)
            {
                return;
            }

            member = new Member { Id = update.Id, IsArea = update.IsArea };
            _members.Add(update.Id, member);
        }

        member.Devices = update.Devices;
        member.Silent = update.Silent;
        member.WatermarkInMs = Math.Max(member.WatermarkInMs, update.WatermarkInMs);
        member.LastEventInMs = Math.Max(member.LastEventInMs, update.LastEventInMs);
        Tally(member, 1);
        IntervalInMs = Math.Max(IntervalInMs, update.IntervalInMs);
        LastEventInMs = Math.Max(LastEventInMs, member.LastEventInMs);
        member.IsLeftOut &= member.WatermarkInMs < ForcedThroughInMs;
        Place(member, 1);
    }

    /// <summary>A device of the area itself has an anomaly more, or one less.</summary>
    public void Note(AnomalyNotice anomaly)
    {
        if (!_members.TryGetValue(anomaly.DeviceId, out Member? member) || member.IsArea)
        {
            return;
        }

        Tally(member, -1);
        int by = anomaly.IsRaised ? 1 : -1;

        // What was raised before the device came here, or before this was counted, may only be heard of when it is over.
        member.Anomalies = Math.Max(0, member.Anomalies + by);
        member.Faults = Math.Max(0, member.Faults + (anomaly.Kind is "range" or "stuck" or "state" ? by : 0));
        Tally(member, 1);
    }

    /// <summary>Event time, to the minute, through which all members that count have sent their windows: windows that end here or before are complete.</summary>
    public long Frontier()
    {
        if (_byMinute.Count == 0)
        {
            return ForcedThroughInMs;
        }

        if (_lowestMinute < 0)
        {
            _lowestMinute = _byMinute.First().Key;
        }

        return Math.Max(_lowestMinute * MinuteInMs, ForcedThroughInMs);
    }

    /// <summary>Leaves out whoever has not come as far as this.</summary>
    public void LeaveOutBefore(long endInMs)
    {
        ForcedThroughInMs = Math.Max(ForcedThroughInMs, endInMs);
        foreach (Member member in _members.Values)
        {
            if (!member.IsLeftOut && member.WatermarkInMs < endInMs)
            {
                Place(member, -1);
                member.IsLeftOut = true;
            }
        }
    }

    /// <summary>Some 15 bytes a device: ids as what they do not share with the one before, times as distances.</summary>
    public void Save(SnapshotWriter writer)
    {
        writer.Signed(ForcedThroughInMs);
        writer.Signed(IntervalInMs);
        writer.Signed(LastEventInMs);
        writer.Unsigned((ulong)_members.Count);
        string before = "";
        long beforeInMs = 0;
        foreach (Member member in _members.Values)
        {
            member.Save(writer, before, beforeInMs);
            (before, beforeInMs) = (member.Id, member.WatermarkInMs);
        }
    }

    /// <param name="version">Of the area's snapshot.</param>
    public void Restore(ref SnapshotReader reader, byte version)
    {
        ForcedThroughInMs = reader.Signed();
        IntervalInMs = reader.Signed();
        LastEventInMs = reader.Signed();
        int count = reader.Count(int.MaxValue);
        string before = "";
        long beforeInMs = 0;
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            Member member = version >= 3 ? Member.Restore(ref reader, before, beforeInMs) : Member.RestoreVersion2(ref reader);
            (before, beforeInMs) = (member.Id, member.WatermarkInMs);
            _members[member.Id] = member;
            Tally(member, 1);
            Place(member, 1);
        }
    }

    private void Place(Member member, int by)
    {
        if (member.IsLeftOut)
        {
            return;
        }

        long minute = Math.Max(0, member.WatermarkInMs / MinuteInMs);
        int count = _byMinute.GetValueOrDefault(minute) + by;
        if (count > 0)
        {
            _byMinute[minute] = count;
        }
        else
        {
            _byMinute.Remove(minute);
        }

        _lowestMinute = count == 0 && minute == _lowestMinute ? -1 : _lowestMinute < 0 ? -1 : Math.Min(_lowestMinute, minute);
    }

    private void Tally(Member member, int by)
    {
        Devices += by * member.Devices;
        Silent += by * member.Silent;
        Areas += member.IsArea ? by : 0;
        HasAreas |= member.IsArea;
        HasDevices |= !member.IsArea;
        Anomalous += member.Anomalies > 0 ? by : 0;
        Broken += member.IsBroken ? by : 0;
    }
}

/// <summary>The members of one or several device types, as far as alert conditions ask for them.</summary>
internal sealed class MemberSet(Membership[] ofTypes)
{
    /// <summary>Child areas: those of the type that most of them have.</summary>
    public int Areas => ofTypes.Length == 0 ? 0 : ofTypes.Max(members => members.Areas);

    public int Devices => ofTypes.Sum(members => members.Devices);

    public long LastEventInMs => ofTypes.Length == 0 ? long.MinValue : ofTypes.Max(members => members.LastEventInMs);

    /// <summary>As <see cref="Membership.KnownThrough"/>; whoever is a member for several types is known as far as the least of them.</summary>
    public long KnownThrough(string id)
    {
        long known = long.MaxValue;
        foreach (Membership members in ofTypes)
        {
            known = Math.Min(known, members.KnownThrough(id));
        }

        return known;
    }
}
