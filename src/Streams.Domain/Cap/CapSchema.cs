using Streams.Domain.Alerts;

namespace Streams.Domain.Cap;

/// <summary>The elements of CAP 1.2 in their order, as its schema has them (OASIS Standard, 1 July 2010, section 3.4).</summary>
internal static class CapSchema
{
    public const string Namespace = "urn:oasis:names:tc:emergency:cap:1.2";
    public const string Signatures = "http://www.w3.org/2000/09/xmldsig#";

    /// <summary>Earlier versions, which are other formats.</summary>
    public static string? VersionOf(string space) => space switch
    {
        Namespace => "1.2",
        "urn:oasis:names:tc:emergency:cap:1.1" => "1.1",
        "http://www.incident.com/cap/1.0" or "urn:oasis:names:tc:emergency:cap:1.0" => "1.0",
        _ => null,
    };

    private const int Many = int.MaxValue;

    private static readonly CapContent Text = new(CapValueKind.Text);
    private static readonly CapContent Time = new(CapValueKind.Time);
    private static readonly CapContent Number = new(CapValueKind.Decimal);
    private static readonly CapContent AnyUri = new(CapValueKind.Uri);

    private static readonly CapContent Pair = Parts(new("valueName", 1, 1, Text), new("value", 1, 1, Text));

    private static readonly CapContent Resource = Parts(
        new("resourceDesc", 1, 1, Text),
        new("mimeType", 1, 1, Text),
        new("size", 0, 1, new(CapValueKind.Integer)),
        new("uri", 0, 1, AnyUri),
        new("derefUri", 0, 1, Text),
        new("digest", 0, 1, Text));

    private static readonly CapContent Area = Parts(
        new("areaDesc", 1, 1, Text),
        new("polygon", 0, Many, Text),
        new("circle", 0, Many, Text),
        new("geocode", 0, Many, Pair),
        new("altitude", 0, 1, Number),
        new("ceiling", 0, 1, Number));

    private static readonly CapContent Info = Parts(
        new("language", 0, 1, new(CapValueKind.Language)),
        new("category", 1, Many, OneOf<AlertCategory>()),
        new("event", 1, 1, Text),
        new("responseType", 0, Many, OneOf<AlertResponse>()),
        new("urgency", 1, 1, OneOf<AlertUrgency>()),
        new("severity", 1, 1, OneOf<AlertSeverity>()),
        new("certainty", 1, 1, OneOf<AlertCertainty>()),
        new("audience", 0, 1, Text),
        new("eventCode", 0, Many, Pair),
        new("effective", 0, 1, Time),
        new("onset", 0, 1, Time),
        new("expires", 0, 1, Time),
        new("senderName", 0, 1, Text),
        new("headline", 0, 1, Text),
        new("description", 0, 1, Text),
        new("instruction", 0, 1, Text),
        new("web", 0, 1, AnyUri),
        new("contact", 0, 1, Text),
        new("parameter", 0, Many, Pair),
        new("resource", 0, Many, Resource),
        new("area", 0, Many, Area));

    public static CapContent Alert { get; } = Parts(
        new("identifier", 1, 1, Text),
        new("sender", 1, 1, Text),
        new("sent", 1, 1, Time),
        new("status", 1, 1, OneOf<AlertStatus>()),
        new("msgType", 1, 1, OneOf<CapMessageType>()),
        new("source", 0, 1, Text),
        new("scope", 1, 1, OneOf<AlertScope>()),
        new("restriction", 0, 1, Text),
        new("addresses", 0, 1, Text),
        new("code", 0, Many, Text),
        new("note", 0, 1, Text),
        new("references", 0, 1, Text),
        new("incidents", 0, 1, Text),
        new("info", 0, Many, Info));

    private static CapContent Parts(params CapPart[] parts) => new(CapValueKind.Parts) { Parts = parts };

    private static CapContent OneOf<T>()
        where T : struct, Enum => new(CapValueKind.Word) { Words = Enum.GetNames<T>() };
}

internal enum CapValueKind
{
    /// <summary>Elements, no text.</summary>
    Parts,
    Text,
    Time,
    Language,
    Uri,
    Integer,
    Decimal,

    /// <summary>One of some words, exactly.</summary>
    Word,
}

/// <summary>What an element holds.</summary>
internal sealed record CapContent(CapValueKind Kind)
{
    public CapPart[] Parts { get; init; } = [];

    public string[] Words { get; init; } = [];
}

/// <summary>A child at its place in the order.</summary>
internal sealed record CapPart(string Name, int Min, int Max, CapContent Content);
