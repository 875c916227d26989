using System.Runtime.InteropServices;
using System.Text;
using Streams.Domain.Areas;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Node.Actors;

/// <summary>
/// Puts observations into a draft as records to an area. What others wait for (anomalies, conditions, coverage) goes in the urgent lane,
/// windows and watermarks in the bulk lane: a watermark must not overtake the windows it speaks for. Many windows become several
/// records, so that none outgrows what a broker takes; watermarks go with the last of them.
/// </summary>
internal sealed class ObservationRecords
{
    /// <summary>A window with a wide sketch is about 1 KB, an ordinary one 100 bytes: a record stays under 300 KB.</summary>
    private const int MaxWindows = 256;

    private readonly Observation _part = new();

    public void Tell(CommitDraft draft, string topic, string area, Observation observation)
    {
        byte[] key = Encoding.UTF8.GetBytes(area);
        if (observation.IsUrgent)
        {
            _part.Anomalies.AddRange(observation.Anomalies);
            _part.Conditions.AddRange(observation.Conditions);
            _part.Coverage.AddRange(observation.Coverage);
            Write(draft, Lane.Urgent, topic, key);
        }

        for (int from = 0; from < observation.Windows.Count || (from == 0 && observation.Members.Count > 0); from += MaxWindows)
        {
            _part.Series.AddRange(observation.Series);
            _part.Windows.AddRange(CollectionsMarshal.AsSpan(observation.Windows)[from..Math.Min(from + MaxWindows, observation.Windows.Count)]);
            if (from + MaxWindows >= observation.Windows.Count)
            {
                _part.Members.AddRange(observation.Members);
            }

            Write(draft, Lane.Bulk, topic, key);
        }
    }

    private void Write(CommitDraft draft, Lane lane, string topic, byte[] key)
    {
        draft.BeginRecord(lane, topic, key, numbered: true);
        draft.Header("content-type"u8, "application/x-streams-observation"u8);
        ObservationCodec.Write(_part, draft.BeginValue());
        draft.EndRecord();

        // The lists only: the windows are the caller's and must not be emptied.
        _part.Series.Clear();
        _part.Windows.Clear();
        _part.Members.Clear();
        _part.Anomalies.Clear();
        _part.Conditions.Clear();
        _part.Coverage.Clear();
    }
}
