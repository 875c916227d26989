using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Streams.Domain.Alerts;
using Streams.Node.Feeds.Live;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Log.Kafka.Embedded;

namespace Streams.Node.Tests.Feeds;

/// <summary><c>city.alerts</c> on a broker of the test's own, which speaks Kafka's protocol.</summary>
internal sealed class AlertLog : IDisposable
{
    public const string Topic = "city.alerts";

    private const int Partitions = 3;

    private readonly EmbeddedBroker _broker = new([new TopicSpec(Topic, Partitions)]);
    private readonly ILogWriter _writer;

    public AlertLog()
    {
        Log = _broker.OpenLog();
        _writer = Log.CreateWriter("test", lingerInMs: 0);
    }

    public KafkaLog Log { get; }

    public void Publish(params IEnumerable<Alert> alerts)
    {
        foreach (Alert alert in alerts)
        {
            Publish(alert.Id, SaidAlerts.Json(alert));
        }

        Assert.True(_writer.Flush(TimeSpan.FromSeconds(30)));
    }

    public void Publish(string key, ReadOnlySpan<byte> value)
    {
        byte[] id = Encoding.UTF8.GetBytes(key);
        _writer.Send(new OutgoingRecord { Topic = Topic, Partition = Partitioner.PartitionOf(id, Partitions), Key = id, Value = value }, new Ignored());
    }

    /// <summary>As a node follows it.</summary>
    public LiveAlerts Follow(TimeProvider? time = null)
    {
        LiveAlerts live = new(Log, Topic, time ?? TimeProvider.System, NullLogger.Instance);
        live.Start();
        return live;
    }

    public void Dispose()
    {
        _writer.Dispose();
        Log.Dispose();
        _broker.Dispose();
    }

    private sealed class Ignored : IDelivery
    {
        public void Delivered()
        {
        }

        public void Failed(string reason, bool fatal) => throw new InvalidOperationException(reason);
    }
}
