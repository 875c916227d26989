using System.Globalization;
using System.Text.Json.Nodes;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Streams.Node.Tests.Kubernetes;

/// <summary>YAML as Kubernetes reads it: as JSON, of several documents.</summary>
internal static class YamlDocuments
{
    public static IEnumerable<JsonObject> Read(string text)
    {
        YamlStream stream = [];
        stream.Load(new StringReader(text));
        return stream.Documents.Select(document => Json(document.RootNode)).OfType<JsonObject>();
    }

    /// <summary>What lies at a path of names and, into lists, numbers; null where it leads nowhere.</summary>
    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<object> path)
    {
        foreach (object step in path)
        {
            node = (node, step) switch
            {
                (JsonObject map, string key) => map[key],
                (JsonArray list, int index) when index < list.Count => list[index],
                _ => null,
            };
        }

        return node;
    }

    /// <summary>The text there; empty where there is none.</summary>
    public static string Text(this JsonNode? node, params ReadOnlySpan<object> path) => node.At(path)?.ToString() ?? "";

    public static long Number(this JsonNode? node, params ReadOnlySpan<object> path) => long.Parse(node.Text(path), CultureInfo.InvariantCulture);

    /// <summary>The objects of a list there; none where there is none.</summary>
    public static IEnumerable<JsonObject> Items(this JsonNode? node, params ReadOnlySpan<object> path) => node.At(path) is JsonArray list ? list.OfType<JsonObject>() : [];

    /// <summary>All objects in a document, itself first.</summary>
    public static IEnumerable<JsonObject> Within(this JsonNode? node) => node switch
    {
        JsonObject map => map.SelectMany(member => member.Value.Within()).Prepend(map),
        JsonArray list => list.SelectMany(item => item.Within()),
        _ => [],
    };

    private static JsonNode? Json(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(pair => KeyValuePair.Create(((YamlScalarNode)pair.Key).Value!, Json(pair.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(Json)]),
        YamlScalarNode { Style: ScalarStyle.Plain } plain => Plain(plain.Value ?? ""),
        YamlScalarNode scalar => JsonValue.Create(scalar.Value),
        _ => throw new InvalidOperationException($"What is {node.NodeType} in a manifest?"),
    };

    private static JsonValue? Plain(string text) => text switch
    {
        "" or "null" or "~" => null,
        "true" => JsonValue.Create(true),
        "false" => JsonValue.Create(false),
        _ when long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole) => JsonValue.Create(whole),
        _ when double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double number)
            && double.IsFinite(number) => JsonValue.Create(number),
        _ => JsonValue.Create(text),
    };
}
