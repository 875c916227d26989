using Microsoft.Extensions.Logging.Abstractions;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Tests.Simulation;

namespace Streams.Runtime.Tests.Shards;

/// <summary>What a shard takes for a gap in the log, and what for a reader that lost its place.</summary>
public sealed class SeekTests : IDisposable
{
    private static readonly InboxPartition s_partition = new("meters", 0);

    private readonly SqliteStore _store = SqliteStore.InMemory();
    private readonly ShardId _id = new(1, 0);
    private readonly SimulatedTopics _log = new(("meters", 1));
    private readonly List<long> _seeks = [];
    private readonly Shard _shard;

    public SeekTests()
    {
        _store.Open(new StoreLayout("test", "test", new Dictionary<byte, KindLayout> { [1] = new("meters", 1) }));
        ShardClaim claim = _store.Claim(_id, "test", "log", DateTimeOffset.UnixEpoch);
        _shard = new TallyKind(1, "meters", null).ForShard().CreateShard(new ShardSeed(
            _id, s_partition, 1, false, claim, [], 0, 0, _store, new ShardOptions(), _ => { }, (_, offset) => _seeks.Add(offset), NullLogger.Instance));
    }

    [Fact]
    public void Offsets_that_stay_empty_after_a_seek_are_missing_and_those_that_came_then_are_not()
    {
        Append("meter-1|1", 2);
        _log.Skip("meters", 0, 3);
        Append("meter-1|1", 2);

        _shard.Process(_log.Read(s_partition, 0, 100, new Range(1, 2)), 0);
        Assert.Equal([0], _seeks);
        SeekAndRead();
        SeekAndRead();
        SeekAndRead();
        Assert.Equal([0, 1, 2], _seeks);

        Assert.Equal(7, _shard.NextToRead);
        Assert.Equal(3, _shard.Counts.Missing);
        Assert.Equal(4, _shard.Counts.Applied);
    }

    [Fact]
    public void What_an_earlier_seek_brings_after_a_restart_is_no_gap()
    {
        Append("meter-1|1", 1);
        Append("meter-1|666", 1);
        Append("meter-1|1", 2);

        // The first record is unwritten; then, in one group, poison and a jump: the shard asks to read again from there, and has to go back further.
        _shard.Process(_log.Read(s_partition, 0, 1), 0);
        _shard.Process(_log.Read(s_partition, 1, 100, new Range(1, 2)), 0);
        Assert.True(_shard.NeedsRestart);
        _shard.Restart();
        Assert.Equal([1, 0], _seeks);

        _shard.Sought();
        _shard.Process(_log.Read(s_partition, 1, 100), 0);
        Assert.Equal(0, _shard.NextToRead);
        SeekAndRead();

        Assert.Equal(0, _shard.Counts.Missing);
        Assert.Equal(4, _shard.NextToRead);
    }

    public void Dispose() => _store.Dispose();

    private void Append(string text, int times)
    {
        for (int i = 0; i < times; i++)
        {
            _log.Append("meters", 0, SimulatedRecord.Of("meter-1", text));
        }
    }

    /// <summary>As the poller does with the last seek that was asked for.</summary>
    private void SeekAndRead()
    {
        _shard.Sought();
        _shard.Process(_log.Read(s_partition, _seeks[^1], 100), 0);
    }
}
