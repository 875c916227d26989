using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Streams.Node.Api.Description;

/// <summary>
/// The shapes of everything that comes in or goes out, a JSON Schema each, in <c>Description/Schemas</c>. They are served as they are, and stand as components in
/// the OpenAPI and AsyncAPI documents. They keep to what JSON Schema 2020-12 and draft-07 read alike; <c>$ref</c> names another file.
/// </summary>
internal static class Schemas
{
    private const string Suffix = ".json";
    private const string Folder = "Schemas/";

    /// <summary>By name, such as <c>reading</c>.</summary>
    public static readonly FrozenDictionary<string, byte[]> Texts = ReadAll();

    /// <summary>A reference to a component.</summary>
    public static JsonObject Ref(string name) =>
        Texts.ContainsKey(name) ? new JsonObject { ["$ref"] = "#/components/schemas/" + name } : throw new ArgumentException($"There is no schema {name}.", nameof(name));

    public static JsonObject PageOf(string name) => new()
    {
        ["type"] = "object",
        ["required"] = new JsonArray("items", "next"),
        ["properties"] = new JsonObject
        {
            ["items"] = new JsonObject { ["type"] = "array", ["maxItems"] = Requests.Parameters.MaxLimit, ["items"] = Ref(name) },
            ["next"] = new JsonObject { ["type"] = new JsonArray("string", "null"), ["description"] = "Give it as after for the next page; null on the last one." },
        },
    };

    /// <summary>These schemas, and those they refer to, as components of a document.</summary>
    public static JsonObject Components(IEnumerable<string> names)
    {
        SortedDictionary<string, JsonNode> taken = new(StringComparer.Ordinal);
        Queue<string> wanted = new(names);
        while (wanted.TryDequeue(out string? name))
        {
            if (!taken.ContainsKey(name))
            {
                JsonObject schema = JsonNode.Parse(Texts[name])!.AsObject();
                schema.Remove("$schema");
                Redirect(schema, wanted);
                taken.Add(name, schema);
            }
        }

        return new JsonObject(taken.Select(each => KeyValuePair.Create(each.Key, (JsonNode?)each.Value)));
    }

    /// <summary>Turns references to files into references to components.</summary>
    private static void Redirect(JsonNode? node, Queue<string> found)
    {
        if (node is JsonArray array)
        {
            foreach (JsonNode? item in array)
            {
                Redirect(item, found);
            }
        }
        else if (node is JsonObject members)
        {
            foreach ((string key, JsonNode? value) in members.ToArray())
            {
                if (key == "$ref" && value!.GetValueKind() == JsonValueKind.String)
                {
                    string name = value.GetValue<string>()[..^Suffix.Length];
                    members[key] = "#/components/schemas/" + name;
                    found.Enqueue(name);
                }
                else
                {
                    Redirect(value, found);
                }
            }
        }
    }

    private static FrozenDictionary<string, byte[]> ReadAll()
    {
        System.Reflection.Assembly assembly = typeof(Schemas).Assembly;
        return assembly.GetManifestResourceNames()
            .Where(name => name.StartsWith(Folder, StringComparison.Ordinal))
            .ToFrozenDictionary(name => name[Folder.Length..^Suffix.Length], name =>
            {
                using Stream text = assembly.GetManifestResourceStream(name)!;
                byte[] bytes = new byte[text.Length];
                text.ReadExactly(bytes);
                return bytes;
            });
    }
}
