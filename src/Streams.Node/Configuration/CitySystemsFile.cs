using System.Collections.Immutable;
using System.Globalization;
using Streams.Domain.Areas;
using Streams.Domain.Cities;
using Streams.Domain.Dispatch;
using Streams.Domain.Readings;

namespace Streams.Node.Configuration;

/// <summary><c>cities/NAME/systems.yaml</c>: what the city has of each system of the cluster's <c>systems.yaml</c>, as <c>docs/cities.md</c> and the heads of the shipped files describe it.</summary>
public sealed class CitySystemsFile
{
    /// <summary>Of one group; more would make choosing slow, and no city has so many crews of a kind at one place.</summary>
    private const int MostUnits = 1000;

    private readonly City _city;
    private readonly Settlement _settlement;
    private readonly Dictionary<string, GeoPoint> _centres;
    private readonly Form<string> _area;
    private readonly IReadOnlyList<SystemKind>? _kinds;
    private readonly bool _isGroundSound;
    private readonly Dictionary<string, string> _prefixes = [];

    private CitySystemsFile(City city, bool isGroundSound, IReadOnlyList<SystemKind>? kinds)
    {
        (_city, _isGroundSound, _kinds) = (city, isGroundSound, kinds);
        _settlement = new Settlement(city);
        _centres = CitySystems.CentresOf(city.Areas);
        _area = PopulationFile.AreaOf(isGroundSound ? city : null);
    }

    /// <summary>In the order of the file.</summary>
    /// <param name="city">With its areas.</param>
    /// <param name="isGroundSound">False where areas have faults of their own: then nothing is blamed for what it names; likewise for a null of <paramref name="kinds"/>.</param>
    /// <param name="groups">Of <c>population.yaml</c>: units and devices have different ids.</param>
    public static ImmutableArray<CitySystem> Read(YamlFile file, City city, bool isGroundSound, IReadOnlyList<SystemKind>? kinds, ImmutableArray<PopulationGroup> groups)
    {
        CitySystemsFile reader = new(city, isGroundSound, kinds);
        foreach (PopulationGroup group in groups)
        {
            reader._prefixes.TryAdd(group.Group.Name, "population.yaml");
        }

        YamlSection root = file.Root.Section("systems", required: true);
        ImmutableArray<CitySystem> systems = [.. root.Entries(SystemsFile.Name).Select(entry => reader.ReadSystem(root, entry.Name, entry.Section))];
        if (kinds is not null && file.Root.IsSound("systems"))
        {
            foreach (SystemKind kind in kinds.Where(kind => systems.All(system => system.System != kind.Name)))
            {
                if (UnitActionsOf(kind).FirstOrDefault() is { } action)
                {
                    root.Fault(kind.Name, $"is missing, and nobody could {action.Name}", "units of every system that sends some, or absent: true with a reason");
                }
            }
        }

        file.Finish();
        return systems;
    }

    /// <summary>What units are sent for; what only takes that back is done by those that went.</summary>
    private static IEnumerable<SystemAction> UnitActionsOf(SystemKind kind) =>
        kind.Actions.Values.Where(action => action.Target == ActionTarget.Unit && kind.Actions.Values.All(other => other.Undo != action.Name)).OrderBy(action => action.Name, StringComparer.Ordinal);

    private CitySystem ReadSystem(YamlSection root, string name, YamlSection section)
    {
        SystemKind? kind = _kinds?.FirstOrDefault(each => each.Name == name);
        if (_kinds is not null && kind is null)
        {
            root.Fault(name, $"is no system{Spelling.DidYouMean(name, _kinds.Select(each => each.Name))}", string.Join(", ", _kinds.Select(each => each.Name)));
        }

        bool isAbsent = section.Optional("absent", Form.Flag, false);
        string? reason = section.MaybeText("reason", Form.Text(200));
        if (isAbsent != reason is not null && section.IsSound("absent", "reason"))
        {
            section.Fault("reason", isAbsent ? "is missing" : "is given, and the system is not absent", "absent: true together with a reason");
        }

        CitySystem system = new(name, section.List("areas", _area), ReadUnits(section, kind), ReadWithout(section, kind), isAbsent ? reason ?? "" : null);
        if (kind is not null && section.IsSound("absent", "reason", "areas", "units", "without"))
        {
            Check(system, kind, section);
        }

        return system;
    }

    private static ImmutableDictionary<string, string> ReadWithout(YamlSection section, SystemKind? kind)
    {
        YamlSection without = section.Section("without");
        ImmutableDictionary<string, string>.Builder read = ImmutableDictionary.CreateBuilder<string, string>(StringComparer.Ordinal);
        foreach (string action in without.Keys.ToArray())
        {
            read[action] = without.Required(action, Form.Text(200));
            if (kind is not null && !kind.Actions.ContainsKey(action))
            {
                without.Fault(action, $"is nothing that {kind.Name} does{Spelling.DidYouMean(action, kind.Actions.Keys)}", string.Join(", ", kind.Actions.Keys.Order(StringComparer.Ordinal)));
            }
        }

        return read.ToImmutable();
    }

    private ImmutableArray<DispatchUnit> ReadUnits(YamlSection section, SystemKind? kind)
    {
        YamlSection units = section.Section("units");
        ImmutableArray<DispatchUnit>.Builder read = ImmutableArray.CreateBuilder<DispatchUnit>();
        foreach ((string prefix, YamlSection unit) in units.Entries(PopulationFile.Name))
        {
            if (!_prefixes.TryAdd(prefix, section.Path))
            {
                units.Fault(prefix, $"is in {_prefixes[prefix]} too, so that ids would be there twice", "another name");
            }

            int count = (int)unit.Required("count", Form.Whole(1, MostUnits));
            string home = unit.Required("home", _area);
            ImmutableArray<string> does = ReadDoes(unit, kind);
            GeoPoint location = ReadPlace(unit, home);
            for (int number = 1; number <= count; number++)
            {
                read.Add(new DispatchUnit($"{_city.Name}-{prefix}-{number.ToString("D2", CultureInfo.InvariantCulture)}", does, home, location));
            }
        }

        return read.ToImmutable();
    }

    private static ImmutableArray<string> ReadDoes(YamlSection unit, SystemKind? kind)
    {
        ImmutableArray<string> does = unit.List("does", kind is null ? SystemsFile.Name : Form.Choice(kind.Actions.Keys.Order(StringComparer.Ordinal).Select(each => (each, each))), required: true);
        if (kind is null)
        {
            return does;
        }

        foreach ((int index, string action) in does.Index())
        {
            if (kind.Actions.TryGetValue(action, out SystemAction? known) && known.Target != ActionTarget.Unit)
            {
                unit.FaultOfItem("does", index, $"is {action}, which no unit is sent for", string.Join(", ", UnitActionsOf(kind).Select(each => each.Name)) is { Length: > 0 } allowed ? allowed : "no units of this system");
            }
        }

        // Who can do something can take it back.
        return [.. does.Concat(does.Select(action => kind.Actions.GetValueOrDefault(action)?.Undo).OfType<string>()).Distinct(StringComparer.Ordinal)];
    }

    private GeoPoint ReadPlace(YamlSection unit, string home)
    {
        ImmutableArray<double> at = unit.List("at", Form.Number(-180, 180));
        if (!unit.Has("at"))
        {
            for (string? area = home; area is not null; area = AreaPath.ParentOf(area))
            {
                if (_centres.TryGetValue(area, out GeoPoint centre))
                {
                    return centre;
                }
            }

            return new GeoPoint(_city.Longitude, _city.Latitude);
        }

        if (unit.IsSound("at") && at.Length != 2)
        {
            unit.Fault("at", "is no point", "[longitude, latitude]");
        }
        else if (_isGroundSound && unit.IsSound("at", "home") && !(_settlement.At(at[1], at[0]) is { } around && AreaPath.IsWithin(around.Id, home)))
        {
            unit.Fault("at", $"lies outside of {home}", "a point [longitude, latitude] inside of home");
        }

        return new GeoPoint(at.ElementAtOrDefault(0), at.ElementAtOrDefault(1));
    }

    /// <summary>That whatever can be asked for, somebody can do.</summary>
    private void Check(CitySystem system, SystemKind kind, YamlSection section)
    {
        if (system.AbsentBecause is not null)
        {
            if (!system.Units.IsEmpty)
            {
                section.Fault("units", "are given although the system is absent", "no units");
            }

            return;
        }

        foreach (string area in system.Areas.Add(_city.Name).Distinct())
        {
            foreach (SystemAction action in UnitActionsOf(kind).Where(action => !system.Without.ContainsKey(action.Name)))
            {
                if (!system.Units.Any(unit => unit.Does.Contains(action.Name) && CitySystems.DispatcherAreaFor(unit.Home, system) == area))
                {
                    section.Fault("units", $"have nobody in {area} who could {action.Name}", $"a unit that does it, or without: {{ {action.Name}: why }}");
                    return;
                }
            }
        }
    }
}
