using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Streams.Node.People;

namespace Streams.Node.Api.Requests;

/// <summary>
/// The header <c>Idempotency-Key</c> (IETF draft of that name): whoever does not know whether a request was done sends it again under the same key, and it is
/// done once. A key is its sender's own: another name's same key is another.
/// </summary>
internal static class IdempotencyKey
{
    public const string Header = "Idempotency-Key";

    /// <summary>Characters.</summary>
    private const int Longest = 200;

    public static JsonObject Describe() => new()
    {
        ["name"] = Header,
        ["in"] = "header",
        ["required"] = false,
        ["description"] = "Any text of your own, such as a UUID: the same request under the same key is done once.",
        ["schema"] = new JsonObject { ["type"] = "string", ["minLength"] = 1, ["maxLength"] = Longest, ["pattern"] = "^[ -~]+$" },
        ["example"] = "8e03978e-40d5-43e8-bc93-6894a57f9324",
    };

    /// <summary>An order's id: made of the key, or one of its own where none is given.</summary>
    /// <returns>Null where the header is not what it may be: then that is answered already.</returns>
    public static async Task<string?> OrderAsync(HttpContext context, TimeProvider time)
    {
        if (context.Request.Headers[Header] is not { Count: > 0 } given)
        {
            return Guid.CreateVersion7(time.GetUtcNow()).ToString();
        }

        string key = given.ToString();
        if (given.Count > 1 || key.Length is 0 or > Longest || key.Any(c => c is < ' ' or > '~'))
        {
            string detail = $"{Header} is given twice, empty or not what it may be; allowed: one of 1 to {Longest} printable ASCII characters.";
            await Problem.Write(context, StatusCodes.Status400BadRequest, "invalid-header", detail, [new Complaint(Header, detail)]);
            return null;
        }

        return "key-" + Hash(Encoding.UTF8.GetBytes($"{Principal.Of(context).Name}\n{key}"));
    }

    /// <summary>Tells a request from another under the same key.</summary>
    public static string Fingerprint(HttpContext context, ReadOnlySpan<byte> body) =>
        Hash([.. Encoding.UTF8.GetBytes($"{context.Request.Method} {context.Request.Path}\n"), .. body]);

    private static string Hash(ReadOnlySpan<byte> of) => Convert.ToHexStringLower(SHA256.HashData(of));
}
