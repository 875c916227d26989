using System.Collections.Immutable;
using Streams.Domain.Areas;
using Streams.Domain.Devices;
using Streams.Domain.Readings;

namespace Streams.Domain.Cities;

/// <summary>
/// The devices that the configuration knows, of all cities, by id and by area. A city is looked into when something that bears its
/// name is asked for the first time. Safe from several threads.
/// </summary>
public sealed class CityRegister(ImmutableArray<CityPlan> cities)
{
    private readonly ImmutableArray<(string Name, Lazy<Pages> Pages)> _cities =
        [.. cities.Select(city => (city.Name, new Lazy<Pages>(() => new Pages(city.City))))];

    private readonly ImmutableArray<(string Name, TimeZoneInfo Zone, ImmutableArray<string> Languages)> _people =
        [.. cities.Select(city => (city.Name, city.TimeZone, city.Languages))];

    public static CityRegister Empty { get; } = new([]);

    /// <summary>What the configuration says of a device; null where it knows none of this id.</summary>
    public DeviceRegistration? Find(string id)
    {
        foreach ((string name, Lazy<Pages> pages) in _cities)
        {
            // Every id begins with its city's name and a hyphen.
            if (id.Length > name.Length && id[name.Length] == '-' && id.StartsWith(name, StringComparison.Ordinal)
                && pages.Value.ById.TryGetValue(id, out PlacedDevice? device))
            {
                return new DeviceRegistration(device.Id, device.Type, device.Area, new GeoPoint(device.Longitude, device.Latitude));
            }
        }

        return null;
    }

    /// <summary>The time by which people in an area live; UTC where nothing is configured.</summary>
    public TimeZoneInfo TimeZoneOf(string area) => PeopleOf(area).Zone;

    /// <summary>The languages in which people in an area are alerted, the main one first; empty where nothing is configured.</summary>
    public ImmutableArray<string> LanguagesOf(string area) => PeopleOf(area).Languages;

    /// <summary>How many devices are configured in an area and below it, of one type or of all.</summary>
    public int ConfiguredDevices(string area, string? type = null)
    {
        string root = AreaPath.RootOf(area);
        foreach ((string name, Lazy<Pages> pages) in _cities)
        {
            if (name == root)
            {
                return pages.Value.Counts.GetValueOrDefault((area, type ?? ""));
            }
        }

        return 0;
    }

    private (TimeZoneInfo Zone, ImmutableArray<string> Languages) PeopleOf(string area)
    {
        string root = AreaPath.RootOf(area);
        foreach ((string name, TimeZoneInfo zone, ImmutableArray<string> languages) in _people)
        {
            if (name == root)
            {
                return (zone, languages);
            }
        }

        return (TimeZoneInfo.Utc, []);
    }

    private sealed class Pages
    {
        public Pages(City city)
        {
            ById = new Dictionary<string, PlacedDevice>(city.Devices.Length, StringComparer.Ordinal);
            foreach (PlacedDevice device in city.Devices)
            {
                ById.TryAdd(device.Id, device);
            }

            foreach (((string leaf, string type), int count) in city.Devices.CountBy(device => (device.Area, device.Type)))
            {
                for (string? area = leaf; area is not null; area = AreaPath.ParentOf(area))
                {
                    Counts[(area, type)] = Counts.GetValueOrDefault((area, type)) + count;
                    Counts[(area, "")] = Counts.GetValueOrDefault((area, "")) + count;
                }
            }
        }

        public Dictionary<string, PlacedDevice> ById { get; }

        /// <summary>By area and type; all types under the empty name.</summary>
        public Dictionary<(string Area, string Type), int> Counts { get; } = [];
    }
}
