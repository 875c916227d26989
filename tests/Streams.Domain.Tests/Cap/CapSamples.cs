using System.Text;
using Streams.Domain.Alerts;
using Streams.Domain.Cap;

namespace Streams.Domain.Tests.Cap;

/// <summary>Documents to begin with.</summary>
internal static class CapSamples
{
    public static CapAlert Alert { get; } = new()
    {
        Identifier = "river.20261122",
        Sender = "alerts@city.example",
        Sent = new DateTimeOffset(2026, 11, 22, 10, 15, 30, TimeSpan.FromHours(1)),
        Infos = [Info],
    };

    private static CapInfo Info => new()
    {
        Language = "fr-FR",
        Categories = [AlertCategory.Met],
        Event = "Crue",
        Responses = [AlertResponse.Avoid],
        Urgency = AlertUrgency.Immediate,
        Severity = AlertSeverity.Severe,
        Certainty = AlertCertainty.Observed,
        Expires = new DateTimeOffset(2026, 11, 22, 18, 0, 0, TimeSpan.FromHours(1)),
        Areas = [new CapArea { Description = "Port du Canal", Circles = [new CapCircle(new CapPoint(47.32m, 5.03m), 1.5m)] }],
    };

    public static string Xml { get; } = Encoding.UTF8.GetString(CapWriter.Write(Alert).Bytes!);

    public static CapReading Read(string xml) => CapReader.Read(Encoding.UTF8.GetBytes(xml));

    /// <summary>The sample with one piece of its text replaced.</summary>
    public static CapReading With(string old, string replacement)
    {
        Assert.Contains(old, Xml, StringComparison.Ordinal);
        return Read(Xml.Replace(old, replacement, StringComparison.Ordinal));
    }

    public static bool StructureIsRight(byte[] document)
    {
        var findings = new CapFindings(CapLimits.Default);
        (XmlTree? root, CapFinding? fault) = XmlTree.Read(document, CapLimits.Default);
        Assert.Null(fault);
        new CapStructure(findings).Check(root!);
        return !findings.AnyRefused;
    }
}
