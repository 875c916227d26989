using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Streams.Tests;

namespace Streams.Node.Tests.Api.Description;

/// <summary>
/// JSON Schemas checked by ajv, in one Node.js process for all tests (<c>tests/schemas</c>), so that thousands of documents cost little more than
/// one. Where it can not run, tests that are about schemas skip and say why; others do without.
/// </summary>
internal sealed class SchemaChecks
{
    private static readonly Lazy<(SchemaChecks? Running, string Missing)> Only = new(Start);

    private readonly Process _node;
    private readonly Lock _gate = new();
    private readonly HashSet<string> _added = [];

    private SchemaChecks(Process node) => _node = node;

    /// <summary>Null where it can not run.</summary>
    public static SchemaChecks? IfThere => Only.Value.Running;

    /// <summary>Skips the running test where it can not run.</summary>
    public static SchemaChecks Require()
    {
        Assert.SkipWhen(Only.Value.Running is null, Only.Value.Missing);
        return Only.Value.Running!;
    }

    /// <summary>Makes a schema known under a name, once.</summary>
    /// <param name="closed">A member that the schema does not name is an error.</param>
    public void Add(string name, JsonNode schema, bool closed = false, string dialect = "2020-12") =>
        AddOnce(name, new JsonObject { ["add"] = name, ["schema"] = schema.DeepClone(), ["closed"] = closed, ["dialect"] = dialect });

    /// <summary>A schema in a file, JSON or YAML, under its <c>$id</c> or the name given.</summary>
    public void AddFile(string path, string? name = null, string dialect = "2020-12") =>
        AddOnce(name ?? path, new JsonObject { ["addFile"] = path, ["add"] = name, ["dialect"] = dialect });

    /// <summary>What is wrong with a document.</summary>
    /// <param name="schema">The name it was added under, with <c>#/a/pointer</c> for a part.</param>
    public IReadOnlyList<string> Errors(string schema, string document, bool yaml = false) =>
        Ask(new JsonObject { ["check"] = schema, ["text"] = document, ["yaml"] = yaml });

    /// <summary>Fails the running test where the document does not fit.</summary>
    public void Fits(string schema, string document, bool yaml = false)
    {
        IReadOnlyList<string> errors = Errors(schema, document, yaml);
        Assert.True(errors.Count == 0, $"{schema}: {string.Join("; ", errors.Take(8))}\n{(document.Length > 3000 ? document[..3000] : document)}");
    }

    private void AddOnce(string name, JsonObject request)
    {
        lock (_gate)
        {
            if (_added.Add(name))
            {
                Ask(request);
            }
        }
    }

    private IReadOnlyList<string> Ask(JsonObject request)
    {
        lock (_gate)
        {
            _node.StandardInput.WriteLine(request.ToJsonString());
            _node.StandardInput.Flush();
            using JsonDocument said = JsonDocument.Parse(_node.StandardOutput.ReadLine() ?? throw new InvalidOperationException("The schema checks ended."));
            return said.RootElement.TryGetProperty("failed", out JsonElement failed)
                ? throw new InvalidOperationException(failed.GetString())
                : [.. said.RootElement.GetProperty("errors").EnumerateArray().Select(each => each.GetString()!)];
        }
    }

    private static (SchemaChecks? Running, string Missing) Start()
    {
        string folder = Path.Combine(RecordedData.RepositoryRoot, "tests", "schemas");
        if (!Directory.Exists(Path.Combine(folder, "node_modules", "ajv")))
        {
            return (null, "Schemas are not checked: needs Node.js, then npm ci --prefix tests/schemas (build.sh test does it where npm is installed).");
        }

        try
        {
            ProcessStartInfo start = new("node", [Path.Combine(folder, "check.mjs")])
            {
                RedirectStandardInput = true, RedirectStandardOutput = true, StandardInputEncoding = new UTF8Encoding(false), StandardOutputEncoding = new UTF8Encoding(false),
            };
            Process node = Process.Start(start)!;
            AppDomain.CurrentDomain.ProcessExit += (_, _) => node.StandardInput.Close();
            return (new SchemaChecks(node), "");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (null, $"Schemas are not checked: Node.js can not be started ({e.Message}).");
        }
    }
}
