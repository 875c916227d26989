using System.Collections.Immutable;
using System.Net;
using System.Text.RegularExpressions;
using Npgsql;

namespace Streams.Node.Configuration;

/// <summary><c>node.yaml</c>: see <see cref="NodeSettings"/> for every key, its unit, range and default.</summary>
public static class NodeFile
{
    private static readonly Form<string> Name = Form.Text("^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$", "a name of letters, digits, ., _ and -, of at most 100 characters");

    private static readonly Form<string> Servers = Form.Text(
        @"^[^\s,:]+:[0-9]{1,5}(,\s*[^\s,:]+:[0-9]{1,5})*$", "host:port, several separated by commas");

    private static readonly Form<string> Address = new("an IP address, such as 127.0.0.1 or 0.0.0.0", static (YamlScalar scalar, out string value) =>
    {
        value = scalar.Text;
        return IPAddress.TryParse(value, out _);
    });

    private static readonly Form<Uri?> Collector = new("http:// or https://, host and port, such as http://collector:4317", static (YamlScalar scalar, out Uri? value) =>
        Uri.TryCreate(scalar.Text, UriKind.Absolute, out value) && value.Scheme is "http" or "https" && value is { Query: "", Fragment: "", UserInfo: "" });

    private static readonly Regex Headers = new(@"^[A-Za-z0-9_-]+=[^,=\s][^,]*(,\s*[A-Za-z0-9_-]+=[^,=\s][^,]*)*$", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking);

    private static readonly Form<string> Url = new("a URL such as http://node-1:8080", static (YamlScalar scalar, out string value) =>
    {
        value = scalar.Text;
        return value.Length <= 1_000 && Uri.TryCreate(value, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https" && url is { Host.Length: > 0, PathAndQuery: "/", Fragment: "" };
    });

    private static readonly Form<Uri?> BaseUrl = new("a URL such as https://alerts.example.org/city", static (YamlScalar scalar, out Uri? value) =>
        Uri.TryCreate(scalar.Text, UriKind.Absolute, out value) && scalar.Text.Length <= 1_000 && value.Scheme is "http" or "https" && value is { Host.Length: > 0, Query: "", Fragment: "", UserInfo: "" });

    private static readonly Form<string> Sender = Form.Text(@"^[^\s,<&]{1,200}$", "a name of at most 200 characters without white space, commas, < and &");

    private static readonly Form<TimeSpan> Days = Form.Duration(TimeSpan.FromDays(1));

    /// <summary>Client properties that the node sets itself, because its guarantees rest on them.</summary>
    private static readonly ImmutableHashSet<string> Reserved =
    [
        "bootstrap.servers", "group.id", "client.id", "session.timeout.ms", "enable.auto.commit", "auto.offset.reset", "enable.idempotence", "acks",
        "partition.assignment.strategy", "partitioner", "transactional.id",
    ];

    public static NodeSettings Read(YamlFile file)
    {
        NodeSettings defaults = new();
        YamlSection root = file.Root;
        string cluster = root.Optional("cluster", Name, defaults.Cluster);
        NodeSettings settings = new()
        {
            Cluster = cluster,
            Name = root.Optional("name", Name, defaults.Name),
            Kafka = ReadKafka(root.Section("kafka"), cluster),
            Store = ReadStore(root.Section("store")),
            Http = ReadHttp(root.Section("http")),
            Limits = ReadLimits(root.Section("limits")),
            Pace = ReadPace(root.Section("pace")),
            Keep = ReadKeep(root.Section("keep")),
            Telemetry = ReadTelemetry(root.Section("telemetry")),
            Feeds = ReadFeeds(root.Section("feeds")),
            Cap = CapSettings.Read(root.Section("cap")),
        };
        file.Finish();
        return settings;
    }

    private static KafkaSettings ReadKafka(YamlSection section, string cluster)
    {
        ImmutableSortedDictionary<string, string>.Builder properties = ImmutableSortedDictionary.CreateBuilder<string, string>();
        YamlSection given = section.Section("properties");
        foreach (string key in given.Keys.ToList())
        {
            properties[key] = given.Required(key, Form.Text());
            if (Reserved.Contains(key))
            {
                given.Fault(key, "is set by the node itself", "librdkafka's other properties, such as security.protocol and sasl.mechanism");
            }
        }

        foreach ((string key, string property) in new[] { ("username", "sasl.username"), ("password", "sasl.password") })
        {
            if (section.MaybeText(key) is { } text)
            {
                properties[property] = text;
            }
        }

        KafkaSettings defaults = new();
        return new KafkaSettings
        {
            BootstrapServers = section.MaybeText("bootstrapServers", Servers),
            Group = section.Optional("group", Name, cluster),
            AcceptCluster = section.MaybeText("acceptCluster", Form.Text("^[A-Za-z0-9_.-]{1,200}$", "a Kafka cluster's id, as kafka-cluster.sh cluster-id tells it")),
            SessionTimeout = section.Optional("sessionTimeout", Form.Duration(TimeSpan.FromSeconds(4), TimeSpan.FromMinutes(5)), defaults.SessionTimeout),
            Properties = properties.ToImmutable(),
        };
    }

    private static StoreSettings ReadStore(YamlSection section)
    {
        StoreSettings defaults = new();
        StoreSettings store = new()
        {
            Kind = section.Optional("kind", Form.Choice<StoreKind>(), defaults.Kind),
            Path = section.Optional("path", Form.Text(1_000), defaults.Path),
            ConnectionString = section.MaybeText("connectionString"),
        };
        if (store.Kind == StoreKind.Postgres && store.ConnectionString is null)
        {
            section.Fault("connectionString", "is missing for kind postgres", "Npgsql's form: Host=…;Database=…;Username=…;Password=…");
        }

        try
        {
            _ = new NpgsqlConnectionStringBuilder(store.ConnectionString);
        }
        catch (ArgumentException error)
        {
            // The message names the key at fault, never the value, which may be a password.
            section.Fault("connectionString", $"can't be read ({error.Message})", "Npgsql's form: Host=…;Database=…;Username=…;Password=…");
        }

        return store;
    }

    private static HttpSettings ReadHttp(YamlSection section)
    {
        HttpSettings defaults = new();
        return new HttpSettings
        {
            Address = section.Optional("address", Address, defaults.Address),
            Port = (int)section.Optional("port", Form.Whole(0, 65535), defaults.Port),
            AdvertisedUrl = section.MaybeText("advertisedUrl", Url) is { } url ? new Uri(url) : null,
            AllowAnonymous = section.Optional("allowAnonymous", Form.Flag, defaults.AllowAnonymous),
            TrustThisMachine = section.Optional("trustThisMachine", Form.Flag, defaults.TrustThisMachine),
            MaxBodyInBytes = section.Optional("maxBody", Form.Bytes(1 << 10, 64 << 20), defaults.MaxBodyInBytes),
            RequestTimeout = section.Optional("requestTimeout", Form.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)), defaults.RequestTimeout),
            MaxConnections = (int)section.Optional("maxConnections", Form.Whole(1, 100_000), defaults.MaxConnections),
        };
    }

    private static LimitSettings ReadLimits(YamlSection section)
    {
        LimitSettings defaults = new();
        return new LimitSettings
        {
            ActorMemoryInBytes = section.Optional("actorMemory", Form.Bytes(16L << 20, 1024L << 30), defaults.ActorMemoryInBytes),
            Workers = (int)section.Optional("workers", Form.Whole(0, 1024), defaults.Workers),
            OpenWindowsPerArea = (int)section.Optional("openWindowsPerArea", Form.Whole(100, 1_000_000), defaults.OpenWindowsPerArea),
            AreaGrace = section.Optional("areaGrace", Form.Duration(TimeSpan.Zero, TimeSpan.FromHours(1)), defaults.AreaGrace),
        };
    }

    private static PaceSettings ReadPace(YamlSection section)
    {
        PaceSettings defaults = new();
        return new PaceSettings
        {
            ReplayWork = section.Optional("replayWork", Form.Duration(TimeSpan.FromMilliseconds(10), TimeSpan.FromSeconds(60)), defaults.ReplayWork),
            MaxDirtyAge = section.Optional("maxDirtyAge", Form.Duration(TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10)), defaults.MaxDirtyAge),
            SpeakWithin = section.Optional("speakWithin", Form.Duration(TimeSpan.Zero, TimeSpan.FromSeconds(10)), defaults.SpeakWithin),
            MaxUnsaid = (int)section.Optional("maxUnsaid", Form.Whole(1, 10_000), defaults.MaxUnsaid),
            SweepSize = (int)section.Optional("sweepSize", Form.Whole(1, 10_000), defaults.SweepSize),
        };
    }

    private static TelemetrySettings ReadTelemetry(YamlSection section)
    {
        TelemetrySettings defaults = new();
        string? headers = section.MaybeText("headers");
        if (headers is not null && !Headers.IsMatch(headers))
        {
            // Without its value, which may be a secret.
            section.Fault("headers", "can't be read", "name=value, several separated by commas");
        }

        return new TelemetrySettings
        {
            OtlpEndpoint = section.Optional("otlpEndpoint", Collector, null),
            Protocol = section.Optional("protocol", Form.Choice<OtlpProtocol>(), defaults.Protocol),
            Headers = headers,
            TraceShare = section.Optional("traceShare", Form.Number(0, 1), defaults.TraceShare),
            FiguresEvery = section.Optional("figuresEvery", Form.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)), defaults.FiguresEvery),
        };
    }

    private static FeedSettings ReadFeeds(YamlSection section)
    {
        FeedSettings defaults = new();
        YamlSection signing = section.Section("signing");
        YamlSection webhooks = section.Section("webhooks");
        FeedSettings feeds = new()
        {
            Sender = section.MaybeText("sender", Sender),
            SenderName = section.MaybeText("senderName", Form.Text(200)),
            BaseUrl = section.Optional("baseUrl", BaseUrl, null),
            Public = section.Has("public") ? section.Optional("public", Form.Flag, false) : null,
            MaxStreams = (int)section.Optional("maxStreams", Form.Whole(1, 100_000), defaults.MaxStreams),
            Signing = new SigningSettings
            {
                Certificate = signing.MaybeText("certificate", Form.Text(1_000)),
                Key = signing.MaybeText("key", Form.Text(1_000)),
                Password = signing.MaybeText("password"),
            },
            Webhooks = new WebhookSettings
            {
                AllowPrivate = webhooks.Optional("allowPrivate", Form.Flag, false),
                GiveUpAfter = webhooks.Optional("giveUpAfter", Form.Duration(TimeSpan.FromMinutes(1), TimeSpan.FromDays(20)), defaults.Webhooks.GiveUpAfter),
                Timeout = webhooks.Optional("timeout", Form.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(1)), defaults.Webhooks.Timeout),
                Key = webhooks.MaybeText("key"),
            },
        };
        if (feeds.Signing.Certificate is null && signing.Has("key"))
        {
            signing.Fault("key", "is given without a certificate", "certificate: FILE beside it");
        }

        if (feeds.Webhooks.Key is { Length: < 16 })
        {
            // Without its value: it is a secret.
            webhooks.Fault("key", "is too short", "16 characters or more, such as openssl rand -base64 32 makes");
        }

        return feeds;
    }

    private static HousekeepingSettings ReadKeep(YamlSection section)
    {
        HousekeepingSettings defaults = new();
        YamlSection windows = section.Section("windows");
        return new HousekeepingSettings
        {
            Minutes = windows.Optional("PT1M", Form.Duration(TimeSpan.FromHours(1)), defaults.Minutes),
            Quarters = windows.Optional("PT15M", Days, defaults.Quarters),
            Hours = windows.Optional("PT1H", Days, defaults.Hours),
            Days = windows.Optional("P1D", Form.Duration(TimeSpan.FromDays(1), TimeSpan.FromDays(36_500)), defaults.Days),
            Anomalies = section.Optional("anomalies", Days, defaults.Anomalies),
            Alerts = section.Optional("alerts", Days, defaults.Alerts),
            Incidents = section.Optional("incidents", Days, defaults.Incidents),
            Journal = section.Optional("journal", Days, defaults.Journal),
            DeadLetters = section.Optional("deadLetters", Days, defaults.DeadLetters),
            Audit = section.Optional("audit", Form.Duration(TimeSpan.FromDays(365), TimeSpan.FromDays(36_500)), defaults.Audit),
            MaxDeadLetters = (int)section.Optional("maxDeadLetters", Form.Whole(100, 10_000_000), defaults.MaxDeadLetters),
        };
    }
}
