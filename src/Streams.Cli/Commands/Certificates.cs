using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Streams.Cli.Commands;

/// <summary>Certificates from files. What cannot be read ends the command with the file's name.</summary>
internal sealed class Certificates : IDisposable
{
    private readonly X509Certificate2Collection _all = [];

    public IReadOnlyCollection<X509Certificate2> All => [.. _all];

    public static Certificates Load(IEnumerable<string> files)
    {
        var certificates = new Certificates();
        foreach (string file in files)
        {
            int before = certificates._all.Count;
            Read(file, () => certificates._all.ImportFromPemFile(file));
            if (certificates._all.Count == before)
            {
                throw new CommandFailedException(ExitStatus.Usage, $"{file} holds no certificate; PEM is wanted, -----BEGIN CERTIFICATE-----.");
            }
        }

        return certificates;
    }

    /// <param name="key">PEM of the private key; null if the certificate's file holds it.</param>
    public static X509Certificate2 WithKey(string file, string? key)
    {
        string? password = Environment.GetEnvironmentVariable("STREAMS_CERTIFICATE_PASSWORD");
        X509Certificate2? certificate = null;
        bool isPkcs12 = Path.GetExtension(file).ToLowerInvariant() is ".pfx" or ".p12";
        Read(file, () => certificate = isPkcs12 ? X509CertificateLoader.LoadPkcs12FromFile(file, password)
            : password is { Length: > 0 } ? X509Certificate2.CreateFromEncryptedPemFile(file, password, key)
            : X509Certificate2.CreateFromPemFile(file, key));
        return certificate!;
    }

    public void Dispose()
    {
        foreach (X509Certificate2 certificate in _all)
        {
            certificate.Dispose();
        }
    }

    private static void Read(string file, Action read)
    {
        try
        {
            read();
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandFailedException(ExitStatus.Failed, $"There is no file {(fault as FileNotFoundException)?.FileName ?? file}.");
        }
        catch (CryptographicException fault)
        {
            throw new CommandFailedException(ExitStatus.Failed, $"{file} cannot be read as a certificate: {fault.Message}");
        }
    }
}
