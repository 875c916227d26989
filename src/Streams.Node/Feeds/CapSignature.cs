using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Xml;
using Streams.Domain.Cap;

namespace Streams.Node.Feeds;

/// <summary>
/// Judges the signature of an alert. Strict about its shape, as XML signatures are attacked through it: one signature, a child of the alert, with one reference that covers
/// the whole of it; no transforms but taking the signature out and the canonical form; nothing fetched.
/// </summary>
public static class CapSignature
{
    /// <param name="trusted">Certificates of signers, or of authorities that issue them. What none of these stands behind is never good.</param>
    /// <param name="now">The moment at which certificates must be valid.</param>
    /// <returns>Never throws for what the bytes hold.</returns>
    public static SignatureVerdict Verify(ReadOnlyMemory<byte> document, IReadOnlyCollection<X509Certificate2> trusted, DateTimeOffset now)
    {
        if (document.Length > CapLimits.Default.MaxBytes)
        {
            return SignatureVerdict.Bad("size", $"the document has {document.Length} bytes; at most {CapLimits.Default.MaxBytes} are verified");
        }

        try
        {
            XmlDocument xml = CanonicalXml.Load(document, CapLimits.Default);
            return Verify(xml, trusted, now);
        }
        catch (XmlException fault)
        {
            // What cannot be read has no signature that could be good or bad.
            return SignatureVerdict.None with { Remarks = [new SignatureRemark("not-well-formed", $"the document cannot be read: {fault.Message}")] };
        }
    }

    private static SignatureVerdict Verify(XmlDocument xml, IReadOnlyCollection<X509Certificate2> trusted, DateTimeOffset now)
    {
        XmlElement root = xml.DocumentElement!;
        XmlElement[] signatures = [.. root.GetElementsByTagName("Signature", SignatureAlgorithm.Namespace).OfType<XmlElement>()];
        switch (signatures.Length)
        {
            case 0:
                return SignatureVerdict.None;
            case > 1:
                return SignatureVerdict.Bad("several-signatures", $"there are {signatures.Length} signatures; exactly one is verified, over the whole alert");
            default:
                break;
        }

        if (!ReferenceEquals(signatures[0].ParentNode, root))
        {
            return SignatureVerdict.Bad("not-enveloped", "the signature is not a child of the alert");
        }

        SignatureParts parts;
        try
        {
            parts = SignatureParts.Of(signatures[0]);
        }
        catch (InvalidDataException fault)
        {
            return SignatureVerdict.Bad("signature-form", fault.Message);
        }

        return parts.Covers(root) is { } gap ? SignatureVerdict.Bad("not-whole-alert", gap) : Verify(xml, parts, trusted, now);
    }

    private static SignatureVerdict Verify(XmlDocument xml, SignatureParts parts, IReadOnlyCollection<X509Certificate2> trusted, DateTimeOffset now)
    {
        var reasons = ImmutableArray.CreateBuilder<SignatureRemark>();
        var remarks = ImmutableArray.CreateBuilder<SignatureRemark>();
        using SignatureKeys keys = SignatureKeys.Of(parts.KeyInfo, trusted, reasons);
        Attempt attempt = Attempt.On(xml, parts, keys, parts.OnlyRoot);
        if (!attempt.IsIntact)
        {
            // Widespread software signs an alert without white space between its elements and sends it indented. That white space says nothing in CAP, so the words are still the signed ones.
            XmlDocument bare = CanonicalXml.WithoutIndentation(xml);
            Attempt second = Attempt.On(bare, SignatureParts.Of(bare.DocumentElement!.ChildNodes.OfType<XmlElement>().Single(CanonicalXml.IsSignature)), keys, onlyRoot: true);
            if (second.Right > attempt.Right)
            {
                attempt = second;
                if (attempt.IsIntact)
                {
                    remarks.Add(new SignatureRemark("indented-after-signing", "white space between elements was put in after signing; the words are the signed ones"));
                }
            }
        }

        if (!attempt.DigestIsRight)
        {
            reasons.Add(new SignatureRemark("digest-differs", "the digest differs: the alert was changed after it was signed"));
        }

        SignatureKeys.Key? key = attempt.Key;
        if (keys.All.Count == 0)
        {
            reasons.Add(new SignatureRemark("no-key", "there is no key to verify with: neither in the document nor among the trusted certificates"));
        }
        else if (key is null)
        {
            reasons.Add(new SignatureRemark("signature-differs", "the signature's value differs: it was not made with the key given, or it was changed"));
        }

        if (key?.Certificate is { } certificate)
        {
            SignerTrust.Check(certificate, keys.Certificates, trusted, now, reasons);
        }
        else if (key is not null)
        {
            SignerTrust.Check(key, trusted, now, reasons);
        }

        if (parts.DigestHash == HashAlgorithmName.SHA1 || parts.SignatureHash == HashAlgorithmName.SHA1)
        {
            remarks.Add(new SignatureRemark("weak-algorithm", "it is made with SHA-1, which is weak: others may be able to make the same"));
        }

        if (key is { RsaBits: > 0 and < SignatureKeys.StrongRsaBits })
        {
            remarks.Add(new SignatureRemark("weak-key", $"the RSA key has {key.RsaBits} bits, which is weak; at least {SignatureKeys.StrongRsaBits} are wanted"));
        }

        return new SignatureVerdict(reasons.Count == 0 ? SignatureState.Good : SignatureState.Bad, reasons.ToImmutable(), remarks.ToImmutable(), key?.Name, attempt.IsIntact);
    }

    /// <summary>The arithmetic on one form of the document.</summary>
    /// <param name="Key">The key that made the value; null if none of those known did.</param>
    private readonly record struct Attempt(bool DigestIsRight, SignatureKeys.Key? Key)
    {
        public bool IsIntact => DigestIsRight && Key is not null;

        public int Right => (DigestIsRight ? 1 : 0) + (Key is null ? 0 : 1);

        public static Attempt On(XmlDocument xml, SignatureParts parts, SignatureKeys keys, bool onlyRoot)
        {
            byte[] digest = SignatureAlgorithm.Hash(CanonicalXml.Document(xml, parts.DocumentMethod, parts.DocumentPrefixes, onlyRoot), parts.DigestHash);
            byte[] signed = CanonicalXml.Element(parts.SignedInfo, parts.InfoMethod, parts.InfoPrefixes);
            return new Attempt(CryptographicOperations.FixedTimeEquals(digest, parts.Digest), keys.All.FirstOrDefault(key => key.Verifies(signed, parts)));
        }
    }
}
