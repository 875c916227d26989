using System.Net;
using System.Text.Json;
using Streams.Runtime.Storage;
using static Streams.Node.Tests.Api.ApiServer;

namespace Streams.Node.Tests.Api;

public sealed class ListTests : IAsyncDisposable
{
    private readonly ApiServer _api = new();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task Devices_are_filtered_by_area_type_and_state()
    {
        _api.Put(
            Row("devices", "d1", "dijon/centre", "noise_meter", "ok", 3),
            Row("devices", "d2", "dijon/centre-ville", "noise_meter", "silent", 2),
            Row("devices", "d3", "dijon", "water_level_gauge", "ok", 1));
        Assert.Equal(["d1", "d2", "d3"], Ids(await _api.GetAsync("/api/v1/devices")));
        Assert.Equal(["d1", "d2", "d3"], Ids(await _api.GetAsync("/api/v1/devices?area=dijon")));
        Assert.Equal(["d1"], Ids(await _api.GetAsync("/api/v1/devices?area=dijon/centre")));
        Assert.Equal(["d2"], Ids(await _api.GetAsync("/api/v1/devices?type=noise_meter&state=silent")));
        Assert.Empty(Ids(await _api.GetAsync("/api/v1/devices?area=paris")));
    }

    [Fact]
    public async Task An_alert_says_its_incident_before_it_has_said_so_itself()
    {
        _api.Put(
            Row("alerts", "a1", "dijon", "flood", "active", 2) with { Body = """{"id":"a1","incidentId":null,"stub":true}"""u8.ToArray() },
            Row("alerts", "a2", "dijon", "flood", "active", 1) with { Body = """{"id":"a2","incidentId":null,"stub":true}"""u8.ToArray() },
            Row("alert-incidents", "a1", "dijon", "", "", 2) with { Body = "\"dijon.flood.1\""u8.ToArray() });
        Assert.Equal("dijon.flood.1", (await _api.GetAsync("/api/v1/alerts/a1")).GetProperty("incidentId").GetString());
        Assert.Equal(["dijon.flood.1", null], (await _api.GetAsync("/api/v1/alerts")).GetProperty("items").EnumerateArray().Select(alert => alert.GetProperty("incidentId").GetString()));
    }

    [Fact]
    public async Task Devices_of_this_node_are_listed_as_they_are_now_and_others_as_they_were_written()
    {
        _api.Put(Row("devices", "d1", "dijon", "noise_meter", "ok", 2), Row("devices", "d2", "dijon", "noise_meter", "ok", 1));
        _api.Node.Live[("device", "d2")] = """{"id":"d2","state":"anomalous","stub":true}""";

        JsonElement page = await _api.GetAsync("/api/v1/devices");

        Assert.Equal(["d1", "d2"], Ids(page));
        Assert.Equal("anomalous", page.GetProperty("items")[1].GetProperty("state").GetString());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(10)]
    [InlineData(1000)]
    public async Task Pages_together_are_the_whole_list_once_even_where_times_are_equal(int limit)
    {
        const int count = 1010;
        _api.Put([.. Enumerable.Range(0, limit < 10 ? 30 : count).Select(i => Row("anomalies", $"a{i:D4}", "x", "d", "raised", 1000 - (i / 4)))]);
        List<string> seen = [];
        string? after = null;
        do
        {
            JsonElement page = await _api.GetAsync($"/api/v1/anomalies?limit={limit}" + (after is null ? "" : $"&after={after}"));
            Assert.InRange(page.GetProperty("items").GetArrayLength(), 1, limit);
            seen.AddRange(Ids(page));
            after = page.GetProperty("next").GetString();
        }
        while (after is not null);

        Assert.Equal(Enumerable.Range(0, limit < 10 ? 30 : count).Select(i => $"a{i:D4}"), seen);
    }

    [Fact]
    public async Task Anomalies_come_newest_first_within_a_time_range()
    {
        long at = Now.ToUnixTimeMilliseconds();
        _api.Put(
            Row("anomalies", "old", "x", "d1", "cleared", at - 7_200_000),
            Row("anomalies", "new", "x", "d1", "raised", at),
            Row("anomalies", "other", "x/y", "d2", "raised", at - 1));
        Assert.Equal(["new", "other", "old"], Ids(await _api.GetAsync("/api/v1/anomalies")));
        Assert.Equal(["new", "old"], Ids(await _api.GetAsync("/api/v1/anomalies?device=d1")));
        Assert.Equal(["old"], Ids(await _api.GetAsync("/api/v1/anomalies?state=cleared")));
        Assert.Equal(["other"], Ids(await _api.GetAsync("/api/v1/anomalies?from=2026-11-22T11:00:00%2B01:00&to=2026-11-22T10:15:30Z")));
        Assert.Equal(["other"], Ids(await _api.GetAsync("/api/v1/anomalies?area=x/y")));
    }

    [Fact]
    public async Task Alerts_are_listed_since_a_time_and_shown_one_by_one()
    {
        long at = Now.ToUnixTimeMilliseconds();
        _api.Put(Row("alerts", "al-1", "dijon", "", "active", at), Row("alerts", "al-0", "dijon", "", "cleared", at - 86_400_000));
        Assert.Equal(["al-1"], Ids(await _api.GetAsync("/api/v1/alerts?since=2026-11-22T00:00:00Z")));
        Assert.Equal(["al-0"], Ids(await _api.GetAsync("/api/v1/alerts?state=cleared&area=dijon")));
        Assert.Equal("al-1", (await _api.GetAsync("/api/v1/alerts/al-1")).GetProperty("id").GetString());
        await _api.GetAsync("/api/v1/alerts/none", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Areas_come_as_a_tree_in_path_order_page_by_page()
    {
        _api.Put(
            Row("areas", "lyon-nord", "lyon-nord", "", "", 9),
            Row("areas", "lyon/centre", "lyon/centre", "", "", 5),
            Row("areas", "lyon", "lyon", "", "", 1),
            Row("areas", "beijing", "beijing", "", "", 7));
        Assert.Equal(["beijing", "lyon", "lyon/centre", "lyon-nord"], Ids(await _api.GetAsync("/api/v1/areas")));
        Assert.Equal(["lyon", "lyon/centre"], Ids(await _api.GetAsync("/api/v1/areas?under=lyon")));
        JsonElement first = await _api.GetAsync("/api/v1/areas?limit=3");
        Assert.Equal(["beijing", "lyon", "lyon/centre"], Ids(first));
        JsonElement second = await _api.GetAsync("/api/v1/areas?limit=3&after=" + first.GetProperty("next").GetString());
        Assert.Equal(["lyon-nord"], Ids(second));
        Assert.Equal(JsonValueKind.Null, second.GetProperty("next").ValueKind);
    }

    [Fact]
    public async Task Ids_with_slashes_work_plain_and_encoded_and_the_live_state_wins()
    {
        _api.Put(Row("areas", "dijon/centre", "dijon/centre", "", "", 1), Row("devices", "d/1", "dijon", "t", "ok", 1));
        Assert.Equal("dijon/centre", (await _api.GetAsync("/api/v1/areas/dijon/centre")).GetProperty("id").GetString());
        Assert.Equal("dijon/centre", (await _api.GetAsync("/api/v1/areas/dijon%2Fcentre")).GetProperty("id").GetString());
        _api.Node.Live[("device", "d/1")] = """{"id":"d/1","live":true,"stub":true}""";
        Assert.True((await _api.GetAsync("/api/v1/devices/d%2F1")).GetProperty("live").GetBoolean());
        await _api.GetAsync("/api/v1/devices/unknown", HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("/api/v1/devices?limit=0", "limit", "limit is 0; allowed: a whole number from 1 to 1000")]
    [InlineData("/api/v1/devices?limit=1001", "limit", "limit is 1001; allowed: a whole number from 1 to 1000")]
    [InlineData("/api/v1/devices?limit=ten", "limit", "limit is ten; allowed: a whole number from 1 to 1000")]
    [InlineData("/api/v1/devices?limit=", "limit", "limit is empty; allowed: 1 to 200 printable characters, or leave it out")]
    [InlineData("/api/v1/devices?state=broken", "state", "state is broken; allowed: ok, anomalous, silent")]
    [InlineData("/api/v1/devices?aera=x", "aera", "aera is not a parameter here (did you mean area?); allowed: after, area, limit, state, type")]
    [InlineData("/api/v1/devices?area=x&area=y", "area", "area is given more than once; allowed: once")]
    [InlineData("/api/v1/devices?after=%21%21", "after", "after is !!; allowed: the \"next\" of the page before, unchanged")]
    [InlineData("/api/v1/devices?after=eHh4", "after", "after is eHh4; allowed: the \"next\" of the page before, unchanged")]
    [InlineData("/api/v1/anomalies?from=yesterday", "from", "from is yesterday; allowed: an RFC 3339 time with offset, such as 2026-11-22T10:15:00Z")]
    [InlineData("/api/v1/anomalies?from=2026-11-22T10:15:00", "from", "from is 2026-11-22T10:15:00; allowed: an RFC 3339 time with offset, such as 2026-11-22T10:15:00Z")]
    [InlineData("/api/v1/anomalies?from=2026-02-30T10:15:00Z", "from", "from is 2026-02-30T10:15:00Z; allowed: an RFC 3339 time with offset, such as 2026-11-22T10:15:00Z")]
    [InlineData("/api/v1/anomalies?from=2026-11-22T10:15:00Z&to=2026-11-22T10:15:00Z", "to", "to is not after from; allowed: a later time")]
    [InlineData("/api/v1/alerts?state=open", "state", "state is open; allowed: active, acknowledged, cleared, expired, cancelled")]
    [InlineData("/health/live?x=1", "x", "x is not a parameter here; allowed: none")]
    [InlineData("/api/v1/cluster?of=one", "of", "of is one; allowed: this, all")]
    [InlineData("/api/v1/alerts/x?y=1", "y", "y is not a parameter here; allowed: none")]
    public async Task A_wrong_parameter_is_named_with_what_is_allowed(string path, string parameter, string detail)
    {
        JsonElement problem = await _api.GetAsync(path, HttpStatusCode.BadRequest);
        JsonElement error = Assert.Single(problem.GetProperty("errors").EnumerateArray());
        Assert.Equal(parameter, error.GetProperty("at").GetString());
        Assert.Equal(detail, error.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task All_wrong_parameters_are_told_at_once()
    {
        JsonElement problem = await _api.GetAsync("/api/v1/alerts?limit=x&since=y&stat=z", HttpStatusCode.BadRequest);
        Assert.Equal(["since", "limit", "stat"], problem.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("at").GetString()));
    }
}
