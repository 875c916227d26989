using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Log.Kafka.Embedded;

namespace Streams.Runtime.Tests.Log;

/// <summary>Each has a broker of its own, for it comes to harm.</summary>
public sealed class KafkaTroubleTests
{
    private const int RebalanceInProgress = 27;

    /// <summary>librdkafka before 2.3 aborts the process, this one, where such a member is destroyed.</summary>
    [Fact]
    public void A_member_that_joined_and_was_never_given_anything_may_leave()
    {
        using EmbeddedBroker broker = new([new TopicSpec("left", 2)]);
        using KafkaLog log = broker.OpenLog(EmbeddedKafka.Options);
        broker.FailNext(KafkaRequest.SyncGroup, RebalanceInProgress, times: 1000);
        using KafkaMember member = new(log, "left", "left");
        for (int polls = 0; polls < 250; polls++)
        {
            member.Poll();
        }

        Assert.Empty(member.Owned);
    }

    [Fact]
    public void Reading_and_writing_go_on_after_the_broker_was_away()
    {
        using var broker = new EmbeddedBroker([new TopicSpec("away", 1)]);
        using KafkaLog log = broker.OpenLog(EmbeddedKafka.Options);
        using var member = new KafkaMember(log, "away", "away");
        using ILogWriter writer = log.CreateWriter("test", 0);
        var deliveries = new Deliveries();
        EmbeddedKafka.Send(writer, deliveries, "away", 0, 0, 10);
        member.PollUntil(() => member.Records.Count == 10, "records before");

        broker.GoDown();
        EmbeddedKafka.Send(writer, deliveries, "away", 0, 10, 10);
        Assert.False(writer.Flush(TimeSpan.FromMilliseconds(300)));
        member.Poll();
        broker.ComeUp();

        member.PollUntil(() => member.Records.Count >= 20 && deliveries.Delivered == 20, "records after");
        Assert.Equal(Enumerable.Range(0, 20).Select(i => $"{i}"), member.Records.Select(record => record.Value));
        Assert.Empty(deliveries.Failures);
    }

    [Fact]
    public void A_gauge_measures_again_after_the_broker_was_away()
    {
        InboxPartition partition = new("measured", 0);
        using var broker = new EmbeddedBroker([new TopicSpec("measured", 1)]);
        using KafkaLog log = broker.OpenLog(EmbeddedKafka.Options with { RequestTimeout = TimeSpan.FromSeconds(2) });
        EmbeddedKafka.Write(log, "measured", 0, 0, 3);
        using IGroupGauge gauge = log.CreateGauge("measured");
        Assert.Equal(3, Assert.Single(gauge.Measure([partition])).End);

        broker.GoDown();
        Assert.Throws<LogFailedException>(() => gauge.Measure([partition]));
        broker.ComeUp();

        long asked = System.Diagnostics.Stopwatch.GetTimestamp();
        string last = "";
        while (System.Diagnostics.Stopwatch.GetElapsedTime(asked) < EmbeddedKafka.Soon)
        {
            try
            {
                Assert.Equal(3, Assert.Single(gauge.Measure([partition])).End);
                return;
            }
            catch (LogFailedException e)
            {
                last = e.Message;
            }
        }

        Assert.Fail(last);
    }

    [Fact]
    public void While_no_broker_can_be_reached_the_log_s_end_is_not_known()
    {
        InboxPartition partition = new("unknown", 0);
        using var broker = new EmbeddedBroker([new TopicSpec("unknown", 1)]);
        using KafkaLog log = broker.OpenLog(EmbeddedKafka.Options);
        EmbeddedKafka.Write(log, "unknown", 0, 0, 3);
        using IGroupGauge gauge = log.CreateGauge("unknown");
        Assert.Equal([3], gauge.EndsOf([partition]));

        broker.GoDown();
        Assert.Throws<LogFailedException>(() => gauge.EndsOf([partition]));

        broker.ComeUp();
        Assert.True(SpinWait.SpinUntil(() => EndOf(gauge, partition) == 3, TimeSpan.FromSeconds(30)), "the end is not known again");
    }

    private static long? EndOf(IGroupGauge gauge, InboxPartition partition)
    {
        try
        {
            return gauge.EndsOf([partition])[0];
        }
        catch (LogFailedException)
        {
            return null;
        }
    }

    [Fact]
    public void Dropped_connections_and_passing_errors_make_no_gap_and_no_repeat()
    {
        using var broker = new EmbeddedBroker([new TopicSpec("errors", 1)]);
        using KafkaLog log = broker.OpenLog(EmbeddedKafka.Options);
        using (ILogWriter writer = log.CreateWriter("test", 0))
        {
            var deliveries = new Deliveries();
            for (int i = 0; i < 50; i++)
            {
                if (i % 10 == 5)
                {
                    // Not leader: asks for metadata and sends again. -195: the connection is dropped.
                    broker.FailNext(KafkaRequest.Produce, i % 20 == 5 ? 6 : -195);
                }

                EmbeddedKafka.Send(writer, deliveries, "errors", 0, i, 1);
            }

            Assert.True(writer.Flush(EmbeddedKafka.Soon));
            Assert.Equal(50, deliveries.Delivered);
        }

        using var member = new KafkaMember(log, "errors", "errors");
        member.PollUntil(() => member.Records.Count >= 50, "all records");
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}"), member.Records.Select(record => record.Value));
    }

    [Fact]
    public void A_position_whose_records_are_gone_goes_on_at_the_start_and_one_beyond_the_end_fails_the_reader()
    {
        using var broker = new EmbeddedBroker([new TopicSpec("gone", 1), new TopicSpec("cut", 1)]);
        using KafkaLog log = broker.OpenLog(EmbeddedKafka.Options);
        // 8 MB where 5 MB are kept.
        var deliveries = new Deliveries();
        using (ILogWriter writer = log.CreateWriter("test", 0))
        {
            byte[] value = new byte[100_000];
            for (int i = 0; i < 80; i++)
            {
                writer.Send(new OutgoingRecord { Topic = "gone", Partition = 0, Value = value }, deliveries);
            }

            Assert.True(writer.Flush(EmbeddedKafka.Soon));
        }

        EmbeddedKafka.Write(log, "cut", 0, 0, 5);
        using var behind = new KafkaMember(log, "gone", "gone") { StartAt = { [new("gone", 0)] = 2 } };
        behind.PollUntil(() => behind.Records.Count > 0 && behind.Records[^1].Offset == 79, "what is left");
        long low = behind.Reader.MarksOf(new("gone", 0)).Low;
        Assert.True(low > 2);
        Assert.Equal(low, behind.Records[0].Offset);

        using var beyond = new KafkaMember(log, "cut", "cut") { StartAt = { [new("cut", 0)] = 9 } };
        LogFailedException e = Assert.Throws<LogFailedException>(() => beyond.PollUntil(() => false, "the reader fails"));
        Assert.Contains("cut/0 ends at offset 5", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_reader_whose_brokers_stay_away_fails_so_that_it_can_be_built_anew()
    {
        using var broker = new EmbeddedBroker([new TopicSpec("dead", 1)]);
        using KafkaLog log = broker.OpenLog(EmbeddedKafka.Options with { OutageTimeout = TimeSpan.FromSeconds(1), CloseTimeout = TimeSpan.FromSeconds(1) });
        using var member = new KafkaMember(log, "dead", "dead");
        member.Poll();
        broker.GoDown();

        LogFailedException e = Assert.Throws<LogFailedException>(() => member.PollUntil(() => false, "the reader fails"));

        Assert.Contains("could be reached", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_broker_at_the_same_address_fails_the_reader()
    {
        int port = FreePort();
        var before = new EmbeddedBroker([new TopicSpec("replaced", 1)], port);
        using KafkaLog log = new(EmbeddedKafka.Options with { BootstrapServers = before.BootstrapServers, CloseTimeout = TimeSpan.FromSeconds(1) });
        using var member = new KafkaMember(log, "replaced", "replaced");
        member.PollUntil(() => member.Owned.Count == 1, "the member owns its partition");
        string incarnation = log.Incarnation;
        // The first broker's memory stays taken, or the second's cluster id, an address, could be the same.
        before.GoDown();
        before.LeavePort();
        using var after = new EmbeddedBroker([new TopicSpec("replaced", 1)], port);

        LogFailedException e = Assert.Throws<LogFailedException>(() => member.PollUntil(() => false, "the reader fails"));

        Assert.Contains("another one now", e.Message, StringComparison.Ordinal);
        using var next = new KafkaMember(log, "replaced", "replaced");
        Assert.NotEqual(incarnation, log.Incarnation);
        before.Dispose();
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }
}
