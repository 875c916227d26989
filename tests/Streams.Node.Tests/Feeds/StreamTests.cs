using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Streams.Domain.Alerts;
using Streams.Node.Api;
using Streams.Node.Feeds.Live;
using Streams.Node.Tests.Api;

namespace Streams.Node.Tests.Feeds;

/// <summary>The event stream over a real log, on two nodes that share a store.</summary>
public sealed class StreamTests : IAsyncDisposable
{
    private readonly AlertLog _log = new();
    private readonly LiveAlerts _live;
    private readonly ApiServer _api;
    private readonly LiveAlerts _otherLive;
    private readonly ApiServer _other;

    public StreamTests()
    {
        _live = _log.Follow();
        _api = new ApiServer(live: _live);
        _otherLive = _log.Follow();
        _other = new ApiServer(store: _api.Store, live: _otherLive);
    }

    public async ValueTask DisposeAsync()
    {
        await _live.DisposeAsync();
        await _otherLive.DisposeAsync();
        await _other.DisposeAsync();
        await _api.DisposeAsync();
        _log.Dispose();
    }

    [Fact]
    public async Task Alerts_come_as_they_are_said_and_a_position_is_known_from_the_start()
    {
        using SseClient client = await (await SseClient.OpenAsync(_api)).BegunAsync();
        Assert.Equal(3_000, client.RetryInMs);
        Assert.Matches("^[0-9a-f]{12}-0\\.0\\.0$", client.LastId);
        _log.Publish(SaidAlerts.Haze());
        SseEvent alert = (await client.NextAsync())!;
        Assert.Equal("alert", alert.Name);
        Assert.Equal(Encoding.UTF8.GetString(SaidAlerts.Json(SaidAlerts.Haze())), alert.Data);
        Assert.Matches("^[0-9a-f]{12}-(1\\.0\\.0|0\\.1\\.0|0\\.0\\.1)$", alert.Id);
    }

    [Fact]
    public async Task Whoever_comes_back_to_another_node_misses_nothing_and_hears_nothing_twice()
    {
        using SseClient first = await (await SseClient.OpenAsync(_api)).BegunAsync();
        List<string> heard = [];
        string id = first.LastId;
        for (int round = 0; round < 6; round++)
        {
            // Heard and unheard ones, over all partitions; come back to the one node and the other.
            _log.Publish(Enumerable.Range(round * 10, 10).Select(number => SaidAlerts.Haze(number)));
            using SseClient again = await SseClient.OpenAsync(round % 2 == 0 ? _other : _api, "", id);
            heard.AddRange(await again.IdentifiersAsync(7));
            id = again.LastId;
        }

        using SseClient last = await SseClient.OpenAsync(_api, "?lastEventId=" + id);
        heard.AddRange(await last.IdentifiersAsync(18));
        Assert.Equal(Enumerable.Range(0, 60).Select(number => SaidAlerts.Haze(number).Identifier), heard.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_the_ring_no_longer_holds_is_read_from_the_log()
    {
        const int said = LiveAlerts.MostBehind + 500;
        using SseClient first = await (await SseClient.OpenAsync(_api)).BegunAsync();
        _log.Publish(Enumerable.Range(0, said).Select(number => SaidAlerts.Haze(number)));
        await RecordsHeard(_otherLive, said);
        using SseClient again = await SseClient.OpenAsync(_other, "", first.LastId);
        string[] heard = await again.IdentifiersAsync(said);
        Assert.Equal(said, heard.Distinct().Count());
        _log.Publish(SaidAlerts.Haze(said));
        Assert.Equal([SaidAlerts.Haze(said).Identifier], await again.IdentifiersAsync(1));

        // In the midst of it, too.
        using SseClient midway = await SseClient.OpenAsync(_other, "", first.LastId);
        string[] some = await midway.IdentifiersAsync(100);
        using SseClient resumed = await SseClient.OpenAsync(_api, "", midway.LastId);
        string[] rest = await resumed.IdentifiersAsync(said + 1 - 100);
        Assert.Equal(said + 1, some.Concat(rest).Distinct().Count());
    }

    [Theory]
    [InlineData("aaaaaaaaaaaa-0.0.0", "another log")]
    [InlineData("SAME-9.9.9", "beyond the log's end")]
    [InlineData("SAME-0.0", "another log")]
    [InlineData("4711", "none of this stream's")]
    public async Task An_id_that_says_nothing_here_is_answered_with_all_that_stands_and_then_what_is_new(string id, string reason)
    {
        _api.Say(SaidAlerts.Haze(1));
        _api.Say(SaidAlerts.Haze(2, state: AlertState.Cleared));
        _api.Say(SaidAlerts.Haze(3, revision: 2));
        using SseClient fresh = await (await SseClient.OpenAsync(_api)).BegunAsync();
        using SseClient client = await SseClient.OpenAsync(_api, "", id.Replace("SAME", fresh.LastId.Split('-')[0], StringComparison.Ordinal));
        SseEvent reset = (await client.NextAsync())!;
        Assert.Equal("reset", reset.Name);
        Assert.Contains(reason, JsonDocument.Parse(reset.Data).RootElement.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Null(reset.Id);
        Assert.Equal([SaidAlerts.Haze(1).Identifier, SaidAlerts.Haze(3, 2).Identifier], (await client.IdentifiersAsync(2)).Order(StringComparer.Ordinal));

        // One that was told already comes by the log, and then something new.
        _log.Publish(SaidAlerts.Haze(3, revision: 2));
        _log.Publish(SaidAlerts.Haze(3, revision: 3));
        Assert.Equal([SaidAlerts.Haze(3, 3).Identifier], await client.IdentifiersAsync(1));
        Assert.StartsWith(fresh.LastId.Split('-')[0], client.LastId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_has_heard_less_than_the_one_before_waits_for_it_and_forgets_nothing()
    {
        DeafLog log = new(_log.Log);
        SteppedTime time = new(ApiServer.Now);
        await using LiveAlerts late = new(log, AlertLog.Topic, time, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        late.Start();
        await using ApiServer behind = new(store: _api.Store, live: late);
        using (await (await SseClient.OpenAsync(behind)).BegunAsync())
        {
            log.IsDeaf = true;
        }

        using SseClient client = await (await SseClient.OpenAsync(_api)).BegunAsync();
        _log.Publish(SaidAlerts.Haze(1));
        Assert.Equal([SaidAlerts.Haze(1).Identifier], await client.IdentifiersAsync(1));

        // It does not come in time: another node may be better.
        Task<JsonElement> refused = behind.GetAsync("/feeds/stream?lastEventId=" + client.LastId, HttpStatusCode.ServiceUnavailable);
        await Until(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return refused.IsCompleted;
        });
        await refused;

        Task<SseClient> waiting = SseClient.OpenAsync(behind, "", client.LastId);
        log.IsDeaf = false;
        using SseClient again = await waiting;
        _log.Publish(SaidAlerts.Haze(2));
        Assert.Equal([SaidAlerts.Haze(2).Identifier], await again.IdentifiersAsync(1));
    }

    [Fact]
    public async Task An_id_in_the_address_that_is_no_id_is_refused()
    {
        await _api.GetAsync("/feeds/stream?lastEventId=4711", HttpStatusCode.BadRequest);
        await _api.GetAsync("/feeds/stream?severity=Bad", HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task Filters_leave_out_what_is_not_wanted_and_its_position_moves_on()
    {
        using SseClient client = await (await SseClient.OpenAsync(_api, "?severity=Severe&area=dijon")).BegunAsync();
        Alert minor = SaidAlerts.Haze(2) with { Severity = AlertSeverity.Minor };
        Alert elsewhere = SaidAlerts.Haze(3) with { Area = "lyon/centre" };
        Alert exercise = SaidAlerts.Haze(4) with { Status = AlertStatus.Exercise };
        _log.Publish(minor, elsewhere, exercise, SaidAlerts.Haze(5));
        Assert.Equal([SaidAlerts.Haze(5).Identifier], await client.IdentifiersAsync(1));
        using SseClient exercises = await SseClient.OpenAsync(_api, "?status=Exercise&standing=true", client.LastId.Split('-')[0] + "-0.0.0");
        Assert.Equal([exercise.Identifier], await exercises.IdentifiersAsync(1));
    }

    [Fact]
    public async Task An_alert_that_falls_below_the_wanted_severity_is_told_of_once_more()
    {
        using SseClient client = await (await SseClient.OpenAsync(_api, "?severity=Severe")).BegunAsync();
        Alert[] states =
        [
            SaidAlerts.Haze(1), SaidAlerts.Haze(1, 2) with { Severity = AlertSeverity.Minor }, SaidAlerts.Haze(1, 3) with { Severity = AlertSeverity.Minor },
            SaidAlerts.Haze(1, 4) with { Severity = AlertSeverity.Extreme },
        ];
        foreach (Alert state in states)
        {
            // Stored before it is published, as a node does.
            _api.Say(state);
            _log.Publish(state);
        }

        Assert.Equal([states[0].Identifier, states[1].Identifier, states[3].Identifier], await client.IdentifiersAsync(3));
    }

    [Fact]
    public async Task As_cap_it_is_the_signed_document_to_the_byte()
    {
        using System.Security.Cryptography.X509Certificates.X509Certificate2 signer = Signers.Ecdsa();
        using SseClient client = await (await SseClient.OpenAsync(_api, "?format=cap")).BegunAsync();
        _api.Say(SaidAlerts.Haze(), signer);
        _log.Publish(SaidAlerts.Haze());
        string data = (await client.NextAsync())!.Data;
        Assert.Contains('\n', data);
        Assert.Equal(_api.Store.Get("cap", SaidAlerts.Haze().Identifier)!.Value.Body.ToArray(), Encoding.UTF8.GetBytes(data));
    }

    [Fact]
    public async Task Who_may_not_read_hears_of_public_alerts_only()
    {
        await using ApiServer open = new(http => http with { Address = "0.0.0.0", TrustThisMachine = false }, feeds: feeds => feeds with { Public = true }, live: _live);
        using SseClient anonymous = await (await SseClient.OpenAsync(open)).BegunAsync();
        _log.Publish(SaidAlerts.Haze(1) with { Scope = AlertScope.Restricted }, SaidAlerts.Haze(2));
        Assert.Equal([SaidAlerts.Haze(2).Identifier], await anonymous.IdentifiersAsync(1));
    }

    [Fact]
    public async Task Who_may_not_read_is_not_told_who_of_the_staff_did_what()
    {
        await using ApiServer open = new(http => http with { Address = "0.0.0.0", TrustThisMachine = false }, feeds: feeds => feeds with { Public = true }, live: _live);
        using SseClient anonymous = await (await SseClient.OpenAsync(open)).BegunAsync();
        using SseClient staff = await (await SseClient.OpenAsync(_api)).BegunAsync();
        AlertDeed deed = new("marie", SaidAlerts.At.ToUnixTimeMilliseconds(), "on my way", AlertSeverity.Severe);
        Alert alert = SaidAlerts.Haze(1) with { Acknowledged = deed, Issued = deed, Cancelled = deed };
        _log.Publish(alert);

        string told = Encoding.UTF8.GetString(SaidAlerts.Json(alert));
        Assert.Equal(told, (await staff.NextAsync())!.Data);
        string said = (await anonymous.NextAsync())!.Data;
        Assert.DoesNotContain("marie", said, StringComparison.Ordinal);
        JsonElement known = JsonElement.Parse(Encoding.UTF8.GetBytes(told)), heard = JsonElement.Parse(Encoding.UTF8.GetBytes(said));
        Assert.Equal(["issuedBy", "acknowledgedBy", "acknowledgedNote", "cancelledBy"], known.EnumerateObject().Select(member => member.Name).Except(heard.EnumerateObject().Select(member => member.Name)));
        Assert.All(heard.EnumerateObject(), member => Assert.Equal(known.GetProperty(member.Name).GetRawText(), member.Value.GetRawText()));
    }

    [Fact]
    public async Task There_are_only_so_many_streams_and_a_place_that_is_left_can_be_taken()
    {
        await using ApiServer narrow = new(feeds: feeds => feeds with { MaxStreams = 2 }, live: _live);
        using SseClient one = await (await SseClient.OpenAsync(narrow)).BegunAsync();
        SseClient two = await (await SseClient.OpenAsync(narrow)).BegunAsync();
        using HttpResponseMessage refused = await narrow.Client.GetAsync("/feeds/stream", TestContext.Current.CancellationToken);
        Assert.Equal((HttpStatusCode.ServiceUnavailable, "5"), (refused.StatusCode, refused.Headers.RetryAfter!.ToString()));
        two.Dispose();
        await Until(() => _live.Readers == 1);
        using SseClient three = await (await SseClient.OpenAsync(narrow)).BegunAsync();
    }

    [Fact]
    public async Task Streams_take_no_connection_from_what_else_is_asked()
    {
        await using ApiServer settings = new(http => http with { Port = 0, MaxConnections = 1 }, feeds: feeds => feeds with { MaxStreams = 2 }, live: _live);
        await using WebApplication server = NodeHttp.Create(settings.Sources, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance);
        await server.StartAsync(TestContext.Current.CancellationToken);
        Uri address = new(Assert.Single(server.Urls));
        using SseClient one = await (await SseClient.OpenAsync(new HttpClient { BaseAddress = address })).BegunAsync();
        using SseClient two = await (await SseClient.OpenAsync(new HttpClient { BaseAddress = address })).BegunAsync();
        using HttpClient other = new() { BaseAddress = address };
        using HttpResponseMessage map = await other.GetAsync("/feeds/alerts.geojson", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, map.StatusCode);
        using HttpResponseMessage refused = await other.GetAsync("/feeds/stream", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
    }

    [Fact]
    public async Task Who_does_not_read_is_ended_and_gives_its_place_back()
    {
        SteppedTime time = new(ApiServer.Now);
        await using LiveAlerts live = _log.Follow(time);
        await using ApiServer api = new(time: time, live: live);
        using SseClient client = await (await SseClient.OpenAsync(api)).BegunAsync();
        _log.Publish(Enumerable.Range(0, 500).Select(number => SaidAlerts.Haze(number)));
        await RecordsHeard(live, 500);
        Assert.Equal(1, live.Readers);
        await Until(() =>
        {
            time.Advance(TimeSpan.FromSeconds(5));
            return live.Readers == 0;
        });
        Assert.Equal(1, api.Sources.Feeds.CutOff);
    }

    [Fact]
    public async Task When_the_node_stops_streams_end_with_a_reason_and_go_on_elsewhere()
    {
        using SseClient client = await (await SseClient.OpenAsync(_api)).BegunAsync();
        await _live.DisposeAsync();
        SseEvent cut = (await client.NextAsync())!;
        Assert.Equal("cut", cut.Name);
        Assert.Contains("stops", cut.Data, StringComparison.Ordinal);
        Assert.Null(await client.NextAsync());
        await _api.GetAsync("/feeds/stream", HttpStatusCode.ServiceUnavailable);
        _log.Publish(SaidAlerts.Haze());
        using SseClient elsewhere = await SseClient.OpenAsync(_other, "", client.LastId);
        Assert.Equal([SaidAlerts.Haze().Identifier], await elsewhere.IdentifiersAsync(1));
    }

    [Fact]
    public async Task A_record_that_is_no_alert_is_left_out_and_nothing_else_is_lost()
    {
        using SseClient client = await (await SseClient.OpenAsync(_api)).BegunAsync();
        _log.Publish("x", "{}"u8);
        _log.Publish("y", "\xff"u8);
        _log.Publish(SaidAlerts.Haze());
        Assert.Equal([SaidAlerts.Haze().Identifier], await client.IdentifiersAsync(1));
    }

    [Fact]
    public async Task A_quiet_stream_says_every_15_seconds_that_it_lives_and_how_far_it_is()
    {
        SteppedTime time = new(ApiServer.Now);
        await using LiveAlerts live = _log.Follow(time);
        await using ApiServer api = new(time: time, live: live);
        using SseClient client = await (await SseClient.OpenAsync(api, "?area=lyon")).BegunAsync();
        string before = client.LastId;
        _log.Publish(SaidAlerts.Haze());
        await RecordsHeard(live, 1);
        Task<SseEvent?> next = client.NextBlockAsync();
        await Until(() =>
        {
            time.Advance(TimeSpan.FromSeconds(15));
            if (next.IsCompleted && client.LastId == before)
            {
                next = client.NextBlockAsync();
            }

            return client.LastId != before;
        });
        Assert.Equal(("", ""), ((await next)!.Name, (await next)!.Data));
    }

    [Fact]
    public async Task A_position_that_the_log_no_longer_reaches_back_to_is_reset()
    {
        _api.Say(SaidAlerts.Haze(1));
        using SseClient first = await (await SseClient.OpenAsync(_api)).BegunAsync();

        // The broker keeps 5 MB of a partition.
        _log.Publish(Enumerable.Range(0, 200).Select(number => SaidAlerts.Haze(number) with { Texts = [new AlertText("en", "Haze", "Haze", new string('x', 100_000), "")] }));
        await using LiveAlerts late = _log.Follow();
        await using ApiServer third = new(store: _api.Store, live: late);
        using SseClient client = await SseClient.OpenAsync(third, "", first.LastId);
        SseEvent reset = (await client.NextAsync())!;
        Assert.Equal("reset", reset.Name);
        Assert.Contains("too old", reset.Data, StringComparison.Ordinal);
        Assert.Equal([SaidAlerts.Haze(1).Identifier], await client.IdentifiersAsync(1));
    }

    private static Task RecordsHeard(LiveAlerts live, long count) => Until(() => live.Heard >= count);

    private static Task Until(Func<bool> condition) => Records.CityRun.Until(() => Task.FromResult(condition()));
}
