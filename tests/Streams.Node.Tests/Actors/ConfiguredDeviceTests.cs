using System.Text;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Node.Actors;
using Streams.Node.Tests.Configuration;
using Streams.Runtime.Actors;

namespace Streams.Node.Tests.Actors;

/// <summary>Device actors ask the cities' configuration for what a first reading leaves out.</summary>
public sealed class ConfiguredDeviceTests
{
    private const long NowInMs = 1_795_305_600_000; // 2026-11-22T00:00:00Z

    private static readonly CityTopics Topics = new("city.readings", "city.observations", "city.aggregates", "city.anomalies", "city.alerts", "city.dead-letters", "city.incidents", "city.requests", "city.commands", "city.command-results", "/streams/test");

    private readonly DeviceKind _kind = new(new DeviceCatalog(ConfigurationFolder.AsShipped.DeviceTypes), Topics, ConfigurationFolder.AsShipped.Register);

    [Fact]
    public void A_street_light_of_dijon_is_taken_at_its_first_word()
    {
        DeviceActor light = _kind.Create("dijon-light-00001");
        Assert.Equal(Reaction.Decided, Receive(light, "\"lamp\":\"on\""));
        DeviceRegistration configured = ConfigurationFolder.AsShipped.Register.Find("dijon-light-00001")!;
        Assert.Equal(("street_light", configured.Area, configured.Location), (light.Device.Type, light.Device.Area, light.Device.Location));
    }

    [Fact]
    public void A_device_that_nobody_configured_still_has_to_say_what_it_is()
    {
        DeviceActor stranger = _kind.Create("dijon-light-99999");
        Assert.Equal(Reaction.Refused, Receive(stranger, "\"lamp\":\"on\""));
        Assert.Equal("unknown_device", _kind.Refusal.Reason);
    }

    private Reaction Receive(DeviceActor actor, string metrics)
    {
        Reading reading = new();
        byte[] json = Encoding.UTF8.GetBytes($$$"""{"deviceId":"{{{actor.Key}}}","time":"2026-11-22T00:00:00Z","metrics":{ {{{metrics}}} }}""");
        Assert.True(ReadingParser.TryParse(json, NowInMs, reading, out _));
        return _kind.Receive(actor, reading, NowInMs);
    }
}
