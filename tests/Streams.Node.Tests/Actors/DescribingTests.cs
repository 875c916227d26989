using System.Text.Json;
using Streams.Domain.Devices;
using Streams.Node.Actors;

namespace Streams.Node.Tests.Actors;

public sealed class DescribingTests
{
    private static readonly CityTopics Topics = new("city.readings", "city.observations", "city.aggregates", "city.anomalies", "city.alerts", "city.dead-letters", "city.incidents", "city.requests", "city.commands", "city.command-results", "/streams/test");

    /// <summary>A page of devices asks the shards of all threads at once, and the kind is one object for all of them.</summary>
    [Fact]
    public void Devices_of_several_shards_are_described_at_the_same_time()
    {
        DeviceCatalog catalog = new([new DeviceType { Name = "noise_meter", Title = "Noise", Domain = "noise", Interval = TimeSpan.FromMinutes(1), Metrics = [new MetricDefinition { Name = "laeq", Unit = "dB(A)" }] }]);
        IDescribesActors kind = new DeviceKind(catalog, Topics);
        DeviceActor[] actors = [.. Enumerable.Range(0, 8).Select(i => Registered($"meter-{new string((char)('a' + i), 1 + (i * 20))}", catalog))];

        Parallel.For(0, 20_000, i =>
        {
            DeviceActor actor = actors[i % actors.Length];
            using JsonDocument json = JsonDocument.Parse(kind.Describe(actor)!);
            Assert.Equal(actor.Key, json.RootElement.GetProperty("id").GetString());
        });
    }

    private static DeviceActor Registered(string id, DeviceCatalog catalog)
    {
        Device device = new(id);
        device.Register("noise_meter", "dijon/centre", null, catalog);
        return new DeviceActor(id, device);
    }
}
