using System.Text;
using System.Text.Json;
using Streams.Runtime.Storage;

namespace Streams.Node.Tests.Api;

/// <summary>What the API adds to what an area knows of itself.</summary>
public sealed class AreaOverviewTests : IAsyncDisposable
{
    private readonly ApiServer _api = new();

    [Fact]
    public async Task Devices_that_are_odd_or_do_not_work_are_added_up_over_the_tree()
    {
        _api.Put(
            Area("beijing", null, ("air_quality_station", 10, 1, 0, 0), ("street_light", 4, 0, 0, 0)),
            Area("beijing/chaoyang", "beijing", ("air_quality_station", 6, 1, 2, 1), ("street_light", 4, 0, 1, 1)),
            Area("beijing/haidian", "beijing", ("air_quality_station", 4, 0, 3, 1)));
        JsonElement page = await _api.GetAsync("/api/v1/areas?under=beijing");
        Assert.Equal(
            ["beijing 6 0.7857", "beijing/chaoyang 3 0.8", "beijing/haidian 3 0.75"],
            page.GetProperty("items").EnumerateArray().Select(area =>
                FormattableString.Invariant($"{area.GetProperty("id").GetString()} {area.GetProperty("anomalous").GetInt32()} {area.GetProperty("working").GetDouble()}")));
        JsonElement city = await _api.GetAsync("/api/v1/areas/beijing");
        Assert.Equal(
            ["air_quality_station 5 0.8", "street_light 1 0.75"],
            city.GetProperty("types").EnumerateArray().Select(type =>
                FormattableString.Invariant($"{type.GetProperty("type").GetString()} {type.GetProperty("anomalous").GetInt32()} {type.GetProperty("working").GetDouble()}")));
    }

    [Fact]
    public async Task The_gravest_alert_that_stands_below_is_the_areas_worst()
    {
        _api.Put(Area("beijing", null), Area("beijing/chaoyang", "beijing"), Area("beijing/haidian", "beijing"));
        _api.Put(
            Alert("a1", "beijing/chaoyang", "Minor", "active", 5),
            Alert("a2", "beijing/chaoyang", "Severe", "active", 3),
            Alert("a3", "beijing/haidian", "Severe", "acknowledged", 4),
            Alert("a4", "beijing/haidian", "Extreme", "cleared", 9));
        JsonElement page = await _api.GetAsync("/api/v1/areas?under=beijing");
        Assert.Equal(
            ["a3 Severe beijing/haidian", "a2 Severe beijing/chaoyang", "a3 Severe beijing/haidian"],
            page.GetProperty("items").EnumerateArray().Select(area => area.GetProperty("worst")).Select(worst =>
                $"{worst.GetProperty("id").GetString()} {worst.GetProperty("severity").GetString()} {worst.GetProperty("area").GetString()}"));
        Assert.Equal("It is a2", (await _api.GetAsync("/api/v1/areas/beijing/chaoyang")).GetProperty("worst").GetProperty("headline").GetString());
        _api.Put(Area("lyon", null));
        Assert.Equal(JsonValueKind.Null, (await _api.GetAsync("/api/v1/areas/lyon")).GetProperty("worst").ValueKind);
    }

    [Fact]
    public async Task Figures_come_domain_by_domain_where_the_area_lives()
    {
        Document row = Area("beijing", null, ("air_quality_station", 10, 1, 0, 0), ("street_light", 4, 0, 2, 2));
        string live = Encoding.UTF8.GetString(row.Body.Span);
        _api.Put(row);
        _api.Node.Live[("area", "beijing")] = live[..^1] + """
            ,"figures":[
              {"domain":"air","type":"air_quality_station","metric":"pm2_5","label":"Fine particles","statistic":"mean","value":31.4,"unit":"ug/m3",
               "window":{"size":"PT1H","start":"2026-11-22T09:00:00.000Z","end":"2026-11-22T10:00:00.000Z"},"members":9,
               "usual":{"value":14.1,"hours":6,"difference":17.3,"ratio":2.227,"word":"very high"}},
              {"domain":"lighting","type":"street_light","metric":"lamp","label":"Lamps on","statistic":"share","value":50,"unit":"%",
               "window":{"size":"PT15M","start":"2026-11-22T09:45:00.000Z","end":"2026-11-22T10:00:00.000Z"},"members":4,"usual":null}]}
            """;
        JsonElement area = await _api.GetAsync("/api/v1/areas/beijing");
        Assert.Equal(
            ["air 10 1 0 pm2_5 31.4", "lighting 4 0.5 2 lamp 50"],
            area.GetProperty("domains").EnumerateArray().Select(domain => FormattableString.Invariant(
                $"{domain.GetProperty("domain").GetString()} {domain.GetProperty("devices").GetInt32()} {domain.GetProperty("working").GetDouble()} {domain.GetProperty("anomalous").GetInt32()} {domain.GetProperty("figures")[0].GetProperty("metric").GetString()} {domain.GetProperty("figures")[0].GetProperty("value").GetDouble()}")));
        Assert.False(area.TryGetProperty("figures", out _));
        Assert.False((await _api.GetAsync("/api/v1/areas?under=beijing")).GetProperty("items")[0].TryGetProperty("domains", out _));
    }

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    private static Document Area(string id, string? parent, params (string Type, int Devices, int Silent, int Anomalous, int Broken)[] types)
    {
        string kinds = string.Join(",", types.Select(one =>
            $$"""{"type":"{{one.Type}}","domain":"{{(one.Type == "street_light" ? "lighting" : "air")}}","devices":{{one.Devices}},"expected":{{one.Devices}},"silent":{{one.Silent}},"anomalous":{{one.Anomalous}},"broken":{{one.Broken}}}"""));
        return new Document("areas", id, id, "", "", 0, Encoding.UTF8.GetBytes(
            $$"""{"id":"{{id}}","name":"{{id}}","parent":{{(parent is null ? "null" : $"\"{parent}\"")}},"devices":{{types.Sum(one => one.Devices)}},"configured":0,"silent":0,"activeAlerts":0,"types":[{{kinds}}]}"""));
    }

    private static Document Alert(string id, string area, string severity, string state, long onset) => new("alerts", id, area, "rule", state, onset, Encoding.UTF8.GetBytes(
        $$"""{"id":"{{id}}","area":"{{area}}","state":"{{state}}","info":[{"language":"en","severity":"{{severity}}","headline":"It is {{id}}"}]}"""));
}
