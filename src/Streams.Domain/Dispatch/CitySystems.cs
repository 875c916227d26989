using System.Collections.Immutable;
using Streams.Domain.Areas;
using Streams.Domain.Cities;
using Streams.Domain.Readings;

namespace Streams.Domain.Dispatch;

/// <summary>What a city has of one system, as its <c>systems.yaml</c> says.</summary>
/// <param name="System">A name of the cluster's <c>systems.yaml</c>.</param>
/// <param name="Areas">Those below the root that have a dispatcher of their own; the root always has one.</param>
/// <param name="Units">Of all its dispatchers: each is of the nearest one at or above its home.</param>
/// <param name="Without">Actions that it does not do here, each with the reason.</param>
/// <param name="AbsentBecause">Why the city has no such system; null where it has.</param>
public sealed record CitySystem(
    string System, ImmutableArray<string> Areas, ImmutableArray<DispatchUnit> Units, ImmutableDictionary<string, string> Without, string? AbsentBecause)
{
    /// <summary>What stands in a city that says nothing of it.</summary>
    public static CitySystem ByDefault(string system) => new(system, [], [], ImmutableDictionary<string, string>.Empty, null);
}

/// <summary>Which dispatcher takes care of what, and what each has to give. Cities that nobody configured have a dispatcher for each system too: without units and devices.</summary>
public sealed class CitySystems
{
    private readonly Dictionary<string, SystemKind> _kinds;
    private readonly Dictionary<string, CityPlan> _cities;
    private readonly Dictionary<string, Lazy<Dictionary<string, GeoPoint>>> _centres;

    public CitySystems(ImmutableArray<SystemKind> kinds, ImmutableArray<CityPlan> cities)
    {
        _kinds = kinds.ToDictionary(kind => kind.Name, StringComparer.Ordinal);
        _cities = cities.ToDictionary(city => city.Name, StringComparer.Ordinal);
        _centres = cities.ToDictionary(city => city.Name, city => new Lazy<Dictionary<string, GeoPoint>>(() => CentresOf(city.Areas)), StringComparer.Ordinal);
    }

    public static CitySystems Empty { get; } = new([], []);

    /// <summary>The key, <c>area/system</c>, of the nearest dispatcher at or above an area; null where no such system is known.</summary>
    public string? DispatcherKeyFor(string area, string system) => _kinds.ContainsKey(system) ? $"{DispatcherAreaFor(area, Find(AreaPath.RootOf(area), system))}/{system}" : null;

    /// <summary>What the dispatcher of a key has to give; null where it is no dispatcher's key.</summary>
    public DispatchMap? MapOf(string key)
    {
        int slash = key.LastIndexOf('/');
        if (slash <= 0 || !_kinds.TryGetValue(key[(slash + 1)..], out SystemKind? kind) || DispatcherKeyFor(key[..slash], kind.Name) != key)
        {
            return null;
        }

        string area = key[..slash];
        string root = AreaPath.RootOf(area);
        CitySystem system = Find(root, kind.Name);
        ImmutableArray<DispatchDevice> devices = kind.Devices.IsEmpty || system.AbsentBecause is not null || !_cities.TryGetValue(root, out CityPlan? city)
            ? []
            : [.. city.City.Devices
                .Where(device => kind.Devices.Contains(device.Type) && DispatcherAreaFor(device.Area, system) == area)
                .Select(device => new DispatchDevice(device.Id, device.Area, new GeoPoint(device.Longitude, device.Latitude)))];
        return new DispatchMap(
            area, kind, [.. system.Units.Where(unit => DispatcherAreaFor(unit.Home, system) == area)], devices, each => CentreOf(root, each), system.Without, system.AbsentBecause);
    }

    /// <summary>The keys of all dispatchers of configured cities.</summary>
    public IEnumerable<string> Keys =>
        from city in _cities.Values
        from kind in _kinds.Values
        from area in Find(city.Name, kind.Name).Areas.Add(city.Name).Distinct()
        select $"{area}/{kind.Name}";

    /// <summary>The middle of an area's outline, of the areas below it where it has none; null where it is not configured.</summary>
    public GeoPoint? CentreOf(string area) => CentreOf(AreaPath.RootOf(area), area);

    private GeoPoint? CentreOf(string root, string area) =>
        _centres.TryGetValue(root, out Lazy<Dictionary<string, GeoPoint>>? centres) && centres.Value.TryGetValue(area, out GeoPoint centre) ? centre : null;

    private CitySystem Find(string root, string system) =>
        _cities.TryGetValue(root, out CityPlan? city) && city.Systems.FirstOrDefault(each => each.System == system) is { } found ? found : CitySystem.ByDefault(system);

    /// <summary>The area of the nearest dispatcher at or above another area.</summary>
    public static string DispatcherAreaFor(string area, CitySystem system)
    {
        for (string? each = area; each is not null; each = AreaPath.ParentOf(each))
        {
            if (system.Areas.Contains(each))
            {
                return each;
            }
        }

        return AreaPath.RootOf(area);
    }

    /// <summary>The middle of each area's outline, of the areas below it where it has none.</summary>
    /// <param name="areas">Parents before their children.</param>
    public static Dictionary<string, GeoPoint> CentresOf(ImmutableArray<CityArea> areas)
    {
        Dictionary<string, GeoPoint> centres = new(StringComparer.Ordinal);
        foreach (CityArea area in areas.Reverse())
        {
            if (new Outline(area.Description.Polygon).Centre is { } centre)
            {
                centres[area.Id] = new GeoPoint(centre.Longitude, centre.Latitude);
                continue;
            }

            // Children come after their parents, so here they are known already.
            GeoPoint[] below = [.. centres.Where(each => AreaPath.ParentOf(each.Key) == area.Id).Select(each => each.Value)];
            if (below.Length > 0)
            {
                centres[area.Id] = new GeoPoint(below.Average(point => point.Longitude), below.Average(point => point.Latitude));
            }
        }

        return centres;
    }
}
