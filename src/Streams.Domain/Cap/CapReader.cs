using Streams.Domain.Alerts;

namespace Streams.Domain.Cap;

/// <summary>Reads one CAP 1.2 alert message from bytes: the document, or every reason why not.</summary>
public static class CapReader
{
    /// <param name="document">XML in UTF-8, UTF-16 or ISO-8859-1, as its declaration says.</param>
    /// <param name="limits">Null for <see cref="CapLimits.Default"/>.</param>
    /// <returns>Never throws for what the bytes hold.</returns>
    public static CapReading Read(ReadOnlyMemory<byte> document, CapLimits? limits = null)
    {
        (XmlTree? root, CapFinding? fault) = XmlTree.Read(document, limits ?? CapLimits.Default);
        return fault is not null ? new CapReading(null, [fault]) : Read(root!, limits ?? CapLimits.Default);
    }

    /// <param name="alert">The root of a document, or an element within a feed.</param>
    internal static CapReading Read(XmlTree alert, CapLimits limits)
    {
        var findings = new CapFindings(limits);
        if (alert.Name != "alert")
        {
            findings.Refuse(alert, "not-an-alert", $"the document is <{alert.Name}>{(alert.Namespace.Length == 0 ? "" : $" in the namespace {CapText.Shown(alert.Namespace)}")}", $"<alert xmlns=\"{CapSchema.Namespace}\">");
        }
        else if (CapSchema.VersionOf(alert.Namespace) is { } version and not "1.2")
        {
            findings.Refuse(alert, "other-version", $"the document is CAP {version}", $"CAP 1.2, namespace {CapSchema.Namespace}");
        }
        else
        {
            new CapStructure(findings).Check(alert);
            new CapRules(findings).Check(alert);
        }

        return new CapReading(findings.AnyRefused ? null : Alert(alert), findings.InOrder());
    }

    private static CapAlert Alert(XmlTree alert) => new()
    {
        Identifier = Text(alert, "identifier")!,
        Sender = Text(alert, "sender")!,
        Sent = Time(alert, "sent")!.Value,
        Status = Word<AlertStatus>(alert, "status"),
        MessageType = Word<CapMessageType>(alert, "msgType"),
        Source = Text(alert, "source"),
        Scope = Word<AlertScope>(alert, "scope"),
        Restriction = Text(alert, "restriction"),
        Addresses = Quoted(alert, "addresses"),
        Codes = CapList.From(alert.Named("code").Select(code => code.Text)),
        Note = Text(alert, "note"),
        References = CapList.From(CapText.Words(Text(alert, "references") ?? "").Select(word => CapText.TryReference(word, out CapReference? reference) ? reference.Value : default)),
        Incidents = Quoted(alert, "incidents"),
        Infos = CapList.From(alert.Named("info").Select(Info)),
    };

    private static CapInfo Info(XmlTree info) => new()
    {
        Language = Text(info, "language")?.Trim() is "" ? CapInfo.DefaultLanguage : Text(info, "language")?.Trim(),
        Categories = Words<AlertCategory>(info, "category"),
        Event = Text(info, "event")!,
        Responses = Words<AlertResponse>(info, "responseType"),
        Urgency = Word<AlertUrgency>(info, "urgency"),
        Severity = Word<AlertSeverity>(info, "severity"),
        Certainty = Word<AlertCertainty>(info, "certainty"),
        Audience = Text(info, "audience"),
        EventCodes = Values(info, "eventCode"),
        Effective = Time(info, "effective"),
        Onset = Time(info, "onset"),
        Expires = Time(info, "expires"),
        SenderName = Text(info, "senderName"),
        Headline = Text(info, "headline"),
        Description = Text(info, "description"),
        Instruction = Text(info, "instruction"),
        Web = Text(info, "web")?.Trim(),
        Contact = Text(info, "contact"),
        Parameters = Values(info, "parameter"),
        Resources = CapList.From(info.Named("resource").Select(Resource)),
        Areas = CapList.From(info.Named("area").Select(Area)),
    };

    private static CapResource Resource(XmlTree resource) => new()
    {
        Description = Text(resource, "resourceDesc")!,
        MimeType = Text(resource, "mimeType")!,
        Size = Text(resource, "size") is { } size ? long.Parse(size.Trim(), System.Globalization.CultureInfo.InvariantCulture) : null,
        Uri = Text(resource, "uri")?.Trim(),
        DerefUri = Text(resource, "derefUri"),
        Digest = Text(resource, "digest"),
    };

    private static CapArea Area(XmlTree area) => new()
    {
        Description = Text(area, "areaDesc")!,
        Polygons = CapList.From(area.Named("polygon").Select(polygon => CapText.Words(polygon.Text)).Where(pairs => pairs.Length > 0).Select(pairs => new CapPolygon(CapList.From(pairs.Select(Point))))),
        Circles = CapList.From(area.Named("circle").Select(circle => CapText.Words(circle.Text)).Where(words => words.Length > 0).Select(words => new CapCircle(Point(words[0]), Number(words[1])))),
        Geocodes = Values(area, "geocode"),
        Altitude = Text(area, "altitude") is { } altitude ? Number(altitude) : null,
        Ceiling = Text(area, "ceiling") is { } ceiling ? Number(ceiling) : null,
    };

    private static string? Text(XmlTree parent, string name) => parent.First(name)?.Text;

    private static CapPoint Point(string pair) => CapText.TryPoint(pair, out CapPoint point) ? point : default;

    private static decimal Number(string text) => CapText.TryNumber(text, out decimal number) ? number : default;

    private static DateTimeOffset? Time(XmlTree parent, string name) => CapText.TryTime(Text(parent, name), out DateTimeOffset time) ? time : null;

    private static CapList<string> Quoted(XmlTree parent, string name) => CapText.TryQuotedWords(Text(parent, name) ?? "", out CapList<string> words) ? words : [];

    private static T Word<T>(XmlTree parent, string name)
        where T : struct, Enum => Enum.Parse<T>(Text(parent, name)!);

    private static CapList<T> Words<T>(XmlTree parent, string name)
        where T : struct, Enum => CapList.From(parent.Named(name).Select(word => Enum.Parse<T>(word.Text)));

    private static CapList<CapValue> Values(XmlTree parent, string name) =>
        CapList.From(parent.Named(name).Select(pair => new CapValue(Text(pair, "valueName")!, Text(pair, "value")!)));
}
