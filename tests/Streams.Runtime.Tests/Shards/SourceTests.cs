using System.Globalization;
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
        Shard shard = new TallyKind(1, "meters", null).ForShard().CreateShard(new ShardSeed(
            _id, new("meters", 0), 1, isInner, _store.Claim(_id, "test", "log", DateTimeOffset.UnixEpoch), [], 0, _store, new ShardOptions(), _ => { },
            (_, _) => { }, NullLogger.Instance));

        shard.Process(new SimulatedBatch(new InboxPartition("meters", 0), 0, records), 0);

        Assert.Equal((long)taken, shard.Ask("meter-1", actor => (object)((TallyActor)actor).Sum));
        Assert.Equal(records.Length - taken, shard.Counts.Repeats);
    }

    public void Dispose() => _store.Dispose();

    private SimulatedRecord Of(string word)
    {
        string[] parts = word.Split(' ');
        byte[] source = new byte[SourceHeader.Length];
        new SourceHeader(7, long.Parse(parts[1], CultureInfo.InvariantCulture), parts[0] == "store" ? _store.Lineage : Older).Write(source);
        return SimulatedRecord.Of("meter-1", "meter-1|1") with { Headers = [new(SourceHeader.Name, source)] };
    }
}
