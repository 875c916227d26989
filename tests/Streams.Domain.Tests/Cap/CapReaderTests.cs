using System.Text;
using Streams.Domain.Cap;

namespace Streams.Domain.Tests.Cap;

public sealed class CapReaderTests
{
    [Fact]
    public void The_sample_is_accepted_without_a_word() => Assert.Empty(CapSamples.Read(CapSamples.Xml).Findings);

    /// <summary>One change to a good document, and all that is said of it.</summary>
    [Theory]
    [InlineData("<sent>2026-11-22T10:15:30+01:00", "<sent>2026-11-22T10:15:30Z", "time-form")]
    [InlineData("<sent>2026-11-22T10:15:30+01:00", "<sent>2026-11-22T10:15:30.5+01:00", "time-form")]
    [InlineData("<sent>2026-11-22T10:15:30+01:00", "<sent>2026-11-22T10:15:30", "time-form")]
    [InlineData("<sent>2026-11-22T10:15:30+01:00", "<sent>2026-02-29T10:15:30+01:00", "time-form")]
    [InlineData("<sent>2026-11-22T10:15:30+01:00", "<sent>2026-11-22T10:15:30+14:01", "time-form")]
    [InlineData("<sent>2026-11-22T10:15:30+01:00", "<sent>2026-11-22T10:15:30,01:00", "time-form")]
    [InlineData("<sent>2026-11-22T10:15:30+01:00", "<sent>2026-11-22T10:15:60+01:00", "time-form")]
    [InlineData("<sent>2026-11-22T10:15:30+01:00", "<sent>2026-11-21T24:00:00+01:00", "")]
    [InlineData("<sent>2026-11-22T10:15:30+01:00", "<sent>\n2026-11-22T10:15:30-00:00 ", "")]
    [InlineData("<sent>2026-11-22T10:15:30+01:00", "<sent>2026-11-22T10:15:30+00:00", "advice utc-as-plus-zero")]
    [InlineData("<status>Actual", "<status> Actual", "not-in-list")]
    [InlineData("<msgType>Alert", "<msgType>Update", "references-missing")]
    [InlineData("<msgType>Alert", "<msgType>Error", "references-missing, advice note-missing")]
    [InlineData("<status>Actual", "<status>Exercise", "advice note-missing")]
    [InlineData("<scope>Public", "<scope>Restricted", "restriction-missing")]
    [InlineData("<scope>Public</scope>", "<scope>Restricted</scope><restriction> </restriction>", "restriction-missing")]
    [InlineData("<scope>Public</scope>", "<scope>Public</scope><restriction>staff</restriction>", "advice restriction-unused")]
    [InlineData("<scope>Public", "<scope>Private", "addresses-missing")]
    [InlineData("<scope>Public</scope>", "<scope>Private</scope><addresses>\"fire chief\" police</addresses>", "")]
    [InlineData("<scope>Public</scope>", "<scope>Private</scope><addresses>\"fire chief police</addresses>", "quotes-open")]
    [InlineData("<scope>Public</scope>", "<scope>Public</scope><references>a,b</references>", "reference-form")]
    [InlineData("<scope>Public</scope>", "<scope>Public</scope><references>a,b,2026-11-22T09:15:30Z</references>", "reference-form")]
    [InlineData("<scope>Public</scope>", "<scope>Public</scope><references>\n a,b,2026-11-22T09:15:30-00:00\n a,c,2026-11-22T09:15:30-00:00 </references>", "")]
    [InlineData("<scope>Public</scope>", "<scope>Public</scope><references>alerts@city.example,river.20261122,2026-11-22T09:15:30-00:00</references>", "self-reference")]
    [InlineData("<scope>Public</scope>", "<scope>Public</scope><references>alerts@city.example,river.20261122,2026-11-22T09:00:00-00:00</references>", "advice identifier-used-again")]
    [InlineData("<identifier>river.20261122", "<identifier>river,20261122", "name-characters")]
    [InlineData("<identifier>river.20261122", "<identifier>river&amp;20261122", "name-characters")]
    [InlineData("<identifier>river.20261122", "<identifier>river&lt;20261122", "name-characters")]
    [InlineData("<identifier>river.20261122", "<identifier>river.20261122\n", "name-characters")]
    [InlineData("<identifier>river.20261122", "<identifier>", "name-empty")]
    [InlineData("<language>fr-FR", "<language>", "")]
    [InlineData("<language>fr-FR", "<language>fr_FR", "language-form")]
    [InlineData("<language>fr-FR", "<language>francaise", "language-form")]
    [InlineData("<event>Crue", "<event>", "event-empty")]
    [InlineData("<areaDesc>Port du Canal", "<areaDesc> ", "area-desc-empty")]
    [InlineData("<category>Met</category>", "", "missing-element")]
    [InlineData("<category>Met</category>", "<category>Met</category><category>Weather</category>", "not-in-list")]
    [InlineData("<status>Actual</status>", "<status>Actual</status><status>Actual</status>", "too-often")]
    [InlineData("<status>Actual</status>", "<status>Actual</status><colour>red</colour>", "unknown-element")]
    [InlineData("<status>Actual</status>", "<status id='1'>Actual</status>", "attribute")]
    [InlineData("<status>Actual</status>", "<status><b>Actual</b></status>", "element-in-text")]
    [InlineData("<status>Actual</status>", "<status>Actual</status>red", "text-between-elements")]
    [InlineData("<status>Actual</status>", "<!-- a --><status>Act<!-- b -->u<![CDATA[al]]></status><?c d?>", "")]
    [InlineData("</info>", "</info><Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/>", "")]
    [InlineData("<info>", "<Signature xmlns='http://www.w3.org/2000/09/xmldsig#'/><info>", "order")]
    [InlineData("<expires>2026-11-22T18:00:00+01:00", "<expires>2026-11-22T10:15:30+01:00", "advice expires-not-after-sent")]
    [InlineData("<expires>", "<onset>2026-11-23T18:00:00+01:00</onset><expires>", "advice expires-before-onset")]
    [InlineData("<area>", "<web>www.city.example</web><area>", "advice web-relative")]
    [InlineData("<area>", "<web>http://a#b#c</web><area>", "uri-form")]
    [InlineData("<area>", "<resource><resourceDesc>map</resourceDesc><mimeType>image/png</mimeType><size>12kB</size><uri>http://a/b</uri></resource><area>", "integer-form")]
    [InlineData("<area>", "<resource><resourceDesc>map</resourceDesc><mimeType>png</mimeType><size>-1</size><digest>x</digest></resource><area>", "advice resource-nowhere, advice mime-type-form, advice size-negative, advice digest-form")]
    [InlineData("<circle>47.32,5.03 1.5", "<circle>47.32,5.03", "circle-form")]
    [InlineData("<circle>47.32,5.03 1.5", "<circle>47.32,5.03 -1", "circle-radius")]
    [InlineData("<circle>47.32,5.03 1.5", "<circle>47.32, 5.03 1.5", "circle-form")]
    [InlineData("<circle>47.32,5.03 1.5", "<circle>95,5.03 1.5", "point-range")]
    [InlineData("<circle>47.32,5.03 1.5", "<circle>", "advice circle-empty, advice area-no-geometry-or-geocode")]
    [InlineData("</circle>", "</circle><ceiling>500</ceiling>", "ceiling-without-altitude")]
    [InlineData("</circle>", "</circle><altitude>100</altitude><ceiling>50</ceiling>", "advice ceiling-below-altitude")]
    [InlineData("</circle>", "</circle><altitude>1e3</altitude>", "decimal-form")]
    public void One_change_is_told_by_its_rule(string old, string replacement, string expected)
    {
        CapReading reading = CapSamples.With(old, replacement);

        Assert.Equal(
            expected.Split(", ", StringSplitOptions.RemoveEmptyEntries).Order(),
            reading.Findings.Select(finding => finding.Kind == CapFindingKind.Advice ? "advice " + finding.Rule : finding.Rule).Order());
        Assert.Equal(!expected.Split(", ").Any(rule => rule.Length > 0 && !rule.StartsWith("advice ", StringComparison.Ordinal)), reading.IsAccepted);
    }

    [Theory]
    [InlineData("47,5 48,5 48,6 47,5", "")]
    [InlineData("47,5\n48,5\t48,6 47.0,5.00", "")]
    [InlineData("47,5 48,5 48,6 47,6", "polygon-open")]
    [InlineData("47,5 48,5 47,5", "polygon-too-short")]
    [InlineData("47,5", "polygon-open polygon-too-short")]
    [InlineData("", "polygon-empty area-no-geometry-or-geocode")]
    [InlineData("47;5 48,5 48,6 47,5", "point-form")]
    [InlineData("47,5,0 48,5 48,6 47,5,0", "point-form point-form")]
    [InlineData("47,5e1 48,5 48,6 47,5", "point-form")]
    [InlineData("47,181 48,5 48,6 47,181", "point-range point-range")]
    public void A_polygon_is_closed_of_four_pairs_at_least_and_latitude_comes_first(string pairs, string expected)
    {
        CapReading reading = CapSamples.With("<areaDesc>Port du Canal</areaDesc>\n      <circle>47.32,5.03 1.5</circle>", $"<areaDesc>Port du Canal</areaDesc><polygon>{pairs}</polygon>");

        Assert.Equal(expected.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(), reading.Findings.Select(finding => finding.Rule).Order());
    }

    [Fact]
    public void Every_reason_is_given_at_once_with_line_element_and_what_is_allowed()
    {
        string xml = CapSamples.Xml
            .Replace("+01:00</sent>", "Z</sent>", StringComparison.Ordinal)
            .Replace("<status>Actual", "<status>Live", StringComparison.Ordinal)
            .Replace("    <urgency>Immediate</urgency>\n", "", StringComparison.Ordinal)
            .Replace("5.03 1.5<", "5.03<", StringComparison.Ordinal);

        CapReading reading = CapSamples.Read(xml);

        Assert.Equal(
            [
                "line 5, /alert/sent: sent is \"2026-11-22T10:15:30Z\"; a numeric offset; UTC is written -00:00, not Z",
                "line 6, /alert/status: status is \"Live\"; exactly one of Actual, Exercise, System, Test, Draft",
                "line 9, /alert/info: <urgency> is missing in <info>; it comes after responseType",
                "line 19, /alert/info/area/circle: the circle \"47.32,5.03\"; latitude,longitude and, after a space, a radius in km",
            ],
            reading.Refusals.Select(finding => finding.ToString()));
        Assert.Null(reading.Alert);
    }

    [Fact]
    public void An_element_out_of_place_is_named_and_not_those_around_it()
    {
        CapReading reading = CapSamples.With("<urgency>Immediate</urgency>\n    <severity>Severe</severity>\n    <certainty>Observed</certainty>", "<certainty>Observed</certainty><urgency>Immediate</urgency><severity>Severe</severity>");

        CapFinding finding = Assert.Single(reading.Findings);
        Assert.Equal(("order", "/alert/info/certainty"), (finding.Rule, finding.Path));
    }

    [Fact]
    public void Elements_of_another_version_within_are_refused() =>
        Assert.Contains(CapSamples.With("<status>", "<status xmlns='urn:oasis:names:tc:emergency:cap:1.1'>").Refusals, finding => finding.Rule == "namespace");

    [Fact]
    public void A_wrong_namespace_hides_no_other_reason()
    {
        CapReading reading = CapSamples.Read(CapSamples.Xml.Replace("emergency:cap:1.2", "emergency:alerts:1.2", StringComparison.Ordinal).Replace("Observed", "Seen", StringComparison.Ordinal));

        Assert.Equal(["namespace", "not-in-list"], reading.Refusals.Select(finding => finding.Rule));
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("utf-16")]
    [InlineData("iso-8859-1")]
    public void The_encoding_is_the_declared_one(string name)
    {
        string xml = CapSamples.Xml.Replace("encoding=\"utf-8\"", $"encoding=\"{name}\"", StringComparison.Ordinal).Replace("Crue", "Débâcle", StringComparison.Ordinal);
        var encoding = Encoding.GetEncoding(name);

        CapReading reading = CapReader.Read((byte[])[.. encoding.GetPreamble(), .. encoding.GetBytes(xml)]);

        Assert.Equal("Débâcle", reading.Alert?.Infos[0].Event);
    }

    [Theory]
    [InlineData("<!DOCTYPE alert [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><alert>&x;</alert>", "dtd")]
    [InlineData("<!DOCTYPE alert><alert/>", "dtd")]
    [InlineData("<alert>", "not-well-formed")]
    [InlineData("", "not-well-formed")]
    [InlineData("{\"id\":1}", "not-well-formed")]
    [InlineData("<alert>&x;</alert>", "not-well-formed")]
    [InlineData("<?xml version='1.0' encoding='ebcdic-x'?><alert/>", "not-well-formed")]
    [InlineData("<html/>", "not-an-alert")]
    public void What_is_no_alert_is_refused_and_nothing_is_thrown(string text, string rule) =>
        Assert.Equal(rule, Assert.Single(CapReader.Read(Encoding.UTF8.GetBytes(text)).Refusals).Rule);

    [Fact]
    public void Bytes_that_are_not_of_the_declared_encoding_are_refused() =>
        Assert.Equal("not-well-formed", Assert.Single(CapReader.Read(Encoding.Latin1.GetBytes(CapSamples.Xml.Replace("Crue", "Débâcle", StringComparison.Ordinal))).Refusals).Rule);

    [Theory]
    [InlineData("size")]
    [InlineData("depth")]
    [InlineData("too-many-infos")]
    [InlineData("too-many-areas")]
    [InlineData("too-many-points")]
    public void A_limit_says_its_number(string rule)
    {
        string area = "<area><areaDesc>a</areaDesc><polygon>1,1 2,1 2,2 1,1</polygon></area>";
        byte[] document = Encoding.UTF8.GetBytes(CapSamples.Xml.Replace("<area>", area + area + "<area>", StringComparison.Ordinal));
        CapLimits limits = rule switch
        {
            "size" => new CapLimits { MaxBytes = 100 },
            "depth" => new CapLimits { MaxDepth = 3 },
            "too-many-infos" => new CapLimits { MaxInfos = 0 },
            "too-many-areas" => new CapLimits { MaxAreas = 2 },
            _ => new CapLimits { MaxPoints = 7 },
        };

        CapFinding finding = Assert.Single(CapReader.Read(document, limits).Refusals);

        Assert.Equal(rule, finding.Rule);
        Assert.Matches(@"^at most \d+", finding.Allowed);
    }

    [Fact]
    public void Findings_beyond_the_limit_are_counted()
    {
        CapReading reading = CapReader.Read(Encoding.UTF8.GetBytes(CapSamples.Xml.Replace("<category>Met</category>", string.Concat(Enumerable.Repeat("<category>x</category>", 20)), StringComparison.Ordinal)), new CapLimits { MaxFindings = 5 });

        Assert.Equal((6, "more-findings"), (reading.Findings.Count, reading.Findings[5].Rule));
        Assert.StartsWith("15 more", reading.Findings[5].What, StringComparison.Ordinal);
    }
}
