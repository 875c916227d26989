using System.Buffers;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Domain.Detection;

namespace Streams.Domain.Incidents;

/// <summary>An incident as the outside sees it, on <c>city.incidents</c> and over HTTP.</summary>
public static class IncidentJson
{
    /// <param name="whole">With steps and timeline; else what a list shows.</param>
    public static void Write(IBufferWriter<byte> output, Incident incident, bool whole = true)
    {
        using Utf8JsonWriter json = new(output, AnomalyJson.Options);
        json.WriteStartObject();
        json.WriteString("id"u8, incident.Id);
        json.WriteString("title"u8, incident.Playbook.Title);
        json.WriteString("hazard"u8, incident.Playbook.Name);
        json.WriteString("status"u8, incident.IsExercise ? "Exercise"u8 : "Actual"u8);
        if (incident.Playbook.IsEveryday)
        {
            json.WriteBoolean("everyday"u8, true);
        }

        json.WriteString("state"u8, WordOf(incident.State));
        if (incident.End != IncidentEnd.None)
        {
            json.WriteString("end"u8, WordOf(incident.End));
        }

        json.WriteString("severity"u8, incident.Severity.ToString());
        json.WriteString("area"u8, incident.WorstArea);
        json.WriteString("city"u8, incident.Root);
        json.WriteString("opened"u8, AlertJson.Time(incident.OpenedInMs));
        if (incident.ClosedInMs is { } closed)
        {
            json.WriteString("closed"u8, AlertJson.Time(closed));
        }

        if (incident.MergedInto is { } other)
        {
            json.WriteString("mergedInto"u8, other);
        }

        WriteNames(json, "mergedFrom", incident.Followers);
        json.WriteNumber("standingAlerts"u8, incident.Alerts.Count(alert => alert.Stands));
        WriteNames(json, "awaitsApproval", incident.StepsIn(StepState.AwaitsApproval));
        WriteNames(json, "awaitsPerson", [.. incident.StepsIn(StepState.AwaitsPerson), .. incident.StepsIn(StepState.UndoAwaitsPerson)]);
        json.WriteNumber("revision"u8, incident.Entries);
        if (whole)
        {
            WriteAlerts(json, incident);
            incident.WriteSteps(json);
            WriteTimeline(json, incident);
        }

        json.WriteEndObject();
    }

    /// <summary>As the API writes it: <c>all_clear</c>.</summary>
    internal static string WordOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static void WriteAlerts(Utf8JsonWriter json, Incident incident)
    {
        json.WriteStartArray("alerts"u8);
        foreach (IncidentAlert alert in incident.Alerts.OrderByDescending(alert => alert.Stands).ThenByDescending(alert => alert.Severity).ThenBy(alert => alert.OnsetInMs))
        {
            json.WriteStartObject();
            json.WriteString("id"u8, alert.Id);
            json.WriteString("area"u8, alert.Area);
            json.WriteString("rule"u8, alert.Rule);
            json.WriteString("severity"u8, alert.Severity.ToString());
            json.WriteString("state"u8, WordOf(alert.State));
            json.WriteString("onset"u8, AlertJson.Time(alert.OnsetInMs));
            json.WriteString("headline"u8, alert.Headline);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteTimeline(Utf8JsonWriter json, Incident incident)
    {
        json.WriteStartArray("timeline"u8);
        foreach (TimelineEntry entry in incident.Timeline)
        {
            Write(json, entry);
        }

        json.WriteEndArray();
    }

    /// <summary>One entry by itself, as the journal keeps it.</summary>
    public static void Write(Utf8JsonWriter json, TimelineEntry entry)
    {
        json.WriteStartObject();
        json.WriteNumber("number"u8, entry.Number);
        json.WriteString("time"u8, AlertJson.Time(entry.TimeInMs));
        json.WriteString("what"u8, entry.What);
        WriteIfAny(json, "who", entry.Who);
        WriteIfAny(json, "subject", entry.Subject);
        WriteIfAny(json, "detail", entry.Detail);
        json.WriteEndObject();
    }

    internal static void WriteIfAny(Utf8JsonWriter json, string name, string text)
    {
        if (text.Length > 0)
        {
            json.WriteString(name, text);
        }
    }

    internal static void WriteNames(Utf8JsonWriter json, string name, IReadOnlyCollection<string> names)
    {
        if (names.Count == 0)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (string each in names)
        {
            json.WriteStringValue(each);
        }

        json.WriteEndArray();
    }
}
