using System.Buffers;
using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>One closed window as history keeps it; a later row of the same window with a higher revision replaces it.</summary>
/// <param name="P50">Quantiles are those of the window's sketch, within 1 %; the deviation is kept in 16 bits.</param>
public readonly record struct HistoryWindow(
    string Type, string Metric, WindowSize Size, long StartInMs, int Revision, long Count, double Mean, double Min, double Max,
    double StandardDeviation, double Sum, double P50, double P95, double P99, double First, double Last, int Members = 1);

/// <summary>What a subject's rows call its metrics: read the rows of <see cref="HistoryPart.Names"/> first.</summary>
public sealed class HistoryNames
{
    private readonly Dictionary<int, (string Type, string Metric)> _names = [];

    /// <summary>Takes the names of a row. What is not a whole row of a known version gives false, and the names before the fault.</summary>
    public bool TryAdd(ReadOnlySpan<byte> body)
    {
        var reader = new SnapshotReader(body);
        if (reader.Byte() != WindowHistory.Version)
        {
            return false;
        }

        while (!reader.AtEnd)
        {
            int number = reader.Count(int.MaxValue);
            (string, string) name = (reader.Text(), reader.Text());
            if (reader.Failed)
            {
                return false;
            }

            _names[number] = name;
        }

        return true;
    }

    public bool TryGet(int number, out (string Type, string Metric) name) => _names.TryGetValue(number, out name);

    internal static void Begin(IBufferWriter<byte> row) => new SnapshotWriter(row).Byte(WindowHistory.Version);

    internal static void Write(IBufferWriter<byte> row, int number, string type, string metric)
    {
        var writer = new SnapshotWriter(row);
        writer.Unsigned((ulong)number);
        writer.Text(type);
        writer.Text(metric);
    }
}

/// <summary>
/// Packed rows of closed windows without their sketches: the past that the API answers from. A row of history holds a run of windows of
/// one size, made by <see cref="HistoryRuns"/>.
/// </summary>
/// <remarks>
/// Version 3: where the first window begins, then for each its metric's number, form and figures (<see cref="HistoryFigures"/>). It begins
/// where the window before it did if its metric has a higher number, else one later; only what differs is written. Versions 1
/// and 2 (an area's) held all sizes, and the names before the first window that used them.
/// </remarks>
public static class WindowHistory
{
    internal const byte Version = 3;

    /// <summary>Windows of an area: each with the number of its members.</summary>
    internal const byte VersionWithMembers = 4;

    /// <summary>A row holds no window that begins this long, or longer, after its earliest one.</summary>
    /// <returns>Milliseconds; <see cref="long.MaxValue"/> for <see cref="HistoryPart.Mixed"/>, which knew no bound.</returns>
    public static long LongestInMs(HistoryPart part) =>
        part <= HistoryPart.Days ? ((WindowSize)part).LengthInMs() * HistoryRuns.LongestInWindows : long.MaxValue;

    /// <summary>
    /// Every window of a row, as it closed. What is not a whole row of a known version gives false, and the windows before the fault. A window
    /// whose name is not known is left out, and false.
    /// </summary>
    public static bool TryRead(HistoryPart part, ReadOnlySpan<byte> body, HistoryNames names, ICollection<HistoryWindow> into)
    {
        if (body.IsEmpty)
        {
            return true;
        }

        return part switch
        {
            HistoryPart.Mixed => MixedHistory.TryRead(body, into),
            <= HistoryPart.Days => TryRead((WindowSize)part, body, names, into),
            _ => false,
        };
    }

    private static bool TryRead(WindowSize size, ReadOnlySpan<byte> body, HistoryNames names, ICollection<HistoryWindow> into)
    {
        var reader = new SnapshotReader(HistoryCompression.Restore(body));
        byte version = reader.Byte();
        if (version is not (Version or VersionWithMembers))
        {
            return false;
        }

        bool areNamed = true;
        int lastNumber = -1;
        long start = reader.Signed();
        while (!reader.AtEnd && !reader.Failed)
        {
            ulong head = reader.Unsigned();
            int form = (int)(head & 3);
            if (form > HistoryFigures.Varied || head >> 4 > int.MaxValue)
            {
                return false;
            }

            int number = (int)(head >> 4);
            start += (head & 4) != 0 ? reader.Signed() : number > lastNumber ? 0 : 1;
            lastNumber = number;
            bool isNamed = names.TryGet(number, out (string Type, string Metric) name);
            areNamed &= isNamed;
            HistoryWindow window = new()
            {
                Type = name.Type,
                Metric = name.Metric,
                Size = size,
                StartInMs = start * size.LengthInMs(),
                Revision = (head & 8) != 0 ? reader.Count(int.MaxValue) : 0,
                Members = version == VersionWithMembers ? reader.Count(int.MaxValue) : 1,
            };
            window = HistoryFigures.Read(ref reader, form, in window);
            if (!reader.Failed && isNamed)
            {
                into.Add(window);
            }
        }

        return !reader.Failed && areNamed;
    }
}
