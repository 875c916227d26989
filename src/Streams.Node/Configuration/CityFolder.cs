using System.Collections.Immutable;
using System.Text.RegularExpressions;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Cities;
using Streams.Domain.Devices;
using Streams.Domain.Dispatch;

namespace Streams.Node.Configuration;

/// <summary>
/// <c>cities/NAME/</c>: <c>areas.yaml</c>, and for a city that can be simulated or registers its devices also <c>city.yaml</c>,
/// <c>population.yaml</c>, <c>systems.yaml</c> and <c>scenarios/*.yaml</c>.
/// </summary>
public static partial class CityFolder
{
    private const int MostScenarios = 200;

    private static readonly string[] Files = ["city.yaml", "areas.yaml", "population.yaml", "systems.yaml"];

    /// <summary>Reads the folder of one city alone, such as <c>cluster-config/cities/dijon</c>, with the types and rules that lie two folders above it.</summary>
    /// <returns>The city, or all faults.</returns>
    public static (CityPlan? City, IReadOnlyList<ConfigurationFault> Faults) Read(string path, IReadOnlyList<DeviceType> types, IReadOnlyList<AlertRule> rules, IReadOnlyList<SystemKind> systems)
    {
        ConfigurationFaults faults = new();
        (_, CityPlan? plan) = Read(path, types, rules, systems, languages: null, faults);
        return faults.Count > 0 ? (null, faults.InOrder()) : (plan, []);
    }

    /// <param name="types">Null where their own file has faults; likewise <paramref name="rules"/> and <paramref name="systems"/>.</param>
    /// <param name="languages">Those that the rules can say; null where that is not known.</param>
    /// <returns>The areas, and a city if the folder describes one. Faults go to the list; what was read around them is still given.</returns>
    internal static (ImmutableArray<CityArea> Areas, CityPlan? City) Read(
        string path, IReadOnlyList<DeviceType>? types, IReadOnlyList<AlertRule>? rules, IReadOnlyList<SystemKind>? systems, IReadOnlyList<string>? languages,
        ConfigurationFaults faults)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
        string[] scenarios = Directory.Exists(Path.Combine(path, "scenarios")) ? Directory.GetFiles(Path.Combine(path, "scenarios"), "*.y*ml") : [];
        bool isCity = Path.Exists(Path.Combine(path, "city.yaml")) || Path.Exists(Path.Combine(path, "population.yaml")) || Path.Exists(Path.Combine(path, "systems.yaml")) || scenarios.Length > 0;
        if (isCity && !GoodName().IsMatch(name))
        {
            faults.Add(new YamlPlace(path, 0, 0), $"{name} can't be the name of a city", "allowed: lower-case words with hyphens, at most 50 characters, such as dijon");
        }

        int before = faults.Count;
        City? described = isCity && YamlFile.Open(Path.Combine(path, "city.yaml"), faults) is { } cityFile ? CityFile.Read(cityFile, name, languages) : null;
        string areasPath = Path.Combine(path, "areas.yaml");
        ImmutableArray<CityArea> areas = (isCity || Path.Exists(areasPath)) && YamlFile.Open(areasPath, faults) is { } areasFile
            ? AreasFile.Read(areasFile, isCity ? name : null)
            : [];
        bool isGroundSound = faults.Count == before;
        ClusterConfiguration.ReportMisspeltFiles(path, Files, faults);
        if (described is null)
        {
            return (areas, null);
        }

        City city = described with { Areas = areas };
        before = faults.Count;
        ImmutableArray<PopulationGroup> groups = YamlFile.Open(Path.Combine(path, "population.yaml"), faults, required: false) is { } populationFile && populationFile.Root.Keys.Any()
            ? PopulationFile.Read(populationFile, city, isGroundSound, types)
            : [];
        HashSet<string>? present = faults.Count == before && types is not null ? [.. groups.Select(group => group.Group.Type)] : null;
        city = city with { Scenarios = ReadScenarios(scenarios, isGroundSound ? city : null, present, types, rules, systems, faults) };
        ImmutableArray<CitySystem> own = YamlFile.Open(Path.Combine(path, "systems.yaml"), faults, required: false) is { } systemsFile && systemsFile.Root.Keys.Any()
            ? CitySystemsFile.Read(systemsFile, city, isGroundSound, systems, groups)
            : [];
        return (areas, new CityPlan(city, groups, own));
    }

    private static ImmutableArray<Scenario> ReadScenarios(
        string[] paths, City? city, HashSet<string>? present, IReadOnlyList<DeviceType>? types, IReadOnlyList<AlertRule>? rules, IReadOnlyList<SystemKind>? systems, ConfigurationFaults faults)
    {
        ImmutableArray<Scenario>.Builder scenarios = ImmutableArray.CreateBuilder<Scenario>();
        foreach (string path in paths.Order(StringComparer.Ordinal).Take(MostScenarios))
        {
            string name = Path.GetFileNameWithoutExtension(path);
            if (Path.GetExtension(path) != ".yaml" || !GoodName().IsMatch(name))
            {
                faults.Add(new YamlPlace(path, 0, 0), "nothing reads a file of this name", "allowed: lower-case words with hyphens, ending in .yaml, such as power-cut.yaml");
            }
            else if (YamlFile.Open(path, faults) is { } file)
            {
                scenarios.Add(ScenarioFile.Read(file, name, city, present, types, rules, systems));
            }
        }

        if (paths.Length > MostScenarios)
        {
            faults.Add(new YamlPlace(Path.GetDirectoryName(paths[0])!, 0, 0), $"{paths.Length} scenarios lie here", $"allowed: at most {MostScenarios}");
        }

        return scenarios.ToImmutable();
    }

    [GeneratedRegex("^[a-z0-9][a-z0-9-]{0,49}$")]
    private static partial Regex GoodName();
}
