using Streams.Runtime.Shards;
using Streams.Runtime.Telemetry;

namespace Streams.Runtime.Tests.Telemetry;

public sealed class ShardLedgerTests
{
    private readonly ShardLedger _ledger = new();

    [Fact]
    public void What_a_shard_did_stays_counted_when_it_has_left()
    {
        ShardCounts first = new(), second = new();
        _ledger.Add("device", first);
        _ledger.Add("area", second);
        first.Applied = 7;
        first.Refuse("malformed");
        second.Applied = 2;
        first.End();

        // Its thread is still in the middle of a batch.
        Assert.Equal(7, _ledger.Sum()["device"].Applied);
        first.Applied = 9;
        Assert.Equal(9, _ledger.Sum()["device"].Applied);

        ShardCounts again = new() { Applied = 1 };
        again.Refuse("malformed", 2);
        _ledger.Add("device", again);
        Assert.Equal(10, _ledger.Sum()["device"].Applied);
        Assert.Equal(3, _ledger.Sum()["device"].RefusedByReason["malformed"]);
        Assert.Equal(2, _ledger.Sum()["area"].Applied);
    }

    [Fact]
    public void Thousands_of_shards_that_came_and_went_are_kept_as_one_sum()
    {
        for (int i = 0; i < 10_000; i++)
        {
            ShardCounts counts = new() { Applied = 1 };
            _ledger.Add("device", counts);
            counts.End();
        }

        Assert.Equal(10_000, _ledger.Sum()["device"].Applied);
        _ledger.Sum();
        Assert.Equal(0, _ledger.Unsettled);
    }
}
