using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Streams.Tests;

namespace Streams.Cli.Tests;

/// <summary><c>streams cap</c> on files. The clock is that of the tests' command line, so certificates are made to outlast it.</summary>
public sealed class CapTests : IDisposable
{
    private const string Alert =
        """
        <?xml version="1.0" encoding="utf-8"?>
        <alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
          <identifier>river.1</identifier>
          <sender>alerts@city.example</sender>
          <sent>2026-11-22T10:15:30+01:00</sent>
          <status>Actual</status>
          <msgType>Alert</msgType>
          <scope>Public</scope>
          <info>
            <category>Met</category>
            <event>Flood</event>
            <urgency>Immediate</urgency>
            <severity>Severe</severity>
            <certainty>Observed</certainty>
            <area>
              <areaDesc>Port</areaDesc>
              <circle>47.32,5.03 1</circle>
            </area>
          </info>
        </alert>
        """;

    private readonly string _folder = TemporaryFolder.Create("streams-cap-");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Write(string name, string text)
    {
        string path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }

    private (string Certificate, string Key) Signer(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using X509Certificate2 certificate = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2049, 1, 1, 0, 0, 0, TimeSpan.Zero));
        return (Write(name + ".pem", certificate.ExportCertificatePem()), Write(name + ".key", key.ExportPkcs8PrivateKeyPem()));
    }

    [Fact]
    public async Task A_valid_file_is_said_to_be_and_ends_with_0()
    {
        string file = Write("alert.xml", Alert);

        Run run = await Run.Streams("cap", "check", file);

        Assert.Equal((ExitStatus.Done, $"{file}: valid; signature none\n", ""), (run.Status, run.Output.ReplaceLineEndings("\n"), run.Error));
    }

    [Fact]
    public async Task An_invalid_file_is_told_with_every_reason_advice_is_marked_and_the_status_is_1()
    {
        string good = Write("good.xml", Alert);
        string bad = Write("bad.xml", Alert.Replace("+01:00<", "Z<", StringComparison.Ordinal).Replace("Severe", "High", StringComparison.Ordinal).Replace("      <circle>47.32,5.03 1</circle>\n", "", StringComparison.Ordinal));

        Run run = await Run.Streams("cap", "check", good, bad);

        Assert.Equal(ExitStatus.Failed, run.Status);
        Assert.Equal(
            [
                $"{good}: valid; signature none",
                $"{bad}: invalid; signature none",
                "  line 5, /alert/sent: sent is \"2026-11-22T10:15:30Z\"; a numeric offset; UTC is written -00:00, not Z",
                "  line 13, /alert/info/severity: severity is \"High\"; exactly one of Unknown, Minor, Moderate, Severe, Extreme",
                "  advice: line 15, /alert/info/area: the area is given in words only; a polygon, a circle or a geocode",
            ],
            run.Lines.Select(line => line.TrimEnd('\r')));
    }

    [Fact]
    public async Task Programs_get_the_same_as_JSON()
    {
        string bad = Write("bad.xml", Alert.Replace("Severe", "High", StringComparison.Ordinal));

        Run run = await Run.Streams("cap", "check", bad, "--output", "json");

        JsonElement item = Assert.Single(JsonDocument.Parse(run.Output).RootElement.GetProperty("items").EnumerateArray());
        Assert.Equal((bad, "alert", false, "none"), (item.GetProperty("file").GetString(), item.GetProperty("kind").GetString(), item.GetProperty("valid").GetBoolean(), item.GetProperty("signature").GetProperty("state").GetString()));
        JsonElement reason = Assert.Single(item.GetProperty("reasons").EnumerateArray());
        Assert.Equal(("not-in-list", 13, "/alert/info/severity"), (reason.GetProperty("rule").GetString(), reason.GetProperty("line").GetInt32(), reason.GetProperty("path").GetString()));
        Assert.Equal(0, item.GetProperty("advice").GetArrayLength());
    }

    [Fact]
    public async Task What_is_signed_here_is_good_for_who_trusts_the_signer_and_bad_for_others()
    {
        string file = Write("alert.xml", Alert);
        string signed = Path.Combine(_folder, "signed.xml");
        (string certificate, string key) = Signer("city");
        (string other, _) = Signer("other");

        Run sign = await Run.Streams("cap", "sign", file, "--certificate", certificate, "--key", key, "--to", signed);
        Run trusted = await Run.Streams("cap", "check", signed, "--trust", other, "--trust", certificate);
        Run untrusted = await Run.Streams("cap", "verify", signed);
        Run verified = await Run.Streams("cap", "verify", signed, "--trust", certificate);
        Run unsigned = await Run.Streams("cap", "verify", file, "--trust", certificate);

        Assert.Equal((ExitStatus.Done, ""), (sign.Status, sign.Error));
        Assert.Equal((ExitStatus.Done, $"{signed}: valid; signature good, by CN=city"), (trusted.Status, Assert.Single(trusted.Lines).TrimEnd('\r')));
        Assert.Equal(ExitStatus.Failed, untrusted.Status);
        Assert.Contains("signature bad: the certificate of CN=city is not trusted", untrusted.Output, StringComparison.Ordinal);
        Assert.Equal(ExitStatus.Done, verified.Status);
        Assert.Equal((ExitStatus.Failed, $"{file}: signature none"), (unsigned.Status, Assert.Single(unsigned.Lines).TrimEnd('\r')));
    }

    [Fact]
    public async Task A_signed_document_goes_to_standard_output_byte_for_byte()
    {
        (string certificate, string key) = Signer("city");

        Run sign = await Run.Streams("cap", "sign", Write("alert.xml", Alert), "--certificate", certificate, "--key", key);
        Run check = await Run.Streams("cap", "check", Write("signed.xml", sign.Output), "--trust", certificate);

        Assert.Contains("signature good", check.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_not_CAP_is_not_signed()
    {
        (string certificate, string key) = Signer("city");

        Run run = await Run.Streams("cap", "sign", Write("bad.xml", Alert.Replace("Severe", "High", StringComparison.Ordinal)), "--certificate", certificate, "--key", key);

        Assert.Equal((ExitStatus.Failed, ""), (run.Status, run.Output));
        Assert.Contains("severity is \"High\"", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_feed_is_said_to_be_one()
    {
        string head = "<feed xmlns='http://www.w3.org/2005/Atom'><id>a</id><title>t</title><updated>2026-11-22T10:15:30Z</updated><entry><id>b</id><title>t</title><updated>2026-11-22T10:15:30Z</updated>";
        string index = Write("index.atom", head + "<link href='http://a/1'/></entry></feed>");
        string inside = Write("inside.atom", head + $"<content>{Alert[Alert.IndexOf("<alert", StringComparison.Ordinal)..].Replace("Severe", "High", StringComparison.Ordinal)}</content></entry></feed>");

        Run run = await Run.Streams("cap", "check", index, inside);

        Assert.Equal(ExitStatus.Failed, run.Status);
        Assert.Equal($"{index}: valid; Atom feed, an index: 1 entry links to an alert, none is inside; check what it links to", run.Lines[0].TrimEnd('\r'));
        Assert.Equal($"{inside}: invalid; Atom feed with 1 alert, of which 1 is invalid", run.Lines[1].TrimEnd('\r'));
    }

    [Theory]
    [InlineData("cap check /nowhere/alert.xml", "There is no file /nowhere/alert.xml")]
    [InlineData("cap check /nowhere/alert.xml --trust /nowhere/agency.pem", "There is no file /nowhere/agency.pem")]
    public async Task A_file_that_is_not_there_is_said_plainly(string line, string expected)
    {
        Run run = await Run.Streams(line.Split(' '));

        Assert.Equal(ExitStatus.Failed, run.Status);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_without_a_certificate_is_no_trust()
    {
        Run run = await Run.Streams("cap", "check", Write("alert.xml", Alert), "--trust", Write("empty.pem", "nothing"));

        Assert.Equal(ExitStatus.Usage, run.Status);
        Assert.Contains("empty.pem holds no certificate", run.Error, StringComparison.Ordinal);
    }
}
