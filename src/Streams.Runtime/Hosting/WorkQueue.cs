using Streams.Runtime.Log;
using Streams.Runtime.Shards;

namespace Streams.Runtime.Hosting;

/// <summary>
/// Batches of one class on their way to a worker, bounded by bytes. There are two: of inboxes that this cluster fills itself, and of
/// those that others fill. The first are worked off even when output has no room, or the two would wait for each other.
/// </summary>
internal sealed class Intake
{
    internal Queue<(Shard Shard, RecordBatch Batch)> Waiting = new();
    internal long CostInBytes;

    public long WaitingInBytes => Volatile.Read(ref CostInBytes);
}

/// <summary>
/// What a worker has to do: commands first, then batches, those of each shard in their order. A command that must not come before the
/// batches of its shard discards them, and they are read again from the log.
/// </summary>
/// <param name="capacityInBytes">Of each intake. A single batch may exceed it (or it could never pass); a second one then waits.</param>
internal sealed class WorkQueue(long capacityInBytes)
{
    private readonly object _gate = new();
    private readonly Queue<Action> _commands = new();

    /// <summary>Records that this cluster's own actors sent.</summary>
    public Intake Inner { get; } = new();

    /// <summary>Records that come from outside.</summary>
    public Intake Outer { get; } = new();

    public void Add(Action command)
    {
        lock (_gate)
        {
            _commands.Enqueue(command);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Adds when there is room, waiting for it up to the timeout.</summary>
    public bool TryAdd(Intake intake, Shard shard, RecordBatch batch, TimeSpan timeout)
    {
        lock (_gate)
        {
            if (!Gate.Wait(_gate, () => intake.CostInBytes < capacityInBytes, timeout))
            {
                return false;
            }

            intake.Waiting.Enqueue((shard, batch));
            intake.CostInBytes += CostOf(batch);
            Monitor.PulseAll(_gate);
            return true;
        }
    }

    /// <summary>One of the two, or neither after the timeout.</summary>
    /// <param name="outer">False leaves records from outside where they are.</param>
    public bool TryTake(bool outer, TimeSpan timeout, out Action? command, out (Shard Shard, RecordBatch? Batch) work)
    {
        lock (_gate)
        {
            work = default;
            Gate.Wait(_gate, () => _commands.Count > 0 || Inner.Waiting.Count > 0 || (outer && Outer.Waiting.Count > 0), timeout);
            if (_commands.TryDequeue(out command))
            {
                return true;
            }

            Intake from = Inner.Waiting.Count > 0 || !outer ? Inner : Outer;
            if (!from.Waiting.TryDequeue(out (Shard Shard, RecordBatch Batch) next))
            {
                return false;
            }

            from.CostInBytes -= CostOf(next.Batch);
            Monitor.PulseAll(_gate);
            work = next;
            return true;
        }
    }

    /// <summary>Disposes of the batches of a shard, or of all.</summary>
    public void Discard(Shard? shard)
    {
        lock (_gate)
        {
            Discard(Inner, shard);
            Discard(Outer, shard);
            Monitor.PulseAll(_gate);
        }
    }

    private static long CostOf(RecordBatch batch) => batch.SizeInBytes + (batch.Count * 64L);

    private static void Discard(Intake intake, Shard? shard)
    {
        Queue<(Shard Shard, RecordBatch Batch)> kept = new();
        foreach ((Shard Shard, RecordBatch Batch) item in intake.Waiting)
        {
            if (shard is null || ReferenceEquals(item.Shard, shard))
            {
                intake.CostInBytes -= CostOf(item.Batch);
                item.Batch.Dispose();
            }
            else
            {
                kept.Enqueue(item);
            }
        }

        intake.Waiting = kept;
    }
}
