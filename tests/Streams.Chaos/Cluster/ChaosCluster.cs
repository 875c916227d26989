using System.Globalization;
using System.Net;
using Npgsql;
using Streams.Chaos.Checks;
using Streams.Chaos.Load;
using Streams.Chaos.Truth;
using Streams.Node;
using Streams.Node.Actors;
using Streams.Node.Configuration;
using Streams.Runtime;
using Streams.Runtime.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Log.Kafka.Embedded;
using Streams.Runtime.Storage;
using Streams.Tests;

namespace Streams.Chaos.Cluster;

/// <summary>A broker, a PostgreSQL behind a proxy, and nodes as processes, with everything that watches them.</summary>
internal sealed class ChaosCluster : IDisposable
{
    /// <summary>Their hashes give each of three nodes one, so that whichever dies is a courier.</summary>
    private static readonly string[] s_webhooks = ["receiver-1", "receiver-2", "receiver-7"];

    private readonly KafkaLog _log;
    private readonly NpgsqlDataSource _admin;
    private readonly StoreNotes _notes;
    private readonly LogWitness _witness;
    private readonly IGroupGauge _gauge;
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;

    /// <exception cref="InvalidOperationException">PostgreSQL is not installed here.</exception>
    public ChaosCluster(ChaosOptions options, string folder, Violations violations)
    {
        Violations = violations;
        Configuration = TestConfiguration.Load();
        Topics = CityTopics.Of(Configuration.Topics, Configuration.Node.Cluster);
        int diskInMb = 500 + (int)(60 * options.Length.TotalMinutes);
        Postgres = PostgresServer.StartFragile(Path.Combine(folder, "postgres.log"), diskInMb)
            ?? throw new InvalidOperationException("PostgreSQL is not installed here (looked for initdb on the PATH and in /usr/lib/postgresql/*/bin).");
        Broker = new EmbeddedBroker([.. Configuration.Topics.All]);
        _log = Broker.OpenLog(new KafkaLogOptions { BootstrapServers = "", SessionTimeout = TimeSpan.FromSeconds(6) });
        _gauge = _log.CreateGauge(Configuration.Node.Kafka.Group);
        Proxy = new CuttingProxy(Postgres.Port);
        string database = Postgres.CreateDatabase();
        _admin = NpgsqlDataSource.Create(database + ";Application Name=chaos;Timeout=2;Command Timeout=20");
        Kinds = NodeHost.KindsOf(Configuration).ToDictionary(kind => kind.Number);
        PrepareStore(database);
        Publications = new Publications(Kinds, violations);
        Ownership = new Ownership(Publications, violations);
        Model = new CityModel((DeviceKind)Kinds[1], Partitions(Topics.Readings), Load.TestCity.IsBeacon);
        Facts = new PublishedFacts(Model, Publications, Topics, Configuration.Topics[TopicSettings.Audit].Name, violations);
        _notes = new StoreNotes(_admin, Ownership);
        _notes.Install();
        City = new ObedientCity(_log, Topics.CommandResults, new Random(options.Seed));
        Facts.Commanded = command => City.Take(command.Span);
        City.Start();
        Receivers = [.. s_webhooks.Select((name, number) => new AlertReceiver(name, new Random(options.Seed + number)))];
        _witness = new LogWitness(_log, Facts, [.. Configuration.Topics.All.Select(topic => topic.Name)]);
        NpgsqlConnectionStringBuilder through = new(database) { Port = Proxy.Port };
        Nodes = [.. Enumerable.Range(0, options.Nodes).Select(i => new ClusterNode(
            $"node-{(char)('a' + i)}", Broker.BootstrapServers, life => $"{through.ConnectionString};Application Name={life}", folder))];
        _watching = Task.Run(WatchAsync);
    }

    public ClusterConfiguration Configuration { get; }

    public CityTopics Topics { get; }

    public IReadOnlyDictionary<byte, ActorKind> Kinds { get; }

    public EmbeddedBroker Broker { get; }

    public ILog Log => _log;

    public PostgresServer Postgres { get; }

    public CuttingProxy Proxy { get; }

    public IReadOnlyList<ClusterNode> Nodes { get; }

    public Violations Violations { get; }

    public Publications Publications { get; }

    public Ownership Ownership { get; }

    public CityModel Model { get; }

    public PublishedFacts Facts { get; }

    public LogWitness Witness => _witness;

    /// <summary>The city's systems.</summary>
    public ObedientCity City { get; }

    /// <summary>Where webhooks bring alerts.</summary>
    public IReadOnlyList<AlertReceiver> Receivers { get; }

    /// <summary>Who follows the event stream; there once <see cref="BeginFeedsAsync"/> is done.</summary>
    public AlertListener? Listener { get; private set; }

    /// <summary>Rows of the outbox at most, as far as was looked.</summary>
    public long MostOutboxRows { get; private set; }

    public long MostWalInBytes { get; private set; }

    /// <summary>Why watching ended; null while it goes on.</summary>
    public Exception? WatchFailure { get; private set; }

    public int Partitions(string topic) => _log.PartitionsOf(topic);

    /// <summary>From now on every alert is to reach the receivers, and whoever follows the stream. Nodes are ready.</summary>
    public async Task BeginFeedsAsync(Random random, Action<string> tell)
    {
        foreach (AlertReceiver receiver in Receivers)
        {
            Uri url = await receiver.StartAsync();
            HttpStatusCode made = await Nodes[^1].PostAsync("/api/v1/webhooks", $$"""{"name":"{{receiver.Name}}","url":"{{url}}","secret":"{{receiver.Secret}}","restricted":true}""");
            if (made != HttpStatusCode.Created)
            {
                throw new InvalidOperationException($"The webhook {receiver.Name} could not be made: {made}.");
            }
        }

        Listener = new AlertListener(Nodes, random, tell);
        await Listener.BegunAsync(TimeSpan.FromSeconds(30));
    }

    /// <summary>Shards, and how far the log of each goes now, as the broker says once it answers.</summary>
    /// <exception cref="LogFailedException">It does not, for a minute.</exception>
    public async Task<Dictionary<ShardId, long>> EndsAsync()
    {
        (ShardId Shard, InboxPartition Inbox)[] inboxes =
        [
            .. Kinds.Values.SelectMany(kind => Enumerable.Range(0, Partitions(kind.Inbox)).Select(partition => (new ShardId(kind.Number, partition), new InboxPartition(kind.Inbox, partition)))),
        ];
        IReadOnlyList<GroupPosition>? positions = null;
        await Eventually.Is("the broker answers", TimeSpan.FromSeconds(60), () => Task.Run(() =>
        {
            try
            {
                lock (_gauge)
                {
                    positions = _gauge.Measure([.. inboxes.Select(each => each.Inbox)]);
                }
            }
            catch (LogFailedException)
            {
                // Asked again.
            }

            return positions is not null;
        }));
        return inboxes.Zip(positions!).ToDictionary(each => each.First.Shard, each => each.Second.End);
    }

    /// <summary>Whether each shard is run by a node that has applied everything up to these ends.</summary>
    public async Task<bool> HaveAppliedAsync(Dictionary<ShardId, long> ends) => (await BehindAsync(ends)).Count == 0;

    /// <summary>Shards that no node runs or whose node has not applied everything up to these ends, in words.</summary>
    public async Task<IReadOnlyList<string>> BehindAsync(Dictionary<ShardId, long> ends)
    {
        Dictionary<ShardId, long>?[] positions = await Task.WhenAll(Nodes.Select(node => node.PositionsAsync()));
        List<string> behind = [];
        foreach ((ShardId shard, long end) in ends)
        {
            (ClusterNode Node, long Position)[] runners = [.. Nodes.Zip(positions).Where(each => each.Second?.ContainsKey(shard) is true).Select(each => (each.First, each.Second![shard]))];
            if (!runners.Any(each => each.Position >= end))
            {
                behind.Add($"{shard} to {end}: {(runners.Length == 0 ? "run by none" : string.Join(" and ", runners.Select(each => $"{each.Node.Name} is at {each.Position}")))}");
            }
        }

        if (behind.Count > 0)
        {
            behind.AddRange(Nodes.Zip(positions).Where(each => each.Second is null).Select(each => $"{each.First.Name} does not answer"));
        }

        return behind;
    }

    /// <summary>Everything in the log is applied and stored, and everything stored is published.</summary>
    public async Task<bool> IsQuietAsync()
    {
        Dictionary<ShardId, long> ends = await EndsAsync();
        return ends.All(end => Ownership.NextOf(end.Key.Number) >= end.Value) && Publications.IsComplete && OutboxRows() == 0 && await HaveAppliedAsync(ends);
    }

    /// <summary>What is still to come, in words.</summary>
    public async Task<string> UnquietAsync()
    {
        Dictionary<ShardId, long> ends = await EndsAsync();
        string unstored = string.Join(", ", ends.Where(end => Ownership.NextOf(end.Key.Number) < end.Value).Select(end =>
            $"{end.Key} to {Ownership.NextOf(end.Key.Number)} of {end.Value}, last {_witness.LastOf(Kinds[end.Key.Kind].Inbox, end.Key.Partition)}"));
        return $"not stored: {unstored}; not applied: {string.Join(", ", await BehindAsync(ends))}; outbox rows: {OutboxRows()}; not published: {string.Join(", ", Publications.Unpublished())}";
    }

    /// <summary>-1 while the database is away.</summary>
    public long OutboxRows() => TryAsk("SELECT count(*) FROM outbox") ?? -1;

    public long? TryAsk(string sql)
    {
        try
        {
            using NpgsqlCommand command = _admin.CreateCommand(sql);
            return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
        }
        catch (NpgsqlException)
        {
            return null;
        }
    }

    public void Query(string sql, Action<NpgsqlDataReader> see)
    {
        using NpgsqlCommand command = _admin.CreateCommand(sql);
        using NpgsqlDataReader rows = command.ExecuteReader();
        while (rows.Read())
        {
            see(rows);
        }
    }

    public NpgsqlConnection Connect() => _admin.OpenConnection();

    public void Dispose()
    {
        _stop.Cancel();
        _watching.Wait();
        Listener?.DisposeAsync().AsTask().Wait();
        foreach (ClusterNode node in Nodes)
        {
            node.Dispose();
        }

        _witness.Dispose();
        Task.WaitAll([.. Receivers.Select(receiver => receiver.DisposeAsync().AsTask())]);
        City.Dispose();
        Publications.Dispose();
        Proxy.Dispose();
        _admin.Dispose();
        Postgres.Dispose();
        _gauge.Dispose();
        _log.Dispose();
        Broker.Dispose();
        _stop.Dispose();
    }

    /// <summary>Makes the tables, as the first node would, so that what is to be noted is noted from the first claim on.</summary>
    private void PrepareStore(string database)
    {
        using PostgresStore store = new(database);
        store.Open(new StoreLayout(
            Configuration.Node.Cluster, "chaos", Kinds.ToDictionary(kind => kind.Key, kind => new KindLayout(kind.Value.Name, Partitions(kind.Value.Inbox)))));
    }

    private async Task WatchAsync()
    {
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(200));
        for (int i = 0; !_stop.IsCancellationRequested; i++)
        {
            try
            {
                await timer.WaitForNextTickAsync(_stop.Token);
                _notes.Read();
                if (i % 5 == 0)
                {
                    MostOutboxRows = Math.Max(MostOutboxRows, OutboxRows());
                    MostWalInBytes = Math.Max(MostWalInBytes, TryAsk("SELECT coalesce(sum(size), 0) FROM pg_ls_waldir()") ?? 0);
                    foreach (ClusterNode node in Nodes.Where(node => !node.IsTaken))
                    {
                        node.Look();
                    }
                }
            }
            catch (NpgsqlException)
            {
                // The database is away at times.
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception e)
            {
                WatchFailure = e;
                return;
            }
        }
    }
}
