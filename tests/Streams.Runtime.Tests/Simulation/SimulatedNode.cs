using Streams.Runtime.Hosting;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Tests.Simulation;

/// <summary>A shard and how far its partition is fetched for it.</summary>
internal sealed class SimulatedShard(Shard shard, Intake intake, long fetchFrom, long knownEnd)
{
    public Shard Shard { get; } = shard;

    public Intake Intake { get; } = intake;

    public long FetchFrom { get; set; } = fetchFrom;

    /// <summary>The log's end as a fetch last told it.</summary>
    public long KnownEnd { get; set; } = knownEnd;

    /// <summary>Seeks that the poller has made and the shard has not been told of.</summary>
    public int SoughtsWaiting { get; set; }

    /// <summary>Has read since it was last told where; only then can it lose its place.</summary>
    public bool HasItsPlace { get; set; }
}

/// <summary>One process: a poller, a worker with its production queue, a commit writer and a publisher, each a step at a time.</summary>
internal sealed class SimulatedNode
{
    /// <summary>A batch or two: intakes do get full, and the poller has to hold what it polled.</summary>
    private const long IntakeInBytes = 1300;

    private static int s_number;

    public int Number { get; } = Interlocked.Increment(ref s_number);

    public List<SimulatedShard> Shards { get; } = [];

    public WorkQueue Work { get; } = new(IntakeInBytes);

    public HeldBatches<SimulatedShard> Held { get; } = new();

    /// <summary>For output; without it the worker takes nothing from outside.</summary>
    public bool HasRoom { get; set; } = true;

    /// <summary>Polled and not yet disposed of, or not yet known to be.</summary>
    public List<SimulatedBatch> Batches { get; } = [];

    public Queue<(Shard Shard, long Offset)> Seeks { get; } = new();

    public Queue<PostedCommit> Posted { get; } = new();

    public List<(Shard Shard, OutboxChunk Chunk)> ToPublish { get; } = [];

    /// <summary>Nothing waits anywhere between the log and the shards.</summary>
    public bool IsIdle => Seeks.Count == 0 && Posted.Count == 0 && ToPublish.Count == 0 && BatchesAlive() == 0;

    public void Attach(Shard shard, bool isInner, long from, long end)
    {
        Detach(shard.Partition);
        Shards.Add(new SimulatedShard(shard, isInner ? Work.Inner : Work.Outer, from, end));
    }

    /// <summary>Whatever waits for the shard is discarded.</summary>
    public void Detach(InboxPartition partition)
    {
        Held.Discard(partition);
        foreach (SimulatedShard at in Shards.Where(at => at.Shard.Partition == partition).ToArray())
        {
            Work.Discard(at.Shard);
            Shards.Remove(at);
        }
    }

    public int BatchesAlive()
    {
        Batches.RemoveAll(batch => batch.IsDisposed);
        return Batches.Count;
    }

    public SimulatedShard? Find(Shard shard) => Shards.Find(at => at.Shard == shard);

    public Shard? ShardOf(InboxPartition partition) => Shards.Find(at => at.Shard.Partition == partition)?.Shard;
}
