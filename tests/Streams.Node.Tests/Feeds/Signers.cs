using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Streams.Node.Tests.Feeds;

/// <summary>Certificates made for one test.</summary>
internal static class Signers
{
    public static readonly DateTimeOffset Now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    public static X509Certificate2 Rsa(string name = "CN=City", int bits = 2048) =>
        new CertificateRequest(name, RSA.Create(bits), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(Now.AddDays(-1), Now.AddDays(1));

    public static X509Certificate2 Ecdsa(string name = "CN=City") =>
        new CertificateRequest(name, ECDsa.Create(ECCurve.NamedCurves.nistP256), HashAlgorithmName.SHA256).CreateSelfSigned(Now.AddDays(-1), Now.AddDays(1));

    /// <summary>An authority and a signer whose certificate it issued.</summary>
    public static (X509Certificate2 Authority, X509Certificate2 Signer) Issued()
    {
        var authority = new CertificateRequest("CN=Authority", ECDsa.Create(ECCurve.NamedCurves.nistP256), HashAlgorithmName.SHA256);
        authority.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, false, 0, critical: true));
        X509Certificate2 root = authority.CreateSelfSigned(Now.AddDays(-2), Now.AddDays(2));
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        X509Certificate2 signer = new CertificateRequest("CN=Signer", key, HashAlgorithmName.SHA256).Create(root, Now.AddDays(-1), Now.AddDays(1), [1, 2, 3]).CopyWithPrivateKey(key);
        return (root, signer);
    }
}
