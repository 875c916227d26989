using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;

namespace Streams.Node.Feeds;

/// <summary>Whether the signer is someone: its certificate is valid now and is, or comes from, one that is trusted. No revocation is asked for: nothing is fetched.</summary>
internal static class SignerTrust
{
    public static void Check(
        X509Certificate2 signer, IReadOnlyList<X509Certificate2> inDocument, IReadOnlyCollection<X509Certificate2> trusted, DateTimeOffset now, ImmutableArray<SignatureRemark>.Builder reasons)
    {
        bool isInTime = CheckTime(signer, now, reasons);
        if (signer.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault() is { } usage && (usage.KeyUsages & (X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.NonRepudiation)) == 0)
        {
            reasons.Add(new SignatureRemark("certificate-not-for-signing", "the certificate is not for signing"));
        }

        if (trusted.Any(other => other.RawDataMemory.Span.SequenceEqual(signer.RawDataMemory.Span)))
        {
            return;
        }

        if (trusted.Count == 0)
        {
            reasons.Add(new SignatureRemark("certificate-not-trusted", $"the certificate of {signer.Subject} is not trusted: no trusted certificates are given"));
            return;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(trusted.ToArray());
        chain.ChainPolicy.ExtraStore.AddRange(inDocument.ToArray());
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTimeIgnored = false;
        chain.ChainPolicy.VerificationTime = now.LocalDateTime;
        bool isTrusted = chain.Build(signer);
        X509ChainStatusFlags faults = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, status) => all | status.Status);
        if (!isTrusted && (faults & ~X509ChainStatusFlags.NotTimeValid) == 0 && faults != 0)
        {
            if (isInTime)
            {
                reasons.Add(new SignatureRemark("certificate-expired", "a certificate between the signer's and a trusted one is not valid now"));
            }
        }
        else if (!isTrusted)
        {
            reasons.Add(new SignatureRemark("certificate-not-trusted", $"the certificate of {signer.Subject} is not trusted: neither is it, nor does it come from, one that is ({faults})"));
        }

        foreach (X509ChainElement element in chain.ChainElements)
        {
            element.Certificate.Dispose();
        }
    }

    /// <summary>For a key without a certificate: it must be that of a trusted one.</summary>
    public static void Check(SignatureKeys.Key key, IReadOnlyCollection<X509Certificate2> trusted, DateTimeOffset now, ImmutableArray<SignatureRemark>.Builder reasons)
    {
        byte[] bare = key.SubjectPublicKeyInfo;
        if (trusted.FirstOrDefault(certificate => certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(bare)) is { } owner)
        {
            CheckTime(owner, now, reasons);
        }
        else
        {
            reasons.Add(new SignatureRemark("no-certificate", "the document holds a key without a certificate, and it is that of no trusted one"));
        }
    }

    private static bool CheckTime(X509Certificate2 certificate, DateTimeOffset now, ImmutableArray<SignatureRemark>.Builder reasons)
    {
        if (now.UtcDateTime < certificate.NotBefore.ToUniversalTime())
        {
            reasons.Add(new SignatureRemark("certificate-not-yet-valid", $"the certificate of {certificate.Subject} is not valid before {Day(certificate.NotBefore)}"));
            return false;
        }

        if (now.UtcDateTime > certificate.NotAfter.ToUniversalTime())
        {
            reasons.Add(new SignatureRemark("certificate-expired", $"the certificate of {certificate.Subject} expired on {Day(certificate.NotAfter)}"));
            return false;
        }

        return true;
    }

    private static string Day(DateTime time) => time.ToUniversalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
}
