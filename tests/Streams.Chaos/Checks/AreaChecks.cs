using Streams.Chaos.Load;
using Streams.Chaos.Truth;
using Streams.Domain.Areas;

namespace Streams.Chaos.Checks;

/// <summary>
/// I1 and I4 across actors: an area's windows are the merge of its devices', so every message between actors took effect once. Devices that
/// move are counted where they were when their windows were told, which the clock decides, and what they bring that is too old for where
/// they came is lost: areas they come to are left out. The root is the merge of what its districts have said, whatever that is.
/// </summary>
internal sealed class AreaChecks(CityModel model, PublishedFacts facts, Violations violations)
{
    public int Areas { get; private set; }

    public long Windows { get; private set; }

    /// <summary>Whether all areas have closed what is theirs.</summary>
    public bool IsComplete()
    {
        Dictionary<string, Dictionary<WindowKey, WindowFigures>> expected = Expected();
        bool complete = true;
        facts.Locked(() => complete = expected.All(area =>
            facts.Windows.TryGetValue("area:" + area.Key, out var published)
            && area.Value.All(window => published.TryGetValue(window.Key, out var was) && was.Figures.Count >= window.Value.Count)));
        return complete;
    }

    public void Check()
    {
        foreach ((string area, Dictionary<WindowKey, WindowFigures> windows) in Expected())
        {
            Areas++;
            Windows += windows.Count;
            Dictionary<WindowKey, (WindowFigures Figures, int Revision, int Members)> published = facts.Windows.GetValueOrDefault("area:" + area) ?? [];
            int wrong = 0;
            foreach ((WindowKey key, WindowFigures expected) in windows)
            {
                if (wrong < 3 && (!published.TryGetValue(key, out var was) || !was.Figures.Equals(expected)))
                {
                    wrong++;
                    violations.Add("I4", $"area {area} {key}", $"{was.Figures} at revision {was.Revision}", $"{expected}, the merge of its devices'", Evidence(area, key));
                }
            }
        }
    }

    /// <summary>Which shards told the area something else than their devices come to.</summary>
    private string Evidence(string area, WindowKey key)
    {
        List<string> wrong = [];
        foreach (((_, int shard), Dictionary<WindowKey, WindowFigures> windows) in facts.Told.Where(told => told.Key.Area == area && Runtime.ShardId.FromNumber(told.Key.Shard).Kind == 1))
        {
            int partition = Runtime.ShardId.FromNumber(shard).Partition;
            WindowFigures told = windows.GetValueOrDefault(key);
            ModelDevice[] devices =
            [
                .. model.Devices.Values.Where(device => device.Actor.Device.Area == area && model.PartitionOf(device.Id) == partition && device.Windows.ContainsKey(key)),
            ];
            WindowFigures expected = devices.Aggregate(default(WindowFigures), (sum, device) => sum.Plus(device.Windows[key]));
            if (!told.Equals(expected))
            {
                wrong.Add($"shard {Runtime.ShardId.FromNumber(shard)} told {told}, its devices {string.Join(' ', devices.Select(device => device.Id))} come to {expected}");
            }
        }

        return wrong.Count > 0 ? string.Join("; ", wrong) : "its devices' shards told it all there is";
    }

    private Dictionary<string, Dictionary<WindowKey, WindowFigures>> Expected()
    {
        Dictionary<string, Dictionary<WindowKey, WindowFigures>> areas = [];
        facts.Locked(() =>
        {
            foreach (ModelDevice device in model.Devices.Values.Where(device => device.Actor.Device.Type == TestCity.SensorType))
            {
                for (string? area = device.Actor.Device.Area; area is not null; area = AreaPath.ParentOf(area))
                {
                    if (!TestCity.IsSettled(area))
                    {
                        continue;
                    }

                    if (!areas.TryGetValue(area, out Dictionary<WindowKey, WindowFigures>? windows))
                    {
                        areas[area] = windows = [];
                    }

                    foreach ((WindowKey key, WindowFigures figures) in device.Windows)
                    {
                        windows[key] = windows.GetValueOrDefault(key).Plus(figures);
                    }
                }
            }

            areas[TestCity.Root] = [];
            foreach (string district in facts.Windows.Keys.Where(subject => subject.StartsWith("area:", StringComparison.Ordinal) && AreaPath.ParentOf(subject["area:".Length..]) == TestCity.Root))
            {
                foreach ((WindowKey key, (WindowFigures figures, _, _)) in facts.Windows[district].Where(window => window.Key.Metric != TestCity.BeaconMetric))
                {
                    areas[TestCity.Root][key] = areas[TestCity.Root].GetValueOrDefault(key).Plus(figures);
                }
            }
        });
        return areas;
    }
}
