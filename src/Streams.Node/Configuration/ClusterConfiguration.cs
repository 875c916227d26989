using System.Collections;
using System.Collections.Immutable;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Cities;
using Streams.Domain.Devices;
using Streams.Domain.Dispatch;
using Streams.Domain.Incidents;

namespace Streams.Node.Configuration;

/// <summary>Everything under <c>cluster-config/</c>, read and checked.</summary>
public sealed record ClusterConfiguration
{
    public const string EnvironmentPrefix = "STREAMS__";

    private static readonly string[] Files = ["node.yaml", "topics.yaml", "device-types.yaml", "alert-rules.yaml", "roles.yaml", "systems.yaml", "playbooks.yaml"];

    public required NodeSettings Node { get; init; }

    public required TopicSettings Topics { get; init; }

    public required ImmutableArray<DeviceType> DeviceTypes { get; init; }

    /// <summary>Rules, bounds and descriptions of areas, as area actors decide by them.</summary>
    public required AlertRules AlertRules { get; init; }

    public required ImmutableArray<Role> Roles { get; init; }

    /// <summary>What city systems can be told to do.</summary>
    public ImmutableArray<SystemKind> Systems { get; init; } = [];

    /// <summary>Which dispatcher takes care of what, and what each city has of each system.</summary>
    public CitySystems CitySystems { get; init; } = CitySystems.Empty;

    /// <summary>What is done about what.</summary>
    public ImmutableArray<Playbook> Playbooks { get; init; } = [];

    /// <summary>Of all cities, ids unique. Areas need not be here to exist.</summary>
    public required ImmutableArray<AreaDescription> Areas { get; init; }

    /// <summary>Cities with a description of their own, by name.</summary>
    public required ImmutableArray<CityPlan> Cities { get; init; }

    /// <summary>The devices of all cities.</summary>
    public CityRegister Register => AlertRules.Register;

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
        before = faults.Count;
        ImmutableArray<AlertRule> rules = Open("alert-rules.yaml") is { } rulesFile && rulesFile.Root.Keys.Any()
            ? AlertRulesFile.Read(rulesFile, areTypesSound ? types : null)
            : [];
        bool areRulesSound = faults.Count == before;
        string texts = Path.Combine(directory, "texts");
        (rules, ImmutableDictionary<string, AlertNames> names) = AlertTextsFolder.Read(texts, rules, areRulesSound, areTypesSound ? types : null, faults);
        ImmutableArray<string>? languages = areRulesSound && !rules.IsEmpty ? AlertTextsFolder.Languages(texts, rules) : null;
        before = faults.Count;
        ImmutableArray<Role>? roles = Open("roles.yaml") is { } rolesFile ? RolesFile.Read(rolesFile) : null;
        bool areRolesSound = faults.Count == before;
        before = faults.Count;
        ImmutableArray<SystemKind> systems = Open("systems.yaml") is { } systemsFile && systemsFile.Root.Keys.Any() ? SystemsFile.Read(systemsFile, areTypesSound ? types : null) : [];
        bool areSystemsSound = faults.Count == before;
        ImmutableArray<Playbook> playbooks = [];
        if (Open("playbooks.yaml") is { } playbooksFile && playbooksFile.Root.Keys.Any())
        {
            // Beside no file at all, not every name is a fault of its own.
            playbooks = PlaybooksFile.Read(
                playbooksFile, areSystemsSound && !systems.IsEmpty ? systems : null, areRulesSound && !rules.IsEmpty ? rules : null, areRolesSound && roles is { IsEmpty: false } ? roles : null);
            if (areSystemsSound && systems.IsEmpty)
            {
                faults.Add(new YamlPlace(Path.Combine(directory, "systems.yaml"), 0, 0), "there are playbooks, and no systems that they could tell anything", "expected: the systems that playbooks.yaml names");
            }
        }

        foreach ((string hazard, string playbook) in node?.Cap.Hazards ?? ImmutableSortedDictionary<string, string>.Empty)
        {
            if (!playbooks.Any(each => each.Name == playbook))
            {
                faults.Add(
                    new YamlPlace(Path.Combine(directory, "node.yaml"), 0, 0), $"cap.hazards.{hazard} is {playbook}, which is no playbook{Spelling.DidYouMean(playbook, playbooks.Select(each => each.Name))}",
                    "allowed: a name of playbooks.yaml");
            }
        }

        (ImmutableArray<AreaDescription> areas, ImmutableArray<CityPlan> cities) =
            ReadCities(
                Path.Combine(directory, "cities"), areTypesSound ? types : null, areRulesSound ? rules : null, areSystemsSound && !systems.IsEmpty ? systems : null, languages, faults);
        ReportMisspeltFiles(directory, Files, faults);

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
                new AreaSettings { Sender = node.Feeds.Sender ?? node.Cluster, Grace = node.Limits.AreaGrace, MaxOpenWindows = node.Limits.OpenWindowsPerArea, Figures = new AreaFigures(types.Value) },
                areas,
                new CityRegister(cities),
                names),
            Roles = roles.Value,
            Systems = systems,
            CitySystems = new CitySystems(systems, cities),
            Playbooks = playbooks,
            Areas = areas,
            Cities = cities,
        }, []);
    }

    /// <summary>As <see cref="Load(string, IReadOnlyDictionary{string, string})"/>, with this process's environment.</summary>
    public static (ClusterConfiguration? Configuration, IReadOnlyList<ConfigurationFault> Faults) Load(string directory) =>
        Load(directory, Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(each => (string)each.Key, each => (string?)each.Value ?? ""));

    /// <summary>A file under a misspelt name would silently mean its defaults, as a misspelt key would. Other files may lie here as they like.</summary>
    internal static void ReportMisspeltFiles(string directory, string[] files, ConfigurationFaults faults)
    {
        string[] absent = [.. files.Where(name => !Path.Exists(Path.Combine(directory, name))).Select(name => Path.GetFileNameWithoutExtension(name))];
        foreach (string path in Directory.GetFiles(directory, "*.y*ml").Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileName(path);
            if (!files.Contains(name) && Spelling.Nearest(Path.GetFileNameWithoutExtension(name), absent) is { } meant)
            {
                faults.Add(new YamlPlace(path, 0, 0), $"nothing reads a file of this name (did you mean {meant}.yaml?)", "allowed: " + string.Join(", ", files));
            }
        }
    }

    private static (ImmutableArray<AreaDescription> Areas, ImmutableArray<CityPlan> Cities) ReadCities(
        string cities, IReadOnlyList<DeviceType>? types, IReadOnlyList<AlertRule>? rules, IReadOnlyList<SystemKind>? systems, IReadOnlyList<string>? languages, ConfigurationFaults faults)
    {
        Dictionary<string, (AreaDescription Area, string File)> areas = [];
        ImmutableArray<CityPlan>.Builder plans = ImmutableArray.CreateBuilder<CityPlan>();
        if (File.Exists(cities))
        {
            faults.Add(new YamlPlace(cities, 0, 0), "this is a file", "expected: a folder with a folder for each city");
        }

        string[] folders = Directory.Exists(cities) ? Directory.GetDirectories(cities) : [];
        foreach (string folder in folders.Order(StringComparer.Ordinal))
        {
            (ImmutableArray<CityArea> described, CityPlan? plan) = CityFolder.Read(folder, types, rules, systems, languages, faults);
            string path = Path.Combine(folder, "areas.yaml");
            foreach (AreaDescription area in described.Select(area => area.Description))
            {
                if (!areas.TryAdd(area.Id, (area, path)))
                {
                    faults.Add(new YamlPlace(path, 0, 0), $"the area {area.Id} is described in {areas[area.Id].File} too", "allowed: each area once");
                }
            }

            if (plan is not null)
            {
                plans.Add(plan);
            }
        }

        return ([.. areas.Values.Select(each => each.Area)], plans.ToImmutable());
    }
}
