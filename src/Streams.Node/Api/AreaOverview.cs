using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Node.Api.Endpoints;
using Streams.Node.Api.Requests;
using Streams.Runtime.Storage;

namespace Streams.Node.Api;

/// <summary>
/// What an area's row alone does not say: how many devices below are anomalous or do not work, and the worst alert that stands there. An
/// area knows these of its own devices only; here they are added up over the tree, from the rows as last written.
/// </summary>
internal sealed class AreaOverview
{
    private static readonly string[] Standing = ["active", "acknowledged"];

    private readonly Dictionary<(string Area, string Type), (int Anomalous, int Broken)> _counts = [];
    private readonly Dictionary<string, Worst> _worst = new(StringComparer.Ordinal);

    private AreaOverview()
    {
    }

    /// <param name="rows">Of the area asked for and all below it, or of all areas.</param>
    public static AreaOverview Of(IStore store, IEnumerable<Document> rows, string? under)
    {
        AreaOverview overview = new();
        foreach (Document row in rows)
        {
            overview.AddCounts(row);
        }

        foreach (string state in Standing)
        {
            overview.AddAlerts(store, new DocumentQuery("alerts", ScopePrefix: under, State: state, Limit: Parameters.MaxLimit));
        }

        return overview;
    }

    /// <summary>The area as the API answers it: its own words, with what this knows put in.</summary>
    public void Write(Utf8JsonWriter json, ReadOnlyMemory<byte> area)
    {
        using JsonDocument document = JsonDocument.Parse(area);
        JsonElement root = document.RootElement;
        string id = root.GetProperty("id").GetString()!;
        List<Kind> kinds = [.. TypesOf(root).Select(type => KindOf(id, type))];
        json.WriteStartObject();
        foreach (JsonProperty property in root.EnumerateObject())
        {
            switch (property.Name)
            {
                case "types":
                    WriteShare(json, kinds);
                    WriteWorst(json, id);
                    WriteTypes(json, kinds);
                    break;
                case "figures":
                    WriteDomains(json, kinds, property.Value);
                    break;
                default:
                    property.WriteTo(json);
                    break;
            }
        }

        json.WriteEndObject();
    }

    private static JsonElement.ArrayEnumerator TypesOf(JsonElement area) =>
        area.TryGetProperty("types", out JsonElement types) ? types.EnumerateArray() : default;

    private static int Number(JsonElement type, string name) => type.TryGetProperty(name, out JsonElement number) ? number.GetInt32() : 0;

    private static void WriteShare(Utf8JsonWriter json, IReadOnlyCollection<Kind> kinds)
    {
        int expected = kinds.Sum(kind => kind.Expected);
        json.WriteNumber("anomalous", kinds.Sum(kind => kind.Anomalous));
        if (expected == 0)
        {
            json.WriteNull("working");
            return;
        }

        json.WriteNumber("working", Math.Round(kinds.Sum(kind => kind.Devices - kind.Broken) / (double)expected, 4));
    }

    private static void WriteTypes(Utf8JsonWriter json, List<Kind> kinds)
    {
        json.WriteStartArray("types");
        foreach (Kind kind in kinds)
        {
            json.WriteStartObject();
            json.WriteString("type", kind.Type);
            json.WriteString("domain", kind.Domain);
            json.WriteNumber("devices", kind.Devices);
            json.WriteNumber("silent", kind.Silent);
            WriteShare(json, [kind]);
            if (kind.LastSeen is { } lastSeen)
            {
                json.WriteString("lastSeen", lastSeen);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteDomains(Utf8JsonWriter json, List<Kind> kinds, JsonElement figures)
    {
        json.WriteStartArray("domains");
        foreach (IGrouping<string, Kind> domain in kinds.Where(kind => kind.Domain is not null).GroupBy(kind => kind.Domain!).OrderBy(domain => domain.Key, StringComparer.Ordinal))
        {
            json.WriteStartObject();
            json.WriteString("domain", domain.Key);
            json.WriteNumber("devices", domain.Sum(kind => kind.Devices));
            json.WriteNumber("silent", domain.Sum(kind => kind.Silent));
            WriteShare(json, [.. domain]);
            json.WriteStartArray("figures");
            foreach (JsonElement figure in figures.EnumerateArray().Where(figure => figure.GetProperty("domain").GetString() == domain.Key))
            {
                json.WriteStartObject();
                foreach (JsonProperty property in figure.EnumerateObject().Where(property => property.Name != "domain"))
                {
                    property.WriteTo(json);
                }

                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private Kind KindOf(string area, JsonElement type)
    {
        string name = type.GetProperty("type").GetString()!;
        int devices = Number(type, "devices");
        (int anomalous, int broken) = _counts.GetValueOrDefault((area, name));

        // Rows below may be older than this one: never more than there are.
        return new Kind(
            name,
            type.TryGetProperty("domain", out JsonElement domain) ? domain.GetString() : null,
            devices,
            Number(type, "silent"),
            Math.Min(devices, anomalous),
            Math.Min(devices, broken),
            Math.Max(devices, Number(type, "expected")),
            type.TryGetProperty("lastSeen", out JsonElement lastSeen) ? lastSeen.GetString() : null);
    }

    private void AddCounts(Document row)
    {
        using JsonDocument document = JsonDocument.Parse(row.Body);
        foreach (JsonElement type in TypesOf(document.RootElement))
        {
            (int anomalous, int broken) = (Number(type, "anomalous"), Number(type, "broken"));
            if (anomalous + broken == 0)
            {
                continue;
            }

            for (string? area = row.Id; area is not null; area = AreaPath.ParentOf(area))
            {
                (string, string) key = (area, type.GetProperty("type").GetString()!);
                (int Anomalous, int Broken) sum = _counts.GetValueOrDefault(key);
                _counts[key] = (sum.Anomalous + anomalous, sum.Broken + broken);
            }
        }
    }

    private void AddAlerts(IStore store, DocumentQuery query)
    {
        while (true)
        {
            IReadOnlyList<Document> page = store.Query(query);
            foreach (Document alert in page)
            {
                AddAlert(alert);
            }

            if (page.Count < query.Limit)
            {
                return;
            }

            query = query with { After = (page[^1].AtInMs, page[^1].Id) };
        }
    }

    private void AddAlert(Document alert)
    {
        using JsonDocument document = JsonDocument.Parse(alert.Body);
        if (!document.RootElement.TryGetProperty("info", out JsonElement info) || info.GetArrayLength() == 0)
        {
            return;
        }

        AlertSeverity severity = Enum.TryParse(info[0].GetProperty("severity").GetString(), out AlertSeverity known) ? known : AlertSeverity.Unknown;
        Worst one = new(severity, alert.AtInMs, alert.Id, alert.Scope, info[0].GetProperty("headline").GetString() ?? "");
        for (string? area = alert.Scope; area is not null; area = AreaPath.ParentOf(area))
        {
            if (!_worst.TryGetValue(area, out Worst? worst) || one.IsWorseThan(worst))
            {
                _worst[area] = one;
            }
        }
    }

    private void WriteWorst(Utf8JsonWriter json, string area)
    {
        if (_worst.GetValueOrDefault(area) is not { } worst)
        {
            json.WriteNull("worst");
            return;
        }

        json.WriteStartObject("worst");
        json.WriteString("severity", worst.Severity.ToString());
        json.WriteString("id", worst.Id);
        json.WriteString("area", worst.Area);
        json.WriteString("headline", worst.Headline);
        json.WriteEndObject();
    }

    private sealed record Kind(string Type, string? Domain, int Devices, int Silent, int Anomalous, int Broken, int Expected, string? LastSeen);

    private sealed record Worst(AlertSeverity Severity, long AtInMs, string Id, string Area, string Headline)
    {
        /// <summary>The graver, then the newer; then any, but always the same.</summary>
        public bool IsWorseThan(Worst other) =>
            (Severity, AtInMs).CompareTo((other.Severity, other.AtInMs)) is var order && (order > 0 || (order == 0 && string.CompareOrdinal(Id, other.Id) < 0));
    }
}
