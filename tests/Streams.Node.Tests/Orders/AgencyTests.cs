using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Domain.Cap;
using Streams.Node.Actors;
using Streams.Node.Configuration;
using Streams.Node.Feeds;
using Streams.Node.Tests.Configuration;
using Streams.Node.Tests.Feeds;
using Streams.Node.Tests.Records;
using Streams.Runtime.Audit;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Node.Tests.Orders;

/// <summary>CAP documents of other agencies, over HTTP and from the topic, on a running node.</summary>
public sealed class AgencyTests(QuietNode node) : IClassFixture<QuietNode>
{
    private const string Media = "application/cap+xml";

    private static int s_last;

    private static CapAlert Flood(string? sender = null, AlertStatus status = AlertStatus.Actual, CapMessageType type = CapMessageType.Alert, params CapAlert[] references) => new()
    {
        Identifier = $"flood.{Interlocked.Increment(ref s_last)}",
        Sender = sender ?? $"rivers{Interlocked.Increment(ref s_last)}@agency.example",
        Sent = DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()),
        Status = status,
        MessageType = type,
        Note = status == AlertStatus.Exercise ? "A drill." : null,
        References = CapList.From(references.Select(each => new CapReference(each.Sender, each.Identifier, each.Sent))),
        Infos =
        [
            new CapInfo
            {
                Language = "en", Categories = [AlertCategory.Met], Event = "Flood warning", Urgency = AlertUrgency.Immediate, Severity = AlertSeverity.Severe, Certainty = AlertCertainty.Likely,
                Headline = "The Ouche rises", Areas = [new CapArea { Description = "Port du Canal", Circles = [new CapCircle(new CapPoint(47.32m, 5.045m), 0.2m)] }],
            },
        ],
    };

    private static string Xml(CapAlert alert) => Encoding.UTF8.GetString(CapWriter.Write(alert).Bytes!);

    private Task<(int Status, JsonElement Body, Uri? Location)> PostAsync(string xml, string media = Media) => node.SendAsync(HttpMethod.Post, "/api/v1/cap", xml, media);

    [Fact]
    public async Task A_document_is_received_once_and_given_back_byte_for_byte()
    {
        // As no writer of ours would write it: every byte counts.
        string xml = Xml(Flood()).Replace("  <", "\t<", StringComparison.Ordinal);
        (int status, JsonElement message, Uri? location) = await PostAsync(xml);
        Assert.Equal(201, status);
        Assert.Equal(("standing", "none", "flood", 1), (message.GetProperty("state").GetString(), message.GetProperty("signature").GetString(), message.GetProperty("hazard").GetString(), message.GetProperty("revision").GetInt32()));
        Assert.Equal("dijon/dijon/centre-ville", message.GetProperty("areas")[0].GetString());
        Assert.Equal(message.GetRawText(), (await node.GetAsync(location!.OriginalString)).GetRawText());
        Assert.Equal(xml, await node.Client.GetStringAsync(location.OriginalString + ".xml", TestContext.Current.CancellationToken));

        (status, JsonElement again, Uri? same) = await PostAsync(xml, "application/xml");
        Assert.Equal((200, location, message.GetProperty("received").GetString()), (status, same, again.GetProperty("received").GetString()));
        Assert.Contains(message.GetProperty("id").GetString()!, (await node.GetAsync("/api/v1/cap?state=standing&area=dijon/dijon")).GetRawText(), StringComparison.Ordinal);

        string subject = "cap:" + message.GetProperty("id").GetString();
        string[] deeds =
        [
            .. node.Node.Store.ReadAudit(new AuditQuery(OldestFirst: true, Limit: 1_000)).Select(entry => JsonDocument.Parse(entry.Body).RootElement)
                .Where(entry => entry.GetProperty("subject").GetString() == subject)
                .Select(entry => $"{entry.GetProperty("actor").GetProperty("name")} {entry.GetProperty("action")}"),
        ];
        Assert.Equal(["local cap.send", $"agency:{message.GetProperty("sender")} cap.receive"], deeds);
    }

    [Fact]
    public async Task Updates_and_cancellations_change_what_they_refer_to_and_what_is_not_known_is_flagged()
    {
        CapAlert first = Flood();
        CapAlert second = Flood(first.Sender, type: CapMessageType.Update, references: first);
        (_, JsonElement message, Uri? location) = await PostAsync(Xml(first));
        (int status, JsonElement update, _) = await PostAsync(Xml(second));
        Assert.Equal((201, 2, message.GetProperty("id").GetString()), (status, update.GetProperty("revision").GetInt32(), update.GetProperty("story").GetString()));
        Assert.Equal("superseded", (await node.GetAsync(location!.OriginalString)).GetProperty("state").GetString());
        (_, JsonElement cancel, _) = await PostAsync(Xml(Flood(first.Sender, type: CapMessageType.Cancel, references: [second, Flood(first.Sender)])));
        Assert.Equal(("noted", 1, 2), (cancel.GetProperty("state").GetString(), cancel.GetProperty("unknownReferences").GetArrayLength(), cancel.GetProperty("references").GetArrayLength()));
        Assert.Equal("cancelled", (await node.GetAsync("/api/v1/cap/" + update.GetProperty("id").GetString())).GetProperty("state").GetString());
    }

    [Fact]
    public async Task Of_one_sender_only_its_own_are_listed_page_by_page()
    {
        CapAlert[] alerts = [Flood(), Flood()];
        alerts = [.. alerts, Flood(alerts[0].Sender), Flood(alerts[0].Sender, AlertStatus.Exercise)];
        Assert.All(await Task.WhenAll(alerts.Select(alert => PostAsync(Xml(alert)))), answer => Assert.Equal(201, answer.Status));
        string list = "/api/v1/cap?limit=1&sender=" + Uri.EscapeDataString(alerts[0].Sender);

        JsonElement first = await node.GetAsync(list);
        JsonElement second = await node.GetAsync(list + "&after=" + first.GetProperty("next").GetString());

        Assert.Equal(JsonValueKind.Null, second.GetProperty("next").ValueKind);
        Assert.Equal(
            new[] { alerts[0], alerts[2] }.Select(AgencyMessage.IdOf).Order(StringComparer.Ordinal),
            new[] { first, second }.Select(page => Assert.Single(page.GetProperty("items").EnumerateArray()).GetProperty("id").GetString()!).Order(StringComparer.Ordinal));
        Assert.Empty((await node.GetAsync("/api/v1/cap?sender=nobody")).GetProperty("items").EnumerateArray());
        Assert.Equal(400, (await node.SendAsync(HttpMethod.Get, "/api/v1/cap?sender=two%20words")).Status);
    }

    [Fact]
    public async Task Exercises_are_shown_only_where_they_are_asked_for()
    {
        (int status, JsonElement message, _) = await PostAsync(Xml(Flood(status: AlertStatus.Exercise)));
        Assert.Equal(201, status);
        string id = message.GetProperty("id").GetString()!;
        Assert.DoesNotContain(id, (await node.GetAsync("/api/v1/cap")).GetRawText(), StringComparison.Ordinal);
        Assert.Contains(id, (await node.GetAsync("/api/v1/cap?status=Exercise")).GetRawText(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_concerns_the_city_becomes_an_incident_of_its_playbook_and_an_exercise_one_of_its_own()
    {
        (_, JsonElement real, _) = await PostAsync(Xml(Flood()));
        (_, JsonElement drill, _) = await PostAsync(Xml(Flood(status: AlertStatus.Exercise)));
        foreach ((JsonElement message, string status) in new[] { (real, "Actual"), (drill, "Exercise") })
        {
            string alert = "cap." + message.GetProperty("id").GetString();
            await CityRun.Until(async () =>
            {
                foreach (JsonElement incident in (await node.GetAsync("/api/v1/incidents?hazard=flood")).GetProperty("items").EnumerateArray())
                {
                    JsonElement whole = await node.GetAsync("/api/v1/incidents/" + incident.GetProperty("id").GetString());
                    if (whole.GetProperty("status").GetString() == status && whole.GetProperty("alerts").GetRawText().Contains(alert, StringComparison.Ordinal))
                    {
                        return true;
                    }
                }

                return false;
            });
        }
    }

    [Fact]
    public async Task What_is_not_CAP_is_refused_with_every_reason()
    {
        string xml = Xml(Flood()).Replace("<urgency>Immediate</urgency>", "<urgency>Now</urgency>", StringComparison.Ordinal).Replace("47.32,5.045 0.2", "147.32,5.045 x", StringComparison.Ordinal);
        (int status, JsonElement problem, _) = await PostAsync(xml);
        Assert.Equal((422, 3), (status, problem.GetProperty("errors").GetArrayLength()));
        Assert.Contains(problem.GetProperty("errors").EnumerateArray(), each => each.GetProperty("at").GetString() == "/alert/info/urgency");
        Assert.Equal(422, (await PostAsync("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>")).Status);
        Assert.Equal(422, (await PostAsync("")).Status);
        Assert.Equal(415, (await PostAsync(xml, "application/json")).Status);
        Assert.Equal(413, (await PostAsync(new string(' ', 1_000_000))).Status);
        Assert.Equal(404, (await node.SendAsync(HttpMethod.Get, "/api/v1/cap/none")).Status);
        Assert.Equal(404, (await node.SendAsync(HttpMethod.Get, "/api/v1/cap/none.xml")).Status);
    }

    [Fact]
    public async Task The_topic_is_another_way_in_and_what_is_refused_there_is_a_dead_letter()
    {
        CapAlert alert = Flood();
        int partitions = node.Node.Log.PartitionsOf("city.cap");
        using (ILogWriter writer = node.Node.Log.CreateWriter("agency-test", lingerInMs: 0))
        {
            // Under a key that is not the sender's: forwarded.
            Send(writer, "somebody", CapWriter.Write(alert).Bytes!);
            Send(writer, alert.Sender, "<x/>"u8.ToArray());
            Assert.True(writer.Flush(TimeSpan.FromSeconds(30)));
        }

        await CityRun.Until(async () => (await node.SendAsync(HttpMethod.Get, "/api/v1/cap/" + AgencyMessage.IdOf(alert))).Status == 200);
        await CityRun.Until(async () => (await node.GetAsync("/api/v1/dead-letters?reason=cap_not_an_alert")).GetProperty("items").GetArrayLength() == 1);

        void Send(ILogWriter writer, string key, byte[] value) => writer.Send(
            new OutgoingRecord { Topic = "city.cap", Partition = Partitioner.PartitionOf(Encoding.UTF8.GetBytes(key), partitions), Key = Encoding.UTF8.GetBytes(key), Value = value },
            new Ignored());
    }

    [Fact]
    public async Task A_token_of_an_agency_sends_and_does_nothing_else()
    {
        (_, JsonElement made, _) = await node.SendAsync(HttpMethod.Post, "/api/v1/tokens", """{"name":"rivers","roles":["agency"]}""");
        string[] token = ["Authorization", "Bearer " + made.GetProperty("token").GetString()];
        Assert.Equal(201, (await node.SendAsync(HttpMethod.Post, "/api/v1/cap", Xml(Flood()), Media, token)).Status);
        Assert.Equal(403, (await node.SendAsync(HttpMethod.Get, "/api/v1/cap", headers: token)).Status);
        Assert.Equal(403, (await node.SendAsync(HttpMethod.Post, "/api/v1/alerts/x/cancel", """{"reason":"r"}""", headers: token)).Status);
    }

    [Theory]
    [InlineData(UnsignedCap.Accept, false, false, "none")]
    [InlineData(UnsignedCap.Refuse, false, false, "unsigned")]
    [InlineData(UnsignedCap.Refuse, true, true, "good")]
    [InlineData(UnsignedCap.Accept, true, false, "certificate-not-trusted")]
    public void A_signature_counts_as_the_city_has_said(UnsignedCap unsigned, bool isSigned, bool isTrusted, string expected)
    {
        using var signer = Signers.Ecdsa();
        byte[] document = CapWriter.Write(Flood()).Bytes!;
        document = isSigned ? CapSigner.Sign(document, signer) : document;
        CapInlet inlet = new(new CapSettings { Unsigned = unsigned, Trust = isTrusted ? [signer] : [] }, []);
        CapJudgement judgement = inlet.Judge(document, Signers.Now.ToUnixTimeMilliseconds());
        Assert.Equal(expected, judgement.Alert is null ? Assert.Single(judgement.Refusals).Rule : judgement.Signature);

        // One byte of a text changed makes any signature bad.
        if (isTrusted)
        {
            byte[] changed = Encoding.UTF8.GetBytes(Encoding.UTF8.GetString(document).Replace("Ouche", "Seine", StringComparison.Ordinal));
            Assert.Contains(inlet.Judge(changed, Signers.Now.ToUnixTimeMilliseconds()).Refusals, refusal => refusal.At == "signature");
        }
    }

    [Theory]
    [InlineData("Flood warning", "", "flood")]
    [InlineData("Floodlights out", "", "storm")]
    [InlineData("High water", "FLW", "river")]
    [InlineData("flash FLOOD", "flw", "river")]
    public void A_code_says_more_than_words_and_words_more_than_a_category(string name, string code, string expected)
    {
        CapInlet inlet = new(
            new CapSettings { Hazards = ImmutableSortedDictionary<string, string>.Empty.Add("flood", "flood").Add("FLW", "river").Add("met", "storm") }, []);
        CapAlert alert = Flood();
        CapInfo info = alert.Infos[0] with { Event = name, EventCodes = code.Length == 0 ? [] : [new CapValue("EC", code)] };
        Assert.Equal(expected, inlet.HazardOf(alert with { Infos = [info] }));
        Assert.Equal("", inlet.HazardOf(alert with { Infos = [info with { Event = "Tide", Categories = [AlertCategory.Geo], EventCodes = [] }] }));
    }

    [Theory]
    [InlineData("cap: { unsigned: maybe }", "node.yaml:1:18: cap.unsigned is maybe")]
    [InlineData("cap: { trust: nowhere.pem }", "node.yaml:1:15: cap.trust can't be read")]
    [InlineData("cap: { trust: device-types.yaml }", "node.yaml:1:15: cap.trust holds no certificate")]
    [InlineData("cap: { hazards: { flood: Flood } }", "node.yaml:1:26: cap.hazards.flood is Flood; allowed: a playbook's name")]
    [InlineData("cap: { hazards: { flood: flod } }", "node.yaml: cap.hazards.flood is flod, which is no playbook")]
    public void A_fault_in_the_configuration_is_told_with_its_place(string yaml, string expected)
    {
        using ConfigurationFolder folder = new("node.yaml", yaml);
        Assert.StartsWith(expected, folder.Fault(), StringComparison.Ordinal);
    }

    private sealed class Ignored : IDelivery
    {
        public void Delivered()
        {
        }

        public void Failed(string reason, bool fatal) => throw new InvalidOperationException(reason);
    }
}
