using System.Security.Cryptography;
using System.Text;

namespace Streams.Node.Feeds.Webhooks;

/// <summary>
/// Secrets as Standard Webhooks writes them, <c>whsec_</c> and base64 of 24 to 64 bytes, and how they lie in the store: encrypted (AES-256-GCM, bound to the webhook's name), for a
/// signature needs the secret itself and no hash of it would do.
/// </summary>
/// <param name="key">What they are encrypted by: <c>feeds.webhooks.key</c>, or a secret of the store.</param>
internal sealed class WebhookSecrets(string key)
{
    public const string InWords = "whsec_ and base64 of 24 to 64 bytes, or leave it out to have one made";

    private const string Prefix = "whsec_";
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int NewLength = 32;

    private readonly byte[] _key = HKDF.DeriveKey(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(key), 32, info: "streams webhook secrets"u8.ToArray());

    public static string New() => Prefix + Convert.ToBase64String(RandomNumberGenerator.GetBytes(NewLength));

    /// <summary>The bytes that sign; null for what has another form.</summary>
    public static byte[]? BytesOf(string secret)
    {
        byte[] bytes = new byte[64];
        return secret.StartsWith(Prefix, StringComparison.Ordinal) && secret.Length < 200 && Convert.TryFromBase64String(secret[Prefix.Length..], bytes, out int length) && length >= 24 ? bytes[..length] : null;
    }

    public string Seal(string name, string secret)
    {
        byte[] plain = Encoding.UTF8.GetBytes(secret);
        byte[] sealed_ = new byte[NonceLength + TagLength + plain.Length];
        RandomNumberGenerator.Fill(sealed_.AsSpan(0, NonceLength));
        using AesGcm cipher = new(_key, TagLength);
        cipher.Encrypt(sealed_.AsSpan(0, NonceLength), plain, sealed_.AsSpan(NonceLength + TagLength), sealed_.AsSpan(NonceLength, TagLength), Encoding.UTF8.GetBytes(name));
        return Convert.ToBase64String(sealed_);
    }

    /// <summary>The bytes that sign; null where it was sealed by another key, or for another name.</summary>
    public byte[]? Open(string name, string sealedSecret)
    {
        byte[] bytes = Convert.FromBase64String(sealedSecret);
        byte[] plain = new byte[bytes.Length - NonceLength - TagLength];
        using AesGcm cipher = new(_key, TagLength);
        try
        {
            cipher.Decrypt(bytes.AsSpan(0, NonceLength), bytes.AsSpan(NonceLength + TagLength), bytes.AsSpan(NonceLength, TagLength), plain, Encoding.UTF8.GetBytes(name));
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }

        return BytesOf(Encoding.UTF8.GetString(plain));
    }
}
