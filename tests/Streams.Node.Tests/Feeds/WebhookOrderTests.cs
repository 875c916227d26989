using System.Net;
using System.Text;
using System.Text.Json;
using Streams.Node.Configuration;
using Streams.Node.Feeds.Live;
using Streams.Node.Feeds.Webhooks;
using Streams.Node.Tests.Api;
using Streams.Runtime.Audit;
using Streams.Runtime.Storage;

namespace Streams.Node.Tests.Feeds;

/// <summary>Making, showing and ending webhooks; their secrets, signatures and the addresses they may have.</summary>
public sealed class WebhookOrderTests : IAsyncDisposable
{
    private readonly ApiServer _api = new();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task A_webhook_is_made_listed_without_its_secret_and_ended_and_both_are_noted()
    {
        JsonElement made = await AddAsync("""{"name":"pager","url":"https://pager.example.org/alerts?key=1","area":"dijon","severity":"Severe"}""", HttpStatusCode.Created);
        string secret = made.GetProperty("secret").GetString()!;
        Assert.Equal(32, WebhookSecrets.BytesOf(secret)!.Length);
        JsonElement shown = Assert.Single((await _api.GetAsync("/api/v1/webhooks")).GetProperty("items").EnumerateArray());
        Assert.Equal(("pager", "json", "Actual", "dijon", "Severe"), (Text(shown, "name"), Text(shown, "format"), Text(shown, "status"), Text(shown, "area"), Text(shown, "severity")));
        Assert.False(shown.TryGetProperty("secret", out _));
        string stored = Encoding.UTF8.GetString(_api.Store.Get(WebhookBook.Collection, "pager")!.Value.Body.Span);
        Assert.DoesNotContain(secret, stored, StringComparison.Ordinal);
        Assert.DoesNotContain(secret["whsec_".Length..], stored, StringComparison.Ordinal);
        Assert.Equal("name-taken", Kind(await AddAsync("""{"name":"pager","url":"https://other.example.org/"}""", HttpStatusCode.Conflict)));
        using HttpResponseMessage ended = await _api.Client.DeleteAsync("/api/v1/webhooks/pager", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        await _api.GetAsync("/api/v1/webhooks/pager/dead-letters", HttpStatusCode.NotFound);
        using HttpResponseMessage again = await _api.Client.DeleteAsync("/api/v1/webhooks/pager", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, again.StatusCode);
        string[] deeds = [.. _api.Store.ReadAudit(new AuditQuery(OldestFirst: true)).Select(entry => Encoding.UTF8.GetString(entry.Body))];
        Assert.Equal(2, deeds.Length);
        Assert.All(deeds, deed => Assert.DoesNotContain("key=1", deed, StringComparison.Ordinal));
        Assert.Contains("webhook.add", deeds[0], StringComparison.Ordinal);
        Assert.Contains("webhook.remove", deeds[1], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"url":"https://a.example/"}""", "name")]
    [InlineData("""{"name":"Pager","url":"https://a.example/"}""", "name")]
    [InlineData("""{"name":"a"}""", "url")]
    [InlineData("""{"name":"a","url":"ftp://a.example/"}""", "url")]
    [InlineData("""{"name":"a","url":"https://user:word@a.example/"}""", "url")]
    [InlineData("""{"name":"a","url":"https://127.0.0.1/"}""", "url")]
    [InlineData("""{"name":"a","url":"http://[::1]:9000/"}""", "url")]
    [InlineData("""{"name":"a","url":"http://2130706433/"}""", "url")]
    [InlineData("""{"name":"a","url":"http://localhost/"}""", "url")]
    [InlineData("""{"name":"a","url":"http://db/"}""", "url")]
    [InlineData("""{"name":"a","url":"http://169.254.169.254/latest/meta-data"}""", "url")]
    [InlineData("""{"name":"a","url":"https://a.example/","secret":"short"}""", "secret")]
    [InlineData("""{"name":"a","url":"https://a.example/","secret":"whsec_c2hvcnQ="}""", "secret")]
    [InlineData("""{"name":"a","url":"https://a.example/","format":"xml"}""", "format")]
    [InlineData("""{"name":"a","url":"https://a.example/","format":"0"}""", "format")]
    [InlineData("""{"name":"a","url":"https://a.example/","status":"Draft"}""", "status")]
    [InlineData("""{"name":"a","url":"https://a.example/","severity":"Bad"}""", "severity")]
    [InlineData("""{"name":"a","url":"https://a.example/","area":"../x"}""", "area")]
    [InlineData("""{"name":"a","url":"https://a.example/","sevirity":"Severe"}""", "sevirity")]
    [InlineData("""{"name":"a","url":"https://a.example/","restricted":"yes"}""", "restricted")]
    [InlineData("[]", "body")]
    [InlineData("{", "body")]
    public async Task A_wrong_order_is_refused_with_what_is_allowed(string body, string at)
    {
        JsonElement problem = await AddAsync(body, HttpStatusCode.BadRequest);
        Assert.Equal(at, Assert.Single(problem.GetProperty("errors").EnumerateArray()).GetProperty("at").GetString());
        Assert.Empty(_api.Sources.Webhooks.Book.Read());
    }

    [Fact]
    public async Task Private_addresses_are_taken_where_that_is_allowed()
    {
        await using ApiServer open = new(feeds: feeds => feeds with { Webhooks = feeds.Webhooks with { AllowPrivate = true } });
        await open.PostAsync("/api/v1/webhooks", """{"name":"a","url":"http://127.0.0.1:9000/alerts"}""", "application/json", HttpStatusCode.Created);
    }

    [Fact]
    public async Task There_are_so_many_at_most_each_with_a_slot_of_its_own_and_one_that_ends_makes_room()
    {
        for (int i = 0; i < WebhookBook.Most; i++)
        {
            await AddAsync($$"""{"name":"w{{i}}","url":"https://a.example/"}""", HttpStatusCode.Created);
        }

        Assert.Equal(Enumerable.Range(1, WebhookBook.Most), _api.Sources.Webhooks.Book.Read().Select(webhook => webhook.Slot).Order());
        Assert.Equal("too-many-webhooks", Kind(await AddAsync("""{"name":"more","url":"https://a.example/"}""", HttpStatusCode.Conflict)));
        using HttpResponseMessage ended = await _api.Client.DeleteAsync("/api/v1/webhooks/w7", TestContext.Current.CancellationToken);
        await AddAsync("""{"name":"more","url":"https://a.example/"}""", HttpStatusCode.Created);
        Assert.Equal(8, _api.Sources.Webhooks.Book.Find("more")!.Slot);
    }

    /// <summary>Two nodes on one store: whoever was slower looks again.</summary>
    [Fact]
    public async Task Nodes_that_make_webhooks_at_once_make_all_of_them()
    {
        await using ApiServer other = new(store: _api.Store);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? _api : other).PostAsync("/api/v1/webhooks", $$"""{"name":"w{{i}}","url":"https://a.example/"}""", "application/json", HttpStatusCode.Created)));
        Assert.Equal(20, _api.Sources.Webhooks.Book.Read().Select(webhook => webhook.Slot).Distinct().Count());
    }

    /// <summary>The example of Standard Webhooks.</summary>
    [Fact]
    public void The_signature_is_the_standards() => Assert.Equal(
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        WebhookSender.Sign(WebhookSecrets.BytesOf(Receiver.Secret)!, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}"u8));

    [Fact]
    public void A_secret_is_opened_by_its_key_for_its_webhook_only()
    {
        WebhookSecrets secrets = new("a key of the installation");
        string closed = secrets.Seal("pager", Receiver.Secret);
        Assert.NotEqual(closed, secrets.Seal("pager", Receiver.Secret));
        Assert.Equal(WebhookSecrets.BytesOf(Receiver.Secret), secrets.Open("pager", closed));
        Assert.Null(secrets.Open("other", closed));
        Assert.Null(new WebhookSecrets("another key").Open("pager", closed));
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("93.184.216.34", true)]
    [InlineData("2606:2800:220:1::1", true)]
    [InlineData("10.1.2.3", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("127.1.2.3", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.0.1", false)]
    [InlineData("198.19.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("64:ff9b::a00:1", false)]
    [InlineData("2002:a00:1::", false)]
    [InlineData("2001::1", false)]
    [InlineData("fd00::1", false)]
    [InlineData("fe80::1", false)]
    [InlineData("ff02::1", false)]
    public void Only_addresses_of_the_internet_are_public(string address, bool isPublic) => Assert.Equal(isPublic, PublicAddresses.IsPublic(IPAddress.Parse(address)));

    [Fact]
    public async Task A_name_that_leads_to_this_machine_is_not_called()
    {
        using WebhookSender sender = new(new WebhookSettings(), _api.Store, TimeProvider.System);
        Webhook webhook = new("a", 1, new Uri("http://localhost:9/"), WebhookFormat.Json, new("Actual"), false, "", ApiServer.Now, "test");
        WebhookAnswer answer = await sender.SendAsync(webhook, WebhookSecrets.BytesOf(Receiver.Secret)!, AlertEvent.Read(0, 0, SaidAlerts.Json(SaidAlerts.Haze()))!, TestContext.Current.CancellationToken);
        Assert.Contains("no address of the internet", answer.Failure, StringComparison.Ordinal);
        using WebhookSender open = new(new WebhookSettings { AllowPrivate = true }, _api.Store, TimeProvider.System);
        answer = await open.SendAsync(webhook, WebhookSecrets.BytesOf(Receiver.Secret)!, AlertEvent.Read(0, 0, SaidAlerts.Json(SaidAlerts.Haze()))!, TestContext.Current.CancellationToken);
        Assert.DoesNotContain("no address of the internet", answer.Failure, StringComparison.Ordinal);
    }

    private Task<JsonElement> AddAsync(string body, HttpStatusCode status) => _api.PostAsync("/api/v1/webhooks", body, "application/json", status);

    private static string? Text(JsonElement element, string member) => element.GetProperty(member).GetString();

    private static string Kind(JsonElement problem) => problem.GetProperty("type").GetString()!["urn:streams:problem:".Length..];
}
