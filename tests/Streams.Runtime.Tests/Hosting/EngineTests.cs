using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Streams.Runtime.Actors;
using Streams.Runtime.Hosting;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Log.Kafka.Embedded;
using Streams.Runtime.Storage;
using Streams.Runtime.Tests.Simulation;
using Streams.Tests;

namespace Streams.Runtime.Tests.Hosting;

/// <summary>The threads of a node, over the real protocol and a real store on disk.</summary>
public sealed class EngineTests : IDisposable
{
    private const int Meters = 50;

    private readonly string _folder = TemporaryFolder.Create("streams-engine-");
    private readonly EmbeddedBroker _broker = new(
        [new("meters", 4), new("groups", 2), new("results", 2), new("city.dead-letters", 1)]);

    [Fact]
    public void A_node_that_stops_has_everything_written_and_the_next_one_goes_on_from_there()
    {
        using (Node node = Start())
        {
            Produce(1, 5000);
            WaitFor(() => node.Total == 5000);
        }

        using (Node node = Start())
        {
            Produce(2, 5000);
            WaitFor(() => node.Total == 15_000);
            WaitFor(() => node.Sum(2, "group-0") is { } sum && sum == ExpectedGroup(0));
        }

        using Node last = Start();
        for (int meter = 0; meter < Meters; meter++)
        {
            Assert.Equal((10000 / Meters * 3) / 2, last.Sum(1, $"meter-{meter}"));
        }
    }

    [Fact]
    public void What_can_not_be_read_is_refused_with_its_bytes_and_stops_nobody()
    {
        using Node node = Start();
        using (ILogWriter writer = _log.CreateWriter("test", 0))
        {
            Send(writer, "meter-1", "rubbish");
            Send(writer, "meter-1", "meter-1|666");
            Send(writer, "meter-1", "meter-1|-3");
            Send(writer, "meter-1", "meter-1|4");
            Assert.True(writer.Flush(TimeSpan.FromSeconds(10)));
        }

        WaitFor(() => node.Sum(1, "meter-1") == 4 && node.Store.Count("dead-letters") == 3);
        Assert.Equal(["actor_failed", "malformed", "negative"], node.Store.Query(new DocumentQuery("dead-letters")).Select(row => row.Category).Order(StringComparer.Ordinal));
        Assert.Equal(1, node.Engine.RefusedByReason["malformed"]);
    }

    [Fact]
    public void A_replaced_log_is_read_from_its_beginning_and_state_is_kept()
    {
        using (Node node = Start())
        {
            Produce(1, 500);
            WaitFor(() => node.Total == 500);
        }

        using EmbeddedBroker other = new([new("meters", 4), new("groups", 2), new("results", 2), new("city.dead-letters", 1)]);
        using KafkaLog log = other.OpenLog(Options(other));
        using Node next = new(log, Path.Combine(_folder, "store.db"));
        using ILogWriter writer = log.CreateWriter("test", 0);
        Send(writer, "meter-1", "meter-1|5");
        WaitFor(() => next.Sum(1, "meter-1") == (500 / Meters) + 5);
    }

    [Fact]
    public void A_node_that_is_drained_gives_everything_back_and_stays_and_works_again_when_told()
    {
        using Node node = Start();
        Produce(1, 500);
        WaitFor(() => node.Total == 500);

        node.Engine.Drain();
        WaitFor(() => node.Engine.State == NodeState.Drained);

        Assert.Empty(node.Engine.Shards);
        Assert.All(node.Store.ReadShards(), shard => Assert.Null(shard.Owner));
        WaitFor(() => node.Engine.Nodes is [{ State: NodeState.Drained }]);
        Produce(2, 500);

        node.Engine.WorkAgain();
        WaitFor(() => node.Total == 1500);
        WaitFor(() => node.Store.ReadShards().All(shard => shard.Handover is { WasDrained: true, From: "test-node" }));
    }

    [Fact]
    public void A_shard_with_nothing_to_do_that_another_claimed_late_is_claimed_again()
    {
        using Node node = Start();
        WaitFor(() => node.Engine.Shards.Count == 6);
        ShardId idle = new(2, 1);

        long late = node.Store.Claim(idle, "a-node-that-woke-up", _log.Incarnation, DateTimeOffset.UtcNow).Epoch;

        WaitFor(() => node.Store.ReadShards().Single(row => row.Shard == idle) is { Owner: "test-node" } row && row.Epoch > late);
        WaitFor(() => node.Engine.Shards.Any(shard => shard.Id == idle && shard.Epoch > late));
        Produce(1, 500);
        WaitFor(() => Enumerable.Range(0, 10).Sum(group => node.Sum(2, $"group-{group}") ?? 0) == 500);
    }

    [Fact]
    public void A_node_that_ends_says_that_it_has_left()
    {
        using (Start())
        {
        }

        using SqliteStore store = new(Path.Combine(_folder, "store.db"));
        store.Open(new StoreLayout("test", "looker", new Dictionary<byte, KindLayout> { [1] = new("meters", 4), [2] = new("groups", 2) }));
        Assert.Equal(NodeState.Left, Assert.Single(store.ReadNodes()).State);
    }

    [Fact]
    public void A_store_that_was_read_from_another_log_is_refused_until_that_log_is_given_up()
    {
        using (Node node = Start())
        {
            Produce(1, 500);
            WaitFor(() => node.Total == 500);
        }

        using EmbeddedBroker other = new([new("meters", 4), new("groups", 2), new("results", 2), new("city.dead-letters", 1)]);
        using KafkaLog log = other.OpenLog(Options(other));
        StoreMismatchException refused = Assert.Throws<StoreMismatchException>(() => new Node(log, Path.Combine(_folder, "store.db"), acceptLog: null));
        Assert.Contains($"those of Kafka cluster {_broker.Incarnation}; the brokers are those of {other.Incarnation}", refused.Message, StringComparison.Ordinal);
        Assert.Throws<StoreMismatchException>(() => new Node(log, Path.Combine(_folder, "store.db"), acceptLog: "a third one"));

        using Node accepted = new(log, Path.Combine(_folder, "store.db"), acceptLog: other.Incarnation);
        Assert.Equal(500 / Meters, accepted.Sum(1, "meter-1"));
    }

    [Fact]
    public void A_store_that_is_older_than_what_was_sent_from_it_is_refused_until_it_is_told_that_it_was_restored()
    {
        string backup = Path.Combine(_folder, "backup.db");
        string path = Path.Combine(_folder, "store.db");
        using (Node node = Start())
        {
            Produce(1, 500);
            WaitFor(() => node.Total == 500);
        }

        File.Copy(path, backup);
        using (Node node = Start())
        {
            Produce(1, 500);
            WaitFor(() => node.Total == 1000);
        }

        File.Copy(backup, path, overwrite: true);
        StoreMismatchException refused = Assert.Throws<StoreMismatchException>(() => new Node(_log, path, acceptLog: null));
        Assert.Contains("Run 'streams store restored'", refused.Message, StringComparison.Ordinal);

        using (SqliteStore store = new(path))
        {
            store.Open(new StoreLayout("test", "op", new Dictionary<byte, KindLayout> { [1] = new("meters", 4), [2] = new("groups", 2) }));
            store.BeginLineage();
        }

        using Node restored = new(_log, path, acceptLog: null);
        WaitFor(() => restored.Total == 1000);
        WaitFor(() => restored.Sum(2, "group-0") == Enumerable.Range(0, Meters).Count(meter => meter % 10 == 0) * (1000L / Meters));
        Assert.Equal(5 * (1000L / Meters), restored.Sum(2, "group-1"));
    }

    /// <summary>The shortest session the broker takes: a member that leaves holds up the next one for about that long.</summary>
    private static KafkaLogOptions Options(EmbeddedBroker broker) => new() { BootstrapServers = broker.BootstrapServers, SessionTimeout = TimeSpan.FromSeconds(4) };

    private readonly KafkaLog _log;

    public EngineTests() => _log = _broker.OpenLog(Options(_broker));

    public void Dispose()
    {
        _log.Dispose();
        _broker.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private Node Start() => new(_log, Path.Combine(_folder, "store.db"));

    private void Produce(int amount, int count)
    {
        using ILogWriter writer = _log.CreateWriter("test", 5);
        for (int i = 0; i < count; i++)
        {
            Send(writer, $"meter-{i % Meters}", $"meter-{i % Meters}|{amount}");
        }

        Assert.True(writer.Flush(TimeSpan.FromSeconds(10)));
    }

    private static long ExpectedGroup(int last) => Enumerable.Range(0, Meters).Count(meter => meter % 10 == last) * (10000L / Meters * 3 / 2);

    private void Send(ILogWriter writer, string key, string value)
    {
        byte[] keyUtf8 = Encoding.UTF8.GetBytes(key);
        writer.Send(
            new OutgoingRecord
            {
                Topic = "meters",
                Partition = Partitioner.PartitionOf(keyUtf8, _log.PartitionsOf("meters")),
                Key = keyUtf8,
                Value = Encoding.UTF8.GetBytes(value),
            },
            new Ignored());
    }

    private static void WaitFor(Func<bool> condition) =>
        Assert.True(SpinWait.SpinUntil(condition, TimeSpan.FromMinutes(2)), "not within 2 min");

    private sealed class Ignored : IDelivery
    {
        public void Delivered()
        {
        }

        public void Failed(string reason, bool fatal)
        {
        }
    }

    private sealed class Node : IDisposable
    {
        public Node(ILog log, string path, string? acceptLog = EngineOptions.AnyLog)
        {
            Store = new SqliteStore(path);
            Engine = new Engine(
                new EngineOptions { Cluster = "test", Node = "test-node", Workers = 2, BeatEvery = TimeSpan.FromMilliseconds(100), AcceptLog = acceptLog },
                log,
                Store,
                [new TallyKind(1, "meters", "groups"), new TallyKind(2, "groups", null)],
                TimeProvider.System,
                NullLoggerFactory.Instance);
            try
            {
                Engine.Start();
            }
            catch
            {
                Dispose();
                throw;
            }
        }

        public SqliteStore Store { get; }

        public Engine Engine { get; }

        /// <summary>Over all meters. Asked of the actors, because a node that lost its session for a moment counts anew, but never its actors.</summary>
        public long Total => Enumerable.Range(0, Meters).Sum(meter => Sum(1, $"meter-{meter}") ?? 0);

        public long? Sum(byte kind, string key)
        {
            while (!Engine.Owns(kind, key))
            {
                Thread.Yield();
            }

            return Engine.AskAsync(kind, key, actor => (object)((TallyActor)actor).Sum).GetAwaiter().GetResult() as long?;
        }

        public void Dispose()
        {
            Engine.Dispose();
            Store.Dispose();
        }
    }
}
