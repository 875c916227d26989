using System.Text.Json;
using Streams.Chaos.Load;
using Streams.Chaos.Truth;
using Streams.Domain.Areas;

namespace Streams.Chaos.Checks;

/// <summary>
/// I11: every alert has its incident, and one only; no incident is stuck; what was done is done once and taken back. Judged by what incidents told and what the city's
/// systems did, which live outside of the cluster.
/// </summary>
internal sealed class IncidentChecks(PublishedFacts facts, ObedientCity city, Violations violations)
{
    private static readonly string[] s_atRest = ["done", "undone", "skipped", "failed"];

    public int Incidents { get; private set; }

    public int Commands { get; private set; }

    /// <summary>Whether nothing more is to come: closed where no alert stands, at rest where one does.</summary>
    public bool IsComplete()
    {
        bool complete = true;
        facts.Locked(() => complete = Newest().All(incident => Trouble(incident.Value) is null) && Unclaimed() is null);
        return complete;
    }

    public void Check() => facts.Locked(() => city.Locked(() =>
    {
        Dictionary<string, JsonElement> newest = Newest();
        Incidents = newest.Count;
        Commands = city.Done.Count;
        foreach ((string id, JsonElement incident) in newest)
        {
            if (Trouble(incident) is { } trouble)
            {
                violations.Add("I11", $"incident {id}", trouble, "closed where none of its alerts stands, everything done where one does", Last(incident));
            }
        }

        if (Unclaimed() is { } alert)
        {
            violations.Add("I11", $"alert {alert}", "has no incident, or several", "one");
        }

        foreach (IGrouping<string, string> twice in city.Done.Select(command => command.CommandId).GroupBy(id => id).Where(group => group.Count() > 1))
        {
            violations.Add("I11", $"command {twice.Key}", $"done {twice.Count()} times", "once");
        }

        foreach (string doubled in city.Doubled)
        {
            violations.Add("I11", "a unit", doubled, "one incident's at a time");
        }

        HashSet<string> guarding = [.. newest.Where(incident => StateOf(incident.Value, "guard") == "done" && incident.Value.GetProperty("state").GetString() != "closed").Select(incident => incident.Key)];
        foreach (string incident in city.Guarded.Except(guarding))
        {
            violations.Add("I11", $"incident {incident}", "still has a unit", "none: it does not believe so");
        }

        foreach (string incident in guarding.Except(city.Guarded))
        {
            violations.Add("I11", $"incident {incident}", "has no unit", "one: it believes so");
        }

        HashSet<string> standing = [.. newest.Values.Where(IsSealing).Select(incident => incident.GetProperty("area").GetString()!)];
        // A place that is open again within one that is sealed is sealed with it.
        foreach (string place in city.Sealed.Where(place => !standing.Any(other => AreaPath.IsWithin(place, other))))
        {
            violations.Add("I11", $"area {place}", "is sealed", "open: no incident wants it sealed", city.PastOf(place));
        }

        foreach (string place in standing.Where(place => !city.Sealed.Any(other => AreaPath.IsWithin(place, other))))
        {
            violations.Add("I11", $"area {place}", "is open", "sealed: an incident believes it is", city.PastOf(place));
        }
    }));

    /// <summary>Where its steps stand, and what it said last.</summary>
    private static string Last(JsonElement incident) =>
        string.Join(", ", incident.GetProperty("steps").EnumerateArray().Select(step => $"{step.GetProperty("id")} is {step.GetProperty("state")}")) + "; last: "
        + string.Join("; ", incident.GetProperty("timeline").EnumerateArray().TakeLast(6).Select(entry => entry.GetRawText()));

    private static bool IsSealing(JsonElement incident) => StateOf(incident, "seal") == "done";

    private static string StateOf(JsonElement incident, string step) =>
        incident.GetProperty("steps").EnumerateArray().First(each => each.GetProperty("id").GetString() == step).GetProperty("state").GetString()!;

    /// <summary>What is not as it is to be in the end; null where all is well.</summary>
    private static string? Trouble(JsonElement incident)
    {
        bool stands = incident.GetProperty("standingAlerts").GetInt32() > 0;
        string state = incident.GetProperty("state").GetString()!;
        if (!stands && state != "closed")
        {
            return $"is {state} and none of its alerts stands";
        }

        return incident.GetProperty("steps").EnumerateArray().Select(step => (Id: step.GetProperty("id").GetString(), State: step.GetProperty("state").GetString()!))
            .Where(step => !s_atRest.Contains(step.State)).Select(step => $"step {step.Id} is {step.State}").FirstOrDefault()
            ?? (state == "closed" && StateOf(incident, "seal") is "done" ? "is closed, and what it sealed was not opened" : null);
    }

    private Dictionary<string, JsonElement> Newest() => facts.Incidents;

    /// <summary>An alert that no incident has, or several; in the newest state that was told of each.</summary>
    private string? Unclaimed()
    {
        Dictionary<string, int> claims = [];
        foreach (JsonElement alert in facts.Incidents.Values.SelectMany(incident => incident.GetProperty("alerts").EnumerateArray()))
        {
            string id = alert.GetProperty("id").GetString()!;
            claims[id] = claims.GetValueOrDefault(id) + 1;
        }

        // One that stood again after its incident was over is another's too.
        return facts.Alerts.Where(alert => claims.GetValueOrDefault(alert.Key) == 0 || (claims[alert.Key] > 1 && alert.Value.Count <= 2)).Select(alert => alert.Key).FirstOrDefault();
    }
}
