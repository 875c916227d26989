using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Node.Api;
using Streams.Node.Configuration;
using Streams.Node.Feeds;
using Streams.Node.Feeds.Live;
using Streams.Node.Feeds.Webhooks;
using Streams.Node.Tests.Api;
using Streams.Runtime.Audit;
using Streams.Runtime.Storage;
using Streams.Tests;

namespace Streams.Node.Tests.Feeds;

/// <summary>Alerts brought to another system, over a real log, by the couriers of one node and of two.</summary>
public sealed class WebhookTests : IAsyncDisposable
{
    private readonly AlertLog _log = new();
    private readonly LiveAlerts _live;
    private readonly ApiServer _api;
    private readonly Receiver _receiver = new();
    private readonly KeptLines _lines = new();
    private readonly SteppedTime _time = new(SaidAlerts.At);
    private readonly ConcurrentQueue<string> _told = [];
    private readonly List<CourierOffice> _offices = [];

    public WebhookTests()
    {
        _live = _log.Follow();
        _api = new ApiServer(time: _time, live: _live);
        _api.Sources.Webhooks.Sender = new WebhookSender(new WebhookSettings(), _api.Store, _time, _receiver);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (CourierOffice office in _offices)
        {
            await office.DisposeAsync();
        }

        await _live.DisposeAsync();
        await _api.DisposeAsync();
        _log.Dispose();
    }

    [Fact]
    public async Task Alerts_are_brought_signed_in_an_envelope_from_when_it_was_made_on()
    {
        _log.Publish(SaidAlerts.Haze(1));
        await HeardAsync(1);
        await BegunAsync();
        _log.Publish(SaidAlerts.Haze(2), SaidAlerts.Haze(3) with { Scope = AlertScope.Restricted }, SaidAlerts.Haze(4) with { Status = AlertStatus.Exercise }, SaidAlerts.Haze(5));
        await Until(() => _receiver.All.Count >= 2);
        Assert.Equal([SaidAlerts.Haze(2).Identifier, SaidAlerts.Haze(5).Identifier], _receiver.Taken.Order(StringComparer.Ordinal));
        Assert.All(_receiver.All, each => Assert.Equal((true, "application/json", WebhookSender.IdOf(each.Identifier)), (each.IsGenuine, each.ContentType, each.Id)));
        JsonElement body = JsonElement.Parse(Encoding.UTF8.GetBytes(_receiver.All[0].Body));
        Assert.Equal("streams.alert", body.GetProperty("type").GetString());
        Assert.Equal(body.GetProperty("data").GetProperty("sent").GetString(), body.GetProperty("timestamp").GetString());
        await UntilAsync(async () => (await ShownAsync()).GetProperty("deliveredAt").ValueKind == JsonValueKind.String);
        Assert.Equal("well", (await ShownAsync()).GetProperty("state").GetString());
    }

    [Fact]
    public async Task What_is_said_before_its_first_courier_has_begun_is_brought_too()
    {
        _log.Publish(SaidAlerts.Haze(1));
        await HeardAsync(1);
        await AddAsync();
        _log.Publish(SaidAlerts.Haze(2));
        await HeardAsync(2);
        await OpenAsync();
        _log.Publish(SaidAlerts.Haze(3));
        await Until(() => _receiver.Taken.Length >= 2);
        Assert.Equal([SaidAlerts.Haze(2).Identifier, SaidAlerts.Haze(3).Identifier], _receiver.Taken.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_fails_in_a_way_that_nobody_foresaw_is_tried_again()
    {
        int times = 0;
        _receiver.Answers = _ => Interlocked.Increment(ref times) <= 2 ? throw new NotSupportedException("Not today.") : HttpStatusCode.OK;
        await BegunAsync();
        _log.Publish(SaidAlerts.Haze(1), SaidAlerts.Haze(1, 2));
        await Until(() => _receiver.Taken.Length >= 2);
        Assert.Equal([SaidAlerts.Haze(1).Identifier, SaidAlerts.Haze(1, 2).Identifier], _receiver.Taken);
        Assert.Contains("Not today.", Assert.Single(_lines.Of(2421)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_of_the_staff_did_what_is_brought_only_where_restricted_alerts_are()
    {
        await BegunAsync();
        _log.Publish(SaidAlerts.Haze() with { Acknowledged = new AlertDeed("marie", SaidAlerts.At.ToUnixTimeMilliseconds(), "on my way", AlertSeverity.Severe) });
        await Until(() => _receiver.All.Count == 1);
        Assert.DoesNotContain("marie", _receiver.All[0].Body, StringComparison.Ordinal);
        Assert.Contains("acknowledgedAt", _receiver.All[0].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_cap_the_signed_document_is_brought_to_the_byte()
    {
        using System.Security.Cryptography.X509Certificates.X509Certificate2 signer = Signers.Ecdsa();
        await BegunAsync(format: "cap");
        _api.Say(SaidAlerts.Haze(), signer);
        _log.Publish(SaidAlerts.Haze());
        await Until(() => _receiver.All.Count == 1);
        Assert.Equal(("application/cap+xml", true), (_receiver.All[0].ContentType, _receiver.All[0].IsGenuine));
        Assert.Equal(Encoding.UTF8.GetString(_api.Store.Get("cap", SaidAlerts.Haze().Identifier)!.Value.Body.Span), _receiver.All[0].Body);
    }

    /// <summary>Whatever the endpoint refuses, and wherever the node stops: everything arrives, and the states of each alert in order.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Everything_arrives_in_order_for_each_alert_though_endpoint_and_nodes_fail(int seed)
    {
        Random random = new(seed);
        Lock gate = new();
        _receiver.Answers = _ =>
        {
            lock (gate)
            {
                return random.Next(10) < 4 ? HttpStatusCode.InternalServerError : HttpStatusCode.OK;
            }
        };
        await BegunAsync();
        List<string> said = [];
        for (int round = 0; round < 5; round++)
        {
            for (int revision = (round * 3) + 1; revision <= (round * 3) + 3; revision++)
            {
                for (int number = 0; number < 8; number++)
                {
                    Alert alert = SaidAlerts.Haze(number, revision);
                    said.Add(alert.Identifier);
                    _log.Publish(alert);
                }
            }

            // A node stops in the midst of it, and another one goes on.
            int before = _receiver.All.Count;
            await Until(() => _receiver.All.Count > before + random.Next(20));
            await _offices[^1].DisposeAsync();
            await OpenAsync();
        }

        await Until(() => said.ToHashSet().IsSubsetOf(_receiver.Taken));
        foreach (IGrouping<string, Brought> alert in _receiver.All.Where(each => each.IsTaken).DistinctBy(each => each.Id).GroupBy(each => each.Identifier[..each.Identifier.LastIndexOf('.')]))
        {
            Assert.Equal(Enumerable.Range(1, 15), alert.Select(each => int.Parse(each.Identifier[(each.Identifier.LastIndexOf('.') + 1)..], System.Globalization.CultureInfo.InvariantCulture)));
        }

        Assert.All(_receiver.All, each => Assert.True(each.IsGenuine));
    }

    [Fact]
    public async Task One_alert_that_is_refused_does_not_hold_up_the_others_and_is_kept_when_it_is_too_old()
    {
        _receiver.Answers = body => body.Contains("haze.001", StringComparison.Ordinal) ? HttpStatusCode.BadRequest : HttpStatusCode.OK;
        await BegunAsync();
        _log.Publish(SaidAlerts.Haze(1), SaidAlerts.Haze(2), SaidAlerts.Haze(3));
        await Until(() => _receiver.Taken.Length == 2);
        await UntilAsync(async () => (await ShownAsync()).GetProperty("state").GetString() == "failing" && (await ShownAsync()).GetProperty("waiting").GetInt32() == 1);
        Assert.Contains("400", (await ShownAsync()).GetProperty("failure").GetString(), StringComparison.Ordinal);
        _time.Advance(TimeSpan.FromHours(24) - TimeSpan.FromMinutes(2));
        await UntilAsync(async () => (await LettersAsync()).Length == 1);
        JsonElement letter = (await LettersAsync())[0];
        Assert.Equal((SaidAlerts.Haze(1).Identifier, "pager", "it answered 400"), (letter.GetProperty("id").GetString(), letter.GetProperty("webhook").GetString(), letter.GetProperty("reason").GetString()));
        Assert.Contains("given_up", _told);
        Assert.Single(_lines.Of(2421));
        Assert.Single(_lines.Of(2422));

        string replay = $"/api/v1/webhooks/pager/dead-letters/{SaidAlerts.Haze(1).Identifier}/replay";
        await _api.PostAsync(replay, "", "", HttpStatusCode.BadGateway);
        Assert.Single(await LettersAsync());
        _receiver.Answers = _ => HttpStatusCode.OK;
        using HttpResponseMessage taken = await _api.Client.PostAsync(replay, null, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, taken.StatusCode);
        Assert.Contains(SaidAlerts.Haze(1).Identifier, _receiver.Taken);
        Assert.Single(_receiver.All.Where(each => each.Identifier == SaidAlerts.Haze(1).Identifier).Select(each => each.Id).Distinct());
        Assert.Empty(await LettersAsync());
        await _api.PostAsync(replay, "", "", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task An_endpoint_that_says_it_is_gone_is_not_tried_again()
    {
        _receiver.Answers = _ => HttpStatusCode.Gone;
        await BegunAsync();
        _log.Publish(SaidAlerts.Haze());
        await UntilAsync(async () => (await LettersAsync()).Length == 1);
        Assert.Single(_receiver.All);
    }

    [Fact]
    public async Task While_the_endpoint_is_away_alerts_wait_in_the_log_and_all_come_afterwards()
    {
        const int said = LiveAlerts.MostBehind + 300;
        bool isAway = true;
        _receiver.Answers = _ => isAway ? HttpStatusCode.ServiceUnavailable : HttpStatusCode.OK;
        await BegunAsync();
        _log.Publish(Enumerable.Range(0, said).Select(number => SaidAlerts.Haze(number) with { SentInMs = SaidAlerts.At.ToUnixTimeMilliseconds() }));
        await HeardAsync(said);
        isAway = false;
        await Until(() => _receiver.Taken.Distinct().Count() == said);
    }

    [Fact]
    public async Task In_another_log_the_newest_state_of_what_was_said_since_is_brought_anew()
    {
        await BegunAsync();
        _api.Say(SaidAlerts.Haze(1));
        _log.Publish(SaidAlerts.Haze(1));
        await UntilAsync(async () => _receiver.Taken.Length == 1 && (await ShownAsync()).GetProperty("deliveredAt").ValueKind == JsonValueKind.String);
        await _offices[0].DisposeAsync();

        // Said while nobody brought it, and then the log was gone: an end, and a beginning with two states.
        _api.Say(SaidAlerts.Haze(1, 2, AlertState.Cleared));
        _api.Say(SaidAlerts.Haze(2));
        _api.Say(SaidAlerts.Haze(2, 2));
        using AlertLog anew = new();
        await using LiveAlerts live = anew.Follow();
        FeedPosition? before = await NotedAsync();
        _receiver.Answers = body => body.Contains(SaidAlerts.Haze(2, 2).Identifier, StringComparison.Ordinal) ? HttpStatusCode.InternalServerError : HttpStatusCode.OK;
        await OpenAsync(live: live);

        // Until all of it is brought the old position stands: whoever comes next would begin with it again.
        await UntilAsync(async () => _receiver.Taken.Length == 2 && _receiver.All.Count > 4 && (await ShownAsync()).GetProperty("waiting").GetInt32() == 1);
        Assert.Equal(before!.ToString(), (await NotedAsync())!.ToString());
        _receiver.Answers = _ => HttpStatusCode.OK;
        await Until(() => _receiver.Taken.Length >= 3);
        Assert.Equal([SaidAlerts.Haze(1, 2).Identifier, SaidAlerts.Haze(2, 2).Identifier], _receiver.Taken[1..].Order(StringComparer.Ordinal));
        Assert.Contains("another log", Assert.Single(_lines.Of(2423)), StringComparison.Ordinal);
        anew.Publish(SaidAlerts.Haze(3));
        await Until(() => _receiver.Taken.Contains(SaidAlerts.Haze(3).Identifier));
        await _offices[^1].DisposeAsync();
        Assert.Equal(4, _receiver.Taken.Length);
    }

    [Fact]
    public async Task A_node_that_was_overtaken_notes_nothing_more()
    {
        await AddAsync();
        WebhookBook book = _api.Sources.Webhooks.Book;
        Webhook webhook = Assert.Single(book.Read());
        WebhookClaim first = book.Claim(webhook);
        Document progress = new(WebhookBook.Progress, "pager", "", "", "", 1, new WebhookProgress(null, 1, null, null, null, 0).ToStored());
        Assert.True(first.Write([progress], TimeProvider.System));
        WebhookClaim second = book.Claim(webhook);
        Assert.False(first.Write([progress with { Body = WebhookProgress.None.ToStored() }], TimeProvider.System));
        Assert.Equal(1, WebhookProgress.Read(_api.Store.Get(WebhookBook.Progress, "pager")!.Value.Body).SentInMs);
        Assert.True(second.Write([progress], TimeProvider.System));

        // Nor does one that has not heard that the webhook is gone: another of its name may be there already.
        Assert.Equal(WebhookChange.Done, book.Remove("pager", AuditDraft.Now(TimeProvider.System, AuditActor.Cluster, "webhook.remove", "webhook:pager")));
        Assert.False(second.Write([progress], TimeProvider.System));
        Assert.Null(_api.Store.Get(WebhookBook.Progress, "pager"));

        // Nothing of it shows among the shards of actors.
        Assert.Empty((await _api.GetAsync("/api/v1/cluster")).GetProperty("shards").EnumerateArray());
    }

    [Fact]
    public void Each_webhook_falls_to_one_node_and_only_those_of_a_node_that_goes_move()
    {
        string[] names = ["node-1", "node-2", "node-3"];
        NodeRow Row(string name, NodeState state = NodeState.Working, int silent = 0) => new(name, "p", "", "1", state, 1, ApiServer.Now, TimeSpan.FromSeconds(silent));
        string[] webhooks = [.. Enumerable.Range(0, 60).Select(number => $"hook-{number}")];
        Dictionary<string, string> Owners(params NodeRow[] rows) => webhooks.ToDictionary(webhook => webhook, webhook => Assert.Single(names, name => OfficeOf(name, rows).IsMine(webhook)));

        Dictionary<string, string> all = Owners([.. names.Select(name => Row(name))]);
        Assert.All(names, name => Assert.InRange(all.Values.Count(owner => owner == name), 8, 35));
        foreach (NodeRow gone in new[] { Row("node-2", NodeState.Draining), Row("node-2", NodeState.Left) })
        {
            Dictionary<string, string> left = Owners(Row("node-1"), gone, Row("node-3"));
            Assert.DoesNotContain("node-2", left.Values);
            Assert.All(all.Where(pair => pair.Value != "node-2"), pair => Assert.Equal(pair.Value, left[pair.Key]));
        }

        Assert.True(OfficeOf("node-1", [Row("node-1"), Row("node-2", silent: 60)]).IsMine(all.First(pair => pair.Value == "node-2").Key));
    }

    [Fact]
    public async Task A_secret_sealed_by_another_key_is_told_and_nothing_is_sent()
    {
        await AddAsync();
        CourierOffice office = OfficeOf("node-1", [], new WebhookSecrets("another key of this node"));
        await office.RoundAsync();
        await office.RoundAsync();
        Assert.Contains("pager", Assert.Single(_lines.Of(2432)), StringComparison.Ordinal);
    }

    private async Task AddAsync(string format = "json") =>
        await _api.PostAsync(
            "/api/v1/webhooks", $$"""{"name":"pager","url":"https://pager.example.org/alerts","format":"{{format}}","secret":"{{Receiver.Secret}}"}""", "application/json", HttpStatusCode.Created);

    /// <summary>A webhook that has begun: it has noted where.</summary>
    private async Task BegunAsync(string format = "json")
    {
        await AddAsync(format);
        await OpenAsync();
    }

    private async Task OpenAsync(LiveAlerts? live = null)
    {
        CourierOffice office = OfficeOf("node-1", [], live: live);
        _offices.Add(office);
        office.Start();
        await UntilAsync(() => Task.FromResult(_api.Store.Get(WebhookBook.Progress, "pager") is { } stored && WebhookProgress.Read(stored.Body).Position is not null));
    }

    private CourierOffice OfficeOf(string node, IReadOnlyList<NodeRow> rows, WebhookSecrets? secrets = null, LiveAlerts? live = null)
    {
        WebhookDesk desk = _api.Sources.Webhooks;
        CourierTools tools = new(_api.Store, live ?? _live, new CapHeadings(), desk.Book, desk.Sender, new WebhookSettings(), _time, () => 0.5, _lines) { Told = _told.Enqueue };
        return new CourierOffice(tools, secrets ?? desk.Secrets, new NamedNode(node, rows));
    }

    private Task<FeedPosition?> NotedAsync() => Task.Run(() => WebhookProgress.Read(_api.Store.Get(WebhookBook.Progress, "pager")!.Value.Body).Position);

    private async Task<JsonElement> ShownAsync() => Assert.Single((await _api.GetAsync("/api/v1/webhooks")).GetProperty("items").EnumerateArray());

    private async Task<JsonElement[]> LettersAsync() => [.. (await _api.GetAsync("/api/v1/webhooks/pager/dead-letters")).GetProperty("items").EnumerateArray()];

    private Task HeardAsync(long count) => Records.CityRun.Until(() => Task.FromResult(_live.Heard >= count));

    private Task Until(Func<bool> condition) => UntilAsync(() => Task.FromResult(condition()));

    /// <summary>Time goes on meanwhile, so that whoever waits for a while comes to work.</summary>
    private Task UntilAsync(Func<Task<bool>> condition) => Records.CityRun.Until(() =>
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        return condition();
    });

    private sealed class NamedNode(string name, IReadOnlyList<NodeRow> rows) : INodeView
    {
        private readonly PlayedNode _played = new();

        public NodeIdentity Identity { get; } = new("test", name, "1", ApiServer.Now);

        public IReadOnlyList<NodeRow> Nodes() => rows;

        public IReadOnlyList<HealthPart> Health() => _played.Health();

        public IReadOnlyList<RunningShard> Shards() => _played.Shards();

        public NodeFigures Figures() => _played.Figures();

        public void Drain(bool drain) => _played.Drain(drain);

        public Task<ReadOnlyMemory<byte>?> DescribeAsync(string kind, string key, CancellationToken stop) => _played.DescribeAsync(kind, key, stop);

        public Task<IReadOnlyList<HistoryRow>?> RecentHistoryAsync(string kind, string key, CancellationToken stop, bool hereOnly = false) => _played.RecentHistoryAsync(kind, key, stop, hereOnly);

        public Task PublishAsync(IReadOnlyList<PublishedRecord> records, CancellationToken stop) => _played.PublishAsync(records, stop);
    }
}
