using System.Buffers;
using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Streams.Domain.Dispatch;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Log.Kafka.Embedded;
using Streams.Simulator.Obeying;
using Streams.Simulator.Tests.Living;
using static Streams.Simulator.Tests.Obeying.TestSystems;

namespace Streams.Simulator.Tests.Obeying;

/// <summary>Systems on the real protocol: a broker in this process, commands as anybody writes them.</summary>
public sealed class ObeyingSystemsTests : IDisposable
{
    private static readonly TopicSpec[] Topics = [new("city.commands", 3), new("city.command-results", 2)];
    private static readonly KafkaLogOptions Options = new() { BootstrapServers = "", SessionTimeout = TimeSpan.FromSeconds(4), CloseTimeout = TimeSpan.FromSeconds(2) };

    private readonly string _folder = Streams.Tests.TemporaryFolder.Create("streams-systems-");
    private readonly EmbeddedBroker _broker = new(Topics);
    private readonly PlayedLife _life = new();
    private readonly Lines _lines = new();

    public void Dispose()
    {
        _broker.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private Running Run(ILog log, bool fromTheBeginning = true) => new(log, new SystemsPlan("city.commands", "city.command-results", fromTheBeginning) { Folder = _folder }, _life, SystemsMemoryFile.Read(_folder), _lines);

    private static void Give(ILog log, Command command)
    {
        ArrayBufferWriter<byte> value = new();
        CommandJson.Write(value, command with { DeadlineInMs = DateTimeOffset.UtcNow.AddHours(1).ToUnixTimeMilliseconds() }, null);
        Give(log, command.Key, value.WrittenSpan);
    }

    private static void Give(ILog log, string key, ReadOnlySpan<byte> value)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(key);
        using ILogWriter writer = log.CreateWriter("test", 0);
        writer.Send(new OutgoingRecord { Topic = "city.commands", Partition = Runtime.Log.Partitioner.PartitionOf(bytes, 3), Key = bytes, Value = value }, new Nobody());
        Assert.True(writer.Flush(TimeSpan.FromSeconds(20)));
    }

    [Fact]
    public async Task What_is_told_over_kafka_is_answered_under_its_key_and_done()
    {
        string id = GoodId("told", "cameras", "point-at");
        using KafkaLog log = _broker.OpenLog(Options);
        Give(log, To(id, "cameras", "point-at"));
        Give(log, $"{SmallCity.Edge}/cameras", """{"commandId":"half","system":"cameras","area":"testville/edge","action":"point-at"}"""u8);
        Give(log, $"{SmallCity.Edge}/cameras", "nothing at all"u8);
        Give(log, "elsewhere/cameras", "nothing at all"u8);
        Give(log, To("there", "cameras", "point-at", "elsewhere/centre"));
        await using Running systems = Run(log);
        using Hearing results = new(log);

        results.Until(all => all.Any(each => each.Id == "half") && PlayedLife.Heard(systems.Memory(_folder), id));
        _life.NowInMs += 10 * Second;
        results.Until(all => all.Any(each => each.Id == id && each.Status == "accepted"));
        _life.NowInMs += Hour;
        List<Heard> heard = results.Until(all => all.Any(each => each.Id == id && each.Status == "done"));

        Assert.Equal(["accepted", "executing", "done"], heard.Where(each => each.Id == id).Select(each => each.Status));
        Assert.All(heard.Where(each => each.Id == id), each => Assert.Equal((SmallCity.Centre + "/cameras", $"{id}/{each.Status}", "/city-systems/testville"), (each.Key, each.EventId, each.Source)));
        Heard half = Assert.Single(heard, each => each.Id == "half");
        Assert.Equal(("rejected", "'deadline' is a time such as 2026-11-22T10:15:30.250Z"), (half.Status, half.Reason));
        Assert.DoesNotContain(heard, each => each.Id == "there");
        Assert.Equal(id, Assert.Single(_life.Done).CommandId);
        Assert.Equal([3102, 3102], _lines.Ids);
    }

    [Fact]
    public async Task What_was_under_way_at_a_stop_is_finished_after_it_and_nothing_is_done_twice()
    {
        string first = GoodId("first", "water", "raise-pumps"), second = GoodId("second", "traffic-control", "reroute");
        using KafkaLog log = _broker.OpenLog(Options);
        using Hearing results = new(log);
        await using (Running before = Run(log))
        {
            Give(log, To(first, "water", "raise-pumps"));
            results.Until(_ => before.Memory(_folder) is { State.UnderWay.Count: 1 });
            _life.NowInMs += 10 * Second;
            results.Until(all => all.Any(each => each.Id == first && each.Status == "accepted"));
        }

        Give(log, To(second, "traffic-control", "reroute"));
        _life.NowInMs += Hour;
        await using Running after = Run(log);
        results.Until(all => all.Any(each => each.Id == first && each.Status == "done"));
        results.Until(_ => PlayedLife.Heard(after.Memory(_folder), second));
        _life.NowInMs += Hour;
        List<Heard> heard = results.Until(all => all.Any(each => each.Id == second && each.Status == "done"));

        Assert.Equal([first, second], _life.Done.Select(each => each.CommandId));
        Assert.Single(heard, each => each.Id == first && each.Status == "accepted");
    }

    [Fact]
    public async Task On_another_log_they_finish_what_was_under_way_and_read_it_from_its_beginning()
    {
        string first = GoodId("first", "water", "raise-pumps"), second = GoodId("second", "cameras", "record");
        using (KafkaLog log = _broker.OpenLog(Options))
        await using (Running before = Run(log))
        {
            Give(log, To(first, "water", "raise-pumps"));
            using Hearing results = new(log);
            results.Until(_ => before.Memory(_folder) is { State.UnderWay.Count: 1 });
        }

        using EmbeddedBroker other = new(Topics);
        using KafkaLog otherLog = other.OpenLog(Options);
        Give(otherLog, To(second, "cameras", "record"));
        _life.NowInMs += Hour;
        await using Running after = Run(otherLog, fromTheBeginning: false);
        using Hearing there = new(otherLog);
        there.Until(all => all.Any(each => each.Id == first && each.Status == "done"));
        there.Until(_ => PlayedLife.Heard(after.Memory(_folder), second));
        _life.NowInMs += Hour;
        there.Until(all => all.Any(each => each.Id == second && each.Status == "done"));

        Assert.Equal([first, second], _life.Done.Select(each => each.CommandId));
    }

    [Fact]
    public async Task Of_a_log_that_was_there_before_they_take_what_comes_from_now_on_and_a_broker_that_was_away_is_told_later()
    {
        string old = GoodId("old", "cameras", "record"), id = GoodId("new", "cameras", "point-at");
        using KafkaLog log = _broker.OpenLog(Options);
        Give(log, To(old, "cameras", "record"));
        await using Running systems = Run(log, fromTheBeginning: false);
        using Hearing results = new(log);
        results.Until(_ => systems.Memory(_folder) is { Positions.Count: 3 });
        Give(log, To(id, "cameras", "point-at"));
        results.Until(_ => PlayedLife.Heard(systems.Memory(_folder), id));
        _broker.GoDown();
        _life.NowInMs += Hour;
        Assert.True(SpinWait.SpinUntil(() => !_life.Done.IsEmpty, TimeSpan.FromSeconds(30)));
        _broker.ComeUp();

        List<Heard> heard = results.Until(all => all.Any(each => each.Id == id && each.Status == "done"));

        Assert.DoesNotContain(heard, each => each.Id == old);
        Assert.Equal(id, Assert.Single(_life.Done).CommandId);
    }

    [Fact]
    public void A_damaged_memory_is_said_plainly()
    {
        foreach (string text in new[] { "{\"city\":\"test", "{}", "{\"city\":\"t\",\"seed\":1,\"incarnation\":\"x\",\"positions\":{},\"state\":{\"underWay\":[{}],\"ended\":[]}}" })
        {
            File.WriteAllText(Path.Combine(_folder, SystemsMemoryFile.Name), text);
            Assert.Contains("Delete it to let them begin anew", Assert.Throws<InvalidDataException>(() => SystemsMemoryFile.Read(_folder)).Message, StringComparison.Ordinal);
        }
    }

    /// <summary>A city whose time the test says.</summary>
    private sealed class PlayedLife : ICityLife
    {
        private long _now = Begin;

        public long NowInMs
        {
            get => Interlocked.Read(ref _now);
            set => Interlocked.Exchange(ref _now, value);
        }

        public ConcurrentQueue<Deed> Done { get; } = [];

        public void Act(Deed deed) => Done.Enqueue(deed);

        public static bool Heard(SystemsMemory? memory, string id) => memory?.State.UnderWay.Any(each => each.Command.CommandId == id) == true;
    }

    private sealed class Running : IAsyncDisposable
    {
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _run;

        public Running(ILog log, SystemsPlan plan, ICityLife life, SystemsMemory? before, ILogger logger) =>
            _run = new ObeyingSystems(log, plan, City, All, 1, life, before, TimeProvider.System, logger).RunAsync(_stop.Token);

        public SystemsMemory? Memory(string folder) => _run.IsFaulted ? throw _run.Exception : SystemsMemoryFile.Read(folder);

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            await _run;
            _stop.Dispose();
        }
    }

    private sealed record Heard(string Key, string Id, string Status, string Reason, string EventId, string Source);

    /// <summary>Hears all results from the beginning on.</summary>
    private sealed class Hearing : IAssignmentListener, IDisposable
    {
        private readonly ILogReader _reader;
        private readonly List<Heard> _heard = [];

        public Hearing(ILog log)
        {
            _reader = log.CreateReader("test");
            _reader.Subscribe(["city.command-results"], this);
        }

        public List<Heard> Until(Func<List<Heard>, bool> isEnough)
        {
            long from = TimeProvider.System.GetTimestamp();
            List<RecordBatch> batches = [];
            while (!isEnough(_heard))
            {
                Assert.True(TimeProvider.System.GetElapsedTime(from) < TimeSpan.FromSeconds(40), "Not heard in time; heard: " + string.Join(", ", _heard));
                batches.Clear();
                _reader.Poll(TimeSpan.FromMilliseconds(50), batches);
                foreach (RecordBatch batch in batches)
                {
                    for (int i = 0; i < batch.Count; i++)
                    {
                        _heard.Add(Read(batch[i]));
                    }

                    batch.Dispose();
                }
            }

            return _heard;
        }

        public IReadOnlyList<long> Assigned(IReadOnlyList<InboxPartition> partitions) => [.. partitions.Select(_ => 0L)];

        public void Revoked(IReadOnlyList<InboxPartition> partitions)
        {
        }

        public void Lost(IReadOnlyList<InboxPartition> partitions)
        {
        }

        public void Dispose() => _reader.Dispose();

        private static Heard Read(Runtime.Log.Record record)
        {
            Assert.True(record.TryGetHeader("ce_id"u8, out ReadOnlySpan<byte> id));
            Assert.True(record.TryGetHeader("ce_source"u8, out ReadOnlySpan<byte> source));
            JsonElement root = JsonDocument.Parse(record.Value.ToArray()).RootElement;
            return new Heard(
                Encoding.UTF8.GetString(record.Key), root.GetProperty("commandId").GetString()!, root.GetProperty("status").GetString()!, root.GetProperty("reason").GetString()!, Encoding.UTF8.GetString(id), Encoding.UTF8.GetString(source));
        }
    }

    private sealed class Lines : ILogger
    {
        public ConcurrentQueue<int> Ids { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => NullLogger.Instance.BeginScope(state);

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Ids.Enqueue(eventId.Id);
    }

    private sealed class Nobody : IDelivery
    {
        public void Delivered()
        {
        }

        public void Failed(string reason, bool fatal)
        {
        }
    }
}
