using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Streams.Domain.Detection;

namespace Streams.Domain.Alerts;

/// <summary>An alert as the outside sees it, on <c>city.alerts</c> and over HTTP.</summary>
public static class AlertJson
{
    public static void Write(IBufferWriter<byte> output, Alert alert)
    {
        using var json = new Utf8JsonWriter(output, AnomalyJson.Options);
        Write(json, alert);
    }

    public static void Write(Utf8JsonWriter json, Alert alert)
    {
        json.WriteStartObject();
        json.WriteString("id", alert.Id);
        json.WriteString("identifier", alert.Identifier);
        json.WriteString("sender", alert.Sender);
        json.WriteString("sent", Time(alert.SentInMs));
        json.WriteString("status", alert.Status.ToString());
        json.WriteString("msgType", alert.MessageType.ToString());
        json.WriteString("scope", alert.Scope.ToString());
        if (alert.Restriction is { } restriction)
        {
            json.WriteString("restriction", restriction);
        }

        if (!alert.Addresses.IsEmpty)
        {
            WriteAddresses(json, alert.Addresses);
        }

        json.WriteStartArray("references");
        foreach (string reference in alert.References)
        {
            json.WriteStringValue(reference);
        }

        json.WriteEndArray();
        json.WriteString("incidentId", alert.IncidentId);
        json.WriteStartArray("info");
        foreach (AlertText text in alert.Texts)
        {
            WriteInfo(json, alert, text);
        }

        json.WriteEndArray();
        json.WriteString("state", Lower(alert.State.ToString()));
        json.WriteString("area", alert.Area);
        json.WriteString("rule", alert.Rule);
        if (alert.EndInMs is { } end)
        {
            json.WriteString("ended", Time(end));
        }

        if (alert.SupersededBy is { } superseding)
        {
            json.WriteString("supersededBy", superseding);
        }

        WriteDeed(json, alert.Issued, "issuedBy", "issuedAt", null);
        WriteDeed(json, alert.Acknowledged, "acknowledgedBy", "acknowledgedAt", "acknowledgedNote");
        WriteDeed(json, alert.Cancelled, "cancelledBy", "cancelledAt", "cancelReason");
        json.WriteStartArray("evidence");
        foreach (AlertEvidence evidence in alert.Evidence)
        {
            WriteEvidence(json, evidence);
        }

        json.WriteEndArray();
        if (alert.EvidenceLeftOut > 0)
        {
            json.WriteNumber("evidenceLeftOut", alert.EvidenceLeftOut);
        }

        json.WriteNumber("revision", alert.Revision);
        json.WriteEndObject();
    }

    internal static string Time(long unixMs) =>
        DateTimeOffset.FromUnixTimeMilliseconds(unixMs).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>As CAP writes it: "lat,lon lat,lon ...", the first pair again at the end.</summary>
    internal static string Outline(ImmutableArray<(double Latitude, double Longitude)> corners) =>
        string.Join(' ', corners.Select(corner => string.Create(CultureInfo.InvariantCulture, $"{corner.Latitude:0.##########},{corner.Longitude:0.##########}")));

    internal static void WriteAddresses(Utf8JsonWriter json, ImmutableArray<string> addresses)
    {
        json.WriteStartArray("addresses");
        foreach (string address in addresses)
        {
            json.WriteStringValue(address);
        }

        json.WriteEndArray();
    }

    private static void WriteDeed(Utf8JsonWriter json, AlertDeed? deed, string by, string at, string? note)
    {
        if (deed is null)
        {
            return;
        }

        json.WriteString(by, deed.By);
        json.WriteString(at, Time(deed.AtInMs));
        if (note is not null && deed.Note.Length > 0)
        {
            json.WriteString(note, deed.Note);
        }
    }

    private static void WriteInfo(Utf8JsonWriter json, Alert alert, AlertText text)
    {
        json.WriteStartObject();
        json.WriteString("language", text.Language);
        json.WriteStartArray("category");
        foreach (AlertCategory category in alert.Categories)
        {
            json.WriteStringValue(category.ToString());
        }

        json.WriteEndArray();
        json.WriteString("event", text.Event);
        json.WriteStartArray("responseType");
        foreach (AlertResponse response in alert.Responses)
        {
            json.WriteStringValue(response.ToString());
        }

        json.WriteEndArray();
        json.WriteString("urgency", alert.Urgency.ToString());
        json.WriteString("severity", alert.Severity.ToString());
        json.WriteString("certainty", alert.Certainty.ToString());
        json.WriteString("onset", Time(alert.OnsetInMs));
        json.WriteString("expires", Time(alert.ExpiresInMs));
        json.WriteString("headline", text.Headline);
        json.WriteString("description", text.Description);
        json.WriteString("instruction", text.Instruction);
        json.WriteStartArray("area");
        json.WriteStartObject();
        json.WriteString("areaDesc", alert.AreaName);
        json.WriteStartArray("polygon");
        if (alert.Place is { Polygon.IsEmpty: false } place)
        {
            json.WriteStringValue(Outline(place.Polygon));
        }

        json.WriteEndArray();
        if (alert.Circle is { } circle)
        {
            json.WriteStartArray("circle");
            json.WriteStringValue(circle.ToString());
            json.WriteEndArray();
        }

        json.WriteStartObject("geocode");
        json.WriteString("streams-area", alert.Area);
        if (alert.Place is { } described)
        {
            foreach ((string system, string code) in described.Geocodes.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                json.WriteString(system, code);
            }
        }

        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteEvidence(Utf8JsonWriter json, AlertEvidence evidence)
    {
        json.WriteStartObject();
        WriteIfKnown(json, "anomalyId", evidence.AnomalyId);
        WriteIfKnown(json, "deviceId", evidence.DeviceId);
        WriteIfKnown(json, "area", evidence.Area);
        WriteIfKnown(json, "alertId", evidence.AlertId);
        WriteIfKnown(json, "kind", evidence.Kind);
        WriteIfKnown(json, "metric", evidence.Metric);
        WriteIfKnown(json, "statistic", evidence.Statistic);
        WriteIfKnown(json, "window", evidence.Window);
        json.WriteString("time", Time(evidence.TimeInMs));
        WriteIfKnown(json, "value", evidence.Value);
        WriteIfKnown(json, "usual", evidence.Usual);
        WriteIfKnown(json, "unit", evidence.Unit);
        WriteIfKnown(json, "explanation", evidence.Explanation);
        json.WriteEndObject();
    }

    private static void WriteIfKnown(Utf8JsonWriter json, string name, string? value)
    {
        if (!string.IsNullOrEmpty(value))
        {
            json.WriteString(name, value);
        }
    }

    private static void WriteIfKnown(Utf8JsonWriter json, string name, double? value)
    {
        if (value is { } number && double.IsFinite(number))
        {
            json.WriteNumber(name, number);
        }
    }

    private static string Lower(string word) => char.ToLowerInvariant(word[0]) + word[1..];
}
