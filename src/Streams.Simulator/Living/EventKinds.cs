using System.Text;
using Streams.Domain.Cities;

namespace Streams.Simulator.Living;

/// <summary>A kind of call or request.</summary>
/// <param name="Quantity">As scenarios name it, such as <c>calls.fire_call.gas_odor_leak</c>.</param>
/// <param name="Metric">As the device says it, such as <c>fire_call.gas_odor_leak</c>.</param>
/// <param name="DeviceType">The desk that takes it; where there is none of these, that for citizens' reports does.</param>
/// <param name="ADay">Usual number a day and a thousand residents.</param>
internal sealed record EventKind(string Quantity, byte[] Metric, string DeviceType, double ADay, EventCause Cause);

/// <summary>What makes a kind of event more or less frequent.</summary>
internal enum EventCause
{
    Illness,
    Accident,
    Street,
    Fire,
    Office,
    Water,
    Dark,
    Warmth,
    Snow,
}

/// <summary>Every kind of event of a city: the usual ones, and those that its scenarios name.</summary>
internal sealed class EventKinds
{
    private const string Dispatch = "emergency_dispatch", Citizens = "citizen_report", Hazards = "hazard_report", Waste = "waste_report";
    private const string Lights = "street_light_report", Signals = "traffic_signal_report", Snow = "snow_report";

    /// <summary>Desks that speak only when there is a call or a request.</summary>
    public static readonly string[] DeskTypes = [Dispatch, Citizens, Hazards, Waste, Lights, Signals, Snow];

    private static readonly (string Name, string Desk, double ADay, EventCause Cause)[] Usual =
    [
        ("calls.ems_call.fall_victim", Dispatch, 0.030, EventCause.Illness),
        ("calls.ems_call.respiratory_emergency", Dispatch, 0.026, EventCause.Illness),
        ("calls.ems_call.cardiac_emergency", Dispatch, 0.024, EventCause.Illness),
        ("calls.ems_call.subject_in_pain", Dispatch, 0.017, EventCause.Illness),
        ("calls.ems_call.unconscious_subject", Dispatch, 0.010, EventCause.Illness),
        ("calls.ems_call.head_injury", Dispatch, 0.009, EventCause.Illness),
        ("calls.ems_call.heat_exhaustion", Dispatch, 0.0005, EventCause.Warmth),
        ("calls.ems_call.vehicle_accident", Dispatch, 0.012, EventCause.Accident),
        ("calls.traffic_call.vehicle_accident", Dispatch, 0.045, EventCause.Accident),
        ("calls.traffic_call.disabled_vehicle", Dispatch, 0.018, EventCause.Accident),
        ("calls.traffic_call.road_obstruction", Dispatch, 0.009, EventCause.Street),
        ("calls.traffic_call.hazardous_road_conditions", Dispatch, 0.004, EventCause.Water),
        ("calls.fire_call.fire_alarm", Dispatch, 0.018, EventCause.Fire),
        ("calls.fire_call.fire_investigation", Dispatch, 0.006, EventCause.Fire),
        ("calls.fire_call.building_fire", Dispatch, 0.0022, EventCause.Fire),
        ("calls.fire_call.vehicle_fire", Dispatch, 0.0022, EventCause.Fire),
        ("calls.fire_call.gas_odor_leak", Dispatch, 0.0035, EventCause.Fire),
        ("calls.fire_call.vehicle_accident", Dispatch, 0.004, EventCause.Accident),
        ("calls.fire_call.woods_field_fire", Dispatch, 0.0006, EventCause.Warmth),
        ("calls.fire_call.pump_detail", Dispatch, 0.0006, EventCause.Water),
        ("requests.request.pothole", Hazards, 0.030, EventCause.Office),
        ("requests.request.sidewalk_repair", Hazards, 0.022, EventCause.Office),
        ("requests.request.fallen_tree", Hazards, 0.006, EventCause.Street),
        ("requests.request.flooding", Hazards, 0.002, EventCause.Water),
        ("requests.request.graffiti", Citizens, 0.035, EventCause.Office),
        ("requests.request.abandoned_vehicle", Citizens, 0.020, EventCause.Office),
        ("requests.request.illegal_parking", Citizens, 0.040, EventCause.Street),
        ("requests.request.noise", Citizens, 0.016, EventCause.Dark),
        ("requests.request.dead_animal", Citizens, 0.008, EventCause.Office),
        ("requests.request.no_water", Citizens, 0.001, EventCause.Office),
        ("requests.request.no_heating", Citizens, 0.002, EventCause.Office),
        ("requests.request.street_light_outage", Lights, 0.034, EventCause.Dark),
        ("requests.request.traffic_signal_fault", Signals, 0.012, EventCause.Street),
        ("requests.request.overflowing_bin", Waste, 0.030, EventCause.Office),
        ("requests.request.bulky_waste", Waste, 0.045, EventCause.Office),
        ("requests.request.missed_collection", Waste, 0.018, EventCause.Office),
        ("requests.request.snow_clearing", Snow, 0.0001, EventCause.Snow),
    ];

    private readonly EventKind[] _kinds;
    private readonly int[][] _desks;

    public EventKinds(City city, Ground ground)
    {
        var byName = Usual.ToDictionary(each => each.Name, each => Of(each.Name, each.Desk, each.ADay, each.Cause), StringComparer.Ordinal);
        foreach (ScenarioEffect.Condition condition in city.Scenarios.SelectMany(scenario => scenario.Effects).OfType<ScenarioEffect.Condition>())
        {
            if (!CityQuantities.TryFind(condition.Quantity, out _))
            {
                byName.TryAdd(condition.Quantity, Of(condition.Quantity, condition.Quantity.StartsWith("calls.", StringComparison.Ordinal) ? Dispatch : Citizens, 0, EventCause.Street));
            }
        }

        _kinds = [.. byName.Values.OrderBy(kind => kind.Quantity, StringComparer.Ordinal)];
        var desks = new Dictionary<(int Area, string Type), int>();
        for (int device = city.Devices.Length - 1; device >= 0; device--)
        {
            desks[(ground.AreaOf[device], city.Devices[device].Type)] = device;
        }

        _desks = [.. Enumerable.Range(0, ground.Areas.Length).Select(area => _kinds.Select(kind => DeskOf(kind.DeviceType, area)).ToArray())];

        int DeskOf(string type, int area)
        {
            for (int at = area; at >= 0; at = ground.Parents[at])
            {
                if (desks.TryGetValue((at, type), out int desk) || (type != Dispatch && desks.TryGetValue((at, Citizens), out desk)))
                {
                    return desk;
                }
            }

            return -1;
        }
    }

    public IReadOnlyList<EventKind> All => _kinds;

    /// <summary>The device that tells of events of a kind in an area: its own desk, or the next one above; -1 where there is none.</summary>
    public int DeskOf(int area, int kind) => _desks[area][kind];

    /// <summary>Usual events an hour among so many residents, as the city is now.</summary>
    public static double Rate(EventKind kind, double residents, Conditions conditions, int area)
    {
        double Here(CityQuantity quantity) => conditions.Value(area, quantity);
        double hour = conditions.Now.Hour;
        double wet = Here(CityQuantity.Rain) is var rain && rain > 0 ? rain / (rain + 3) : 0;
        double times = kind.Cause switch
        {
            EventCause.Illness => 0.5 + Rhythm.Hill(hour, 14, 5),
            EventCause.Accident => 3 * Here(CityQuantity.Traffic) * (1 + (0.7 * wet) + (0.3 * Here(CityQuantity.SnowDepth))),
            EventCause.Street => (0.3 + Here(CityQuantity.People)) * (1 + (0.02 * Math.Pow(Math.Max(0, Here(CityQuantity.Wind) - 10), 2))),
            EventCause.Fire => 0.6 + (0.8 * Rhythm.Hill(hour, 18, 4)),
            EventCause.Water => 0.5 + (0.25 * Math.Max(0, Here(CityQuantity.Rain) - 4)) + (0.3 * Math.Max(0, Here(CityQuantity.RiverLevel) - 90)),
            EventCause.Dark => 0.4 + (1.4 * Rhythm.Hill(hour, 21, 2.8)),
            EventCause.Warmth => 1 + Math.Pow(Math.Max(0, Here(CityQuantity.AirTemperature) - 28), 2),
            EventCause.Snow => 1 + (40 * Here(CityQuantity.SnowDepth)),
            _ => 0.15 + (2.2 * Rhythm.Work(conditions.Now.Kind, hour)),
        };
        return kind.ADay / 24 * residents / 1000 * times;
    }

    private static EventKind Of(string quantity, string desk, double aDay, EventCause cause) =>
        new(quantity, Encoding.UTF8.GetBytes(quantity[(quantity.IndexOf('.', StringComparison.Ordinal) + 1)..]), desk, aDay, cause);
}
