using System.Text.RegularExpressions;

namespace Streams.Domain.Cap;

/// <summary>Feeds of other systems: Atom and RSS, with whole alerts inside, as elements or as text, or with links to them.</summary>
internal static partial class CapFeed
{
    private const string Atom = "http://www.w3.org/2005/Atom";

    private static readonly string[] OfFeed =
        ["author", "category", "contributor", "generator", "icon", "id", "link", "logo", "rights", "subtitle", "title", "updated", "entry"];

    private static readonly string[] OfEntry =
        ["author", "category", "content", "contributor", "id", "link", "published", "rights", "source", "summary", "title", "updated"];

    public static bool IsFeed(XmlTree root) => IsAtom(root) || root is { Name: "rss", Namespace: "" };

    private static bool IsAtom(XmlTree root) => root is { Name: "feed", Namespace: Atom };

    public static CapDocument Read(XmlTree root, CapLimits limits)
    {
        var findings = new CapFindings(limits);
        bool isAtom = IsAtom(root);
        XmlTree? holder = isAtom ? root : root.First("channel");
        XmlTree[] entries = holder is null ? [] : [.. holder.Children.Where(child => isAtom ? child is { Name: "entry", Namespace: Atom } : child is { Name: "item", Namespace: "" })];
        if (isAtom)
        {
            CheckAtom(root, OfFeed, findings);
        }
        else if (holder is null)
        {
            findings.Refuse(root, "feed-missing-element", "the feed has no channel", "rss with a channel");
        }
        else
        {
            Require(holder, ["title", "link", "description"], "", findings);
        }

        List<CapReading> alerts = [];
        int links = 0;
        foreach (XmlTree entry in entries)
        {
            if (isAtom)
            {
                CheckAtom(entry, OfEntry, findings);
            }

            int before = alerts.Count;
            foreach (CapReading alert in AlertsIn(entry, limits))
            {
                if (alerts.Count == limits.MaxAlerts)
                {
                    findings.Refuse(entry, "too-many-alerts", $"the feed holds more than {limits.MaxAlerts} alerts", $"at most {limits.MaxAlerts}");
                    return Done();
                }

                alerts.Add(alert);
            }

            links += alerts.Count == before && entry.Children.Any(child => child.Name == "link") ? 1 : 0;
        }

        return Done();

        CapDocument Done() => new(isAtom ? CapDocumentKind.AtomFeed : CapDocumentKind.RssFeed, CapList.From(alerts), findings.InOrder(), links);
    }

    private static IEnumerable<CapReading> AlertsIn(XmlTree element, CapLimits limits)
    {
        foreach (XmlTree child in element.Children)
        {
            if (child.Name == "alert" && child.Namespace != Atom)
            {
                yield return CapReader.Read(child, limits);
            }
            else if (child.Children.Count == 0 && BeginOfAlert().IsMatch(child.Text))
            {
                (XmlTree? root, CapFinding? fault) = XmlTree.ReadWithin(child, limits);
                yield return root is null ? new CapReading(null, [fault! with { Path = child.Path }]) : CapReader.Read(root, limits);
            }
            else
            {
                foreach (CapReading alert in AlertsIn(child, limits))
                {
                    yield return alert;
                }
            }
        }
    }

    /// <summary>RFC 4287, sections 4.1.1 and 4.1.2: what must be there, once, and nothing else of Atom's own.</summary>
    private static void CheckAtom(XmlTree element, string[] known, CapFindings findings)
    {
        Require(element, ["id", "title", "updated"], Atom, findings);
        foreach (XmlTree child in element.Children)
        {
            if (child.Namespace == Atom && !known.Contains(child.Name))
            {
                findings.Refuse(child, "feed-unknown-element", $"<{child.Name}> is no element of an Atom {element.Name}", "one of " + string.Join(", ", known));
            }
        }
    }

    /// <summary>Declarations and remarks, then an alert: other markup in a feed's texts is for people.</summary>
    [GeneratedRegex(@"^\s*(<\?[^>]*\?>\s*|<!--[^>]*-->\s*)*<([\w.\-]+:)?alert[\s>]", RegexOptions.ExplicitCapture)]
    private static partial Regex BeginOfAlert();

    private static void Require(XmlTree element, ReadOnlySpan<string> names, string space, CapFindings findings)
    {
        foreach (string name in names)
        {
            int count = element.Children.Count(child => child.Name == name && child.Namespace == space);
            if (count == 0)
            {
                findings.Refuse(element, "feed-missing-element", $"<{name}> is missing in <{element.Name}>", $"one {name}");
            }
            else if (count > 1)
            {
                findings.Refuse(element, "feed-element-too-often", $"<{name}> stands {count} times in <{element.Name}>", $"one {name}");
            }
        }
    }
}
