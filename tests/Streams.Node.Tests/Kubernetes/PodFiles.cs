using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Streams.Node.Configuration;
using Streams.Tests;

namespace Streams.Node.Tests.Kubernetes;

/// <summary>What a container finds when it starts: its files, as the kubelet would lay them out of ConfigMaps and secrets, and its environment.</summary>
internal sealed partial class PodFiles
{
    private readonly Manifests _manifests;

    /// <param name="template">A pod's template; its first container is looked at.</param>
    public PodFiles(Manifests manifests, JsonObject template)
    {
        _manifests = manifests;
        JsonNode container = template.At("spec", "containers", 0)!;
        foreach (JsonObject mount in container.Items("volumeMounts"))
        {
            JsonObject volume = Assert.Single(template.Items("spec", "volumes"), each => each.Text("name") == mount.Text("name"));
            IEnumerable<JsonNode> sources = volume.At("projected") is { } projected ? projected.Items("sources") : [volume];
            foreach ((string path, string? text) in sources.SelectMany(FilesOf))
            {
                Assert.True(Files.TryAdd($"{mount.Text("mountPath")}/{path}", text), $"Two sources give {path}.");
            }
        }

        foreach (JsonObject variable in container.Items("env"))
        {
            // As the kubelet expands it: what stands further down is not known yet and stays as it is.
            Environment[variable.Text("name")] = variable.At("value") is { } value
                ? Reference().Replace(value.ToString(), name => Environment.GetValueOrDefault(name.Groups[1].Value, name.Value))
                : variable.Text("valueFrom", "fieldRef", "fieldPath") == "status.podIP" ? "10.1.2.3"
                : variable.Text("valueFrom", "secretKeyRef", "key") == "port" ? "5432" : "given-by-the-site";
        }
    }

    /// <summary>Text by path in the container; null where an operator writes it.</summary>
    public Dictionary<string, string?> Files { get; } = [];

    /// <summary>Expanded; a secret's value is <c>given-by-the-site</c>.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>Reads what lies under a folder as a node would, in its environment.</summary>
    public (ClusterConfiguration? Configuration, IReadOnlyList<ConfigurationFault> Faults) Load(string folder)
    {
        string copy = TemporaryFolder.Create("streams-pod-");
        try
        {
            foreach ((string path, string? text) in Files.Where(file => file.Key.StartsWith(folder + "/", StringComparison.Ordinal)))
            {
                string to = Path.Combine(copy, path[(folder.Length + 1)..]);
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                File.WriteAllText(to, text);
            }

            return ClusterConfiguration.Load(copy, Environment);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    private IEnumerable<(string Path, string? Text)> FilesOf(JsonNode source)
    {
        if (source.At("secret") is { } secret)
        {
            return secret.Items("items").Select(item => (item.Text("path"), (string?)null));
        }

        JsonObject data = _manifests.One("ConfigMap", source.Text("configMap", "name"))["data"]!.AsObject();
        return source.At("configMap", "items") is JsonArray items
            ? items.OfType<JsonObject>().Select(item => (item.Text("path"), (string?)data.Text(item.Text("key"))))
            : data.Select(entry => (entry.Key, (string?)entry.Value!.ToString()));
    }

    [GeneratedRegex(@"\$\(([A-Z_]+)\)")]
    private static partial Regex Reference();
}
