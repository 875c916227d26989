using System.Net;
using System.Text;
using System.Text.Json;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Node.Actors;
using Streams.Node.Api;
using Streams.Node.Tests.Actors;
using Streams.Runtime.Log;
using Streams.Runtime.Storage;

namespace Streams.Node.Tests.Api;

/// <summary>Registering and removing a device over HTTP, on a node that obeys as the test wants.</summary>
public sealed class RegistrationTests : IAsyncDisposable
{
    private const string Meter = """{"type":"noise_meter","area":"dijon/centre","location":{"type":"Point","coordinates":[5.041,47.352]},"name":"Rue de la Liberté"}""";

    private readonly ApiServer _api = new();
    private readonly DeviceKind _devices;

    public RegistrationTests() => _devices = new DeviceKind(new DeviceCatalog(_api.Sources.Configuration.DeviceTypes), CityTopics.Of(_api.Sources.Configuration.Topics, "test"));

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    [Fact]
    public async Task A_device_is_registered_by_an_order_in_its_inbox_and_the_answer_shows_it()
    {
        _api.Node.Obeys = Obey;
        using HttpResponseMessage created = await PutAsync("/api/v1/devices/d%2F1", Meter);
        JsonElement device = await ApiServer.ReadAsync(created, HttpStatusCode.Created);
        Assert.Equal("d/1", device.GetProperty("id").GetString());
        Assert.Equal("Rue de la Liberté", device.GetProperty("name").GetString());
        Assert.Equal("dijon/centre", device.GetProperty("area").GetString());
        Assert.Equal(47.352, device.GetProperty("location").GetProperty("coordinates")[1].GetDouble());
        Assert.Equal("/api/v1/devices/d%2F1", created.Headers.Location?.OriginalString);
        PublishedRecord record = Assert.Single(_api.Node.Published);
        Assert.Equal(("city.readings", "d/1"), (record.Topic, Encoding.UTF8.GetString(record.Key.Span)));

        using HttpResponseMessage moved = await PutAsync("/api/v1/devices/d%2F1", Meter.Replace("dijon/centre", "dijon/nord", StringComparison.Ordinal));
        Assert.Equal("dijon/nord", (await ApiServer.ReadAsync(moved, HttpStatusCode.OK)).GetProperty("area").GetString());
    }

    [Fact]
    public async Task An_order_that_is_not_carried_out_yet_is_queued()
    {
        using HttpResponseMessage put = await PutAsync("/api/v1/devices/d1", Meter);
        Assert.Equal("d1", (await ApiServer.ReadAsync(put, HttpStatusCode.Accepted)).GetProperty("id").GetString());
        _api.Put(Row(new Device("d1"), Meter));
        using HttpResponseMessage delete = await _api.Client.DeleteAsync("/api/v1/devices/d1", TestContext.Current.CancellationToken);
        await ApiServer.ReadAsync(delete, HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task A_device_is_removed_and_one_that_is_not_there_is_not_found()
    {
        _api.Node.Obeys = Obey;
        using HttpResponseMessage none = await _api.Client.DeleteAsync("/api/v1/devices/d1", TestContext.Current.CancellationToken);
        await ApiServer.ReadAsync(none, HttpStatusCode.NotFound);
        (await PutAsync("/api/v1/devices/d1", Meter)).Dispose();
        using HttpResponseMessage gone = await _api.Client.DeleteAsync("/api/v1/devices/d1", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NoContent, gone.StatusCode);
        await _api.GetAsync("/api/v1/devices/d1", HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("""{"area":"dijon"}""", "type")]
    [InlineData("""{"type":"noise_meter"}""", "area")]
    [InlineData("""{"type":"noise_metre","area":"dijon"}""", "type")]
    [InlineData("""{"type":"noise meter","area":"dijon"}""", "type")]
    [InlineData("""{"type":5,"area":"dijon"}""", "type")]
    [InlineData("""{"type":"noise_meter","area":"Dijon"}""", "area")]
    [InlineData("""{"type":"noise_meter","area":"../etc"}""", "area")]
    [InlineData("""{"type":"noise_meter","area":"dijon","location":{"type":"Point","coordinates":[181,0]}}""", "location")]
    [InlineData("""{"type":"noise_meter","area":"dijon","location":{"type":"Point","coordinates":[0,"0"]}}""", "location")]
    [InlineData("""{"type":"noise_meter","area":"dijon","location":{"type":"Point","coordinates":[0,1e400]}}""", "location")]
    [InlineData("""{"type":"noise_meter","area":"dijon","location":{"type":"Polygon","coordinates":[]}}""", "location")]
    [InlineData("""{"type":"noise_meter","area":"dijon","locaton":null}""", "locaton")]
    [InlineData("""{"type":"noise_meter","area":"dijon","area":"paris"}""", "area")]
    [InlineData("""{"type":"noise_meter","area":"dijon","name":""}""", "name")]
    [InlineData("""{"type":"noise_meter","area":"dijon","name":"a\u0000b"}""", "name")]
    [InlineData("""{"type":"noise_meter","area":"dijon","name":"\ud800"}""", "")]
    [InlineData("""{"\ud800":1}""", "")]
    [InlineData("""["noise_meter","dijon"]""", "")]
    [InlineData("""{"type":"noise_meter","area":"dijon"} x""", "")]
    [InlineData("", "")]
    public async Task A_bad_registration_is_refused_with_what_is_wrong(string body, string at)
    {
        using HttpResponseMessage response = await PutAsync("/api/v1/devices/d1", body);
        JsonElement problem = await ApiServer.ReadAsync(response, HttpStatusCode.BadRequest);
        Assert.Contains(at, problem.GetProperty("errors").EnumerateArray().Select(each => each.GetProperty("at").GetString()));
        Assert.Empty(_api.Node.Published);
    }

    [Fact]
    public async Task All_that_is_wrong_is_told_at_once_the_id_too()
    {
        using HttpResponseMessage response = await PutAsync("/api/v1/devices/d%20%C3%A9", """{"area":"Dijon","name":5}""");
        JsonElement problem = await ApiServer.ReadAsync(response, HttpStatusCode.BadRequest);
        Assert.Equal(["area", "name", "type", "id"], problem.GetProperty("errors").EnumerateArray().Select(each => each.GetProperty("at").GetString()));
    }

    [Fact]
    public async Task Another_content_type_and_too_much_are_refused()
    {
        using HttpResponseMessage text = await PutAsync("/api/v1/devices/d1", Meter, "text/plain");
        await ApiServer.ReadAsync(text, HttpStatusCode.UnsupportedMediaType);
        using HttpResponseMessage big = await PutAsync("/api/v1/devices/d1", new string(' ', 300_000));
        await ApiServer.ReadAsync(big, HttpStatusCode.RequestEntityTooLarge);
        _api.Node.PublishFails = new LogFailedException("no broker");
        using HttpResponseMessage away = await PutAsync("/api/v1/devices/d1", Meter);
        await ApiServer.ReadAsync(away, HttpStatusCode.ServiceUnavailable);
    }

    private async Task<HttpResponseMessage> PutAsync(string path, string body, string contentType = "application/json")
    {
        using ByteArrayContent content = new(Encoding.UTF8.GetBytes(body));
        content.Headers.ContentType = new(contentType);
        return await _api.Client.PutAsync(path, content, TestContext.Current.CancellationToken);
    }

    /// <summary>Carries an order out as the device's shard would.</summary>
    private void Obey(PublishedRecord record)
    {
        using OneRecord batch = new(Encoding.UTF8.GetString(record.Key.Span), record.Value.ToArray(), record.Headers);
        Reading message = new();
        Assert.True(_devices.Admit(batch[0], message, ApiServer.Now.ToUnixTimeMilliseconds()), _devices.Refusal.Detail);
        string id = Encoding.UTF8.GetString(message.DeviceId);
        _api.Put(message.Order is DeviceOrder.Remove ? new Document("devices", id, "", "", "", 0, default) : Row(new Device(id), Encoding.UTF8.GetString(record.Value.Span)));
    }

    private Document Row(Device device, string registration)
    {
        DeviceRegistration ordered = DeviceOrder.ReadRegistration(Encoding.UTF8.GetBytes(registration), device.Id, out _)!;
        device.Register(ordered.Type, ordered.Area, ordered.Location, _api.Sources.Catalog, ordered.Name);
        System.Buffers.ArrayBufferWriter<byte> body = new();
        DeviceJson.Write(body, device, whole: false);
        return new Document("devices", device.Id, device.Area, device.Type, "ok", 0, body.WrittenSpan.ToArray());
    }
}
