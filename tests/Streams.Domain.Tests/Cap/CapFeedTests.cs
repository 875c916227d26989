using System.Text;
using Streams.Domain.Cap;

namespace Streams.Domain.Tests.Cap;

public sealed class CapFeedTests
{
    private const string Head = "<feed xmlns='http://www.w3.org/2005/Atom'><id>a</id><title>t</title><updated>2026-11-22T10:15:30Z</updated>";
    private const string Entry = "<id>b</id><title>t</title><updated>2026-11-22T10:15:30Z</updated>";

    private static readonly string Alert = CapSamples.Xml[(CapSamples.Xml.IndexOf("?>", StringComparison.Ordinal) + 2)..];

    private static CapDocument Read(string xml) => CapDocument.Read(Encoding.UTF8.GetBytes(xml));

    [Fact]
    public void An_alert_alone_is_an_alert()
    {
        CapDocument document = Read(CapSamples.Xml);

        Assert.Equal((CapDocumentKind.Alert, true, false), (document.Kind, document.IsAccepted, document.IsIndex));
        Assert.Equal(CapSamples.Alert, Assert.Single(document.Alerts).Alert);
    }

    [Fact]
    public void Alerts_inside_a_feed_are_each_checked()
    {
        CapDocument document = Read($"{Head}\n<entry>{Entry}<content type='text/xml'>{Alert}</content></entry><entry>{Entry}<content>{Alert.Replace(">Severe<", ">High<", StringComparison.Ordinal)}</content></entry></feed>");

        Assert.Equal((CapDocumentKind.AtomFeed, false), (document.Kind, document.IsAccepted));
        Assert.Equal([true, false], document.Alerts.Select(alert => alert.IsAccepted));
        Assert.Equal("/feed/entry[2]/content/alert/info/severity", Assert.Single(document.All).Path);
    }

    [Fact]
    public void An_alert_that_stands_in_a_feed_as_text_is_checked_too()
    {
        CapDocument good = Read($"<rss version='2.0'><channel><title>t</title><link>l</link><description>d</description><item><description><![CDATA[{CapSamples.Xml}]]></description></item></channel></rss>");
        CapDocument bad = Read($"<rss version='2.0'><channel><title>t</title><link>l</link><description>d</description><item><description><![CDATA[{CapSamples.Xml.Replace("Observed", "Seen", StringComparison.Ordinal)}]]></description></item></channel></rss>");

        Assert.Equal((CapDocumentKind.RssFeed, true, 1), (good.Kind, good.IsAccepted, good.Alerts.Count));
        CapFinding finding = Assert.Single(bad.All);
        Assert.Equal((16, "/rss/channel/item/description/alert/info/certainty"), (finding.Line, finding.Path));
    }

    [Fact]
    public void Markup_for_people_in_a_feed_is_no_alert()
    {
        CapDocument document = Read($"{Head}<entry>{Entry}<link href='http://a/1'/><summary>&lt;p>An alert of urn:oasis:names:tc:emergency:cap:1.2&lt;br></summary></entry></feed>");

        Assert.Equal((true, true), (document.IsIndex, document.IsAccepted));
    }

    [Fact]
    public void An_index_says_how_many_alerts_it_links_to()
    {
        CapDocument document = Read($"{Head}<entry>{Entry}<link href='http://a/1'/></entry><entry>{Entry}<link href='http://a/2'/></entry></feed>");

        Assert.Equal((true, 2, true), (document.IsIndex, document.Links, document.IsAccepted));
    }

    [Theory]
    [InlineData("<title>t</title>", "", "feed-missing-element")]
    [InlineData("<title>t</title>", "<title>t</title><title>u</title>", "feed-element-too-often")]
    [InlineData("<title>t</title>", "<title>t</title><colour/>", "feed-unknown-element")]
    public void A_feed_that_is_not_Atom_is_refused(string old, string replacement, string rule) =>
        Assert.Equal(rule, Assert.Single(Read(Head.Replace(old, replacement, StringComparison.Ordinal) + "</feed>").Findings).Rule);

    [Fact]
    public void A_feed_holds_so_many_alerts_at_most()
    {
        byte[] feed = Encoding.UTF8.GetBytes($"{Head}<entry>{Entry}<content>{Alert}{Alert}{Alert}</content></entry></feed>");

        CapDocument document = CapDocument.Read(feed, new CapLimits { MaxAlerts = 2 });

        Assert.Equal(2, document.Alerts.Count);
        Assert.Equal("too-many-alerts", Assert.Single(document.Findings).Rule);
    }
}
