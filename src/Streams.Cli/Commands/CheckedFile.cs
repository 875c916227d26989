using System.Security.Cryptography.X509Certificates;
using Streams.Cli.Output;
using Streams.Domain.Cap;
using Streams.Node.Feeds;

namespace Streams.Cli.Commands;

/// <summary>One file that <c>streams cap check</c> looked at.</summary>
/// <param name="Signature">Null in a feed: there a signature is over the alert as it was before it was put in.</param>
internal sealed record CheckedFile(string File, CapDocument Document, SignatureVerdict? Signature)
{
    public static CheckedFile Of(string file, byte[] bytes, IReadOnlyCollection<X509Certificate2> trusted, DateTimeOffset now)
    {
        CapDocument document = CapDocument.Read(bytes);
        return new CheckedFile(file, document, document.Kind == CapDocumentKind.Alert ? CapSignature.Verify(bytes, trusted, now) : null);
    }

    public void Print(Screen screen)
    {
        string verdict = Document.IsAccepted ? "valid" : "invalid";
        string kind = Document.Kind == CapDocumentKind.Alert ? "" : "; " + Feed();
        string signature = Signature is null ? "" : $"; signature {Signature}";
        screen.Line($"{File}: {screen.Ansi((verdict, Document.IsAccepted ? "green" : "red"))}{kind}{signature}");
        foreach (CapFinding finding in Document.All)
        {
            screen.Line(finding.Kind == CapFindingKind.Advice ? $"  advice: {finding}" : $"  {finding}");
        }
    }

    /// <summary>Such as <c>Atom feed with 2 alerts, of which 1 is invalid</c>.</summary>
    private string Feed()
    {
        string kind = Document.Kind == CapDocumentKind.AtomFeed ? "Atom feed" : "RSS feed";
        int invalid = Document.Alerts.Count(alert => !alert.IsAccepted);
        string links = Document.Links == 1 ? "1 entry links to an alert" : $"{Document.Links} entries link to alerts";
        return Document.IsIndex ? $"{kind}, an index: {links}, none is inside; check what it links to"
            : Document.Alerts.IsEmpty ? $"{kind} without alerts"
            : $"{kind} with {Document.Alerts.Count} {(Document.Alerts.Count == 1 ? "alert" : "alerts")}{(invalid == 0 ? "" : $", of which {invalid} {(invalid == 1 ? "is" : "are")} invalid")}"
                + (Document.Links == 0 ? "" : $"; {links} and is not checked");
    }

    public object ToJson() => new
    {
        file = File,
        kind = Document.Kind switch { CapDocumentKind.AtomFeed => "atom", CapDocumentKind.RssFeed => "rss", _ => "alert" },
        valid = Document.IsAccepted,
        alerts = Document.Alerts.Select(alert => new { identifier = alert.Alert?.Identifier, valid = alert.IsAccepted }),
        links = Document.Links,
        reasons = Document.All.Where(finding => finding.Kind == CapFindingKind.Refused).Select(Json),
        advice = Document.All.Where(finding => finding.Kind == CapFindingKind.Advice).Select(Json),
        signature = Signature is null ? null : Json(Signature),
    };

    public static object Json(SignatureVerdict signature) => new
    {
        state = signature.State.ToString().ToLowerInvariant(),
        intact = signature.IsIntact,
        signer = signature.Signer,
        reasons = signature.Reasons.Select(reason => new { rule = reason.Rule, what = reason.What }),
        remarks = signature.Remarks.Select(remark => new { rule = remark.Rule, what = remark.What }),
    };

    private static object Json(CapFinding finding) => new { rule = finding.Rule, line = finding.Line, path = finding.Path, what = finding.What, allowed = finding.Allowed };
}
