using System.Buffers;
using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Domain.Detection;
using Streams.Domain.Readings;

namespace Streams.Domain.Areas;

/// <summary>Who gave an order, as the node that let them in knows it.</summary>
/// <param name="Source">What vouches for the name: <c>token</c>, <c>machine</c> and so on.</param>
/// <param name="Address">Where the request came from; may be empty.</param>
public sealed record OrderGiver(string Name, ImmutableArray<string> Roles, string Source, string Address);

/// <summary>
/// What a person says to an area about alerts. It comes to the area's inbox among its observations, as a CloudEvent in binary mode: <c>ce_type</c> says which,
/// <c>ce_subject</c> to which area, <c>ce_id</c> is the order's own. Closed: the nested records are all there are.
/// </summary>
public abstract record AreaOrder
{
    /// <summary>How the types of all orders begin.</summary>
    public const string TypePrefix = "streams.area.";

    /// <summary>UTF-8 bytes; the area remembers ids.</summary>
    public const int LongestId = 100;

    /// <summary>UTF-16 units.</summary>
    public const int LongestNote = 1_000;

    /// <summary>The content at most, and what is around it.</summary>
    public const int MostBytes = AlertContent.MostBytes + (16 << 10);

    private const int LongestName = 200;
    private const int MostRoles = 20;

    private static readonly string[] Members = ["by", "alert", "note", "content", "fingerprint"];
    private static readonly string[] MembersOfGiver = ["name", "roles", "source", "address"];

    private AreaOrder()
    {
    }

    /// <summary>One that is known already is not obeyed again.</summary>
    public required string Id { get; init; }

    public required OrderGiver By { get; init; }

    /// <summary>Of the request that it came of, so that another request under the same id is told from a repeat; may be empty.</summary>
    public string Fingerprint { get; init; } = "";

    /// <summary>An alert by a person: it stands until it expires, or a person updates or cancels it.</summary>
    public sealed record Issue(AlertContent Content) : AreaOrder
    {
        public const string EventType = TypePrefix + "issue";
    }

    /// <summary>New content for an alert that was issued.</summary>
    public sealed record Update(string AlertId, AlertContent Content) : AreaOrder
    {
        public const string EventType = TypePrefix + "update";
    }

    /// <summary>Somebody takes care of it.</summary>
    /// <param name="Note">May be empty.</param>
    public sealed record Acknowledge(string AlertId, string Note) : AreaOrder
    {
        public const string EventType = TypePrefix + "acknowledge";
    }

    /// <summary>It is to stand no longer, whatever the devices say.</summary>
    public sealed record Cancel(string AlertId, string Reason) : AreaOrder
    {
        public const string EventType = TypePrefix + "cancel";
    }

    /// <summary>What it is on Kafka, in <c>ce_type</c>.</summary>
    public string Type => this switch
    {
        Issue => Issue.EventType,
        Update => Update.EventType,
        Acknowledge => Acknowledge.EventType,
        _ => Cancel.EventType,
    };

    /// <summary>Whether an event of this type is an order, known or not, and no observation.</summary>
    public static bool IsOne(ReadOnlySpan<byte> eventType) => eventType.StartsWith("streams.area."u8);

    /// <summary>As <see cref="TryRead"/> reads it.</summary>
    public void Write(IBufferWriter<byte> to)
    {
        using var json = new Utf8JsonWriter(to, AnomalyJson.Options);
        json.WriteStartObject();
        json.WriteStartObject("by");
        json.WriteString("name", By.Name);
        json.WriteStartArray("roles");
        foreach (string role in By.Roles)
        {
            json.WriteStringValue(role);
        }

        json.WriteEndArray();
        json.WriteString("source", By.Source);
        json.WriteString("address", By.Address);
        json.WriteEndObject();
        (string? alert, string? note, AlertContent? content) = this switch
        {
            Issue issue => (null, null, issue.Content),
            Update update => (update.AlertId, null, update.Content),
            Acknowledge acknowledge => (acknowledge.AlertId, acknowledge.Note, null),
            Cancel cancel => (cancel.AlertId, cancel.Reason, null),
            _ => default((string?, string?, AlertContent?)),
        };
        if (alert is not null)
        {
            json.WriteString("alert", alert);
        }

        if (!string.IsNullOrEmpty(note))
        {
            json.WriteString("note", note);
        }

        if (content is not null)
        {
            json.WritePropertyName("content");
            content.Write(json);
        }

        if (Fingerprint.Length > 0)
        {
            json.WriteString("fingerprint", Fingerprint);
        }

        json.WriteEndObject();
    }

    /// <param name="refusal">The first thing that is wrong; null where it is an order.</param>
    public static bool TryRead(ReadOnlySpan<byte> value, in CloudEventAttributes attributes, [NotNullWhen(true)] out AreaOrder? order, [NotNullWhen(false)] out Refusal? refusal)
    {
        order = null;
        refusal = attributes.Check()
            ?? (attributes.Id.Length > LongestId ? new Refusal(RefusalReasons.InvalidCloudEvent, "ce_id", $"An order's id is at most {LongestId} bytes.") : null)
            ?? (value.Length > MostBytes ? new Refusal(RefusalReasons.TooLarge, "", $"The order is {value.Length} bytes long; allowed: at most {MostBytes}.") : null);
        if (refusal is not null)
        {
            return false;
        }

        List<Refusal> wrong = [];
        try
        {
            var reader = new Utf8JsonReader(value);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            reader.Read();
            order = Read(document.RootElement, Encoding.UTF8.GetString(attributes.Id), attributes.Type, wrong);
        }
        catch (JsonException e)
        {
            wrong.Add(new Refusal(RefusalReasons.MalformedJson, "", $"The order is not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}."));
        }
        catch (InvalidOperationException)
        {
            wrong.Add(new Refusal(RefusalReasons.MalformedJson, "", "The order holds a name that is no text (half a surrogate pair)."));
        }

        refusal = wrong.Count > 0 ? wrong[0] : null;
        order = refusal is null ? order : null;
        return order is not null;
    }

    /// <summary>The one text that an object says, as orders have them; empty where it is not there or wrong.</summary>
    public static string ReadText(JsonElement members, string name, bool isNeeded, List<Refusal> wrong)
    {
        var reader = new JsonMembers(members, [name], wrong);
        return isNeeded || reader.Has(name) ? reader.Text(name, LongestNote, isLine: false) : "";
    }

    private static AreaOrder? Read(JsonElement root, string id, ReadOnlySpan<byte> type, List<Refusal> wrong)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            wrong.Add(new Refusal(RefusalReasons.WrongType, "", "An order is a JSON object."));
            return null;
        }

        var members = new JsonMembers(root, Members, wrong);
        OrderGiver by = ReadGiver(root, wrong);
        string fingerprint = members.Has("fingerprint") ? members.Text("fingerprint", LongestId, isLine: true) : "";
        bool issues = type.SequenceEqual("streams.area.issue"u8);
        bool updates = type.SequenceEqual("streams.area.update"u8);
        string alert = issues ? "" : members.Text("alert", 500, isLine: true);
        if (issues || updates)
        {
            AlertContent content = AlertContent.Read(root.TryGetProperty("content", out JsonElement given) ? given : default, [], wrong);
            return issues
                ? new Issue(content) { Id = id, By = by, Fingerprint = fingerprint }
                : new Update(alert, content) { Id = id, By = by, Fingerprint = fingerprint };
        }

        bool cancels = type.SequenceEqual("streams.area.cancel"u8);
        if (!cancels && !type.SequenceEqual("streams.area.acknowledge"u8))
        {
            wrong.Insert(0, new Refusal("unknown_order", "ce_type", $"There is no order {Encoding.UTF8.GetString(type)}; allowed: {Issue.EventType}, {Update.EventType}, {Acknowledge.EventType}, {Cancel.EventType}."));
            return null;
        }

        string note = cancels || members.Has("note") ? members.Text("note", LongestNote, isLine: false) : "";
        return cancels
            ? new Cancel(alert, note) { Id = id, By = by, Fingerprint = fingerprint }
            : new Acknowledge(alert, note) { Id = id, By = by, Fingerprint = fingerprint };
    }

    private static OrderGiver ReadGiver(JsonElement root, List<Refusal> wrong)
    {
        if (!root.TryGetProperty("by", out JsonElement by) || by.ValueKind != JsonValueKind.Object)
        {
            wrong.Add(new Refusal(RefusalReasons.Missing, "by", "An order needs 'by': who gave it, with name, roles, source and address."));
            return new OrderGiver("", [], "", "");
        }

        var members = new JsonMembers(by, MembersOfGiver, wrong, "by.");
        bool hasRoles = by.TryGetProperty("roles", out JsonElement roles) && roles.ValueKind == JsonValueKind.Array && roles.GetArrayLength() <= MostRoles
            && roles.EnumerateArray().All(role => role.ValueKind == JsonValueKind.String && role.GetString()!.Length <= LongestName);
        if (!hasRoles)
        {
            members.Refuse(RefusalReasons.WrongType, "roles", $"'by.roles' is an array of at most {MostRoles} names.");
        }

        string address = by.TryGetProperty("address", out JsonElement from) && from.ValueKind == JsonValueKind.String && from.GetString() is { Length: <= LongestName } text ? text : "";
        return new OrderGiver(
            members.Text("name", LongestName, isLine: true),
            hasRoles ? [.. roles.EnumerateArray().Select(role => role.GetString()!)] : [],
            members.Text("source", LongestName, isLine: true),
            address);
    }
}

/// <summary>What became of an order.</summary>
/// <param name="AlertId">The alert it was about; of one that was to be issued and was not: empty.</param>
/// <param name="Refusal">Null where it was obeyed.</param>
/// <param name="AtInMs">Processing time.</param>
public sealed record OrderAnswer(AreaOrder Order, string AlertId, Refusal? Refusal, long AtInMs);
