using System.Collections.Immutable;
using System.Text;
using Streams.Node.Feeds.Live;

namespace Streams.Node.Tests.Feeds;

/// <summary>The ring that streams follow, against a plain list.</summary>
public sealed class RingTests
{
    private const int Partitions = 3;

    /// <summary>Whatever comes in whatever order: a position that the ring says it holds finds all that came since in it, and one that lacks something is not said to be held.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void A_position_is_held_only_where_nothing_behind_it_is_gone(int seed)
    {
        Random random = new(seed);
        AlertRing ring = new(most: 20, mostBytes: random.Next(5_000, 40_000));
        long[] begin = [random.Next(9), random.Next(9), random.Next(9)];
        ring.Clear(begin);
        long[] next = [.. begin];
        List<AlertEvent> all = [];
        for (int step = 0; step < 2_000; step++)
        {
            int partition = random.Next(Partitions);
            AlertEvent? alert = random.Next(6) == 0 ? null : Event(partition, next[partition], random.Next(1_500));
            ring.Add(partition, next[partition]++, alert);
            all.AddRange(alert is null ? [] : [alert]);
            Assert.Equal(next, ring.Heads);
            List<AlertEvent> here = [];
            for (long number = ring.Floor; number < ring.Head; number++)
            {
                here.Add(ring[number]);
            }

            Assert.InRange(here.Count, 0, 20);
            Assert.Equal(all.TakeLast(here.Count), here);
            ImmutableArray<long> position = [.. next.Select((head, number) => Math.Max(begin[number], head - random.Next(12)))];
            bool isAllThere = all.Where(each => each.Offset >= position[each.Partition]).All(here.Contains);
            Assert.True(!ring.Holds(position) || isAllThere);
            Assert.True(ring.Holds([.. next]));
        }
    }

    [Fact]
    public void A_ring_that_begins_anew_leaves_nobody_behind_unseen()
    {
        AlertRing ring = new(10, 10_000);
        ring.Clear([0, 0, 0]);
        ring.Add(0, 0, Event(0, 0, 1));
        long atTheHead = ring.Head;
        ring.Clear([7, 0, 0]);
        Assert.True(atTheHead < ring.Floor);
        Assert.False(ring.Holds([1, 0, 0]));
        Assert.True(ring.Holds([7, 0, 0]));
    }

    [Theory]
    [InlineData("0a1b2c3d4e5f-17.0.204.3", true)]
    [InlineData("0a1b2c3d4e5f-0", true)]
    [InlineData("0a1b2c3d4e5f-", false)]
    [InlineData("0a1b2c3d4e5f-1..2", false)]
    [InlineData("0a1b2c3d4e5f--1", false)]
    [InlineData("0a1b2c3d4e5f-+1", false)]
    [InlineData("0A1B2C3D4E5F-1", false)]
    [InlineData("0a1b2c-1", false)]
    [InlineData("0a1b2c3d4e5f-99999999999999999999", false)]
    [InlineData("", false)]
    public void An_id_is_read_back_as_it_was_or_not_at_all(string text, bool isOne) => Assert.Equal(isOne ? text : null, FeedPosition.Parse(text)?.ToString());

    [Fact]
    public void An_id_of_the_largest_topic_can_be_read() =>
        Assert.NotNull(FeedPosition.Parse(new FeedPosition(FeedPosition.LineageOf("x", "y"), [.. Enumerable.Repeat(long.MaxValue, 1_000)]).ToString()));

    private static AlertEvent Event(int partition, long offset, int length) => AlertEvent.Read(
        partition, offset,
        Encoding.UTF8.GetBytes(
            $$"""{"id":"a","identifier":"a.1","area":"dijon","status":"Actual","scope":"Public","revision":1,"sent":"2026-11-22T10:15:30.000Z","info":[{"severity":"Severe"}],"more":"{{new string('x', length)}}"}"""))!;
}
