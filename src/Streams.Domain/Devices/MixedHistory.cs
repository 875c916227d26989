using Streams.Domain.Windows;

namespace Streams.Domain.Devices;

/// <summary>Chunks of history as they were up to version 2: windows of all sizes in the order they closed, names included. Only read.</summary>
internal static class MixedHistory
{
    private const byte Version = 1;

    /// <summary>Rows of an area: each followed by the number of its members.</summary>
    private const byte VersionWithMembers = 2;

    private const int MostNames = 1024;

    internal static bool TryRead(ReadOnlySpan<byte> chunk, ICollection<HistoryWindow> into)
    {
        var reader = new SnapshotReader(chunk);
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

            previousInMs = size.StartOf(previousInMs) + (reader.Signed() * size.LengthInMs());
            HistoryWindow window = new()
            {
                Type = names[name].Type,
                Metric = names[name].Metric,
                Size = size,
                StartInMs = previousInMs,
                Revision = (int)reader.Unsigned(),
                Members = 1,
            };
            window = single ? ReadSingle(ref reader, in window) : ReadFigures(ref reader, in window);
            if (version == VersionWithMembers)
            {
                window = window with { Members = (int)reader.Unsigned() };
            }

            if (!reader.Failed)
            {
                into.Add(window);
            }
        }

        return !reader.Failed;
    }

    private static HistoryWindow ReadSingle(ref SnapshotReader reader, in HistoryWindow of)
    {
        double value = reader.Number();
        return of with { Count = 1, Mean = value, Min = value, Max = value, Sum = value, P50 = value, P95 = value, P99 = value, First = value, Last = value };
    }

    private static HistoryWindow ReadFigures(ref SnapshotReader reader, in HistoryWindow of)
    {
        HistoryWindow window = of with
        {
            Count = (long)reader.Unsigned(),
            Min = reader.Number(),
            Max = reader.Number(),
            First = reader.Number(),
            Last = reader.Number(),
            Sum = reader.Double(),
            StandardDeviation = reader.Single(),
            P50 = reader.Single(),
            P95 = reader.Single(),
            P99 = reader.Single(),
        };
        return window with { Mean = window.Count == 0 ? 0 : window.Sum / window.Count };
    }
}
