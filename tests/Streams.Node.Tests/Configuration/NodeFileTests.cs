using Streams.Node.Configuration;

namespace Streams.Node.Tests.Configuration;

public sealed class NodeFileTests
{
    [Fact]
    public void Every_key_is_taken_over()
    {
        using ConfigurationFolder folder = new("node.yaml", """
            cluster: dijon
            name: node-1
            kafka:
              bootstrapServers: k1:9092, k2:9092
              sessionTimeout: 10s
              username: streams
              properties: { security.protocol: SASL_SSL }
            store: { kind: postgres, connectionString: Host=db;Database=streams }
            http: { address: "::1", port: 0, maxBody: 2MB, requestTimeout: 5s, maxConnections: 10 }
            limits: { actorMemory: 2GB, workers: 3, openWindowsPerArea: 500, areaGrace: 1m }
            pace: { replayWork: 500ms, maxDirtyAge: PT10S, speakWithin: 0s, maxUnsaid: 8, sweepSize: 100 }
            keep: { deadLetters: 1d, maxDeadLetters: 1_000 }
            telemetry: { otlpEndpoint: "https://collector:4318/otlp", protocol: http, traceShare: 0.01, figuresEvery: 1m }
            """);
        NodeSettings node = folder.Load(("STREAMS__KAFKA__PASSWORD", "p: #w"), ("STREAMS__TELEMETRY__HEADERS", "authorization=Bearer x, tenant=dijon")).Node;
        Assert.Equal("k1:9092, k2:9092", node.Kafka.BootstrapServers);
        Assert.Equal("dijon", node.Kafka.Group);
        Assert.Equal("p: #w", node.Kafka.Properties["sasl.password"]);
        Assert.Equal("SASL_SSL", node.Kafka.Properties["security.protocol"]);
        Assert.Equal(StoreKind.Postgres, node.Store.Kind);
        Assert.Equal(2 << 20, node.Http.MaxBodyInBytes);
        Assert.Equal(2L << 30, node.Limits.ActorMemoryInBytes);
        Assert.Equal(TimeSpan.FromSeconds(10), node.Pace.MaxDirtyAge);
        Assert.Equal(1000, node.Keep.MaxDeadLetters);
        Assert.Equal(
            new TelemetrySettings
            {
                OtlpEndpoint = new Uri("https://collector:4318/otlp"), Protocol = OtlpProtocol.Http, Headers = "authorization=Bearer x, tenant=dijon",
                TraceShare = 0.01, FiguresEvery = TimeSpan.FromMinutes(1),
            },
            node.Telemetry);
    }

    [Fact]
    public void Every_key_of_the_feeds_is_taken_over()
    {
        using ConfigurationFolder folder = new("node.yaml", """
            cluster: dijon
            feeds:
              sender: alerts@dijon.example
              senderName: Ville de Dijon
              baseUrl: https://alerts.example.org/city
              public: false
              maxStreams: 20
              signing: { certificate: a.pem, key: a.key }
              webhooks: { allowPrivate: true, giveUpAfter: 2h, timeout: 5s }
            """);
        ClusterConfiguration read = folder.Load(("STREAMS__FEEDS__SIGNING__PASSWORD", "open"), ("STREAMS__FEEDS__WEBHOOKS__KEY", "0123456789abcdef"));
        Assert.Equal(
            new FeedSettings
            {
                Sender = "alerts@dijon.example", SenderName = "Ville de Dijon", BaseUrl = new Uri("https://alerts.example.org/city"), Public = false, MaxStreams = 20,
                Signing = new SigningSettings { Certificate = "a.pem", Key = "a.key", Password = "open" },
                Webhooks = new WebhookSettings { AllowPrivate = true, GiveUpAfter = TimeSpan.FromHours(2), Timeout = TimeSpan.FromSeconds(5), Key = "0123456789abcdef" },
            },
            read.Node.Feeds);
        Assert.Equal("alerts@dijon.example", read.AlertRules.Settings.Sender);
        using ConfigurationFolder silent = new("node.yaml", "cluster: dijon");
        Assert.Equal(("dijon", null), (silent.Load().AlertRules.Settings.Sender, silent.Load().Node.Feeds.Public));
    }

    [Theory]
    [InlineData("kafka: { bootstrapServers: nowhere }", "node.yaml:1:28: kafka.bootstrapServers is nowhere; allowed: host:port")]
    [InlineData("kafka: { sessionTimeout: 3s }", "node.yaml:1:26: kafka.sessionTimeout is 3s; allowed: a duration from 4s to 5m")]
    [InlineData("kafka: { properties: { group.id: x } }", "node.yaml:1:34: kafka.properties.group.id is set by the node itself")]
    [InlineData("store: { kind: mysql }", "node.yaml:1:16: store.kind is mysql; allowed: one of sqlite, postgres")]
    [InlineData("store: { kind: postgres }", "node.yaml:1:8: store.connectionString is missing for kind postgres")]
    [InlineData("store: { kind: postgres, connectionString: Hst=x }", "node.yaml:1:44: store.connectionString can't be read")]
    [InlineData("http: { port: 65536 }", "node.yaml:1:15: http.port is 65536; allowed: a whole number from 0 to 65535")]
    [InlineData("http: { address: localhost }", "node.yaml:1:18: http.address is localhost; allowed: an IP address")]
    [InlineData("keep: { audit: 30d }", "node.yaml:1:16: keep.audit is 30d; allowed: a duration from 365d")]
    [InlineData("http: { maxBody: 1TB }", "node.yaml:1:18: http.maxBody is 1TB; allowed: a size from 1KB to 64MB")]
    [InlineData("limits: { actorMemory: 2000GB }", "node.yaml:1:24: limits.actorMemory is 2000GB; allowed: a size from 16MB to 1024GB")]
    [InlineData("keep: { deadLetters: 1h }", "node.yaml:1:22: keep.deadLetters is 1h; allowed: a duration from 1d to 3650d")]
    [InlineData("telemetry: { otlpEndpoint: collector:4317 }", "node.yaml:1:28: telemetry.otlpEndpoint is collector:4317; allowed: http:// or https://, host and port")]
    [InlineData("telemetry: { protocol: json }", "node.yaml:1:24: telemetry.protocol is json; allowed: one of grpc, http")]
    [InlineData("telemetry: { traceShare: 2 }", "node.yaml:1:26: telemetry.traceShare is 2; allowed: a number from 0 to 1")]
    [InlineData("telemetry: { figuresEvery: 1ms }", "node.yaml:1:28: telemetry.figuresEvery is 1ms; allowed: a duration from 1s to 10m")]
    [InlineData("telemetry: { headers: secret }", "node.yaml:1:23: telemetry.headers can't be read; allowed: name=value")]
    [InlineData("feeds: { sender: two words }", "node.yaml:1:18: feeds.sender is two words; allowed: a name of at most 200 characters without white space")]
    [InlineData("feeds: { baseUrl: alerts.example.org }", "node.yaml:1:19: feeds.baseUrl is alerts.example.org; allowed: a URL such as https://")]
    [InlineData("feeds: { signing: { key: a.key } }", "node.yaml:1:26: feeds.signing.key is given without a certificate; allowed: certificate: FILE beside it")]
    [InlineData("feeds: { webhooks: { key: short } }", "node.yaml:1:27: feeds.webhooks.key is too short; allowed: 16 characters or more")]
    [InlineData("feeds: { webhooks: { giveUpAfter: 60d } }", "node.yaml:1:35: feeds.webhooks.giveUpAfter is 60d; allowed: a duration from 1m to 20d")]
    [InlineData("pace: 5", "node.yaml:1:7: pace is a single value; allowed: keys and values below it")]
    [InlineData("pase: {}", "node.yaml:1:1: pase is not a key known here (did you mean pace?)")]
    public void A_wrong_setting_is_a_fault(string text, string expected)
    {
        using ConfigurationFolder folder = new("node.yaml", text);
        Assert.StartsWith(expected, folder.Fault(), StringComparison.Ordinal);
    }

    [Fact]
    public void Beyond_this_machine_tokens_are_asked_for_unless_it_is_said_otherwise()
    {
        using ConfigurationFolder asking = new("node.yaml", "http: { address: 0.0.0.0 }");
        using ConfigurationFolder open = new("node.yaml", "http: { address: 0.0.0.0, allowAnonymous: true, trustThisMachine: false }");
        Assert.Equal((false, true), (asking.Load().Node.Http.AllowAnonymous, asking.Load().Node.Http.TrustThisMachine));
        Assert.Equal((true, false), (open.Load().Node.Http.AllowAnonymous, open.Load().Node.Http.TrustThisMachine));
    }

    [Fact]
    public void An_unknown_variable_is_a_fault_and_others_are_not_ours()
    {
        using ConfigurationFolder folder = new();
        Assert.Equal(9000, folder.Load(("STREAMS__HTTP__PORT", "9000"), ("STREAMS_SHARED", "/x"), ("PATH", "/bin")).Node.Http.Port);
        Assert.StartsWith(
            "environment variable STREAMS__KAFKA__BOOTSTRAPSERVER: no configuration key kafka.bootstrapserver (did you mean kafka.bootstrapServers?)",
            Assert.Single(folder.Faults(("STREAMS__KAFKA__BOOTSTRAPSERVER", "x:1"))),
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("topics.yaml", "topics: { readings: { partitions: 0 } }", "topics.yaml:1:35: topics.readings.partitions is 0; allowed: a whole number from 1 to 1000")]
    [InlineData("topics.yaml", "topics: { readings: { compacted: true } }", "topics.yaml:1:34: topics.readings.compacted is true, but every record")]
    [InlineData("topics.yaml", "topics: { reading: { partitions: 1 } }", "topics.yaml:1:11: topics.reading is not a key known here (did you mean readings?)")]
    [InlineData("roles.yaml", "roles: { local: { may: [read] } }", "roles.yaml:1:17: roles.local is a name that Streams keeps for itself")]
    [InlineData("roles.yaml", "roles: { viewer: { may: [] } }", "roles.yaml:1:25: roles.viewer.may is empty")]
    [InlineData("roles.yaml", "roles: { viewer: {} }", "roles.yaml:1:18: roles.viewer.may is missing")]
    public void A_wrong_topic_or_role_is_a_fault(string file, string text, string expected)
    {
        using ConfigurationFolder folder = new(file, text);
        Assert.StartsWith(expected, folder.Fault(), StringComparison.Ordinal);
    }
}
