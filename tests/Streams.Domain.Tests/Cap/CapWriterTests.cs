using System.Text;
using Streams.Domain.Alerts;
using Streams.Domain.Cap;

namespace Streams.Domain.Tests.Cap;

/// <summary>What the reader would refuse is not written.</summary>
public sealed class CapWriterTests
{
    private static string[] Refused(CapAlert alert)
    {
        CapWriting writing = CapWriter.Write(alert);
        Assert.Null(writing.Bytes);
        return [.. writing.Findings.Where(finding => finding.Kind == CapFindingKind.Refused).Select(finding => finding.Rule)];
    }

    private static CapAlert WithArea(CapArea area) => CapSamples.Alert with { Infos = [CapSamples.Alert.Infos[0] with { Areas = [area] }] };

    [Fact]
    public void A_document_that_breaks_a_rule_is_not_written_and_the_rule_is_named()
    {
        CapPoint a = new(47, 5), b = new(48, 5), c = new(48, 6);
        Assert.Equal(["name-characters"], Refused(CapSamples.Alert with { Identifier = "a b" }));
        Assert.Equal(["references-missing"], Refused(CapSamples.Alert with { MessageType = CapMessageType.Update }));
        Assert.Equal(["self-reference"], Refused(CapSamples.Alert with { References = [new CapReference(CapSamples.Alert.Sender, CapSamples.Alert.Identifier, CapSamples.Alert.Sent)] }));
        Assert.Equal(["restriction-missing"], Refused(CapSamples.Alert with { Scope = AlertScope.Restricted }));
        Assert.Equal(["addresses-missing"], Refused(CapSamples.Alert with { Scope = AlertScope.Private }));
        Assert.Equal(["missing-element"], Refused(CapSamples.Alert with { Infos = [CapSamples.Alert.Infos[0] with { Categories = [] }] }));
        Assert.Equal(["polygon-open"], Refused(WithArea(new CapArea { Description = "d", Polygons = [new CapPolygon([a, b, c, b])] })));
        Assert.Equal(["not-sayable"], Refused(WithArea(new CapArea { Description = "d", Polygons = [new CapPolygon([])] })));
        Assert.Equal(["ceiling-without-altitude"], Refused(WithArea(new CapArea { Description = "d", Ceiling = 1 })));
        Assert.Equal(["not-in-list"], Refused(CapSamples.Alert with { Status = (AlertStatus)77 }));
    }

    [Fact]
    public void What_CAP_has_no_form_for_is_not_written_as_something_else()
    {
        Assert.Equal(["not-sayable"], Refused(CapSamples.Alert with { Sent = CapSamples.Alert.Sent.AddMilliseconds(1) }));
        Assert.Equal(["not-sayable"], Refused(CapSamples.Alert with { Incidents = ["a\"b c"] }));
        Assert.Equal(["not-writable"], Refused(CapSamples.Alert with { Note = "\u0001" }));
        Assert.Equal(["not-writable"], Refused(CapSamples.Alert with { Note = "\ud800" }));
    }

    [Fact]
    public void The_bytes_are_UTF8_without_a_mark_and_one_element_a_line()
    {
        byte[] bytes = CapWriter.Write(CapSamples.Alert).Bytes!;

        Assert.StartsWith(
            """
            <?xml version="1.0" encoding="utf-8"?>
            <alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
              <identifier>river.20261122</identifier>
              <sender>alerts@city.example</sender>
              <sent>2026-11-22T10:15:30+01:00</sent>
            """.ReplaceLineEndings("\n"),
            Encoding.UTF8.GetString(bytes),
            StringComparison.Ordinal);
    }
}
