using System.Collections.Immutable;
using Streams.Domain.Areas;
using Streams.Domain.Cities;

namespace Streams.Simulator.Living;

/// <summary>The city's areas by number, with what lies within what, and which devices stand where.</summary>
internal sealed class Ground
{
    private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);
    private readonly City _city;
    private Dictionary<string, int>? _devices;

    /// <exception cref="ArgumentException">A device stands in an area that the city does not have.</exception>
    public Ground(City city)
    {
        _city = city;
        Areas = city.Areas;
        Parents = new int[Areas.Length];
        for (int area = 0; area < Areas.Length; area++)
        {
            _index.Add(Areas[area].Id, area);
            Parents[area] = -1;
            for (string? above = AreaPath.ParentOf(Areas[area].Id); above is not null; above = AreaPath.ParentOf(above))
            {
                if (_index.TryGetValue(above, out int parent))
                {
                    Parents[area] = parent;
                    break;
                }
            }
        }

        AreaOf = new short[city.Devices.Length];
        int[] counts = new int[Areas.Length];
        for (int device = 0; device < AreaOf.Length; device++)
        {
            if (!_index.TryGetValue(city.Devices[device].Area, out int area))
            {
                throw new ArgumentException($"The device {city.Devices[device].Id} stands in the area {city.Devices[device].Area}, which {city.Name} does not have.");
            }

            AreaOf[device] = (short)area;
            counts[area]++;
        }

        DevicesIn = [.. counts.Select(count => new int[count])];
        for (int device = AreaOf.Length - 1; device >= 0; device--)
        {
            DevicesIn[AreaOf[device]][--counts[AreaOf[device]]] = device;
        }

        // What residents of an area do beyond its children is done in the area itself.
        OwnResidents = [.. Areas.Select(area => (double)area.Residents)];
        for (int area = 0; area < Areas.Length; area++)
        {
            if (Parents[area] >= 0)
            {
                OwnResidents[Parents[area]] -= Areas[area].Residents;
            }
        }

        for (int area = 0; area < Areas.Length; area++)
        {
            OwnResidents[area] = Math.Max(0, OwnResidents[area]);
        }
    }

    public ImmutableArray<CityArea> Areas { get; }

    /// <summary>The number of the area around each; -1 for the root.</summary>
    public int[] Parents { get; }

    /// <summary>By device.</summary>
    public short[] AreaOf { get; }

    /// <summary>By area: the devices that stand in it and in none of its children.</summary>
    public int[][] DevicesIn { get; }

    /// <summary>Residents of each area that live in none of its children.</summary>
    public double[] OwnResidents { get; }

    public bool TryFind(string area, out int index) => _index.TryGetValue(area, out index);

    /// <summary>The device's number, -1 for one that the city does not have. The first question makes a list of all.</summary>
    public int DeviceOf(string id)
    {
        _devices ??= _city.Devices.Index().ToDictionary(each => each.Item.Id, each => each.Index, StringComparer.Ordinal);
        return _devices.GetValueOrDefault(id, -1);
    }

    /// <summary>The area and all within it.</summary>
    public bool[] Within(int area)
    {
        var within = new bool[Areas.Length];
        for (int each = 0; each < within.Length; each++)
        {
            // Parents come before their children.
            within[each] = each == area || (Parents[each] >= 0 && within[Parents[each]]);
        }

        return within;
    }
}
