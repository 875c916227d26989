using System.Globalization;
using System.Text;
using System.Xml;
using Streams.Domain.Alerts;
using Streams.Runtime.Storage;

namespace Streams.Node.Feeds;

/// <summary>One page of the CAP feed.</summary>
/// <param name="Entries">Newest first.</param>
/// <param name="Self">Where this page is; so with the others. Null where there is no such page.</param>
internal sealed record AtomPage(IReadOnlyList<Document> Entries, string Self, string First, string? Next, string? Previous);

/// <summary>
/// CAP documents as an Atom feed (RFC 4287), in pages (RFC 5005, section 3). Ids are the same on every node and under every address: they are made of the
/// cluster's name and CAP's identifier.
/// </summary>
internal static class AtomOfCap
{
    public const string ContentType = "application/atom+xml";

    private const string Namespace = "http://www.w3.org/2005/Atom";
    private const string Cap = "urn:oasis:names:tc:emergency:cap:1.2";

    private static readonly XmlWriterSettings s_settings = new()
    {
        Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), Indent = true, IndentChars = "  ", NewLineChars = "\n", NewLineHandling = NewLineHandling.Entitize, CheckCharacters = true,
    };

    /// <param name="cluster">Names the feed.</param>
    /// <param name="author">Who speaks.</param>
    /// <param name="language">As <see cref="CapHeading.In"/> takes it.</param>
    public static byte[] Write(AtomPage page, AlertFeeds feeds, string cluster, string author, AlertStatus status, string? area, string? language)
    {
        using var bytes = new MemoryStream();
        using (var xml = XmlWriter.Create(bytes, s_settings))
        {
            xml.WriteStartDocument();
            xml.WriteStartElement("feed", Namespace);
            Text(xml, "id", $"{UrnOf(cluster)}:feed:cap:{status}{(area is null ? "" : ":" + Escaped(area))}");
            Text(xml, "title", $"Alerts of {author}{(area is null ? "" : ", " + area)}{(status == AlertStatus.Actual ? "" : $" ({status})")}");

            // The epoch where nothing was said yet: a time that is the same on every node and at every look.
            Text(xml, "updated", Time(page.Entries.Count == 0 ? 0 : page.Entries[0].AtInMs));
            xml.WriteStartElement("author", Namespace);
            Text(xml, "name", author);
            xml.WriteEndElement();
            Text(xml, "generator", "Streams");
            Link(xml, "self", page.Self, ContentType);
            Link(xml, "first", page.First, ContentType);
            Link(xml, "previous", page.Previous, ContentType);
            Link(xml, "next", page.Next, ContentType);
            foreach (Document document in page.Entries)
            {
                if (feeds.Headings.Of(document) is { } heading)
                {
                    Entry(xml, heading, document, feeds.BaseUrl, cluster, language);
                }
            }

            xml.WriteEndElement();
        }

        bytes.WriteByte((byte)'\n');
        return bytes.ToArray();
    }

    /// <summary>Where a document is.</summary>
    public static string UrlOf(string baseUrl, string identifier) => $"{baseUrl}/feeds/cap/{Uri.EscapeDataString(identifier)}.xml";

    private static void Entry(XmlWriter xml, CapHeading heading, Document document, string baseUrl, string cluster, string? language)
    {
        CapHeading.Text text = heading.In(language);
        xml.WriteStartElement("entry", Namespace);
        xml.WriteAttributeString("xml", "lang", null, text.Language);
        Text(xml, "id", $"{UrnOf(cluster)}:cap:{Escaped(heading.Identifier)}");
        Text(xml, "title", text.Title);
        Text(xml, "updated", Time(document.AtInMs));
        Text(xml, "published", Time(document.AtInMs));
        Link(xml, "alternate", UrlOf(baseUrl, heading.Identifier), "application/cap+xml");
        Category(xml, "msgType", heading.Type.ToString());
        Category(xml, "severity", heading.Severity.ToString());
        foreach (AlertCategory category in text.Categories)
        {
            Category(xml, "category", category.ToString());
        }

        Category(xml, "areaDesc", text.Area);
        Text(xml, "summary", text.Summary);
        xml.WriteEndElement();
    }

    private static void Category(XmlWriter xml, string element, string term)
    {
        xml.WriteStartElement("category", Namespace);
        xml.WriteAttributeString("term", term);
        xml.WriteAttributeString("scheme", $"{Cap}:{element}");
        xml.WriteEndElement();
    }

    private static void Link(XmlWriter xml, string relation, string? to, string type)
    {
        if (to is not null)
        {
            xml.WriteStartElement("link", Namespace);
            xml.WriteAttributeString("rel", relation);
            xml.WriteAttributeString("type", type);
            xml.WriteAttributeString("href", to);
            xml.WriteEndElement();
        }
    }

    private static void Text(XmlWriter xml, string name, string text) => xml.WriteElementString(name, Namespace, text);

    private static string UrnOf(string cluster) => "urn:streams:" + Escaped(cluster);

    /// <summary>An id is an IRI, compared letter by letter.</summary>
    private static string Escaped(string text) => Uri.EscapeDataString(text);

    private static string Time(long unixMs) => DateTimeOffset.FromUnixTimeMilliseconds(unixMs).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
}
