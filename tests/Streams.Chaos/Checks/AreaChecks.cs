using Streams.Chaos.Load;
using Streams.Chaos.Truth;
using Streams.Domain.Areas;

namespace Streams.Chaos.Checks;

/// <summary>
/// I1 and I4 across actors: an area's windows are the merge of its devices', so every message between actors took effect once. Devices that
/// move are counted where they were when they spoke, which the clock decides: areas they come to are left out, those above both are not.
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
                    violations.Add("I4", $"area {area} {key}", $"{was.Figures} at revision {was.Revision}", $"{expected}, the merge of its devices'");
                }
            }
        }
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
        });
        return areas;
    }
}
