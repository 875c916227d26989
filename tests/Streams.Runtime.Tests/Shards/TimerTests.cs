using Microsoft.Extensions.Logging.Abstractions;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Tests.Simulation;

namespace Streams.Runtime.Tests.Shards;

/// <summary>When actors are woken: once their time has come, and not while what would have moved it may still lie unread in the log.</summary>
public sealed class TimerTests : IDisposable
{
    private const int SilenceInMs = 1000;

    private static readonly InboxPartition s_partition = new("meters", 0);

    private readonly SqliteStore _store = SqliteStore.InMemory();
    private readonly ShardId _id = new(1, 0);
    private readonly SimulatedTopics _log = new(("meters", 1));
    private Shard? _shard;

    public TimerTests() => _store.Open(new StoreLayout("test", "test", new Dictionary<byte, KindLayout> { [1] = new("meters", 1) }));

    [Fact]
    public void A_new_owner_wakes_nobody_by_what_it_has_not_read_yet()
    {
        Append("meter-1|1", atInMs: 0);
        Claim(nowInMs: 0);
        ReadAll(nowInMs: 0);
        _shard!.WriteAll(0);
        Append("meter-1|1", atInMs: 900);

        // What came before the claim is read at 1,500 ms; what came after it lies in the log, and the deadline of what was read is over.
        Claim(nowInMs: 100, catchUpTo: 1);
        _shard.Process(_log.Read(s_partition, 0, 1), 1500);
        Tick(1500);
        _shard.NoteLogEnd(2, 1500);
        Tick(1500);
        Assert.Equal(0, _shard.Counts.Woken);

        ReadAll(nowInMs: 1600);
        _shard.NoteLogEnd(2, 1600);
        Tick(1800);
        Assert.Equal(0, _shard.Counts.Woken);
        _shard.NoteLogEnd(2, 3000);
        _shard.NoteLogEnd(2, 3100);
        Tick(3100);
        Assert.Equal(1, _shard.Counts.Woken);
    }

    [Fact]
    public void A_restarted_shard_wakes_nobody_before_it_is_where_it_was()
    {
        Append("meter-1|1", atInMs: 0);
        Claim(nowInMs: 0);
        ReadAll(nowInMs: 0);
        _shard!.WriteAll(0);

        // Its deadline is in the store; what moved it is in memory, and read again after the restart.
        Append("meter-1|1", atInMs: 900);
        ReadAll(nowInMs: 910);
        _shard.NoteLogEnd(2, 1500);
        _shard.NoteLogEnd(2, 1600);
        Append("meter-2|666", atInMs: 1610);
        ReadAll(nowInMs: 1620);
        Assert.True(_shard.NeedsRestart);

        _shard.Restart();
        Tick(1630);
        Assert.Equal(0, _shard.Counts.Woken);

        _shard.Sought();
        ReadAll(nowInMs: 1640);
        Tick(1640);
        Assert.Equal(0, _shard.Counts.Woken);
        _shard.NoteLogEnd(3, 2000);
        _shard.NoteLogEnd(3, 2010);
        Tick(2010);
        Assert.Equal(1, _shard.Counts.Woken);
    }

    [Fact]
    public void Who_is_not_read_again_after_a_restart_is_woken_all_the_same()
    {
        Append("meter-1|1", atInMs: 0);
        Claim(nowInMs: 0);
        ReadAll(nowInMs: 0);
        _shard!.WriteAll(0);
        _shard.NoteLogEnd(1, 10);
        Tick(10_000);
        Append("meter-2|666", atInMs: 20);
        ReadAll(nowInMs: 10_030);
        Assert.True(_shard.NeedsRestart);

        _shard.Restart();
        _shard.Sought();
        ReadAll(nowInMs: 10_050);
        _shard.NoteLogEnd(2, 12_000);
        _shard.NoteLogEnd(2, 12_010);
        Tick(12_010);

        Assert.Equal(1, _shard.Counts.Woken);
    }

    [Fact]
    public void Who_left_memory_is_woken_within_two_seconds_of_its_time()
    {
        const int Start = 10_000;
        Claim(nowInMs: Start, memoryInBytes: 0);
        Append("meter-1|1", atInMs: Start);
        Tick(Start);
        ReadAll(nowInMs: Start);
        _shard!.WriteAll(Start);
        Tick(Start + 10);
        Tick(Start + 20);
        Assert.Equal(0, _shard.ActorsInMemory);

        for (long nowInMs = Start + 100; nowInMs <= Start + SilenceInMs + 2000; nowInMs += 100)
        {
            _shard.NoteLogEnd(1, nowInMs);
            Tick(nowInMs);
        }

        Assert.Equal(1, _shard.Counts.Woken);
    }

    public void Dispose() => _store.Dispose();

    private void Claim(long nowInMs, long catchUpTo = 0, long memoryInBytes = 1 << 20)
    {
        ShardClaim claim = _store.Claim(_id, "test", "log", DateTimeOffset.FromUnixTimeMilliseconds(nowInMs));
        _shard = new TallyKind(1, "meters", null, SilenceInMs).ForShard().CreateShard(new ShardSeed(
            _id, s_partition, 1, false, claim, [], catchUpTo, nowInMs, _store, new ShardOptions { MemoryInBytes = memoryInBytes }, Write, (_, _) => { }, NullLogger.Instance));
    }

    private void Write(PostedCommit posted)
    {
        Assert.Equal(CommitResult.Written, _store.Commit([posted.Commit])[0]);
        posted.Owner.Committed();
    }

    private void Append(string text, long atInMs) => _log.Append("meters", 0, SimulatedRecord.Of("", text) with { TimestampInMs = atInMs });

    private void ReadAll(long nowInMs) => _shard!.Process(_log.Read(s_partition, _shard.NextToRead, 100), nowInMs);

    private void Tick(long nowInMs) => _shard!.Tick(nowInMs, hasTimeToSpare: false, applyingShare: 0.1);
}
