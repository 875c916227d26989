using Streams.Domain.Areas;
using Streams.Domain.Cities;
using Streams.Domain.Dispatch;
using Streams.Domain.Incidents;
using Streams.Node.Configuration;

namespace Streams.Node.Tests.Configuration;

/// <summary>What stands in the shipped cities: whatever a playbook asks for, somebody does, wherever it is asked for.</summary>
public sealed class ShippedCitySystemsTests
{
    private static readonly ClusterConfiguration s_shipped = ConfigurationFolder.AsShipped;

    [Theory]
    [InlineData("dijon"), InlineData("amsterdam"), InlineData("singapore"), InlineData("songdo")]
    public void What_a_playbook_asks_for_is_done_in_every_city(string city)
    {
        CityPlan plan = s_shipped.Cities.Single(each => each.Name == city);
        foreach ((string system, string action) in s_shipped.Playbooks.SelectMany(playbook => playbook.Steps).Select(step => (step.System, step.Action)).Distinct())
        {
            foreach (string key in plan.Areas.Select(area => s_shipped.CitySystems.DispatcherKeyFor(area.Id, system)!).Distinct())
            {
                DispatchMap map = s_shipped.CitySystems.MapOf(key)!;
                bool isKnownToBeMissing = map.AbsentBecause is { Length: > 0 } || map.Without.ContainsKey(action);
                bool isDone = map.Kind.Actions[action].Target switch
                {
                    ActionTarget.Unit => map.Units.Any(unit => unit.Does.Contains(action)),
                    ActionTarget.Devices => !map.Devices.IsEmpty,
                    _ => map.AbsentBecause is null,
                };
                Assert.True(isDone != isKnownToBeMissing, $"{key} can not {action}");
            }
        }
    }

    [Fact]
    public void Each_unit_and_device_is_one_dispatchers()
    {
        foreach (IGrouping<string, string> system in s_shipped.CitySystems.Keys.GroupBy(key => AreaPath.RootOf(key) + key[key.LastIndexOf('/')..]))
        {
            DispatchMap[] maps = [.. system.Select(key => s_shipped.CitySystems.MapOf(key)!)];
            string[] ids = [.. maps.SelectMany(map => map.Units.Select(unit => unit.Id).Concat(map.Devices.Select(device => device.Id)))];
            Assert.Equal(ids.Length, ids.Distinct().Count());
            CityPlan plan = s_shipped.Cities.Single(city => city.Name == AreaPath.RootOf(maps[0].Area));
            Assert.Equal(maps[0].AbsentBecause is null ? plan.City.Devices.Count(device => maps[0].Kind.Devices.Contains(device.Type)) : 0, maps.Sum(map => map.Devices.Length));
        }

        string[] all = [.. s_shipped.Cities.SelectMany(city => city.Systems).SelectMany(system => system.Units).Select(unit => unit.Id)];
        Assert.Equal(all.Length, all.Distinct().Count());
    }

    [Theory]
    [InlineData("dijon/dijon/centre-ville", "police", "dijon/police")]
    [InlineData("singapore/west/tuas", "cleaning", "singapore/west/cleaning")]
    [InlineData("singapore/west", "cleaning", "singapore/west/cleaning")]
    [InlineData("singapore", "cleaning", "singapore/cleaning")]
    [InlineData("beijing/haidian", "police", "beijing/police")]
    [InlineData("dijon", "polcie", null)]
    public void A_request_goes_to_the_nearest_dispatcher_at_or_above_its_area(string area, string system, string? key) =>
        Assert.Equal(key, s_shipped.CitySystems.DispatcherKeyFor(area, system));

    [Fact]
    public void A_dispatcher_knows_what_it_has_to_give()
    {
        DispatchMap west = s_shipped.CitySystems.MapOf("singapore/west/cleaning")!;
        Assert.Equal(24, west.Units.Length);
        Assert.All(west.Units, unit => Assert.Equal("singapore/west/jurong-east", unit.Home));
        Assert.Equal("singapore-cleaning-crew-west-01", west.Units[0].Id);
        Assert.Equal(12, s_shipped.CitySystems.MapOf("singapore/cleaning")!.Units.Length);
        Assert.Null(s_shipped.CitySystems.MapOf("singapore/west/tuas/cleaning"));
        Assert.Null(s_shipped.CitySystems.MapOf("singapore/nothing"));
        Assert.Equal("nothing is heated in the tropics", s_shipped.CitySystems.MapOf("singapore/heat")!.AbsentBecause);
        DispatchMap unknown = s_shipped.CitySystems.MapOf("beijing/police")!;
        Assert.True(unknown.Units.IsEmpty && unknown.Devices.IsEmpty && unknown.CentreOf("beijing/haidian") is null);

        // Who can do something can take it back.
        Assert.All(s_shipped.CitySystems.MapOf("dijon/police")!.Units, unit => Assert.Contains("lift-cordon", unit.Does));
        Assert.InRange(s_shipped.CitySystems.CentreOf("dijon/dijon/centre-ville")!.Value.Latitude, 47.315, 47.33);
        Assert.NotNull(s_shipped.CitySystems.CentreOf("dijon/dijon"));
    }

    [Fact]
    public void The_nearest_engine_goes_to_a_fire_in_talant()
    {
        Dispatcher dispatcher = new(s_shipped.CitySystems.MapOf("dijon/fire-and-rescue")!);
        Heard heard = new();
        dispatcher.Ask(new CommandRequest("c", "i", "engine", "fire-and-rescue", "dijon/talant", "send-engine", [], System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty, 2, 7, 2_000_000, null, false), 1_000_000);
        dispatcher.Drain(heard);
        Assert.Equal(["dijon-engine-centre-01", "dijon-engine-centre-02"], heard.Sent.SelectMany(command => command.Targets));
        Assert.All(heard.Sent, command => Assert.Equal(("dijon/fire-and-rescue", "dijon/talant"), (command.Key, command.Place)));
    }

    private sealed class Heard : IDispatcherOutput
    {
        public List<Command> Sent { get; } = [];

        public void Send(Command command) => Sent.Add(command);

        public void Tell(string incidentId, CommandProgress progress)
        {
        }

        public void Entry(DispatchEntry entry)
        {
        }
    }
}
