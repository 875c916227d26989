using System.Buffers;
using System.Text;
using Streams.Domain.Devices;
using Streams.Domain.Windows;

namespace Streams.Node.Api.Aggregates;

/// <summary>One stored window of a subject: what it is found by, and its answer.</summary>
/// <param name="Json">An aggregate as the contract has it, one object.</param>
internal sealed record StoredWindow(string Type, string Metric, WindowSize Size, long StartInMs, int Revision, ReadOnlyMemory<byte> Json)
{
    /// <summary>Oldest first, shorter windows before the longer ones that begin with them; the order of pages.</summary>
    public static readonly Comparer<StoredWindow> Order = Comparer<StoredWindow>.Create(static (one, other) =>
    {
        int order = one.StartInMs.CompareTo(other.StartInMs);
        return order != 0 ? order : string.CompareOrdinal(one.Place, other.Place);
    });

    /// <summary>What, beside its start, tells a window from the subject's others.</summary>
    public string Place => $"{(int)Size}|{Metric}|{Type}";

    /// <summary>
    /// Adds the windows of a history row's body (<see cref="WindowHistory"/>). What can't be read is left out: an old or damaged row must not
    /// hide the others.
    /// </summary>
    public static void Decode(ReadOnlySpan<byte> body, string kind, string id, Func<string, string, string> unitOf, List<StoredWindow> into)
    {
        if (body.IsEmpty)
        {
            return;
        }

        List<HistoryWindow> windows = [];
        WindowHistory.TryRead(body, windows);
        foreach (HistoryWindow window in windows)
        {
            ArrayBufferWriter<byte> json = new(768);
            AggregateJson.Write(json, Encoding.UTF8.GetBytes(kind), id, unitOf(window.Type, window.Metric), window, window.Members);
            into.Add(new StoredWindow(window.Type, window.Metric, window.Size, window.StartInMs, window.Revision, json.WrittenMemory));
        }
    }
}
