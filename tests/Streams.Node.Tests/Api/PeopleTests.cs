using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Streams.Node.Api;
using Streams.Node.Api.Description;
using Streams.Node.Configuration;
using Streams.Node.People;
using Streams.Runtime.Audit;
using Streams.Runtime.Storage;
using static Streams.Node.Tests.Api.ApiServer;

namespace Streams.Node.Tests.Api;

/// <summary>Who gets in, from where, and to what.</summary>
public sealed class PeopleTests : IAsyncDisposable
{
    private readonly SetTime _time = new(Now);
    private readonly ApiServer _api;

    public PeopleTests() => _api = new ApiServer(http => http with { Address = "0.0.0.0" }, time: _time) { Remote = IPAddress.Parse("10.0.0.7") };

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    private async Task<HttpResponseMessage> AskAsync(string method, string path, string? token = null, string? body = null, ApiServer? of = null)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        return await (of ?? _api).Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private async Task<JsonElement> AskAsync(HttpStatusCode expected, string method, string path, string? token = null, string? body = null)
    {
        using HttpResponseMessage answer = await AskAsync(method, path, token, body);
        return expected == HttpStatusCode.NoContent ? default : await ReadAsync(answer, expected);
    }

    /// <summary>Made on the machine itself, as the first token is.</summary>
    private async Task<string> AddAsync(string name, string roles, string more = "")
    {
        IPAddress elsewhere = _api.Remote;
        _api.Remote = IPAddress.Loopback;
        JsonElement made = await AskAsync(HttpStatusCode.Created, "POST", "/api/v1/tokens", body: $$"""{"name":"{{name}}","roles":["{{roles.Replace(" ", "\",\"", StringComparison.Ordinal)}}"]{{more}}}""");
        _api.Remote = elsewhere;
        return made.GetProperty("token").GetString()!;
    }

    private AuditEntry[] Audit(string? action = null) => [.. _api.Store.ReadAudit(new AuditQuery(Action: action, OldestFirst: true))];

    /// <summary>What anybody may have without a token. Whoever adds to it should know why.</summary>
    private static readonly string[] s_open = ["getLive", "getReady", "getMetrics", "getOpenApi", "getAsyncApi", "getSchema"];

    [Fact]
    public async Task No_operation_lets_anybody_in_unasked_but_for_health_figures_and_descriptions()
    {
        Operation[] all = [.. _api.Endpoints.SelectMany(each => each.Metadata.OfType<Operation>())];
        Assert.True(all.Length > 25);
        foreach (Operation operation in all)
        {
            string path = operation.Parameters.Where(operation.IsInPath).Aggregate(operation.Path, (so, each) => so.Replace($"{{{each.Name}}}", each.Example, StringComparison.Ordinal));
            using HttpResponseMessage answer = await AskAsync(operation.Method, path);
            Assert.True(s_open.Contains(operation.Id) == (answer.StatusCode != HttpStatusCode.Unauthorized), $"{operation.Id}: {answer.StatusCode}");
        }

        Assert.Equal(s_open.Order(), all.Where(each => each.Needs is null).Select(each => each.Id).Order());
    }

    [Fact]
    public async Task Who_has_no_token_that_holds_is_told_the_same_whatever_it_lacks()
    {
        string expired = await AddAsync("old", "viewer", ",\"expires\":\"2026-11-22T10:16:30Z\"");
        string revoked = await AddAsync("gone", "viewer");
        _time.Advance(TimeSpan.FromMinutes(2));
        await AskAsync(HttpStatusCode.NoContent, "DELETE", "/api/v1/tokens/gone", await AddAsync("boss", "admin"));
        HashSet<string> answers = [];
        foreach (string? token in new[] { null, Token.New(), expired, revoked, "nonsense", "streams_node_" + new string('0', 64), new string('x', 5_000) })
        {
            using HttpResponseMessage answer = await AskAsync("GET", "/api/v1/devices", token);
            Assert.Equal("Bearer realm=\"streams\"", answer.Headers.WwwAuthenticate.ToString());
            answers.Add((await ReadAsync(answer, HttpStatusCode.Unauthorized)).GetRawText());
        }

        Assert.Single(answers);
    }

    [Fact]
    public async Task A_token_may_what_its_roles_may_and_a_refusal_names_what_is_needed_and_who_may()
    {
        string viewer = await AddAsync("marie", "viewer");
        string gateway = await AddAsync("gateway-7", "gateway");
        const string Reading = """{"deviceId":"d","time":"2026-11-22T10:15:00Z","type":"air_quality_station","area":"dijon","metrics":{"pm2_5":1}}""";

        await AskAsync(HttpStatusCode.OK, "GET", "/api/v1/devices", viewer);
        await AskAsync(HttpStatusCode.Accepted, "POST", "/api/v1/readings", gateway, Reading);
        JsonElement refused = await AskAsync(HttpStatusCode.Forbidden, "POST", "/api/v1/readings", viewer, Reading);

        Assert.Equal("This needs send_readings. marie (viewer) may not. Roles that may: gateway, operator, admin.", refused.GetProperty("detail").GetString());
        await AskAsync(HttpStatusCode.Forbidden, "GET", "/api/v1/devices", gateway);
        await AskAsync(HttpStatusCode.OK, "GET", "/api/v1/devices", await AddAsync("both", "gateway viewer"));
    }

    [Fact]
    public async Task A_token_is_shown_once_and_stored_as_its_hash_only()
    {
        string token = await AddAsync("marie", "viewer", ",\"area\":\"dijon/nord\"");

        Assert.Matches("^streams_[A-Za-z0-9_-]{43}$", token);
        TokenRow row = Assert.Single(_api.Store.ReadTokens());
        Assert.Equal((Token.HashOf(token), "local", "dijon/nord"), (row.Hash, row.CreatedBy, row.Area));
        JsonElement listed = await AskAsync(HttpStatusCode.OK, "GET", "/api/v1/tokens", await AddAsync("boss", "admin"));
        Assert.DoesNotContain(token, listed.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain(row.Hash, listed.GetRawText(), StringComparison.Ordinal);
        Assert.DoesNotContain(Audit(), entry => Encoding.UTF8.GetString(entry.Body).Contains(token, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_token_revoked_on_one_node_is_refused_by_another_within_seconds()
    {
        await using ApiServer other = new(http => http with { Address = "0.0.0.0" }, store: _api.Store, time: _time) { Remote = _api.Remote };
        string token = await AddAsync("marie", "viewer");
        string boss = await AddAsync("boss", "admin");
        using HttpResponseMessage before = await AskAsync("GET", "/api/v1/devices", token, of: other);
        await AskAsync(HttpStatusCode.NoContent, "DELETE", "/api/v1/tokens/marie", boss);
        _time.Advance(TokenBook.FreshFor);
        using HttpResponseMessage after = await AskAsync("GET", "/api/v1/devices", token, of: other);
        using HttpResponseMessage here = await AskAsync("GET", "/api/v1/devices", token);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized, HttpStatusCode.Unauthorized), (before.StatusCode, after.StatusCode, here.StatusCode));
    }

    [Theory]
    [InlineData("127.0.0.1", "localhost", "", HttpStatusCode.OK)]
    [InlineData("::ffff:127.0.0.1", "127.0.0.1", "", HttpStatusCode.OK)]
    [InlineData("10.0.0.7", "localhost", "", HttpStatusCode.Unauthorized)]
    [InlineData("127.0.0.1", "evil.example", "", HttpStatusCode.Unauthorized)]
    [InlineData("127.0.0.1", "localhost", "X-Forwarded-For", HttpStatusCode.Unauthorized)]
    [InlineData("127.0.0.1", "localhost", "Via", HttpStatusCode.Unauthorized)]
    public async Task Only_who_is_on_the_machine_itself_needs_no_token(string from, string host, string header, HttpStatusCode expected)
    {
        _api.Remote = IPAddress.Parse(from);
        using HttpRequestMessage request = new(HttpMethod.Get, "/api/v1/tokens");
        request.Headers.Host = host;
        if (header.Length > 0)
        {
            request.Headers.TryAddWithoutValidation(header, "192.0.2.1");
        }

        using HttpResponseMessage answer = await _api.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(expected, answer.StatusCode);
    }

    [Fact]
    public async Task A_machine_that_a_proxy_lets_others_into_is_not_trusted()
    {
        await using ApiServer strict = new(http => http with { TrustThisMachine = false });
        using HttpResponseMessage answer = await AskAsync("GET", "/api/v1/devices", of: strict);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task Where_anonymous_requests_are_let_in_they_act_as_an_operator_but_give_no_tokens_and_a_wrong_token_is_still_refused()
    {
        await using ApiServer open = new(http => http with { Address = "0.0.0.0", AllowAnonymous = true }) { Remote = IPAddress.Parse("10.0.0.7") };
        using HttpResponseMessage drained = await AskAsync("POST", "/api/v1/cluster/nodes/node-1/drain", of: open);
        using HttpResponseMessage tokens = await AskAsync("GET", "/api/v1/tokens", of: open);
        using HttpResponseMessage audit = await AskAsync("GET", "/api/v1/audit", of: open);
        using HttpResponseMessage wrong = await AskAsync("GET", "/api/v1/devices", Token.New(), of: open);

        Assert.Equal(
            (HttpStatusCode.Accepted, HttpStatusCode.Forbidden, HttpStatusCode.Forbidden, HttpStatusCode.Unauthorized),
            (drained.StatusCode, tokens.StatusCode, audit.StatusCode, wrong.StatusCode));
    }

    [Theory]
    [InlineData("GET", "/api/v1/devices?area=dijon/nord", HttpStatusCode.OK)]
    [InlineData("GET", "/api/v1/devices?area=dijon/nord/rue", HttpStatusCode.OK)]
    [InlineData("GET", "/api/v1/devices?area=dijon", HttpStatusCode.Forbidden)]
    [InlineData("GET", "/api/v1/devices?area=dijon/nordest", HttpStatusCode.Forbidden)]
    [InlineData("GET", "/api/v1/devices", HttpStatusCode.Forbidden)]
    [InlineData("GET", "/api/v1/devices/there", HttpStatusCode.Forbidden)]
    [InlineData("DELETE", "/api/v1/devices/there", HttpStatusCode.Forbidden)]
    [InlineData("PUT", "/api/v1/devices/there", HttpStatusCode.Forbidden)]
    [InlineData("PUT", "/api/v1/devices/new", HttpStatusCode.Forbidden)]
    [InlineData("GET", "/api/v1/devices/there/aggregates", HttpStatusCode.Forbidden)]
    [InlineData("GET", "/api/v1/areas/dijon/sud", HttpStatusCode.Forbidden)]
    [InlineData("GET", "/api/v1/alerts/there", HttpStatusCode.Forbidden)]
    [InlineData("GET", "/api/v1/anomalies", HttpStatusCode.Forbidden)]
    [InlineData("POST", "/api/v1/cluster/nodes/node-1/drain", HttpStatusCode.Forbidden)]
    [InlineData("GET", "/api/v1/dead-letters", HttpStatusCode.Forbidden)]
    [InlineData("GET", "/api/v1/audit", HttpStatusCode.Forbidden)]
    public async Task A_token_with_an_area_reaches_no_further(string method, string path, HttpStatusCode expected)
    {
        _api.Put(Row("devices", "there", "dijon/sud", "air_quality_station", "ok", 1), Row("alerts", "there", "dijon/sud", "flood", "active", 1));
        string token = await AddAsync("north", "admin", ",\"area\":\"dijon/nord\"");

        // PUT moves it, or makes it, where its area is none of theirs.
        using HttpResponseMessage answer = await AskAsync(method, path, token, method == "PUT" ? """{"type":"air_quality_station","area":"dijon/sud"}""" : null);

        Assert.Equal(expected, answer.StatusCode);
        Assert.Empty(_api.Node.Published);
    }

    [Theory]
    [InlineData("admin", ",\"area\":\"dijon\"", "viewer", "", HttpStatusCode.Forbidden)]
    [InlineData("admin", ",\"area\":\"dijon\"", "viewer", ",\"area\":\"dijon/nord\"", HttpStatusCode.Created)]
    [InlineData("admin", "", "admin", "", HttpStatusCode.Created)]
    [InlineData("operator", "", "viewer", "", HttpStatusCode.Forbidden)]
    public async Task Nobody_gives_what_reaches_further_than_their_own(string has, string where, string gives, string at, HttpStatusCode expected)
    {
        string giver = await AddAsync("giver", has, where);

        await AskAsync(expected, "POST", "/api/v1/tokens", giver, $$"""{"name":"new","roles":["{{gives}}"]{{at}}}""");
    }

    [Fact]
    public void Whoever_may_give_tokens_and_little_else_gives_little_else()
    {
        Policy policy = new(
        [
            new("clerk", [Permission.ManagePeople, Permission.Read]),
            new("viewer", [Permission.Read]),
            new("admin", [.. Enum.GetValues<Permission>()]),
        ]);
        Principal clerk = new("clara", ["clerk"], PrincipalSource.Token);

        Assert.Equal([true, true, false, false, false], new[] { "viewer", "clerk", "admin", "local", "nothing" }.Select(role => policy.Covers(clerk, [role], null)));
    }

    [Theory]
    [InlineData("""{"name":"Marie","roles":["viewer"]}""", "name")]
    [InlineData("""{"name":"local","roles":["viewer"]}""", "name")]
    [InlineData("""{"roles":["viewer"]}""", "name")]
    [InlineData("""{"name":"a","roles":[]}""", "roles")]
    [InlineData("""{"name":"a","roles":["king"]}""", "roles")]
    [InlineData("""{"name":"a","roles":["local"]}""", "roles")]
    [InlineData("""{"name":"a","roles":["viewer"],"area":"../x"}""", "area")]
    [InlineData("""{"name":"a","roles":["viewer"],"expires":"2020-01-01T00:00:00Z"}""", "expires")]
    [InlineData("""{"name":"a","roles":["viewer"],"role":"viewer"}""", "role")]
    [InlineData("""{"name":1,"roles":["viewer"]}""", "name")]
    [InlineData("""[]""", "body")]
    [InlineData("""nonsense""", "body")]
    public async Task An_order_for_a_token_that_is_wrong_says_what_is_wrong(string body, string at)
    {
        _api.Remote = IPAddress.Loopback;
        JsonElement refused = await AskAsync(HttpStatusCode.BadRequest, "POST", "/api/v1/tokens", body: body);

        Assert.Equal([at], refused.GetProperty("errors").EnumerateArray().Select(each => each.GetProperty("at").GetString()));
    }

    [Fact]
    public async Task A_name_that_holds_is_not_given_twice_and_what_is_not_there_can_not_be_revoked()
    {
        await AddAsync("marie", "viewer");
        _api.Remote = IPAddress.Loopback;

        await AskAsync(HttpStatusCode.Conflict, "POST", "/api/v1/tokens", body: """{"name":"marie","roles":["viewer"]}""");
        await AskAsync(HttpStatusCode.NotFound, "DELETE", "/api/v1/tokens/paul");
    }

    [Fact]
    public async Task Nodes_know_each_other_by_the_stores_secret_and_nobody_else_by_it()
    {
        using HttpResponseMessage asked = await AskAsync("GET", "/api/v1/cluster?of=this", Doorkeeper.Credential(_api.Store.NodeSecret));
        using HttpResponseMessage tokens = await AskAsync("GET", "/api/v1/tokens", Doorkeeper.Credential(_api.Store.NodeSecret));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden), (asked.StatusCode, tokens.StatusCode));

        await using ApiServer other = new(http => http with { Address = "0.0.0.0" }, neighbours: _api.Handler, store: _api.Store);
        _api.Accepts = false;
        _api.Node.Live[("device", "d")] = """{"id":"d","type":"air_quality_station","types":["air_quality_station"],"area":"dijon","location":null,"state":"ok","openAnomalies":[]}""";
        other.Store.Claim(other.Sources.ShardOf("device", "d"), "node-2", "log", Now);
        other.Node.Others.Add(new NodeRow("node-2", "p2", "http://node-2:8080/", "0.2.0", NodeState.Working, 5, Now));
        JsonElement device = await other.GetAsync("/api/v1/devices/d");
        Assert.True(device.GetProperty("live").GetBoolean());
    }
}
