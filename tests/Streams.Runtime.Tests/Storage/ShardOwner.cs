using System.Text;
using Streams.Runtime.Storage;

namespace Streams.Runtime.Tests.Storage;

/// <summary>A shard's owner as the spec plays it: claims, then builds commits numbered as the runtime does.</summary>
internal sealed class ShardOwner
{
    public static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private readonly IStore _store;
    private readonly long[] _lastNumbers;
    private readonly long[] _publishedThrough = [0, 0];
    private long _number;

    public ShardOwner(IStore store, ShardId shard, string name = "node-1", string incarnation = "log-1")
    {
        _store = store;
        Shard = shard;
        Claim = store.Claim(shard, name, incarnation, Noon);
        _lastNumbers = [.. Claim.LastNumbers];
    }

    public ShardId Shard { get; }

    public ShardClaim Claim { get; }

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    public ShardCommit Next(long nextOffset, long atInMs = 0) => new()
    {
        Shard = Shard,
        Epoch = Claim.Epoch,
        Number = ++_number,
        NextOffset = nextOffset,
        AtInMs = atInMs,
        LastNumbers = [.. _lastNumbers],
        PublishedThrough = [.. _publishedThrough],
    };

    /// <summary>A commit with one actor's row and nothing else.</summary>
    public ShardCommit WithActor(long nextOffset, int index, string key, string snapshot, long? dueInMs = null, bool isNew = true)
    {
        ShardCommit commit = Next(nextOffset);
        commit.Actors.Add(new ActorRow(index, key, isNew, dueInMs, Bytes(snapshot)));
        return commit;
    }

    /// <summary>A commit with one chunk of <paramref name="count"/> records.</summary>
    public ShardCommit WithChunk(long nextOffset, Lane lane, int count, string records)
    {
        long first = _lastNumbers[(int)lane] + 1;
        _lastNumbers[(int)lane] += count;
        ShardCommit commit = Next(nextOffset);
        commit.Outbox.Add(new OutboxChunk(lane, first, count, Bytes(records)));
        return commit;
    }

    public ShardCommit WithPublished(long nextOffset, Lane lane, long through)
    {
        _publishedThrough[(int)lane] = through;
        return Next(nextOffset);
    }

    public ShardCommit WithDocument(long nextOffset, Document document)
    {
        ShardCommit commit = Next(nextOffset);
        commit.Documents.Add(document);
        return commit;
    }

    public ShardCommit WithJournal(long nextOffset, string key, long atInMs, string body)
    {
        ShardCommit commit = Next(nextOffset);
        commit.Journal.Add(new JournalRow(key, atInMs, "anomaly_raised", Bytes(body)));
        return commit;
    }

    public CommitResult Write(ShardCommit commit) => Assert.Single(_store.Commit([commit]));
}
