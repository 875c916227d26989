using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Domain.Detection;
using Streams.Domain.Devices;
using Streams.Domain.Readings;

namespace Streams.Domain.Dispatch;

/// <summary>A command to a city system, as it is on <c>city.commands</c> under the key <c>area/system</c>. A system that has its id already does nothing new, and answers as before.</summary>
/// <param name="IncidentId">The incident that it is for.</param>
/// <param name="Area">The dispatcher's: the first part of the key.</param>
/// <param name="Targets">Units or devices it is for; none for the place as a whole.</param>
/// <param name="Parameters">As texts; on the wire a number or a flag is one, as the action's description says.</param>
/// <param name="Priority">1 to 9, the most urgent.</param>
/// <param name="Attempt">1 for the first time; one more each time it is sent again under the same id.</param>
/// <param name="Compensates">The command that it takes back; null for others.</param>
/// <param name="Place">The area in which it is to be done: <paramref name="Area"/> or one below it. Empty means <paramref name="Area"/>.</param>
/// <param name="Location">Where units are to go and devices to turn to; null where nobody knows.</param>
public sealed record Command(
    string CommandId, string IncidentId, string System, string Area, string Action, ImmutableArray<string> Targets, ImmutableSortedDictionary<string, string> Parameters,
    int Priority, long IssuedAtInMs, long DeadlineInMs, int Attempt, string? Compensates, string Place = "", GeoPoint? Location = null)
{
    /// <summary>The area in which it is to be done.</summary>
    public string Where => Place.Length > 0 ? Place : Area;

    /// <summary>Of its record.</summary>
    public string Key => $"{Area}/{System}";

    /// <summary>Withdraws another command: what has not begun is not done. Its target is in <see cref="Compensates"/>.</summary>
    public const string Withdraw = "withdraw";
}

/// <summary>What a system answers on <c>city.command-results</c>, under the command's key.</summary>
/// <param name="Status">Accepted, executing, done, failed or rejected.</param>
/// <param name="Reason">For people; empty where all is well.</param>
public sealed record CommandResult(string CommandId, CommandStatus Status, long TimeInMs, string Reason);

/// <summary>Commands and their results as the outside sees them.</summary>
public static class CommandJson
{
    public const int MostBytes = 64 * 1024;

    private const int LongestReason = 500;

    /// <param name="action">Says which parameters are numbers and flags; null writes all as texts.</param>
    public static void Write(IBufferWriter<byte> output, Command command, SystemAction? action)
    {
        using Utf8JsonWriter json = new(output, AnomalyJson.Options);
        json.WriteStartObject();
        json.WriteString("commandId"u8, command.CommandId);
        json.WriteString("incidentId"u8, command.IncidentId);
        json.WriteString("system"u8, command.System);
        json.WriteString("area"u8, command.Area);
        json.WriteString("action"u8, command.Action);
        json.WriteStartArray("targets"u8);
        foreach (string target in command.Targets)
        {
            json.WriteStringValue(target);
        }

        json.WriteEndArray();
        json.WriteStartObject("parameters"u8);
        foreach ((string name, string value) in command.Parameters)
        {
            ParameterKind kind = action is not null && action.Parameters.TryGetValue(name, out ActionParameter? parameter) ? parameter.Kind : ParameterKind.Text;
            if (kind == ParameterKind.Number && double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number))
            {
                json.WriteNumber(name, number);
            }
            else if (kind == ParameterKind.Flag && bool.TryParse(value, out bool flag))
            {
                json.WriteBoolean(name, flag);
            }
            else
            {
                json.WriteString(name, value);
            }
        }

        json.WriteEndObject();
        json.WriteNumber("priority"u8, command.Priority);
        json.WriteString("issuedAt"u8, AlertJson.Time(command.IssuedAtInMs));
        json.WriteString("deadline"u8, AlertJson.Time(command.DeadlineInMs));
        json.WriteNumber("attempt"u8, command.Attempt);
        json.WriteString("compensates"u8, command.Compensates);
        json.WriteString("place"u8, command.Where);
        if (command.Location is { } location)
        {
            json.WritePropertyName("location"u8);
            DeviceJson.Write(json, location);
        }

        json.WriteEndObject();
    }

    public static void Write(IBufferWriter<byte> output, CommandResult result)
    {
        using Utf8JsonWriter json = new(output, AnomalyJson.Options);
        json.WriteStartObject();
        json.WriteString("commandId"u8, result.CommandId);
        json.WriteString("status"u8, result.Status.ToString().ToLowerInvariant());
        json.WriteString("time"u8, AlertJson.Time(result.TimeInMs));
        json.WriteString("reason"u8, result.Reason);
        json.WriteStartObject("details"u8);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    /// <summary>Reads a command; members it does not know are passed over.</summary>
    /// <param name="fault">What is wrong; null where nothing is.</param>
    public static Command? Read(ReadOnlySpan<byte> utf8, out string? fault)
    {
        using JsonDocument? document = Parse(utf8, out fault);
        if (document is null)
        {
            return null;
        }

        JsonElement root = document.RootElement;
        string id = Text(root, "commandId", ref fault);
        string system = Text(root, "system", ref fault);
        string area = Text(root, "area", ref fault);
        string action = Text(root, "action", ref fault);
        long deadline = Time(root, "deadline", ref fault);
        if (fault is not null)
        {
            return null;
        }

        ImmutableArray<string> targets = root.TryGetProperty("targets", out JsonElement list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Where(each => each.ValueKind == JsonValueKind.String).Select(each => each.GetString()!)]
            : [];
        ImmutableSortedDictionary<string, string> parameters = root.TryGetProperty("parameters", out JsonElement given) && given.ValueKind == JsonValueKind.Object
            ? given.EnumerateObject().ToImmutableSortedDictionary(each => each.Name, each => each.Value.ToString(), StringComparer.Ordinal)
            : ImmutableSortedDictionary<string, string>.Empty;
        string? ignored = null;
        return new Command(
            id, TextOr(root, "incidentId"), system, area, action, targets, parameters, (int)NumberOr(root, "priority", 1), Time(root, "issuedAt", ref ignored), deadline, (int)NumberOr(root, "attempt", 1),
            TextOr(root, "compensates") is { Length: > 0 } other ? other : null, TextOr(root, "place"), Point(root));
    }

    /// <summary>Reads a result. What a system says is theirs alone: whatever is wrong with it, only this record is refused.</summary>
    public static CommandResult? ReadResult(ReadOnlySpan<byte> utf8, out string? fault)
    {
        using JsonDocument? document = Parse(utf8, out fault);
        if (document is null)
        {
            return null;
        }

        JsonElement root = document.RootElement;
        string id = Text(root, "commandId", ref fault);
        string word = Text(root, "status", ref fault);
        long time = Time(root, "time", ref fault);
        CommandStatus status = word switch
        {
            "accepted" => CommandStatus.Accepted,
            "executing" => CommandStatus.Executing,
            "done" => CommandStatus.Done,
            "failed" => CommandStatus.Failed,
            _ => CommandStatus.Rejected,
        };
        if (fault is null && status == CommandStatus.Rejected && word != "rejected")
        {
            fault = $"status is '{(word.Length > 40 ? word[..40] : word)}'; allowed: accepted, executing, done, failed, rejected";
        }

        string reason = TextOr(root, "reason");
        return fault is null ? new CommandResult(id, status, time, reason.Length > LongestReason ? reason[..LongestReason] : reason) : null;
    }

    private static JsonDocument? Parse(ReadOnlySpan<byte> utf8, out string? fault)
    {
        fault = utf8.Length > MostBytes ? $"it is {utf8.Length} bytes long; at most {MostBytes}" : null;
        if (fault is not null)
        {
            return null;
        }

        try
        {
            Utf8JsonReader reader = new(utf8);
            JsonDocument document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.ValueKind == JsonValueKind.Object && !reader.Read())
            {
                return document;
            }

            document.Dispose();
            fault = "it is no JSON object";
        }
        catch (JsonException e)
        {
            fault = $"it is not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}";
        }

        return null;
    }

    private static string Text(JsonElement root, string name, ref string? fault)
    {
        string text = TextOr(root, name);
        if (text.Length is 0 or > 300 || text.Contains('\0', StringComparison.Ordinal))
        {
            fault ??= $"'{name}' is a text of 1 to 300 characters";
        }

        return text;
    }

    private static string TextOr(JsonElement root, string name)
    {
        try
        {
            return root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString()!.Replace("\0", "", StringComparison.Ordinal) : "";
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair.
            return "";
        }
    }

    private static long NumberOr(JsonElement root, string name, long otherwise) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out long number) && number is > 0 and < 1_000_000 ? number : otherwise;

    private static GeoPoint? Point(JsonElement root) =>
        root.TryGetProperty("location", out JsonElement value) && value.ValueKind == JsonValueKind.Object
        && value.TryGetProperty("coordinates", out JsonElement pair) && pair.ValueKind == JsonValueKind.Array && pair.GetArrayLength() == 2
        && pair[0].ValueKind == JsonValueKind.Number && pair[1].ValueKind == JsonValueKind.Number
        && new GeoPoint(pair[0].GetDouble(), pair[1].GetDouble()) is { IsOnEarth: true } point ? point : null;

    private static long Time(JsonElement root, string name, ref string? fault)
    {
        if (!Rfc3339.TryParse(global::System.Text.Encoding.UTF8.GetBytes(TextOr(root, name)), out long time))
        {
            fault ??= $"'{name}' is a time such as 2026-11-22T10:15:30.250Z";
        }

        return time;
    }
}
