using System.Collections.Immutable;

namespace Streams.Node.Configuration;

/// <summary>
/// A map of a configuration file, read by key. A getter that can't give what is asked adds a fault and answers the fallback (or an
/// empty value where one was required), so that reading goes on and all faults of a file come out at once. Keys that nobody asked for
/// are faults too: <see cref="YamlFile.Finish"/> reports them.
/// </summary>
public sealed class YamlSection
{
    private readonly YamlFile _file;
    private readonly Dictionary<string, (YamlScalar Key, YamlValue Value)> _entries = new(StringComparer.Ordinal);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);
    private readonly Dictionary<string, YamlSection> _missing = new(StringComparer.Ordinal);

    /// <summary>Faults about keys that are not there. One of the keys that nobody knows may be the missing one, misspelt.</summary>
    private readonly Dictionary<string, ConfigurationFault> _absent = new(StringComparer.Ordinal);

    /// <summary>
    /// True where something else than a section stands, or one with YAML's merge key, which is not understood: what is missing is no
    /// mistake of its own.
    /// </summary>
    private readonly bool _isPartial;

    internal YamlSection(YamlFile file, YamlPlace place, string path, YamlMap? map, bool isPartial = false)
    {
        _file = file;
        _isPartial = isPartial;
        Place = place;
        Path = path;
        foreach ((YamlScalar key, YamlValue value) in map?.Entries ?? [])
        {
            if (key is { Text: "<<", Quoted: false })
            {
                _isPartial = true;
                file.Faults.Add(key.Place, $"{PathOf("<<")} is a merge key, which is not understood", "allowed: the keys themselves, or an alias (*name) for a whole value");
                continue;
            }

            _entries.Add(key.Text, (key, value));
        }

        file.Opened(this);
    }

    /// <summary>Where it begins.</summary>
    public YamlPlace Place { get; }

    /// <summary>Keys from the file's root, such as <c>types.noise_meter.metrics</c>; empty for the root.</summary>
    public string Path { get; }

    public IEnumerable<string> Keys => _entries.Keys;

    /// <summary>True where the key is given, in the file or by an environment variable.</summary>
    public bool Has(string key) => Find(key) is not null;

    /// <summary>
    /// True if nothing was found wrong so far at these keys or below them, and none that is absent seems to be here misspelt. What several
    /// keys together must fulfil is asked only then: one mistake is to make one fault.
    /// </summary>
    public bool IsSound(params ReadOnlySpan<string> keys)
    {
        foreach (string key in keys)
        {
            bool isMisspelt = !_entries.ContainsKey(key)
                && _entries.Keys.Any(each => !_asked.Contains(each) && Spelling.Nearest(each, [key]) is not null);
            if (isMisspelt || !_file.IsSound(PathOf(key)))
            {
                return false;
            }
        }

        return true;
    }

    public T Required<T>(string key, Form<T> form) => Scalar(key, form, Nothing<T>(), required: true);

    public T Optional<T>(string key, Form<T> form, T fallback) => Scalar(key, form, fallback, required: false);

    /// <summary>Null where the key is absent.</summary>
    public T? Maybe<T>(string key, Form<T> form)
        where T : struct => Has(key) ? Scalar(key, form, default, required: false) : null;

    /// <summary>Null where the key is absent.</summary>
    public string? MaybeText(string key, Form<string>? form = null) => Has(key) ? Scalar(key, form ?? Form.Text(), "", required: false) : null;

    /// <summary>A list of values; one value alone counts as a list of one. <paramref name="fallback"/> where the key is absent.</summary>
    public ImmutableArray<T> List<T>(string key, Form<T> form, ImmutableArray<T> fallback = default, bool required = false)
    {
        fallback = fallback.IsDefault ? [] : fallback;
        switch (Find(key))
        {
            case null:
                Missing(key, $"a list; each {form.Allowed}", required);
                return fallback;
            case YamlList list:
                return [.. list.Items.Select((item, index) => Read(item, $"{PathOf(key)}[{index}]", form, Nothing<T>()))];
            case YamlScalar { IsEmpty: true } empty:
                NoValue(empty.Place, key, $"a list; each {form.Allowed}");
                return fallback;
            case YamlScalar one when _file.IsOverride(one):
                return [.. one.Text.Split(',', StringSplitOptions.TrimEntries)
                    .Select(each => Read(new YamlScalar(one.Place, each, quoted: false), PathOf(key), form, Nothing<T>()))];
            case YamlScalar one:
                return [Read(one, PathOf(key), form, Nothing<T>())];
            case var other:
                Wrong(other.Place, key, other, $"a list; each {form.Allowed}");
                return fallback;
        }
    }

    /// <summary>A list of lists of equal length, such as the points of a polygon. Empty where the key is absent.</summary>
    public ImmutableArray<ImmutableArray<T>> Rows<T>(string key, Form<T> form, int width)
    {
        string allowed = $"a list of lists of {width}; each {form.Allowed}";
        if (Find(key) is not { } value)
        {
            return [];
        }

        if (value is not YamlList rows)
        {
            Wrong(value.Place, key, value, allowed);
            return [];
        }

        ImmutableArray<ImmutableArray<T>>.Builder all = ImmutableArray.CreateBuilder<ImmutableArray<T>>();
        foreach ((int index, YamlValue row) in rows.Items.Index())
        {
            if (row is YamlList list && list.Items.Count == width)
            {
                all.Add([.. list.Items.Select((item, place) => Read(item, $"{PathOf(key)}[{index}][{place}]", form, Nothing<T>()))]);
            }
            else
            {
                _file.Report(row.Place, $"{PathOf(key)}[{index}]", $"is not a list of {width} values", "allowed: " + allowed);
            }
        }

        return all.ToImmutable();
    }

    /// <summary>The section under a key; an empty one where the key is absent, so that its defaults and overrides apply.</summary>
    public YamlSection Section(string key, bool required = false)
    {
        YamlValue? value = Find(key);
        if (value is YamlMap map)
        {
            return _file.Section(map, PathOf(key));
        }

        if (value is null)
        {
            Missing(key, "keys and values below it", required);
        }
        else
        {
            Wrong(value.Place, key, value, "keys and values below it");
        }

        if (!_missing.TryGetValue(key, out YamlSection? empty))
        {
            _missing.Add(key, empty = new YamlSection(_file, value?.Place ?? Place, PathOf(key), null, isPartial: required || value is not null));
        }

        return empty;
    }

    /// <summary>Null where the key is absent.</summary>
    public YamlSection? MaybeSection(string key) => Has(key) ? Section(key) : null;

    /// <summary>A list of maps.</summary>
    public ImmutableArray<YamlSection> Sections(string key, bool required = false)
    {
        const string allowed = "a list (-) of keys and values";
        switch (Find(key))
        {
            case null:
                Missing(key, allowed, required);
                return [];
            case YamlList list:
                ImmutableArray<YamlSection>.Builder sections = ImmutableArray.CreateBuilder<YamlSection>();
                foreach ((int index, YamlValue item) in list.Items.Index())
                {
                    if (item is YamlMap map)
                    {
                        sections.Add(_file.Section(map, $"{PathOf(key)}[{index}]"));
                    }
                    else
                    {
                        Wrong(item.Place, $"{key}[{index}]", item, "keys and values");
                    }
                }

                return sections.ToImmutable();
            case var other:
                Wrong(other.Place, key, other, allowed);
                return [];
        }
    }

    /// <summary>This section's keys as names of things: every value must be a section. All keys count as asked for.</summary>
    public ImmutableArray<(string Name, YamlSection Section)> Entries(Form<string> name)
    {
        ImmutableArray<(string, YamlSection)>.Builder entries = ImmutableArray.CreateBuilder<(string, YamlSection)>();
        foreach ((string key, (YamlScalar written, YamlValue value)) in _entries)
        {
            _asked.Add(key);
            if (!name.TryRead(written, out _))
            {
                _file.Report(written.Place, PathOf(key), "is not a good name", "allowed: " + name.Allowed);
            }

            if (value is YamlMap map)
            {
                entries.Add((key, _file.Section(map, PathOf(key))));
            }
            else
            {
                Wrong(value.Place, key, value, "keys and values below it");
            }
        }

        return entries.ToImmutable();
    }

    /// <summary>What stands under a key: "text or number", "list", "section", or null where absent. For keys that allow several.</summary>
    public YamlValue? Find(string key)
    {
        _asked.Add(key);
        return _file.Override(PathOf(key)) ?? (_entries.TryGetValue(key, out (YamlScalar Key, YamlValue Value) entry) ? entry.Value : null);
    }

    /// <summary>Reports what several keys together have wrong, at this key's value (or at the section where it is absent).</summary>
    public void Fault(string key, string what, string allowed)
    {
        YamlValue? value = Find(key);
        ConfigurationFault fault = _file.Report(value?.Place ?? Place, PathOf(key), what, "allowed: " + allowed);
        if (value is null)
        {
            _absent.TryAdd(key, fault);
        }
    }

    /// <summary>As <see cref="Fault"/>, at one of the values of a list.</summary>
    public void FaultOfItem(string key, int index, string what, string allowed)
    {
        YamlValue? value = Find(key);
        YamlPlace place = value is YamlList list && index < list.Items.Count ? list.Items[index].Place : value?.Place ?? Place;
        _file.Report(place, value is YamlList ? $"{PathOf(key)}[{index}]" : PathOf(key), what, "allowed: " + allowed);
    }

    internal void ReportUnknown()
    {
        foreach ((string key, (YamlScalar written, _)) in _entries)
        {
            if (!_asked.Contains(key))
            {
                string? meant = Spelling.Nearest(key, _asked.Where(each => !_entries.ContainsKey(each))) ?? Spelling.Nearest(key, _asked);
                _file.Faults.Add(
                    written.Place,
                    $"{PathOf(key)} is not a key known here{(meant is null ? "" : $" (did you mean {meant}?)")}",
                    _asked.Count == 0 ? "" : "allowed: " + string.Join(", ", _asked.Order(StringComparer.Ordinal)));
                if (meant is not null && _absent.Remove(meant, out ConfigurationFault? followed))
                {
                    _file.Faults.Remove(followed);
                }
            }
        }
    }

    internal IEnumerable<string> AskedPaths => _asked.Select(PathOf);

    private T Scalar<T>(string key, Form<T> form, T fallback, bool required)
    {
        if (Find(key) is { } value)
        {
            return Read(value, PathOf(key), form, fallback);
        }

        Missing(key, form.Allowed, required);
        return fallback;
    }

    private T Read<T>(YamlValue value, string path, Form<T> form, T fallback)
    {
        switch (value)
        {
            case YamlBroken:
                _file.Doubt(path);
                return fallback;
            case YamlScalar { IsEmpty: true } empty:
                _file.Report(empty.Place, path, "has no value", $"allowed: {form.Allowed}");
                return fallback;
            case YamlScalar scalar when form.TryRead(scalar, out T read):
                return read;
            case YamlScalar scalar:
                string shown = scalar.Text.Length > 60 ? scalar.Text[..60] + "…" : scalar.Text;
                string meant = Spelling.DidYouMean(scalar.Text, form.Names);
                _file.Report(scalar.Place, path, $"is {(scalar.Quoted ? $"the text \"{shown}\"" : shown)}{meant}", $"allowed: {form.Allowed}");
                return fallback;
            default:
                _file.Report(value.Place, path, $"is {Kind(value)}", $"allowed: {form.Allowed}");
                return fallback;
        }
    }

    private void Missing(string key, string allowed, bool required)
    {
        if (required && _isPartial)
        {
            _file.Doubt(PathOf(key));
        }
        else if (required)
        {
            _absent.TryAdd(key, _file.Report(Place, PathOf(key), "is missing", $"expected: {allowed}"));
        }
    }

    private void NoValue(YamlPlace place, string key, string allowed) => _file.Report(place, PathOf(key), "has no value", $"allowed: {allowed}");

    private void Wrong(YamlPlace place, string key, YamlValue value, string allowed)
    {
        switch (value)
        {
            case YamlBroken:
                _file.Doubt(PathOf(key));
                break;
            case YamlScalar { IsEmpty: true }:
                NoValue(place, key, allowed);
                break;
            default:
                _file.Report(place, PathOf(key), $"is {Kind(value)}", $"allowed: {allowed}");
                break;
        }
    }

    /// <summary>What a getter answers after a fault; text is never null, so that reading can go on.</summary>
    private static T Nothing<T>() => typeof(T) == typeof(string) ? (T)(object)"" : default!;

    private static string Kind(YamlValue value) => value switch
    {
        YamlList => "a list",
        YamlMap => "a map of keys and values",
        _ => "a single value",
    };

    private string PathOf(string key) => Path.Length == 0 ? key : $"{Path}.{key}";
}
