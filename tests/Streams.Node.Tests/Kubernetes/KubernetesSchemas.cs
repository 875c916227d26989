using System.Text.Json.Nodes;
using Streams.Node.Tests.Api.Description;
using Streams.Tests;

namespace Streams.Node.Tests.Kubernetes;

/// <summary>
/// The schemas of built-in kinds (a release each) and of the operators' custom ones, closed: a field that they do not name is an error, as
/// <c>kubectl apply</c> makes it. CEL rules are not looked at.
/// </summary>
internal sealed class KubernetesSchemas
{
    private const string Newest = "1.36";
    private const string ObjectMeta = "#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

    /// <summary>Releases that the manifests are for.</summary>
    public static readonly string[] Releases = ["1.34", Newest];

    private static readonly Lazy<KubernetesSchemas> Only = new(() => new KubernetesSchemas());

    private readonly SchemaChecks _checks = SchemaChecks.Require();

    /// <summary>Schema names by kind, such as <c>apps/v1 Deployment</c>; of built-in kinds with the release before: <c>1.36 apps/v1 Deployment</c>.</summary>
    private readonly Dictionary<string, string> _schemas = [];
    private readonly HashSet<string> _groupsOfOthers = [];
    private readonly Dictionary<string, HashSet<string>> _triggers;

    private KubernetesSchemas()
    {
        string folder = RecordedData.Require("conformance", "kubernetes");
        foreach (string release in Releases)
        {
            AddBuiltIn(release, JsonNode.Parse(File.ReadAllBytes(Path.Combine(folder, $"kubernetes-v{release}.0-definitions.json")))!.AsObject());
        }

        foreach (JsonObject crd in Directory.GetFiles(Path.Combine(folder, "crds")).SelectMany(path => YamlDocuments.Read(File.ReadAllText(path))))
        {
            AddCustom(crd);
        }

        _triggers = JsonNode.Parse(File.ReadAllBytes(Path.Combine(folder, "keda-scalers-schema.json"))).Items("scalers").ToDictionary(
            scaler => scaler.Text("type"),
            scaler => scaler.Items("parameters").Where(each => each.Text("metadataVariableReadable") == "true").Select(each => each.Text("name")).ToHashSet());
    }

    /// <summary>Skips the running test where the schemas, or what checks them, are not here.</summary>
    public static KubernetesSchemas Require()
    {
        SchemaChecks.Require();
        RecordedData.Require("conformance", "kubernetes");
        return Only.Value;
    }

    /// <summary>What is wrong with a document, in any of the <see cref="Releases"/>.</summary>
    public IReadOnlyList<string> Errors(JsonObject document)
    {
        string version = document.Text("apiVersion");
        string kind = $"{version} {document.Text("kind")}";
        string[] names = _groupsOfOthers.Contains(version.Split('/')[0]) ? [kind] : [.. Releases.Select(release => $"{release} {kind}")];
        return
        [
            .. names.SelectMany(name => _schemas.TryGetValue(name, out string? schema)
                ? _checks.Errors(schema, document.ToJsonString())
                : [$"{name} is not a kind known here"]).Distinct(),
            .. kind.EndsWith(" ScaledObject", StringComparison.Ordinal) ? document.Items("spec", "triggers").SelectMany(TriggerErrors) : [],
        ];
    }

    private IEnumerable<string> TriggerErrors(JsonObject trigger) => !_triggers.TryGetValue(trigger.Text("type"), out HashSet<string>? known)
        ? [$"there is no trigger {trigger.Text("type")}"]
        : trigger["metadata"]!.AsObject().Where(member => !known.Contains(member.Key)).Select(member => $"trigger {trigger.Text("type")} has no {member.Key}");

    private void AddBuiltIn(string release, JsonObject definitions)
    {
        string name = "kubernetes-" + release;
        _checks.Add(name, definitions, closed: true, "draft-07");
        foreach ((string definition, JsonNode? schema) in definitions["definitions"]!.AsObject())
        {
            foreach (JsonObject of in schema.Items("x-kubernetes-group-version-kind"))
            {
                string group = of.Text("group");
                _schemas[$"{release} {(group.Length > 0 ? group + "/" : "")}{of.Text("version")} {of.Text("kind")}"] = $"{name}#/definitions/{definition}";
            }
        }
    }

    private void AddCustom(JsonObject crd)
    {
        string group = crd.Text("spec", "group");
        _groupsOfOthers.Add(group);
        foreach (JsonObject version in crd.Items("spec", "versions").Where(each => each.Text("served") == "true"))
        {
            JsonObject schema = version.At("schema", "openAPIV3Schema")!.DeepClone().AsObject();
            schema["properties"]!["metadata"] = new JsonObject { ["$ref"] = $"kubernetes-{Newest}{ObjectMeta}" };
            string kind = $"{group}/{version.Text("name")} {crd.Text("spec", "names", "kind")}";
            // References are relative to the name, so a slash in it would lead astray.
            string name = kind.Replace(' ', '_').Replace('/', '_');
            _checks.Add(name, schema, closed: true, "draft-07");
            _schemas[kind] = name;
        }
    }
}
