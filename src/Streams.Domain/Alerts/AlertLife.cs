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

    public void Save(SnapshotWriter writer)
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

        return life;
    }
}
