using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Streams.Domain.Cap;
using Streams.Domain.Detection;
using Streams.Domain.Readings;

namespace Streams.Domain.Alerts;

/// <summary>What a person says in an alert of their own. Times are Unix milliseconds.</summary>
public sealed record AlertContent
{
    /// <summary>A long alert in eight languages is 20 KB; an area keeps up to 32 of them.</summary>
    public const int MostBytes = 32 << 10;

    public const int MostTexts = 8;

    /// <summary>An outline of a city's quarter has some hundred corners.</summary>
    public const int MostCorners = 1_000;

    /// <summary>More is a list that somebody else keeps; 100 of the longest are 20 KB.</summary>
    public const int MostAddresses = 100;

    /// <summary>A city with what lies around it.</summary>
    public const int MostRadiusInKm = 100;

    /// <summary>How long one stands where nothing is said.</summary>
    public static readonly TimeSpan UsualTime = TimeSpan.FromHours(1);

    /// <summary>And at most: what lasts longer is no alert, or is said again.</summary>
    public static readonly TimeSpan LongestTime = TimeSpan.FromDays(30);

    private const int LongestLine = 200;
    private const int LongestText = 5_000;
    private const int LongestPlaybook = 63;
    private const int LongestAddress = 200;
    private const int MostWords = 8;

    private static readonly string[] Members =
        ["status", "scope", "addresses", "category", "responseType", "urgency", "severity", "certainty", "onset", "expires", "areaDesc", "polygon", "circle", "playbook", "info"];

    private static readonly string[] TextMembers = ["language", "event", "headline", "description", "instruction"];

    /// <summary>Null for the installation's own.</summary>
    public AlertStatus? Status { get; init; }

    public AlertScope Scope { get; init; }

    /// <summary>To whom a private one goes, and only such a one: at least one, no two alike. Streams itself sends nothing there: it is for who passes it on.</summary>
    public ImmutableArray<string> Addresses { get; init; } = [];

    /// <summary>At least one.</summary>
    public ImmutableArray<AlertCategory> Categories { get; init; } = [];

    public ImmutableArray<AlertResponse> Responses { get; init; } = [];

    public AlertUrgency Urgency { get; init; }

    public AlertSeverity Severity { get; init; }

    public AlertCertainty Certainty { get; init; }

    /// <summary>Null for when it is issued.</summary>
    public long? OnsetInMs { get; init; }

    /// <summary>Null for <see cref="UsualTime"/> after it is said.</summary>
    public long? ExpiresInMs { get; init; }

    /// <summary>The place in words; empty for the area's name.</summary>
    public string AreaDescription { get; init; } = "";

    /// <summary>Latitude first, the last equal to the first. With the circle it is the place; the area's own outline where there is neither.</summary>
    public ImmutableArray<(double Latitude, double Longitude)> Polygon { get; init; } = [];

    /// <summary>Its radius is above 0.</summary>
    public CapCircle? Circle { get; init; }

    /// <summary>What is to be done about it: the playbook by which it opens or joins an incident. Empty for nothing.</summary>
    public string Playbook { get; init; } = "";

    /// <summary>At least one, no two in one language.</summary>
    public ImmutableArray<AlertText> Texts { get; init; } = [];

    /// <summary>Reads an object's members; see docs/api.md for the form.</summary>
    /// <param name="besides">Members that are not the content's and that the object may have too.</param>
    /// <param name="wrong">Everything that is wrong is added to it.</param>
    public static AlertContent Read(JsonElement members, IReadOnlyCollection<string> besides, List<Refusal> wrong)
    {
        if (members.ValueKind != JsonValueKind.Object)
        {
            wrong.Add(new Refusal(RefusalReasons.WrongType, "", "What an alert says is a JSON object."));
            return new AlertContent();
        }

        var reader = new JsonMembers(members, [.. Members, .. besides], wrong);
        AlertScope scope = reader.Has("scope") ? reader.Word<AlertScope>("scope") : AlertScope.Public;
        return new AlertContent
        {
            Status = reader.Has("status") ? reader.Word<AlertStatus>("status", AlertStatus.Draft) : null,
            Scope = scope,
            Addresses = ReadAddresses(reader, scope),
            Categories = reader.Words<AlertCategory>("category", isNeeded: true, MostWords),
            Responses = reader.Words<AlertResponse>("responseType", isNeeded: false, MostWords),
            Urgency = reader.Word<AlertUrgency>("urgency"),
            Severity = reader.Word<AlertSeverity>("severity"),
            Certainty = reader.Word<AlertCertainty>("certainty"),
            OnsetInMs = reader.Time("onset"),
            ExpiresInMs = reader.Time("expires"),
            AreaDescription = reader.Has("areaDesc") ? reader.Text("areaDesc", LongestLine, isLine: true) : "",
            Polygon = reader.Has("polygon") ? ReadPolygon(members.GetProperty("polygon"), wrong) : [],
            Circle = reader.Has("circle") ? ReadCircle(members.GetProperty("circle"), wrong) : null,
            Playbook = reader.Has("playbook") ? reader.Text("playbook", LongestPlaybook, isLine: true) : "",
            Texts = ReadTexts(members, wrong),
        };
    }

    /// <summary>As <see cref="Read"/> reads it.</summary>
    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        if (Status is { } status)
        {
            json.WriteString("status", status.ToString());
        }

        json.WriteString("scope", Scope.ToString());
        if (!Addresses.IsEmpty)
        {
            AlertJson.WriteAddresses(json, Addresses);
        }

        WriteWords(json, "category", Categories);
        WriteWords(json, "responseType", Responses);
        json.WriteString("urgency", Urgency.ToString());
        json.WriteString("severity", Severity.ToString());
        json.WriteString("certainty", Certainty.ToString());
        if (OnsetInMs is { } onset)
        {
            json.WriteString("onset", AlertJson.Time(onset));
        }

        if (ExpiresInMs is { } expires)
        {
            json.WriteString("expires", AlertJson.Time(expires));
        }

        if (AreaDescription.Length > 0)
        {
            json.WriteString("areaDesc", AreaDescription);
        }

        if (!Polygon.IsEmpty)
        {
            json.WriteString("polygon", AlertJson.Outline(Polygon));
        }

        if (Circle is { } circle)
        {
            json.WriteString("circle", circle.ToString());
        }

        if (Playbook.Length > 0)
        {
            json.WriteString("playbook", Playbook);
        }

        json.WriteStartArray("info");
        foreach (AlertText text in Texts)
        {
            json.WriteStartObject();
            json.WriteString("language", text.Language);
            json.WriteString("event", text.Event);
            json.WriteString("headline", text.Headline);
            json.WriteString("description", text.Description);
            json.WriteString("instruction", text.Instruction);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    internal byte[] ToBytes()
    {
        var bytes = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(bytes, AnomalyJson.Options))
        {
            Write(json);
        }

        return bytes.WrittenSpan.ToArray();
    }

    /// <summary>Null where the bytes are not what <see cref="ToBytes"/> wrote.</summary>
    internal static AlertContent? OfBytes(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var reader = new Utf8JsonReader(bytes);
            using JsonDocument document = JsonDocument.ParseValue(ref reader);
            List<Refusal> wrong = [];
            AlertContent content = Read(document.RootElement, [], wrong);
            return wrong.Count == 0 ? content : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static ImmutableArray<AlertText> ReadTexts(JsonElement members, List<Refusal> wrong)
    {
        if (!members.TryGetProperty("info", out JsonElement list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() is 0 or > MostTexts
            || list.EnumerateArray().Any(text => text.ValueKind != JsonValueKind.Object))
        {
            wrong.Add(new Refusal(RefusalReasons.Missing, "info", $"An alert needs 'info': 1 to {MostTexts} objects, one for each language, with {string.Join(", ", TextMembers)}."));
            return [];
        }

        var texts = ImmutableArray.CreateBuilder<AlertText>();
        foreach ((int index, JsonElement text) in list.EnumerateArray().Index())
        {
            var reader = new JsonMembers(text, TextMembers, wrong, $"info[{index}].");
            string language = reader.Text("language", 6, isLine: true);
            if (language.Length > 0 && !IsLanguage(language))
            {
                wrong.Add(new Refusal(RefusalReasons.BadName, $"info[{index}].language", $"'{language}' is no language; allowed: such as fr or fr-FR."));
            }
            else if (language.Length > 0 && texts.Any(other => other.Language == language))
            {
                wrong.Add(new Refusal(RefusalReasons.Duplicate, $"info[{index}].language", $"There is a text in {language} already; allowed: one for each language."));
            }

            texts.Add(new AlertText(
                language,
                reader.Text("event", LongestLine, isLine: true),
                reader.Text("headline", LongestLine, isLine: true),
                reader.Text("description", LongestText, isLine: false),
                reader.Has("instruction") && text.GetProperty("instruction") is var instruction && !(instruction.ValueKind == JsonValueKind.String && instruction.ValueEquals(""))
                    ? reader.Text("instruction", LongestText, isLine: false)
                    : ""));
        }

        return texts.ToImmutable();
    }

    /// <summary>As the alert's own JSON has them: <c>fr</c>, <c>fr-FR</c>.</summary>
    private static bool IsLanguage(string tag)
    {
        int dash = tag.IndexOf('-', StringComparison.Ordinal);
        ReadOnlySpan<char> language = dash < 0 ? tag : tag.AsSpan(0, dash);
        ReadOnlySpan<char> region = dash < 0 ? default : tag.AsSpan(dash + 1);
        return language.Length is 2 or 3 && !language.ContainsAnyExceptInRange('a', 'z')
            && (dash < 0 || (region.Length == 2 && !region.ContainsAnyExceptInRange('A', 'Z')));
    }

    private static ImmutableArray<(double Latitude, double Longitude)> ReadPolygon(JsonElement value, List<Refusal> wrong)
    {
        string[] pairs = value.ValueKind == JsonValueKind.String ? CapText.Words(JsonMembers.TextOf(value)) : [];
        var corners = ImmutableArray.CreateBuilder<(double, double)>();
        foreach (string pair in pairs.Take(MostCorners + 1))
        {
            if (CapText.TryPoint(pair, out CapPoint point) && point is { Latitude: >= -90 and <= 90, Longitude: >= -180 and <= 180 })
            {
                corners.Add(((double)point.Latitude, (double)point.Longitude));
            }
        }

        if (corners.Count == pairs.Length && corners.Count is >= 4 and <= MostCorners && corners[0] == corners[^1])
        {
            return corners.ToImmutable();
        }

        wrong.Add(new Refusal(
            RefusalReasons.BadLocation, "polygon",
            $"A polygon is 4 to {MostCorners} pairs latitude,longitude in degrees, as CAP writes it, the last the first again: 47.32,5.03 47.33,5.03 47.33,5.05 47.32,5.03."));
        return [];
    }

    private static CapCircle? ReadCircle(JsonElement value, List<Refusal> wrong)
    {
        if (value.ValueKind == JsonValueKind.String && CapCircle.TryParse(JsonMembers.TextOf(value), out CapCircle circle) && circle.Centre is { Latitude: >= -90 and <= 90, Longitude: >= -180 and <= 180 }
            && circle.RadiusInKm is > 0 and <= MostRadiusInKm)
        {
            return circle;
        }

        wrong.Add(new Refusal(
            RefusalReasons.BadLocation, "circle",
            $"A circle is latitude,longitude in degrees and after a space its radius in km, above 0 and at most {MostRadiusInKm}, as CAP writes it: 47.32,5.03 1.5."));
        return null;
    }

    private static ImmutableArray<string> ReadAddresses(JsonMembers reader, AlertScope scope)
    {
        if (scope == AlertScope.Private)
        {
            return reader.Lines("addresses", MostAddresses, LongestAddress, '"');
        }

        if (reader.Has("addresses"))
        {
            reader.Refuse(RefusalReasons.UnknownField, "addresses", $"There are 'addresses', and its scope is {scope}; allowed: with scope Private only.");
        }

        return [];
    }

    private static void WriteWords<T>(Utf8JsonWriter json, string name, ImmutableArray<T> words)
        where T : struct, Enum
    {
        json.WriteStartArray(name);
        foreach (T word in words)
        {
            json.WriteStringValue(word.ToString());
        }

        json.WriteEndArray();
    }
}
