using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Streams.Node.Configuration;

namespace Streams.Node.Feeds;

/// <summary>What a node signs alerts by: the configured certificate, or on one machine its own.</summary>
internal static partial class SigningCertificate
{
    /// <summary>In the data folder, with its key.</summary>
    public const string OwnFile = "alert-signing.pem";

    private const int OwnYears = 10;

    private static readonly TimeSpan s_soon = TimeSpan.FromDays(30);

    /// <param name="ownIn">The data folder where a certificate of its own may lie or be made; null where only a configured one counts.</param>
    /// <returns>Null where there is none.</returns>
    /// <exception cref="InvalidOperationException">A file is not there or holds no certificate with a key that can sign. The message says which.</exception>
    public static X509Certificate2? Find(FeedSettings feeds, string sender, string? ownIn, DateTimeOffset now, ILogger logger)
    {
        X509Certificate2? found = feeds.Signing.Certificate is not null ? Load(feeds.Signing)
            : ownIn is not null ? Own(Path.Combine(ownIn, OwnFile), sender, now)
            : null;
        if (found is null)
        {
            LogUnsigned(logger);
        }
        else if (found.NotAfter.ToUniversalTime() < now.UtcDateTime + s_soon)
        {
            LogOver(logger, found.Subject, found.NotAfter.ToUniversalTime());
        }

        return found;
    }

    private static X509Certificate2 Load(SigningSettings signing)
    {
        string file = signing.Certificate!;
        bool isPkcs12 = Path.GetExtension(file).ToLowerInvariant() is ".pfx" or ".p12";
        return Read(file, () => isPkcs12 ? X509CertificateLoader.LoadPkcs12FromFile(file, signing.Password)
            : signing.Password is { Length: > 0 } password ? X509Certificate2.CreateFromEncryptedPemFile(file, password, signing.Key)
            : X509Certificate2.CreateFromPemFile(file, signing.Key));
    }

    /// <summary>Made once: who trusts it today is to trust it after the next start.</summary>
    private static X509Certificate2 Own(string file, string sender, DateTimeOffset now)
    {
        if (!File.Exists(file))
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            X500DistinguishedNameBuilder name = new();
            name.AddCommonName(sender);
            var request = new CertificateRequest(name.Build(), key, HashAlgorithmName.SHA256);
            request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, false, 0, critical: true));
            request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.NonRepudiation, critical: true));
            using X509Certificate2 made = request.CreateSelfSigned(now.AddMinutes(-5), now.AddYears(OwnYears));
            string text = $"{made.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n";
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);

            // Whole or not at all, and for nobody else's eyes.
            string unfinished = file + ".new";
            FileStreamOptions options = new() { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var writer = new StreamWriter(unfinished, options))
            {
                writer.Write(text);
            }

            File.Move(unfinished, file, overwrite: true);
        }

        return Read(file, () => X509Certificate2.CreateFromPemFile(file));
    }

    private static X509Certificate2 Read(string file, Func<X509Certificate2> read)
    {
        X509Certificate2 certificate;
        try
        {
            certificate = read();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException($"The certificate that alerts are signed by can not be read: {fault.Message} It is {file}, by feeds.signing of node.yaml.", fault);
        }
        catch (Exception fault) when (fault is CryptographicException or ArgumentException)
        {
            throw new InvalidOperationException(
                $"{file} is no certificate with its key that alerts can be signed by: {fault.Message} Allowed: PEM, with the key in it or in feeds.signing.key, or PKCS#12 (.pfx, .p12); a password as STREAMS__FEEDS__SIGNING__PASSWORD.", fault);
        }

        using RSA? rsa = certificate.GetRSAPrivateKey();
        using ECDsa? ecdsa = certificate.GetECDsaPrivateKey();
        return rsa is not null || ecdsa is not null
            ? certificate
            : throw new InvalidOperationException($"{file} has no private key that can sign. Allowed: RSA or ECDSA, in the file or in feeds.signing.key.");
    }

    [LoggerMessage(2401, LogLevel.Warning, "Alerts are published unsigned: no certificate is configured (feeds.signing.certificate). Receivers can not tell them from forged ones.")]
    private static partial void LogUnsigned(ILogger logger);

    [LoggerMessage(2402, LogLevel.Warning, "The certificate {Subject} that alerts are signed by is valid until {End:u} only. Signing goes on with it; receivers refuse what is signed after that.")]
    private static partial void LogOver(ILogger logger, string subject, DateTime end);
}
