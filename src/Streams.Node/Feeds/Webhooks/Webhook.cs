using System.Buffers;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Node.Api;

namespace Streams.Node.Feeds.Webhooks;

/// <summary>What is sent.</summary>
internal enum WebhookFormat
{
    /// <summary>The alert as <c>city.alerts</c> has it, in an envelope.</summary>
    Json,

    /// <summary>Its CAP document.</summary>
    Cap,
}

/// <summary>Another system that alerts are brought to.</summary>
/// <param name="Name">Unique.</param>
/// <param name="Slot">Its number among the shards that stand for couriers, 1 to <see cref="WebhookBook.Most"/>.</param>
/// <param name="Url">http or https.</param>
/// <param name="Filter">Which alerts.</param>
/// <param name="Restricted">Those that are not public too.</param>
/// <param name="SealedSecret">See <see cref="WebhookSecrets"/>.</param>
internal sealed record Webhook(
    string Name, int Slot, Uri Url, WebhookFormat Format, AlertFilter Filter, bool Restricted, string SealedSecret, DateTimeOffset CreatedAt, string CreatedBy)
{
    /// <summary>As stored; <see cref="Read"/> is its inverse.</summary>
    public byte[] ToStored()
    {
        ArrayBufferWriter<byte> body = new(512);
        using (Utf8JsonWriter json = new(body, Answer.Options))
        {
            json.WriteStartObject();
            WriteMembers(json);
            json.WriteNumber("slot", Slot);
            json.WriteString("sealedSecret", SealedSecret);
            json.WriteEndObject();
        }

        return body.WrittenSpan.ToArray();
    }

    public static Webhook Read(ReadOnlyMemory<byte> stored)
    {
        using JsonDocument document = JsonDocument.Parse(stored);
        JsonElement root = document.RootElement;
        return new Webhook(
            root.GetProperty("name").GetString()!,
            root.GetProperty("slot").GetInt32(),
            new Uri(root.GetProperty("url").GetString()!),
            Enum.Parse<WebhookFormat>(root.GetProperty("format").GetString()!, ignoreCase: true),
            new AlertFilter(
                root.GetProperty("status").GetString()!, root.GetProperty("area").GetString(), root.GetProperty("severity").GetString() is { } severity ? Enum.Parse<AlertSeverity>(severity) : null),
            root.GetProperty("restricted").GetBoolean(),
            root.GetProperty("sealedSecret").GetString()!,
            root.GetProperty("createdAt").GetDateTimeOffset(),
            root.GetProperty("createdBy").GetString()!);
    }

    /// <summary>What everybody may see of it who may see it at all: not its secret.</summary>
    public void WriteMembers(Utf8JsonWriter json)
    {
        json.WriteString("name", Name);
        json.WriteString("url", Url.ToString());
        json.WriteString("format", Format.ToString().ToLowerInvariant());
        json.WriteString("status", Filter.Status);
        json.WriteString("area", Filter.Area);
        json.WriteString("severity", Filter.Severity?.ToString());
        json.WriteBoolean("restricted", Restricted);
        json.WriteString("createdAt", Answer.Time(CreatedAt));
        json.WriteString("createdBy", CreatedBy);
    }
}
