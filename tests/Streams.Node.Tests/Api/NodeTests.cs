using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging.Abstractions;
using Streams.Node.Api;
using Streams.Runtime;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;
using static Streams.Node.Tests.Api.ApiServer;

namespace Streams.Node.Tests.Api;

public sealed class NodeTests : IAsyncDisposable
{
    private readonly ApiServer _api = new();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task Health_tells_every_part_and_fails_with_503()
    {
        Assert.Equal("ok", (await _api.GetAsync("/health/ready")).GetProperty("status").GetString());
        _api.Node.Parts[0] = new HealthPart("kafka", false, Fatal: false, "no broker answers; trying on");
        JsonElement ready = await _api.GetAsync("/health/ready", HttpStatusCode.ServiceUnavailable);
        Assert.Equal("failing", ready.GetProperty("status").GetString());
        Assert.Equal("no broker answers; trying on", ready.GetProperty("parts")[0].GetProperty("detail").GetString());
        Assert.Equal("ok", ready.GetProperty("parts")[1].GetProperty("status").GetString());
        await _api.GetAsync("/health/live");
        _api.Node.Parts[1] = new HealthPart("store", false, Fatal: true, "gone for good");
        await _api.GetAsync("/health/live", HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task The_cluster_shows_nodes_and_shards_with_what_is_known_live()
    {
        _api.Store.Claim(new ShardId(1, 0), "node-1", "log", Now);
        _api.Store.Claim(new ShardId(1, 1), "node-2", "log", Now);
        _api.Store.Claim(new ShardId(2, 0), "node-2", "log", Now);
        _api.Node.Running.Add(new RunningShard(new ShardId(1, 0), 1, 42, 7) { Position = 45 });
        JsonElement cluster = await _api.GetAsync("/api/v1/cluster");
        Assert.Equal(["node-1", "node-2"], cluster.GetProperty("nodes").EnumerateArray().Select(node => node.GetProperty("name").GetString()));
        JsonElement[] shards = [.. cluster.GetProperty("shards").EnumerateArray()];
        Assert.Equal("device", shards[0].GetProperty("kind").GetString());
        Assert.Equal(42, shards[0].GetProperty("nextOffset").GetInt64());
        Assert.Equal(7, shards[0].GetProperty("lag").GetInt64());
        Assert.Equal(("city.readings", 45, 52), (shards[0].GetProperty("topic").GetString(), shards[0].GetProperty("position").GetInt64(), shards[0].GetProperty("endOffset").GetInt64()));
        Assert.Equal("city.observations", shards[2].GetProperty("topic").GetString());
        Assert.Equal(JsonValueKind.Null, shards[1].GetProperty("position").ValueKind);
        Assert.Equal("node-2", shards[1].GetProperty("owner").GetString());
        Assert.Equal(JsonValueKind.Null, shards[1].GetProperty("lag").ValueKind);
        Assert.Equal("2026-11-22T10:15:30.000Z", shards[1].GetProperty("claimedAt").GetString());
        Assert.Equal(7, cluster.GetProperty("lag").GetInt64());
    }

    [Theory]
    [InlineData("GET", "/api/v1/nothing", HttpStatusCode.NotFound, "not-found")]
    [InlineData("DELETE", "/api/v1/alerts", HttpStatusCode.MethodNotAllowed, "method-not-allowed")]
    [InlineData("POST", "/health/live", HttpStatusCode.MethodNotAllowed, "method-not-allowed")]
    public async Task What_is_not_there_or_not_possible_is_a_problem(string method, string path, HttpStatusCode status, string kind)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        using HttpResponseMessage response = await _api.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal("urn:streams:problem:" + kind, (await ReadAsync(response, status)).GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_store_that_is_away_is_503_and_a_surprise_is_500_without_its_secrets()
    {
        _api.Node.DescribeFails = new StoreUnavailableException("connection refused");
        Assert.Contains("connection refused", (await _api.GetAsync("/api/v1/devices/x", HttpStatusCode.ServiceUnavailable)).GetProperty("detail").GetString(), StringComparison.Ordinal);
        _api.Node.DescribeFails = new InvalidOperationException("password=secret");
        Assert.DoesNotContain("secret", (await _api.GetAsync("/api/v1/devices/x", HttpStatusCode.InternalServerError)).GetRawText(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Host", "evil.example", "foreign-host")]
    [InlineData("Origin", "http://evil.example", "foreign-origin")]
    [InlineData("Sec-Fetch-Site", "cross-site", "foreign-origin")]
    public async Task A_web_page_does_not_become_the_operator(string header, string value, string kind)
    {
        using HttpRequestMessage request = new(HttpMethod.Post, "/api/v1/dead-letters/x/replay");
        request.Headers.TryAddWithoutValidation(header, value);
        using HttpResponseMessage response = await _api.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal("urn:streams:problem:" + kind, (await ReadAsync(response, HttpStatusCode.Forbidden)).GetProperty("type").GetString());
    }

    [Fact]
    public async Task A_dead_letter_is_listed_shown_and_replayed_byte_for_byte()
    {
        byte[] value = [0x7b, 0xff, 0x00];
        string body = JsonSerializer.Serialize(new
        {
            id = "city.readings-3-17", reason = "malformed_utf8", field = "", detail = "…", time = "2026-11-22T10:15:30.000Z", sizeInBytes = 3, text = "{", topic = "city.readings", partition = 3, offset = 17, key = "d1",
            headers = new { source = "gateway" }, truncated = false, value = Convert.ToBase64String(value),
        });
        _api.Put(new Document("dead-letters", "city.readings-3-17", "", "malformed_utf8", "refused", Now.ToUnixTimeMilliseconds(), Encoding.UTF8.GetBytes(body)));
        Assert.Equal(["city.readings-3-17"], Ids(await _api.GetAsync("/api/v1/dead-letters?reason=malformed_utf8")));
        Assert.Equal("d1", (await _api.GetAsync("/api/v1/dead-letters/city.readings-3-17")).GetProperty("key").GetString());
        await _api.PostAsync("/api/v1/dead-letters/city.readings-3-17/replay", "", "", HttpStatusCode.Accepted);
        PublishedRecord record = Assert.Single(_api.Node.Published);
        Assert.Equal("city.readings", record.Topic);
        Assert.Equal("d1"u8.ToArray(), record.Key.ToArray());
        Assert.Equal(value, record.Value.ToArray());
        Assert.Equal(
            [KeyValuePair.Create("source", "gateway"), KeyValuePair.Create("replayed_dead_letter", "city.readings-3-17")],
            record.Headers);
        await _api.PostAsync("/api/v1/dead-letters/none/replay", "", "", HttpStatusCode.NotFound);
        _api.Node.PublishFails = new LogFailedException("no broker");
        await _api.PostAsync("/api/v1/dead-letters/city.readings-3-17/replay", "", "", HttpStatusCode.ServiceUnavailable);
    }

    [Fact]
    public async Task A_dead_letter_that_was_cut_is_not_replayed()
    {
        _api.Put(new Document("dead-letters", "x", "", "too_large", "refused", 1, """{"truncated":true}"""u8.ToArray()));
        await _api.PostAsync("/api/v1/dead-letters/x/replay", "", "", HttpStatusCode.Conflict);
        Assert.Empty(_api.Node.Published);
    }

    [Fact]
    public async Task Metrics_are_prometheus_text()
    {
        _api.Node.Parts.Add(new HealthPart("odd\"part\n", false));
        _api.Put(Row("alerts", "a", "", "flood", "active", 1), Row("alerts", "b", "", "flood", "cleared", 1), Row("devices", "d", "", "buoy", "silent", 1));
        using HttpResponseMessage response = await _api.Client.GetAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.StartsWith("text/plain; version=0.0.4; charset=utf-8", response.Content.Headers.ContentType?.ToString(), StringComparison.Ordinal);
        string[] lines = (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).Split('\n');
        Assert.Contains("streams_health{part=\"store\"} 1", lines);
        Assert.Contains("streams_health{part=\"odd\\\"part\\n\"} 0", lines);
        Assert.Contains("streams_uptime_seconds{} 3600", lines);
        Assert.Contains("streams_documents{collection=\"alerts\"} 2", lines);
        Assert.Contains("streams_alerts_standing{rule=\"flood\"} 1", lines);
        Assert.Contains("streams_devices{state=\"silent\"} 1", lines);
        Assert.All(lines.Where(line => line.Length > 0), line => Assert.Matches("^(# (HELP|TYPE|EOF)|[a-z_0-9]+\\{[^}]*\\} [0-9.E+-]+$)", line));
    }

    [Fact]
    public async Task The_real_server_listens_on_this_machine_only_and_bounds_what_it_takes()
    {
        await using ApiServer settings = new(http => http with { Port = 0, MaxBodyInBytes = 1024 });
        await using WebApplication server = NodeHttp.Create(settings.Sources, NullLoggerFactory.Instance);
        await server.StartAsync(TestContext.Current.CancellationToken);
        Uri address = new(Assert.Single(server.Urls));
        Assert.Equal("127.0.0.1", address.Host);
        using HttpClient client = new() { BaseAddress = address };
        using HttpResponseMessage live = await client.GetAsync("/health/live", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.False(live.Headers.Contains("Server"));
        using ByteArrayContent tooLong = new(new byte[2000]);
        tooLong.Headers.ContentType = new("application/json");
        using HttpResponseMessage refused = await client.PostAsync("/api/v1/readings", tooLong, TestContext.Current.CancellationToken);
        await ReadAsync(refused, HttpStatusCode.RequestEntityTooLarge);
        await server.StopAsync(TestContext.Current.CancellationToken);
    }
}
