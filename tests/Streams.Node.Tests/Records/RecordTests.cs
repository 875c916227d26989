using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Streams.Domain.Alerts;
using Streams.Domain.Detection;
using Streams.Domain.Readings;
using Streams.Node.Configuration;
using Streams.Node.Tests.Api.Description;
using Streams.Tests;

namespace Streams.Node.Tests.Records;

/// <summary>What a node that has lived through some hours of a city wrote and answers, each against its schema.</summary>
public sealed class RecordTests(CityRun city)
{
    /// <summary>Every so many of the hundred thousand aggregates; all of the others.</summary>
    private const int AggregateStep = 17;

    [Theory]
    [InlineData(TopicSettings.Aggregates, "aggregate", "event-headers", 2_000)]
    [InlineData(TopicSettings.Anomalies, "anomaly", "event-headers", 10)]
    [InlineData(TopicSettings.Alerts, "alert", "event-headers", 10)]
    [InlineData(TopicSettings.Incidents, "incident", "event-headers", 10)]
    [InlineData(TopicSettings.Commands, "command", "event-headers", 10)]
    [InlineData(TopicSettings.DeadLetters, "", "dead-letter-headers", 6)]
    public async Task Every_record_fits_its_schema(string topic, string schema, string headers, int atLeast)
    {
        SchemaChecks checks = SchemaChecks.Require();
        TopicSchemas.AddTo(checks);
        IReadOnlyList<Heard> records = (await city.Lived).Of(topic);
        Heard[] sample = [.. records.Where((_, index) => topic != TopicSettings.Aggregates || index % AggregateStep == 0)];
        Assert.InRange(sample.Length, atLeast, int.MaxValue);
        foreach (Heard record in sample)
        {
            checks.Fits(TopicSchemas.Of(headers), record.HeadersJson);
            if (schema.Length > 0)
            {
                checks.Fits(TopicSchemas.Of(schema), record.Text);
            }
        }
    }

    /// <summary>As strictly as events that come in are judged, and by the standard's own schema.</summary>
    [Fact]
    public async Task Every_record_is_a_valid_cloud_event()
    {
        SchemaChecks checks = SchemaChecks.Require();
        checks.AddFile(RecordedData.Require("conformance", "cloudevents", "schemas", "cloudevents.json"), "cloudevents", "draft-07");
        await city.Lived;
        Heard[] said = [.. city.Records.Where((each, index) => each.Topic != city.Configuration.Topics[TopicSettings.Readings].Name && index % 7 == 0)];
        Assert.InRange(said.Length, 1_000, int.MaxValue);
        foreach (Heard record in said)
        {
            Assert.Null(FaultOf(record));
            JsonObject one = new(record.Headers.Where(each => each.Key.StartsWith("ce_", StringComparison.Ordinal)).Select(each => KeyValuePair.Create(each.Key[3..], (JsonNode?)each.Value)));
            checks.Fits("cloudevents", one.ToJsonString());
        }

        static Refusal? FaultOf(Heard record)
        {
            CloudEventAttributes attributes = new("ce_");
            foreach ((string name, string value) in record.Headers.Where(each => each.Key.StartsWith("ce_", StringComparison.Ordinal)))
            {
                attributes.Take(Encoding.UTF8.GetBytes(name[3..]), Encoding.UTF8.GetBytes(value));
            }

            return attributes.Fault;
        }
    }

    [Fact]
    public async Task Readings_of_the_simulator_fit_theirs()
    {
        SchemaChecks checks = SchemaChecks.Require();
        TopicSchemas.AddTo(checks);
        string[] sample = [.. (await city.Lived).Readings.Where((_, index) => index % 40 == 0)];
        Assert.InRange(sample.Length, 1_000, int.MaxValue);
        Assert.All(sample, reading => checks.Fits(TopicSchemas.Of("reading"), reading));
    }

    [Fact]
    public async Task The_key_is_what_the_event_is_about()
    {
        await city.Lived;
        Assert.All(city.Of(TopicSettings.Aggregates), each => Assert.Equal(each.Headers["ce_subject"], $"{each.Headers["ce_subject"].Split(':')[0]}:{each.Key}"));
        Assert.All(city.Of(TopicSettings.Anomalies).Concat(city.Of(TopicSettings.Alerts)), each => Assert.Equal(each.Headers["ce_subject"], each.Key));
        foreach (string topic in new[] { TopicSettings.Aggregates, TopicSettings.Anomalies, TopicSettings.Alerts, TopicSettings.DeadLetters })
        {
            // One decision may be said twice, with the same id; nothing else may have that id.
            Assert.All(city.Of(topic).GroupBy(each => each.Headers["ce_id"]), same => Assert.True(same.DistinctBy(each => each.Text).Count() == 1, string.Join("\n", same.Select(each => each.Text))));
        }
    }

    [Fact]
    public async Task The_city_had_what_is_to_be_shown()
    {
        await city.Lived;
        Assert.Equal(["cleared", "raised"], Words(TopicSettings.Anomalies, "state"));
        Assert.InRange(Words(TopicSettings.Anomalies, "kind").Length, 2, 8);
        Assert.Contains("active", Words(TopicSettings.Alerts, "state"));
        Assert.Contains("cleared", Words(TopicSettings.Alerts, "state"));

        string[] Words(string topic, string member) =>
            [.. city.Of(topic).Select(each => (string)JsonNode.Parse(each.Text)![member]!).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>Also those that no rule brings about yet: an operator's.</summary>
    [Fact]
    public async Task Alerts_and_anomalies_fit_in_every_state_and_with_every_word()
    {
        SchemaChecks checks = SchemaChecks.Require();
        TopicSchemas.AddTo(checks);
        await city.Lived;
        JsonObject said = JsonNode.Parse(city.Of(TopicSettings.Alerts)[0].Text)!.AsObject();
        foreach ((string member, string[] words) in new (string, string[])[]
        {
            ("state", [.. Enum.GetNames<AlertState>().Select(each => each.ToLowerInvariant())]), ("status", Enum.GetNames<AlertStatus>()),
            ("scope", Enum.GetNames<AlertScope>()), ("msgType", Enum.GetNames<AlertMessageType>()),
        })
        {
            foreach (string word in words)
            {
                JsonObject other = said.DeepClone().AsObject();
                other[member] = word;
                checks.Fits(TopicSchemas.Of("alert"), other.ToJsonString());
            }
        }

        JsonObject anomaly = JsonNode.Parse(city.Of(TopicSettings.Anomalies)[0].Text)!.AsObject();
        foreach (AnomalyKind kind in Enum.GetValues<AnomalyKind>())
        {
            JsonObject other = anomaly.DeepClone().AsObject();
            other["kind"] = kind.Word();
            checks.Fits(TopicSchemas.Of("anomaly"), other.ToJsonString());
        }

        foreach ((string member, string[] words) in new (string, string[])[]
        {
            ("severity", Enum.GetNames<AlertSeverity>()), ("urgency", Enum.GetNames<AlertUrgency>()), ("certainty", Enum.GetNames<AlertCertainty>()),
        })
        {
            foreach (string word in words)
            {
                JsonObject other = said.DeepClone().AsObject();
                other["info"]![0]![member] = word;
                checks.Fits(TopicSchemas.Of("alert"), other.ToJsonString());
            }
        }
    }

    /// <summary>Answers are held against the description as they come: see <see cref="DescribedAnswers"/>.</summary>
    [Theory]
    [InlineData("/api/v1/devices?limit=1000")]
    [InlineData("/api/v1/areas?limit=1000")]
    [InlineData("/api/v1/anomalies?limit=1000")]
    [InlineData("/api/v1/alerts?limit=1000")]
    [InlineData("/api/v1/dead-letters?limit=1000")]
    public async Task Lists_and_all_that_is_in_them_are_as_described(string path)
    {
        await city.Lived;
        JsonElement page = await GetAsync(path);
        string[] ids = [.. page.GetProperty("items").EnumerateArray().Select(each => each.GetProperty("id").GetString()!)];
        Assert.NotEmpty(ids);
        string list = path.Split('?')[0];
        foreach (string id in list.EndsWith("anomalies", StringComparison.Ordinal) ? [] : ids)
        {
            Assert.Equal(id, (await GetAsync($"{list}/{Uri.EscapeDataString(id)}")).GetProperty("id").GetString());
            if (list is "/api/v1/devices" or "/api/v1/areas")
            {
                await GetAsync($"{list}/{id}/aggregates?limit=50");
            }
        }
    }

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    [InlineData("/api/v1/cluster")]
    [InlineData("/metrics")]
    [InlineData("/asyncapi.yaml")]
    public async Task The_node_itself_is_as_described(string path)
    {
        await city.Lived;
        using HttpResponseMessage response = await city.Client.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private async Task<JsonElement> GetAsync(string path)
    {
        using HttpResponseMessage response = await city.Client.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{path}: {(int)response.StatusCode}");
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement;
    }
}
