using System.Text;
using Streams.Domain.Cities;
using Streams.Domain.Detection;
using Streams.Domain.Devices;
using Streams.Domain.Readings;
using Streams.Simulator.Living;
using Streams.Simulator.Living.Models;

namespace Streams.Simulator.Tests.Living;

public sealed class SimulatedCityTests
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    [Fact]
    public void Every_device_type_of_the_catalogue_has_a_model_or_a_desk()
    {
        Assert.Empty(SmallCity.Types.Select(type => type.Name).Except(DeviceModel.ByType.Keys).Except(EventKinds.DeskTypes));
        Assert.Empty(DeviceModel.ByType.Keys.Concat(EventKinds.DeskTypes).Except(SmallCity.Types.Select(type => type.Name)));
    }

    [Theory]
    [InlineData(1, "2026-11-18T00:00:00Z")]
    [InlineData(2, "2026-07-24T00:00:00Z")]
    public void A_day_of_every_type_is_taken_by_parser_and_devices_without_a_refusal_or_an_impossible_value(ulong seed, string from)
    {
        var catalog = new DeviceCatalog(SmallCity.Types);
        var devices = new Dictionary<string, Device>(StringComparer.Ordinal);
        var reading = new Reading();
        using SimulatedCity simulation = SmallCity.Simulate(SmallCity.Of(2), DateTimeOffset.Parse(from, System.Globalization.CultureInfo.InvariantCulture).ToUnixTimeMilliseconds(), seed);
        long end = simulation.NowInMs + (long)Day.TotalMilliseconds;
        while (simulation.Next() && simulation.DueInMs < end)
        {
            ReadOnlySpan<byte> body = simulation.Body(0);
            Assert.True(ReadingParser.TryParse(body, simulation.DueInMs, reading, out Refusal? refusal), $"{refusal}: {Encoding.UTF8.GetString(body)}");
            string id = Encoding.UTF8.GetString(simulation.Key);
            if (!devices.TryGetValue(id, out Device? device))
            {
                devices.Add(id, device = new Device(id));
            }

            Outcome outcome = device.Apply(reading, catalog, simulation.DueInMs);
            Assert.True(outcome.Refusal is null && outcome.Kind != OutcomeKind.Repeat, $"{outcome.Refusal}: {Encoding.UTF8.GetString(body)}");
            Assert.True(device.ImpossibleCount == 0, Encoding.UTF8.GetString(body));
        }

        string[] regular = [.. SmallCity.Types.Where(type => type.Interval > TimeSpan.Zero).Select(type => type.Name)];
        Assert.Empty(regular.Except(devices.Values.Select(device => device.Type)));
    }

    [Fact]
    public void The_same_seed_says_the_same_bytes_and_another_one_others()
    {
        static string Text(ulong seed) => string.Join('\n', SmallCity.Play(SmallCity.Simulate(SmallCity.Of(), SmallCity.Noon, seed, new Imperfections { Late = 0.02, Repeated = 0.02, Broken = 0.5 }), TimeSpan.FromHours(2)).Select(said => said.Body));

        Assert.Equal(Text(1), Text(1));
        Assert.NotEqual(Text(1), Text(2));
    }

    [Fact]
    public void A_city_that_starts_in_the_middle_goes_on_as_one_that_started_before()
    {
        City city = SmallCity.Of(of: type => type.Name is not ("police_unit" or "fire_unit" or "ambulance"));
        long middle = SmallCity.Noon + 3 * 3_600_000 + 1234;
        List<Said> whole = SmallCity.Play(SmallCity.Simulate(city, SmallCity.Noon), TimeSpan.FromHours(6));
        List<Said> half = SmallCity.Play(SmallCity.Simulate(city, middle), TimeSpan.FromMilliseconds(SmallCity.Noon + (6 * 3_600_000) - middle));

        Assert.Equal(whole.Where(said => said.TimeInMs >= middle).Select(said => said.Sense), half.Where(said => said.TimeInMs >= middle).Select(said => said.Sense));
    }

    [Fact]
    public void Readings_come_in_the_order_in_which_they_are_due_and_each_device_is_heard_within_its_interval()
    {
        City city = SmallCity.Of(1);
        List<Said> said = SmallCity.Play(SmallCity.Simulate(city, SmallCity.Noon), TimeSpan.FromHours(1));

        Assert.Equal(said.Select(each => each.DueInMs).Order(), said.Select(each => each.DueInMs));
        Assert.Empty(city.Devices.Where(device => device.Interval > TimeSpan.Zero && device.Interval <= TimeSpan.FromHours(1)).Select(device => device.Id).Except(said.Select(each => each.Device)));
    }

    [Fact]
    public void A_reading_costs_no_memory()
    {
        using SimulatedCity simulation = SmallCity.Simulate(SmallCity.Of(), SmallCity.Noon);
        const int Readings = 50_000;
        for (int i = 0; i < Readings; i++)
        {
            simulation.Next();
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < Readings; i++)
        {
            simulation.Next();
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / (double)Readings, 0, 2);
    }

    [Fact]
    public void A_rate_stretches_all_intervals_alike()
    {
        City city = SmallCity.Of();
        using var simulation = new SimulatedCity(city, new SimulationPlan(1, SmallCity.Noon) { Rate = 50, Imperfections = Imperfections.None }, new ScenarioRuns(city, []));
        int count = SmallCity.Play(simulation, TimeSpan.FromMinutes(10)).Count;

        Assert.InRange(count / 600.0, 48, 52);
    }

    [Fact]
    public void A_city_in_which_nobody_would_ever_say_anything_is_refused_and_one_of_desks_alone_has_calls()
    {
        City empty = SmallCity.Of(ofEach: 0);
        City desks = SmallCity.Of(of: type => EventKinds.DeskTypes.Contains(type.Name));
        City deserted = desks with { Areas = [.. desks.Areas.Select(area => area with { Residents = 0 })] };

        Assert.All([empty, deserted], city => Assert.Equal("It has no device that would ever say anything.", Assert.Throws<ArgumentException>(() => SmallCity.Simulate(city, SmallCity.Noon)).Message));
        using SimulatedCity simulation = SmallCity.Simulate(desks, SmallCity.Noon);
        Assert.True(simulation.Next());
    }
}
