using System.Text.Json;

namespace Streams.Cli.Output;

/// <summary>Areas below their parents by the parts of their ids; a parent that is not listed itself is shown by its name only.</summary>
internal sealed class AreaTree
{
    private static readonly Listing Rows = new(
        new Column("area", "tree", least: 20),
        new Column("name", "name", least: 10, drop: 2),
        new Column("devices", "devices", right: true),
        new Column("silent", item => item.Text("silent"), Right: true, Drop: 1, Style: item => item.NumberAt("silent") > 0 ? Colours.Of("silent") : "grey"),
        new Column("alerts", item => item.Text("alerts"), Right: true, Style: item => item.NumberAt("alerts") > 0 ? null : "grey"),
        Column.Word("worst", "worst"));

    private readonly Dictionary<string, JsonElement> _areas;
    private readonly Dictionary<string, string> _worst = new(StringComparer.Ordinal);
    private readonly ILookup<string, string> _children;

    /// <param name="alerts">The active ones.</param>
    public AreaTree(IReadOnlyList<JsonElement> areas, IReadOnlyList<JsonElement> alerts)
    {
        _areas = areas.ToDictionary(area => area.Text("id"), StringComparer.Ordinal);
        _children = _areas.Keys.SelectMany(WithParents).Distinct().Order(StringComparer.Ordinal).ToLookup(ParentOf, StringComparer.Ordinal);
        foreach (JsonElement alert in alerts)
        {
            string severity = alert.Text("info.0.severity");
            foreach (string area in WithParents(alert.Text("area")))
            {
                _worst[area] = _worst.TryGetValue(area, out string? known) && Colours.RankOf(known) <= Colours.RankOf(severity) ? known : severity;
            }
        }
    }

    /// <param name="depth">Levels unfolded; how many areas are inside what stays folded is said.</param>
    public void Write(Screen screen, int depth)
    {
        var rows = new List<JsonElement>();
        foreach (string top in _children[""])
        {
            Add(top, top, "", "", depth, rows);
        }

        Rows.Write(screen, rows, "There is no area yet; the first reading of a device makes its area.");
    }

    private void Add(string id, string name, string branch, string trunk, int depth, List<JsonElement> rows)
    {
        // An area above the top of what was asked for stands in its id only.
        if (!_areas.ContainsKey(id) && branch.Length == 0 && _children[id].Count() == 1)
        {
            string only = _children[id].First();
            Add(only, only, branch, trunk, depth, rows);
            return;
        }

        bool folded = depth <= 1;
        string more = folded && Inside(id) is > 0 and int inside ? $" (+{inside})" : "";
        JsonElement area = _areas.GetValueOrDefault(id);
        rows.Add(JsonSerializer.SerializeToElement(new
        {
            tree = branch + name + more,
            name = area.Text("name"),
            devices = area.NumberAt("devices"),
            silent = area.NumberAt("silent"),
            alerts = area.NumberAt("activeAlerts"),
            worst = _worst.GetValueOrDefault(id, ""),
        }));
        if (folded)
        {
            return;
        }

        string[] children = [.. _children[id]];
        for (int i = 0; i < children.Length; i++)
        {
            bool last = i == children.Length - 1;
            Add(children[i], children[i][(id.Length + 1)..], trunk + (last ? "└── " : "├── "), trunk + (last ? "    " : "│   "), depth - 1, rows);
        }
    }

    private int Inside(string id) => _children[id].Sum(child => 1 + Inside(child));

    private static string ParentOf(string id) => id.LastIndexOf('/') is > 0 and int slash ? id[..slash] : "";

    private static IEnumerable<string> WithParents(string id)
    {
        for (string at = id; at.Length > 0; at = ParentOf(at))
        {
            yield return at;
        }
    }
}
