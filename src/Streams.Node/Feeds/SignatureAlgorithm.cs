using System.Security.Cryptography;

namespace Streams.Node.Feeds;

/// <summary>The algorithms of XML signatures that are read, by their names (W3C XML Signature 1.1, section 6). Any other is refused.</summary>
internal static class SignatureAlgorithm
{
    public const string Namespace = "http://www.w3.org/2000/09/xmldsig#";
    public const string Enveloped = Namespace + "enveloped-signature";
    public const string Exclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
    public const string Inclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";

    /// <summary>Differs from <see cref="Inclusive"/> only where attributes of the prefix xml are inherited, and those are refused.</summary>
    public const string Inclusive11 = "http://www.w3.org/2006/12/xml-c14n11";

    public const string Sha256 = "http://www.w3.org/2001/04/xmlenc#sha256";
    public const string RsaSha256 = More + "rsa-sha256";
    public const string EcdsaSha256 = More + "ecdsa-sha256";

    private const string More = "http://www.w3.org/2001/04/xmldsig-more#";

    public static bool IsCanonicalization(string name) => Plain(name) is Exclusive or Inclusive or Inclusive11;

    /// <summary>Comments are no part of what a reference to the whole document covers, so the forms with comments come to the same.</summary>
    public static string Plain(string name) => name switch
    {
        Exclusive + "WithComments" => Exclusive,
        Inclusive + "#WithComments" => Inclusive,
        Inclusive11 + "#WithComments" => Inclusive11,
        _ => name,
    };

    public static HashAlgorithmName? Digest(string name) => name switch
    {
        Namespace + "sha1" => HashAlgorithmName.SHA1,
        Sha256 => HashAlgorithmName.SHA256,
        More + "sha384" => HashAlgorithmName.SHA384,
        "http://www.w3.org/2001/04/xmlenc#sha512" => HashAlgorithmName.SHA512,
        _ => null,
    };

    /// <summary>Kind of key and hash.</summary>
    public static (bool IsRsa, HashAlgorithmName Hash)? Signature(string name) => name switch
    {
        Namespace + "rsa-sha1" => (true, HashAlgorithmName.SHA1),
        RsaSha256 => (true, HashAlgorithmName.SHA256),
        More + "rsa-sha384" => (true, HashAlgorithmName.SHA384),
        More + "rsa-sha512" => (true, HashAlgorithmName.SHA512),
        More + "ecdsa-sha1" => (false, HashAlgorithmName.SHA1),
        EcdsaSha256 => (false, HashAlgorithmName.SHA256),
        More + "ecdsa-sha384" => (false, HashAlgorithmName.SHA384),
        More + "ecdsa-sha512" => (false, HashAlgorithmName.SHA512),
        _ => null,
    };

    public static byte[] Hash(byte[] data, HashAlgorithmName by) => CryptographicOperations.HashData(by, data);
}
