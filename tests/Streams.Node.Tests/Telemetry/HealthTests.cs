using Microsoft.Extensions.Logging.Abstractions;
using Streams.Node.Api;
using Streams.Node.Tests.Configuration;
using Streams.Runtime.Hosting;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Log.Kafka.Embedded;
using Streams.Runtime.Storage;

namespace Streams.Node.Tests.Telemetry;

/// <summary>What a node says of its health, part by part.</summary>
public sealed class HealthTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly EmbeddedBroker _broker = new([.. ConfigurationFolder.AsShipped.Topics.All]);
    private readonly KafkaLog _log;
    private readonly SqliteStore _store = SqliteStore.InMemory();
    private readonly Engine _engine;
    private readonly RunningNode _node;

    public HealthTests()
    {
        _log = _broker.OpenLog(new KafkaLogOptions { BootstrapServers = _broker.BootstrapServers });
        _engine = new Engine(new EngineOptions(), _log, _store, NodeHost.KindsOf(ConfigurationFolder.AsShipped), _time, NullLoggerFactory.Instance);
        _node = new RunningNode(_engine, _log, "test", "node-1", DateTimeOffset.UnixEpoch);
    }

    public void Dispose()
    {
        _node.Dispose();
        _engine.Dispose();
        _log.Dispose();
        _broker.Dispose();
        _store.Dispose();
    }

    [Fact]
    public void A_node_that_is_no_member_yet_is_not_ready_and_lives()
    {
        HealthPart kafka = Part("kafka");
        Assert.False(kafka.IsWell);
        Assert.False(kafka.Fatal);
        Assert.Equal("the consumer groups have not given this node its part yet", kafka.Detail);
        Assert.True(Part("node").IsWell);
        Assert.True(Part("shards").IsWell);
    }

    [Fact]
    public void An_idle_node_whose_store_does_not_answer_is_not_ready_and_lives()
    {
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.True(Part("store").IsWell);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(new HealthPart("store", false, Fatal: false, "the store has not answered for 11 s"), Part("store"));
    }

    [Fact]
    public void A_node_that_gives_its_shards_back_is_not_ready_and_lives()
    {
        _engine.Drain();
        Assert.Equal(new HealthPart("work", false, Fatal: false, "drained: holds no shards until it is told to work again"), Part("work"));
        Assert.True(Part("kafka").IsWell);
    }

    [Fact]
    public void A_node_whose_reading_thread_hangs_does_not_live()
    {
        using HangingLog log = new(_log);
        using Engine engine = new(new EngineOptions { Cluster = "test", Node = "test" }, log, _store, NodeHost.KindsOf(ConfigurationFolder.AsShipped), _time, NullLoggerFactory.Instance);
        using RunningNode node = new(engine, log, "test", "node-1", DateTimeOffset.UnixEpoch);
        HealthPart Hung() => node.Health().Single(part => part.Name == "node");
        engine.Start();
        log.IsPolled.Wait(TestContext.Current.CancellationToken);

        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.True(Hung().IsWell);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(new HealthPart("node", false, Fatal: true, "the thread that reads the log has hung for 121 s"), Hung());
        log.GoOn.Set();
    }

    private HealthPart Part(string name) => _node.Health().Single(part => part.Name == name);

    /// <summary>Its reader does not come back from a poll before it may.</summary>
    private sealed class HangingLog(ILog log) : ILog, ILogReader
    {
        public ManualResetEventSlim IsPolled { get; } = new(false);

        public ManualResetEventSlim GoOn { get; } = new(false);

        public string Incarnation => log.Incarnation;

        public long KeepsInBytes => log.KeepsInBytes;

        public ILogReader CreateReader(string group) => this;

        public void Poll(TimeSpan timeout, ICollection<RecordBatch> batches)
        {
            IsPolled.Set();
            GoOn.Wait();
        }

        public void EnsureTopics(IReadOnlyList<TopicSpec> topics) => log.EnsureTopics(topics);

        public int PartitionsOf(string topic) => log.PartitionsOf(topic);

        public void LookBack(string topic, int most, Action<RecordBatch> look) => log.LookBack(topic, most, look);

        public ILogReader Follow(string topic, Func<InboxPartition, LogMarks, long> from) => log.Follow(topic, from);

        public IGroupGauge CreateGauge(string group) => log.CreateGauge(group);

        public ILogWriter CreateWriter(string name, int lingerInMs) => log.CreateWriter(name, lingerInMs);

        public void Subscribe(IReadOnlyCollection<string> topics, IAssignmentListener listener)
        {
        }

        public void Pause(InboxPartition partition)
        {
        }

        public void Resume(InboxPartition partition)
        {
        }

        public void Seek(InboxPartition partition, long offset)
        {
        }

        public LogMarks MarksOf(InboxPartition partition) => default;

        public void Report(InboxPartition partition, long nextOffset)
        {
        }

        public void Dispose()
        {
        }
    }

    private sealed class ManualTime : TimeProvider
    {
        private long _ticks = TimeSpan.TicksPerDay;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan by) => _ticks += by.Ticks;

        public override long GetTimestamp() => _ticks;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(_ticks);
    }
}
