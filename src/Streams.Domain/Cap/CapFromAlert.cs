using System.Collections.Immutable;
using System.Globalization;
using Streams.Domain.Alerts;

namespace Streams.Domain.Cap;

/// <summary>Our own alerts as CAP: each state of an alert is a message of its own, with its whole content. Which field becomes which element: docs/cap.md.</summary>
public static class CapFromAlert
{
    /// <summary>
    /// How long a message that says it is over stands itself. Its condition ended before it was sent, and receivers throw away what has expired:
    /// nobody would hear of the end.
    /// </summary>
    public static readonly TimeSpan OverStands = TimeSpan.FromHours(1);

    /// <summary>Evidence told as parameters; the rest is a number.</summary>
    private const int MostEvidence = 5;

    /// <param name="senderName">Who speaks, for people; null if the sender's id is all there is.</param>
    public static CapAlert Of(Alert alert, string? senderName = null)
    {
        CapArea area = AreaOf(alert);
        return new CapAlert
        {
            Identifier = alert.Identifier,
            Sender = alert.Sender,
            Sent = Second(alert.SentInMs),
            Status = alert.Status,
            MessageType = alert.MessageType switch
            {
                AlertMessageType.Update => CapMessageType.Update,
                AlertMessageType.Cancel => CapMessageType.Cancel,
                _ => CapMessageType.Alert,
            },
            Source = alert.Rule,
            Scope = alert.Scope,
            Restriction = alert.Restriction,
            Addresses = CapList.From(alert.Addresses),
            Note = alert.Status == AlertStatus.Exercise ? "Exercise, no real event." : null,
            References = CapList.From(alert.References.Select(Reference)),
            Incidents = alert.IncidentId is { } incident ? [incident] : [],
            Infos = CapList.From(alert.Texts.Select(text => Info(alert, text, area, senderName))),
        };
    }

    private static CapInfo Info(Alert alert, AlertText text, CapArea area, string? senderName) => new()
    {
        Language = text.Language,
        Categories = CapList.From(alert.Categories),
        Event = text.Event,
        Responses = CapList.From(alert.Responses),
        Urgency = alert.Urgency,
        Severity = alert.Severity,
        Certainty = alert.Certainty,
        EventCodes = [new CapValue("streams-rule", alert.Rule)],
        Onset = Second(alert.OnsetInMs),
        Expires = Second(IsStanding(alert) ? alert.ExpiresInMs : Math.Max(alert.ExpiresInMs, alert.SentInMs + (long)OverStands.TotalMilliseconds)),
        SenderName = senderName,
        Headline = Given(text.Headline),
        Description = Given(text.Description),
        Instruction = Given(text.Instruction),
        Parameters = CapList.From(Parameters(alert)),
        Areas = [area],
    };

    private static CapArea AreaOf(Alert alert) => new()
    {
        Description = alert.AreaName,
        Polygons = alert.Place is { } place && CapOutline.Of(place.Polygon) is { } outline ? [outline] : [],
        Circles = alert.Circle is { } circle ? [circle] : [],
        Geocodes = CapList.From(
            (alert.Place?.Geocodes ?? ImmutableDictionary<string, string>.Empty)
                .OrderBy(code => code.Key, StringComparer.Ordinal)
                .Select(code => new CapValue(code.Key, code.Value))
                .Prepend(new CapValue("streams-area", alert.Area))),
    };

    private static IEnumerable<CapValue> Parameters(Alert alert)
    {
        yield return new CapValue("streams-alert", alert.Id);
        yield return new CapValue("streams-revision", alert.Revision.ToString(CultureInfo.InvariantCulture));
        yield return new CapValue("streams-state", alert.State.ToString().ToLowerInvariant());
        if (alert.EndInMs is { } end)
        {
            yield return new CapValue("streams-ended", CapText.Time(Second(end)));
        }

        if (alert.SupersededBy is { } other)
        {
            yield return new CapValue("streams-superseded-by", other);
        }

        foreach (AlertEvidence evidence in alert.Evidence.Take(MostEvidence))
        {
            yield return new CapValue("streams-evidence", Words(evidence));
        }

        int leftOut = alert.EvidenceLeftOut + Math.Max(0, alert.Evidence.Length - MostEvidence);
        if (leftOut > 0)
        {
            yield return new CapValue("streams-evidence-left-out", leftOut.ToString(CultureInfo.InvariantCulture));
        }
    }

    /// <summary>Such as <c>device dijon-air-017 pm2_5 321 ug/m3 2026-11-22T10:15:30-00:00</c>.</summary>
    private static string Words(AlertEvidence evidence)
    {
        string?[] words =
        [
            evidence.DeviceId is { } device ? "device " + device : evidence.Area is { } area ? "area " + area : null,
            evidence.AlertId ?? evidence.AnomalyId,
            evidence.Statistic,
            evidence.Metric,
            evidence.Value is { } value && double.IsFinite(value) ? value.ToString("0.####", CultureInfo.InvariantCulture) : null,
            evidence.Value is null ? null : evidence.Unit,
            evidence.Window,
            CapText.Time(Second(evidence.TimeInMs)),
        ];
        return string.Join(' ', words.Where(word => !string.IsNullOrEmpty(word)));
    }

    private static CapReference Reference(string reference)
    {
        string[] parts = reference.Split(',');
        return parts.Length == 3 && DateTimeOffset.TryParse(parts[2], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset sent)
            ? new CapReference(parts[0], parts[1], Second(sent.ToUnixTimeMilliseconds()))
            : throw new ArgumentException($"\"{reference}\" is not of the form sender,identifier,sent.", nameof(reference));
    }

    private static bool IsStanding(Alert alert) => alert.State is AlertState.Active or AlertState.Acknowledged;

    /// <summary>CAP has no parts of a second; the one that had begun is said, so that a reference is the same whenever it is made.</summary>
    private static DateTimeOffset Second(long unixMs) => DateTimeOffset.FromUnixTimeSeconds((long)Math.Floor(unixMs / 1000.0));

    private static string? Given(string text) => text.Length == 0 ? null : text;
}
