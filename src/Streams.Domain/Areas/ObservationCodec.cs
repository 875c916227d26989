using System.Buffers;
using Streams.Domain.Alerts;
using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

/// <summary>
/// The bytes of an <see cref="Observation"/>: a version, then each list with its length. A later version may only append lists,
/// and a reader refuses versions it does not know, so that nothing is half understood.
/// </summary>
public static class ObservationCodec
{
    public const byte Version = 1;

    /// <summary>Bounds what a broken length can make the reader allocate; a real observation holds a few hundred of anything.</summary>
    private const int MostEntries = 1_000_000;

    public static void Write(Observation observation, IBufferWriter<byte> output)
    {
        var writer = new SnapshotWriter(output);
        writer.Byte(Version);
        writer.Unsigned((ulong)observation.Series.Count);
        foreach (ObservedSeries series in observation.Series)
        {
            writer.Text(series.Type);
            writer.Text(series.Metric);
            writer.Text(series.Unit);
        }

        writer.Unsigned((ulong)observation.Windows.Count);
        foreach (PartialWindow window in observation.Windows)
        {
            writer.Unsigned((ulong)window.Series);
            writer.Byte((byte)window.Size);
            writer.Signed(window.StartInMs);
            writer.Unsigned((ulong)window.Members);
            WriteMoments(writer, in window.Moments, window.StartInMs);
            if (window.Moments.Count > 1)
            {
                window.Sketch.Encode(output);
            }
        }

        writer.Unsigned((ulong)observation.Members.Count);
        foreach (MemberUpdate member in observation.Members)
        {
            writer.Text(member.Id);
            writer.Text(member.Type);
            writer.Signed(member.WatermarkInMs);
            writer.Signed(member.LastEventInMs);
            writer.Signed(member.IntervalInMs);
            writer.Unsigned((ulong)member.Devices);
            writer.Unsigned((ulong)member.Silent);
            writer.Flag(member.IsArea);
        }

        writer.Unsigned((ulong)observation.Anomalies.Count);
        foreach (AnomalyNotice notice in observation.Anomalies)
        {
            WriteAnomaly(writer, notice);
        }

        writer.Unsigned((ulong)observation.Conditions.Count);
        foreach (ConditionNotice notice in observation.Conditions)
        {
            WriteKey(writer, notice.Key);
            writer.Text(notice.Area);
            writer.Text(notice.AlertId);
            writer.Byte((byte)notice.Severity);
            writer.Signed(notice.OnsetInMs);
            writer.Signed(notice.EndInMs);
            writer.Double(notice.Measure);
            writer.Double(notice.Value);
            writer.Text(notice.Unit);
            writer.Text(notice.Devices);
        }

        writer.Unsigned((ulong)observation.Coverage.Count);
        foreach (CoverageNotice notice in observation.Coverage)
        {
            WriteKey(writer, notice.Key);
            writer.Text(notice.AlertId);
            writer.Signed(notice.OnsetInMs);
            writer.Signed(notice.EndInMs);
        }
    }

    /// <summary>Fills <paramref name="into"/>, whose earlier contents are forgotten.</summary>
    /// <param name="fault">What is wrong with the bytes; the observation is then empty.</param>
    public static bool TryRead(ReadOnlySpan<byte> bytes, Observation into, out string? fault)
    {
        into.Clear();
        var reader = new SnapshotReader(bytes);
        byte version = reader.Byte();
        if (version != Version)
        {
            fault = reader.Failed ? "an observation without bytes" : $"an observation of version {version}; this node reads version {Version}";
            return false;
        }

        Read(ref reader, into);
        if (reader.Failed || !reader.AtEnd)
        {
            into.Clear();
            fault = "an observation that is cut short or damaged";
            return false;
        }

        fault = null;
        return true;
    }

    internal static void WriteKey(SnapshotWriter writer, ConditionKey key)
    {
        writer.Text(key.Rule);
        writer.Text(key.Type);
        writer.Text(key.Metric);
    }

    internal static ConditionKey ReadKey(ref SnapshotReader reader) => new(reader.Text(), reader.Text(), reader.Text());

    internal static void WriteAnomaly(SnapshotWriter writer, AnomalyNotice notice)
    {
        writer.Text(notice.Id);
        writer.Text(notice.DeviceId);
        writer.Text(notice.Type);
        writer.Text(notice.Metric);
        writer.Text(notice.Kind);
        writer.Flag(notice.IsRaised);
        writer.Signed(notice.TimeInMs);
        writer.Signed(notice.SinceInMs);
        writer.Double(notice.Value);
        writer.Double(notice.Expected);
        writer.Double(notice.Score);
        writer.Text(notice.Explanation);
    }

    internal static AnomalyNotice ReadAnomaly(ref SnapshotReader reader) => new()
    {
        Id = reader.Text(),
        DeviceId = reader.Text(),
        Type = reader.Text(),
        Metric = reader.Text(),
        Kind = reader.Text(),
        IsRaised = reader.Flag(),
        TimeInMs = reader.Signed(),
        SinceInMs = reader.Signed(),
        Value = reader.Double(),
        Expected = reader.Double(),
        Score = reader.Double(),
        Explanation = reader.Text(),
    };

    /// <summary>One value is a value and its time; more are all the parts, times as distances from the window's start.</summary>
    internal static void WriteMoments(SnapshotWriter writer, in Moments moments, long startInMs)
    {
        writer.Unsigned((ulong)moments.Count);
        if (moments.Count == 0)
        {
            return;
        }

        writer.Number(moments.First);
        writer.Signed(moments.FirstAtInMs - startInMs);
        if (moments.Count > 1)
        {
            writer.Number(moments.Sum);
            writer.Number(moments.Min);
            writer.Number(moments.Max);
            writer.Double(moments.Mean);
            writer.Double(moments.M2);
            writer.Number(moments.Last);
            writer.Signed(moments.LastAtInMs - startInMs);
        }
    }

    internal static Moments ReadMoments(ref SnapshotReader reader, long startInMs)
    {
        var moments = new Moments { Count = (long)reader.Unsigned() };
        if (moments.Count <= 0)
        {
            if (moments.Count < 0)
            {
                reader.Fail();
            }

            return default;
        }

        moments.First = reader.Number();
        moments.FirstAtInMs = reader.Signed() + startInMs;
        if (moments.Count == 1)
        {
            Moments one = default;
            one.Add(moments.First, moments.FirstAtInMs);
            return one;
        }

        moments.Sum = reader.Number();
        moments.Min = reader.Number();
        moments.Max = reader.Number();
        moments.Mean = reader.Double();
        moments.M2 = reader.Double();
        moments.Last = reader.Number();
        moments.LastAtInMs = reader.Signed() + startInMs;
        return moments;
    }

    private static void Read(ref SnapshotReader reader, Observation into)
    {
        int series = reader.Count(MostEntries);
        for (int i = 0; i < series && !reader.Failed; i++)
        {
            into.Series.Add(new ObservedSeries(reader.Text(), reader.Text(), reader.Text()));
        }

        int windows = reader.Count(MostEntries);
        for (int i = 0; i < windows && !reader.Failed; i++)
        {
            int of = reader.Count(Math.Max(0, series - 1));
            byte size = reader.Byte();
            if (size >= WindowSizes.Count)
            {
                reader.Fail();
                return;
            }

            PartialWindow window = into.AddWindow(of, (WindowSize)size, reader.Signed());
            window.Members = reader.Count(MostEntries);
            window.Moments = ReadMoments(ref reader, window.StartInMs);
            if (window.Moments.Count > 1)
            {
                window.Sketch.Decode(ref reader);
            }
            else if (window.Moments.Count == 1)
            {
                window.Sketch.Add(window.Moments.First);
            }
        }

        int members = reader.Count(MostEntries);
        for (int i = 0; i < members && !reader.Failed; i++)
        {
            into.Members.Add(new MemberUpdate
            {
                Id = reader.Text(),
                Type = reader.Text(),
                WatermarkInMs = reader.Signed(),
                LastEventInMs = reader.Signed(),
                IntervalInMs = reader.Signed(),
                Devices = reader.Count(int.MaxValue),
                Silent = reader.Count(int.MaxValue),
                IsArea = reader.Flag(),
            });
        }

        int anomalies = reader.Count(MostEntries);
        for (int i = 0; i < anomalies && !reader.Failed; i++)
        {
            into.Anomalies.Add(ReadAnomaly(ref reader));
        }

        int conditions = reader.Count(MostEntries);
        for (int i = 0; i < conditions && !reader.Failed; i++)
        {
            into.Conditions.Add(new ConditionNotice
            {
                Key = ReadKey(ref reader),
                Area = reader.Text(),
                AlertId = reader.Text(),
                Severity = (AlertSeverity)Math.Min(reader.Byte(), (byte)AlertSeverity.Extreme),
                OnsetInMs = reader.Signed(),
                EndInMs = reader.Signed(),
                Measure = reader.Double(),
                Value = reader.Double(),
                Unit = reader.Text(),
                Devices = reader.Text(),
            });
        }

        int coverage = reader.Count(MostEntries);
        for (int i = 0; i < coverage && !reader.Failed; i++)
        {
            into.Coverage.Add(new CoverageNotice(ReadKey(ref reader), reader.Text(), reader.Signed(), reader.Signed()));
        }
    }
}
