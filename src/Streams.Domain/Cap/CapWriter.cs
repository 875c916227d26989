using System.Globalization;
using System.Text;
using System.Xml;

namespace Streams.Domain.Cap;

/// <summary>
/// Writes a document as UTF-8, elements in the standard's order, each on a line of its own. The same document gives the same bytes. What the
/// reader would refuse is not written: the bytes are read back before they are given out.
/// </summary>
public static class CapWriter
{
    private static readonly XmlWriterSettings Settings = new()
    {
        Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        Indent = true,
        IndentChars = "  ",
        NewLineChars = "\n",

        // A carriage return in a text would be read as a line feed.
        NewLineHandling = NewLineHandling.Entitize,
    };

    /// <returns>The bytes and advice; or no bytes and every reason why not, with the lines the document would have had.</returns>
    public static CapWriting Write(CapAlert alert, CapLimits? limits = null)
    {
        byte[] bytes;
        try
        {
            bytes = Bytes(alert);
        }
        catch (ArgumentException fault)
        {
            // Half of a surrogate pair, or a control character: XML has no way to write it.
            return new CapWriting(null, [new CapFinding(CapFindingKind.Refused, "not-writable", 0, "", $"a text cannot be written as XML: {fault.Message}", "characters of XML 1.0")]);
        }

        CapReading back = CapReader.Read(bytes, limits);
        if (!back.IsAccepted)
        {
            return new CapWriting(null, back.Findings);
        }

        return back.Alert == alert
            ? new CapWriting(bytes, back.Findings)
            : new CapWriting(null, [new CapFinding(CapFindingKind.Refused, "not-sayable", 0, "", "the document holds something CAP has no form for, such as a part of a second or a double quote in an address", "what reads back as it was")]);
    }

    private static byte[] Bytes(CapAlert alert)
    {
        using var bytes = new MemoryStream();
        using (var xml = XmlWriter.Create(bytes, Settings))
        {
            xml.WriteStartDocument();
            xml.WriteStartElement("alert", CapSchema.Namespace);
            Text(xml, "identifier", alert.Identifier);
            Text(xml, "sender", alert.Sender);
            Text(xml, "sent", CapText.Time(alert.Sent));
            Text(xml, "status", alert.Status.ToString());
            Text(xml, "msgType", alert.MessageType.ToString());
            Text(xml, "source", alert.Source);
            Text(xml, "scope", alert.Scope.ToString());
            Text(xml, "restriction", alert.Restriction);
            Text(xml, "addresses", alert.Addresses.IsEmpty ? null : CapText.QuotedWords(alert.Addresses));
            Texts(xml, "code", alert.Codes);
            Text(xml, "note", alert.Note);
            Text(xml, "references", alert.References.IsEmpty ? null : string.Join(' ', alert.References));
            Text(xml, "incidents", alert.Incidents.IsEmpty ? null : CapText.QuotedWords(alert.Incidents));
            foreach (CapInfo info in alert.Infos)
            {
                Info(xml, info);
            }

            xml.WriteEndElement();
        }

        bytes.WriteByte((byte)'\n');
        return bytes.ToArray();
    }

    private static void Info(XmlWriter xml, CapInfo info)
    {
        xml.WriteStartElement("info", CapSchema.Namespace);
        Text(xml, "language", info.Language);
        Texts(xml, "category", info.Categories.Select(category => category.ToString()));
        Text(xml, "event", info.Event);
        Texts(xml, "responseType", info.Responses.Select(response => response.ToString()));
        Text(xml, "urgency", info.Urgency.ToString());
        Text(xml, "severity", info.Severity.ToString());
        Text(xml, "certainty", info.Certainty.ToString());
        Text(xml, "audience", info.Audience);
        Values(xml, "eventCode", info.EventCodes);
        Time(xml, "effective", info.Effective);
        Time(xml, "onset", info.Onset);
        Time(xml, "expires", info.Expires);
        Text(xml, "senderName", info.SenderName);
        Text(xml, "headline", info.Headline);
        Text(xml, "description", info.Description);
        Text(xml, "instruction", info.Instruction);
        Text(xml, "web", info.Web);
        Text(xml, "contact", info.Contact);
        Values(xml, "parameter", info.Parameters);
        foreach (CapResource resource in info.Resources)
        {
            xml.WriteStartElement("resource", CapSchema.Namespace);
            Text(xml, "resourceDesc", resource.Description);
            Text(xml, "mimeType", resource.MimeType);
            Text(xml, "size", resource.Size?.ToString(CultureInfo.InvariantCulture));
            Text(xml, "uri", resource.Uri);
            Text(xml, "derefUri", resource.DerefUri);
            Text(xml, "digest", resource.Digest);
            xml.WriteEndElement();
        }

        foreach (CapArea area in info.Areas)
        {
            xml.WriteStartElement("area", CapSchema.Namespace);
            Text(xml, "areaDesc", area.Description);
            Texts(xml, "polygon", area.Polygons.Select(polygon => polygon.ToString()));
            Texts(xml, "circle", area.Circles.Select(circle => circle.ToString()));
            Values(xml, "geocode", area.Geocodes);
            Text(xml, "altitude", area.Altitude is { } altitude ? CapText.Number(altitude) : null);
            Text(xml, "ceiling", area.Ceiling is { } ceiling ? CapText.Number(ceiling) : null);
            xml.WriteEndElement();
        }

        xml.WriteEndElement();
    }

    private static void Values(XmlWriter xml, string name, CapList<CapValue> values)
    {
        foreach (CapValue value in values)
        {
            xml.WriteStartElement(name, CapSchema.Namespace);
            Text(xml, "valueName", value.Name);
            Text(xml, "value", value.Value);
            xml.WriteEndElement();
        }
    }

    private static void Time(XmlWriter xml, string name, DateTimeOffset? time) => Text(xml, name, time is { } known ? CapText.Time(known) : null);

    private static void Texts(XmlWriter xml, string name, IEnumerable<string> texts)
    {
        foreach (string text in texts)
        {
            Text(xml, name, text);
        }
    }

    private static void Text(XmlWriter xml, string name, string? text)
    {
        if (text is not null)
        {
            xml.WriteElementString(name, CapSchema.Namespace, text);
        }
    }
}

/// <summary>What came of writing a document.</summary>
/// <param name="Bytes">Null if it was refused.</param>
/// <param name="Findings">Every reason for a refusal, or advice.</param>
public sealed record CapWriting(byte[]? Bytes, CapList<CapFinding> Findings)
{
    public bool IsWritten => Bytes is not null;
}
