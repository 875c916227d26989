using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Node.Actors;
using Streams.Node.Tests.Actors;
using Streams.Tests;

namespace Streams.Node.Tests.Api;

/// <summary>
/// The conformance documents of CloudEvents, over HTTP and as records from Kafka, structured and binary. None of them holds a reading: a valid event is refused
/// for that, an invalid one for its envelope.
/// </summary>
public sealed partial class CloudEventTests : IAsyncDisposable
{
    private const string Reading = """{"deviceId":"d1","time":"2026-11-22T10:15:30.250Z","type":"noise_meter","area":"dijon","metrics":{"laeq_1h":61.5}}""";

    private readonly ApiServer _api = new();
    private readonly DeviceKind _devices;

    public CloudEventTests() => _devices = new DeviceKind(
        new DeviceCatalog(_api.Sources.Configuration.DeviceTypes), CityTopics.Of(_api.Sources.Configuration.Topics, "test"));

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task A_valid_event_is_refused_for_what_it_carries_only()
    {
        foreach ((string id, JsonNode node) in Tests("valid-events", "event"))
        {
            JsonObject valid = node.AsObject();
            Assert.NotEqual((id, RefusalReasons.InvalidCloudEvent), (id, (await PostAsync(valid.ToJsonString(), "application/cloudevents+json"))?.Reason));
            Assert.NotEqual((id, RefusalReasons.InvalidCloudEvent), (id, Refusal(valid.ToJsonString(), ("content-type", "application/cloudevents+json; charset=UTF-8"))?.Reason));
            Assert.NotEqual((id, RefusalReasons.InvalidCloudEvent), (id, Refusal("{}", Headers(valid))?.Reason));

            // The same envelope with a reading in it is taken.
            JsonObject carrying = valid.DeepClone().AsObject();
            carrying["data"] = JsonNode.Parse(Reading);
            carrying.Remove("data_base64");
            carrying.Remove("datacontenttype");
            Assert.Null(await PostAsync(carrying.ToJsonString(), "application/cloudevents+json"));
            Assert.Null(Refusal(carrying.ToJsonString(), ("content-type", "application/cloudevents+json")));
            Assert.Null(Refusal(Reading, Headers(carrying)));
        }
    }

    [Fact]
    public async Task An_invalid_event_is_refused_for_its_envelope()
    {
        foreach ((string id, JsonNode node) in Tests("invalid-events", "event"))
        {
            JsonObject invalid = node.AsObject();
            Assert.Equal((id, RefusalReasons.InvalidCloudEvent), (id, (await PostAsync(invalid.ToJsonString(), "application/cloudevents+json"))?.Reason));
            Assert.Equal((id, RefusalReasons.InvalidCloudEvent), (id, Refusal(invalid.ToJsonString(), ("content-type", "application/cloudevents+json"))?.Reason));
            if (!invalid.ContainsKey("data_base64"))
            {
                invalid["data"] = JsonNode.Parse(Reading);
                Assert.Equal((id, RefusalReasons.InvalidCloudEvent), (id, Refusal(invalid.ToJsonString(), ("content-type", "application/cloudevents+json"))?.Reason));
            }

            // Headers know no types, and no data_base64.
            if (!invalid.ContainsKey("data_base64") && invalid.All(each => each.Key == "data" || each.Value!.GetValueKind() == JsonValueKind.String))
            {
                Assert.Equal((id, RefusalReasons.InvalidCloudEvent), (id, Refusal(Reading, Headers(invalid))?.Reason));
            }
        }
    }

    [Fact]
    public async Task Of_a_batch_each_event_is_judged_for_itself()
    {
        foreach ((string id, JsonNode batch) in Tests("valid-batches", "batch"))
        {
            JsonElement receipt = await _api.PostAsync(
                "/api/v1/readings", batch.ToJsonString(), "application/cloudevents-batch+json", batch.AsArray().Count == 0 ? HttpStatusCode.Accepted : HttpStatusCode.MultiStatus);
            Assert.Equal((id, batch.AsArray().Count), (id, receipt.GetProperty("refused").GetArrayLength()));
            Assert.All(receipt.GetProperty("refused").EnumerateArray(), each => Assert.NotEqual(RefusalReasons.InvalidCloudEvent, each.GetProperty("reason").GetString()));
        }

        foreach ((string id, JsonNode batch) in Tests("invalid-batches", "batch"))
        {
            JsonElement receipt = await _api.PostAsync("/api/v1/readings", batch.ToJsonString(), "application/cloudevents-batch+json", HttpStatusCode.MultiStatus);
            Assert.Contains((id, RefusalReasons.InvalidCloudEvent), receipt.GetProperty("refused").EnumerateArray().Select(each => (id, each.GetProperty("reason").GetString()!)));
        }

        Assert.Empty(_api.Node.Published);
    }

    [Fact]
    public async Task A_batch_is_an_array_and_a_single_event_is_none()
    {
        string one = $$"""{"specversion":"1.0","id":"1","source":"/g","type":"t","data":{{Reading}}}""";
        Assert.Equal(RefusalReasons.WrongType, (await PostAsync(one, "application/cloudevents-batch+json"))?.Reason);
        Assert.Equal(RefusalReasons.WrongType, (await PostAsync($"[{one}]", "application/cloudevents+json"))?.Reason);
        Assert.Equal(RefusalReasons.UnsupportedContent, Refusal($"[{one}]", ("content-type", "application/cloudevents-batch+json"))?.Reason);
    }

    [Fact]
    public async Task An_event_in_binary_mode_over_http_is_the_same_event_on_kafka()
    {
        using HttpRequestMessage request = Binary("""{"metrics":{"laeq_1h":61.5},"type":"noise_meter","area":"dijon"}""", "application/json; charset=utf-8");
        request.Headers.Add("Ce-Specversion", "1.0");
        request.Headers.Add("ce-id", "\"a \\\"quoted\\\" id\"");
        request.Headers.Add("ce-source", "/gateways/7");
        request.Headers.Add("ce-type", "reading%20of%20%C3%A9t%C3%A9");
        request.Headers.Add("ce-subject", "d1");
        request.Headers.Add("ce-time", "2026-11-22T10:15:30.250Z");
        using HttpResponseMessage response = await _api.Client.SendAsync(request, TestContext.Current.CancellationToken);
        await ApiServer.ReadAsync(response, HttpStatusCode.Accepted);
        Node.Api.PublishedRecord record = Assert.Single(_api.Node.Published);
        Assert.Equal("d1", Encoding.UTF8.GetString(record.Key.Span));
        Assert.Equal(
            ["ce_id: a \"quoted\" id", "ce_source: /gateways/7", "ce_specversion: 1.0", "ce_subject: d1", "ce_time: 2026-11-22T10:15:30.250Z", "ce_type: reading of \u00e9t\u00e9", "content-type: application/json; charset=utf-8"],
            record.Headers.Select(each => $"{each.Key}: {each.Value}").Order(StringComparer.Ordinal));
        Reading reading = new();
        Assert.True(Admits(reading, Encoding.UTF8.GetString(record.Value.Span), [.. record.Headers.Select(each => (each.Key, each.Value))]));
        Assert.Equal("d1", Encoding.UTF8.GetString(reading.DeviceId));
    }

    [Theory]
    [InlineData("ce-specversion: 0.3", "ce-specversion")]
    [InlineData("ce-id: ", "ce-id")]
    [InlineData("ce-id: %ff", "ce-id")]
    [InlineData("ce-time: lunchtime", "ce-time")]
    [InlineData("ce-my_extension: x", "ce-my_extension")]
    [InlineData("ce-source: not%20a%20reference", "ce-source")]
    public async Task A_bad_header_of_an_event_is_named(string header, string field)
    {
        using HttpRequestMessage request = Binary(Reading, "application/json");
        Dictionary<string, string> headers = new() { ["ce-specversion"] = "1.0", ["ce-id"] = "1", ["ce-source"] = "/g", ["ce-type"] = "t" };
        headers[header.Split(": ")[0]] = header.Split(": ")[1];
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using HttpResponseMessage response = await _api.Client.SendAsync(request, TestContext.Current.CancellationToken);
        JsonElement refused = (await ApiServer.ReadAsync(response, HttpStatusCode.MultiStatus)).GetProperty("refused")[0];
        Assert.Equal((RefusalReasons.InvalidCloudEvent, field), (refused.GetProperty("reason").GetString(), refused.GetProperty("field").GetString()));
    }

    /// <summary>The features' messages are valid events: each is understood, and refused because a greeting is no reading.</summary>
    [Theory]
    [InlineData("http-protocol-binding", 4)]
    [InlineData("kafka-protocol-binding", 3)]
    public async Task Messages_of_the_features_are_understood(string feature, int messages)
    {
        string text = await File.ReadAllTextAsync(RecordedData.Require("conformance", "cloudevents", "features", feature + ".feature"), TestContext.Current.CancellationToken);
        List<string?> reasons = [];
        foreach (string scenario in Scenario().Split(text).Skip(1))
        {
            string[] quoted = [.. scenario.Split("\"\"\"").Where((_, index) => index % 2 == 1).Select(Undent)];
            string[] contentTypes = scenario.Contains("Examples:", StringComparison.Ordinal) ? [.. Rows(scenario[scenario.IndexOf("Examples:", StringComparison.Ordinal)..]).Skip(1).Select(row => row[0])] : [""];
            foreach (string contentType in contentTypes)
            {
                string message = quoted[0].Replace("<contentType>", contentType, StringComparison.Ordinal);
                reasons.Add(feature.StartsWith("http", StringComparison.Ordinal)
                    ? await SendAsync(message)
                    : Refusal(message, [.. Rows(scenario[..scenario.IndexOf("When", StringComparison.Ordinal)]).Where(row => row.Length == 2 && row[0] != "key").Select(row => (row[0], row[1].Replace("<contentType>", contentType, StringComparison.Ordinal)))])?.Reason);
            }
        }

        Assert.Equal(Enumerable.Repeat<string?>(RefusalReasons.Missing, messages), reasons);
    }

    private async Task<string?> SendAsync(string message)
    {
        string[] parts = message.Split("\n\n", 2);
        using HttpRequestMessage request = Binary(parts[1], "application/json");
        foreach (string[] header in parts[0].Split('\n').Skip(2).Select(line => line.Split(": ", 2)))
        {
            if (header[0] == "Content-Type")
            {
                request.Content!.Headers.Remove("Content-Type");
                request.Content.Headers.TryAddWithoutValidation("Content-Type", header[1]);
            }
            else if (header[0] != "Content-Length")
            {
                request.Headers.Add(header[0], header[1]);
            }
        }

        using HttpResponseMessage response = await _api.Client.SendAsync(request, TestContext.Current.CancellationToken);
        return (await ApiServer.ReadAsync(response, HttpStatusCode.MultiStatus)).GetProperty("refused")[0].GetProperty("reason").GetString();
    }

    private static HttpRequestMessage Binary(string body, string contentType)
    {
        HttpRequestMessage request = new(HttpMethod.Post, "/api/v1/readings") { Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) };
        request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        return request;
    }

    private async Task<(string Reason, string Field)?> PostAsync(string body, string contentType)
    {
        using HttpRequestMessage request = Binary(body, contentType);
        using HttpResponseMessage response = await _api.Client.SendAsync(request, TestContext.Current.CancellationToken);
        JsonElement receipt = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement;
        return response.StatusCode == HttpStatusCode.Accepted
            ? null
            : (receipt.GetProperty("refused")[0].GetProperty("reason").GetString()!, receipt.GetProperty("refused")[0].GetProperty("field").GetString()!);
    }

    private (string Reason, string Field)? Refusal(string value, params (string Name, string Value)[] headers) =>
        Admits(new Reading(), value, headers) ? null : (_devices.Refusal.Reason, _devices.Refusal.Field);

    private bool Admits(Reading reading, string value, (string Name, string Value)[] headers)
    {
        using OneRecord batch = new("d1", Encoding.UTF8.GetBytes(value), headers.Select(each => KeyValuePair.Create(each.Name, each.Value)));
        return _devices.Admit(batch[0], reading, ApiServer.Now.ToUnixTimeMilliseconds());
    }

    /// <summary>The event in Kafka's binary mode.</summary>
    private static (string Name, string Value)[] Headers(JsonObject one) =>
    [
        .. one.Where(each => each.Key is not ("data" or "data_base64") && each.Value is not null)
            .Select(each => (each.Key == "datacontenttype" ? "content-type" : "ce_" + each.Key, Convert.ToString(each.Value!.GetValueKind() == JsonValueKind.String ? each.Value.GetValue<string>() : each.Value.ToJsonString(), CultureInfo.InvariantCulture)!)),
    ];

    private static IEnumerable<(string Id, JsonNode Document)> Tests(string file, string member)
    {
        JsonArray tests = JsonNode.Parse(File.ReadAllText(RecordedData.Require("conformance", "cloudevents", "conformance-json", file + ".json")))!["tests"]!.AsArray();
        Assert.NotEmpty(tests);
        return tests.Select(each => ((string)each!["id"]!, each[member]!));
    }

    private static IEnumerable<string[]> Rows(string text) =>
        text.Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith('|') && line.EndsWith('|')).Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries));

    private static string Undent(string quoted)
    {
        string[] lines = quoted.Trim('\n', '\r', ' ').ReplaceLineEndings("\n").Split('\n');
        return string.Join('\n', lines.Select(line => line.StartsWith("        ", StringComparison.Ordinal) ? line[8..] : line.TrimStart()));
    }

    [GeneratedRegex(@"^\s*Scenario(?: Outline)?:", RegexOptions.Multiline)]
    private static partial Regex Scenario();
}
