using System.Buffers;
using System.Text;
using Streams.Domain.Areas;
using Streams.Domain.Incidents;
using Streams.Runtime.Actors;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Record = Streams.Runtime.Log.Record;

namespace Streams.Node.Actors;

/// <summary>A record of <c>city.incidents</c> or <c>city.requests</c>, decoded. Null where it is what an incident has told the world.</summary>
public sealed class ResponseMessage
{
    internal byte[] Key { get; set; } = [];

    internal IncidentMessage? Content { get; set; }
}

/// <summary>What desks, incidents and dispatchers say to one another, as records. All of it is urgent: somebody waits for each.</summary>
internal static class ResponseRecords
{
    /// <summary>Last part of a desk's key on <c>city.requests</c>, where a dispatcher's has its system.</summary>
    public const string Desk = "incidents";

    /// <summary>CloudEvents type of an incident's state on its own topic.</summary>
    public const string StateType = "streams.incident";

    public static string DeskOf(string area) => $"{AreaPath.RootOf(area)}/{Desk}";

    public static void Tell(CommitDraft draft, string topic, string key, IncidentMessage message)
    {
        draft.BeginRecord(Lane.Urgent, topic, Encoding.UTF8.GetBytes(key), numbered: true);
        draft.Header("content-type"u8, "application/x-streams-incident"u8);
        message.Write(draft.BeginValue());
        draft.EndRecord();
    }

    /// <summary>Whether a record holds an <see cref="IncidentMessage"/>.</summary>
    public static bool Is(in Record record) => record.TryGetHeader("content-type"u8, out ReadOnlySpan<byte> type) && type.SequenceEqual("application/x-streams-incident"u8);

    /// <summary>Decodes a record; null where all is well, else why not.</summary>
    public static RecordRefusal? Read(in Record record, ResponseMessage message)
    {
        message.Key = record.Key.ToArray();
        message.Content = null;
        if (Is(record))
        {
            message.Content = IncidentMessage.Read(record.Value, out string? fault);
            return fault is null ? null : new RecordRefusal("malformed_message", "", fault);
        }

        return record.TryGetHeader("ce_type"u8, out ReadOnlySpan<byte> eventType) && eventType.SequenceEqual("streams.incident"u8)
            ? null
            : new RecordRefusal("unknown_message", "content-type", "Only actors write here; use the HTTP API.");
    }
}
