using System.Security.Cryptography;

namespace Streams.Node.Api.Requests;

/// <summary>Names the bytes of an answer, so that whoever has them need not get them again.</summary>
internal static class EntityTag
{
    /// <summary>A strong one: SHA-256 of the bytes.</summary>
    public static string Of(ReadOnlySpan<byte> body) => $"\"{Convert.ToHexStringLower(SHA256.HashData(body))}\"";

    /// <summary>It is what the request says in <c>If-None-Match</c>.</summary>
    public static bool IsKnown(HttpRequest request, string tag) =>
        request.Headers.IfNoneMatch.Any(each => each is not null && each.Split(',', StringSplitOptions.TrimEntries).Any(known => known == "*" || known == tag || known == "W/" + tag));
}
