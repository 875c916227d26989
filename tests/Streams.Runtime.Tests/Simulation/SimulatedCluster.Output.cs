using System.Text;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Tests.Simulation;

/// <summary>What the committing and publishing threads of a node do.</summary>
internal sealed partial class SimulatedCluster
{
    /// <summary>Writes and publishes all there is.</summary>
    private void Finish(SimulatedNode node)
    {
        while (node.Posted.Count > 0)
        {
            CommitOne(node);
        }

        while (node.ToPublish.Count > 0)
        {
            PublishOne(node, int.MaxValue);
        }
    }

    private void CommitOne(SimulatedNode node)
    {
        PostedCommit posted = node.Posted.Dequeue();
        ShardCommit commit = posted.Commit;
        if (posted.Owner.IsDropped)
        {
            return;
        }

        if (_sabotage.HasFlag(Sabotage.NoDueIndex))
        {
            commit = Copy(commit, commit.Epoch, commit.NextOffset, commit.Number);
            commit.Actors.Clear();
            commit.Actors.AddRange(posted.Commit.Actors.Select(row => row with { DueInMs = null }));
        }

        if (_sabotage.HasFlag(Sabotage.NoFence))
        {
            ShardRow stored = _store.ReadShards().Single(row => row.Shard == commit.Shard);
            commit = Copy(commit, stored.Epoch, Math.Max(stored.NextOffset, commit.NextOffset), ++_sabotageNumber + 1_000_000);
        }

        if (_sabotage.HasFlag(Sabotage.NoOutbox) && _random.Next(10) == 0)
        {
            commit.Outbox.Clear();
        }

        if (_sabotage.HasFlag(Sabotage.NoSections) && _random.Next(10) == 0)
        {
            commit.Sections.Clear();
        }

        if (_store.Commit([commit])[0] == CommitResult.Fenced)
        {
            Count("commits fenced");
            posted.Owner.Drop();
            if (node.Find(posted.Owner) is not null)
            {
                node.Detach(posted.Owner.Partition);
            }

            return;
        }

        (long epoch, long next) = _highest.GetValueOrDefault(commit.Shard);
        if (commit.Epoch < epoch || (commit.Epoch == epoch && commit.NextOffset < next))
        {
            _violations.Add($"I2/I3: {commit.Shard} wrote epoch {commit.Epoch} next {commit.NextOffset} after epoch {epoch} next {next}");
        }

        _highest[commit.Shard] = (commit.Epoch, commit.NextOffset);
        if (_writers.TryGetValue((commit.Shard, commit.Epoch), out int writer) && writer != node.Number)
        {
            _violations.Add($"I7: {commit.Shard} epoch {commit.Epoch} was written by two owners");
        }

        _writers[(commit.Shard, commit.Epoch)] = node.Number;
        foreach (OutboxChunk chunk in commit.Outbox)
        {
            node.ToPublish.Add((posted.Owner, chunk));
        }

        posted.Owner.Committed();
    }

    private static ShardCommit Copy(ShardCommit from, long epoch, long next, long number)
    {
        ShardCommit copy = new()
        {
            Shard = from.Shard, Epoch = epoch, NextOffset = next, Number = number, LastNumbers = from.LastNumbers, PublishedThrough = from.PublishedThrough,
        };
        copy.Actors.AddRange(from.Actors);
        copy.Sections.AddRange(from.Sections);
        copy.Outbox.AddRange(from.Outbox);
        copy.Journal.AddRange(from.Journal);
        copy.Documents.AddRange(from.Documents);
        return copy;
    }

    /// <summary>Publishes the oldest chunk of some lane, up to so many records.</summary>
    private void PublishOne(SimulatedNode node, int most)
    {
        int at = _sabotage.HasFlag(Sabotage.NoOutboxOrder) ? _random.Next(node.ToPublish.Count) : 0;
        (Shard shard, OutboxChunk chunk) = node.ToPublish[at];
        OutboxCodec.Reader reader = new(chunk.Records.Span);
        int index = 0;
        for (; index < most && reader.Next(); index++)
        {
            List<KeyValuePair<string, byte[]>> headers = [];
            HeaderBlock.Reader block = HeaderBlock.Read(reader.Headers);
            while (block.Next(out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value))
            {
                headers.Add(new(Encoding.UTF8.GetString(name), value.ToArray()));
            }

            if (reader.IsNumbered)
            {
                byte[] source = new byte[SourceHeader.Length];
                long number = _sabotage.HasFlag(Sabotage.NoMarks) ? ++_sabotageNumber : chunk.FirstNumber + index;
                new SourceHeader(SourceMarks.SourceOf(shard.Id, chunk.Lane), number, shard.Lineage).Write(source);
                headers.Add(new(SourceHeader.Name, source));
            }

            Append(
                reader.Topic,
                Partitioner.PartitionOf(reader.Key, _log.PartitionsOf(reader.Topic)),
                new SimulatedRecord(reader.Key.ToArray(), reader.Value.ToArray(), headers));
        }

        if (index == chunk.Count)
        {
            node.ToPublish.RemoveAt(at);
            shard.Published(chunk.Lane, chunk.LastNumber);
        }
    }
}
