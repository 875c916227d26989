using System.Globalization;
using System.Text.Json;
using Streams.Domain.Cap;

namespace Streams.Node.Feeds;

/// <summary>Standing alerts as GeoJSON (RFC 7946): longitude first, rings closed and counter-clockwise, a circle as a ring of 36 corners, null where an alert has no outline.</summary>
internal static class AlertMap
{
    public const string ContentType = "application/geo+json";

    private static readonly string[] s_ofAlert = ["identifier", "sent", "status", "msgType", "scope", "state", "area", "rule", "revision"];

    private static readonly string[] s_ofInfo = ["language", "event", "category", "responseType", "urgency", "severity", "certainty", "onset", "expires", "headline", "description", "instruction"];

    /// <param name="alerts">As <c>city.alerts</c> has them.</param>
    /// <param name="language">Of the texts, or its kin; else the alert's first.</param>
    /// <param name="leftOut">There are more than these.</param>
    public static void Write(Utf8JsonWriter json, IEnumerable<JsonElement> alerts, string baseUrl, string? language, bool leftOut)
    {
        json.WriteStartObject();
        json.WriteString("type", "FeatureCollection");
        json.WriteStartArray("features");
        foreach (JsonElement alert in alerts)
        {
            Feature(json, alert, baseUrl, language);
        }

        json.WriteEndArray();
        json.WriteBoolean("leftOut", leftOut);
        json.WriteEndObject();
    }

    private static void Feature(Utf8JsonWriter json, JsonElement alert, string baseUrl, string? language)
    {
        JsonElement info = InfoIn(alert.GetProperty("info"), language);
        json.WriteStartObject();
        json.WriteString("type", "Feature");
        json.WriteString("id", alert.GetProperty("id").GetString());
        Geometry(json, info);
        json.WriteStartObject("properties");
        Members(json, alert, s_ofAlert);
        Members(json, info, s_ofInfo);
        json.WriteString("areaDesc", info.GetProperty("area")[0].GetProperty("areaDesc").GetString());
        json.WriteString("cap", AtomOfCap.UrlOf(baseUrl, alert.GetProperty("identifier").GetString()!));
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static JsonElement InfoIn(JsonElement infos, string? language)
    {
        JsonElement[] all = [.. infos.EnumerateArray()];
        return language is null ? all[0] : all.OrderByDescending(info => Kinship(info.GetProperty("language").GetString()!, language)).First();
    }

    private static int Kinship(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase) ? 2
        : one.Split('-')[0].Equals(other.Split('-')[0], StringComparison.OrdinalIgnoreCase) ? 1
        : 0;

    private static void Members(Utf8JsonWriter json, JsonElement of, string[] names)
    {
        foreach (string name in names)
        {
            json.WritePropertyName(name);
            of.GetProperty(name).WriteTo(json);
        }
    }

    private static void Geometry(Utf8JsonWriter json, JsonElement info)
    {
        List<List<(double Longitude, double Latitude)>> rings =
        [
            .. info.GetProperty("area").EnumerateArray().SelectMany(area => area.GetProperty("polygon").EnumerateArray()).Select(polygon => Ring(polygon.GetString()!)).OfType<List<(double, double)>>(),
            .. info.GetProperty("area").EnumerateArray().SelectMany(area => area.TryGetProperty("circle", out JsonElement circles) ? circles.EnumerateArray() : default).Select(circle => RingOfCircle(circle.GetString()!)).OfType<List<(double, double)>>(),
        ];
        if (rings.Count == 0)
        {
            json.WriteNull("geometry");
            return;
        }

        json.WriteStartObject("geometry");
        json.WriteString("type", rings.Count == 1 ? "Polygon" : "MultiPolygon");
        json.WriteStartArray("coordinates");
        foreach (List<(double Longitude, double Latitude)> ring in rings)
        {
            if (rings.Count > 1)
            {
                json.WriteStartArray();
            }

            json.WriteStartArray();
            foreach ((double longitude, double latitude) in ring)
            {
                json.WriteStartArray();
                json.WriteNumberValue(longitude);
                json.WriteNumberValue(latitude);
                json.WriteEndArray();
            }

            json.WriteEndArray();
            if (rings.Count > 1)
            {
                json.WriteEndArray();
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>GeoJSON has no circles. To a tenth of a metre.</summary>
    /// <returns>Null for what is no circle.</returns>
    private static List<(double Longitude, double Latitude)>? RingOfCircle(string text) =>
        CapCircle.TryParse(text, out CapCircle circle) ? [.. circle.Ring().Select(corner => (Math.Round(corner.Longitude, 6), Math.Round(corner.Latitude, 6)))] : null;

    /// <param name="polygon">As CAP writes it: <c>lat,lon lat,lon ...</c>.</param>
    /// <returns>Null for what is no ring.</returns>
    internal static List<(double Longitude, double Latitude)>? Ring(string polygon)
    {
        List<(double Longitude, double Latitude)> ring = [];
        foreach (string pair in polygon.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (pair.Split(',') is not [{ } lat, { } lon]
                || !double.TryParse(lat, NumberStyles.Float, CultureInfo.InvariantCulture, out double latitude) || !double.TryParse(lon, NumberStyles.Float, CultureInfo.InvariantCulture, out double longitude))
            {
                return null;
            }

            ring.Add((longitude, latitude));
        }

        if (ring.Count > 0 && ring[0] != ring[^1])
        {
            ring.Add(ring[0]);
        }

        if (ring.Count < 4)
        {
            return null;
        }

        double twiceArea = 0;
        for (int i = 1; i < ring.Count; i++)
        {
            // From the first corner: the difference of large products would lose what a small district has of area.
            twiceArea += ((ring[i - 1].Longitude - ring[0].Longitude) * (ring[i].Latitude - ring[0].Latitude)) - ((ring[i].Longitude - ring[0].Longitude) * (ring[i - 1].Latitude - ring[0].Latitude));
        }

        if (twiceArea < 0)
        {
            ring.Reverse();
        }

        return ring;
    }
}
