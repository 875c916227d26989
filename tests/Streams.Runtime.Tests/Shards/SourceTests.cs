using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Streams.Runtime.Log;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Tests.Simulation;

namespace Streams.Runtime.Tests.Shards;

/// <summary>Which records are repeats of which: told by the source they name, as far as that is to be believed.</summary>
public sealed class SourceTests : IDisposable
{
    private const long Older = 111;

    private readonly SqliteStore _store = SqliteStore.InMemory();
    private readonly ShardId _id = new(1, 0);

    public SourceTests() => _store.Open(new StoreLayout("test", "test", new Dictionary<byte, KindLayout> { [1] = new("meters", 1) }));

    [Theory]
    [InlineData(true, "store 1, store 2, store 2", 2)]
    [InlineData(true, "older 1, older 2, older 2, older 1", 2)]
    [InlineData(true, "older 5, older 6, store 1, store 1, store 2", 4)]
    [InlineData(false, "store 1, store 2, store 2", 2)]
    [InlineData(false, "older 1, older 1, older 1", 3)]
    [InlineData(false, "store 1, older 9, store 1, store 2, older 1", 4)]
    public void A_repeat_has_the_lineage_of_what_it_repeats_and_in_an_outer_inbox_only_this_store_s_counts(bool isInner, string story, int taken)
    {
        SimulatedRecord[] records = [.. story.Split(", ").Select(Of)];
        Shard shard = Claim(isInner, partitions: 1, _ => { });

        shard.Process(new SimulatedBatch(new InboxPartition("meters", 0), 0, records), 0);

        Assert.Equal((long)taken, shard.Ask("meter-1", actor => (object)((TallyActor)actor).Sum));
        Assert.Equal(records.Length - taken, shard.Counts.Repeats);
    }

    [Fact]
    public void Poison_that_comes_again_is_one_dead_letter()
    {
        SimulatedRecord poison = Of("store 1") with { Value = "meter-1|666"u8.ToArray() };
        SimulatedRecord[] records = [poison, poison, Of("store 2")];
        Shard shard = null!;
        shard = Claim(isInner: true, partitions: 1, posted =>
        {
            _store.Commit([posted.Commit]);
            shard.Committed();
        });

        for (int round = 0; round < 10 && shard.NextToRead < records.Length; round++)
        {
            shard.Sought();
            shard.Process(new SimulatedBatch(new InboxPartition("meters", 0), shard.NextToRead, records[(int)shard.NextToRead..]), 0);
            if (shard.NeedsRestart)
            {
                shard.Restart();
            }
        }

        Assert.Equal(1, _store.Count(Clerk.Collection));
        Assert.Equal(1L, shard.Ask("meter-1", actor => (object)((TallyActor)actor).Sum));
    }

    [Fact]
    public void What_is_forwarded_keeps_its_time_and_its_headers()
    {
        KeyValuePair<string, byte[]>[] headers = [.. Enumerable.Range(0, 100).Select(i => KeyValuePair.Create($"header-{i}", new[] { (byte)i }))];
        SimulatedRecord[] records = [.. Enumerable.Range(0, 10).Select(i => Of("store 1") with { Value = Encoding.UTF8.GetBytes($"meter-{i}|1"), Headers = headers, TimestampInMs = 1_700_000_000_000 + i })];
        List<OutboxChunk> posted = [];
        Shard shard = Claim(isInner: false, partitions: 2, commit => posted.AddRange(commit.Commit.Outbox));

        shard.Process(new SimulatedBatch(new InboxPartition("meters", 0), 0, records), 0);
        shard.WriteAll(0);

        OutboxCodec.Reader forwarded = new(Assert.Single(posted).Records.Span);
        int count = 0;
        for (; forwarded.Next(); count++)
        {
            int of = int.Parse(Encoding.UTF8.GetString(forwarded.Key)[6..], CultureInfo.InvariantCulture);
            Assert.Equal(1_700_000_000_000 + of, forwarded.TimestampInMs);
            Assert.Equal(100, HeaderBlock.Read(forwarded.Headers).Count);
        }

        Assert.Equal(shard.Counts.Misrouted, count);
        Assert.InRange(count, 1, 9);
    }

    public void Dispose() => _store.Dispose();

    private Shard Claim(bool isInner, int partitions, Action<PostedCommit> post) => new TallyKind(1, "meters", null).ForShard().CreateShard(new ShardSeed(
        _id, new("meters", 0), partitions, isInner, _store.Claim(_id, "test", "log", DateTimeOffset.UnixEpoch), [], 0, 0, _store, new ShardOptions(), post,
        (_, _) => { }, NullLogger.Instance));

    private SimulatedRecord Of(string word)
    {
        string[] parts = word.Split(' ');
        byte[] source = new byte[SourceHeader.Length];
        new SourceHeader(7, long.Parse(parts[1], CultureInfo.InvariantCulture), parts[0] == "store" ? _store.Lineage : Older).Write(source);
        return SimulatedRecord.Of("meter-1", "meter-1|1") with { Headers = [new(SourceHeader.Name, source)] };
    }
}
