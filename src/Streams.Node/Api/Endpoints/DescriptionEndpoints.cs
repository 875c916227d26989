using System.Collections.Frozen;
using System.Text.Json.Nodes;
using Streams.Node.Api.Description;
using Streams.Node.Api.Requests;

namespace Streams.Node.Api.Endpoints;

/// <summary>What the API and the topics are like, for programs: <c>/openapi/v1.json</c>, <c>/asyncapi.yaml</c>, <c>/schemas/{name}.json</c>.</summary>
internal static class DescriptionEndpoints
{
    private const string SchemaMedia = "application/schema+json";

    private static readonly Parameter<string> Name = new(
        "name", "Such as reading, aggregate, anomaly or alert.", "the name of a schema",
        new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. Schemas.Texts.Keys.Order(StringComparer.Ordinal).Select(each => JsonValue.Create(each))]) },
        "reading", text => text, "");

    /// <param name="others">All other operations of the API.</param>
    public static IReadOnlyList<Operation> Operations(IReadOnlyCollection<Operation> others, ApiSources sources)
    {
        FrozenDictionary<string, StaticDocument> schemas = Schemas.Texts.ToFrozenDictionary(each => each.Key, each => new StaticDocument(each.Value, SchemaMedia));
        string version = sources.Node.Identity.Version;
        StaticDocument asyncApi = new(AsyncApiDocument.Write(sources.Configuration, version), "application/yaml");
        StaticDocument? openApi = null;
        IReadOnlyList<Operation> operations =
        [
            new("getOpenApi", HttpMethods.Get, "/openapi/v1.json", "This API, as OpenAPI 3.1.", (context, _) => openApi!.WriteAsync(context))
            {
                Needs = null,
                Replies = [new(StatusCodes.Status200OK, "The document.", new JsonObject { ["type"] = "object" }, "application/json"), StaticDocument.Unchanged],
            },
            new("getAsyncApi", HttpMethods.Get, "/asyncapi.yaml", "The Kafka topics, as AsyncAPI 3.0.", (context, _) => asyncApi.WriteAsync(context))
            {
                Needs = null,
                Replies = [new(StatusCodes.Status200OK, "The document.", null, "application/yaml"), StaticDocument.Unchanged],
            },
            new("getSchema", HttpMethods.Get, "/schemas/{name}.json", "The JSON Schema of one shape.", (context, query) =>
                schemas.TryGetValue(query.Of(Name), out StaticDocument? schema) ? schema.WriteAsync(context) : Problem.NotFound(context, $"There is no schema {query.Of(Name)}."))
            {
                Needs = null,
                Parameters = [Name],
                Replies = [new(StatusCodes.Status200OK, "The schema.", new JsonObject { ["type"] = "object" }, SchemaMedia), StaticDocument.Unchanged, Reply.NotFound("There is no such schema.")],
            },
        ];
        openApi = new StaticDocument(OpenApiDocument.Write([.. others, .. operations], version), "application/json");
        return operations;
    }
}
