using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Streams.Domain.Cities;
using Streams.Node.Configuration;
using Streams.Node.Tests.Api.Description;
using Streams.Node.Tests.Configuration;
using Streams.Node.Tests.Records;
using Streams.Runtime.Log;
using Streams.Simulator.Living;
using Streams.Simulator.Replay;
using Streams.Tests;

[assembly: AssemblyFixture(typeof(CityRun))]

namespace Streams.Node.Tests.Records;

/// <summary>A record as a subscriber has it.</summary>
internal sealed record Heard(string Topic, string Key, byte[] Value, IReadOnlyDictionary<string, string> Headers)
{
    public string Text => Encoding.UTF8.GetString(Value);

    /// <summary>Headers as one JSON object.</summary>
    public string HeadersJson => JsonSerializer.Serialize(Headers);
}

/// <summary>
/// A whole node with broker and store that has lived through some hours of a simulated city in which everything happened that may, and was sent some rubbish: made
/// for the first test that asks, kept for the others.
/// </summary>
public sealed class CityRun : IAsyncDisposable
{
    private const ulong Seed = 20261122;

    /// <summary>Of each type, those first that stand where something happens.</summary>
    private const int DevicesOfAType = 15;

    private static readonly TimeSpan Past = TimeSpan.FromHours(5);

    private static readonly TimeSpan Quiet = TimeSpan.FromHours(1);

    private static readonly TimeSpan Trouble = TimeSpan.FromHours(2);

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    /// <summary>What is sent to the readings topic and is none: key, value, headers.</summary>
    private static readonly (string Key, byte[] Value, (string, string)[] Headers)[] Rubbish =
    [
        ("d1", "{\"deviceId\":\"d1\""u8.ToArray(), []),
        ("d2", [0x7b, 0xff, 0x00], [("content-type", "application/json"), ("source", "gateway")]),
        ("d3", "{}"u8.ToArray(), [("ce_specversion", "1.0"), ("ce_id", ""), ("reason", "none"), ("content-type", "application/json")]),
        ("", "<xml/>"u8.ToArray(), [("content-type", "text/xml")]),
        ("d5", [], []),
        ("d6", Encoding.UTF8.GetBytes(new string('x', 300_000)), []),
    ];

    private readonly Lazy<Task<CityRun>> _lived;
    private readonly string _folder = TemporaryFolder.Create("streams-city-run-");
    private NodeHost? _node;

    public CityRun() => _lived = new Lazy<Task<CityRun>>(LiveAsync);

    internal ClusterConfiguration Configuration { get; private set; } = null!;

    /// <summary>Everything that was published, each partition in order.</summary>
    internal IReadOnlyList<Heard> Records { get; private set; } = [];

    /// <summary>Readings as the simulator sent them.</summary>
    internal IReadOnlyList<string> Readings { get; private set; } = [];

    /// <summary>Holds every answer against the API's description.</summary>
    internal HttpClient Client { get; private set; } = null!;

    internal NodeHost Node => _node!;

    /// <summary>When the city has lived its three days and the node has said all there was to say.</summary>
    internal Task<CityRun> Lived => _lived.Value;

    /// <summary>Without what actors say to one another.</summary>
    internal IReadOnlyList<Heard> Of(string topic) => [.. Records.Where(each => each.Topic == Configuration.Topics[topic].Name)];

    public async ValueTask DisposeAsync()
    {
        if (_node is not null)
        {
            Client.Dispose();
            await _node.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private async Task<CityRun> LiveAsync()
    {
        (ClusterConfiguration? shipped, _) = ClusterConfiguration.Load(ConfigurationFolder.Shipped, new Dictionary<string, string>());
        Configuration = shipped! with { Node = shipped.Node with { Http = shipped.Node.Http with { Port = 0 } } };
        _node = await NodeHost.StartAsync(new NodeStart(Configuration, _folder, Embedded: true), NullLoggerFactory.Instance);
        using HttpClient plain = new() { BaseAddress = _node.Address };
        DescribedApi described = new(await plain.GetByteArrayAsync("/openapi/v1.json"));
        Client = new HttpClient(new DescribedAnswers(() => described, new SocketsHttpHandler())) { BaseAddress = _node.Address };

        string[] topics = [TopicSettings.Readings, TopicSettings.Aggregates, TopicSettings.Anomalies, TopicSettings.Alerts, TopicSettings.Incidents, TopicSettings.Commands, TopicSettings.DeadLetters];
        using Subscriber subscriber = new(_node.Log, [.. topics.Select(each => Configuration.Topics[each].Name)]);
        await SendAsync();
        int shards = NodeHost.KindsOf(Configuration).Sum(kind => _node.Log.PartitionsOf(kind.Inbox));
        await Until(() => _node.View.Shards() is var running && running.Count == shards && running.All(shard => shard.Lag == 0) && subscriber.IsQuiet);
        Records = [.. subscriber.Records.Where(each => each.Headers.GetValueOrDefault("content-type") != Streams.Domain.Incidents.IncidentMessage.ContentType)];
        Readings = [.. Of(TopicSettings.Readings).Where(each => Rubbish.All(other => other.Key != each.Key)).Select(each => each.Text)];
        return this;
    }

    private async Task SendAsync()
    {
        string topic = Configuration.Topics[TopicSettings.Readings].Name;
        int partitions = Node.Log.PartitionsOf(topic);
        using ILogWriter writer = Node.Log.CreateWriter("city-run", lingerInMs: 20);
        using ReadingSource past = Life();
        await new Replayer(writer, topic, partitions, new Pace(), null, TimeProvider.System).RunAsync(past, null, TestContext.Current.CancellationToken);
        foreach ((string key, byte[] value, (string, string)[] headers) in Rubbish)
        {
            ArrayBufferWriter<byte> block = new();
            HeaderBlock.Begin(block, headers.Length);
            foreach ((string name, string text) in headers)
            {
                HeaderBlock.Add(block, Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(text));
            }

            writer.Send(
                new OutgoingRecord
                {
                    Topic = topic, Partition = Partitioner.PartitionOf(Encoding.UTF8.GetBytes(key), partitions), Key = Encoding.UTF8.GetBytes(key), Value = value,
                    Headers = headers.Length == 0 ? default : block.WrittenSpan,
                },
                new Ignored());
        }

        Assert.True(writer.Flush(TimeSpan.FromSeconds(30)));
    }

    /// <summary>The last hours of a part of the shipped city, with all of its scenarios.</summary>
    private HoursOf Life()
    {
        City whole = Configuration.Cities.Single(each => each.Name == "dijon").City;
        HashSet<string> afflicted = [.. whole.Scenarios.Select(each => each.Area)];
        City city = whole with
        {
            Devices = [.. whole.Devices.GroupBy(each => each.Type).SelectMany(type => type.OrderByDescending(each => afflicted.Contains(each.Area)).Take(DevicesOfAType))],
        };
        long now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        long from = now - (long)Past.TotalMilliseconds;
        ScenarioRuns runs = new(city, []);
        foreach (Scenario scenario in city.Scenarios)
        {
            ScenarioRun? run = runs.Start(scenario, null, from + (long)Quiet.TotalMilliseconds);
            Assert.NotNull(run);

            // Nobody does anything about it here: it ends by itself, and what it raised is over before the end.
            runs.Stop(run.Id, from + (long)(Quiet + Trouble).TotalMilliseconds);
        }

        return new HoursOf(new SimulatedCity(city, new SimulationPlan(Seed, from) { Imperfections = Imperfections.None }, runs), now);
    }

    internal static Task Until(Func<bool> condition) => Until(() => Task.FromResult(condition()));

    /// <summary>Waits for what a node does on its own threads.</summary>
    internal static async Task Until(Func<Task<bool>> condition)
    {
        long started = Stopwatch.GetTimestamp();
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(50));
        while (!await condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < Patience, string.Create(CultureInfo.InvariantCulture, $"Not within {Patience.TotalSeconds} s."));
            await timer.WaitForNextTickAsync();
        }
    }

    private sealed class Ignored : IDelivery
    {
        public void Delivered()
        {
        }

        public void Failed(string reason, bool fatal) => throw new InvalidOperationException(reason);
    }

    /// <summary>The city up to a time.</summary>
    private sealed class HoursOf(SimulatedCity city, long untilInMs) : ReadingSource
    {
        public override long TimeInMs => city.TimeInMs;

        public override long DueInMs => city.DueInMs;

        public override ReadOnlySpan<byte> Key => city.Key;

        public override ReadOnlySpan<byte> Body(long shiftInMs) => city.Body(shiftInMs);

        public override bool Next() => city.Next() && city.DueInMs < untilInMs;

        protected override void Dispose(bool disposing) => city.Dispose();
    }

    private sealed class Subscriber : IAssignmentListener, IDisposable
    {
        /// <summary>Polls in a row that brought nothing. What areas still hold for members that lag is not waited for.</summary>
        private const int QuietPolls = 40;

        private readonly ILogReader _reader;
        private readonly Thread _thread;
        private readonly List<Heard> _records = [];
        private volatile bool _stop;
        private volatile int _quiet;

        public Subscriber(ILog log, string[] topics)
        {
            _reader = log.CreateReader("subscriber");
            _reader.Subscribe(topics, this);
            _thread = new Thread(Listen) { IsBackground = true, Name = "subscriber" };
            _thread.Start();
        }

        public bool IsQuiet => _quiet >= QuietPolls;

        /// <summary>To be asked when it is quiet.</summary>
        public IReadOnlyList<Heard> Records
        {
            get
            {
                lock (_records)
                {
                    return [.. _records];
                }
            }
        }

        public void Dispose()
        {
            _stop = true;
            _thread.Join();
            _reader.Dispose();
        }

        IReadOnlyList<long> IAssignmentListener.Assigned(IReadOnlyList<InboxPartition> partitions) => [.. partitions.Select(_ => 0L)];

        void IAssignmentListener.Revoked(IReadOnlyList<InboxPartition> partitions)
        {
        }

        void IAssignmentListener.Lost(IReadOnlyList<InboxPartition> partitions)
        {
        }

        private void Listen()
        {
            List<RecordBatch> batches = [];
            while (!_stop)
            {
                batches.Clear();
                _reader.Poll(TimeSpan.FromMilliseconds(100), batches);
                _quiet = batches.Count == 0 && _records.Count > 0 ? _quiet + 1 : 0;
                lock (_records)
                {
                    batches.ForEach(Keep);
                }
            }
        }

        private void Keep(RecordBatch batch)
        {
            using (batch)
            {
                for (int i = 0; i < batch.Count; i++)
                {
                    _records.Add(new Heard(
                        batch.Partition.Topic, Encoding.UTF8.GetString(batch.KeyAt(i)), batch.ValueAt(i).ToArray(),
                        batch.HasHeaders(i) ? batch.CopyHeaders(i).ToDictionary(each => each.Key, each => Encoding.UTF8.GetString(each.Value)) : new Dictionary<string, string>()));
                }
            }
        }
    }
}
