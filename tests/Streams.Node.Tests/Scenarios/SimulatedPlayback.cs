using System.Collections.Immutable;
using System.Text;
using Streams.Domain.Alerts;
using Streams.Domain.Cities;
using Streams.Domain.Devices;
using Streams.Node.Configuration;
using Streams.Simulator.Living;
using Streams.Simulator.Obeying;

namespace Streams.Node.Tests.Scenarios;

/// <summary>A simulated city played through devices and areas as the shipped configuration has them.</summary>
internal sealed class SimulatedPlayback : CityPlayback, IDisposable
{
    /// <summary>What a shard's batches and observations' ways take together, with much to spare.</summary>
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    private readonly SimulatedCity _simulated;
    private readonly ScenarioRuns _runs;
    private readonly char[] _id = new char[256];
    private bool _hasNext;

    public SimulatedPlayback(City city, ulong seed, DateTimeOffset from)
        : base(new DeviceCatalog(Shipped.Value.DeviceTypes), Shipped.Value.AlertRules, Beat)
    {
        City = city;
        _runs = new ScenarioRuns(city, []);
        _simulated = new SimulatedCity(city, new SimulationPlan(seed, from.ToUnixTimeMilliseconds()), _runs);
    }

    public City City { get; }

    /// <summary>Names of the cities that come with Streams.</summary>
    public static IEnumerable<string> Cities => Shipped.Value.Cities.Select(plan => plan.Name);

    /// <summary>A city that comes with Streams, with all its devices.</summary>
    public static City Find(string name) => Shipped.Value.Cities.First(plan => plan.Name == name).City;

    /// <summary>
    /// Of every type in every area one in so many, of lights and meters one in a dozen times that, and at least one: rules see much of what they see in
    /// the whole city, in a fraction of the time. So around a place; of the rest of the city, by type, one in four times as many. Around the whole city,
    /// of every type in each of its parts (boroughs or communes) one in twice as many.
    /// </summary>
    public static City Thinned(City city, int one, string around)
    {
        var met = new Dictionary<(string Type, string Area), int>();
        return city with
        {
            Devices =
            [
                .. city.Devices.Where(device =>
                {
                    bool isNear = device.Area == around || device.Area.StartsWith(around + "/", StringComparison.Ordinal);
                    (string area, int fewer) = around == city.Name ? (string.Join('/', device.Area.Split('/').Take(2)), 2) : isNear ? (device.Area, 1) : ("", 4);
                    int every = one * fewer * (device.Type is "street_light" or "electricity_meter" or "water_meter" ? 12 : 1);
                    int before = met.GetValueOrDefault((device.Type, area));
                    met[(device.Type, area)] = before + 1;
                    return before % every == 0;
                }),
            ],
        };
    }

    public void Dispose() => _simulated.Dispose();

    public ScenarioRun Begin(string scenario)
    {
        ScenarioRun? run = _runs.Start(_runs.Find(scenario)!, null, _simulated.NowInMs + 1);
        Assert.NotNull(run);
        return run;
    }

    /// <summary>Something of the scenario's response is done now.</summary>
    public void Respond(ScenarioRun run, ScenarioResponse response, int units)
    {
        Deed deed = new($"{response.System}/{response.Action}", response.System, response.Action, run.Area, [], ImmutableSortedDictionary<string, string>.Empty, _simulated.NowInMs + 1, units, [], null);
        Assert.NotEmpty(_runs.Act(deed));
    }

    /// <summary>A system has done something.</summary>
    public void Act(Deed deed) => _runs.Act(deed);

    public void PlayUntil(DateTimeOffset time)
    {
        long until = time.ToUnixTimeMilliseconds();
        while (_hasNext || _simulated.Next())
        {
            _hasNext = _simulated.DueInMs >= until;
            if (_hasNext)
            {
                break;
            }

            int length = Encoding.UTF8.GetChars(_simulated.Key, _id);
            Read(_id.AsSpan(0, length), _simulated.DueInMs, _simulated.Body(0));
        }
    }
}
