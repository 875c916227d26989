using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.RegularExpressions;
using Streams.Domain.Cap;
using Streams.Node.Feeds;
using Streams.Tests;

namespace Streams.Node.Tests.Feeds;

public sealed class CapSignatureTests
{
    private const string Xml =
        """
        <?xml version="1.0" encoding="utf-8"?>
        <?xml-stylesheet type="text/xsl" href="alert.xsl"?>
        <alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
          <!-- a remark -->
          <identifier>river.1</identifier>
          <sender>alerts@city.example</sender>
          <sent>2026-11-22T10:15:30+01:00</sent>
          <status>Actual</status>
          <msgType>Alert</msgType>
          <scope>Public</scope>
          <note>two &amp; a &#xD; and é</note>
        </alert>
        """;

    private static string Signed(X509Certificate2 signer) => Encoding.UTF8.GetString(CapSigner.Sign(Encoding.UTF8.GetBytes(Xml), signer));

    private static SignatureVerdict Verify(string xml, params X509Certificate2[] trusted) => CapSignature.Verify(Encoding.UTF8.GetBytes(xml), trusted, Signers.Now);

    private static string[] Rules(SignatureVerdict verdict)
    {
        Assert.Equal(SignatureState.Bad, verdict.State);
        return [.. verdict.Reasons.Select(reason => reason.Rule)];
    }

    public static TheoryData<bool> Kinds => [true, false];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_signed_alert_is_still_CAP_and_its_signature_is_good_for_who_trusts_the_signer(bool rsa)
    {
        using X509Certificate2 signer = rsa ? Signers.Rsa() : Signers.Ecdsa();
        string signed = Signed(signer);

        SignatureVerdict verdict = Verify(signed, signer);

        Assert.True(CapReader.Read(Encoding.UTF8.GetBytes(signed)).IsAccepted);
        Assert.Equal((SignatureState.Good, "CN=City", true), (verdict.State, verdict.Signer, verdict.IsIntact));
        Assert.Empty(verdict.Remarks);
    }

    [Fact]
    public void A_document_without_a_signature_has_none() => Assert.Equal(SignatureState.None, Verify(Xml).State);

    [Fact]
    public void A_signer_that_nobody_trusts_is_bad_though_intact()
    {
        using X509Certificate2 signer = Signers.Ecdsa();
        using X509Certificate2 other = Signers.Ecdsa("CN=Other");
        string signed = Signed(signer);

        Assert.All([Verify(signed), Verify(signed, other)], verdict =>
        {
            Assert.Equal(["certificate-not-trusted"], Rules(verdict));
            Assert.True(verdict.IsIntact);
        });
    }

    [Fact]
    public void A_certificate_of_a_trusted_authority_is_trusted()
    {
        (X509Certificate2 authority, X509Certificate2 signer) = Signers.Issued();
        using (authority)
        using (signer)
        {
            Assert.Equal(SignatureState.Good, Verify(Signed(signer), authority).State);
        }
    }

    [Theory]
    [InlineData(-3, "certificate-not-yet-valid")]
    [InlineData(3, "certificate-expired")]
    public void A_certificate_counts_only_in_its_time(int days, string rule)
    {
        using X509Certificate2 signer = Signers.Rsa();
        byte[] signed = CapSigner.Sign(Encoding.UTF8.GetBytes(Xml), signer);

        Assert.Equal([rule], Rules(CapSignature.Verify(signed, [signer], Signers.Now.AddDays(days))));
    }

    [Fact]
    public void An_issuer_out_of_its_time_is_told_beside_the_signer()
    {
        (X509Certificate2 authority, X509Certificate2 signer) = Signers.Issued();
        using (authority)
        using (signer)
        {
            Assert.Equal(["certificate-expired"], Rules(CapSignature.Verify(CapSigner.Sign(Encoding.UTF8.GetBytes(Xml), signer), [authority], Signers.Now.AddDays(5))));
        }
    }

    [Theory]
    [InlineData("<status>Actual", "<status>Test", "digest-differs")]
    [InlineData("<msgType>", "<msgType xmlns:a='urn:a' a:b='c'>", "digest-differs")]
    [InlineData("URI=\"\"", "URI=\"\" Id=\"x\"", "signature-differs")]
    [InlineData("URI=\"\"", "URI=\"http://elsewhere.example/alert.xml\"", "not-whole-alert")]
    [InlineData("URI=\"\"", "URI=\"#part\"", "not-whole-alert")]
    [InlineData("<Reference URI=\"\">", "<Reference>", "signature-form")]
    [InlineData("xmldsig#enveloped-signature", "xmldsig#base64", "signature-form")]
    [InlineData("<Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"", "<Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"", "signature-form")]
    [InlineData("xmldsig-more#rsa-sha256", "xmldsig-more#rsa-md5", "signature-form")]
    [InlineData("xmldsig-more#rsa-sha256", "xmldsig#hmac-sha1", "signature-form")]
    [InlineData("xmlenc#sha256", "xmldsig-more#md5", "signature-form")]
    [InlineData("</KeyInfo>", "</KeyInfo><Object>x</Object>", "signature-form")]
    [InlineData("<alert ", "<alert xml:lang='fr' ", "not-whole-alert")]
    public void What_was_changed_or_is_not_taken_is_bad_by_its_rule(string old, string replacement, string rule)
    {
        using X509Certificate2 signer = Signers.Rsa();
        string signed = Signed(signer);
        Assert.Contains(old, signed, StringComparison.Ordinal);

        SignatureVerdict verdict = Verify(new Regex(Regex.Escape(old)).Replace(signed, replacement.Replace("$", "$$", StringComparison.Ordinal), 1), signer);

        Assert.Equal([rule], Rules(verdict));
        Assert.False(verdict.IsIntact);
    }

    [Fact]
    public void A_value_that_another_key_made_differs()
    {
        using X509Certificate2 signer = Signers.Ecdsa();
        using X509Certificate2 other = Signers.Ecdsa("CN=Other");
        string theirs = Convert.ToBase64String(signer.RawData);

        SignatureVerdict verdict = Verify(Signed(signer).Replace(theirs, Convert.ToBase64String(other.RawData), StringComparison.Ordinal), other);

        Assert.Equal(["signature-differs"], Rules(verdict));
    }

    [Fact]
    public void Spare_bits_of_base64_are_not_let_pass()
    {
        using X509Certificate2 signer = Signers.Ecdsa();
        string signed = Signed(signer);
        Match value = Regex.Match(signed, "(.)==</SignatureValue>");
        Assert.True(value.Success);

        Assert.Equal(["signature-differs"], Rules(Verify(signed.Replace(value.Value, $"{(char)(value.Groups[1].Value[0] + 1)}==</SignatureValue>", StringComparison.Ordinal), signer)));
    }

    [Fact]
    public void A_signature_wrapped_away_from_the_alert_or_doubled_is_bad()
    {
        using X509Certificate2 signer = Signers.Rsa();
        string signed = Signed(signer);
        string signature = Regex.Match(signed, "<Signature .*</Signature>", RegexOptions.Singleline).Value;
        string alert = signed[signed.IndexOf("<alert", StringComparison.Ordinal)..];

        Assert.Equal(["several-signatures"], Rules(Verify(signed.Replace(signature, signature + signature, StringComparison.Ordinal), signer)));
        Assert.Equal(["not-enveloped"], Rules(Verify($"<evil>{alert}</evil>", signer)));
        Assert.Equal(["not-enveloped"], Rules(Verify(signed.Replace(signature, "<info>" + signature + "</info>", StringComparison.Ordinal), signer)));
    }

    [Fact]
    public void White_space_put_in_between_elements_after_signing_is_remarked_and_does_no_harm()
    {
        using X509Certificate2 signer = Signers.Rsa();
        string bare = Regex.Replace(Xml[Xml.IndexOf("<alert", StringComparison.Ordinal)..], @">\s+<", "><");
        string signed = Encoding.UTF8.GetString(CapSigner.Sign(Encoding.UTF8.GetBytes(bare), signer));

        SignatureVerdict verdict = Verify(signed.Replace("><", ">\n  <", StringComparison.Ordinal), signer);
        SignatureVerdict words = Verify(signed.Replace("><", ">\n  <", StringComparison.Ordinal).Replace("two &amp; a", "two &amp;  a", StringComparison.Ordinal), signer);

        Assert.Equal((SignatureState.Good, "indented-after-signing"), (verdict.State, Assert.Single(verdict.Remarks).Rule));
        Assert.Equal(SignatureState.Bad, words.State);
    }

    [Fact]
    public void A_weak_key_is_remarked()
    {
        using X509Certificate2 signer = Signers.Rsa(bits: 1024);

        SignatureVerdict verdict = Verify(Signed(signer), signer);

        Assert.Equal((SignatureState.Good, "weak-key"), (verdict.State, Assert.Single(verdict.Remarks).Rule));
    }

    [Fact]
    public void Only_what_can_be_signed_is_signed()
    {
        using X509Certificate2 signer = Signers.Rsa();
        using X509Certificate2 bare = X509CertificateLoader.LoadCertificate(signer.RawData);

        Assert.Contains("already signed", Assert.Throws<InvalidDataException>(() => CapSigner.Sign(Encoding.UTF8.GetBytes(Signed(signer)), signer)).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => CapSigner.Sign("<!DOCTYPE a><a/>"u8.ToArray(), signer));
        Assert.Contains("private key", Assert.Throws<ArgumentException>(() => CapSigner.Sign(Encoding.UTF8.GetBytes(Xml), bare)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_document_in_another_encoding_is_signed_as_UTF8()
    {
        using X509Certificate2 signer = Signers.Ecdsa();

        byte[] signed = CapSigner.Sign(Encoding.Latin1.GetBytes(Xml.Replace("utf-8", "iso-8859-1", StringComparison.Ordinal)), signer);

        Assert.Contains("\"utf-8\"", Encoding.UTF8.GetString(signed), StringComparison.Ordinal);
        Assert.Contains("and é", Encoding.UTF8.GetString(signed), StringComparison.Ordinal);
        Assert.Equal(SignatureState.Good, CapSignature.Verify(signed, [signer], Signers.Now).State);
    }

    [Theory]
    [InlineData("<a>", "</a>", 100_000, "elements stand within each other")]
    [InlineData("<a b='<'>", "", 1, "cannot be read")]
    public void What_would_break_its_reader_is_not_read_on(string open, string close, int times, string expected)
    {
        string many = string.Concat(Enumerable.Repeat(open, times)) + string.Concat(Enumerable.Repeat(close, times));

        SignatureVerdict verdict = Verify(many);

        Assert.Equal(SignatureState.None, verdict.State);
        Assert.Contains(expected, Assert.Single(verdict.Remarks).What, StringComparison.Ordinal);
    }

    [Fact]
    public void An_element_of_countless_attributes_is_not_read_on() =>
        Assert.Contains("attributes", Assert.Single(Verify($"<a {string.Join(' ', Enumerable.Range(0, 101).Select(i => $"b{i}=''"))}/>").Remarks).What, StringComparison.Ordinal);

    [Theory]
    [InlineData("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>")]
    [InlineData("<a")]
    [InlineData("")]
    public void What_cannot_be_read_has_no_signature_and_nothing_is_thrown(string text) => Assert.Equal(SignatureState.None, Verify(text).State);

    /// <summary>Signed alerts of others: what is wrong with each, and that the arithmetic is right for all the rest. All of their certificates have expired.</summary>
    [Fact]
    public void Signatures_of_others_are_told_apart_as_their_names_say()
    {
        string folder = RecordedData.Require("conformance", "cap", "signed");
        Assert.All(Directory.GetFiles(folder).Where(file => !file.EndsWith(".pem", StringComparison.Ordinal)), file =>
        {
            SignatureVerdict verdict = CapSignature.Verify(File.ReadAllBytes(file), [], Signers.Now);
            string[] rules = Rules(verdict);
            string name = Path.GetFileNameWithoutExtension(file);
            (string wanted, bool intact) = name switch
            {
                _ when name.EndsWith("invalid_digest", StringComparison.Ordinal) => ("digest-differs", false),
                _ when name.EndsWith("invalid_signature", StringComparison.Ordinal) => ("signature-differs", false),
                _ when name.EndsWith("invalid_certificate", StringComparison.Ordinal) => ("certificate-unreadable", false),
                "google-canada_signed" => ("several-signatures", false),
                "google-earthquake-iso8859-1" or "kelvinn-ph" => ("no-certificate", true),
                _ => ("certificate-expired", true),
            };
            Assert.Contains(wanted, rules);
            Assert.Equal((name, intact), (name, verdict.IsIntact));
        });
    }

    [Fact]
    public void Those_of_others_made_with_SHA1_are_said_to_be_weak_and_good_at_their_time_for_who_knows_the_key()
    {
        string file = RecordedData.Require("conformance", "cap", "signed", "kelvinn-no_info_tag.cap");
        byte[] bytes = File.ReadAllBytes(file);
        string encoded = Regex.Match(File.ReadAllText(file), "X509Certificate>([^<]+)<").Groups[1].Value;
        using X509Certificate2 signer = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(encoded));

        SignatureVerdict verdict = CapSignature.Verify(bytes, [signer], new DateTimeOffset(2016, 2, 26, 0, 0, 0, TimeSpan.Zero));

        Assert.Equal((SignatureState.Good, "weak-algorithm"), (verdict.State, Assert.Single(verdict.Remarks).Rule));
    }
}
