using Microsoft.Extensions.Logging.Abstractions;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Tests.Simulation;

namespace Streams.Runtime.Tests.Shards;

/// <summary>When what is not urgent is written: the position to read on from may stay behind by so much, and not by more with each owner that dies.</summary>
public sealed class PaceTests : IDisposable
{
    private static readonly InboxPartition s_partition = new("meters", 0);
    private static readonly ShardOptions s_options = new() { SpeakWithin = TimeSpan.FromMinutes(10), MaxDirtyAge = TimeSpan.FromSeconds(30), SweepSize = 2 };

    private readonly SqliteStore _store = SqliteStore.InMemory();
    private readonly ShardId _id = new(1, 0);
    private readonly SimulatedTopics _log = new(("meters", 1));
    private readonly Queue<PostedCommit> _posted = [];

    public PaceTests() => _store.Open(new StoreLayout("test", "test", new Dictionary<byte, KindLayout> { [1] = new("meters", 1) }));

    [Fact]
    public void What_an_owner_reads_for_the_first_time_is_written_by_its_age()
    {
        Shard shard = Claim(catchUpTo: 0);
        Append(5);
        shard.Process(_log.Read(s_partition, 0, 100), 0);

        shard.Tick(30_000, hasTimeToSpare: true, applyingShare: 0);
        Assert.Empty(_posted);
        shard.Tick(30_001, hasTimeToSpare: true, applyingShare: 0);
        Assert.Single(_posted);
    }

    [Fact]
    public void What_an_earlier_owner_had_read_is_written_once_the_shard_has_caught_up_a_commit_at_a_time()
    {
        Append(5);
        Shard shard = Claim(catchUpTo: 5);
        shard.Process(_log.Read(s_partition, 0, 4), 0);
        shard.Tick(10, hasTimeToSpare: true, applyingShare: 0);
        Assert.Empty(_posted);

        shard.Process(_log.Read(s_partition, 4, 1), 20);
        Append(1);
        shard.Process(_log.Read(s_partition, 5, 1), 20);
        foreach (long next in new[] { 2, 4, 6 })
        {
            shard.Tick(30, hasTimeToSpare: true, applyingShare: 0);
            shard.Tick(40, hasTimeToSpare: true, applyingShare: 0);
            PostedCommit posted = Assert.Single(_posted);
            Assert.Equal(next, posted.Commit.NextOffset);
            _store.Commit([_posted.Dequeue().Commit]);
            shard.Committed();
        }

        // What came with the last of them was only company: what comes from now on waits for its age.
        Append(3);
        shard.Process(_log.Read(s_partition, 6, 3), 50);
        shard.Tick(60, hasTimeToSpare: true, applyingShare: 0);
        Assert.Empty(_posted);
    }

    public void Dispose() => _store.Dispose();

    private Shard Claim(long catchUpTo)
    {
        ShardClaim claim = _store.Claim(_id, "test", "log", DateTimeOffset.UnixEpoch);
        return new TallyKind(1, "meters", null).ForShard().CreateShard(new ShardSeed(
            _id, s_partition, 1, false, claim, [], catchUpTo, 0, _store, s_options, _posted.Enqueue, (_, _) => { }, NullLogger.Instance));
    }

    private void Append(int meters)
    {
        for (int i = 0; i < meters; i++)
        {
            _log.Append("meters", 0, SimulatedRecord.Of($"meter-{i}", $"meter-{i}|1"));
        }
    }
}
