namespace Streams.Domain.Cap;

/// <summary>What a document turned out to be.</summary>
public enum CapDocumentKind : byte
{
    /// <summary>One alert message; also what is nothing known, with that as the finding.</summary>
    Alert = 0,

    /// <summary>Atom 1.0 (RFC 4287).</summary>
    AtomFeed = 1,

    /// <summary>RSS 2.0.</summary>
    RssFeed = 2,
}

/// <summary>A document that may be an alert, or a feed with alerts inside or with links to them.</summary>
/// <param name="Alerts">Each alert found, accepted or not; lines and paths are those of the whole document.</param>
/// <param name="Findings">Of the feed itself.</param>
/// <param name="Links">Entries of a feed that hold no alert and link to one.</param>
public sealed record CapDocument(CapDocumentKind Kind, CapList<CapReading> Alerts, CapList<CapFinding> Findings, int Links)
{
    /// <summary>The alert, or the feed and every alert in it.</summary>
    public bool IsAccepted => Findings.All(finding => finding.Kind != CapFindingKind.Refused) && Alerts.All(alert => alert.IsAccepted);

    /// <summary>A feed that only links: what it links to is to be checked, each by itself.</summary>
    public bool IsIndex => Kind != CapDocumentKind.Alert && Alerts.IsEmpty && Links > 0;

    /// <summary>The feed's findings and those of every alert.</summary>
    public IEnumerable<CapFinding> All => Findings.Concat(Alerts.SelectMany(alert => alert.Findings));

    /// <returns>Never throws for what the bytes hold.</returns>
    public static CapDocument Read(ReadOnlyMemory<byte> document, CapLimits? limits = null)
    {
        limits ??= CapLimits.Default;
        (XmlTree? root, CapFinding? fault) = XmlTree.Read(document, limits);
        return fault is not null ? new CapDocument(CapDocumentKind.Alert, [new CapReading(null, [fault])], [], 0)
            : CapFeed.IsFeed(root!) ? CapFeed.Read(root!, limits)
            : new CapDocument(CapDocumentKind.Alert, [CapReader.Read(root!, limits)], [], 0);
    }
}
