using System.Text;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;

namespace Streams.Runtime.Tests.Actors;

public sealed class ActorTableTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Finds_what_was_added_and_not_what_was_removed(int seed)
    {
        Random random = new(seed);
        ActorTable<Named> table = new();
        Dictionary<string, Named> model = [];
        for (int i = 0; i < 20_000; i++)
        {
            // All of one partition, as in a shard: the hashes agree modulo the partition count.
            string key = $"device-{random.Next(3000)}";
            if (Partitioner.PartitionOf(Encoding.UTF8.GetBytes(key), 8) != 3)
            {
                continue;
            }

            if (model.TryGetValue(key, out Named? known))
            {
                if (random.Next(2) == 0)
                {
                    table.Remove(known);
                    model.Remove(key);
                }
            }
            else
            {
                model[key] = new Named(key);
                table.Add(model[key]);
            }
        }

        Assert.Equal(model.Count, table.Count);
        for (int i = 0; i < 3000; i++)
        {
            byte[] key = Encoding.UTF8.GetBytes($"device-{i}");
            Assert.Same(model.GetValueOrDefault($"device-{i}"), table.Find(Partitioner.Murmur2(key), key));
        }
    }

    [Fact]
    public void The_dirty_list_keeps_the_order_of_first_changes_and_forgets_in_any_order()
    {
        DirtyList list = new();
        Named[] actors = [.. Enumerable.Range(0, 5).Select(i => new Named($"a{i}"))];
        for (int i = 0; i < actors.Length; i++)
        {
            list.Add(actors[i], offset: 100 + i, nowInMs: 0);
        }

        list.Remove(actors[0]);
        list.Remove(actors[2]);
        list.Remove(actors[2]);
        list.Add(actors[0], offset: 200, nowInMs: 1);
        List<string> order = [];
        while (list.Head is { } head)
        {
            order.Add($"{head.Key}@{head.DirtyOffset}");
            list.Remove(head);
        }

        Assert.Equal(["a1@101", "a3@103", "a4@104", "a0@200"], order);
        Assert.Equal(0, list.Count);
    }

    [Fact]
    public void A_source_s_numbers_count_once_and_survive_a_snapshot()
    {
        SourceMarks marks = new();
        Assert.True(marks.Advance(new(7, 3, 77)));
        Assert.True(marks.Advance(new(2, 1, 77)));
        Assert.False(marks.Advance(new(7, 3, 77)));
        Assert.False(marks.Advance(new(7, 2, 77)));
        System.Buffers.ArrayBufferWriter<byte> bytes = new();
        marks.Save(bytes);
        ReadOnlySpan<byte> saved = bytes.WrittenSpan;
        SourceMarks restored = SourceMarks.Restore(ref saved)!;
        Assert.True(saved.IsEmpty);
        Assert.False(restored.Advance(new(2, 1, 77)));
        Assert.True(restored.Advance(new(7, 4, 77)));
        Assert.True(restored.Advance(new(9, 1, 77)));

        // Another store's numbers begin anew.
        Assert.True(restored.Advance(new(7, 1, 78)));
        Assert.False(restored.Advance(new(7, 1, 78)));
    }

    private sealed class Named(string key) : Actor(key);
}
