using Streams.Domain.Windows;

namespace Streams.Domain.Alerts;

/// <summary>One alert of an area from its raising until nothing more will be said of it.</summary>
internal sealed class AlertLife
{
    public required string Id { get; init; }

    /// <summary>The onset that its id has: that of the period as it was when the alert was raised, to the second.</summary>
    public required long NameInMs { get; init; }

    /// <summary>The time during which the condition held, as it is known by now.</summary>
    public required Period Period { get; set; }

    /// <summary>Processing time from which it is published even if the parent has not taken over.</summary>
    public required long SettlesAtInMs { get; set; }

    /// <summary>Processing time at which the condition was last seen to hold.</summary>
    public long SeenAtInMs { get; set; }

    public AlertState State { get; set; }

    /// <summary>Who takes care of it; null while nobody has said so, or since it became graver.</summary>
    public AlertDeed? Acknowledged { get; private set; }

    /// <summary>Who cancelled it; null unless a person did.</summary>
    public AlertDeed? Cancelled { get; private set; }

    /// <summary>A person changed something that is to be said at once.</summary>
    public bool IsToBeTold { get; set; }

    /// <summary>0 until the first state is published.</summary>
    public int Revision { get; set; }

    public long SentInMs { get; set; }

    public AlertSeverity SentSeverity { get; set; }

    public int SentSubjects { get; set; }

    public long SentExpiresInMs { get; set; }

    /// <summary>True while the newest published state is an active one.</summary>
    public bool IsStanding { get; set; }

    /// <summary>What the parent was last told: severity and end. Unknown severity: nothing yet.</summary>
    public AlertSeverity ToldSeverity { get; set; }

    public long ToldEndInMs { get; set; } = long.MaxValue;

    /// <summary>Child areas that were told that this alert speaks for them.</summary>
    public HashSet<string> Covers { get; } = new(StringComparer.Ordinal);

    /// <summary>Ids have seconds.</summary>
    public static long NameOf(long onsetInMs) => onsetInMs - (((onsetInMs % 1000) + 1000) % 1000);

    /// <summary>True if an alert raised for this period would have its id.</summary>
    public bool IsNamedBy(Period period) => NameOf(period.StartInMs) == NameInMs;

    public bool IsOver => State is AlertState.Cleared or AlertState.Expired or AlertState.Cancelled;

    /// <summary>True while a person has cancelled it and its condition still holds: it is over for the world, and kept so that the same time raises no other.</summary>
    public bool IsDismissed => State == AlertState.Cancelled && Cancelled is not null && Period.IsOpen;

    /// <summary>True if nothing more can come of it.</summary>
    public bool HasEnded => IsOver && !IsDismissed;

    public void Acknowledge(AlertDeed deed)
    {
        Acknowledged = deed;
        State = AlertState.Acknowledged;
        IsToBeTold = true;
    }

    public void Cancel(AlertDeed deed)
    {
        Cancelled = deed;
        State = AlertState.Cancelled;
    }

    /// <summary>It asks for people again.</summary>
    public void Revive()
    {
        Acknowledged = null;
        Cancelled = null;
        State = AlertState.Active;
    }

    /// <param name="version">Of the area's snapshot.</param>
    public void Save(SnapshotWriter writer, byte version)
    {
        writer.Text(Id);
        writer.Signed(NameInMs);
        AlertSnapshot.Write(writer, Period);
        writer.Signed(SettlesAtInMs);
        writer.Signed(SeenAtInMs);
        writer.Byte((byte)State);
        writer.Unsigned((ulong)Revision);
        writer.Signed(SentInMs);
        writer.Byte((byte)SentSeverity);
        writer.Unsigned((ulong)SentSubjects);
        writer.Signed(SentExpiresInMs);
        writer.Flag(IsStanding);
        writer.Byte((byte)ToldSeverity);
        writer.Signed(ToldEndInMs);
        writer.Unsigned((ulong)Covers.Count);
        foreach (string child in Covers.Order(StringComparer.Ordinal))
        {
            writer.Text(child);
        }

        if (version >= 5)
        {
            AlertDeed.Save(writer, Acknowledged);
            AlertDeed.Save(writer, Cancelled);
        }
    }

    /// <param name="version">Of the area's snapshot.</param>
    public static AlertLife Restore(ref SnapshotReader reader, byte version)
    {
        string id = reader.Text();
        var life = new AlertLife
        {
            Id = id,
            NameInMs = version >= 4 ? reader.Signed() : AlertVoice.OnsetIn(id),
            Period = AlertSnapshot.ReadPeriod(ref reader),
            SettlesAtInMs = reader.Signed(),
            SeenAtInMs = reader.Signed(),
            State = (AlertState)reader.Byte(),
            Revision = reader.Count(int.MaxValue),
            SentInMs = reader.Signed(),
            SentSeverity = (AlertSeverity)reader.Byte(),
            SentSubjects = reader.Count(int.MaxValue),
            SentExpiresInMs = reader.Signed(),
            IsStanding = reader.Flag(),
            ToldSeverity = (AlertSeverity)reader.Byte(),
            ToldEndInMs = reader.Signed(),
        };
        int covers = reader.Count(1 << 20);
        for (int i = 0; i < covers && !reader.Failed; i++)
        {
            life.Covers.Add(reader.Text());
        }

        if (version >= 5)
        {
            life.Acknowledged = AlertDeed.Restore(ref reader);
            life.Cancelled = AlertDeed.Restore(ref reader);
        }

        return life;
    }
}
