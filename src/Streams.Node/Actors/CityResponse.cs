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
    private readonly FrozenDictionary<string, Playbook> _byRule =
        configuration.Playbooks.SelectMany(playbook => playbook.Rules.Select(rule => KeyValuePair.Create(rule, playbook))).DistinctBy(each => each.Key).ToFrozenDictionary();

    private readonly FrozenDictionary<string, Playbook> _byName = configuration.Playbooks.ToFrozenDictionary(playbook => playbook.Name);
    private readonly FrozenDictionary<string, AreaDescription> _areas = configuration.Areas.ToFrozenDictionary(area => area.Id);
    private readonly CitySystems _systems = configuration.CitySystems;
    private readonly ConcurrentDictionary<(string, string), double> _distances = new();
    private readonly ConcurrentDictionary<string, Lazy<DispatchMap?>> _maps = new();

    /// <summary>What is done about alerts of a rule; null for none.</summary>
    public Playbook? PlaybookFor(string rule) => _byRule.GetValueOrDefault(rule);

    public Playbook? PlaybookNamed(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The key of the dispatcher that serves an area. Where the system is not configured any more, one that rejects what it is asked.</summary>
    public string DispatcherOf(string area, string system) => _systems.DispatcherKeyFor(area, system) ?? $"{AreaPath.RootOf(area)}/{system}";

    /// <summary>What the dispatcher of a key has to give; null where it is no dispatcher's key.</summary>
    public DispatchMap? MapOf(string key) => key.EndsWith("/" + ResponseRecords.Desk, StringComparison.Ordinal) ? null
        : _maps.TryGetValue(key, out Lazy<DispatchMap?>? known) ? known.Value
        : _systems.MapOf(key) is { } map ? _maps.GetOrAdd(key, new Lazy<DispatchMap?>(map)).Value
        : null;

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
                least = Math.Min(least, DispatchMap.Metres(new GeoPoint(longitude, latitude), new GeoPoint(otherLongitude, otherLatitude)));
            }
        }

        return least;
    }

    private ImmutableArray<(double Latitude, double Longitude)> CornersOf(string area) => _areas.GetValueOrDefault(area)?.Polygon ?? [];
}
