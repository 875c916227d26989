using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Streams.Node.People;
using Streams.Runtime.Audit;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;
using static Streams.Node.Tests.Api.ApiServer;

namespace Streams.Node.Tests.Api;

/// <summary>What is done for somebody is noted first, refusals are noted within bounds, and all of it reaches the topic.</summary>
public sealed class AuditTests : IAsyncDisposable
{
    private const string Registration = """{"type":"air_quality_station","area":"dijon/nord"}""";

    private readonly SetTime _time = new(Now);
    private readonly ApiServer _api;

    public AuditTests()
    {
        _api = new ApiServer(time: _time);
        _api.Node.Obeys = record => _notedWhenPublished.Add(Entries().Length);
    }

    private readonly List<int> _notedWhenPublished = [];

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    private JsonElement[] Entries() => [.. _api.Store.ReadAudit(new AuditQuery(OldestFirst: true, Limit: 1_000)).Select(entry => JsonDocument.Parse(entry.Body).RootElement)];

    private static (string?, string?, string?) Told(JsonElement entry) => (entry.GetProperty("action").GetString(), entry.GetProperty("subject").GetString(), entry.GetProperty("outcome").GetString());

    private async Task<HttpStatusCode> SendAsync(string method, string path, string? body = null)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage answer = await _api.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    [Fact]
    public async Task What_is_done_is_noted_before_it_is_done_with_who_from_where_and_what()
    {
        await SendAsync("PUT", "/api/v1/devices/d-1", Registration);

        JsonElement entry = Assert.Single(Entries());
        Assert.Equal(("device.put", "device:d-1", "done"), Told(entry));
        Assert.Equal(
            """{"address":"127.0.0.1","name":"local","roles":["local"],"source":"machine"}""", entry.GetProperty("actor").GetRawText());
        Assert.Equal("""{"area":"dijon/nord","type":"air_quality_station"}""", entry.GetProperty("details").GetRawText());
        Assert.Equal([1], _notedWhenPublished);
    }

    [Fact]
    public async Task Every_deed_has_its_entry()
    {
        _api.Put(
            Row("devices", "d-1", "dijon", "air_quality_station", "ok", 1),
            new Document("dead-letters", "x", "", "bad_time", "refused", 1, """{"truncated":false,"topic":"city.readings","key":"k","value":"","headers":{}}"""u8.ToArray()));
        await SendAsync("DELETE", "/api/v1/devices/d-1");
        await SendAsync("POST", "/api/v1/dead-letters/x/replay");
        await SendAsync("POST", "/api/v1/cluster/nodes/node-1/drain");
        await SendAsync("DELETE", "/api/v1/cluster/nodes/node-1/drain");
        await SendAsync("POST", "/api/v1/tokens", """{"name":"marie","roles":["viewer"]}""");
        await SendAsync("DELETE", "/api/v1/tokens/marie");

        Assert.Equal(
            ["device.delete device:d-1", "dead-letter.replay dead-letter:x", "node.drain node:node-1", "node.undrain node:node-1", "token.add token:marie", "token.revoke token:marie"],
            Entries().Select(entry => $"{entry.GetProperty("action")} {entry.GetProperty("subject")}"));
    }

    [Theory]
    [InlineData("PUT", "/api/v1/devices/d-1", """{"type":"nothing","area":"dijon"}""")]
    [InlineData("DELETE", "/api/v1/devices/nobody", null)]
    [InlineData("POST", "/api/v1/dead-letters/nothing/replay", null)]
    [InlineData("POST", "/api/v1/cluster/nodes/nobody/drain", null)]
    [InlineData("GET", "/api/v1/devices", null)]
    public async Task What_is_not_done_and_what_only_looks_is_not_noted(string method, string path, string? body)
    {
        await SendAsync(method, path, body);

        Assert.Empty(Entries());
    }

    [Fact]
    public async Task What_did_not_work_out_is_noted_as_failed_beside_the_first_entry()
    {
        _api.Node.PublishFails = new LogFailedException("no broker");

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await SendAsync("PUT", "/api/v1/devices/d-1", Registration));

        JsonElement[] entries = Entries();
        Assert.Equal(["done", "failed"], entries.Select(entry => entry.GetProperty("outcome").GetString()));
        Assert.Equal(entries[0].GetProperty("id").GetString(), entries[1].GetProperty("details").GetProperty("of").GetString());
        Assert.Equal("no broker", entries[1].GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Refusals_are_noted_one_by_one_and_in_a_flood_together()
    {
        _api.Remote = IPAddress.Parse("192.0.2.9");
        for (int i = 0; i < 500; i++)
        {
            Assert.Equal(HttpStatusCode.Unauthorized, await SendAsync("GET", "/api/v1/devices"));
        }

        JsonElement[] singly = Entries();
        Assert.Equal(Denials.MostSingly, singly.Length);
        Assert.All(singly, entry => Assert.Equal(("access", "GET /api/v1/devices", "refused"), Told(entry)));
        Assert.Equal("192.0.2.9", singly[0].GetProperty("actor").GetProperty("address").GetString());
        _time.Advance(Denials.Period);
        await _api.Sources.Denials.FlushAsync();

        JsonElement sum = Entries()[^1];
        Assert.Equal(Denials.MostSingly + 1, Entries().Length);
        Assert.Equal(("access", "requests", "refused"), Told(sum));
        Assert.Equal(("490", "490"), (sum.GetProperty("details").GetProperty("count").GetString(), sum.GetProperty("details").GetProperty("from 192.0.2.9").GetString()));
    }

    [Fact]
    public async Task Entries_are_listed_newest_first_by_actor_action_and_time_in_pages_as_they_are_stored()
    {
        foreach (string device in new[] { "a", "b", "c" })
        {
            await SendAsync("PUT", "/api/v1/devices/" + device, Registration);
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        JsonElement first = await _api.GetAsync("/api/v1/audit?limit=2");
        JsonElement second = await _api.GetAsync("/api/v1/audit?limit=2&after=" + first.GetProperty("next").GetString());
        JsonElement oldest = await _api.GetAsync("/api/v1/audit?order=oldest&action=device.put&actor=local");

        Assert.Equal(["device:c", "device:b"], Subjects(first));
        Assert.Equal(["device:a"], Subjects(second));
        Assert.Equal(["device:a", "device:b", "device:c"], Subjects(oldest));
        Assert.Empty(Subjects(await _api.GetAsync("/api/v1/audit?actor=nobody")));
        Assert.Empty(Subjects(await _api.GetAsync("/api/v1/audit?since=2026-11-23T00:00:00Z")));
        Assert.Equal(Entries()[0].GetRawText(), oldest.GetProperty("items")[0].GetRawText());
        JsonElement chain = await _api.GetAsync("/api/v1/audit/chain");
        Assert.Equal((3, 0), (chain.GetProperty("head").GetProperty("number").GetInt64(), chain.GetProperty("anchor").GetProperty("number").GetInt64()));

        static IEnumerable<string> Subjects(JsonElement page) => page.GetProperty("items").EnumerateArray().Select(entry => entry.GetProperty("subject").GetString()!);
    }

    [Fact]
    public async Task Entries_reach_the_topic_in_order_under_their_own_ids_and_again_until_it_is_known_that_they_have()
    {
        await SendAsync("POST", "/api/v1/cluster/nodes/node-1/drain");
        await SendAsync("DELETE", "/api/v1/cluster/nodes/node-1/drain");
        await using Registrar registrar = new(_api.Store, _api.Node, "city.audit", "/streams/test", _api.Sources.Tokens, _api.Sources.Denials, NullLogger.Instance);
        _api.Node.PublishFails = new LogFailedException("no broker");
        await registrar.RoundAsync(TestContext.Current.CancellationToken);
        Assert.Equal(0, _api.Store.ReadAuditChain().PublishedThrough);

        _api.Node.PublishFails = null;
        await registrar.RoundAsync(TestContext.Current.CancellationToken);
        await registrar.RoundAsync(TestContext.Current.CancellationToken);

        Assert.Equal(2, _api.Store.ReadAuditChain().PublishedThrough);
        Assert.Equal(2, _api.Node.Published.Count);
        Assert.All(_api.Node.Published.Zip(Entries()), pair =>
        {
            Assert.Equal(("city.audit", "local", pair.Second.GetRawText()), (pair.First.Topic, Encoding.UTF8.GetString(pair.First.Key.Span), Encoding.UTF8.GetString(pair.First.Value.Span)));
            Assert.Contains(KeyValuePair.Create("ce_id", pair.Second.GetProperty("id").GetString()!), pair.First.Headers);
            Assert.Contains(KeyValuePair.Create("ce_type", "streams.audit"), pair.First.Headers);
        });
    }
}
