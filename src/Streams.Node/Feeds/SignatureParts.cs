using System.Security.Cryptography;
using System.Xml;

namespace Streams.Node.Feeds;

/// <summary>The parts of a signature element, taken out strictly: each at its place and of a known algorithm, or a refusal.</summary>
internal sealed record SignatureParts
{
    private static readonly string[] IdNames = ["Id", "ID", "id"];

    public required XmlElement SignedInfo { get; init; }

    public required string InfoMethod { get; init; }

    public required string[] InfoPrefixes { get; init; }

    public required bool IsRsa { get; init; }

    public required HashAlgorithmName SignatureHash { get; init; }

    public required string ReferenceUri { get; init; }

    public required string DocumentMethod { get; init; }

    public required string[] DocumentPrefixes { get; init; }

    public required HashAlgorithmName DigestHash { get; init; }

    /// <summary>Empty, as no digest is, if it is not base64.</summary>
    public required byte[] Digest { get; init; }

    /// <summary>Empty, as no signature is, if it is not base64.</summary>
    public required byte[] Value { get; init; }

    public required XmlElement? KeyInfo { get; init; }

    /// <summary>The reference names the root by its id instead of the whole document.</summary>
    public bool OnlyRoot => ReferenceUri.Length > 0;

    /// <exception cref="InvalidDataException">With what is wrong and what is allowed.</exception>
    public static SignatureParts Of(XmlElement signature)
    {
        XmlElement[] parts = Children(signature);
        if (parts.Length is < 2 or > 3 || parts[0].LocalName != "SignedInfo" || parts[1].LocalName != "SignatureValue" || (parts.Length == 3 && parts[2].LocalName != "KeyInfo"))
        {
            throw Wrong("the signature holds something else than SignedInfo, SignatureValue and KeyInfo");
        }

        XmlElement[] info = Children(parts[0]);
        if (info.Length != 3 || info[0].LocalName != "CanonicalizationMethod" || info[1].LocalName != "SignatureMethod" || info[2].LocalName != "Reference")
        {
            throw Wrong("SignedInfo holds something else than CanonicalizationMethod, SignatureMethod and one Reference");
        }

        XmlElement reference = info[2];
        XmlElement[] of = Children(reference);
        bool transformed = of.Length == 3;
        if (of.Length is < 2 or > 3 || (transformed && of[0].LocalName != "Transforms") || of[^2].LocalName != "DigestMethod" || of[^1].LocalName != "DigestValue")
        {
            throw Wrong("the reference holds something else than Transforms, DigestMethod and DigestValue");
        }

        if (!reference.HasAttribute("URI"))
        {
            throw Wrong("the reference has no URI; \"\" is wanted, the whole document");
        }

        (string documentMethod, string[] documentPrefixes) = Transforms(transformed ? Children(of[0]) : []);
        (bool IsRsa, HashAlgorithmName Hash) method = SignatureAlgorithm.Signature(Algorithm(info[1])) ?? throw Wrong($"the signature method {Algorithm(info[1])} is not taken; rsa-sha256 or ecdsa-sha256 are wanted");
        return new SignatureParts
        {
            SignedInfo = parts[0],
            InfoMethod = SignatureAlgorithm.IsCanonicalization(Algorithm(info[0])) ? Algorithm(info[0]) : throw Wrong($"the canonical form {Algorithm(info[0])} is not taken; {SignatureAlgorithm.Exclusive} is wanted"),
            InfoPrefixes = Prefixes(info[0]),
            IsRsa = method.IsRsa,
            SignatureHash = method.Hash,
            ReferenceUri = reference.GetAttribute("URI"),
            DocumentMethod = documentMethod,
            DocumentPrefixes = documentPrefixes,
            DigestHash = SignatureAlgorithm.Digest(Algorithm(of[^2])) ?? throw Wrong($"the digest {Algorithm(of[^2])} is not taken; {SignatureAlgorithm.Sha256} is wanted"),
            Digest = TryBytes(of[^1], out byte[] digest) ? digest : [],
            Value = TryBytes(parts[1], out byte[] value) ? value : [],
            KeyInfo = parts.Length == 3 ? parts[2] : null,
        };
    }

    /// <returns>What the reference leaves out of the alert; null if it covers the whole of it.</returns>
    public string? Covers(XmlElement root)
    {
        // White space, comments and what else stands outside the root does not say anything; attributes of the prefix xml would be inherited.
        XmlAttribute? inherited = root.Attributes.OfType<XmlAttribute>().Concat(((XmlElement)SignedInfo.ParentNode!).Attributes.OfType<XmlAttribute>()).FirstOrDefault(attribute => attribute.Prefix == "xml");
        bool isWhole = ReferenceUri.Length == 0
            || (ReferenceUri[0] == '#' && IdNames.Any(name => root.GetAttribute(name) is { Length: > 0 } id && id == ReferenceUri[1..]));
        return !isWhole ? $"the signature is over \"{ReferenceUri}\"; \"\" is wanted, the whole document"
            : inherited is not null ? $"the attribute {inherited.Name} changes what is signed; leave it out"
            : null;
    }

    private static (string Method, string[] Prefixes) Transforms(XmlElement[] transforms)
    {
        if (transforms.Length is 0 or > 2 || Algorithm(transforms[0]) != SignatureAlgorithm.Enveloped)
        {
            throw Wrong("the first transform must be enveloped-signature, and at most a canonical form may follow");
        }

        return transforms.Length == 1
            ? (SignatureAlgorithm.Inclusive, [])
            : SignatureAlgorithm.IsCanonicalization(Algorithm(transforms[1]))
                ? (Algorithm(transforms[1]), Prefixes(transforms[1]))
                : throw Wrong($"the transform {Algorithm(transforms[1])} is not taken: only enveloped-signature and a canonical form are");
    }

    private static string Algorithm(XmlElement element) => element.GetAttribute("Algorithm");

    private static string[] Prefixes(XmlElement method)
    {
        XmlElement[] inner = [.. method.ChildNodes.OfType<XmlElement>()];
        return inner switch
        {
            [] => [],
            [{ LocalName: "InclusiveNamespaces", NamespaceURI: SignatureAlgorithm.Exclusive } list] when SignatureAlgorithm.Plain(Algorithm(method)) == SignatureAlgorithm.Exclusive =>
                list.GetAttribute("PrefixList").Split([' ', '\t', '\n', '\r'], StringSplitOptions.RemoveEmptyEntries),
            _ => throw Wrong($"<{inner[0].Name}> within <{method.Name}> is not taken"),
        };
    }

    private static XmlElement[] Children(XmlElement parent)
    {
        XmlElement[] children = [.. parent.ChildNodes.OfType<XmlElement>()];
        return Array.Find(children, child => child.NamespaceURI != SignatureAlgorithm.Namespace) is { } other
            ? throw Wrong($"<{other.Name}> within <{parent.Name}> is no element of XML signatures")
            : children;
    }

    /// <summary>Base64 to the letter: spare bits of the last character are zero (XML Schema 2, section 3.2.16), or two texts would stand for one value.</summary>
    internal static bool TryBytes(XmlElement element, out byte[] bytes)
    {
        string text = string.Concat(element.InnerText.Where(character => !char.IsWhiteSpace(character)));
        try
        {
            bytes = Convert.FromBase64String(text);
            return Convert.ToBase64String(bytes) == text;
        }
        catch (FormatException)
        {
            bytes = [];
            return false;
        }
    }

    private static InvalidDataException Wrong(string what) => new(what);
}
