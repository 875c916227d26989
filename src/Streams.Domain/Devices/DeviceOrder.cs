using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Streams.Domain.Areas;
using Streams.Domain.Readings;

namespace Streams.Domain.Devices;

/// <summary>
/// What an operator says to a device. It comes to the device's inbox among its readings, as a CloudEvent in binary mode: <c>ce_type</c> says which, <c>ce_subject</c>
/// to whom. Closed: the nested records are all there are.
/// </summary>
public abstract record DeviceOrder
{
    private const int LongestName = 200;

    private static readonly string[] Needed = ["type", "area"];

    private DeviceOrder()
    {
    }

    /// <summary>The device exists, is of this type and stands here. A known one is moved, and learns the type.</summary>
    public sealed record Register(DeviceRegistration Registration) : DeviceOrder
    {
        public const string EventType = "streams.device.register";
    }

    /// <summary>The device is gone: nothing of it is kept but its past.</summary>
    public sealed record Remove : DeviceOrder
    {
        public const string EventType = "streams.device.remove";
    }

    /// <summary>Whether an event of this type is an order, and not a reading.</summary>
    public static bool IsOne(ReadOnlySpan<byte> eventType) =>
        eventType.SequenceEqual("streams.device.register"u8) || eventType.SequenceEqual("streams.device.remove"u8);

    /// <summary>Reads an order into a message of the device's inbox.</summary>
    public static bool TryRead(ReadOnlySpan<byte> value, in CloudEventAttributes attributes, Reading into, [NotNullWhen(false)] out Refusal? refusal)
    {
        into.Clear();
        refusal = attributes.Check();
        if (refusal is null && !ReadingLimits.IsDeviceId(attributes.Subject))
        {
            refusal = new Refusal(RefusalReasons.BadId, "ce_subject", ReadingLimits.DeviceIdInWords);
        }

        if (refusal is not null)
        {
            return false;
        }

        into.DeviceIdRange = into.Keep(attributes.Subject);
        if (attributes.Type.SequenceEqual("streams.device.remove"u8))
        {
            into.Order = new Remove();
            return true;
        }

        if (value.Length > ReadingLimits.MostBytes)
        {
            refusal = new Refusal(RefusalReasons.TooLarge, "", $"The record is {value.Length} bytes long; a registration is at most {ReadingLimits.MostBytes} bytes.");
            return false;
        }

        DeviceRegistration? registration = ReadRegistration(value, Encoding.UTF8.GetString(attributes.Subject), out IReadOnlyList<Refusal> refusals);
        refusal = refusals.Count > 0 ? refusals[0] : null;
        into.Order = registration is null ? null : new Register(registration);
        return refusal is null;
    }

    /// <summary><c>{"type":…,"area":…,"location":{GeoJSON point},"name":…}</c>, the last two at will.</summary>
    /// <param name="refusals">Everything that is wrong with it.</param>
    /// <returns>Null where anything is.</returns>
    public static DeviceRegistration? ReadRegistration(ReadOnlySpan<byte> json, string deviceId, out IReadOnlyList<Refusal> refusals)
    {
        List<Refusal> wrong = [];
        refusals = wrong;
        try
        {
            Utf8JsonReader reader = new(json);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);

            // After the value only white space may follow.
            reader.Read();
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                DeviceRegistration read = ReadMembers(document.RootElement, deviceId, wrong);
                return wrong.Count == 0 ? read : null;
            }

            wrong.Add(new Refusal(RefusalReasons.WrongType, "", "A registration is a JSON object."));
        }
        catch (JsonException e)
        {
            wrong.Add(new Refusal(RefusalReasons.MalformedJson, "", $"The registration is not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}."));
        }
        catch (InvalidOperationException)
        {
            wrong.Add(new Refusal(RefusalReasons.MalformedJson, "", "The registration holds a string that is no text (half a surrogate pair)."));
        }

        return null;
    }

    /// <summary>As <see cref="ReadRegistration"/> reads it.</summary>
    public static void Write(IBufferWriter<byte> to, DeviceRegistration registration)
    {
        using Utf8JsonWriter json = new(to);
        json.WriteStartObject();
        json.WriteString("type"u8, registration.Type);
        json.WriteString("area"u8, registration.Area);
        if (registration.Location is { } location)
        {
            json.WritePropertyName("location"u8);
            DeviceJson.Write(json, location);
        }

        if (registration.Name.Length > 0)
        {
            json.WriteString("name"u8, registration.Name);
        }

        json.WriteEndObject();
    }

    private static DeviceRegistration ReadMembers(JsonElement members, string deviceId, List<Refusal> wrong)
    {
        string type = "";
        string area = "";
        string name = "";
        GeoPoint? location = null;
        HashSet<string> seen = [];
        foreach (JsonProperty member in members.EnumerateObject())
        {
            string field = member.Name;
            JsonElement value = member.Value;
            if (!seen.Add(field))
            {
                wrong.Add(new Refusal(RefusalReasons.Duplicate, field, $"'{field}' is there twice."));
                continue;
            }

            switch (field)
            {
                case "type":
                    type = TextOf(value);
                    if (!ReadingLimits.IsName(Encoding.UTF8.GetBytes(type)))
                    {
                        wrong.Add(new Refusal(RefusalReasons.BadName, field, $"A type is 1 to {ReadingLimits.LongestName} ASCII letters, digits and _.-."));
                    }

                    break;
                case "area":
                    area = TextOf(value);
                    if (!AreaPath.IsValid(Encoding.UTF8.GetBytes(area)))
                    {
                        wrong.Add(new Refusal(RefusalReasons.BadArea, field, AreaPath.InWords));
                    }

                    break;
                case "location" when value.ValueKind != JsonValueKind.Null:
                    location = ReadLocation(value);
                    if (location is null)
                    {
                        wrong.Add(new Refusal(RefusalReasons.BadLocation, field, GeoPoint.InWords));
                    }

                    break;
                case "name" when value.ValueKind != JsonValueKind.Null:
                    name = TextOf(value);
                    if (name.Trim().Length == 0 || name.Length > LongestName || name.Any(char.IsControl))
                    {
                        wrong.Add(new Refusal(RefusalReasons.BadName, field, $"A name is 1 to {LongestName} printable characters."));
                    }

                    break;
                case "location" or "name":
                    break;
                default:
                    string shown = field.Length > 60 ? field[..60] + "…" : field;
                    wrong.Add(new Refusal(RefusalReasons.UnknownField, shown, $"'{shown}' is no member of a registration; those are type, area, location and name."));
                    break;
            }
        }

        foreach (string needed in Needed.Where(each => !seen.Contains(each)))
        {
            wrong.Add(new Refusal(RefusalReasons.Missing, needed, $"A registration needs '{needed}'."));
        }

        return new DeviceRegistration(deviceId, type, area, location, name);
    }

    private static string TextOf(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    private static GeoPoint? ReadLocation(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object
        && value.TryGetProperty("type", out JsonElement type) && type.ValueKind == JsonValueKind.String && type.ValueEquals("Point")
        && value.TryGetProperty("coordinates", out JsonElement coordinates) && coordinates.ValueKind == JsonValueKind.Array && coordinates.GetArrayLength() is 2 or 3
        && coordinates.EnumerateArray().All(each => each.ValueKind == JsonValueKind.Number && each.TryGetDouble(out _))
        && new GeoPoint(coordinates[0].GetDouble(), coordinates[1].GetDouble()) is { IsOnEarth: true } point
            ? point
            : null;
}
