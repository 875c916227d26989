using System.Net;
using System.Text;
using System.Text.Json;
using Streams.Runtime.Storage;

namespace Streams.Node.Tests.Api;

/// <summary>What the cities' configuration knows is there before it speaks.</summary>
public sealed class UnspokenTests : IAsyncDisposable
{
    private readonly ApiServer _api = new();

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task A_configured_device_that_never_spoke_is_unseen()
    {
        JsonElement light = await _api.GetAsync("/api/v1/devices/dijon-light-00001");
        Assert.Equal(("street_light", "unseen"), (light.GetProperty("type").GetString(), light.GetProperty("state").GetString()));
        Assert.StartsWith("dijon/", light.GetProperty("area").GetString(), StringComparison.Ordinal);
        Assert.Equal("Point", light.GetProperty("location").GetProperty("type").GetString());
        Assert.Empty(light.GetProperty("metrics").EnumerateArray());
        await _api.GetAsync("/api/v1/devices/dijon-light-99999", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_configured_area_of_which_nothing_was_heard_has_no_devices_yet_and_so_many_configured()
    {
        JsonElement centre = await _api.GetAsync("/api/v1/areas/dijon/dijon/centre-ville");
        Assert.Equal(("Centre-ville", 0), (centre.GetProperty("name").GetString(), centre.GetProperty("devices").GetInt32()));
        Assert.True(centre.GetProperty("configured").GetInt32() > 1000);
        await _api.GetAsync("/api/v1/areas/dijon/atlantis", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task The_tree_is_whole_once_something_of_the_city_was_heard_and_leaves_other_cities_out()
    {
        Assert.Empty((await _api.GetAsync("/api/v1/areas")).GetProperty("items").EnumerateArray());
        _api.Put(new Document("areas", "dijon/talant", "dijon/talant", "", "", 0, Encoding.UTF8.GetBytes("""{"id":"dijon/talant","stub":true}""")));
        string[] all = [.. (await _api.GetAsync("/api/v1/areas?limit=1000")).GetProperty("items").EnumerateArray().Select(area => area.GetProperty("id").GetString()!)];
        Assert.Equal(34, all.Length);
        Assert.Equal("dijon", all[0]);
        Assert.All(all, id => Assert.StartsWith("dijon", id, StringComparison.Ordinal));
        Assert.Equal(11, (await _api.GetAsync("/api/v1/areas?under=dijon/dijon")).GetProperty("items").GetArrayLength());
    }
}
