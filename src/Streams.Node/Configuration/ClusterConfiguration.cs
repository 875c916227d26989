using System.Collections;
using System.Collections.Immutable;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Devices;

namespace Streams.Node.Configuration;

/// <summary>Everything under <c>cluster-config/</c>, read and checked.</summary>
public sealed record ClusterConfiguration
{
    public const string EnvironmentPrefix = "STREAMS__";

    private static readonly string[] Files = ["node.yaml", "topics.yaml", "device-types.yaml", "alert-rules.yaml", "roles.yaml"];

    public required NodeSettings Node { get; init; }

    public required TopicSettings Topics { get; init; }

    public required ImmutableArray<DeviceType> DeviceTypes { get; init; }

    /// <summary>Rules, bounds and descriptions of areas, as area actors decide by them.</summary>
    public required AlertRules AlertRules { get; init; }

    public required ImmutableArray<Role> Roles { get; init; }

    /// <summary>Of all cities, ids unique. Areas need not be here to exist.</summary>
    public required ImmutableArray<AreaDescription> Areas { get; init; }

    /// <summary>
    /// Reads a configuration folder. Either the configuration or the faults, all of them at once, in reading order; never both, never neither.
    /// <c>device-types.yaml</c> must be there; the other files may be absent, which means their defaults.
    /// </summary>
    /// <param name="environment">Environment variables; those that begin with <see cref="EnvironmentPrefix"/> stand in for keys of <c>node.yaml</c>.</param>
    public static (ClusterConfiguration? Configuration, IReadOnlyList<ConfigurationFault> Faults) Load(string directory, IReadOnlyDictionary<string, string> environment)
    {
        ConfigurationFaults faults = new();
        if (!Directory.Exists(directory))
        {
            faults.Add(new YamlPlace(directory, 0, 0), "the folder is not there", "expected: a folder that holds device-types.yaml");
            return (null, faults.InOrder());
        }

        Dictionary<string, string> overrides = environment
            .Where(each => each.Key.StartsWith(EnvironmentPrefix, StringComparison.OrdinalIgnoreCase))
            .ToDictionary(each => each.Key, each => each.Value);
        YamlFile? Open(string name, bool required = false, IReadOnlyDictionary<string, string>? with = null) =>
            YamlFile.Open(Path.Combine(directory, name), faults, required, with);

        NodeSettings? node = Open("node.yaml", with: overrides) is { } nodeFile ? NodeFile.Read(nodeFile) : null;
        TopicSettings? topics = Open("topics.yaml") is { } topicsFile ? TopicsFile.Read(topicsFile) : null;
        int before = faults.Count;
        ImmutableArray<DeviceType>? types = Open("device-types.yaml", required: true) is { } typesFile ? DeviceTypesFile.Read(typesFile) : null;
        bool areTypesSound = faults.Count == before;
        ImmutableArray<AlertRule> rules = Open("alert-rules.yaml") is { } rulesFile && rulesFile.Root.Keys.Any()
            ? AlertRulesFile.Read(rulesFile, areTypesSound ? types : null)
            : [];
        ImmutableArray<Role>? roles = Open("roles.yaml") is { } rolesFile ? RolesFile.Read(rolesFile) : null;
        ImmutableArray<AreaDescription> areas = ReadAreas(Path.Combine(directory, "cities"), faults);
        ReportMisspeltFiles(directory, faults);

        if (faults.Count > 0 || node is null || topics is null || types is null || roles is null)
        {
            return (null, faults.InOrder());
        }

        return (new ClusterConfiguration
        {
            Node = node,
            Topics = topics,
            DeviceTypes = types.Value,
            AlertRules = new AlertRules(
                rules,
                new AreaSettings { Sender = node.Cluster, Grace = node.Limits.AreaGrace, MaxOpenWindows = node.Limits.OpenWindowsPerArea },
                areas),
            Roles = roles.Value,
            Areas = areas,
        }, []);
    }

    /// <summary>As <see cref="Load(string, IReadOnlyDictionary{string, string})"/>, with this process's environment.</summary>
    public static (ClusterConfiguration? Configuration, IReadOnlyList<ConfigurationFault> Faults) Load(string directory) =>
        Load(directory, Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(each => (string)each.Key, each => (string?)each.Value ?? ""));

    /// <summary>A file under a misspelt name would silently mean its defaults, as a misspelt key would. Other files may lie here as they like.</summary>
    private static void ReportMisspeltFiles(string directory, ConfigurationFaults faults)
    {
        string[] absent = [.. Files.Where(name => !Path.Exists(Path.Combine(directory, name))).Select(name => Path.GetFileNameWithoutExtension(name))];
        foreach (string path in Directory.GetFiles(directory, "*.y*ml").Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileName(path);
            if (!Files.Contains(name) && Spelling.Nearest(Path.GetFileNameWithoutExtension(name), absent) is { } meant)
            {
                faults.Add(new YamlPlace(path, 0, 0), $"nothing reads a file of this name (did you mean {meant}.yaml?)", "allowed: " + string.Join(", ", Files));
            }
        }
    }

    private static ImmutableArray<AreaDescription> ReadAreas(string cities, ConfigurationFaults faults)
    {
        Dictionary<string, (AreaDescription Area, string File)> areas = [];
        if (File.Exists(cities))
        {
            faults.Add(new YamlPlace(cities, 0, 0), "this is a file", "expected: a folder with a folder for each city");
        }

        string[] folders = Directory.Exists(cities) ? Directory.GetDirectories(cities) : [];
        foreach (string path in folders.Order(StringComparer.Ordinal).Select(city => Path.Combine(city, "areas.yaml")).Where(Path.Exists))
        {
            foreach (AreaDescription area in YamlFile.Open(path, faults) is { } file ? AreasFile.Read(file) : [])
            {
                if (!areas.TryAdd(area.Id, (area, path)))
                {
                    faults.Add(new YamlPlace(path, 0, 0), $"the area {area.Id} is described in {areas[area.Id].File} too", "allowed: each area once");
                }
            }
        }

        return [.. areas.Values.Select(each => each.Area)];
    }
}
