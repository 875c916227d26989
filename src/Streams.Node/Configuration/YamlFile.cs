using System.Text;

namespace Streams.Node.Configuration;

/// <summary>
/// One configuration file being read: open it, read the root's keys, then <see cref="Finish"/>. Environment variables may stand in for
/// its values: <c>PREFIX__KAFKA__BOOTSTRAPSERVERS</c> for <c>kafka.bootstrapServers</c>, case and underscores within a word ignored.
/// </summary>
public sealed class YamlFile
{
    private readonly Dictionary<YamlMap, YamlSection> _sections = new(ReferenceEqualityComparer.Instance);
    private readonly List<YamlSection> _opened = [];
    private readonly Dictionary<string, YamlScalar> _overrides;
    private readonly HashSet<string> _overridesUsed = [];

    private YamlFile(ConfigurationFaults faults, Dictionary<string, YamlScalar> overrides)
    {
        Faults = faults;
        _overrides = overrides;
    }

    public ConfigurationFaults Faults { get; }

    public YamlSection Root { get; private set; } = null!;

    /// <summary>Reads a file of at most 1 MB. Null when there is nothing to read on with; a fault says why.</summary>
    /// <param name="required">When false, an absent file reads as an empty one.</param>
    public static YamlFile? Open(string path, ConfigurationFaults faults, bool required = true, IReadOnlyDictionary<string, string>? overrides = null)
    {
        YamlPlace start = new(path, 0, 0);
        try
        {
            FileInfo file = new(path);
            if (!file.Exists)
            {
                if (required)
                {
                    faults.Add(start, "the file is not there", "expected: a YAML file of this name");
                    return null;
                }

                return Of(path, null, faults, overrides);
            }

            if (file.Length > YamlTree.MostBytes)
            {
                faults.Add(start, "the file is longer than 1 MB", "allowed: at most 1,048,576 bytes; split it");
                return null;
            }

            return Parse(path, File.ReadAllText(path, new UTF8Encoding(false, throwOnInvalidBytes: true)), faults, overrides);
        }
        catch (DecoderFallbackException)
        {
            faults.Add(start, "the file is not UTF-8", "allowed: UTF-8 text");
            return null;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            faults.Add(start, $"the file can't be read: {error.Message}", "expected: a file this process may read");
            return null;
        }
    }

    /// <summary>As <see cref="Open"/>, with the text at hand.</summary>
    public static YamlFile? Parse(string source, string text, ConfigurationFaults faults, IReadOnlyDictionary<string, string>? overrides = null)
    {
        if (YamlTree.Parse(source, text, faults) is not { } value)
        {
            return null;
        }

        if (value is YamlMap map)
        {
            return Of(source, map, faults, overrides);
        }

        faults.Add(value.Place, "the file does not hold keys and values", "expected: key: value lines");
        return null;
    }

    /// <summary>Reports every key that nobody asked for, in all sections read, and every override that fits no key.</summary>
    public void Finish()
    {
        _opened.ForEach(section => section.ReportUnknown());
        foreach ((string path, YamlScalar value) in _overrides)
        {
            if (!_overridesUsed.Contains(path))
            {
                List<string> known = [.. _opened.SelectMany(section => section.AskedPaths).Distinct().Order(StringComparer.Ordinal)];
                string meant = Spelling.DidYouMean(path, known);
                Faults.Add(value.Place, $"no configuration key {path}{meant}", "allowed: STREAMS__ and a key of node.yaml, its parts joined by two underscores, such as STREAMS__KAFKA__BOOTSTRAPSERVERS");
            }
        }
    }

    internal YamlSection Section(YamlMap map, string path)
    {
        if (!_sections.TryGetValue(map, out YamlSection? section))
        {
            _sections.Add(map, section = new YamlSection(this, map.Place, path, map));
        }

        return section;
    }

    internal void Opened(YamlSection section) => _opened.Add(section);

    internal YamlScalar? Override(string path)
    {
        string key = Normal(path);
        if (!_overrides.TryGetValue(key, out YamlScalar? value))
        {
            return null;
        }

        _overridesUsed.Add(key);
        return value;
    }

    internal bool IsOverride(YamlScalar scalar) => _overrides.ContainsValue(scalar);

    private static YamlFile Of(string source, YamlMap? map, ConfigurationFaults faults, IReadOnlyDictionary<string, string>? overrides)
    {
        Dictionary<string, YamlScalar> scalars = [];
        foreach ((string name, string text) in overrides ?? new Dictionary<string, string>())
        {
            string path = Normal(string.Join('.', name.Split("__").Skip(1)));
            scalars[path] = new YamlScalar(new YamlPlace("environment variable " + name, 0, 0), text, quoted: false);
        }

        YamlFile file = new(faults, scalars);
        file.Root = map is null ? new YamlSection(file, new YamlPlace(source, 0, 0), "", null) : file.Section(map, "");
        return file;
    }

    private static string Normal(string path) => path.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();
}
