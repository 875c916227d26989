using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Xml;
using Streams.Domain.Cap;

namespace Streams.Node.Feeds;

/// <summary>Signs alerts: an enveloped XML signature over the whole document, SHA-256, exclusive canonical form, with the certificate in it.</summary>
public static class CapSigner
{
    /// <param name="document">A CAP document without a signature.</param>
    /// <param name="certificate">With its private key, RSA or ECDSA.</param>
    /// <returns>UTF-8. RSA signatures of the same document and key are the same bytes; ECDSA's are not.</returns>
    /// <exception cref="InvalidDataException">The document is not XML or is already signed.</exception>
    /// <exception cref="ArgumentException">The certificate has no private key of these kinds.</exception>
    public static byte[] Sign(ReadOnlyMemory<byte> document, X509Certificate2 certificate)
    {
        XmlDocument xml = Load(document);
        using RSA? rsa = certificate.GetRSAPrivateKey();
        using ECDsa? ecdsa = rsa is null ? certificate.GetECDsaPrivateKey() : null;
        if (rsa is null && ecdsa is null)
        {
            throw new ArgumentException($"The certificate of {certificate.Subject} has no private key, RSA or ECDSA, to sign with.", nameof(certificate));
        }

        string digest = Convert.ToBase64String(SHA256.HashData(CanonicalXml.Document(xml, SignatureAlgorithm.Exclusive, [], onlyRoot: false)));
        XmlElement signature = Add(xml.DocumentElement!, "Signature");
        XmlElement info = Add(signature, "SignedInfo");
        Add(info, "CanonicalizationMethod", algorithm: SignatureAlgorithm.Exclusive);
        Add(info, "SignatureMethod", algorithm: rsa is null ? SignatureAlgorithm.EcdsaSha256 : SignatureAlgorithm.RsaSha256);
        XmlElement reference = Add(info, "Reference");
        reference.SetAttribute("URI", "");
        XmlElement transforms = Add(reference, "Transforms");
        Add(transforms, "Transform", algorithm: SignatureAlgorithm.Enveloped);
        Add(transforms, "Transform", algorithm: SignatureAlgorithm.Exclusive);
        Add(reference, "DigestMethod", algorithm: SignatureAlgorithm.Sha256);
        Add(reference, "DigestValue", digest);

        byte[] signed = CanonicalXml.Element(info, SignatureAlgorithm.Exclusive, []);
        byte[] value = rsa?.SignData(signed, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1) ?? ecdsa!.SignData(signed, HashAlgorithmName.SHA256);
        Add(signature, "SignatureValue", Convert.ToBase64String(value));
        Add(Add(Add(signature, "KeyInfo"), "X509Data"), "X509Certificate", Convert.ToBase64String(certificate.RawData));
        return Bytes(xml);
    }

    private static XmlDocument Load(ReadOnlyMemory<byte> document)
    {
        try
        {
            XmlDocument xml = CanonicalXml.Load(document, CapLimits.Default);
            return xml.DocumentElement!.GetElementsByTagName("Signature", SignatureAlgorithm.Namespace).Count == 0
                ? xml
                : throw new InvalidDataException("The document is already signed; sign the one without a signature.");
        }
        catch (XmlException fault)
        {
            throw new InvalidDataException($"The document is not XML that can be signed: {fault.Message}", fault);
        }
    }

    private static XmlElement Add(XmlElement parent, string name, string? text = null, string? algorithm = null)
    {
        XmlElement element = parent.OwnerDocument.CreateElement(name, SignatureAlgorithm.Namespace);
        if (text is not null)
        {
            element.InnerText = text;
        }

        if (algorithm is not null)
        {
            element.SetAttribute("Algorithm", algorithm);
        }

        if (name == "Signature")
        {
            // Said here and not left to the writer: it is part of what is signed.
            element.SetAttribute("xmlns", SignatureAlgorithm.Namespace);
        }

        parent.AppendChild(element);
        return element;
    }

    private static byte[] Bytes(XmlDocument xml)
    {
        using var bytes = new MemoryStream();
        var settings = new XmlWriterSettings { Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), NewLineHandling = NewLineHandling.Entitize };
        using (var writer = XmlWriter.Create(bytes, settings))
        {
            xml.Save(writer);
        }

        return bytes.ToArray();
    }
}
