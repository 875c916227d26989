using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Log.Kafka.Embedded;

namespace Streams.Runtime.Tests.Log;

public sealed class KafkaWriterTests(EmbeddedKafka kafka)
{
    [Fact]
    public void A_record_that_is_too_large_fails_alone()
    {
        kafka.Log.EnsureTopics([new TopicSpec("large", 1)]);
        using ILogWriter writer = kafka.Log.CreateWriter("test", 0);
        Deliveries good = new(), large = new();

        EmbeddedKafka.Send(writer, good, "large", 0, 0, 1);
        writer.Send(new OutgoingRecord { Topic = "large", Partition = 0, Value = new byte[1_100_000] }, large);
        EmbeddedKafka.Send(writer, good, "large", 0, 1, 1);

        Assert.True(writer.Flush(EmbeddedKafka.Soon));
        Assert.Equal(2, good.Delivered);
        Assert.False(Assert.Single(large.Failures).Fatal);
        Assert.Contains("large", large.Failures[0].Reason, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void A_partition_that_is_not_there_fails_the_writer_and_all_that_follows()
    {
        kafka.Log.EnsureTopics([new TopicSpec("narrow", 1)]);
        using ILogWriter writer = kafka.Log.CreateWriter("test", 0);
        Deliveries wrong = new(), next = new();

        EmbeddedKafka.Send(writer, wrong, "narrow", 7, 0, 1);
        Assert.True(writer.Flush(EmbeddedKafka.Soon));
        EmbeddedKafka.Send(writer, next, "narrow", 0, 0, 1);

        Assert.True(Assert.Single(wrong.Failures).Fatal);
        Assert.True(Assert.Single(next.Failures).Fatal);
        Assert.Equal(0, next.Delivered);
    }

    [Fact]
    public void Nothing_passes_a_record_that_the_broker_refuses()
    {
        using var broker = new EmbeddedBroker([new TopicSpec("refused", 1)]);
        using KafkaLog log = broker.OpenLog(EmbeddedKafka.Options);
        Deliveries before = new(), after = new();
        using (ILogWriter writer = log.CreateWriter("test", 0))
        {
            EmbeddedKafka.Send(writer, before, "refused", 0, 0, 1);
            Assert.True(writer.Flush(EmbeddedKafka.Soon));
            // Not authorised, once, and answered when others already wait behind it.
            broker.Delay(TimeSpan.FromMilliseconds(20));
            broker.FailNext(KafkaRequest.Produce, 29);
            EmbeddedKafka.Send(writer, after, "refused", 0, 1, 50);
            Assert.True(writer.Flush(EmbeddedKafka.Soon));
        }

        using ILogReader reader = log.CreateReader("refused");
        Assert.Equal(new LogMarks(0, 1), reader.MarksOf(new InboxPartition("refused", 0)));
        Assert.Equal(50, after.Failures.Count);
        Assert.All(after.Failures, failure => Assert.True(failure.Fatal));
    }

    [Fact]
    public void A_writer_whose_broker_stays_away_fails_every_record_once()
    {
        using var broker = new EmbeddedBroker([new TopicSpec("away", 2)]);
        using KafkaLog log = broker.OpenLog(EmbeddedKafka.Options with { DeliveryTimeout = TimeSpan.FromSeconds(1) });
        using ILogWriter writer = log.CreateWriter("test", 5);
        Deliveries before = new(), during = new();
        EmbeddedKafka.Send(writer, before, "away", 0, 0, 10);
        Assert.True(writer.Flush(EmbeddedKafka.Soon));

        broker.GoDown();
        EmbeddedKafka.Send(writer, during, "away", 0, 10, 50);
        EmbeddedKafka.Send(writer, during, "away", 1, 0, 50);
        Assert.True(writer.Flush(EmbeddedKafka.Soon));

        Assert.Equal(10, before.Delivered);
        Assert.Equal(100, during.Failures.Count);
        Assert.All(during.Failures, failure => Assert.True(failure.Fatal));
    }

    [Fact]
    public void What_is_not_flushed_fails_when_the_writer_is_closed()
    {
        kafka.Log.EnsureTopics([new TopicSpec("closed", 1)]);
        var deliveries = new Deliveries();
        ILogWriter writer = kafka.Log.CreateWriter("test", 10_000);

        EmbeddedKafka.Send(writer, deliveries, "closed", 0, 0, 10);
        writer.Dispose();
        EmbeddedKafka.Send(writer, deliveries, "closed", 0, 10, 1);

        Assert.Equal(11, deliveries.Delivered + deliveries.Failures.Count);
        Assert.All(deliveries.Failures, failure => Assert.True(failure.Fatal));
    }

    [Fact]
    public void Several_threads_send_and_each_ones_order_holds()
    {
        kafka.Log.EnsureTopics([new TopicSpec("threads", 4)]);
        var deliveries = new Deliveries();
        using (ILogWriter writer = kafka.Log.CreateWriter("test", 5))
        {
            Parallel.For(0, 4, partition => EmbeddedKafka.Send(writer, deliveries, "threads", partition, 0, 5000));
            Assert.True(writer.Flush(EmbeddedKafka.Soon));
        }

        using var member = new KafkaMember(kafka.Log, "threads", "threads");
        member.PollUntil(() => member.Records.Count >= 20_000, "all records");
        Assert.Equal(20_000, deliveries.Delivered);
        Assert.All(
            member.Records.GroupBy(record => record.Partition),
            partition => Assert.Equal(Enumerable.Range(0, 5000).Select(i => $"{i}"), partition.Select(record => record.Value)));
    }
}
