using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Streams.Domain.Alerts;
using Streams.Domain.Devices;
using Streams.Node.Actors;
using Streams.Node.Api;
using Streams.Node.Configuration;
using Streams.Node.Feeds;
using Streams.Node.Feeds.Live;
using Streams.Node.Feeds.Webhooks;
using Streams.Node.People;
using Streams.Node.Telemetry;
using Streams.Runtime.Actors;
using Streams.Runtime.Hosting;
using Streams.Runtime.Log;
using Streams.Runtime.Log.Kafka;
using Streams.Runtime.Log.Kafka.Embedded;
using Streams.Runtime.Shards;
using Streams.Runtime.Storage;

namespace Streams.Node;

/// <summary>How to start a node.</summary>
/// <param name="Configuration">See <see cref="ClusterConfiguration.Load(string)"/>.</param>
/// <param name="DataFolder">Where SQLite's file lies; created if missing.</param>
/// <param name="Embedded">Bring an own broker. False needs <c>kafka.bootstrapServers</c>.</param>
/// <param name="KafkaPort">Local port of the own broker; 0 takes a free one.</param>
public sealed record NodeStart(ClusterConfiguration Configuration, string DataFolder, bool Embedded, int KafkaPort = 0)
{
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The city simulated in this process, for the API; null for none.</summary>
    public ISimulation? Simulation { get; init; }
}

/// <summary>
/// One running node: log, store, engine and HTTP API, started and stopped in the order that loses nothing. Stopping writes and publishes
/// everything in hand.
/// </summary>
public sealed class NodeHost : IAsyncDisposable
{
    /// <summary>
    /// Requests wait for the store's disk on threads of the pool. Beyond its minimum, one a core, the pool adds one or two a second: two reads that
    /// wait would hold up all others, and the node's health with them.
    /// </summary>
    private const int FewestThreads = 32;

    /// <summary>On SQLite no other node looks; a write a second would keep a disk awake for nobody.</summary>
    private static readonly TimeSpan AloneBeatEvery = TimeSpan.FromSeconds(5);

    private readonly EmbeddedBroker? _broker;
    private readonly KafkaLog _log;
    private readonly IStore _store;
    private readonly Engine _engine;
    private readonly RunningNode _view;
    private readonly WebApplication _http;
    private readonly Housekeeping _housekeeping;
    private readonly NodeMeter _meter = new();
    private readonly NodeTelemetry _telemetry;
    private readonly Neighbours _neighbours;
    private readonly Registrar _registrar;
    private readonly HttpSettings _httpSettings;
    private readonly AlertFeeds _feeds;
    private readonly CapIssuer _issuer;
    private readonly ApiSources _sources;
    private readonly ILogger _feedLogger;
    private CourierOffice? _couriers;

    private NodeHost(NodeStart start, ILoggerFactory loggers)
    {
        NodeSettings settings = start.Configuration.Node;
        TopicSettings topics = start.Configuration.Topics;
        if (start.Embedded)
        {
            _broker = new EmbeddedBroker([.. topics.All], start.KafkaPort, loggers.CreateLogger("Streams.Broker"));
        }

        _log = OpenLog(settings, loggers);
        _log.EnsureTopics(topics.All);
        DataFolder = Path.GetFullPath(start.DataFolder);
        _store = StoreOf(settings, DataFolder);
        CityTopics city = CityTopics.Of(topics, settings.Cluster);
        _feedLogger = loggers.CreateLogger("Streams.Feeds");
        string sender = start.Configuration.AlertRules.Settings.Sender;
        _issuer = new CapIssuer(settings.Feeds.SenderName, SigningCertificate.Find(settings.Feeds, sender, start.Embedded ? DataFolder : null, start.Time.GetUtcNow(), _feedLogger), _feedLogger);
        _feeds = new AlertFeeds(settings.Feeds, settings.Http, settings.Feeds.Public ?? start.Embedded) { Live = new LiveAlerts(_log, city.Alerts, start.Time, _feedLogger) };
        CityResponse response = new(start.Configuration);
        ActorKind[] kinds = KindsOf(start.Configuration, response, _meter, _issuer);
        StoreLayout layout = LayoutOf(settings, kinds, _log.PartitionsOf);
        _engine = new Engine(OptionsOf(settings, city, start.Embedded), _log, _store, kinds, start.Time, loggers);
        _view = new RunningNode(_engine, _log, settings.Cluster, settings.Name, start.Time.GetUtcNow());
        _neighbours = new Neighbours(_view, _store, start.Time);
        _httpSettings = settings.Http;
        _telemetry = new NodeTelemetry(settings.Telemetry, _view.Identity, loggers, _engine.Meter.Meter, _meter.Meter);
        ApiSources sources = _sources = new(_store, _view, layout, start.Configuration, start.Time) { Simulation = start.Simulation, Neighbours = _neighbours, Telemetry = _telemetry, Feeds = _feeds, Response = response };
        _meter.Watch(sources);
        _http = NodeHttp.Create(sources, loggers);
        _registrar = new Registrar(_store, _view, topics[TopicSettings.Audit].Name, city.Source, sources.Tokens, sources.Denials, loggers.CreateLogger("Streams.Audit"));
        sources.Audit.Woken = _registrar.Wake;
        _housekeeping = new Housekeeping(_store, settings.Keep, start.Time, loggers.CreateLogger("Streams.Housekeeping"));
    }

    /// <summary>Where the API listens; known after the start.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1/");

    /// <summary>Where Kafka clients connect.</summary>
    public string BootstrapServers { get; private set; } = "";

    public string DataFolder { get; }

    /// <summary>What the API is told of the node.</summary>
    public INodeView View => _view;

    public IStore Store => _store;

    /// <summary>The log, for a producer in the same process.</summary>
    public ILog Log => _log;

    /// <exception cref="StoreMismatchException">The store is another cluster's, another layout's or a newer version's.</exception>
    /// <exception cref="TopicMismatchException">A topic has another number of partitions than configured.</exception>
    /// <exception cref="LogFailedException">Kafka can not be reached.</exception>
    /// <exception cref="IOException">The HTTP port is taken.</exception>
    public static async Task<NodeHost> StartAsync(NodeStart start, ILoggerFactory loggers)
    {
        ThreadPool.GetMinThreads(out int workers, out int ports);
        ThreadPool.SetMinThreads(Math.Max(workers, FewestThreads), ports);
        NodeHost node = new(start, loggers);
        try
        {
            node._engine.Start();
            node._feeds.Live!.Start();
            await node._http.StartAsync();
            node.Address = new Uri(node._http.Urls.First());
            node._engine.Url = node.Advertised.ToString();
            node._feeds.ListensAt(node.Advertised);
            node._housekeeping.Start();
            node._registrar.Start();
            node.StartCouriers();
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>
    /// Finishes, commits and publishes what is in hand and gives the shards back; until that is done it still answers, not ready, what it is asked. Then it
    /// takes no more requests.
    /// </summary>
    public async ValueTask DisposeAsync()
    {
        await _housekeeping.DisposeAsync();

        if (_couriers is not null)
        {
            await _couriers.DisposeAsync();
        }

        // Streams end by themselves never: whoever listens goes on at another node from here.
        await _feeds.Live!.DisposeAsync();
        await Task.Run(_engine.Leave);
        await _http.StopAsync();
        await _http.DisposeAsync();
        await _registrar.DisposeAsync();
        _neighbours.Dispose();
        _view.Dispose();
        _engine.Dispose();
        _issuer.Dispose();
        _sources.Webhooks.Dispose();
        _telemetry.Dispose();
        _meter.Dispose();
        _store.Dispose();
        _log.Dispose();
        _broker?.Dispose();
    }

    private void StartCouriers()
    {
        WebhookDesk desk = _sources.Webhooks;
        CourierTools tools = new(_store, _feeds.Live!, _feeds.Headings, desk.Book, desk.Sender, _feeds.Settings.Webhooks, _sources.Time, Random.Shared.NextDouble, _feedLogger) { Told = _meter.Brought };
        _couriers = new CourierOffice(tools, desk.Secrets, _view);
        desk.Woken = _couriers.Wake;
        desk.Waiting = () => _couriers.Waiting;
        _couriers.Start();
    }

    /// <summary>Where other nodes reach this one: as configured, or by the machine's name where it listens on all its addresses.</summary>
    private Uri Advertised => _httpSettings.AdvertisedUrl
        ?? new UriBuilder(Address) { Host = IPAddress.TryParse(_httpSettings.Address, out IPAddress? address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any)) ? Environment.MachineName : _httpSettings.Address }.Uri;

    private KafkaLog OpenLog(NodeSettings settings, ILoggerFactory loggers)
    {
        BootstrapServers = _broker?.BootstrapServers ?? settings.Kafka.BootstrapServers
            ?? throw new InvalidOperationException("kafka.bootstrapServers is not set: a node of a cluster needs Kafka's address (node.yaml or STREAMS__KAFKA__BOOTSTRAPSERVERS).");
        KafkaLogOptions options = new()
        {
            BootstrapServers = BootstrapServers,
            ClientId = settings.Name,
            SessionTimeout = settings.Kafka.SessionTimeout,
            Properties = settings.Kafka.Properties,
            Logger = loggers.CreateLogger("Streams.Kafka"),
        };
        return _broker?.OpenLog(options) ?? new KafkaLog(options);
    }

    /// <summary>The configured store, not yet open.</summary>
    internal static IStore StoreOf(NodeSettings settings, string dataFolder)
    {
        if (settings.Store.Kind == StoreKind.Postgres)
        {
            return new PostgresStore(settings.Store.ConnectionString!);
        }

        Directory.CreateDirectory(dataFolder);
        return new SqliteStore(Path.Combine(dataFolder, settings.Store.Path));
    }

    /// <param name="response">Shared with who else asks for it; null for one of their own.</param>
    /// <param name="meter">Counts what they say; null where they only stand for their layout.</param>
    /// <param name="issuer">Makes CAP documents of their alerts; null for none.</param>
    internal static ActorKind[] KindsOf(ClusterConfiguration configuration, CityResponse? response = null, NodeMeter? meter = null, CapIssuer? issuer = null)
    {
        CityTopics city = CityTopics.Of(configuration.Topics, configuration.Node.Cluster);
        response ??= new CityResponse(configuration);
        return
        [
            new DeviceKind(new DeviceCatalog(configuration.DeviceTypes), city, configuration.Register, meter),
            new AreaKind(configuration.AlertRules, city, meter, issuer),
            new IncidentKind(city, response.DispatcherOf, playbook => playbook.IsEveryday ? configuration.Node.Keep.Journal : configuration.Node.Keep.Incidents),
            new DispatcherKind(city, response),
            new ResultKind(city, (area, system) => response.MapOf($"{area}/{system}") is not null),
            new AgencyKind(city, new CapInlet(configuration.Node.Cap, configuration.Areas)),
        ];
    }

    /// <param name="partitionsOf">Of a topic.</param>
    internal static StoreLayout LayoutOf(NodeSettings settings, IEnumerable<ActorKind> kinds, Func<string, int> partitionsOf) =>
        new(settings.Cluster, settings.Name, kinds.ToDictionary(kind => kind.Number, kind => new KindLayout(kind.Name, partitionsOf(kind.Inbox))));

    private static EngineOptions OptionsOf(NodeSettings settings, CityTopics topics, bool embedded)
    {
        EngineOptions defaults = new();
        int workers = settings.Limits.Workers > 0 ? settings.Limits.Workers : defaults.Workers;
        return defaults with
        {
            Cluster = settings.Cluster,
            Node = settings.Name,
            Version = RunningNode.ProgramVersion,

            // An embedded broker is another one at each start, and what it held is known to be gone.
            AcceptLog = embedded ? EngineOptions.AnyLog : settings.Kafka.AcceptCluster,
            BeatEvery = settings.Store.Kind == StoreKind.Postgres ? defaults.BeatEvery : AloneBeatEvery,
            Group = settings.Kafka.Group,
            Workers = workers,
            CommitWriters = settings.Store.Kind == StoreKind.Postgres ? workers : 1,
            MemoryInBytes = settings.Limits.ActorMemoryInBytes,
            Shard = new ShardOptions
            {
                ReplayWork = settings.Pace.ReplayWork,
                MaxDirtyAge = settings.Pace.MaxDirtyAge,
                SpeakWithin = settings.Pace.SpeakWithin,
                MaxUnsaid = settings.Pace.MaxUnsaid,
                SweepSize = settings.Pace.SweepSize,
                DeadLetterTopic = topics.DeadLetters,
                TraceShare = settings.Telemetry.TraceShare,
                EventSource = topics.Source,
            },
        };
    }
}
