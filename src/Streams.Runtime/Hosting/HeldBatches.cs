using Streams.Runtime.Log;

namespace Streams.Runtime.Hosting;

/// <summary>
/// Batches that were polled and found their worker's intake full, in their order. The polling thread's own. Whoever moves a partition to
/// another offset discards what is held of it first: it would look as if it had been read from there.
/// </summary>
internal sealed class HeldBatches<TOwner>
{
    private readonly Dictionary<Intake, Queue<(TOwner Owner, RecordBatch Batch)>> _held = [];

    public bool Has(Intake intake) => _held.TryGetValue(intake, out Queue<(TOwner, RecordBatch)>? held) && held.Count > 0;

    public void Add(Intake intake, TOwner owner, RecordBatch batch)
    {
        if (!_held.TryGetValue(intake, out Queue<(TOwner, RecordBatch)>? held))
        {
            _held[intake] = held = new();
        }

        held.Enqueue((owner, batch));
    }

    /// <summary>Gives batches to whoever has room again.</summary>
    /// <param name="tryAdd">False where there is none.</param>
    public void HandOver(Func<TOwner, RecordBatch, bool> tryAdd)
    {
        foreach (Queue<(TOwner Owner, RecordBatch Batch)> held in _held.Values)
        {
            while (held.TryPeek(out (TOwner Owner, RecordBatch Batch) next) && tryAdd(next.Owner, next.Batch))
            {
                held.Dequeue();
            }
        }
    }

    public void Discard(InboxPartition partition)
    {
        foreach (Intake intake in _held.Keys.ToArray())
        {
            Queue<(TOwner Owner, RecordBatch Batch)> kept = new();
            foreach ((TOwner Owner, RecordBatch Batch) held in _held[intake])
            {
                if (held.Batch.Partition == partition)
                {
                    held.Batch.Dispose();
                }
                else
                {
                    kept.Enqueue(held);
                }
            }

            _held[intake] = kept;
        }
    }
}
