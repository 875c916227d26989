using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Streams.Node.Api;
using Streams.Node.Telemetry;
using Streams.Node.Tests.Api.Description;
using Streams.Node.Configuration;
using Streams.Node.Feeds;
using Streams.Node.Feeds.Live;
using Streams.Node.People;
using Streams.Node.Tests.Configuration;
using Streams.Runtime;
using Streams.Runtime.Storage;

namespace Streams.Node.Tests.Api;

/// <summary>The API on a store in memory and a node that the test plays.</summary>
internal sealed class ApiServer : IAsyncDisposable, IDisposable
{
    public static readonly DateTimeOffset Now = new(2026, 11, 22, 10, 15, 30, TimeSpan.Zero);

    public static readonly StoreLayout Layout = new("test", "node-1", new Dictionary<byte, KindLayout>
    {
        [1] = new("device", 4),
        [2] = new("area", 2),
    });

    private readonly WebApplication _app;
    private readonly bool _ownsStore;
    private readonly NodeMeter _meter = new();
    private readonly NodeTelemetry _telemetry;
    private readonly Dictionary<ShardId, (long Epoch, long Commits)> _claims = [];

    /// <param name="neighbours">Reaches the other nodes.</param>
    /// <param name="store">Another server's, for two nodes on one store.</param>
    /// <param name="time">Null: it is always now.</param>
    public ApiServer(Func<HttpSettings, HttpSettings>? http = null, HttpMessageHandler? neighbours = null, SqliteStore? store = null, TimeProvider? time = null, Func<FeedSettings, FeedSettings>? feeds = null, LiveAlerts? live = null, ISimulation? simulation = null)
    {
        _ownsStore = store is null;
        Store = store ?? SqliteStore.InMemory();
        Store.Open(Layout);
        ClusterConfiguration shipped = ConfigurationFolder.AsShipped;
        Sources = new ApiSources(Store, Node, Layout, shipped with { Node = shipped.Node with { Http = http?.Invoke(shipped.Node.Http) ?? shipped.Node.Http, Feeds = feeds?.Invoke(shipped.Node.Feeds) ?? shipped.Node.Feeds } }, time ?? new FixedTime(Now))
        {
            Telemetry = _telemetry = new NodeTelemetry(new TelemetrySettings(), Node.Identity, NullLoggerFactory.Instance, _meter.Meter),
            Simulation = simulation,
        };
        if (live is not null)
        {
            Sources = Sources with { Feeds = new AlertFeeds(Sources.Configuration.Node.Feeds, Sources.Configuration.Node.Http, Sources.Configuration.Node.Feeds.Public ?? false) { Live = live } };
        }

        if (neighbours is not null)
        {
            Sources = Sources with { Neighbours = new Neighbours(Node, Store, TimeProvider.System, neighbours) };
        }

        _meter.Watch(Sources);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseTestServer();
        builder.Services.AddLogging();
        builder.Services.AddStreamsApi(Sources);
        _app = builder.Build();
        _telemetry.Serve(_app);
        _app.Use((context, next) =>
        {
            // A test server has no connection.
            context.Connection.RemoteIpAddress = Remote;
            return next(context);
        });
        _app.UseStreamsApi();
        _app.MapStreamsApi();
        _app.Start();
        Description = new Lazy<DescribedApi>(() => new DescribedApi(_app.GetTestClient().GetByteArrayAsync("/openapi/v1.json").GetAwaiter().GetResult()));
        Client = new HttpClient(new DescribedAnswers(() => Description.Value, _app.GetTestServer().CreateHandler())) { BaseAddress = _app.GetTestServer().BaseAddress };
    }

    public SqliteStore Store { get; }

    public PlayedNode Node { get; } = new();

    /// <summary>Where requests come from; from this machine itself, unless a test says otherwise.</summary>
    public IPAddress Remote { get; set; } = IPAddress.Loopback;

    /// <summary>Reaches this server as another node does.</summary>
    public HttpMessageHandler Handler => new AskingHandler(this);

    /// <summary>Another node's questions end in this.</summary>
    public Exception? Fails { get; set; }

    /// <summary>Other nodes come with this one's secret, whatever theirs is.</summary>
    public bool Accepts { get; set; } = true;

    /// <summary>Questions of other nodes.</summary>
    public int Asked { get; private set; }

    public ApiSources Sources { get; }

    /// <summary>Holds every answer against the API's description.</summary>
    public HttpClient Client { get; }

    /// <summary>For answers that do not end.</summary>
    public HttpClient Streaming => new(_app.GetTestServer().CreateHandler()) { BaseAddress = _app.GetTestServer().BaseAddress };

    public Lazy<DescribedApi> Description { get; }

    public IReadOnlyList<Endpoint> Endpoints => [.. ((IEndpointRouteBuilder)_app).DataSources.SelectMany(source => source.Endpoints)];

    public void Put(params Document[] documents) => Commit(new ShardId(1, 0), commit => commit.Documents.AddRange(documents));

    public void Commit(ShardId shard, Action<ShardCommit> fill)
    {
        (long epoch, long commits) = _claims.TryGetValue(shard, out (long, long) claimed) ? claimed : (Store.Claim(shard, "node-1", "log-1", Now).Epoch, 0);
        _claims[shard] = (epoch, commits + 1);
        ShardCommit commit = new() { Shard = shard, Epoch = epoch, Number = commits + 1, NextOffset = 0, LastNumbers = [0, 0], PublishedThrough = [0, 0] };
        fill(commit);
        Assert.Equal(CommitResult.Written, Assert.Single(Store.Commit([commit])));
    }

    public async Task<JsonElement> GetAsync(string path, HttpStatusCode status = HttpStatusCode.OK)
    {
        using HttpResponseMessage response = await Client.GetAsync(path, TestContext.Current.CancellationToken);
        return await ReadAsync(response, status);
    }

    public async Task<JsonElement> PostAsync(string path, string body, string contentType, HttpStatusCode status)
    {
        using StringContent content = new(body, Encoding.UTF8);
        content.Headers.ContentType = contentType.Length == 0 ? null : System.Net.Http.Headers.MediaTypeHeaderValue.Parse(contentType);
        using HttpResponseMessage response = await Client.PostAsync(path, content, TestContext.Current.CancellationToken);
        return await ReadAsync(response, status);
    }

    public static async Task<JsonElement> ReadAsync(HttpResponseMessage response, HttpStatusCode status)
    {
        string body = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(status == response.StatusCode, $"{(int)response.StatusCode}: {body}");
        JsonElement json = JsonDocument.Parse(body).RootElement;
        if ((int)status >= 400 && json.TryGetProperty("type", out JsonElement type))
        {
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            Assert.StartsWith("urn:streams:problem:", type.GetString(), StringComparison.Ordinal);
            Assert.Equal((int)status, json.GetProperty("status").GetInt32());
            Assert.NotEmpty(json.GetProperty("detail").GetString()!);
        }
        else
        {
            Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        }

        return json;
    }

    /// <summary>A row whose body is no more than is needed to tell it from others.</summary>
    public static Document Row(string collection, string id, string scope, string category, string state, long atInMs) =>
        new(collection, id, scope, category, state, atInMs, Encoding.UTF8.GetBytes($$"""{"id":"{{id}}","stub":true}"""));

    public static string[] Ids(JsonElement page) => [.. page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("id").GetString()!)];

    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _telemetry.Dispose();
        _meter.Dispose();
        if (_ownsStore)
        {
            Store.Dispose();
        }
    }

    private sealed class AskingHandler(ApiServer server) : DelegatingHandler(server._app.GetTestServer().CreateHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            server.Asked++;

            // Test servers have a store each, where nodes would share one, and its secret with it.
            if (server.Accepts)
            {
                request.Headers.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", Doorkeeper.Credential(server.Store.NodeSecret));
            }

            // Its own machine's name, as a node that serves that only wants to be called.
            request.RequestUri = new UriBuilder(request.RequestUri!) { Host = "localhost", Port = 80 }.Uri;
            return server.Fails is { } failure ? Task.FromException<HttpResponseMessage>(failure) : base.SendAsync(request, cancellationToken);
        }
    }

    /// <summary>It is always now, and whoever waits has waited.</summary>
    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime == Timeout.InfiniteTimeSpan ? dueTime : TimeSpan.Zero, period);
    }
}

/// <summary>A node as the test wants it.</summary>
internal sealed class PlayedNode : INodeView
{
    public NodeIdentity Identity { get; } = new("test", "node-1", "0.1.0", ApiServer.Now.AddHours(-1));

    public List<HealthPart> Parts { get; } = [new("kafka", true), new("store", true)];

    public List<RunningShard> Running { get; } = [];

    public NodeFigures Counted { get; set; } = new();

    public Dictionary<(string Kind, string Key), string> Live { get; } = [];

    public Dictionary<(string Kind, string Key), IReadOnlyList<HistoryRow>> Recent { get; } = [];

    public List<PublishedRecord> Published { get; } = [];

    public Exception? PublishFails { get; set; }

    /// <summary>What becomes of a record that was published.</summary>
    public Action<PublishedRecord>? Obeys { get; set; }

    /// <summary>Publishing takes until the request is given up.</summary>
    public bool PublishHangs { get; set; }

    public Exception? DescribeFails { get; set; }

    public IReadOnlyList<HealthPart> Health() => Parts;

    public IReadOnlyList<RunningShard> Shards() => Running;

    public NodeFigures Figures() => Counted;

    public List<NodeRow> Others { get; } = [];

    public bool? Drained { get; private set; }

    public IReadOnlyList<NodeRow> Nodes() => [new NodeRow(Identity.Node, "p", "http://127.0.0.1:1/", Identity.Version, NodeState.Working, 4, Identity.StartedAt), .. Others];

    public void Drain(bool drain) => Drained = drain;

    public Task<ReadOnlyMemory<byte>?> DescribeAsync(string kind, string key, CancellationToken stop) =>
        DescribeFails is { } error
            ? Task.FromException<ReadOnlyMemory<byte>?>(error)
            : Task.FromResult(Live.TryGetValue((kind, key), out string? json) ? Encoding.UTF8.GetBytes(json) : (ReadOnlyMemory<byte>?)null);

    public Task<IReadOnlyList<HistoryRow>?> RecentHistoryAsync(string kind, string key, CancellationToken stop, bool hereOnly = false) =>
        Task.FromResult(Recent.TryGetValue((kind, key), out IReadOnlyList<HistoryRow>? rows) ? rows : null);

    public Task PublishAsync(IReadOnlyList<PublishedRecord> records, CancellationToken stop)
    {
        if (PublishHangs)
        {
            return Task.Delay(Timeout.InfiniteTimeSpan, stop);
        }

        if (PublishFails is { } error)
        {
            return Task.FromException(error);
        }

        Published.AddRange(records);
        records.ToList().ForEach(record => Obeys?.Invoke(record));
        return Task.CompletedTask;
    }
}
