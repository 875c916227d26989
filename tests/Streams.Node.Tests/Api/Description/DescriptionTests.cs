using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Streams.Node.Api.Description;
using Streams.Tests;

namespace Streams.Node.Tests.Api.Description;

/// <summary>The documents that describe the API and the topics: sound by their standards, and true of the running server.</summary>
public sealed class DescriptionTests : IAsyncDisposable
{
    private readonly ApiServer _api = new();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task The_open_api_document_is_valid()
    {
        SchemaChecks checks = SchemaChecks.Require();
        checks.AddFile(RecordedData.Require("conformance", "openapi", "schemas", "oas-3.1-schema.yaml"), "oas-3.1");
        string document = await _api.Client.GetStringAsync("/openapi/v1.json", TestContext.Current.CancellationToken);
        checks.Fits("oas-3.1", document);
        string[] bad = Directory.GetFiles(RecordedData.Require("conformance", "openapi", "tests-3.1", "fail"));
        Assert.NotEmpty(bad);
        Assert.All(bad, each => Assert.NotEmpty(checks.Errors("oas-3.1", File.ReadAllText(each), yaml: true)));
    }

    [Theory]
    [InlineData("3.0.0")]
    [InlineData("3.1.0")]
    public async Task The_async_api_document_is_valid(string version)
    {
        SchemaChecks checks = SchemaChecks.Require();
        checks.AddFile(RecordedData.Require("conformance", "asyncapi", "schemas", version + "-without-$id.json"), "asyncapi-" + version, "draft-07");
        string document = await _api.Client.GetStringAsync("/asyncapi.yaml", TestContext.Current.CancellationToken);
        checks.Fits("asyncapi-" + version, document.Replace("asyncapi: \"3.0.0\"", $"asyncapi: \"{version}\"", StringComparison.Ordinal), yaml: true);
    }

    [Fact]
    public void Every_route_is_described_and_every_description_has_a_route()
    {
        IEnumerable<string> mapped = _api.Endpoints.SelectMany(each => each.Metadata.OfType<Operation>()).Select(each => $"{each.Method} {each.Path}");
        IEnumerable<string> described = _api.Description.Value.Paths.SelectMany(path => path.Value!.AsObject().Select(each => $"{each.Key.ToUpperInvariant()} {path.Key}"));
        Assert.Equal(mapped.Order(StringComparer.Ordinal), described.Order(StringComparer.Ordinal));
        Assert.All(_api.Endpoints, each => Assert.NotEmpty(each.Metadata.OfType<Operation>()));
        Assert.Equal(mapped.Count(), _api.Endpoints.SelectMany(each => each.Metadata.OfType<Operation>()).DistinctBy(each => each.Id).Count());
    }

    public static TheoryData<string, string> Operations()
    {
        TheoryData<string, string> all = [];
        using ApiServer api = new();
        foreach ((string path, JsonNode? item) in api.Description.Value.Paths)
        {
            foreach ((string method, _) in item!.AsObject())
            {
                all.Add(method.ToUpperInvariant(), path);
            }
        }

        return all;
    }

    /// <summary>A parameter's example is taken, another text refused, and what is not described is refused by name.</summary>
    [Theory]
    [MemberData(nameof(Operations))]
    public async Task Parameters_are_those_described(string method, string path)
    {
        JsonObject operation = _api.Description.Value.Paths[path]![method.ToLowerInvariant()]!.AsObject();
        JsonObject[] parameters = [.. (operation["parameters"] as JsonArray ?? []).Select(each => each!.AsObject())];
        string address = path;
        foreach (JsonObject inPath in parameters.Where(each => (string)each["in"]! == "path"))
        {
            address = address.Replace($"{{{(string)inPath["name"]!}}}", (string)inPath["example"]!, StringComparison.Ordinal);
        }

        Assert.DoesNotContain('{', address);
        JsonObject[] query = [.. parameters.Where(each => (string)each["in"]! == "query")];
        JsonElement unknown = await AskAsync(method, address + "?nonsense=1", HttpStatusCode.BadRequest);
        string allowed = query.Length == 0 ? "none" : string.Join(", ", query.Select(each => (string)each["name"]!).Order(StringComparer.Ordinal));
        Assert.EndsWith("allowed: " + allowed, unknown.GetProperty("detail").GetString(), StringComparison.Ordinal);
        foreach (JsonObject parameter in query)
        {
            string name = (string)parameter["name"]!;
            using HttpResponseMessage taken = await SendAsync(method, $"{address}?{name}={Uri.EscapeDataString(parameter["example"]!.ToString())}");
            Assert.NotEqual(HttpStatusCode.BadRequest, taken.StatusCode);
            JsonElement wrong = await AskAsync(method, $"{address}?{name}=%01", HttpStatusCode.BadRequest);
            Assert.Equal(name, Assert.Single(wrong.GetProperty("errors").EnumerateArray()).GetProperty("at").GetString());
            SchemaChecks.IfThere?.Add($"parameter {operation["operationId"]} {name}", parameter["schema"]!);
            SchemaChecks.IfThere?.Fits($"parameter {operation["operationId"]} {name}", parameter["example"]!.ToJsonString());
        }

        using HttpRequestMessage foreign = new(new HttpMethod(method), address);
        foreign.Headers.Host = "evil.example";
        using HttpResponseMessage refused = await _api.Client.SendAsync(foreign, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Theory]
    [InlineData("/openapi/v1.json", "application/json")]
    [InlineData("/asyncapi.yaml", "application/yaml")]
    [InlineData("/schemas/reading.json", "application/schema+json")]
    public async Task Documents_that_stay_the_same_are_sent_once(string path, string media)
    {
        using HttpResponseMessage first = await _api.Client.GetAsync(path, TestContext.Current.CancellationToken);
        Assert.Equal(media, first.Content.Headers.ContentType?.MediaType);
        using HttpRequestMessage again = new(HttpMethod.Get, path);
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using HttpResponseMessage second = await _api.Client.SendAsync(again, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Equal(first.Headers.ETag, second.Headers.ETag);
        using HttpRequestMessage other = new(HttpMethod.Get, path);
        other.Headers.TryAddWithoutValidation("If-None-Match", "\"another\"");
        using HttpResponseMessage third = await _api.Client.SendAsync(other, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, third.StatusCode);
    }

    [Fact]
    public async Task Schemas_are_served_one_by_one_and_their_examples_fit_them()
    {
        SchemaChecks checks = SchemaChecks.Require();
        TopicSchemas.AddTo(checks);
        foreach (string name in Schemas.Texts.Keys)
        {
            JsonNode schema = JsonNode.Parse(await _api.Client.GetStringAsync($"/schemas/{name}.json", TestContext.Current.CancellationToken))!;
            Assert.Equal("https://json-schema.org/draft/2020-12/schema", (string?)schema["$schema"]);
            foreach (JsonNode? example in schema["examples"] as JsonArray ?? [])
            {
                checks.Fits(TopicSchemas.Of(name), example!.ToJsonString());
            }
        }

        await _api.GetAsync("/schemas/nothing.json", HttpStatusCode.NotFound);
    }

    private async Task<JsonElement> AskAsync(string method, string address, HttpStatusCode status)
    {
        using HttpResponseMessage response = await SendAsync(method, address);
        return await ApiServer.ReadAsync(response, status);
    }

    private async Task<HttpResponseMessage> SendAsync(string method, string address)
    {
        using HttpRequestMessage request = new(new HttpMethod(method), address);
        if (method is "POST" or "PUT")
        {
            request.Content = new StringContent("[]", Encoding.UTF8, "application/json");
        }

        return await _api.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}

/// <summary>The served schemas, closed: a member that one does not name is an error.</summary>
internal static class TopicSchemas
{
    public static string Of(string name) => $"http://streams/schemas/{name}.json";

    public static void AddTo(SchemaChecks checks)
    {
        foreach ((string name, byte[] text) in Schemas.Texts)
        {
            JsonNode schema = JsonNode.Parse(text)!;
            schema.AsObject().Remove("$schema");
            checks.Add(Of(name), schema, closed: true);
        }
    }
}
