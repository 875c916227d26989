using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Xml;

namespace Streams.Node.Feeds;

/// <summary>Keys that may have made a signature: of the certificates in the document, else the bare key there, else of the trusted certificates.</summary>
internal sealed class SignatureKeys : IDisposable
{
    public const int StrongRsaBits = 2048;

    /// <summary>Certificates looked at in one document: a signer and its issuers.</summary>
    private const int MostCertificates = 10;

    private readonly List<X509Certificate2> _own = [];
    private readonly List<Key> _keys = [];

    public IReadOnlyList<Key> All => _keys;

    /// <summary>Those in the document.</summary>
    public IReadOnlyList<X509Certificate2> Certificates => _own;

    /// <param name="reasons">Takes up certificates that cannot be read.</param>
    public static SignatureKeys Of(XmlElement? info, IReadOnlyCollection<X509Certificate2> trusted, ImmutableArray<SignatureRemark>.Builder reasons)
    {
        var keys = new SignatureKeys();
        foreach (XmlElement element in Named(info, "X509Certificate").Take(MostCertificates))
        {
            if (!SignatureParts.TryBytes(element, out byte[] bytes))
            {
                reasons.Add(new SignatureRemark("certificate-unreadable", "the certificate in the document is not base64"));
                continue;
            }

            try
            {
                X509Certificate2 certificate = X509CertificateLoader.LoadCertificate(bytes);
                keys._own.Add(certificate);
                keys.Add(certificate);
            }
            catch (CryptographicException fault)
            {
                reasons.Add(new SignatureRemark("certificate-unreadable", $"the certificate in the document cannot be read: {fault.Message}"));
            }
        }

        foreach (XmlElement element in Named(info, "RSAKeyValue").Take(1))
        {
            keys.AddRsa(element, reasons);
        }

        if (keys._keys.Count == 0)
        {
            foreach (X509Certificate2 certificate in trusted)
            {
                keys.Add(certificate);
            }
        }

        return keys;
    }

    public void Dispose()
    {
        _keys.ForEach(key => key.Dispose());
        _own.ForEach(certificate => certificate.Dispose());
    }

    private void Add(X509Certificate2 certificate)
    {
        if (certificate.GetRSAPublicKey() is { } rsa)
        {
            _keys.Add(new Key(rsa, null, certificate));
        }
        else if (certificate.GetECDsaPublicKey() is { } ecdsa)
        {
            _keys.Add(new Key(null, ecdsa, certificate));
        }
    }

    private void AddRsa(XmlElement value, ImmutableArray<SignatureRemark>.Builder reasons)
    {
        XmlElement? modulus = Named(value, "Modulus").FirstOrDefault();
        XmlElement? exponent = Named(value, "Exponent").FirstOrDefault();
        try
        {
            if (modulus is not null && exponent is not null && SignatureParts.TryBytes(modulus, out byte[] n) && SignatureParts.TryBytes(exponent, out byte[] e))
            {
                _keys.Add(new Key(RSA.Create(new RSAParameters { Modulus = n, Exponent = e }), null, null));
            }
        }
        catch (CryptographicException fault)
        {
            reasons.Add(new SignatureRemark("key-unreadable", $"the key in the document cannot be read: {fault.Message}"));
        }
    }

    private static IEnumerable<XmlElement> Named(XmlElement? within, string name) =>
        within?.GetElementsByTagName(name, SignatureAlgorithm.Namespace).OfType<XmlElement>() ?? [];

    /// <summary>One public key, with its certificate where it has one.</summary>
    internal sealed record Key(RSA? Rsa, ECDsa? Ecdsa, X509Certificate2? Certificate) : IDisposable
    {
        public int RsaBits => Rsa?.KeySize ?? 0;

        public string Name => Certificate?.Subject ?? "a key without a certificate";

        public byte[] SubjectPublicKeyInfo => Rsa?.ExportSubjectPublicKeyInfo() ?? Ecdsa!.ExportSubjectPublicKeyInfo();

        public bool Verifies(byte[] signed, SignatureParts parts)
        {
            try
            {
                return parts.IsRsa
                    ? Rsa?.VerifyData(signed, parts.Value, parts.SignatureHash, RSASignaturePadding.Pkcs1) == true
                    : Ecdsa?.VerifyData(signed, parts.Value, parts.SignatureHash) == true;
            }
            catch (CryptographicException)
            {
                // A key too small for the hash, a value of the wrong length: not a signature of this key.
                return false;
            }
        }

        public void Dispose()
        {
            Rsa?.Dispose();
            Ecdsa?.Dispose();
        }
    }
}
