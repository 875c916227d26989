using System.Text.Json;
using Streams.Cli.Output;
using Streams.Cli.Server;

namespace Streams.Cli.Watch;

/// <summary>
/// Alerts as they change. The list is ordered by onset, which an old alert keeps when it ends; so each look reads the newest ones and
/// those that are active, and asks for the open ones that are in neither.
/// </summary>
/// <param name="area">Only of this area and those inside it; null for all.</param>
/// <param name="leastSevere">The mildest severity that is told; null for all.</param>
internal sealed class AlertFeed(NodeClient node, string? area, string? leastSevere)
{
    private const string Path = "api/v1/alerts";
    private const int NewestRead = 100;
    private const int MostActive = 1_000;

    /// <summary>Open alerts asked for one by one in a look; more than end at once.</summary>
    private const int MostAsked = 50;

    private Dictionary<string, (double Revision, bool Open)>? _told;

    /// <summary>At first the active alerts, the oldest first; from then on each new state of any.</summary>
    public async Task<IReadOnlyList<Change>> LookAsync(CancellationToken stop) => [.. (await ChangedAsync(stop).ConfigureAwait(false)).Select(Told)];

    /// <summary>The changed alerts themselves, as the node gave them.</summary>
    public async Task<IReadOnlyList<JsonElement>> ChangedAsync(CancellationToken stop)
    {
        Query query = new Query(Path).With("area", area);
        JsonElement newest = await node.GetAsync(query.And("limit", Commands.Lists.Number(NewestRead)).ToString(), "alerts", stop).ConfigureAwait(false);
        JsonElement active = await node.GetAllAsync(query.And("state", "active"), "alerts", MostActive, stop).ConfigureAwait(false);
        var present = newest.List("items").Concat(active.List("items")).GroupBy(IdOf).ToDictionary(group => group.Key, group => group.MaxBy(RevisionOf), StringComparer.Ordinal);
        Dictionary<string, (double Revision, bool Open)>? before = _told;
        foreach (string id in (before ?? []).Where(each => each.Value.Open && !present.ContainsKey(each.Key)).Select(each => each.Key).Take(MostAsked))
        {
            try
            {
                present[id] = await node.GetAsync($"{Path}/{Uri.EscapeDataString(id)}", "alert", stop).ConfigureAwait(false);
            }
            catch (CommandFailedException gone) when (gone.Status == ExitStatus.NotFound)
            {
                // Ended and cleaned away meanwhile.
            }
        }

        _told = present.ToDictionary(each => each.Key, each => (RevisionOf(each.Value), IsOpen(each.Value)), StringComparer.Ordinal);
        return
        [
            .. present.Values
                .Where(alert => before is null ? IsOpen(alert) : !before.TryGetValue(IdOf(alert), out (double Revision, bool Open) known) || RevisionOf(alert) > known.Revision)
                .Where(alert => leastSevere is null || Colours.RankOf(alert.Text("info.0.severity")) <= Colours.RankOf(leastSevere))
                .OrderBy(alert => alert.At("sent").GetString(), StringComparer.Ordinal),
        ];
    }

    /// <summary>The word is the severity while the alert stands, else how it ended.</summary>
    public static Change Told(JsonElement alert)
    {
        string state = alert.Text("state");
        string headline = alert.Text("info.0.headline") is { Length: > 0 } text ? text : alert.Text("info.0.event");
        return new Change(alert.Text("sent"), state == "active" ? alert.Text("info.0.severity") : state, $"{headline}  [{IdOf(alert)}]", alert);
    }

    private static string IdOf(JsonElement alert) => alert.Text("id");

    private static double RevisionOf(JsonElement alert) => alert.NumberAt("revision") ?? 0;

    private static bool IsOpen(JsonElement alert) => alert.Text("state") is "active" or "acknowledged";
}
