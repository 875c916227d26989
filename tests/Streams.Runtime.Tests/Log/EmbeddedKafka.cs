using System.Text;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Log.Kafka.Embedded;
using Streams.Runtime.Tests.Log;

[assembly: AssemblyFixture(typeof(EmbeddedKafka))]

namespace Streams.Runtime.Tests.Log;

/// <summary>One broker for all tests that do it no harm: each has topics and a group of its own, for joining a group takes seconds.</summary>
public sealed class EmbeddedKafka : IDisposable
{
    public EmbeddedKafka()
    {
        Broker = new EmbeddedBroker([]);
        Log = Broker.OpenLog(Options);
    }

    /// <summary>4 s is the shortest session the embedded broker's groups bear, and makes rebalances quick.</summary>
    public static KafkaLogOptions Options { get; } = new() { BootstrapServers = "", SessionTimeout = TimeSpan.FromSeconds(4), CloseTimeout = TimeSpan.FromSeconds(2) };

    public static TimeSpan Soon { get; } = TimeSpan.FromSeconds(20);

    public EmbeddedBroker Broker { get; }

    public KafkaLog Log { get; }

    public void Dispose()
    {
        Log.Dispose();
        Broker.Dispose();
    }

    /// <summary>Writes <paramref name="count"/> records "first", "first + 1", ... to one partition, and waits until they are there.</summary>
    internal static void Write(ILog log, string topic, int partition, int first, int count)
    {
        var deliveries = new Deliveries();
        using ILogWriter writer = log.CreateWriter("test", 0);
        Send(writer, deliveries, topic, partition, first, count);
        Assert.True(writer.Flush(Soon));
        Assert.Equal(count, deliveries.Delivered);
    }

    internal static void Send(ILogWriter writer, IDelivery delivery, string topic, int partition, int first, int count)
    {
        for (int i = first; i < first + count; i++)
        {
            writer.Send(new OutgoingRecord { Topic = topic, Partition = partition, Value = Encoding.UTF8.GetBytes($"{i}") }, delivery);
        }
    }
}
