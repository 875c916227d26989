using Microsoft.Extensions.Logging.Abstractions;
using Streams.Node.Api;
using Streams.Node.Telemetry;
using Streams.Runtime.Hosting;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Log.Kafka.Embedded;
using Streams.Runtime.Storage;

namespace Streams.Node.Tests.Telemetry;

/// <summary>What a node says of its health, part by part.</summary>
public sealed class HealthTests : IDisposable
{
    private readonly ManualTime _time = new();
    private readonly EmbeddedBroker _broker = new([]);
    private readonly KafkaLog _log;
    private readonly SqliteStore _store = SqliteStore.InMemory();
    private readonly Engine _engine;
    private readonly StoreProbe _probe;
    private readonly RunningNode _node;

    public HealthTests()
    {
        _log = _broker.OpenLog(new KafkaLogOptions { BootstrapServers = _broker.BootstrapServers });
        _store.Open(new StoreLayout("test", "test", new Dictionary<byte, KindLayout>()));
        _engine = new Engine(new EngineOptions(), _log, _store, [], _time, NullLoggerFactory.Instance);
        _probe = new StoreProbe(_store, _time);
        _node = new RunningNode(_engine, _log, _probe, "test", "node-1", DateTimeOffset.UnixEpoch);
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
        Assert.Equal("not a member of the consumer group yet", kafka.Detail);
        Assert.True(Part("node").IsWell);
        Assert.True(Part("shards").IsWell);
    }

    [Fact]
    public void An_idle_node_whose_store_is_gone_is_not_ready_and_lives()
    {
        _probe.Ask();
        Assert.True(Part("store").IsWell);
        _store.Dispose();
        _probe.Ask();
        HealthPart store = Part("store");
        Assert.False(store.IsWell);
        Assert.False(store.Fatal);
        Assert.StartsWith("the store can not be read: ", store.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_store_that_hangs_is_away_when_its_answer_is_overdue()
    {
        _probe.Ask();
        _time.Advance(TimeSpan.FromSeconds(8));
        Assert.True(Part("store").IsWell);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("the store has not answered for 9 s", Part("store").Detail);
    }

    [Fact]
    public void A_node_that_stops_is_not_ready_and_lives()
    {
        _node.IsLeaving = true;
        Assert.Equal(new HealthPart("node", false, Fatal: false, "the node is stopping"), Part("node"));
    }

    [Fact]
    public void A_node_whose_reading_thread_hangs_does_not_live()
    {
        _time.Advance(TimeSpan.FromMinutes(2));
        Assert.True(Part("node").IsWell);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(new HealthPart("node", false, Fatal: true, "the thread that reads the log has hung for 121 s"), Part("node"));
    }

    private HealthPart Part(string name) => _node.Health().Single(part => part.Name == name);

    private sealed class ManualTime : TimeProvider
    {
        private long _ticks = TimeSpan.TicksPerDay;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan by) => _ticks += by.Ticks;

        public override long GetTimestamp() => _ticks;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(_ticks);
    }
}
