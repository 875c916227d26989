using System.Text.Json;
using Streams.Domain.Detection;
using Streams.Node.Configuration;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Log.Kafka.Embedded;
using Streams.Tests;

namespace Streams.Cluster.Tests;

/// <summary>
/// Two nodes on one Kafka and one PostgreSQL under a steady load, one of them killed in the middle; over when the other has counted every
/// reading and published every decision, or when time is up. What came of it is for the tests to judge.
/// </summary>
public sealed class KilledNodeRun : IAsyncLifetime
{
    public const int Rounds = 200;
    private const int KilledAfter = 60;
    private const string Readings = "city.readings";

    /// <summary>A round a tenth of a second: 2,000 readings a second.</summary>
    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(100);

    private readonly string _folder = Directory.CreateTempSubdirectory("streams-cluster-").FullName;

    /// <summary>Why there was no run; null when there was one.</summary>
    public string? Skipped { get; private set; }

    /// <summary>Device shards that the killed node owned.</summary>
    public IReadOnlySet<int> Lost { get; private set; } = new HashSet<int>();

    public int Partitions { get; private set; }

    public long KilledAtInMs { get; private set; }

    public long Sent { get; private set; }

    /// <summary>Readings that each device has counted, as the surviving node says.</summary>
    internal int[] Counted { get; } = new int[CityStream.Devices];

    /// <summary>What each device must have decided, reckoned without a cluster.</summary>
    internal Dictionary<string, List<AnomalyEvent>> Expected { get; private set; } = [];

    /// <summary>Accepted readings in each device's minutes that are over, by the minute's start.</summary>
    internal Dictionary<string, Dictionary<long, int>> Minutes { get; private set; } = [];

    internal List<Published> Anomalies { get; private set; } = [];

    internal List<Published> Alerts { get; private set; } = [];

    internal List<Published> Aggregates { get; private set; } = [];

    internal List<Published> DeadLetters { get; private set; } = [];

    /// <summary>What the surviving node wrote.</summary>
    public string Said { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        if (PostgresServer.Installed is not { } postgres)
        {
            Skipped = "PostgreSQL is not installed here.";
            return;
        }

        ClusterConfiguration configuration = TestConfiguration.Load();
        using EmbeddedBroker broker = new([.. configuration.Topics.All]);
        using KafkaLog log = broker.OpenLog(new KafkaLogOptions { BootstrapServers = "", SessionTimeout = TimeSpan.FromSeconds(4) });
        Partitions = log.PartitionsOf(Readings);
        Dictionary<string, string> store = new() { ["STREAMS__STORE__KIND"] = "postgres", ["STREAMS__STORE__CONNECTIONSTRING"] = postgres.CreateDatabase() };
        using StreamsProcess a = StreamsProcess.Node("node-a", broker.BootstrapServers, Path.Combine(_folder, "a"), store);
        using StreamsProcess b = StreamsProcess.Node("node-b", broker.BootstrapServers, Path.Combine(_folder, "b"), store);
        using Observer observer = new(log, "city.anomalies", "city.alerts", "city.aggregates", "city.dead-letters");
        await a.BecomesReadyAsync(TimeSpan.FromSeconds(40));
        await b.BecomesReadyAsync(TimeSpan.FromSeconds(40));
        await Eventually.Is("both nodes have shards of devices", TimeSpan.FromSeconds(30), async () => (await OwnersAsync(a)).Distinct().Count() == 2, () => a.Said + b.Said);

        // Event time ends a little before now, as with live devices.
        long last = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / CityStream.IntervalInMs * CityStream.IntervalInMs;
        CityStream city = new(last - ((long)Rounds * CityStream.IntervalInMs));
        await SendAsync(log, city, a, b);
        Expected = city.Decisions(Rounds, configuration);
        await Eventually.Is("every device has counted its readings", TimeSpan.FromSeconds(30), () => CountAsync(b), () => $"Counted: {string.Join(' ', Counted)}{Environment.NewLine}{b.Said}");
        await Eventually.Is(
            "every decision of a device and every refusal is published",
            TimeSpan.FromSeconds(20),
            () => Task.FromResult(
                Ids(observer.Of("city.anomalies")) >= Expected.Values.Sum(decided => decided.Count) && Ids(observer.Of("city.dead-letters")) >= CityStream.BadIn(Rounds)),
            () => b.Said);
        Minutes = Enumerable.Range(0, CityStream.Devices).ToDictionary(CityStream.IdOf, device => city.MinutesOf(device, Rounds));
        await Eventually.Is(
            "every minute that is over is published for every device",
            TimeSpan.FromSeconds(20),
            () => Task.FromResult(Published.MinutesOf(observer.Of("city.aggregates")).Values.Sum(counts => counts.Values.Sum()) >= Minutes.Values.Sum(counts => counts.Values.Sum())),
            () => b.Said);
        Anomalies = observer.Of("city.anomalies");
        Alerts = observer.Of("city.alerts");
        Aggregates = observer.Of("city.aggregates");
        DeadLetters = observer.Of("city.dead-letters");
        Said = b.Said;
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static int Ids(List<Published> records) => records.Select(record => record.Id).Distinct().Count();

    private async Task SendAsync(KafkaLog log, CityStream city, StreamsProcess a, StreamsProcess b)
    {
        Deliveries deliveries = new();
        using ILogWriter writer = log.CreateWriter("city", lingerInMs: 5);
        using PeriodicTimer timer = new(s_pace);
        for (int round = 0; round < Rounds; round++)
        {
            if (round == KilledAfter)
            {
                string[] owners = await OwnersAsync(b);
                Lost = Enumerable.Range(0, owners.Length).Where(partition => owners[partition] == "node-a").ToHashSet();
                a.Kill();
                KilledAtInMs = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
            }

            city.SendRound(writer, Readings, Partitions, round, deliveries);
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }

        Assert.True(writer.Flush(TimeSpan.FromSeconds(30)));
        Sent = deliveries.Count;
    }

    /// <summary>Whether every device has counted at least what it was sent.</summary>
    private async Task<bool> CountAsync(StreamsProcess node)
    {
        for (int device = 0; device < CityStream.Devices; device++)
        {
            JsonElement? shown = await node.GetAsync($"/api/v1/devices/{CityStream.IdOf(device)}");
            Counted[device] = shown?.GetProperty("counters").GetProperty("readings").GetInt32() ?? 0;
            if (Counted[device] < CityStream.AcceptedOf(device, Rounds))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Owners of the device shards, by partition; empty while unknown.</summary>
    private static async Task<string[]> OwnersAsync(StreamsProcess node) =>
        await node.GetAsync("/api/v1/cluster") is { } cluster
            ? [.. cluster.GetProperty("shards").EnumerateArray()
                .Where(shard => shard.GetProperty("kind").GetString() == "device")
                .OrderBy(shard => shard.GetProperty("partition").GetInt32())
                .Select(shard => shard.GetProperty("owner").GetString() ?? "")]
            : [];

    private sealed class Deliveries : IDelivery
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public void Delivered() => Interlocked.Increment(ref _count);

        public void Failed(string reason, bool fatal) => throw new InvalidOperationException(reason);
    }
}
