using Streams.Domain.Windows;

namespace Streams.Domain.Alerts;

/// <summary>The stored form of what the alert conditions are made of; versioned by the area's snapshot that holds them.</summary>
internal static class AlertSnapshot
{
    public static void Write(SnapshotWriter writer, in Verdict verdict)
    {
        writer.Signed(verdict.StartInMs);
        writer.Signed(verdict.EndInMs);
        writer.Double(verdict.Measure);
        writer.Double(verdict.Upholding);
        writer.Double(verdict.Value);
        writer.Double(verdict.Usual);
        writer.Signed(verdict.Count);
        writer.Signed(verdict.Members);
        writer.Signed(verdict.EtaInMs);
    }

    public static Verdict ReadVerdict(ref SnapshotReader reader) => new(reader.Signed(), reader.Signed(), reader.Double())
    {
        Upholding = reader.Double(),
        Value = reader.Double(),
        Usual = reader.Double(),
        Count = (int)reader.Signed(),
        Members = (int)reader.Signed(),
        EtaInMs = reader.Signed(),
    };

    public static void Write(SnapshotWriter writer, Period period)
    {
        writer.Signed(period.StartInMs);
        writer.Signed(period.EndInMs);
        writer.Signed(period.ConfirmedThroughInMs);
        writer.Byte((byte)period.Severity);
        writer.Signed(period.Step);
        writer.Flag(period.First != period.Latest || period.Worst != period.Latest);
        Write(writer, period.Latest);
        if (period.First != period.Latest || period.Worst != period.Latest)
        {
            Write(writer, period.First);
            Write(writer, period.Worst);
        }
    }

    public static Period ReadPeriod(ref SnapshotReader reader)
    {
        var period = new Period
        {
            StartInMs = reader.Signed(),
            EndInMs = reader.Signed(),
            ConfirmedThroughInMs = reader.Signed(),
            Severity = (AlertSeverity)reader.Byte(),
            Step = (int)reader.Signed(),
        };
        bool differ = reader.Flag();
        period.Latest = ReadVerdict(ref reader);
        period.First = differ ? ReadVerdict(ref reader) : period.Latest;
        period.Worst = differ ? ReadVerdict(ref reader) : period.Latest;
        return period;
    }

    public static void Write(SnapshotWriter writer, in PeriodFold fold)
    {
        writer.Signed(fold.LastEndInMs);
        writer.Flag(fold.PendingSinceInMs is not null);
        if (fold.PendingSinceInMs is { } pending)
        {
            writer.Signed(pending);
            Write(writer, in fold.PendingFirst);
            Write(writer, in fold.PendingWorst);
        }

        writer.Flag(fold.CalmSinceInMs is not null);
        if (fold.CalmSinceInMs is { } calm)
        {
            writer.Signed(calm);
        }

        writer.Flag(fold.Open is not null);
        if (fold.Open is { } open)
        {
            Write(writer, open);
        }
    }

    public static PeriodFold ReadFold(ref SnapshotReader reader)
    {
        var fold = new PeriodFold { LastEndInMs = reader.Signed() };
        if (reader.Flag())
        {
            fold.PendingSinceInMs = reader.Signed();
            fold.PendingFirst = ReadVerdict(ref reader);
            fold.PendingWorst = ReadVerdict(ref reader);
        }

        if (reader.Flag())
        {
            fold.CalmSinceInMs = reader.Signed();
        }

        if (reader.Flag())
        {
            fold.Open = ReadPeriod(ref reader);
        }

        return fold;
    }
}
