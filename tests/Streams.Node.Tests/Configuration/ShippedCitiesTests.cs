using Streams.Domain.Areas;
using Streams.Domain.Cities;
using Streams.Node.Configuration;

namespace Streams.Node.Tests.Configuration;

/// <summary>The cities under <c>cluster-config/cities</c> are sound to the last device.</summary>
public sealed class ShippedCitiesTests
{
    private static ClusterConfiguration Shipped => ConfigurationFolder.AsShipped;

    public static TheoryData<string> Cities => [.. Shipped.Cities.Select(city => city.Name)];

    [Theory]
    [MemberData(nameof(Cities))]
    public void Every_device_stands_inside_its_area_and_no_two_on_one_spot(string name)
    {
        City city = Of(name);
        Dictionary<string, Outline> outlines = city.Areas.ToDictionary(area => area.Id, area => new Outline(area.Description.Polygon));
        Assert.Empty(city.Devices.Where(device => !outlines[device.Area].Contains(device.Latitude, device.Longitude)).Select(device => device.Id));
        Assert.Empty(city.Devices.GroupBy(device => (device.Latitude, device.Longitude)).Where(spot => spot.Count() > 1).Select(spot => string.Join(" and ", spot.Select(device => device.Id))));
    }

    [Theory]
    [MemberData(nameof(Cities))]
    public void Ids_are_unique_and_bear_the_citys_name_and_their_groups(string name)
    {
        City city = Of(name);
        Assert.Equal(city.Devices.Length, city.Devices.DistinctBy(device => device.Id).Count());
        Assert.All(city.Devices, device => Assert.True(device.Id.Length <= 200 && device.Id.StartsWith($"{name}-{device.Group.Name}-", StringComparison.Ordinal), device.Id));
    }

    [Theory]
    [MemberData(nameof(Cities))]
    public void Groups_have_as_many_devices_as_they_say_and_types_their_own_interval(string name)
    {
        City city = Of(name);
        CityPlan plan = Shipped.Cities.Single(each => each.Name == name);
        Assert.Equal(plan.DeviceCount, city.Devices.Length);
        Assert.Equal(
            plan.Groups.Select(group => (group.Group.Name, group.Group.Count)),
            city.Devices.GroupBy(device => device.Group.Name, (group, devices) => (group, devices.Count())));
        Assert.All(city.Devices, device => Assert.Equal(Shipped.DeviceTypes.Single(type => type.Name == device.Type).Interval, device.Interval));
    }

    [Theory]
    [MemberData(nameof(Cities))]
    public void Areas_have_simple_outlines_and_lie_about_within_the_area_above(string name)
    {
        City city = Of(name);
        Dictionary<string, Outline> outlines = city.Areas.ToDictionary(area => area.Id, area => new Outline(area.Description.Polygon));
        Assert.All(city.Areas, area => Assert.InRange(area.Description.Polygon.Length, 4, 61));
        Assert.All(outlines, outline => Assert.Null(outline.Value.Crossing()));
        Assert.True(outlines[name].Contains(city.Latitude, city.Longitude));
        foreach (IGrouping<string, PlacedDevice> area in city.Devices.GroupBy(device => device.Area))
        {
            for (string? above = AreaPath.ParentOf(area.Key); above is not null; above = AreaPath.ParentOf(above))
            {
                int inside = area.Count(device => outlines[above].Contains(device.Latitude, device.Longitude));
                Assert.True(inside >= 0.9 * area.Count(), $"{inside} of {area.Count()} devices of {area.Key} lie in {above}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Cities))]
    public void Residents_of_an_area_are_those_of_the_areas_in_it(string name)
    {
        City city = Of(name);
        foreach (CityArea area in city.Areas.Where(area => city.Areas.Any(other => AreaPath.ParentOf(other.Id) == area.Id)))
        {
            Assert.Equal(area.Residents, city.Areas.Where(other => AreaPath.ParentOf(other.Id) == area.Id).Sum(other => other.Residents));
        }

        Assert.Equal(name, city.Areas[0].Id);
        Assert.True(city.Areas[0].Residents > 100_000);
    }

    [Fact]
    public void Dijon_has_what_it_is_known_for()
    {
        City dijon = Of("dijon");
        Dictionary<string, int> types = dijon.Devices.CountBy(device => device.Type).ToDictionary();
        Assert.Equal(
            [34_000, 113, 269, 180, 26],
            new[] { "street_light", "traffic_light", "camera", "building", "bollard" }.Select(type => types[type]));
        Assert.Equal(205, new[] { "police_unit", "street_sweeper", "waste_truck", "service_vehicle" }.Sum(type => types[type]));
        Assert.Equal(23, dijon.Areas.Count(area => AreaPath.ParentOf(area.Id) == "dijon"));
        Assert.Equal(10, dijon.Areas.Count(area => AreaPath.ParentOf(area.Id) == "dijon/dijon"));
        Assert.InRange(dijon.Areas[0].Residents, 250_000, 270_000);
        Assert.InRange(dijon.Devices.Length, 38_000, 42_000);
    }

    [Fact]
    public void The_register_knows_every_device_and_how_many_stand_in_each_area()
    {
        CityRegister register = Shipped.Register;
        Assert.All(Shipped.Cities.SelectMany(city => city.City.Devices), device => Assert.Equal((device.Type, device.Area), (register.Find(device.Id)?.Type, register.Find(device.Id)?.Area)));
        Assert.Null(register.Find("dijon-light-99999"));
        Assert.Null(register.Find("nowhere-light-00001"));
        Assert.Null(register.Find("dijon"));
        Assert.Equal(34_000, Shipped.AlertRules.ConfiguredDevices("dijon", "street_light"));
        Assert.Equal(Of("dijon").Devices.Length, register.ConfiguredDevices("dijon"));
        Assert.Equal(26, register.ConfiguredDevices("dijon/dijon/centre-ville", "bollard"));
        Assert.Equal(0, register.ConfiguredDevices("dijon/nowhere"));
        Assert.Equal(0, register.ConfiguredDevices("lille", "street_light"));
    }

    private static City Of(string name) => Shipped.Cities.Single(city => city.Name == name).City;
}
