using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Collections.Immutable;
using Streams.Domain.Areas;
using Streams.Domain.Dispatch;
using Streams.Domain.Incidents;
using Streams.Domain.Readings;
using Streams.Node.Configuration;

namespace Streams.Node.Actors;

/// <summary>What the configuration says of the response to alerts, as the actors of the response ask for it. Safe from several threads.</summary>
public sealed class CityResponse(ClusterConfiguration configuration)
{
    private const double EarthRadiusInMetres = 6_371_000;

    private readonly FrozenDictionary<string, Playbook> _byRule =
        configuration.Playbooks.SelectMany(playbook => playbook.Rules.Select(rule => KeyValuePair.Create(rule, playbook))).DistinctBy(each => each.Key).ToFrozenDictionary();

    private readonly FrozenDictionary<string, Playbook> _byName = configuration.Playbooks.ToFrozenDictionary(playbook => playbook.Name);
    private readonly FrozenDictionary<string, SystemKind> _systems = configuration.Systems.ToFrozenDictionary(system => system.Name);
    private readonly FrozenDictionary<string, AreaDescription> _areas = configuration.Areas.ToFrozenDictionary(area => area.Id);
    private readonly ConcurrentDictionary<(string, string), double> _distances = new();

    /// <summary>What is done about alerts of a rule; null for none.</summary>
    public Playbook? PlaybookFor(string rule) => _byRule.GetValueOrDefault(rule);

    public Playbook? PlaybookNamed(string name) => _byName.GetValueOrDefault(name);

    public SystemKind? System(string name) => _systems.GetValueOrDefault(name);

    /// <summary>The key of the dispatcher that serves an area.</summary>
    public string DispatcherOf(string area, string system) => _systems.ContainsKey(system) ? $"{AreaPath.RootOf(area)}/{system}" : throw new ArgumentException($"There is no system {system}.", nameof(system));

    /// <summary>Whether there is a dispatcher of this system in just this area.</summary>
    public bool HasDispatcher(string area, string system) => _systems.ContainsKey(system) && DispatcherOf(area, system) == $"{area}/{system}";

    /// <summary>Where a configured device is; null where nobody knows.</summary>
    public GeoPoint? PlaceOf(string device) => configuration.Register.Find(device)?.Location;

    /// <summary>Metres between the outlines of two areas, by their corners: 0 where they touch, infinite where an outline is not known.</summary>
    public double Distance(string one, string other) =>
        _distances.GetOrAdd(string.CompareOrdinal(one, other) <= 0 ? (one, other) : (other, one), pair => DistanceOf(pair.Item1, pair.Item2));

    private double DistanceOf(string one, string other)
    {
        if (AreaPath.IsWithin(one, other) || AreaPath.IsWithin(other, one))
        {
            return 0;
        }

        double least = double.PositiveInfinity;
        foreach ((double latitude, double longitude) in CornersOf(one))
        {
            foreach ((double otherLatitude, double otherLongitude) in CornersOf(other))
            {
                // Flat for the few kilometres of a city.
                double north = double.DegreesToRadians(otherLatitude - latitude);
                double east = double.DegreesToRadians(otherLongitude - longitude) * Math.Cos(double.DegreesToRadians(latitude));
                least = Math.Min(least, EarthRadiusInMetres * Math.Sqrt((north * north) + (east * east)));
            }
        }

        return least;
    }

    private ImmutableArray<(double Latitude, double Longitude)> CornersOf(string area) => _areas.GetValueOrDefault(area)?.Polygon ?? [];
}
