using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;

namespace Streams.Runtime.Tests.Log;

public sealed class KafkaGroupTests(EmbeddedKafka kafka)
{
    [Fact]
    public void A_second_member_gets_half_from_the_first_which_keeps_the_rest_and_gets_all_back_when_it_leaves()
    {
        kafka.Log.EnsureTopics([new TopicSpec("shared", 4)]);
        using var first = new KafkaMember(kafka.Log, "shared", "shared");
        first.PollUntil(() => first.Owned.Count == 4, "the first member owns all");
        Assert.Equal(["assigned shared/0 shared/1 shared/2 shared/3"], first.Story);

        var second = new KafkaMember(kafka.Log, "shared", "shared");
        KafkaMember.PollUntil(() => first.Owned.Count == 2 && second.Owned.Count == 2, "each owns half", first, second);
        Assert.Empty(first.Owned.Intersect(second.Owned));
        // Cooperative: only what moves is revoked; the rest stays without a pause.
        Assert.Equal($"revoked {string.Join(' ', second.Owned.OrderBy(partition => partition.Partition))}", first.Story[1]);

        foreach (InboxPartition partition in first.Owned.Concat(second.Owned))
        {
            EmbeddedKafka.Write(kafka.Log, partition.Topic, partition.Partition, 0, 10);
        }

        KafkaMember.PollUntil(() => first.Records.Count == 20 && second.Records.Count == 20, "each reads its own", first, second);

        second.Dispose();
        Assert.StartsWith("revoked", second.Story[^1], StringComparison.Ordinal);
        Assert.Empty(second.Owned);
        first.PollUntil(() => first.Owned.Count == 4, "the first member owns all again");
        Assert.DoesNotContain(first.Story, line => line.StartsWith("lost", StringComparison.Ordinal));
    }

    [Fact]
    public void A_member_for_which_nothing_is_left_is_told_so()
    {
        kafka.Log.EnsureTopics([new TopicSpec("alone", 1)]);
        using var first = new KafkaMember(kafka.Log, "alone", "alone");
        first.PollUntil(() => first.Owned.Count == 1, "the first member owns all");

        using var second = new KafkaMember(kafka.Log, "alone", "alone");
        KafkaMember.PollUntil(() => second.EmptyRounds > 0 && first.Owned.Count + second.Owned.Count == 1, "the second knows that it has none", first, second);
    }

    [Fact]
    public void A_member_that_goes_on_reporting_while_the_group_is_joined_keeps_what_does_not_move()
    {
        kafka.Log.EnsureTopics([new TopicSpec("reported", 4)]);
        using var first = new KafkaMember(kafka.Log, "reported", "reported");
        first.PollUntil(() => first.Owned.Count == 4, "the first member owns all");

        using var second = new KafkaMember(kafka.Log, "reported", "reported");
        KafkaMember.PollUntil(
            () =>
            {
                foreach (InboxPartition partition in first.Owned)
                {
                    first.Reader.Report(partition, 0);
                }

                return first.Owned.Count == 2 && second.Owned.Count == 2;
            },
            "each owns half",
            first,
            second);

        Assert.DoesNotContain(first.Story, line => line.StartsWith("lost", StringComparison.Ordinal));
    }

    [Fact]
    public void A_member_that_does_not_poll_in_time_loses_its_partitions_and_is_told_so()
    {
        using KafkaLog log = kafka.Broker.OpenLog(EmbeddedKafka.Options with { PollTimeout = TimeSpan.FromSeconds(4) });
        kafka.Log.EnsureTopics([new TopicSpec("silent", 1)]);
        var silent = new KafkaMember(log, "silent", "silent");
        silent.PollUntil(() => silent.Owned.Count == 1, "the member owns its partition");
        using var other = new KafkaMember(kafka.Log, "silent", "silent");

        other.PollUntil(() => other.Owned.Count == 1, "the other takes over");
        silent.PollUntil(() => silent.Story.Count > 1, "the silent one hears of it");

        Assert.Equal("lost silent/0", silent.Story[1]);
        silent.Dispose();
    }

    [Fact]
    public void A_listener_that_throws_makes_the_reader_fail_and_nothing_else()
    {
        kafka.Log.EnsureTopics([new TopicSpec("throws", 1)]);
        var member = new KafkaMember(kafka.Log, "throws", "throws") { StartAt = { [new("throws", 0)] = -1 } };

        LogFailedException e = Assert.Throws<LogFailedException>(() => member.PollUntil(() => false, "the reader fails"));

        Assert.Contains("throws/0", e.Message, StringComparison.Ordinal);

        // A failed member that did not leave would keep its partitions for ever: its heartbeats go on.
        member.Dispose();
        using var next = new KafkaMember(kafka.Log, "throws", "throws");
        next.PollUntil(() => next.Owned.Count == 1, "the next member owns the partition");
    }
}
