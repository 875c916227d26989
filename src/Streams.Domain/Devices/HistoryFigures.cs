using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>
/// The figures of a closed window in few bytes: a value alone, a level (many values, all the same), or values that varied. Sensors send
/// decimals, so numbers are whole ones at a common count of decimals and close to the first value; quantiles are bins of the sketch, counted
/// down from that of the maximum.
/// </summary>
/// <remarks>
/// Count, extremes, first, last and quantiles come back exactly; the sum without the last digits' noise of adding decimals; the
/// deviation to 1/65,535 of the most it can be, half of the range. A minute of one value takes 2 to 5 bytes, an hour of four some 12.
/// </remarks>
internal static class HistoryFigures
{
    internal const int Single = 0;
    internal const int Level = 1;
    internal const int Varied = 2;

    /// <summary>Stands for a count of decimals where numbers follow as they are.</summary>
    private const int Raw = 7;

    private const long MostUnits = 1L << 40;

    /// <summary>Beyond, a count times <see cref="MostUnits"/> would not fit.</summary>
    private const long MostValues = 1L << 20;

    private static readonly double[] Scales = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6];

    internal static int FormOf(in Moments moments) =>
        moments.Count == 1 ? Single
        : moments.Min == moments.Max && IsSum(moments.Min * moments.Count, in moments) ? Level
        : Varied;

    internal static void Write(SnapshotWriter writer, int form, in Moments moments, in QuantileSketch sketch)
    {
        if (form == Single)
        {
            WriteNumber(writer, moments.First);
            return;
        }

        writer.Unsigned((ulong)moments.Count);
        if (form == Level)
        {
            WriteNumber(writer, moments.Min);
            return;
        }

        WriteNumbers(writer, in moments);
        double most = (moments.Max - moments.Min) / 2;
        int share = most > 0 && double.IsFinite(most) ? (int)Math.Round(Math.Min(1, moments.StandardDeviation / most) * ushort.MaxValue) : 0;
        writer.Byte((byte)share);
        writer.Byte((byte)(share >> 8));
        (int p50, int p95, int p99) = sketch.PercentilePlaces();
        WriteStep(writer, QuantileSketch.PlaceOf(moments.Max), p99);
        WriteStep(writer, p99, p95);
        WriteStep(writer, p95, p50);
    }

    /// <summary>Fills in all figures of a window.</summary>
    internal static HistoryWindow Read(ref SnapshotReader reader, int form, in HistoryWindow of)
    {
        if (form == Single || form == Level)
        {
            long count = form == Single ? 1 : (long)reader.Unsigned();
            double value = ReadNumber(ref reader);
            return of with
            {
                Count = count, Mean = value, Min = value, Max = value, Sum = value * count, P50 = value, P95 = value, P99 = value, First = value, Last = value,
            };
        }

        HistoryWindow window = ReadNumbers(ref reader, of with { Count = (long)reader.Unsigned() });
        double share = (reader.Byte() | (reader.Byte() << 8)) / (double)ushort.MaxValue;
        long p99 = QuantileSketch.PlaceOf(window.Max) - (long)reader.Unsigned();
        long p95 = p99 - (long)reader.Unsigned();
        long p50 = p95 - (long)reader.Unsigned();
        return window with
        {
            Mean = window.Count == 0 ? 0 : window.Sum / window.Count,
            StandardDeviation = share * ((window.Max - window.Min) / 2),
            P50 = ValueAt(p50, in window),
            P95 = ValueAt(p95, in window),
            P99 = ValueAt(p99, in window),
        };
    }

    private static void WriteStep(SnapshotWriter writer, int from, int to) => writer.Unsigned((ulong)Math.Max(0, from - to));

    private static double ValueAt(long place, in HistoryWindow window) =>
        place is < short.MinValue * 4 or > short.MaxValue * 4 || window.Min > window.Max
            ? window.Max
            : Math.Clamp(QuantileSketch.ValueAt((int)place), window.Min, window.Max);

    /// <summary>Adding decimals as binary numbers leaves noise in the last digits; what is within it is the same sum.</summary>
    private static bool IsSum(double sum, in Moments moments) =>
        Math.Abs(sum - moments.Sum) <= 1e-12 * moments.Count * Math.Max(Math.Abs(moments.Min), Math.Abs(moments.Max));

    private static void WriteNumber(SnapshotWriter writer, double value)
    {
        for (int decimals = 0; decimals < Scales.Length; decimals++)
        {
            if (TryScale(value, decimals, out long units))
            {
                WriteFirst(writer, units, decimals);
                return;
            }
        }

        writer.Unsigned(Raw);
        writer.Double(value);
    }

    private static double ReadNumber(ref SnapshotReader reader) => ReadFirst(ref reader, out long units, out int decimals) ? units / Scales[decimals] : reader.Double();

    /// <summary>Extremes, first, last and sum.</summary>
    private static void WriteNumbers(SnapshotWriter writer, in Moments moments)
    {
        long min = 0;
        long max = 0;
        long last = 0;
        for (int decimals = 0; decimals < Scales.Length && moments.Count < MostValues; decimals++)
        {
            if (!TryScale(moments.First, decimals, out long first) || !TryScale(moments.Min, decimals, out min)
                || !TryScale(moments.Max, decimals, out max) || !TryScale(moments.Last, decimals, out last))
            {
                continue;
            }

            double sum = Math.Round(moments.Sum * Scales[decimals]);
            if (!(Math.Abs(sum) < 1L << 53) || !IsSum(sum / Scales[decimals], in moments) || first < min || last < min || max < first)
            {
                break;
            }

            WriteFirst(writer, first, decimals);
            writer.Unsigned((ulong)(first - min));
            writer.Unsigned((ulong)(max - first));
            writer.Unsigned((ulong)(last - min));
            writer.Signed((long)sum - (first * moments.Count));
            return;
        }

        writer.Unsigned(Raw);
        writer.Double(moments.First);
        writer.Double(moments.Min);
        writer.Double(moments.Max);
        writer.Double(moments.Last);
        writer.Double(moments.Sum);
    }

    private static HistoryWindow ReadNumbers(ref SnapshotReader reader, in HistoryWindow of)
    {
        if (!ReadFirst(ref reader, out long first, out int decimals))
        {
            return of with { First = reader.Double(), Min = reader.Double(), Max = reader.Double(), Last = reader.Double(), Sum = reader.Double() };
        }

        double scale = Scales[decimals];
        long min = first - (long)reader.Unsigned();
        long max = first + (long)reader.Unsigned();
        long last = min + (long)reader.Unsigned();
        long sum = reader.Signed() + (first * of.Count);
        return of with { First = first / scale, Min = min / scale, Max = max / scale, Last = last / scale, Sum = sum / scale };
    }

    /// <summary>The first number carries the decimals of all that follow.</summary>
    private static void WriteFirst(SnapshotWriter writer, long units, int decimals) =>
        writer.Unsigned((((ulong)units << 1) ^ (ulong)(units >> 63)) << 3 | (uint)decimals);

    /// <summary>False where numbers follow as they are.</summary>
    private static bool ReadFirst(ref SnapshotReader reader, out long units, out int decimals)
    {
        ulong first = reader.Unsigned();
        decimals = (int)(first & 7);
        ulong zigzag = first >> 3;
        units = (long)(zigzag >> 1) ^ -(long)(zigzag & 1);
        return decimals != Raw;
    }

    private static bool TryScale(double value, int decimals, out long units)
    {
        double scaled = Math.Round(value * Scales[decimals]);

        // Minus zero would come back as zero, so it goes as it is; so does what is not a number.
        if (!(Math.Abs(scaled) < MostUnits) || scaled / Scales[decimals] != value || (scaled == 0 && double.IsNegative(value)))
        {
            units = 0;
            return false;
        }

        units = (long)scaled;
        return true;
    }
}
