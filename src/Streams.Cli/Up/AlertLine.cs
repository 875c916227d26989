using System.Globalization;
using System.Text.Json;
using Streams.Cli.Output;
using Streams.Node.Configuration;
using Streams.Runtime.Storage;

namespace Streams.Cli.Up;

/// <summary>An alert as the display shows it.</summary>
/// <param name="SentAt">When this state was said.</param>
/// <param name="FoundAt">Event time of the last value that the first state rests on; null for later states, and where it rests on none.</param>
internal sealed record AlertLine(string Id, int Revision, string Severity, string State, string Area, string Onset, string Headline, DateTimeOffset SentAt, DateTimeOffset? FoundAt)
{
    private ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>False when the document has become another state of the alert.</summary>
    public bool IsStateOf(Document document) => document.Body.Span.SequenceEqual(Body.Span);

    public static AlertLine Of(Document document)
    {
        using JsonDocument json = JsonDocument.Parse(document.Body);
        JsonElement alert = json.RootElement;
        JsonElement info = alert.At("info.0");
        string headline = info.Text("headline") is { Length: > 0 } text ? text : info.Text("event");
        return new AlertLine(
            document.Id,
            (int)(alert.NumberAt("revision") ?? 0),
            info.Text("severity"),
            alert.Text("state"),
            document.Scope,
            info.Text("onset"),
            headline,
            TimeOf(alert.At("sent")) ?? default,
            alert.NumberAt("revision") == 1 ? alert.List("evidence").Max(EndOf) : null)
        {
            Body = document.Body,
        };
    }

    /// <summary>A window is known at its end, an anomaly at once; a child area's alert and a silence are no values.</summary>
    private static DateTimeOffset? EndOf(JsonElement evidence) =>
        evidence.Text("alertId").Length > 0 || evidence.Text("kind") == "silence" || TimeOf(evidence.At("time")) is not { } time ? null
        : Durations.TryParse(evidence.Text("window"), out TimeSpan window) ? time + window
        : time;

    private static DateTimeOffset? TimeOf(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && DateTimeOffset.TryParse(value.GetString(), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time : null;
}
