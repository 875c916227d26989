using System.Collections.Immutable;
using System.Text.Json;
using Streams.Node.Configuration;

namespace Streams.Node.Api.Requests;

/// <summary>The body of an order: a JSON object with a few members, all of whose faults are told at once.</summary>
internal sealed class OrderBody
{
    private const int MostComplaints = 20;

    /// <summary>Of a member's name in a complaint.</summary>
    private const int LongestName = 60;

    private readonly string _problem;
    private readonly JsonElement _root;
    private readonly List<Complaint> _complaints = [];

    private OrderBody(string problem, JsonElement root) => (_problem, _root) = (problem, root);

    /// <summary>Null where it is too long or no JSON object: then that is answered already.</summary>
    /// <param name="most">Bytes.</param>
    /// <param name="members">Those there may be.</param>
    /// <param name="problem">The kind of problem that a fault in it is, such as <c>invalid-order</c>.</param>
    /// <param name="form">What the body should be, in a sentence.</param>
    /// <param name="mayBeEmpty">No body is one without members.</param>
    public static async Task<OrderBody?> ReadAsync(HttpContext context, int most, string[] members, string problem, string form, bool mayBeEmpty = false)
    {
        if (await BoundedBody.ReadAsync(context.Request, most, context.RequestAborted) is not { } bytes)
        {
            await Problem.Write(context, StatusCodes.Status413PayloadTooLarge, "too-large", $"The body is longer than {most} bytes.");
            return null;
        }

        if (Parse(mayBeEmpty && bytes.IsEmpty ? "{}"u8.ToArray() : bytes) is not { } root)
        {
            await Problem.Write(context, StatusCodes.Status400BadRequest, problem, form, [new Complaint("body", form)]);
            return null;
        }

        OrderBody body = new(problem, root);
        foreach (string name in root.EnumerateObject().Select(member => member.Name).Where(name => !members.Contains(name)).Take(MostComplaints))
        {
            string shown = name.Length > LongestName ? name[..LongestName] + "…" : name;
            body._complaints.Add(new Complaint(shown, $"{shown} is not a member here{Spelling.DidYouMean(shown, members)}; allowed: {string.Join(", ", members)}"));
        }

        return body;
    }

    /// <summary>Nothing is wrong with it, as far as was looked.</summary>
    public bool IsSound => _complaints.Count == 0;

    /// <summary>Null where it is not there, or null.</summary>
    public string? Text(string member) => Of(member, JsonValueKind.String) is { } value ? value.GetString() : null;

    /// <summary>False where it is not there.</summary>
    public bool Flag(string member) => Of(member, JsonValueKind.True, JsonValueKind.False) is { ValueKind: JsonValueKind.True };

    /// <summary>Texts, each once; empty where there are none.</summary>
    public ImmutableArray<string> List(string member)
    {
        if (Of(member, JsonValueKind.Array) is not { } list)
        {
            return [];
        }

        if (list.EnumerateArray().Any(each => each.ValueKind != JsonValueKind.String))
        {
            Complain(member, "is no list of texts");
            return [];
        }

        return [.. list.EnumerateArray().Select(each => each.GetString()!).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Notes that a member is missing or wrong, if it is.</summary>
    public void Require(bool isRight, string member, string allowed)
    {
        if (!isRight)
        {
            Complain(member, $"is missing or wrong; allowed: {allowed}");
        }
    }

    /// <summary>Of each member the first is told.</summary>
    public void Complain(string member, string what)
    {
        if (_complaints.TrueForAll(complaint => complaint.At != member))
        {
            _complaints.Add(new Complaint(member, $"{member} {what}"));
        }
    }

    /// <summary>Whether something is wrong: then that is answered.</summary>
    public async Task<bool> IsRefusedAsync(HttpContext context)
    {
        if (_complaints.Count == 0)
        {
            return false;
        }

        await Problem.Write(context, StatusCodes.Status400BadRequest, _problem, string.Join(" | ", _complaints.Select(each => each.Detail)), _complaints);
        return true;
    }

    private static JsonElement? Parse(ReadOnlyMemory<byte> bytes)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(bytes);
            JsonElement root = document.RootElement;

            // Half a surrogate pair in a name or a text is found when it is read.
            return root.ValueKind == JsonValueKind.Object && root.EnumerateObject().All(member => member.Name is not null && IsReadable(member.Value)) ? root.Clone() : null;
        }
        catch (Exception malformed) when (malformed is JsonException or InvalidOperationException)
        {
            return null;
        }

        static bool IsReadable(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.String => value.GetString() is not null,
            JsonValueKind.Array => value.EnumerateArray().All(IsReadable),
            _ => true,
        };
    }

    private JsonElement? Of(string member, params ReadOnlySpan<JsonValueKind> kinds)
    {
        if (!_root.TryGetProperty(member, out JsonElement value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (!kinds.Contains(value.ValueKind))
        {
            Complain(member, $"is no {(kinds[0] switch { JsonValueKind.String => "text", JsonValueKind.Array => "list of texts", _ => "true or false" })}");
            return null;
        }

        return value;
    }
}
