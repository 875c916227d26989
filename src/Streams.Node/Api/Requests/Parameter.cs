using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Streams.Domain.Areas;
using Streams.Domain.Readings;

namespace Streams.Node.Api.Requests;

/// <summary>Something a request may say in its path or query. What is read and what the API's description says of it come from here.</summary>
/// <param name="Allowed">In words, for whoever wrote something else.</param>
/// <param name="Schema">JSON Schema of the value.</param>
/// <param name="Longest">In characters.</param>
internal abstract record Parameter(string Name, string Description, string Allowed, JsonObject Schema, string Example, int Longest)
{
    /// <summary>Ids and cursors; everything else is shorter.</summary>
    public const int LongestText = 200;

    /// <summary>In the path only: the value may hold slashes, plain or as <c>%2F</c>.</summary>
    public bool SpansLevels { get; init; }

    /// <summary>Where this is the end of a span: the time that begins it, which must be earlier.</summary>
    public Parameter<long?>? Begin { get; init; }

    /// <summary>Null where the text is not of the form.</summary>
    internal abstract object? Read(string text);

    /// <summary>A name as readings have it: of a metric, a type, a reason. It need not exist, but could.</summary>
    public static Parameter<string?> Word(string name, string description, string example) => new(
        name, description, $"1 to {ReadingLimits.LongestName} letters, digits and _.-",
        new JsonObject { ["type"] = "string", ["maxLength"] = ReadingLimits.LongestName, ["pattern"] = "^[A-Za-z0-9_.-]+$" }, example,
        text => ReadingLimits.IsName(Encoding.UTF8.GetBytes(text)) ? text : null, null);

    /// <summary>An id in the path. Any text is one; what nothing has is not found.</summary>
    public static Parameter<string> Id(string description, string example, bool spansLevels = false, string name = "id") =>
        new(name, description, "an id", new JsonObject { ["type"] = "string", ["minLength"] = 1 }, example, text => text, "") { SpansLevels = spansLevels };

    public static Parameter<string?> Choice(string name, string description, params string[] allowed) => new(
        name, description, string.Join(", ", allowed), new JsonObject { ["type"] = "string", ["enum"] = new JsonArray([.. allowed.Select(each => JsonValue.Create(each))]) },
        allowed[0], text => allowed.Contains(text) ? text : null, null);
}

/// <param name="Parse">Null where the text is not of the form.</param>
/// <param name="Default">Where it is not said.</param>
internal sealed record Parameter<T>(
    string Name, string Description, string Allowed, JsonObject Schema, string Example, Func<string, object?> Parse, T Default, int Longest = Parameter.LongestText)
    : Parameter(Name, Description, Allowed, Schema, Example, Longest)
{
    internal override object? Read(string text) => Parse(text);
}

/// <summary>Parameters that several lists have.</summary>
internal static partial class Parameters
{
    public const int MaxLimit = 1_000;

    private const int DefaultLimit = 100;

    public static readonly Parameter<int> Limit = new(
        "limit", "How many at most.", $"a whole number from 1 to {MaxLimit}",
        new JsonObject { ["type"] = "integer", ["minimum"] = 1, ["maximum"] = MaxLimit, ["default"] = DefaultLimit }, "20",
        text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int limit) && limit is >= 1 and <= MaxLimit ? limit : null, DefaultLimit);

    /// <summary>The place the page before ended at: a number to order by, and an id; null for the first page.</summary>
    public static readonly Parameter<(long At, string Id)?> After = new(
        "after", "The next of the page before.", "the \"next\" of the page before, unchanged", new JsonObject { ["type"] = "string", ["maxLength"] = 1_000 },
        Next(1_795_342_530_250, "dijon-air-017"), text => ReadAfter(text), null, Longest: 1_000);

    public static readonly Parameter<string?> Area = AreaId("area", "Only this area and those below it.");

    /// <summary>An area that need not exist, but could: what climbs, such as <c>../</c>, is none.</summary>
    public static Parameter<string?> AreaId(string name, string description) => new(
        name, description, "an area's id such as dijon/toison-dor: levels of lower-case letters, digits, -, _ and ., each beginning with a letter or digit, with / between them",
        new JsonObject { ["type"] = "string", ["maxLength"] = AreaPath.LongestId, ["pattern"] = "^[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*$" },
        "dijon/toison-dor", text => AreaPath.IsValid(Encoding.UTF8.GetBytes(text)) ? text : null, null);

    public static Parameter<string?> DeviceId(string name, string description) => new(
        name, description, ReadingLimits.DeviceIdInWords, new JsonObject { ["type"] = "string", ["maxLength"] = ReadingLimits.LongestDeviceId, ["pattern"] = "^[A-Za-z0-9._:/@+~#=-]+$" },
        "dijon-air-017", text => ReadingLimits.IsDeviceId(Encoding.UTF8.GetBytes(text)) ? text : null, null);

    public static string Next(long at, string id) =>
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{at}:{id}")));

    /// <summary>A time, as Unix milliseconds; null where absent.</summary>
    public static Parameter<long?> Time(string name, string description) => new(
        name, description, "an RFC 3339 time with offset, such as 2026-11-22T10:15:00Z", new JsonObject { ["type"] = "string", ["format"] = "date-time" },
        "2026-11-22T10:15:00Z", text => ReadTime(text), null);

    private static long? ReadTime(string text)
    {
        // "+" of an offset arrives as a space when the client did not encode it.
        text = text.Replace(' ', '+');
        return Rfc3339().IsMatch(text) && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTimeOffset time)
            ? time.ToUnixTimeMilliseconds()
            : null;
    }

    private static (long At, string Id)? ReadAfter(string text) =>
        Base64Url.IsValid(text) && Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)).Split(':', 2) is [{ } at, { } id] && !id.Any(char.IsControl)
            && long.TryParse(at, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            ? (number, id)
            : null;

    [GeneratedRegex(@"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$", RegexOptions.CultureInvariant)]
    private static partial Regex Rfc3339();
}
