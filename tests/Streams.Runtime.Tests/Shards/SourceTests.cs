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
    public void After_a_restore_what_was_numbered_beyond_the_backup_is_void_and_numbering_goes_on()
    {
        long before = _store.Lineage;
        ShardClaim owner = _store.Claim(new ShardId(0, 3), "n", "log", DateTimeOffset.UnixEpoch);
        ShardCommit commit = new() { Shard = new ShardId(0, 3), Epoch = owner.Epoch, Number = 1, NextOffset = 0, LastNumbers = [0, 2], PublishedThrough = [0, 0] };
        _store.Commit([commit]);

        // Source 7 is the bulk lane of shard 3. The actor has taken its first message, as the backup has it.
        Shard shard = Claim(isInner: true, partitions: 1, Commit);
        shard.Process(new SimulatedBatch(new InboxPartition("meters", 0), 0, [Of(before, 1)]), 0);
        shard.WriteAll(0);
        _store.BeginLineage();
        _store.Open(new StoreLayout("test", "test", new Dictionary<byte, KindLayout> { [1] = new("meters", 1) }));

        // In the log: a repeat, one the backup knows, two from the future it does not know; then what is sent since, a repeat of a message of before among it.
        Shard restored = Claim(isInner: true, partitions: 1, Commit);
        restored.Process(
            new SimulatedBatch(
                new InboxPartition("meters", 0), 1, [Of(before, 1), Of(before, 2), Of(before, 3), Of(before, 4), Of(_store.Lineage, 2), Of(_store.Lineage, 3), Of(before, 2), Of(_store.Lineage, 4)]),
            0);

        Assert.Equal(4L, restored.Ask("meter-1", actor => (object)((TallyActor)actor).Sum));
        Assert.Equal(5, restored.Counts.Repeats);

        void Commit(PostedCommit posted)
        {
            _store.Commit([posted.Commit]);
            posted.Owner.Committed();
        }
    }

    [Fact]
    public void A_message_that_the_store_has_not_sent_yet_stops_the_shard_and_says_why()
    {
        Shard shard = Claim(isInner: true, partitions: 1, _ => { }, numbers: new Dictionary<int, long> { [7] = 2 }, end: 3);

        shard.Process(new SimulatedBatch(new InboxPartition("meters", 0), 0, [Of("store 1"), Of("store 2")]), 0);
        StoreRewoundException rewound = Assert.Throws<StoreRewoundException>(() => shard.Process(new SimulatedBatch(new InboxPartition("meters", 0), 2, [Of("store 3")]), 0));

        Assert.Contains("its source is at number 2, the message has 3", rewound.Message, StringComparison.Ordinal);
        Assert.Contains("streams store restored", rewound.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_sent_after_the_claim_may_have_any_number()
    {
        Shard shard = Claim(isInner: true, partitions: 1, _ => { }, numbers: new Dictionary<int, long> { [7] = 2 }, end: 1);

        shard.Process(new SimulatedBatch(new InboxPartition("meters", 0), 0, [Of("store 2"), Of("store 3")]), 0);

        Assert.Equal(2L, shard.Ask("meter-1", actor => (object)((TallyActor)actor).Sum));
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

    private Shard Claim(bool isInner, int partitions, Action<PostedCommit> post, IReadOnlyDictionary<int, long>? numbers = null, long end = 0) =>
        new TallyKind(1, "meters", null).ForShard().CreateShard(
            new ShardSeed(
                _id, new("meters", 0), partitions, isInner, _store.Claim(_id, "test", "log", DateTimeOffset.UnixEpoch), [], end, 0, _store, new ShardOptions(), post,
                (_, _) => { }, NullLogger.Instance)
            {
                Numbers = numbers,
            });

    private SimulatedRecord Of(string word) =>
        Of(word.Split(' ')[0] == "store" ? _store.Lineage : Older, long.Parse(word.Split(' ')[1], CultureInfo.InvariantCulture));

    private static SimulatedRecord Of(long lineage, long number)
    {
        byte[] source = new byte[SourceHeader.Length];
        new SourceHeader(7, number, lineage).Write(source);
        return SimulatedRecord.Of("meter-1", "meter-1|1") with { Headers = [new(SourceHeader.Name, source)] };
    }
}
