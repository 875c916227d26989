using System.Collections.Immutable;
using Streams.Domain.Dispatch;

namespace Streams.Domain.Cities;

/// <summary>A city as its folder describes it. Its devices, tens of thousands, are placed when somebody first asks for them, and then kept.</summary>
public sealed class CityPlan
{
    private readonly City _described;
    private readonly Lazy<City> _settled;

    /// <param name="described">Without devices.</param>
    /// <param name="systems">What the city's own <c>systems.yaml</c> says; of those that it does not name, <see cref="CitySystem.ByDefault"/>.</param>
    public CityPlan(City described, ImmutableArray<PopulationGroup> groups, ImmutableArray<CitySystem> systems = default)
    {
        _described = described;
        Groups = groups;
        Systems = systems.IsDefault ? [] : systems;
        _settled = new Lazy<City>(() => described with { Devices = new Settlement(described).Place(groups) });
    }

    public string Name => _described.Name;

    public string Title => _described.Title;

    public TimeZoneInfo TimeZone => _described.TimeZone;

    public ImmutableArray<string> Languages => _described.Languages;

    public ImmutableArray<CityArea> Areas => _described.Areas;

    public ImmutableArray<Scenario> Scenarios => _described.Scenarios;

    public ImmutableArray<PopulationGroup> Groups { get; }

    public ImmutableArray<CitySystem> Systems { get; }

    public int DeviceCount => Groups.Sum(group => group.Group.Count);

    /// <summary>The city with its devices.</summary>
    public City City => _settled.Value;
}
