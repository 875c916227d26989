using Streams.Runtime.Log;
using Streams.Runtime.Shards;

namespace Streams.Runtime.Tests.Simulation;

/// <summary>What the polling and working threads of a node do, a step at a time and in any order.</summary>
internal sealed partial class SimulatedCluster
{
    private void Work(SimulatedNode node)
    {
        switch (_random.Next(6))
        {
            case 0 when node.Posted.Count > 0:
                if (_random.Next(60) == 0)
                {
                    Crash(node);
                    return;
                }

                for (int left = _random.Next(1, 4); left > 0 && node.Posted.Count > 0; left--)
                {
                    CommitOne(node);
                }

                if (_random.Next(60) == 0)
                {
                    Crash(node);
                }

                break;
            case 1 when node.ToPublish.Count > 0:
                bool crashMidway = _random.Next(40) == 0;
                PublishOne(node, crashMidway ? _random.Next(3) : int.MaxValue);
                if (crashMidway)
                {
                    Crash(node);
                }

                break;
            case 0 or 1 or 2:
                Poll(node, isCalm: false);
                break;
            default:
                RunWorker(node, isCalm: false);
                break;
        }
    }

    /// <summary>The polling thread: seeks that were asked for, batches that were held, the log's end, and what is fetched meanwhile.</summary>
    private void Poll(SimulatedNode node, bool isCalm)
    {
        while (node.Seeks.TryDequeue(out (Shard Shard, long Offset) seek))
        {
            if (node.Find(seek.Shard) is { } at)
            {
                Seek(node, at, seek.Offset);
            }
        }

        node.Held.HandOver((at, batch) => node.Work.TryAdd(at.Intake, at.Shard, batch, TimeSpan.Zero));
        foreach (SimulatedShard at in node.Shards)
        {
            // The intake's partitions are paused while something is held for it.
            bool isPaused = node.Held.Has(at.Intake);
            if (!isPaused)
            {
                at.KnownEnd = _log[at.Shard.Partition].Count;
            }

            if (!isPaused || _sabotage.HasFlag(Sabotage.StaleEnds))
            {
                at.Shard.NoteLogEnd(at.KnownEnd, _nowInMs);
            }

            if (!isPaused && (isCalm || _random.Next(4) > 0))
            {
                Fetch(node, at, isCalm);
            }
        }
    }

    private void Seek(SimulatedNode node, SimulatedShard at, long offset)
    {
        Count("seeks");
        int alive = node.BatchesAlive();
        if (!_sabotage.HasFlag(Sabotage.KeepHeld))
        {
            node.Held.Discard(at.Shard.Partition);
        }

        Count("held batches discarded by a seek", alive - node.BatchesAlive());
        alive = node.BatchesAlive();
        at.FetchFrom = offset;
        at.HasItsPlace = false;
        if (!_sabotage.HasFlag(Sabotage.KeepWaiting))
        {
            node.Work.Discard(at.Shard);
        }

        Count("waiting batches discarded by a seek", alive - node.BatchesAlive());
        at.SoughtsWaiting++;
        node.Work.Add(() =>
        {
            at.SoughtsWaiting--;
            at.Shard.Sought();
        });
    }

    private void Fetch(SimulatedNode node, SimulatedShard at, bool isCalm)
    {
        int most = isCalm ? 1000 : _random.Next(1, 20);
        Range? lost = null;
        if (!isCalm && at.HasItsPlace && _random.Next(50) == 0)
        {
            // The client loses its place, before this batch or within it. A record after that shows it.
            int from = _random.Next(2) * _random.Next(most);
            int to = from + _random.Next(1, 3);
            lost = at.FetchFrom + to < at.KnownEnd ? new Range(from, to) : null;
        }

        SimulatedBatch batch = _log.Read(at.Shard.Partition, at.FetchFrom, most, lost);
        at.FetchFrom = Math.Max(at.FetchFrom, Math.Min(at.FetchFrom + most, _log[at.Shard.Partition].Count));
        if (batch.Count == 0)
        {
            return;
        }

        at.HasItsPlace = true;
        if (_sabotage.HasFlag(Sabotage.CountOffsets))
        {
            batch = batch.CountedOn();
        }

        node.Batches.Add(batch);
        if (node.Held.Has(at.Intake) || !node.Work.TryAdd(at.Intake, at.Shard, batch, TimeSpan.Zero))
        {
            Count("batches held");
            node.Held.Add(at.Intake, at, batch);
        }
    }

    /// <summary>The worker's thread: commands and batches, and what its shards do by the clock.</summary>
    private void RunWorker(SimulatedNode node, bool isCalm)
    {
        // Now and then there is no room for output for a while, and what comes from outside waits.
        node.HasRoom = isCalm || _random.Next(node.HasRoom ? 15 : 6) > 0 == node.HasRoom;
        for (int left = isCalm ? int.MaxValue : _random.Next(1, 5); left > 0; left--)
        {
            if (!isCalm && _random.Next(3) == 0)
            {
                TickAll(node, isCalm);
            }

            if (!node.Work.TryTake(node.HasRoom, TimeSpan.Zero, out Action? command, out (Shard Shard, RecordBatch? Batch) work))
            {
                break;
            }

            command?.Invoke();
            if (work.Batch is not null)
            {
                using (work.Batch)
                {
                    Process(work.Shard, work.Batch, isCalm);
                }
            }
        }

        TickAll(node, isCalm);
    }

    private void TickAll(SimulatedNode node, bool isCalm)
    {
        foreach (SimulatedShard at in node.Shards)
        {
            if (at.Shard.NeedsRestart && at.Shard.CommitsInFlight == 0)
            {
                Count("restarts before an earlier seek was answered", at.SoughtsWaiting);
                at.Shard.Restart();
            }
            else if (!at.Shard.NeedsRestart && (isCalm || _random.Next(2) == 0))
            {
                Tick(at.Shard, isCalm);
            }

            if (isCalm && at.Shard.NextToRead == _log[at.Shard.Partition].Count)
            {
                at.Shard.WriteAll(_nowInMs);
            }
        }
    }

    private void Process(Shard shard, RecordBatch batch, bool isCalm)
    {
        if (shard.IsDropped)
        {
            return;
        }

        if (_sabotage.HasFlag(Sabotage.NoOffsetCheck))
        {
            shard.Sought();
        }

        Count("batches with a gap inside", batch.OffsetAt(batch.Count - 1) - batch.OffsetAt(0) >= batch.Count ? 1 : 0);

        shard.Process(batch, _nowInMs);
        Tick(shard, isCalm);
    }

    private void Tick(Shard shard, bool isCalm) =>
        shard.Tick(_nowInMs, hasTimeToSpare: isCalm || _random.Next(2) == 0, applyingShare: isCalm ? 0.1 : _random.NextDouble());
}
