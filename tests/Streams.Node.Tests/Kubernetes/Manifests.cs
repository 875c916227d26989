using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Streams.Tests;

namespace Streams.Node.Tests.Kubernetes;

/// <summary>An overlay of <c>k8s/</c> as <c>kubectl kustomize</c> renders it: what <c>kubectl apply -k</c> would send.</summary>
internal sealed class Manifests
{
    private static readonly ConcurrentDictionary<string, Lazy<(Manifests? Rendered, string Missing)>> Known = new();

    private Manifests(string text) => All = [.. YamlDocuments.Read(text)];

    public IReadOnlyList<JsonObject> All { get; }

    /// <summary>The overlay of that name; skips the running test where kubectl is not installed.</summary>
    public static Manifests Of(string overlay)
    {
        (Manifests? rendered, string missing) = Known.GetOrAdd(overlay, name => new(() => Render(name))).Value;
        Assert.SkipWhen(rendered is null, missing);
        return rendered!;
    }

    public IReadOnlyList<JsonObject> OfKind(string kind) => [.. All.Where(each => Kind(each) == kind)];

    public JsonObject One(string kind, string name) => Assert.Single(All, each => Kind(each) == kind && Name(each) == name);

    /// <summary>The pods that Streams itself runs, by the name of their Deployment.</summary>
    public IEnumerable<(string Name, JsonObject Template)> Pods() => OfKind("Deployment").Select(each => (Name(each), each.At("spec", "template")!.AsObject()));

    public static string Kind(JsonObject document) => document.Text("kind");

    public static string Name(JsonObject document) => document.Text("metadata", "name");

    /// <summary>What a program answers; null where it is not installed.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message has what it said.</exception>
    public static string? Run(string program, string[] arguments, string input = "")
    {
        try
        {
            ProcessStartInfo start = new(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            Task<string> output = process.StandardOutput.ReadToEndAsync();
            process.StandardInput.Write(input);
            process.StandardInput.Close();
            process.WaitForExit();
            return process.ExitCode == 0 ? output.Result : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: {errors.Result}");
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    private static (Manifests? Rendered, string Missing) Render(string overlay) =>
        Run("kubectl", ["kustomize", Path.Combine(RecordedData.RepositoryRoot, "k8s", "overlays", overlay)]) is { } text
            ? (new Manifests(text), "")
            : (null, "The manifests are not rendered: kubectl is not installed here.");
}
