using System.Collections.Immutable;
using Streams.Domain.Devices;

namespace Streams.Node.Configuration;

/// <summary><c>node.yaml</c>: what one node needs to know of the world around it. Immutable; change with <c>with</c>.</summary>
public sealed record NodeSettings
{
    /// <summary>Name of the installation; a store that belongs to another one is refused. Default <c>streams</c>.</summary>
    public string Cluster { get; init; } = "streams";

    /// <summary>Name of this node among the others, shown to operators. Default the machine's name.</summary>
    public string Name { get; init; } = Environment.MachineName;

    public KafkaSettings Kafka { get; init; } = new();

    public StoreSettings Store { get; init; } = new();

    public HttpSettings Http { get; init; } = new();

    public LimitSettings Limits { get; init; } = new();

    public PaceSettings Pace { get; init; } = new();

    public HousekeepingSettings Keep { get; init; } = new();

    public TelemetrySettings Telemetry { get; init; } = new();

    public FeedSettings Feeds { get; init; } = new();

    public CapSettings Cap { get; init; } = new();
}

/// <summary>How to reach Kafka.</summary>
public sealed record KafkaSettings
{
    /// <summary>Host:port, several separated by commas. Null in embedded mode, where the node brings its own broker.</summary>
    public string? BootstrapServers { get; init; }

    /// <summary>Consumer group of the cluster's nodes, and how the names of further ones begin, such as <c>streams-area</c>. Default the cluster's name.</summary>
    public string Group { get; init; } = "streams";

    /// <summary>A node that is silent for so long loses its shards. Default 6 s; 4 s to 5 min. Below 6 s real brokers refuse by default.</summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(6);

    /// <summary>
    /// Id of a Kafka cluster that takes the place of the one the store was read from. Null (default): a node that meets another cluster does not start.
    /// </summary>
    public string? AcceptCluster { get; init; }

    /// <summary>
    /// Further client properties by librdkafka's names, such as <c>security.protocol</c>, <c>sasl.username</c>. Secrets are better given by the
    /// environment: <c>STREAMS__KAFKA__PASSWORD</c> fills <c>sasl.password</c>.
    /// </summary>
    public ImmutableSortedDictionary<string, string> Properties { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
}

public enum StoreKind
{
    Sqlite,
    Postgres,
}

/// <summary>Where state lives.</summary>
public sealed record StoreSettings
{
    /// <summary>SQLite for one node (default), PostgreSQL for several.</summary>
    public StoreKind Kind { get; init; } = StoreKind.Sqlite;

    /// <summary>SQLite's file; relative to the node's data folder. Default <c>streams.db</c>.</summary>
    public string Path { get; init; } = "streams.db";

    /// <summary>PostgreSQL's connection string, as Npgsql reads it. Required for postgres.</summary>
    public string? ConnectionString { get; init; }
}

/// <summary>The node's HTTP side.</summary>
public sealed record HttpSettings
{
    /// <summary>IP address to listen on. Default 127.0.0.1: this machine only.</summary>
    public string Address { get; init; } = "127.0.0.1";

    /// <summary>Default 8080; 0 takes a free one.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>Where the other nodes of the cluster reach this one's API. Null (default): made of <see cref="Address"/>, or the machine's name where that is any address, and the port.</summary>
    public Uri? AdvertisedUrl { get; init; }

    /// <summary>Lets everybody who can reach the address act as an operator, without a token; for where a gateway in front decides who comes in. Default false.</summary>
    public bool AllowAnonymous { get; init; }

    /// <summary>
    /// Takes requests that come from this machine itself, under its own name and not passed on by a proxy that says so, for the operator <c>local</c>. Default true; false where a
    /// proxy on this machine lets others in.
    /// </summary>
    public bool TrustThisMachine { get; init; } = true;

    /// <summary>Default 8 MB; 1 KB to 64 MB. 413 beyond.</summary>
    public long MaxBodyInBytes { get; init; } = 8 << 20;

    /// <summary>A request that takes longer ends with 503. Default 30 s; 1 s to 10 min.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Simultaneous connections, beside those of the event stream (<see cref="FeedSettings.MaxStreams"/>). Default 1,000; 1 to 100,000.</summary>
    public int MaxConnections { get; init; } = 1_000;
}

/// <summary>Bounds that keep a node alive under any load.</summary>
public sealed record LimitSettings
{
    /// <summary>Memory for actors over all shards of this node; beyond it those unused longest leave memory. Default 1 GB; 16 MB to 1,024 GB.</summary>
    public long ActorMemoryInBytes { get; init; } = 1L << 30;

    /// <summary>Threads that run shards. Default 0: one a core; at most 1,024.</summary>
    public int Workers { get; init; }

    /// <summary>Windows an area keeps open at once; the oldest close early beyond it. Default 20,000; 100 to 1,000,000.</summary>
    public int OpenWindowsPerArea { get; init; } = 20_000;

    /// <summary>How long an area waits, once a window has something, for members that lag behind. Default 30 s; 0 to 1 h.</summary>
    public TimeSpan AreaGrace { get; init; } = TimeSpan.FromSeconds(30);
}

/// <summary>How commits are paced.</summary>
public sealed record PaceSettings
{
    /// <summary>What a crash may make a new owner do again, as the time that takes. Default 1 s; 10 ms to 60 s.</summary>
    public TimeSpan ReplayWork { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>An actor with unwritten changes is written at the latest after this. Default 30 s; 100 ms to 10 min.</summary>
    public TimeSpan MaxDirtyAge { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>While the node has time to spare, an actor with something to say is written after this. Default 50 ms; 0 to 10 s.</summary>
    public TimeSpan SpeakWithin { get; init; } = TimeSpan.FromMilliseconds(50);

    /// <summary>An actor with this many unsaid things is written whatever the pace. Default 64; 1 to 10,000.</summary>
    public int MaxUnsaid { get; init; } = 64;

    /// <summary>Actors written in one commit. Default 256; 1 to 10,000.</summary>
    public int SweepSize { get; init; } = 256;
}

public enum OtlpProtocol
{
    Grpc,
    Http,
}

/// <summary>Where figures and traces go beside <c>/metrics</c>.</summary>
public sealed record TelemetrySettings
{
    /// <summary>An OpenTelemetry collector, such as <c>http://collector:4317</c>. Null, the default, sends nothing and records no trace.</summary>
    public Uri? OtlpEndpoint { get; init; }

    /// <summary>gRPC, or HTTP with protobuf, for which <c>/v1/traces</c> and <c>/v1/metrics</c> follow the endpoint. Default gRPC.</summary>
    public OtlpProtocol Protocol { get; init; } = OtlpProtocol.Grpc;

    /// <summary>Sent with each request: <c>name=value</c>, several separated by commas. Where they hold a secret: <c>STREAMS__TELEMETRY__HEADERS</c>.</summary>
    public string? Headers { get; init; }

    /// <summary>Share of the readings that a trace is begun for, 0 to 1; one that comes with a sampled <c>traceparent</c> is traced anyhow. Default 0.</summary>
    public double TraceShare { get; init; }

    /// <summary>How often figures are sent. Default 15 s; 1 s to 10 min.</summary>
    public TimeSpan FiguresEvery { get; init; } = TimeSpan.FromSeconds(15);
}

/// <summary>
/// How long the store keeps what is past, counted from when it was written: for a live city that is when it happened, and a recording of years ago
/// that is played in can be looked at for as long.
/// </summary>
public sealed record HousekeepingSettings
{
    /// <summary>Closed windows of a minute. Default 1 day; 1 hour to 3,650 days.</summary>
    public TimeSpan Minutes { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Closed windows of fifteen minutes. Default 14 days; 1 to 3,650.</summary>
    public TimeSpan Quarters { get; init; } = TimeSpan.FromDays(14);

    /// <summary>Closed windows of an hour. Default 365 days; 1 to 3,650.</summary>
    public TimeSpan Hours { get; init; } = TimeSpan.FromDays(365);

    /// <summary>Closed windows of a day. Default 3,650 days; 1 to 36,500.</summary>
    public TimeSpan Days { get; init; } = TimeSpan.FromDays(3_650);

    /// <summary>Anomalies that were cleared, from then on; others stay. Default 90 days; 1 to 3,650.</summary>
    public TimeSpan Anomalies { get; init; } = TimeSpan.FromDays(90);

    /// <summary>Alerts that were cleared, have expired or were cancelled, from then on; others stay. Default 365 days; 1 to 3,650.</summary>
    public TimeSpan Alerts { get; init; } = TimeSpan.FromDays(365);

    /// <summary>Incidents that were closed, from then on; others stay. Default 3,650 days; 1 to 3,650.</summary>
    public TimeSpan Incidents { get; init; } = TimeSpan.FromDays(3_650);

    /// <summary>What devices and areas decided. Default 30 days; 1 to 3,650.</summary>
    public TimeSpan Journal { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Refused input. Default 30 days; 1 to 3,650.</summary>
    public TimeSpan DeadLetters { get; init; } = TimeSpan.FromDays(30);

    /// <summary>Refused inputs kept at most; the oldest go first. Default 100,000; 100 to 10,000,000.</summary>
    public int MaxDeadLetters { get; init; } = 100_000;

    /// <summary>Who did what. Default 730 days; 365 to 36,500.</summary>
    public TimeSpan Audit { get; init; } = TimeSpan.FromDays(730);

    /// <summary>How long rows of this part are kept; null for good.</summary>
    public TimeSpan? Of(HistoryPart part) => part switch
    {
        HistoryPart.Minutes => Minutes,
        HistoryPart.Quarters => Quarters,
        HistoryPart.Hours => Hours,
        HistoryPart.Days => Days,
        HistoryPart.Mixed => new[] { Minutes, Quarters, Hours, Days }.Max(),
        _ => null,
    };
}
