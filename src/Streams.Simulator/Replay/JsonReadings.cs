using System.Globalization;
using System.Text.Json;

namespace Streams.Simulator.Replay;

/// <summary>
/// Readings of a file of JSON lines, each an object as <c>city.readings</c> takes it (<c>deviceId</c>, <c>time</c>, <c>metrics</c>, and
/// optionally <c>type</c>, <c>area</c> or <c>district</c>, <c>location</c>, <c>sequence</c>, <c>units</c>). A line that can not be used is
/// counted and passed over.
/// </summary>
internal sealed class JsonReadings : RecordedReadings
{
    private readonly string _name;
    private readonly FileStream _file;
    private readonly TextReader _text;
    private readonly string? _place;
    private readonly long _size;
    private long _line;

    public JsonReadings(string path, FileStream file, TextReader text, string? place, UnusableRows unusable)
    {
        _name = Path.GetFileName(path);
        _file = file;
        _text = text;
        _place = place;
        _size = Math.Max(1, file.Length);
        Unusable = unusable;
    }

    public override RecordedReading Current { get; } = new();

    public override UnusableRows Unusable { get; }

    public override double Fraction => Math.Min(1, (double)_file.Position / _size);

    public override bool Next()
    {
        while (_text.ReadLine() is { } line)
        {
            _line++;
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            if (Read(line) is not { } fault)
            {
                return true;
            }

            Unusable.Add(_name, _line, fault);
        }

        return false;
    }

    private string? Read(string line)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(line);
        }
        catch (JsonException)
        {
            return "line: not JSON";
        }

        using (document)
        {
            return Read(document.RootElement);
        }
    }

    private string? Read(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
        {
            return "line: not a JSON object";
        }

        if (TextOf(root, "deviceId") is not { Length: > 0 } device)
        {
            return "deviceId: missing or not text";
        }

        if (TextOf(root, "time") is not { } timeText
            || !(timeText.EndsWith('Z') || timeText.LastIndexOfAny(['+', '-']) > timeText.IndexOf('T', StringComparison.Ordinal))
            || !DateTimeOffset.TryParse(timeText, CultureInfo.InvariantCulture, DateTimeStyles.None, out DateTimeOffset time))
        {
            return "time: missing or not an RFC 3339 time with an offset";
        }

        if (!root.TryGetProperty("metrics", out JsonElement metrics) || metrics.ValueKind != JsonValueKind.Object || !metrics.EnumerateObject().Any())
        {
            return "metrics: missing, empty or not an object";
        }

        string area = TextOf(root, "area") ?? "";
        if (area.Length == 0 && TextOf(root, "district") is { } district)
        {
            if (_place is null)
            {
                return "area: only a district is given and the place is not known (--place)";
            }

            string slug = Slug.Of(district);
            area = slug.Length == 0 ? _place : _place + "/" + slug;
        }

        JsonElement units = root.TryGetProperty("units", out JsonElement u) && u.ValueKind == JsonValueKind.Object ? u : default;
        Current.Begin(device, TextOf(root, "type") ?? "", area, time.ToUnixTimeMilliseconds());
        foreach (JsonProperty metric in metrics.EnumerateObject())
        {
            RecordedValue value;
            switch (metric.Value.ValueKind)
            {
                case JsonValueKind.Number when metric.Value.TryGetDouble(out double number) && double.IsFinite(number):
                    value = new RecordedValue(number);
                    break;
                case JsonValueKind.True or JsonValueKind.False:
                    value = new RecordedValue(0, Flag: metric.Value.GetBoolean());
                    break;
                case JsonValueKind.String:
                    value = new RecordedValue(0, State: metric.Value.GetString());
                    break;
                default:
                    return "metrics: a value is neither number, boolean nor text";
            }

            if (Current.IndexOf(metric.Name) >= 0)
            {
                return "metrics: a metric comes twice";
            }

            Current.Add(metric.Name, value, units.ValueKind == JsonValueKind.Object ? TextOf(units, metric.Name) ?? "" : "");
        }

        if (root.TryGetProperty("sequence", out JsonElement sequence))
        {
            if (sequence.ValueKind != JsonValueKind.Number || !sequence.TryGetInt64(out long number))
            {
                return "sequence: not a whole number";
            }

            Current.Sequence = number;
        }

        return ReadLocation(root);
    }

    private string? ReadLocation(JsonElement root)
    {
        if (!root.TryGetProperty("location", out JsonElement location) || location.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (location.ValueKind == JsonValueKind.Object
            && location.TryGetProperty("coordinates", out JsonElement point)
            && point.ValueKind == JsonValueKind.Array
            && point.GetArrayLength() >= 2
            && point[0].ValueKind == JsonValueKind.Number && point[0].TryGetDouble(out double longitude) && Math.Abs(longitude) <= 180
            && point[1].ValueKind == JsonValueKind.Number && point[1].TryGetDouble(out double latitude) && Math.Abs(latitude) <= 90)
        {
            Current.Location = (latitude, longitude);
            return null;
        }

        return "location: not a GeoJSON point in WGS84 degrees";
    }

    private static string? TextOf(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    protected override void Dispose(bool disposing) => _file.Dispose();
}
