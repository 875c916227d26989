using System.Text;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Log.Kafka.Embedded;

namespace Streams.Runtime.Tests.Log;

/// <summary>One broker for all: each test has topics and a group of its own.</summary>
public sealed class EmbeddedBrokerFixture : IDisposable
{
    public EmbeddedBrokerFixture()
    {
        Broker = new EmbeddedBroker([]);
        Log = Broker.OpenLog(Options);
    }

    /// <summary>4 s is the shortest session the embedded broker's groups bear, and makes rebalances quick.</summary>
    public static KafkaLogOptions Options { get; } = new() { BootstrapServers = "", SessionTimeout = TimeSpan.FromSeconds(4) };

    public EmbeddedBroker Broker { get; }

    public KafkaLog Log { get; }

    public void Dispose()
    {
        Log.Dispose();
        Broker.Dispose();
    }
}

public sealed class KafkaLogTests(EmbeddedBrokerFixture kafka) : IClassFixture<EmbeddedBrokerFixture>
{
    private static readonly TimeSpan s_soon = TimeSpan.FromSeconds(20);

    private readonly KafkaLog _log = kafka.Log;

    [Fact]
    public void Records_come_back_with_key_value_time_and_headers_in_order_per_partition()
    {
        _log.EnsureTopics([new TopicSpec("whole", 4)]);
        byte[] headers = HeaderBlockTests.BlockOf(("ce_id", "a-1"u8.ToArray()), ("empty", []), ("ce_id", "a-2"u8.ToArray()));
        var deliveries = new Deliveries();
        using (ILogWriter writer = _log.CreateWriter("test", 5))
        {
            for (int i = 0; i < 1000; i++)
            {
                writer.Send(
                    new OutgoingRecord
                    {
                        Topic = "whole",
                        Partition = i % 4,
                        Key = Encoding.UTF8.GetBytes($"key-{i % 4}"),
                        Value = i == 4 ? default : Encoding.UTF8.GetBytes($"value-{i}"),
                        Headers = i % 2 == 0 ? headers : default,
                        TimestampInMs = 1_700_000_000_000 + i,
                    },
                    deliveries);
            }

            Assert.True(writer.Flush(s_soon));
        }

        using var member = new KafkaMember(_log, "whole", "whole") { KeepHeaders = true };
        member.PollUntil(() => member.Records.Count >= 1000, "1,000 records");

        Assert.Equal(1000, deliveries.Delivered);
        Assert.Equal(1000, member.Records.Count);
        foreach (IGrouping<InboxPartition, KafkaMember.Received> partition in member.Records.GroupBy(record => record.Partition))
        {
            Assert.Equal(Enumerable.Range(0, 250).Select(i => (long)i), partition.Select(record => record.Offset));
            foreach (KafkaMember.Received record in partition)
            {
                int i = ((int)record.Offset * 4) + record.Partition.Partition;
                Assert.Equal($"key-{i % 4}", record.Key);
                Assert.Equal(i == 4 ? "" : $"value-{i}", record.Value);
                Assert.Equal(1_700_000_000_000 + i, record.TimestampInMs);
                Assert.Equal(i % 2 == 0 ? ["ce_id=a-1", "empty=", "ce_id=a-2"] : [], record.Headers.Select(header => $"{header.Key}={Encoding.UTF8.GetString(header.Value)}"));
            }
        }
    }
}
