using System.CommandLine;
using System.Globalization;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Streams.Cli.Completion;
using Streams.Cli.Output;
using Streams.Domain.Cap;
using Streams.Node.Feeds;

namespace Streams.Cli.Commands;

/// <summary><c>streams cap</c>: documents of the Common Alerting Protocol, by themselves and as other agencies send them to a node.</summary>
internal static class CapCommands
{
    private const string StandardInput = "-";

    public static Command Build(SharedOptions shared, Screen screen, Offers offers) =>
        Show.Group(
            "cap", "Documents of the Common Alerting Protocol, CAP 1.2.", Check(shared, screen), Verify(shared, screen), Sign(shared, screen), AgencyCommands.Send(shared, screen),
            AgencyCommands.Received(shared, screen, offers));

    private static ExampleCommand Check(SharedOptions shared, Screen screen)
    {
        Argument<string[]> files = Files();
        Option<string[]> trust = Trust();
        ExampleCommand check = new ExampleCommand(
            "check",
            "Whether each file is CAP 1.2, or a feed of it: every reason with line and element, advice, and the signature. Exit status 1 if one is invalid.",
            "streams cap check alert.xml",
            "streams cap check alert.xml other.xml --trust agency.pem",
            "streams cap check - --output json").Taking(files, trust);
        check.SetAction(parsed =>
        {
            using Certificates trusted = Certificates.Load(parsed.GetValue(trust) ?? []);
            var checks = new List<CheckedFile>();
            foreach (string file in parsed.GetRequiredValue(files))
            {
                var each = CheckedFile.Of(file, ReadFile(file), trusted.All, shared.Time.GetUtcNow());
                checks.Add(each);
                if (!shared.WantsJson(parsed))
                {
                    each.Print(screen);
                }
            }

            if (shared.WantsJson(parsed))
            {
                screen.Json(JsonSerializer.SerializeToElement(new { items = checks.Select(each => each.ToJson()) }));
            }

            return checks.TrueForAll(each => each.Document.IsAccepted) ? ExitStatus.Done : ExitStatus.Failed;
        });
        return check;
    }

    private static ExampleCommand Verify(SharedOptions shared, Screen screen)
    {
        Argument<string[]> files = Files();
        Option<string[]> trust = Trust();
        ExampleCommand verify = new ExampleCommand(
            "verify",
            "The signature of each file: none, good or bad with every reason. Exit status 1 if one is not good.",
            "streams cap verify alert.xml --trust agency.pem").Taking(files, trust);
        verify.SetAction(parsed =>
        {
            using Certificates trusted = Certificates.Load(parsed.GetValue(trust) ?? []);
            List<(string File, SignatureVerdict Verdict)> verdicts =
                [.. parsed.GetRequiredValue(files).Select(file => (file, CapSignature.Verify(ReadFile(file), trusted.All, shared.Time.GetUtcNow())))];
            if (shared.WantsJson(parsed))
            {
                screen.Json(JsonSerializer.SerializeToElement(new { items = verdicts.Select(each => new { file = each.File, signature = CheckedFile.Json(each.Verdict) }) }));
            }
            else
            {
                verdicts.ForEach(each => screen.Line($"{each.File}: signature {each.Verdict}"));
            }

            return verdicts.TrueForAll(each => each.Verdict.State == SignatureState.Good) ? ExitStatus.Done : ExitStatus.Failed;
        });
        return verify;
    }

    private static ExampleCommand Sign(SharedOptions shared, Screen screen)
    {
        var file = new Argument<string>("FILE") { HelpName = "FILE", Description = "A CAP 1.2 document without a signature; - for standard input." };
        var certificate = new Option<string>("--certificate") { HelpName = "FILE", Required = true, Description = "The signer's certificate: PEM, or PKCS#12 (.pfx, .p12) with its key. Password in STREAMS_CERTIFICATE_PASSWORD." };
        var key = new Option<string?>("--key") { HelpName = "FILE", Description = "The private key as PEM, where the certificate's file does not hold it." };
        var to = new Option<string?>("--to") { HelpName = "FILE", Description = "Where the signed document goes. Default: standard output." };
        ExampleCommand sign = new ExampleCommand(
            "sign",
            "Signs a document: an enveloped XML signature over the whole of it, RSA or ECDSA with SHA-256.",
            "streams cap sign alert.xml --certificate city.pem --key city.key --to alert.signed.xml",
            "streams cap sign alert.xml --certificate city.pfx").Taking(file, certificate, key, to);
        sign.SetAction(parsed =>
        {
            byte[] document = ReadFile(parsed.GetRequiredValue(file));
            CapReading reading = CapReader.Read(document);
            if (!reading.IsAccepted)
            {
                throw new CommandFailedException(ExitStatus.Failed, string.Join('\n', reading.Refusals.Select(finding => finding.ToString()).Prepend($"{parsed.GetRequiredValue(file)} is not CAP 1.2 and was not signed:")));
            }

            using X509Certificate2 signer = Certificates.WithKey(parsed.GetRequiredValue(certificate), parsed.GetValue(key));
            byte[] signed;
            try
            {
                signed = CapSigner.Sign(document, signer);
            }
            catch (ArgumentException fault)
            {
                throw new CommandFailedException(ExitStatus.Failed, fault.Message);
            }

            if (parsed.GetValue(to) is { } path)
            {
                File.WriteAllBytes(path, signed);
                if (shared.WantsJson(parsed))
                {
                    screen.Json(JsonSerializer.SerializeToElement(new { file = path, signer = signer.Subject }));
                }
                else
                {
                    screen.Line(string.Create(CultureInfo.InvariantCulture, $"{path}: signed by {signer.Subject}, certificate valid until {signer.NotAfter.ToUniversalTime():yyyy-MM-dd}."));
                }
            }
            else
            {
                // Byte for byte what was signed: a line end more would do no harm, an encoding would.
                screen.Out.Write(System.Text.Encoding.UTF8.GetString(signed));
            }

            return ExitStatus.Done;
        });
        return sign;
    }

    private static Argument<string[]> Files() =>
        new("FILE") { HelpName = "FILE", Description = "Documents; - for standard input.", Arity = ArgumentArity.OneOrMore };

    private static Option<string[]> Trust() => new("--trust")
    {
        HelpName = "FILE",
        Description = "Certificates, PEM, of signers or of the authorities behind them. Without one no signature is good, whoever made it.",
        AllowMultipleArgumentsPerToken = false,
    };

    internal static byte[] ReadFile(string file)
    {
        // One byte more than is taken, so that a longer one is said to be too long.
        int most = CapLimits.Default.MaxBytes + 1;
        try
        {
            using Stream stream = file == StandardInput ? Console.OpenStandardInput() : File.OpenRead(file);
            var bytes = new byte[most];
            int length = stream.ReadAtLeast(bytes, most, throwOnEndOfStream: false);
            return bytes[..length];
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandFailedException(ExitStatus.Failed, $"There is no file {file}.");
        }
    }
}
