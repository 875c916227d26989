using System.Buffers;
using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>One closed window as history keeps it; a later row of the same window with a higher revision replaces it.</summary>
/// <param name="P50">Quantiles, mean and deviation of windows with several values are kept as 32-bit numbers.</param>
public readonly record struct HistoryWindow(
    string Type, string Metric, WindowSize Size, long StartInMs, int Revision, long Count, double Mean, double Min, double Max,
    double StandardDeviation, double Sum, double P50, double P95, double P99, double First, double Last, int Members = 1);

/// <summary>
/// Packed rows of closed windows without their sketches: the past that the API answers from. A chunk begins with the names it
/// uses, so it can be read without the device.
/// </summary>
/// <remarks>
/// Row: name number, size and single-value flag (1 byte together up to 15 names, else 2 or 3), start as a step from the row before
/// in units of its size (1 to 5 bytes), revision (1), then for one value the number (2 to 9), else count, extremes, first, last,
/// sum and five 32-bit figures. A minute of one value takes 6 to 14 bytes. A name stands in front of the first row that uses it.
/// </remarks>
public static class WindowHistory
{
    /// <summary>A chunk beyond this is handed out: large enough for a row of its own, small enough to wait in memory.</summary>
    public const int ChunkInBytes = 768;

    internal const byte Version = 1;

    /// <summary>Rows of an area: each followed by the number of its members.</summary>
    internal const byte VersionWithMembers = 2;

    private const int MostNames = 1024;

    /// <summary>Every row of a chunk, oldest first as it closed. What is not a whole chunk of a known version gives false, and the rows before the fault.</summary>
    public static bool TryRead(ReadOnlySpan<byte> chunk, ICollection<HistoryWindow> into)
    {
        var reader = new SnapshotReader(chunk);
        if (chunk.IsEmpty)
        {
            return true;
        }

        byte version = reader.Byte();
        if (version is not (Version or VersionWithMembers))
        {
            return false;
        }

        var names = new List<(string Type, string Metric)>();
        long previousInMs = 0;
        while (!reader.AtEnd && !reader.Failed)
        {
            ulong head = reader.Unsigned();
            var size = (WindowSize)(head & 3);
            bool single = (head & 4) != 0;
            int name = (int)Math.Min(head >> 3, MostNames + 1);
            if (name == names.Count && name < MostNames)
            {
                names.Add((reader.Text(), reader.Text()));
            }
            else if (name >= names.Count)
            {
                return false;
            }

            long startInMs = size.StartOf(previousInMs) + (reader.Signed() * size.LengthInMs());
            int revision = (int)reader.Unsigned();
            HistoryWindow row;
            if (single)
            {
                double value = reader.Number();
                row = new HistoryWindow(
                    names[name].Type, names[name].Metric, size, startInMs, revision, 1, value, value, value, 0, value, value, value, value, value, value);
            }
            else
            {
                long count = (long)reader.Unsigned();
                double min = reader.Number();
                double max = reader.Number();
                double first = reader.Number();
                double last = reader.Number();
                double sum = reader.Double();
                double deviation = reader.Single();
                double p50 = reader.Single();
                double p95 = reader.Single();
                double p99 = reader.Single();
                row = new HistoryWindow(
                    names[name].Type, names[name].Metric, size, startInMs, revision, count, count == 0 ? 0 : sum / count, min, max,
                    deviation, sum, p50, p95, p99, first, last);
            }

            if (version == VersionWithMembers)
            {
                row = row with { Members = (int)reader.Unsigned() };
            }

            previousInMs = startInMs;
            if (!reader.Failed)
            {
                into.Add(row);
            }
        }

        return !reader.Failed;
    }

    /// <summary>Writes one row. A new name must have the number that follows the last one.</summary>
    internal static void Write(IBufferWriter<byte> chunk, in ClosedWindow window, int name, bool isNewName, ref long previousInMs)
    {
        var writer = new SnapshotWriter(chunk);
        ref readonly Moments moments = ref window.Moments;
        bool single = moments.Count == 1;
        writer.Unsigned(((ulong)name << 3) | (single ? 4UL : 0) | (ulong)window.Size);
        if (isNewName)
        {
            writer.Text(window.Type);
            writer.Text(window.Metric);
        }

        writer.Signed((window.StartInMs - window.Size.StartOf(previousInMs)) / window.Size.LengthInMs());
        writer.Unsigned((ulong)window.Revision);
        previousInMs = window.StartInMs;
        if (single)
        {
            writer.Number(moments.First);
            return;
        }

        (double p50, double p95, double p99) = window.Sketch.Percentiles();
        writer.Unsigned((ulong)moments.Count);
        writer.Number(moments.Min);
        writer.Number(moments.Max);
        writer.Number(moments.First);
        writer.Number(moments.Last);
        writer.Double(moments.Sum);
        writer.Single(moments.StandardDeviation);
        writer.Single(Math.Clamp(p50, moments.Min, moments.Max));
        writer.Single(Math.Clamp(p95, moments.Min, moments.Max));
        writer.Single(Math.Clamp(p99, moments.Min, moments.Max));
    }
}
