using System.Collections.Immutable;
using Streams.Domain.Areas;
using Streams.Domain.Cities;
using Streams.Domain.Devices;

namespace Streams.Node.Configuration;

/// <summary><c>cities/NAME/population.yaml</c>: every device of the city, as <c>docs/cities.md</c> and the heads of the shipped files describe it.</summary>
public sealed class PopulationFile
{
    /// <summary>Devices of a city; beyond this their places in memory would weigh more than the node.</summary>
    private const int MostDevices = 1_000_000;
    private const int MostPlaces = 5000;

    /// <summary>Lower-case words with hyphens. Short: with the city's name and a number it makes an id.</summary>
    internal static readonly Form<string> Name = Form.Text("^[a-z][a-z0-9-]{0,39}$", "lower-case words with hyphens, at most 40 characters, such as car-park");

    private static readonly Form<string> PlaceKey = Form.Text("^[a-z0-9][a-z0-9-]{0,49}$", "lower-case words with hyphens, at most 50 characters, such as darcy");

    private static readonly string[] Numbers = ["count", "onePerArea", "places"];

    private readonly City _city;
    private readonly Settlement _settlement;
    private readonly IReadOnlyList<DeviceType>? _types;
    private readonly bool _isGroundSound;
    private readonly Form<string> _areaIds;

    private PopulationFile(City city, bool isGroundSound, IReadOnlyList<DeviceType>? types)
    {
        (_city, _isGroundSound, _types) = (city, isGroundSound, types);
        _settlement = new Settlement(city);
        _areaIds = AreaOf(isGroundSound ? city : null);
    }

    /// <summary>The groups in the order of the file.</summary>
    /// <param name="city">With its areas and lines.</param>
    /// <param name="isGroundSound">False where areas or lines have faults of their own: then groups are not blamed for what they name.</param>
    /// <param name="types">Null likewise.</param>
    public static ImmutableArray<PopulationGroup> Read(YamlFile file, City city, bool isGroundSound, IReadOnlyList<DeviceType>? types)
    {
        var population = new PopulationFile(city, isGroundSound, types);
        ImmutableArray<PopulationGroup> groups =
            [.. file.Root.Section("groups", required: true).Entries(Name).Select(entry => population.ReadGroup(entry.Name, entry.Section))];
        if (file.Root.IsSound("groups") && groups.Sum(group => (long)group.Group.Count) is > MostDevices and var all)
        {
            file.Root.Fault("groups", $"have {all} devices", $"at most {MostDevices} in a city");
        }

        file.Finish();
        return groups;
    }

    /// <summary>An area of the city; any area path where the areas are not known well enough.</summary>
    internal static Form<string> AreaOf(City? city)
    {
        HashSet<string> ids = [.. city?.Areas.Select(area => area.Id) ?? []];
        return new("an area of areas.yaml", (YamlScalar scalar, out string value) =>
        {
            value = scalar.Text;
            return city is null ? AreaPath.IsValid(System.Text.Encoding.UTF8.GetBytes(value)) : ids.Contains(value);
        }, ids);
    }

    private PopulationGroup ReadGroup(string name, YamlSection section)
    {
        string type = section.Required("type", _types is null ? Form.SnakeCase : Form.Choice(_types.Select(each => (each.Name, each.Name))));
        DeviceType? known = section.IsSound("type") ? _types?.FirstOrDefault(each => each.Name == type) : null;
        ImmutableDictionary<string, double> figures = ReadFigures(section, known);
        var group = new PopulationGroup
        {
            Group = new DeviceGroup(name, type, (int)section.Optional("count", Form.Whole(1, MostDevices), 0), figures),
            Interval = section.Optional("interval", Form.Duration(TimeSpan.FromSeconds(1), TimeSpan.FromDays(31)), known?.Interval ?? TimeSpan.Zero),
            Digits = (int)section.Optional("digits", Form.Whole(1, 9), 3),
            Spread = ReadSpread(section),
            Areas = ReadAreas(section),
            Along = [.. section.List("along", Form.Choice(_city.Lines.Select(line => (line.Name, line)))).Where(line => line is not null)],
            OnePerArea = section.Optional("onePerArea", Form.Flag, false),
            Places = ReadPlaces(section, known),
        };
        if (group.Spread.IsEmpty && group.Areas.IsEmpty)
        {
            group = group with { Spread = [(AreaQuality.Residents, 1)] };
        }

        int count = !group.Places.IsEmpty ? group.Places.Length
            : group.OnePerArea ? _settlement.Leaves.Count(leaf => group.Areas.IsEmpty || group.Areas.Any(each => AreaPath.IsWithin(leaf.Id, each.Area)))
            : group.Group.Count;
        group = group with { Group = group.Group with { Count = count } };
        Check(group, known, section);
        return group;
    }

    private void Check(PopulationGroup group, DeviceType? type, YamlSection section)
    {
        string[] given = [.. Numbers.Where(section.Has)];
        if (section.IsSound(Numbers) && given.Length != 1)
        {
            section.Fault(given.Length == 0 ? "count" : given[^1], given.Length == 0 ? "is missing" : $"and {given[0]} both say how many", "one of " + string.Join(", ", Numbers));
            return;
        }

        if (type is { Interval.Ticks: 0 } && section.Has("interval") && section.IsSound("interval"))
        {
            section.Fault("interval", $"is given although {type.Name} speaks only when something happens", "no interval for this type");
        }
        else if (group.Interval > TimeSpan.Zero && type?.SilentAfter <= group.Interval && section.IsSound("interval"))
        {
            section.Fault("interval", $"is as long as {type.Name} counts as silent", $"less than {Durations.Short(type.SilentAfter.Value)}");
        }

        if (group.Places.IsEmpty && !group.OnePerArea && _isGroundSound && section.IsSound(["count", "spread", "areas", "along"]))
        {
            CheckGround(group, section);
        }
    }

    /// <summary>That there is somewhere to stand.</summary>
    private void CheckGround(PopulationGroup group, YamlSection section)
    {
        double[] shares = _settlement.SharesOf(group);
        if (!group.Along.IsEmpty)
        {
            if (_settlement.Place(group).Take(group.Group.Count).Count() < group.Group.Count)
            {
                section.Fault("along", "does not run through these areas", "lines of city.yaml of which a part lies in the city, and in the group's areas where it has some");
            }

            return;
        }

        if (shares.Sum() == 0)
        {
            section.Fault(section.Has("spread") ? "spread" : "areas", "finds no area that has any of it", "qualities that areas.yaml gives at least one of the areas, and weights above 0");
        }

        for (int i = 0; i < shares.Length; i++)
        {
            if (shares[i] > 0 && _settlement.Leaves[i].Description.Polygon.IsEmpty)
            {
                section.Fault("type", $"would stand in {_settlement.Leaves[i].Id}, which has no outline", "areas with a polygon in areas.yaml");
                return;
            }
        }
    }

    private static ImmutableArray<(AreaQuality Quality, double Weight)> ReadSpread(YamlSection section)
    {
        if (section.Find("spread") is not YamlMap)
        {
            return section.Maybe("spread", Form.Choice<AreaQuality>()) is { } one ? [(one, 1)] : [];
        }

        YamlSection mixed = section.Section("spread");
        return [.. Enum.GetValues<AreaQuality>()
            .Select(quality => (quality, mixed.Optional(Spelling.SnakeCase(quality.ToString()), Form.Number(0, 1000), 0)))
            .Where(each => each.Item2 > 0)];
    }

    private ImmutableArray<(string Area, double Weight)> ReadAreas(YamlSection section)
    {
        if (section.Find("areas") is not YamlMap)
        {
            return [.. section.List("areas", _areaIds).Select(area => (area, 1.0))];
        }

        YamlSection weighted = section.Section("areas");
        ImmutableArray<(string, double)>.Builder areas = ImmutableArray.CreateBuilder<(string, double)>();
        foreach (string area in weighted.Keys)
        {
            areas.Add((area, weighted.Required(area, Form.Number(0, 1_000_000))));
            if (!_areaIds.TryRead(new YamlScalar(weighted.Place, area, quoted: false), out _))
            {
                weighted.Fault(area, $"is no area of this city{Spelling.DidYouMean(area, _areaIds.Names)}", _areaIds.Allowed);
            }
        }

        return areas.ToImmutable();
    }

    private ImmutableArray<NamedPlace> ReadPlaces(YamlSection section, DeviceType? type)
    {
        ImmutableArray<NamedPlace>.Builder places = ImmutableArray.CreateBuilder<NamedPlace>();
        foreach ((string key, YamlSection place) in section.Section("places").Entries(PlaceKey))
        {
            ImmutableArray<double> at = place.List("at", Form.Number(-180, 180), required: true);
            if (place.IsSound("at") && at.Length != 2)
            {
                place.Fault("at", "is no point", "[longitude, latitude]");
            }
            else if (_isGroundSound && place.IsSound("at") && _settlement.At(at[1], at[0]) is null)
            {
                place.Fault("at", "lies in none of the city's smallest areas", "a point [longitude, latitude] inside one of their polygons");
            }

            places.Add(new NamedPlace(key, place.Required("name", Form.Text(100)), at.ElementAtOrDefault(1), at.ElementAtOrDefault(0), ReadFigures(place, type)));
        }

        if (places.Count > MostPlaces)
        {
            section.Fault("places", $"are {places.Count}", $"at most {MostPlaces}; spread them instead");
        }

        return places.ToImmutable();
    }

    private static ImmutableDictionary<string, double> ReadFigures(YamlSection section, DeviceType? type)
    {
        YamlSection figures = section.Section("figures");
        ImmutableDictionary<string, double>.Builder read = ImmutableDictionary.CreateBuilder<string, double>();
        string[] known = [.. DeviceFigures.All.Where(figure => type is null || figure.Types.Contains(type.Name)).Select(figure => figure.Name)];
        foreach (string name in figures.Keys)
        {
            read[name] = figures.Required(name, Form.Number());
            if (!known.Contains(name))
            {
                figures.Fault(name, $"is no figure of {type?.Name ?? "any type"}{Spelling.DidYouMean(name, known)}", known.Length == 0 ? "no figures for this type" : string.Join(", ", known));
            }
        }

        return read.ToImmutable();
    }
}
