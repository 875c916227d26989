using System.Collections.Immutable;
using Streams.Domain.Areas;
using Streams.Domain.Readings;

namespace Streams.Domain.Dispatch;

/// <summary>A crew or a vehicle of a city system.</summary>
/// <param name="Id">Unique in its city.</param>
/// <param name="Does">Actions of the system.</param>
/// <param name="Home">The area in which it is stationed.</param>
/// <param name="Location">Of its station: distances are from there.</param>
public sealed record DispatchUnit(string Id, ImmutableArray<string> Does, string Home, GeoPoint Location);

/// <summary>A device that a city system acts on.</summary>
/// <param name="Area">The smallest area it stands in.</param>
public sealed record DispatchDevice(string Id, string Area, GeoPoint Location);

/// <summary>What one dispatcher has to give, as the configuration says it: changed by a restart only, and never in the middle of one.</summary>
public sealed class DispatchMap
{
    private readonly Func<string, GeoPoint?> _centreOf;
    private readonly Lazy<Dictionary<string, ImmutableArray<DispatchDevice>>> _devicesByArea;

    /// <param name="area">In which the dispatcher gives orders: of requests for an area, the nearest dispatcher's at or above it.</param>
    /// <param name="units">Ids unique.</param>
    /// <param name="devices">Of the system's types; ids unique.</param>
    /// <param name="centreOf">Null where nobody knows.</param>
    /// <param name="without">Actions that the system does not do in this city, each with the reason.</param>
    /// <param name="absentBecause">Why the city has no such system; null where it has.</param>
    public DispatchMap(
        string area, SystemKind kind, ImmutableArray<DispatchUnit> units, ImmutableArray<DispatchDevice> devices, Func<string, GeoPoint?> centreOf,
        ImmutableDictionary<string, string>? without = null, string? absentBecause = null)
    {
        (Area, Kind, Units, Devices, _centreOf, AbsentBecause) = (area, kind, units, devices, centreOf, absentBecause);
        Without = without ?? ImmutableDictionary<string, string>.Empty;
        _devicesByArea = new Lazy<Dictionary<string, ImmutableArray<DispatchDevice>>>(ByArea);
    }

    public string Area { get; }

    public SystemKind Kind { get; }

    public ImmutableArray<DispatchUnit> Units { get; }

    public ImmutableArray<DispatchDevice> Devices { get; }

    public ImmutableDictionary<string, string> Without { get; }

    public string? AbsentBecause { get; }

    /// <summary>The middle of an area, or of the nearest known one above it; null where none is known.</summary>
    public GeoPoint? CentreOf(string area)
    {
        for (string? each = area; each is not null; each = AreaPath.ParentOf(each))
        {
            if (_centreOf(each) is { } centre)
            {
                return centre;
            }
        }

        return null;
    }

    /// <summary>Devices in an area and below it.</summary>
    public ImmutableArray<DispatchDevice> DevicesIn(string area) => _devicesByArea.Value.GetValueOrDefault(area, []);

    /// <summary>Metres along a great circle of a sphere of 6,371 km.</summary>
    public static double Metres(GeoPoint from, GeoPoint to)
    {
        const double radian = Math.PI / 180;
        double north = Math.Sin((to.Latitude - from.Latitude) * radian / 2);
        double east = Math.Sin((to.Longitude - from.Longitude) * radian / 2);
        double half = (north * north) + (Math.Cos(from.Latitude * radian) * Math.Cos(to.Latitude * radian) * east * east);
        return 2 * 6_371_000 * Math.Asin(Math.Min(1, Math.Sqrt(half)));
    }

    private Dictionary<string, ImmutableArray<DispatchDevice>> ByArea()
    {
        Dictionary<string, ImmutableArray<DispatchDevice>.Builder> areas = new(StringComparer.Ordinal);
        foreach (DispatchDevice device in Devices)
        {
            for (string? area = device.Area; area is not null; area = AreaPath.ParentOf(area))
            {
                if (!areas.TryGetValue(area, out ImmutableArray<DispatchDevice>.Builder? list))
                {
                    areas.Add(area, list = ImmutableArray.CreateBuilder<DispatchDevice>());
                }

                list.Add(device);
            }
        }

        return areas.ToDictionary(each => each.Key, each => each.Value.ToImmutable(), StringComparer.Ordinal);
    }
}
