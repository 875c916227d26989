using Microsoft.Extensions.Logging;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Telemetry;

namespace Streams.Runtime.Hosting;

/// <summary>
/// Publishes committed outbox chunks: a <see cref="PublishLane"/> for decisions and one for bulk, which wait for nothing of each other's.
/// </summary>
internal sealed class Publisher : IDisposable
{
    /// <summary>Bulk output committed but not yet delivered, beyond which workers take no new input. 64 MB is about a second of closed windows at full speed.</summary>
    private const long MaxBulkInBytes = 64 << 20;

    private readonly PublishLane[] _lanes;

    public Publisher(ILog log, InboxRoom room, EngineMeter meter, TimeProvider time, ILogger logger)
    {
        _lanes = [new PublishLane(Lane.Urgent, lingerInMs: 0, log, room, meter, time, logger), new PublishLane(Lane.Bulk, lingerInMs: 20, log, room, meter, time, logger)];
    }

    public IReadOnlyList<PublishLane> Lanes => _lanes;

    public long Published => _lanes.Sum(lane => lane.Published);

    /// <summary>Records that the log refused for good; anything but 0 needs somebody to look.</summary>
    public long GivenUp => _lanes.Sum(lane => lane.GivenUp);

    /// <summary>False while too much bulk output is on its way.</summary>
    public bool HasRoom => _lanes[(int)Lane.Bulk].BacklogInBytes <= MaxBulkInBytes;

    public void Start() => Array.ForEach(_lanes, lane => lane.Start());

    /// <summary>Takes a committed chunk. Never waits: see <see cref="HasRoom"/>.</summary>
    /// <param name="draft">Holds the chunk's memory; null where the chunk owns its bytes.</param>
    /// <param name="decidedAt">When it was decided (<see cref="TimeProvider.GetTimestamp"/>); null where an earlier owner did.</param>
    public void Publish(Shard owner, OutboxChunk chunk, CommitDraft? draft, long? decidedAt = null)
    {
        draft?.Hold();
        _lanes[(int)chunk.Lane].Add(owner, chunk, draft, decidedAt);
    }

    public void Dispose() => Array.ForEach(_lanes, lane => lane.Dispose());
}
