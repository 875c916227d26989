using Streams.Domain.Alerts;

namespace Streams.Domain.Cap;

/// <summary>What a message says of the event, in one language (section 3.2.2).</summary>
public sealed record CapInfo
{
    /// <summary>What stands where no language is given, says the schema.</summary>
    public const string DefaultLanguage = "en-US";

    /// <summary>RFC 3066 code such as <c>fr-FR</c>; null for <see cref="DefaultLanguage"/>.</summary>
    public string? Language { get; init; }

    /// <summary>At least one.</summary>
    public required CapList<AlertCategory> Categories { get; init; }

    public required string Event { get; init; }

    public CapList<AlertResponse> Responses { get; init; }

    public AlertUrgency Urgency { get; init; }

    public AlertSeverity Severity { get; init; }

    public AlertCertainty Certainty { get; init; }

    public string? Audience { get; init; }

    public CapList<CapValue> EventCodes { get; init; }

    public DateTimeOffset? Effective { get; init; }

    public DateTimeOffset? Onset { get; init; }

    public DateTimeOffset? Expires { get; init; }

    public string? SenderName { get; init; }

    public string? Headline { get; init; }

    public string? Description { get; init; }

    public string? Instruction { get; init; }

    /// <summary>A full, absolute URI.</summary>
    public string? Web { get; init; }

    public string? Contact { get; init; }

    public CapList<CapValue> Parameters { get; init; }

    public CapList<CapResource> Resources { get; init; }

    public CapList<CapArea> Areas { get; init; }
}

/// <summary>A system's own value: an event code, a parameter or a geocode.</summary>
public readonly record struct CapValue(string Name, string Value);

/// <summary>Something to look at or listen to (section 3.2.3).</summary>
public sealed record CapResource
{
    public required string Description { get; init; }

    public required string MimeType { get; init; }

    /// <summary>Bytes, about.</summary>
    public long? Size { get; init; }

    public string? Uri { get; init; }

    /// <summary>The content itself, base64, for channels without a way back.</summary>
    public string? DerefUri { get; init; }

    /// <summary>SHA-1 of the content, 40 hexadecimal digits.</summary>
    public string? Digest { get; init; }
}
