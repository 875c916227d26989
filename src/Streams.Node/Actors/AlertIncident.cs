using System.Buffers;
using System.Text.Json;
using Streams.Domain.Incidents;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Node.Actors;

/// <summary>
/// Which incident an alert belongs to. An alert is said before that is known and says it itself from its next state on; until then this row does, for whoever looks it up.
/// </summary>
internal static class AlertIncident
{
    public const string Collection = "alert-incidents";

    private static readonly byte[] s_unknown = "\"incidentId\":null"u8.ToArray();

    public static void Put(CommitDraft draft, IncidentAlert alert, string incident, long nowInMs)
    {
        ArrayBufferWriter<byte> body = new(128);
        using (Utf8JsonWriter json = new(body))
        {
            json.WriteStringValue(incident);
        }

        draft.Put(new Document(Collection, alert.Id, alert.Area, "", "", nowInMs, default, IsDone: true), body.WrittenSpan);
    }

    /// <summary>The alert's JSON with its incident, where that is known.</summary>
    public static ReadOnlyMemory<byte> Fill(IStore store, Document alert)
    {
        int at = alert.Body.Span.IndexOf(s_unknown);
        if (at < 0 || store.Get(Collection, alert.Id) is not { } found)
        {
            return alert.Body;
        }

        ArrayBufferWriter<byte> filled = new(alert.Body.Length + found.Body.Length);
        int from = at + s_unknown.Length - "null"u8.Length;
        filled.Write(alert.Body.Span[..from]);
        filled.Write(found.Body.Span);
        filled.Write(alert.Body.Span[(from + "null"u8.Length)..]);
        return filled.WrittenMemory;
    }
}
