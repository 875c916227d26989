using System.Net;
using System.Net.Http.Json;
using System.Text.Json;

namespace Streams.Node.Tests.Records;

/// <summary>A device's whole life on a running node, by HTTP: every answer is also held against the API's description.</summary>
public sealed class RegistrationOnNodeTests(CityRun city)
{
    private const string Area = "/api/v1/areas/demo-registered/centre";
    private const string Path = "/api/v1/devices/meter%2F1";

    [Fact]
    public async Task A_device_is_registered_measures_moves_and_is_forgotten()
    {
        await city.Lived;

        // Registered, it needs to say neither type nor area.
        using HttpResponseMessage created = await PutAsync("demo-registered/centre", "Rue Haute");
        Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        await MeasureAsync(61.5);
        await CityRun.Until(async () => (await JsonAsync(Path)) is { } device && device.GetProperty("counters").GetProperty("readings").GetInt32() == 1);
        Assert.Equal("Rue Haute", (await JsonAsync(Path))!.Value.GetProperty("name").GetString());
        await CityRun.Until(async () => (await JsonAsync(Area)) is { } area && area.GetProperty("devices").GetInt32() == 1);

        // Moved: the area it left counts it no more.
        using HttpResponseMessage moved = await PutAsync("demo-registered/nord", "Rue Haute");
        Assert.Equal(HttpStatusCode.OK, moved.StatusCode);
        await CityRun.Until(async () => (await JsonAsync(Area))!.Value.GetProperty("devices").GetInt32() == 0);

        // Removed: list, live state and area forget it, and a reading that says nothing of it is refused.
        using HttpResponseMessage gone = await city.Client.DeleteAsync(Path, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        Assert.Null(await JsonAsync(Path));
        Assert.Null(await JsonAsync(Path + "/aggregates"));
        Assert.DoesNotContain("meter/1", (await JsonAsync("/api/v1/devices?area=demo-registered"))!.Value.GetRawText(), StringComparison.Ordinal);
        await CityRun.Until(async () => (await JsonAsync("/api/v1/areas/demo-registered/nord"))!.Value.GetProperty("devices").GetInt32() == 0);
        await MeasureAsync(62);
        await CityRun.Until(async () => (await JsonAsync("/api/v1/dead-letters?reason=unknown_device"))!.Value.GetRawText().Contains("meter/1", StringComparison.Ordinal));
        Assert.Null(await JsonAsync(Path));
        using HttpResponseMessage twice = await city.Client.DeleteAsync(Path, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotFound, twice.StatusCode);

        // One that says type and area makes it known anew, with nothing of what was.
        await MeasureAsync(63, "\"type\":\"noise_meter\",\"area\":\"demo-registered/sud\",");
        await CityRun.Until(async () => await JsonAsync(Path) is not null);
        JsonElement anew = (await JsonAsync(Path))!.Value;
        Assert.Equal(1, anew.GetProperty("counters").GetProperty("readings").GetInt32());
        Assert.False(anew.TryGetProperty("name", out _));
    }

    private Task<HttpResponseMessage> PutAsync(string area, string name) =>
        city.Client.PutAsJsonAsync(Path, new { type = "noise_meter", area, name }, TestContext.Current.CancellationToken);

    private async Task MeasureAsync(double value, string more = "")
    {
        string time = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
        using StringContent body = new(
            $$$"""{"deviceId":"meter/1","time":"{{{time}}}",{{{more}}}"metrics":{"laeq_1h":{{{value.ToString(System.Globalization.CultureInfo.InvariantCulture)}}}}}""",
            System.Text.Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await city.Client.PostAsync("/api/v1/readings", body, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
    }

    /// <summary>Null where it is not found.</summary>
    private async Task<JsonElement?> JsonAsync(string path)
    {
        using HttpResponseMessage response = await city.Client.GetAsync(path, TestContext.Current.CancellationToken);
        return response.StatusCode == HttpStatusCode.NotFound
            ? null
            : JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement;
    }
}
