using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

/// <summary>
/// The members of an area that have one device type: how far each has come, and so which windows are complete. A member that
/// holds the others up for too long is left out of account until it has caught up.
/// </summary>
internal sealed class Membership
{
    private readonly Dictionary<string, Member> _members = new(StringComparer.Ordinal);

    public Membership() => Alone = new MemberSet([this]);

    public int Count => _members.Count;

    /// <summary>Members that are child areas.</summary>
    public int Areas => _members.Values.Count(member => member.IsArea);

    /// <summary>Devices below, over all members.</summary>
    public int Devices { get; private set; }

    public int Silent { get; private set; }

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
            Devices -= member.Devices;
            Silent -= member.Silent;
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
            HasAreas |= update.IsArea;
            HasDevices |= !update.IsArea;
        }

        member.Devices = update.Devices;
        member.Silent = update.Silent;
        member.WatermarkInMs = Math.Max(member.WatermarkInMs, update.WatermarkInMs);
        member.LastEventInMs = Math.Max(member.LastEventInMs, update.LastEventInMs);
        Devices += member.Devices;
        Silent += member.Silent;
        IntervalInMs = Math.Max(IntervalInMs, update.IntervalInMs);
        LastEventInMs = Math.Max(LastEventInMs, member.LastEventInMs);
        if (member.IsLeftOut && member.WatermarkInMs >= ForcedThroughInMs)
        {
            member.IsLeftOut = false;
        }
    }

    /// <summary>Event time through which all members that count have sent their windows: windows that end here or before are complete.</summary>
    public long Frontier()
    {
        long frontier = long.MaxValue;
        bool any = false;
        foreach (Member member in _members.Values)
        {
            if (!member.IsLeftOut)
            {
                frontier = Math.Min(frontier, member.WatermarkInMs);
                any = true;
            }
        }

        return any ? Math.Max(frontier, ForcedThroughInMs) : ForcedThroughInMs;
    }

    /// <summary>Leaves out whoever has not come as far as this.</summary>
    public void LeaveOutBefore(long endInMs)
    {
        ForcedThroughInMs = Math.Max(ForcedThroughInMs, endInMs);
        foreach (Member member in _members.Values)
        {
            member.IsLeftOut |= member.WatermarkInMs < endInMs;
        }
    }

    public void Save(SnapshotWriter writer)
    {
        writer.Signed(ForcedThroughInMs);
        writer.Signed(IntervalInMs);
        writer.Signed(LastEventInMs);
        writer.Unsigned((ulong)_members.Count);
        foreach (Member member in _members.Values)
        {
            writer.Text(member.Id);
            writer.Flag(member.IsArea);
            writer.Signed(member.WatermarkInMs);
            writer.Signed(member.LastEventInMs);
            writer.Unsigned((ulong)member.Devices);
            writer.Unsigned((ulong)member.Silent);
            writer.Flag(member.IsLeftOut);
        }
    }

    public void Restore(ref SnapshotReader reader)
    {
        ForcedThroughInMs = reader.Signed();
        IntervalInMs = reader.Signed();
        LastEventInMs = reader.Signed();
        int count = reader.Count(int.MaxValue);
        for (int i = 0; i < count && !reader.Failed; i++)
        {
            var member = new Member
            {
                Id = reader.Text(),
                IsArea = reader.Flag(),
                WatermarkInMs = reader.Signed(),
                LastEventInMs = reader.Signed(),
                Devices = reader.Count(int.MaxValue),
                Silent = reader.Count(int.MaxValue),
                IsLeftOut = reader.Flag(),
            };
            _members[member.Id] = member;
            Devices += member.Devices;
            Silent += member.Silent;
            HasAreas |= member.IsArea;
            HasDevices |= !member.IsArea;
        }
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

/// <summary>A device, or a child area, within an area.</summary>
internal sealed class Member
{
    public required string Id { get; init; }

    public bool IsArea { get; init; }

    public long WatermarkInMs { get; set; } = long.MinValue;

    public long LastEventInMs { get; set; } = long.MinValue;

    public int Devices { get; set; }

    public int Silent { get; set; }

    /// <summary>It lags, and windows no longer wait for it.</summary>
    public bool IsLeftOut { get; set; }
}
