using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Streams.Domain.Alerts;
using Streams.Domain.Cap;

namespace Streams.Node.Feeds;

/// <summary>
/// Makes of each state of an alert the CAP document that everybody gets, in the moment it is decided: its bytes are stored with the decision and never made
/// again, for an ECDSA signature is another one each time. Thread-safe; some 2 ms a document.
/// </summary>
/// <param name="senderName">Who speaks, for people; null for none.</param>
/// <param name="certificate">With its key; null leaves documents unsigned. Disposed of with this.</param>
public sealed partial class CapIssuer(string? senderName, X509Certificate2? certificate, ILogger logger) : IDisposable
{
    /// <summary>Collection of the documents: id is CAP's identifier, category the status, state the scope; the body is the document itself, XML.</summary>
    public const string Collection = "cap";

    /// <summary>Null where CAP can not say it: then the alert goes its other ways without.</summary>
    public byte[]? Issue(Alert alert)
    {
        CapWriting writing = CapWriter.Write(CapFromAlert.Of(alert, senderName: senderName));
        if (writing.Bytes is null)
        {
            LogUnsaid(logger, alert.Identifier, string.Join("; ", writing.Findings.Select(finding => finding.ToString())));
            return null;
        }

        return certificate is null ? writing.Bytes : CapSigner.Sign(writing.Bytes, certificate);
    }

    public void Dispose() => certificate?.Dispose();

    [LoggerMessage(2403, LogLevel.Error, "Alert {Identifier} has no CAP document, so it is missing from the CAP feed; the other feeds have it. Reasons: {Reasons}.")]
    private static partial void LogUnsaid(ILogger logger, string identifier, string reasons);
}
