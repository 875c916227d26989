using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;
using Streams.Runtime.Tests.Simulation;

namespace Streams.Runtime.Tests.Shards;

/// <summary>Refused input costs more than input that is taken: beyond a bound it is told together, and every record of it is counted.</summary>
public sealed class DeadLetterTests : IDisposable
{
    private const int MostInASecond = 200;

    private readonly SqliteStore _store = SqliteStore.InMemory();
    private readonly ShardId _id = new(1, 0);

    public DeadLetterTests() => _store.Open(new StoreLayout("test", "test", new Dictionary<byte, KindLayout> { [1] = new("meters", 1) }));

    public void Dispose() => _store.Dispose();

    [Fact]
    public void A_flood_of_rubbish_within_a_second_is_told_together_from_the_bound_on()
    {
        Refuse(Enumerable.Range(0, 1000).Select(i => Rubbish(i, 5000)));

        JsonElement[] letters = Letters();
        Assert.Equal(MostInASecond + 1, letters.Length);
        JsonElement together = Assert.Single(letters, letter => letter.TryGetProperty("count", out _));
        Assert.Equal((1000 - MostInASecond, MostInASecond, 999), (together.GetProperty("count").GetInt32(), together.GetProperty("offset").GetInt32(), together.GetProperty("lastOffset").GetInt32()));
        Assert.Equal("rubbish 200", together.GetProperty("text").GetString());
        Assert.Equal(1000, _refused["malformed"]);
    }

    [Fact]
    public void Rubbish_that_comes_slowly_is_told_one_by_one()
    {
        Refuse(Enumerable.Range(0, 1000).Select(i => Rubbish(i, i * 10)));

        Assert.Equal(1000, Letters().Length);
    }

    [Fact]
    public void Reasons_are_told_apart()
    {
        Refuse(Enumerable.Range(0, 1000).Select(i => i % 4 == 0 ? SimulatedRecord.Of("meter-1", "meter-1|-1") with { TimestampInMs = 5000 } : Rubbish(i, 5000)));

        JsonElement[] together = [.. Letters().Where(letter => letter.TryGetProperty("count", out _))];
        Assert.Equal(["malformed", "negative"], together.Select(letter => letter.GetProperty("reason").GetString()).Order(StringComparer.Ordinal));
        Assert.Equal(1000 - MostInASecond, together.Sum(letter => letter.GetProperty("count").GetInt32()));
    }

    [Fact]
    public void One_that_is_written_with_an_earlier_owner_s_output_forgotten_is_of_the_time_of_the_claim_not_older_than_all_retention()
    {
        const long ClaimedAtInMs = 1_000_000;
        ShardClaim claim = _store.Claim(_id, "test", "log", DateTimeOffset.UnixEpoch) with { LastNumbers = [0, 1] };
        List<ShardCommit> posted = [];
        Shard shard = new TallyKind(1, "meters", null).ForShard().CreateShard(new ShardSeed(
            _id, new("meters", 0), 1, false, claim, [new OutboxChunk(Lane.Bulk, 1, 1, new byte[1])], 0, ClaimedAtInMs, _store, new ShardOptions(),
            commit => posted.Add(commit.Commit), (_, _) => { }, NullLogger.Instance));
        shard.Process(new SimulatedBatch(new("meters", 0), 0, [Rubbish(0, ClaimedAtInMs)]), ClaimedAtInMs);

        shard.Published(Lane.Bulk, 1);
        shard.ForgetPublished();

        ShardCommit tidying = Assert.Single(posted);
        Assert.Single(tidying.Documents);
        Assert.Equal(ClaimedAtInMs, tidying.AtInMs);
    }

    private readonly Dictionary<string, long> _refused = [];

    private static SimulatedRecord Rubbish(int i, long timestampInMs) => SimulatedRecord.Of($"meter-{i}", $"rubbish {i}") with { TimestampInMs = timestampInMs };

    private JsonElement[] Letters() => [.. _store.Query(new DocumentQuery(Clerk.Collection, Limit: 1000)).Select(row => JsonDocument.Parse(Encoding.UTF8.GetString(row.Body.Span)).RootElement)];

    private void Refuse(IEnumerable<SimulatedRecord> records)
    {
        Shard shard = new TallyKind(1, "meters", null).ForShard().CreateShard(new ShardSeed(
            _id, new("meters", 0), 1, false, _store.Claim(_id, "test", "log", DateTimeOffset.UnixEpoch), [], 0, 0, _store, new ShardOptions(),
            posted => _store.Commit([posted.Commit]), (_, _) => { }, NullLogger.Instance));
        shard.Process(new SimulatedBatch(new("meters", 0), 0, [.. records]), 0);
        shard.WriteAll(0);
        foreach ((string reason, long count) in shard.Counts.RefusedByReason)
        {
            _refused[reason] = count;
        }
    }
}
