using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Streams.Node.People;

/// <summary>
/// A bearer token: <c>streams_</c> and 256 random bits in base64url, 43 characters. The prefix lets scanners of repositories and logs find one that leaked.
/// </summary>
/// <remarks>
/// Stored as SHA-256. A slow, salted hash (Argon2, bcrypt) protects what people choose, which can be guessed; 256 random bits can not, and each request would pay
/// for it. A fast hash also makes the look-up one of a table.
/// </remarks>
public static class Token
{
    public const string Prefix = "streams_";

    private const int Length = 8 + 43;

    public static string New() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    public static bool HasForm(string text) => text.Length == Length && text.StartsWith(Prefix, StringComparison.Ordinal) && Base64Url.IsValid(text.AsSpan(Prefix.Length));

    /// <summary>As stored: 64 hexadecimal digits.</summary>
    public static string HashOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));
}
