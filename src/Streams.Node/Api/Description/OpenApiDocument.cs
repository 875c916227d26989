using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.WebUtilities;
using Streams.Node.Api.Requests;
using Streams.Node.People;

namespace Streams.Node.Api.Description;

/// <summary>The API as OpenAPI 3.1 has it, made of the operations that are mapped.</summary>
internal static class OpenApiDocument
{
    public static byte[] Write(IReadOnlyCollection<Operation> operations, string version)
    {
        JsonObject paths = [];
        foreach (IGrouping<string, Operation> path in operations.GroupBy(each => each.Path))
        {
            paths.Add(path.Key, new JsonObject(path.Select(each => KeyValuePair.Create(each.Method.ToLowerInvariant(), (JsonNode?)Describe(each)))));
        }

        JsonObject document = new()
        {
            ["openapi"] = "3.1.1",
            ["info"] = new JsonObject
            {
                ["title"] = "Streams",
                ["version"] = version,
                ["description"] = "What a Streams node answers over HTTP. Every error is application/problem+json (RFC 9457); unknown parameters are refused; times are RFC 3339 in UTC. "
                    + "Ids in a path may hold slashes, plain or as %2F. The Kafka side is described at /asyncapi.yaml.",
            },
            ["servers"] = new JsonArray(new JsonObject { ["url"] = "/" }),
            ["paths"] = paths,
            ["components"] = new JsonObject
            {
                ["responses"] = new JsonObject(Reply.OfAll.Select(each => KeyValuePair.Create(NameOf(each.Status), (JsonNode?)Describe([each])))),
                ["schemas"] = Schemas.Components(Schemas.Texts.Keys),
                ["securitySchemes"] = new JsonObject
                {
                    ["token"] = new JsonObject
                    {
                        ["type"] = "http",
                        ["scheme"] = "bearer",
                        ["description"] = "A token made with: streams token add NAME --role ROLE. On a node's own machine none is needed.",
                    },
                },
            },
        };
        return JsonSerializer.SerializeToUtf8Bytes(document, Answer.SerializerOptions);
    }

    private static JsonObject Describe(Operation operation)
    {
        JsonObject described = new() { ["operationId"] = operation.Id, ["summary"] = operation.Summary, ["tags"] = new JsonArray(operation.Tag) };
        string needs = operation.Needs is { } permission ? $"Needs `{Policy.NameOf(permission)}`." : "";
        if (operation.Details.Length + needs.Length > 0)
        {
            described["description"] = $"{operation.Details} {needs}".Trim();
        }

        described["security"] = operation.Needs is null ? [] : new JsonArray(new JsonObject { ["token"] = new JsonArray() });

        if (operation.Parameters.Count > 0 || operation.TakesKey)
        {
            described["parameters"] = new JsonArray([.. operation.Parameters.Select(each => Describe(each, operation.IsInPath(each))), .. operation.TakesKey ? [IdempotencyKey.Describe()] : Array.Empty<JsonNode>()]);
        }

        if (operation.Takes.Count > 0)
        {
            described["requestBody"] = new JsonObject
            {
                ["required"] = !operation.TakesNothingToo,
                ["content"] = new JsonObject(operation.Takes.Select(each => KeyValuePair.Create(each.Media, (JsonNode?)new JsonObject { ["schema"] = each.Schema.DeepClone() }))),
            };
        }

        JsonObject responses = [];
        foreach (IGrouping<int, Reply> replies in operation.Replies.Concat(Reply.OfAll).GroupBy(each => each.Status).OrderBy(each => each.Key))
        {
            responses.Add(
                replies.Key.ToString(CultureInfo.InvariantCulture),
                Reply.OfAll.Contains(replies.First()) ? new JsonObject { ["$ref"] = "#/components/responses/" + NameOf(replies.Key) } : Describe([.. replies]));
        }

        described["responses"] = responses;
        return described;
    }

    private static JsonObject Describe(Parameter parameter, bool isInPath) => new()
    {
        ["name"] = parameter.Name,
        ["in"] = isInPath ? "path" : "query",
        ["required"] = isInPath,
        ["description"] = parameter.Description,
        ["schema"] = parameter.Schema.DeepClone(),
        ["example"] = (string?)parameter.Schema["type"] == "integer" ? int.Parse(parameter.Example, CultureInfo.InvariantCulture) : parameter.Example,
    };

    /// <summary>One status, which may come with one media type or another.</summary>
    private static JsonObject Describe(IReadOnlyList<Reply> replies)
    {
        JsonObject response = new() { ["description"] = string.Join(" Or: ", replies.Select(each => each.Says)) };
        JsonObject content = [];
        foreach (Reply reply in replies.Where(each => each.Media.Length > 0))
        {
            content.TryAdd(reply.Media, new JsonObject { ["schema"] = reply.Schema?.DeepClone() ?? new JsonObject { ["type"] = "string" } });
        }

        if (content.Count > 0)
        {
            response["content"] = content;
        }

        return response;
    }

    private static string NameOf(int status) => ReasonPhrases.GetReasonPhrase(status).Replace(" ", "", StringComparison.Ordinal);
}
