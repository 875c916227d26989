using System.Collections.Immutable;
using System.Text;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Domain.Areas;
using Streams.Domain.Cities;
using Streams.Domain.Devices;
using Streams.Node.Configuration;
using Streams.Simulator.Living;
using Streams.Tests;

namespace Streams.Simulator.Tests.Living;

/// <summary>A city of two quarters with some devices of every type in each.</summary>
internal static class SmallCity
{
    public const string Centre = "testville/centre", Edge = "testville/edge";

    public static readonly long Noon = new DateTimeOffset(2026, 11, 18, 11, 0, 0, TimeSpan.Zero).ToUnixTimeMilliseconds();

    private static readonly Lazy<ImmutableArray<DeviceType>> s_types = new(() =>
    {
        (ClusterConfiguration? configuration, _) = ClusterConfiguration.Load(Path.Combine(RecordedData.RepositoryRoot, "cluster-config"), new Dictionary<string, string>());
        return configuration!.DeviceTypes;
    });

    public static ImmutableArray<DeviceType> Types => s_types.Value;

    public static City Of(int ofEach = 3, IEnumerable<Scenario>? scenarios = null, Func<DeviceType, bool>? of = null) => new()
    {
        Name = "testville",
        Title = "Testville",
        TimeZone = TimeZoneInfo.CreateCustomTimeZone("test", TimeSpan.FromHours(1), "test", "test"),
        Latitude = 47.32,
        Longitude = 5.04,
        Climate = new Climate(
            [2.2, 3.2, 7.0, 10.3, 14.6, 18.2, 20.6, 20.3, 16.3, 11.9, 6.4, 3.0],
            [5.6, 7.2, 9.6, 11.0, 11.0, 11.8, 12.4, 12.2, 11.0, 8.4, 6.0, 5.2],
            [57, 46, 49, 55, 76, 65, 67, 63, 60, 72, 76, 63],
            [11, 9, 9, 9, 11, 9, 8, 8, 8, 10, 11, 11],
            [3.3, 3.3, 3.4, 3.2, 2.9, 2.8, 2.7, 2.6, 2.7, 2.9, 3.0, 3.2],
            [63, 92, 153, 186, 212, 238, 251, 230, 182, 117, 70, 54]),
        Areas =
        [
            new CityArea(new AreaDescription { Id = "testville" }, 30_000, new AreaCharacter(0.5, 0.2, 0.3, 0.3)),
            new CityArea(new AreaDescription { Id = Centre }, 20_000, new AreaCharacter(1, 0, 0.1, 1)),
            new CityArea(new AreaDescription { Id = Edge }, 10_000, new AreaCharacter(0.1, 0.5, 0.5, 0)),
        ],
        Devices = [.. Types.Where(of ?? (_ => true)).SelectMany(type => new[] { Centre, Edge }.SelectMany(area => Place(type, area, ofEach)))],
        Scenarios = [.. scenarios ?? []],
    };

    public static Scenario Scenario(string name, string area, TimeSpan lasts, params ScenarioEffect[] effects) => new()
    {
        Name = name,
        Title = name,
        Description = name,
        Area = area,
        Lasts = lasts,
        Effects = [.. effects],
        Must = [new ExpectedAlert("any", null, lasts, AlertSeverity.Severe)],
    };

    public static SimulatedCity Simulate(City city, long fromInMs, ulong seed = 1, Imperfections? imperfections = null, ScenarioRuns? runs = null) =>
        new(city, new SimulationPlan(seed, fromInMs) { Imperfections = imperfections ?? Imperfections.None }, runs ?? new ScenarioRuns(city, []));

    /// <summary>Readings until so long after the start, as JSON.</summary>
    public static List<Said> Play(SimulatedCity simulation, TimeSpan until)
    {
        var said = new List<Said>();
        long end = simulation.NowInMs + (long)until.TotalMilliseconds;
        while (simulation.Next() && simulation.DueInMs < end)
        {
            said.Add(new Said(Encoding.UTF8.GetString(simulation.Key), simulation.TimeInMs, simulation.DueInMs, Encoding.UTF8.GetString(simulation.Body(0))));
        }

        return said;
    }

    private static IEnumerable<PlacedDevice> Place(DeviceType type, string area, int count)
    {
        var group = new DeviceGroup(type.Name, type.Name, count, ImmutableDictionary<string, double>.Empty);
        for (int i = 0; i < count; i++)
        {
            ulong lot = Chance.Of($"{type.Name} {area} {i}");
            yield return new PlacedDevice(
                $"test-{type.Name}-{AreaPath.TitleOf(area).ToLowerInvariant()}-{i}", type.Name, area,
                47.32 + (0.03 * Chance.Even(lot)), 5.04 + (0.04 * Chance.Even(Chance.Mix(lot, 1UL))), type.Interval, group);
        }
    }
}

/// <summary>A reading as it was sent.</summary>
internal sealed record Said(string Device, long TimeInMs, long DueInMs, string Body)
{
    private readonly Lazy<JsonElement> _json = new(() => JsonDocument.Parse(Body).RootElement);

    public string Type => _json.Value.GetProperty("type").GetString()!;

    public string Area => _json.Value.GetProperty("area").GetString()!;

    public JsonElement Json => _json.Value;

    public bool Has(string metric) => _json.Value.GetProperty("metrics").TryGetProperty(metric, out _);

    public double Number(string metric) => _json.Value.GetProperty("metrics").GetProperty(metric).GetDouble();

    public string State(string metric) => _json.Value.GetProperty("metrics").GetProperty(metric).GetString()!;

    /// <summary>Without what depends on when the simulation was started: the running number, and the place that the first reading says.</summary>
    public string Sense => System.Text.RegularExpressions.Regex.Replace(Body, "(,\"location\":.*?)?,\"sequence\":\\d+}$", "");
}
