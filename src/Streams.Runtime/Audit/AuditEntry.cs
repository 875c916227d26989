using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Streams.Runtime.Shards;

namespace Streams.Runtime.Audit;

/// <summary>A place in the chain: an entry's number and hash, or number 0 and <see cref="AuditEntry.NoHash"/> before the first.</summary>
public readonly record struct AuditLink(long Number, string Hash)
{
    public static readonly AuditLink Beginning = new(0, AuditEntry.NoHash);
}

/// <summary>An entry as stored, published and shown.</summary>
/// <param name="Link">Its number, counted from 1 without a gap, and its hash.</param>
/// <param name="Body">Canonical JSON with all members, <c>hash</c> among them.</param>
public sealed record AuditEntry(AuditLink Link, string Id, long AtInMs, string Actor, string Action, byte[] Body)
{
    /// <summary>The previous hash of the first entry.</summary>
    public const string NoHash = "0000000000000000000000000000000000000000000000000000000000000000";

    /// <summary>
    /// The draft at its place: <c>hash</c> is the SHA-256, in hexadecimal, of the entry's canonical JSON without <c>hash</c> and with <c>previousHash</c>.
    /// </summary>
    public static AuditEntry Seal(AuditDraft draft, AuditLink previous)
    {
        long number = previous.Number + 1;
        using MemoryStream text = new();
        using (Utf8JsonWriter json = new(text))
        {
            WriteMembers(json, draft, number, previous.Hash);
        }

        string hash;
        using (JsonDocument open = JsonDocument.Parse(text.ToArray()))
        {
            hash = HashOf(open.RootElement);
        }

        // Once more, with the hash among the members: the last byte is the object's end.
        text.SetLength(text.Length - 1);
        text.Seek(0, SeekOrigin.End);
        text.Write(Encoding.UTF8.GetBytes($",\"hash\":\"{hash}\"}}"));
        using JsonDocument whole = JsonDocument.Parse(text.ToArray());
        byte[] body = CanonicalJson.Write(whole.RootElement);
        return new AuditEntry(new AuditLink(number, hash), draft.Id, draft.At.ToUnixTimeMilliseconds(), draft.Actor.Name, draft.Action, body);
    }

    /// <summary>The hash that an entry's content gives, whatever it says itself.</summary>
    /// <exception cref="JsonException">It is no entry's content.</exception>
    public static string HashOf(JsonElement entry) => Convert.ToHexStringLower(SHA256.HashData(CanonicalJson.Write(entry, without: "hash")));

    private static void WriteMembers(Utf8JsonWriter json, AuditDraft draft, long number, string previousHash)
    {
        json.WriteStartObject();
        json.WriteString("id", draft.Id);
        json.WriteNumber("number", number);
        json.WriteString("time", CloudEvents.FormatTime(draft.At.ToUnixTimeMilliseconds()));
        json.WriteStartObject("actor");
        json.WriteString("name", Cut(draft.Actor.Name));
        json.WriteStartArray("roles");
        foreach (string role in draft.Actor.Roles)
        {
            json.WriteStringValue(Cut(role));
        }

        json.WriteEndArray();
        json.WriteString("source", draft.Actor.Source);
        json.WriteString("address", Cut(draft.Actor.Address));
        json.WriteEndObject();
        json.WriteString("action", draft.Action);
        json.WriteString("subject", Cut(draft.Subject));
        json.WriteString("outcome", draft.Outcome.ToString().ToLowerInvariant());
        json.WriteString("reason", Cut(draft.Reason));
        json.WriteStartObject("details");
        foreach ((string name, string value) in draft.Details.Take(AuditDraft.MostDetails))
        {
            json.WriteString(Cut(name), Cut(value));
        }

        json.WriteEndObject();
        json.WriteString("previousHash", previousHash);
        json.WriteEndObject();
    }

    private static string Cut(string text) => text.Length <= AuditDraft.LongestText ? text : text[..(AuditDraft.LongestText - 1)] + "…";
}
