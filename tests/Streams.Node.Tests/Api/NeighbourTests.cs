using System.Net;
using System.Text;
using System.Text.Json;
using Streams.Node.Api;
using Streams.Runtime;
using Streams.Runtime.Storage;
using static Streams.Node.Tests.Api.ApiServer;

namespace Streams.Node.Tests.Api;

/// <summary>Two nodes on one store: whichever is asked, the actor's own node answers, or the store stands in and the answer says so.</summary>
public sealed class NeighbourTests : IAsyncDisposable
{
    private const string Device = "dijon-air-1";
    private const string Row = """{"id":"dijon-air-1","type":"air_quality_station","types":["air_quality_station"],"area":"dijon/nord","location":null,"state":"ok","openAnomalies":[]}""";

    private static readonly NodeRow s_other = new("node-2", "p2", "http://node-2:8080/", "0.2.0", NodeState.Working, 4, Now) { SeenAgo = TimeSpan.FromSeconds(2) };

    private readonly ApiServer _other = new();
    private readonly ApiServer _asked;

    public NeighbourTests()
    {
        // Each test server has a store of its own; the asked one's is what both would share.
        _asked = new ApiServer(neighbours: _other.Handler);
        ShardId shard = _asked.Sources.ShardOf("device", Device);
        _asked.Commit(shard, commit => commit.Documents.Add(new Document("devices", Device, "dijon/nord", "air_quality_station", "ok", 0, Encoding.UTF8.GetBytes(Row))));
        _asked.Store.Claim(shard, "node-2", "log", Now);
        _asked.Node.Others.Add(s_other);
        _other.Node.Live[("device", Device)] = Row.Replace("\"ok\"", "\"anomalous\"", StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        await _asked.DisposeAsync();
        await _other.DisposeAsync();
    }

    [Fact]
    public async Task The_actors_own_node_answers_whichever_is_asked()
    {
        JsonElement device = await _asked.GetAsync("/api/v1/devices/" + Device);

        Assert.Equal(("anomalous", true), (device.GetProperty("state").GetString(), device.GetProperty("live").GetBoolean()));
        JsonElement item = Assert.Single((await _asked.GetAsync("/api/v1/devices")).GetProperty("items").EnumerateArray());
        Assert.Equal(("anomalous", true), (item.GetProperty("state").GetString(), item.GetProperty("live").GetBoolean()));
    }

    [Theory]
    [InlineData("it does not answer")]
    [InlineData("it has left")]
    [InlineData("it is lost")]
    [InlineData("it does not run the actor")]
    [InlineData("it answers something else")]
    public async Task The_store_stands_in_where_the_actors_node_does_not_answer_and_the_answer_says_so(string why)
    {
        switch (why)
        {
            case "it does not answer":
                _other.Fails = new HttpRequestException("connection refused");
                break;
            case "it has left":
                _asked.Node.Others[0] = s_other with { State = NodeState.Left };
                break;
            case "it is lost":
                _asked.Node.Others[0] = s_other with { SeenAgo = NodeRow.LostAfter };
                break;
            case "it answers something else":
                _other.Node.DescribeFails = new InvalidOperationException("a surprise");
                break;
            default:
                _other.Node.Live.Clear();
                break;
        }

        JsonElement device = await _asked.GetAsync("/api/v1/devices/" + Device);

        Assert.Equal(("ok", false), (device.GetProperty("state").GetString(), device.GetProperty("live").GetBoolean()));
        Assert.False((await _asked.GetAsync("/api/v1/devices")).GetProperty("items")[0].GetProperty("live").GetBoolean());
    }

    [Fact]
    public async Task A_node_that_did_not_answer_is_left_alone_for_a_moment()
    {
        _other.Fails = new HttpRequestException("connection refused");
        await _asked.GetAsync("/api/v1/devices/" + Device);
        await _asked.GetAsync("/api/v1/devices/" + Device);

        Assert.Equal(1, _other.Asked);
    }

    [Fact]
    public async Task The_cluster_is_told_whole_by_any_node()
    {
        ShardId shard = _asked.Sources.ShardOf("device", Device);
        _other.Store.Claim(shard, "node-2", "log", Now);
        _other.Store.Claim(shard, "node-2", "log", Now);
        _other.Node.Running.Add(new RunningShard(shard, 2, 40, 7) { Position = 45 });

        JsonElement cluster = await _asked.GetAsync("/api/v1/cluster");

        JsonElement told = cluster.GetProperty("shards").EnumerateArray().Single(each => each.GetProperty("owner").GetString() == "node-2");
        Assert.Equal((45, 52, 7), (told.GetProperty("position").GetInt64(), told.GetProperty("endOffset").GetInt64(), told.GetProperty("lag").GetInt64()));
        JsonElement node = cluster.GetProperty("nodes").EnumerateArray().Single(each => each.GetProperty("name").GetString() == "node-2");
        Assert.Equal(("working", 1, "0.2.0", 2.0), (node.GetProperty("state").GetString(), node.GetProperty("shards").GetInt32(), node.GetProperty("version").GetString(), node.GetProperty("seenSecondsAgo").GetDouble()));
        Assert.False(node.TryGetProperty("answers", out _));
    }

    [Fact]
    public async Task A_node_that_does_not_answer_is_said_not_to_and_what_it_alone_knows_is_null()
    {
        _other.Fails = new HttpRequestException("connection refused");

        JsonElement cluster = await _asked.GetAsync("/api/v1/cluster");

        Assert.False(cluster.GetProperty("nodes").EnumerateArray().Single(each => each.GetProperty("name").GetString() == "node-2").GetProperty("answers").GetBoolean());
        Assert.All(cluster.GetProperty("shards").EnumerateArray(), each => Assert.Equal(JsonValueKind.Null, each.GetProperty("lag").ValueKind));
    }

    [Fact]
    public async Task Recent_windows_are_asked_of_the_actors_own_node()
    {
        HistoryRow row = new(3, 1, 60_000, new byte[] { 1, 2, 3 });
        _other.Node.Recent[("device", Device)] = [row];

        IReadOnlyList<HistoryRow> rows = (await _asked.Sources.Neighbours.RecentHistoryAsync("device", Device, _asked.Sources.ShardOf("device", Device), TestContext.Current.CancellationToken))!;

        Assert.Equal((row.ActorIndex, row.Part, row.FromInMs), Assert.Single(rows) is var found ? (found.ActorIndex, found.Part, found.FromInMs) : default);
        Assert.Equal(row.Body.ToArray(), rows[0].Body.ToArray());
    }

    [Fact]
    public async Task An_order_to_drain_reaches_the_node_it_is_for()
    {
        Assert.Equal("draining", (await _asked.PostAsync("/api/v1/cluster/nodes/node-1/drain", "", "", HttpStatusCode.Accepted)).GetProperty("state").GetString());
        Assert.True(_asked.Node.Drained);
        await _asked.PostAsync("/api/v1/cluster/nodes/nobody/drain", "", "", HttpStatusCode.NotFound);

        // The played neighbour calls itself node-1 as well: it has no node-2 to drain, and refuses.
        JsonElement refused = await _asked.PostAsync("/api/v1/cluster/nodes/node-2/drain", "", "", HttpStatusCode.BadGateway);
        Assert.Contains("did not take the order at http://node-2:8080/", refused.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, _other.Asked);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{\"kind\":\"device\"}")]
    [InlineData("{\"kind\":1,\"keys\":[]}")]
    [InlineData("rubbish")]
    public async Task A_question_that_is_none_is_refused(string body) =>
        await _asked.PostAsync("/api/v1/cluster/actors", body, "application/json", HttpStatusCode.BadRequest);
}
