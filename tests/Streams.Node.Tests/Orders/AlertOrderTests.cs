using System.Globalization;
using System.Text;
using System.Text.Json;
using Streams.Node.Feeds;
using Streams.Node.Tests.Records;
using Streams.Runtime.Audit;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Node.Tests.Orders;

/// <summary>What people say about alerts, by HTTP on a running node, and what the audit chain keeps of it.</summary>
public sealed class AlertOrderTests(QuietNode node) : IClassFixture<QuietNode>
{
    private const string Fire = """
        {"area":"AREA","category":["Fire"],"responseType":["Shelter"],"urgency":"Immediate","severity":"Severe","certainty":"Observed",
         "info":[{"language":"fr-FR","event":"Incendie","headline":"Incendie rue Haute","description":"Un entrepôt brûle.","instruction":"Fermez les fenêtres."}]}
        """;

    private static string FireIn(string area) => Fire.Replace("AREA", area, StringComparison.Ordinal);

    private static string Content(string severity = "Extreme") => Fire.Replace("\"area\":\"AREA\",", "", StringComparison.Ordinal).Replace("\"Severe\"", $"\"{severity}\"", StringComparison.Ordinal);

    private JsonElement[] Entries(string subject) =>
    [
        .. node.Node.Store.ReadAudit(new AuditQuery(OldestFirst: true, Limit: 1_000)).Select(entry => JsonDocument.Parse(entry.Body).RootElement)
            .Where(entry => entry.GetProperty("subject").GetString() == subject),
    ];

    private static string Told(JsonElement entry) => $"{entry.GetProperty("actor").GetProperty("name")} {entry.GetProperty("action")} {entry.GetProperty("outcome")} {entry.GetProperty("reason")}".Trim();

    [Fact]
    public async Task An_alert_is_issued_said_anew_acknowledged_and_cancelled()
    {
        (int status, JsonElement alert, Uri? location) = await node.SendAsync(HttpMethod.Post, "/api/v1/alerts", FireIn("dijon/dijon/centre-ville"));
        Assert.Equal(201, status);
        string id = alert.GetProperty("id").GetString()!;
        Assert.StartsWith("dijon.dijon.centre-ville.issued.", id, StringComparison.Ordinal);
        Assert.Equal(("active", "issued", "local"), (alert.GetProperty("state").GetString(), alert.GetProperty("rule").GetString(), alert.GetProperty("issuedBy").GetString()));
        Assert.Equal(id, (await node.GetAsync(location!.OriginalString)).GetProperty("id").GetString());
        Assert.Contains(id, (await node.GetAsync("/api/v1/alerts?state=active&area=dijon/dijon")).GetRawText(), StringComparison.Ordinal);

        (status, alert, _) = await node.SendAsync(HttpMethod.Put, "/api/v1/alerts/" + id, Content());
        Assert.Equal((200, "Update", 2), (status, alert.GetProperty("msgType").GetString(), alert.GetProperty("revision").GetInt32()));
        Assert.StartsWith($"{alert.GetProperty("sender")},{id}.1,", alert.GetProperty("references")[0].GetString(), StringComparison.Ordinal);

        (status, alert, _) = await node.SendAsync(HttpMethod.Post, $"/api/v1/alerts/{id}/acknowledge", """{"note":"on my way"}""");
        Assert.Equal((200, "acknowledged", "local", "on my way"), (status, alert.GetProperty("state").GetString(), alert.GetProperty("acknowledgedBy").GetString(), alert.GetProperty("acknowledgedNote").GetString()));
        (status, JsonElement problem, _) = await node.SendAsync(HttpMethod.Post, $"/api/v1/alerts/{id}/acknowledge");
        Assert.Equal((409, "urn:streams:problem:already-acknowledged"), (status, problem.GetProperty("type").GetString()));

        (status, _, _) = await node.SendAsync(HttpMethod.Post, $"/api/v1/alerts/{id}/cancel", "{}");
        Assert.Equal(422, status);
        (status, alert, _) = await node.SendAsync(HttpMethod.Post, $"/api/v1/alerts/{id}/cancel", """{"reason":"false alarm"}""");
        Assert.Equal((200, "Cancel", "cancelled", "false alarm"), (status, alert.GetProperty("msgType").GetString(), alert.GetProperty("state").GetString(), alert.GetProperty("cancelReason").GetString()));
        (status, problem, _) = await node.SendAsync(HttpMethod.Post, $"/api/v1/alerts/{id}/cancel", """{"reason":"again"}""");
        Assert.Equal((409, "urn:streams:problem:alert-not-standing"), (status, problem.GetProperty("type").GetString()));

        Assert.Equal(
            [
                "local alert.issue done", "local alert.update done", "local alert.acknowledge done on my way",
                $"local alert.acknowledge refused {id} was acknowledged by local at {alert.GetProperty("acknowledgedAt").GetString()}.", "local alert.cancel done false alarm",
                $"local alert.cancel refused {id} does not stand in dijon/dijon/centre-ville: it is over, an alert of the area above speaks for it, or there is none such.",
            ],
            Entries("alert:" + id).Select(Told));
        await ChainIsWholeAsync();
    }

    [Fact]
    public async Task One_may_be_private_and_in_a_circle_and_nobody_hears_of_it_who_may_not_read()
    {
        string body = FireIn("dijon/quetigny").Replace("\"category\"", "\"scope\":\"Private\",\"addresses\":[\"ops@city.example\",\"the mayor\"],\"circle\":\"47.31,5.11 0.5\",\"category\"", StringComparison.Ordinal);
        (int status, JsonElement alert, _) = await node.SendAsync(HttpMethod.Post, "/api/v1/alerts", body);
        Assert.Equal((201, "Private", 2), (status, alert.GetProperty("scope").GetString(), alert.GetProperty("addresses").GetArrayLength()));
        Assert.Equal("47.31,5.11 0.5", alert.GetProperty("info")[0].GetProperty("area")[0].GetProperty("circle")[0].GetString());

        // What it says to some, an update may say to all; the other way round it may not, nor make an exercise of it.
        string path = $"/api/v1/alerts/{alert.GetProperty("id").GetString()}";
        (status, JsonElement changed, _) = await node.SendAsync(HttpMethod.Put, path, body.Replace("\"area\":\"dijon/quetigny\",", "", StringComparison.Ordinal).Replace("\"scope\"", "\"status\":\"Exercise\",\"scope\"", StringComparison.Ordinal));
        Assert.Equal((409, "urn:streams:problem:status-changes"), (status, changed.GetProperty("type").GetString()));

        // The document was made and kept with the decision.
        Document document = node.Node.Store.Get(CapIssuer.Collection, alert.GetProperty("identifier").GetString()!)!.Value;
        Assert.Equal("Private", document.State);
        Assert.Contains("<circle>47.31,5.11 0.5</circle>", Encoding.UTF8.GetString(document.Body.Span), StringComparison.Ordinal);
        Assert.Contains("<addresses>ops@city.example \"the mayor\"</addresses>", Encoding.UTF8.GetString(document.Body.Span), StringComparison.Ordinal);

        (status, JsonElement problem, _) = await node.SendAsync(HttpMethod.Post, "/api/v1/alerts", body.Replace("Private", "Public", StringComparison.Ordinal).Replace("5.11 0.5", "5.11", StringComparison.Ordinal));
        Assert.Equal(422, status);
        Assert.Equal(["addresses", "circle"], problem.GetProperty("errors").EnumerateArray().Select(each => each.GetProperty("at").GetString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_a_rule_raised_is_acknowledged_and_cancelled_and_the_area_answers_for_the_rest()
    {
        const string area = "dijon/dijon/gresilles";
        string id = "";
        await GasAsync("gas-1", area, 40, minutesAgo: 20);
        await CityRun.Until(async () => (id = (await node.GetAsync($"/api/v1/alerts?area={area}")).GetProperty("items").EnumerateArray().Where(alert => alert.GetProperty("rule").GetString() == "gas-leak")
            .Select(alert => alert.GetProperty("id").GetString()!).FirstOrDefault("")).Length > 0);
        (int status, _, _) = await node.SendAsync(HttpMethod.Put, "/api/v1/alerts/" + id, Content());
        Assert.Equal(409, status);
        (status, JsonElement alert, _) = await node.SendAsync(HttpMethod.Post, $"/api/v1/alerts/{id}/acknowledge", """{"note":null}""");
        Assert.Equal((200, "acknowledged", "Update"), (status, alert.GetProperty("state").GetString(), alert.GetProperty("msgType").GetString()));

        // A second detector makes it graver, once it is known that the first went on: somebody is asked again.
        await GasAsync("gas-2", area, 40, minutesAgo: 15);
        double minutesAgo = 15;
        await CityRun.Until(async () =>
        {
            minutesAgo = Math.Max(1, minutesAgo - 1);
            await GasAsync("gas-1", area, 40, minutesAgo);
            await GasAsync("gas-2", area, 40, minutesAgo);
            JsonElement now = await node.GetAsync("/api/v1/alerts/" + id);
            return now.GetProperty("state").GetString() == "active" && now.GetProperty("info")[0].GetProperty("severity").GetString() == "Extreme";
        });
        (status, alert, _) = await node.SendAsync(HttpMethod.Post, $"/api/v1/alerts/{id}/cancel", """{"reason":"a drill of the gas works"}""");
        Assert.Equal((200, "cancelled"), (status, alert.GetProperty("state").GetString()));
        await GasAsync("gas-1", area, 41, minutesAgo: 0);
        await CityRun.Until(() => Task.FromResult(node.Node.View.Shards().All(shard => shard.Lag == 0)));
        Assert.Equal("cancelled", (await node.GetAsync("/api/v1/alerts/" + id)).GetProperty("state").GetString());

        Assert.Equal(
            [
                $"area:{area} alert.raise done", $"local alert.update refused {id} was raised by a rule and says what devices say; only an issued alert can be updated.",
                "local alert.acknowledge done", $"area:{area} alert.update done", "local alert.cancel done a drill of the gas works",
            ],
            Entries("alert:" + id).Select(Told));
        Assert.Equal(["actor", "machine", "machine", "actor", "machine"], Entries("alert:" + id).Select(entry => entry.GetProperty("actor").GetProperty("source").GetString()));
        await ChainIsWholeAsync();
    }

    [Fact]
    public async Task The_same_request_under_the_same_key_is_done_once_and_another_is_refused()
    {
        string body = FireIn("dijon/chenove");
        (int status, JsonElement first, _) = await node.SendAsync(HttpMethod.Post, "/api/v1/alerts", body, headers: ["Idempotency-Key", "k-1"]);
        (int again, JsonElement second, Uri? location) = await node.SendAsync(HttpMethod.Post, "/api/v1/alerts", body, headers: ["Idempotency-Key", "k-1"]);
        Assert.Equal((201, 201, first.GetProperty("id").GetString()), (status, again, second.GetProperty("id").GetString()));
        Assert.EndsWith(first.GetProperty("id").GetString()!, location!.OriginalString, StringComparison.Ordinal);
        (status, JsonElement problem, _) = await node.SendAsync(HttpMethod.Post, "/api/v1/alerts", body.Replace("Severe", "Minor", StringComparison.Ordinal), headers: ["Idempotency-Key", "k-1"]);
        Assert.Equal((422, "urn:streams:problem:idempotency-key-reused"), (status, problem.GetProperty("type").GetString()));
        (status, _, _) = await node.SendAsync(HttpMethod.Post, "/api/v1/alerts", body, headers: ["Idempotency-Key", new string('k', 201)]);
        Assert.Equal(400, status);
        string id = first.GetProperty("id").GetString()!;
        for (int i = 0; i < 2; i++)
        {
            (status, JsonElement cancelled, _) = await node.SendAsync(HttpMethod.Post, $"/api/v1/alerts/{id}/cancel", """{"reason":"r"}""", headers: ["Idempotency-Key", "k-2"]);
            Assert.Equal((200, 2), (status, cancelled.GetProperty("revision").GetInt32()));
        }

        Assert.Equal(1, (await node.GetAsync("/api/v1/alerts?area=dijon/chenove")).GetProperty("items").GetArrayLength());
    }

    [Theory]
    [InlineData("""{"area":"dijon"}""", "category")]
    [InlineData("""{"category":["Fire"]}""", "area")]
    [InlineData("""{"area":"Dijon"}""", "area")]
    [InlineData("""{"area":"\ud800"}""", "area")]
    public async Task What_is_wrong_is_told_all_of_it(string body, string at)
    {
        (int status, JsonElement problem, _) = await node.SendAsync(HttpMethod.Post, "/api/v1/alerts", body);
        Assert.Equal(422, status);
        Assert.Contains(at, problem.GetProperty("errors").EnumerateArray().Select(each => each.GetProperty("at").GetString()));
        Assert.True(problem.GetProperty("errors").GetArrayLength() > 3);
    }

    [Fact]
    public async Task What_has_expired_what_is_nowhere_and_what_is_no_JSON_are_refused()
    {
        (int status, JsonElement problem, _) = await node.SendAsync(HttpMethod.Post, "/api/v1/alerts", FireIn("dijon").Replace("\"category\"", "\"expires\":\"2020-01-01T00:00:00Z\",\"category\"", StringComparison.Ordinal));
        Assert.Equal((422, "expires"), (status, problem.GetProperty("errors")[0].GetProperty("at").GetString()));
        Assert.Equal(404, (await node.SendAsync(HttpMethod.Post, "/api/v1/alerts", FireIn("atlantis"))).Status);
        Assert.Equal(404, (await node.SendAsync(HttpMethod.Post, "/api/v1/alerts/none/cancel", """{"reason":"r"}""")).Status);
        Assert.Equal(404, (await node.SendAsync(HttpMethod.Put, "/api/v1/alerts/none", Content())).Status);
        Assert.Equal(400, (await node.SendAsync(HttpMethod.Post, "/api/v1/alerts", "[]")).Status);
        Assert.Equal(400, (await node.SendAsync(HttpMethod.Post, "/api/v1/alerts", """{"\ud800":1}""")).Status);
        Assert.Equal(415, (await node.SendAsync(HttpMethod.Post, "/api/v1/alerts", "{}", "text/plain")).Status);
        Assert.Equal(413, (await node.SendAsync(HttpMethod.Post, "/api/v1/alerts", new string(' ', 40_000))).Status);
    }

    [Fact]
    public async Task Whoever_is_bound_to_an_area_acts_there_only()
    {
        (int status, JsonElement made, _) = await node.SendAsync(HttpMethod.Post, "/api/v1/tokens", """{"name":"quetigny","roles":["operator"],"area":"dijon/quetigny"}""");
        Assert.Equal(201, status);
        string[] token = ["Authorization", "Bearer " + made.GetProperty("token").GetString()];
        (status, JsonElement alert, _) = await node.SendAsync(HttpMethod.Post, "/api/v1/alerts", FireIn("dijon/quetigny"), headers: token);
        Assert.Equal((201, "quetigny"), (status, alert.GetProperty("issuedBy").GetString()));
        Assert.Equal(403, (await node.SendAsync(HttpMethod.Post, "/api/v1/alerts", FireIn("dijon"), headers: token)).Status);
        (_, JsonElement other, _) = await node.SendAsync(HttpMethod.Post, "/api/v1/alerts", FireIn("dijon/talant"));
        Assert.Equal(403, (await node.SendAsync(HttpMethod.Post, $"/api/v1/alerts/{other.GetProperty("id")}/cancel", """{"reason":"r"}""", headers: token)).Status);
        Assert.Equal(200, (await node.SendAsync(HttpMethod.Post, $"/api/v1/alerts/{alert.GetProperty("id")}/cancel", """{"reason":"r"}""", headers: token)).Status);
        Assert.Equal("""["operator"]""", Entries("alert:" + alert.GetProperty("id"))[0].GetProperty("actor").GetProperty("roles").GetRawText());
    }

    [Fact]
    public async Task An_order_on_the_topic_that_is_none_goes_to_the_dead_letters_with_the_reason()
    {
        const string area = "dijon/ahuy";
        int partitions = node.Node.Log.PartitionsOf("city.observations");
        System.Buffers.ArrayBufferWriter<byte> headers = new();
        (string, string)[] pairs = [("ce_specversion", "1.0"), ("ce_id", "x-1"), ("ce_source", "/t"), ("ce_type", "streams.area.forget"), ("content-type", "application/json")];
        HeaderBlock.Begin(headers, pairs.Length);
        foreach ((string name, string value) in pairs)
        {
            HeaderBlock.Add(headers, Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(value));
        }

        using (ILogWriter writer = node.Node.Log.CreateWriter("orders-test", lingerInMs: 0))
        {
            writer.Send(
                new OutgoingRecord { Topic = "city.observations", Partition = Partitioner.PartitionOf(Encoding.UTF8.GetBytes(area), partitions), Key = Encoding.UTF8.GetBytes(area), Value = "{}"u8, Headers = headers.WrittenSpan },
                new Ignored());
            Assert.True(writer.Flush(TimeSpan.FromSeconds(30)));
        }

        await CityRun.Until(async () => (await node.GetAsync("/api/v1/dead-letters?reason=unknown_order")).GetProperty("items").GetArrayLength() == 1);
    }

    private async Task GasAsync(string device, string area, double methane, double minutesAgo)
    {
        string time = TimeProvider.System.GetUtcNow().AddMinutes(-minutesAgo).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        string body = string.Create(CultureInfo.InvariantCulture, $$$"""{"deviceId":"{{{device}}}","time":"{{{time}}}","type":"gas_detector","area":"{{{area}}}","metrics":{"methane":{{{methane}}}}}""");
        Assert.Equal(202, (await node.SendAsync(HttpMethod.Post, "/api/v1/readings", body)).Status);
    }

    private async Task ChainIsWholeAsync()
    {
        AuditWalk walk = new(node.Node.Store.ReadAuditChain());
        foreach (AuditEntry entry in node.Node.Store.ReadAudit(new AuditQuery(OldestFirst: true, Limit: 1_001)).Where(entry => entry.Link.Number <= node.Node.Store.ReadAuditChain().Head.Number))
        {
            using JsonDocument body = JsonDocument.Parse(entry.Body);
            if (walk.Step(body.RootElement) is { } broken)
            {
                Assert.Fail(broken);
            }
        }

        await CityRun.Until(() => Task.FromResult(node.Node.Store.ReadAuditChain() is var chain && chain.PublishedThrough == chain.Head.Number));
    }

    private sealed class Ignored : IDelivery
    {
        public void Delivered()
        {
        }

        public void Failed(string reason, bool fatal) => throw new InvalidOperationException(reason);
    }
}
