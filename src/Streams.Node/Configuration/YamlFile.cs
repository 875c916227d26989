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
    private readonly List<string> _unsound = [];

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
                if (Directory.Exists(path))
                {
                    faults.Add(start, "this is a folder", "expected: a YAML file of this name");
                    return null;
                }

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

            return Text(path, File.ReadAllBytes(path), faults) is { } text ? Parse(path, text, faults, overrides) : null;
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
                Faults.Add(value.Place, path.Length == 0 ? "no configuration key is named" : $"no configuration key {path}{meant}", "allowed: STREAMS__ and a key of node.yaml, its parts joined by two underscores, such as STREAMS__KAFKA__BOOTSTRAPSERVERS");
            }
        }
    }

    /// <summary>False if something was found wrong at the path or below it: what depends on it can not be judged.</summary>
    internal bool IsSound(string path) => !_unsound.Exists(
        each => each.StartsWith(path, StringComparison.Ordinal) && (each.Length == path.Length || each[path.Length] is '.' or '['));

    internal ConfigurationFault Report(YamlPlace place, string path, string what, string allowed)
    {
        _unsound.Add(path);
        return Faults.Add(place, $"{path} {what}", allowed);
    }

    /// <summary>Notes a path as not to be relied on, where the fault is reported already.</summary>
    internal void Doubt(string path) => _unsound.Add(path);

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

    /// <summary>Null, and a fault, where the bytes are not UTF-8. A byte order mark is no part of the text.</summary>
    private static string? Text(string path, ReadOnlySpan<byte> bytes, ConfigurationFaults faults)
    {
        ReadOnlySpan<byte> text = bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(text);
        }
        catch (DecoderFallbackException error)
        {
            ReadOnlySpan<byte> before = text[..Math.Clamp(error.Index, 0, text.Length)];
            faults.Add(new YamlPlace(path, before.Count((byte)'\n') + 1, before.Length - before.LastIndexOf((byte)'\n')), "the file is not UTF-8", "allowed: UTF-8 text");
            return null;
        }
    }

    private static YamlFile Of(string source, YamlMap? map, ConfigurationFaults faults, IReadOnlyDictionary<string, string>? overrides)
    {
        Dictionary<string, YamlScalar> scalars = [];
        foreach ((string name, string text) in overrides ?? new Dictionary<string, string>())
        {
            string path = Normal(string.Join('.', name.Split("__").Skip(1)));
            YamlPlace place = new("environment variable " + name, 0, 0);
            if (scalars.TryGetValue(path, out YamlScalar? other) && other.Text != text)
            {
                faults.Add(place, $"{other.Place.Source} says something else of the same key", "allowed: each key once, case ignored");
            }

            scalars[path] = new YamlScalar(place, text, quoted: false);
        }

        YamlFile file = new(faults, scalars);
        file.Root = map is null ? new YamlSection(file, new YamlPlace(source, 0, 0), "", null) : file.Section(map, "");
        return file;
    }

    private static string Normal(string path) => path.Replace("_", "", StringComparison.Ordinal).ToLowerInvariant();
}
