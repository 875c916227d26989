using Streams.Domain.Cities;

namespace Streams.Simulator.Living.Models;

/// <summary>Traffic, junctions, bollards and cameras.</summary>
internal static class StreetModels
{
    public static readonly DeviceModel[] All =
    [
        // Vehicles an hour that the road carries, and the speed on it when it is empty.
        new("traffic_counter", TrafficCounter, [("capacity", 900), ("free_speed", 50)]),
        new("loop_detector", Loop, [("capacity", 3800), ("free_speed", 105)]),
        new("road_detector", Road, [("capacity", 1100), ("free_speed", 50)]),
        new("travel_time_segment", Segment, [("length", 2.5), ("free_speed", 60)]),
        new("pedestrian_counter", PedestrianCounter, [("usual_flow", 320)]),
        new("traffic_light", TrafficLight, [("capacity", 1500)], Notices: [CityQuantity.PowerSupply]),
        new("bollard", Bollard, [("usual_flow", 9)], Notices: [CityQuantity.PowerSupply]),

        // People in view on an ordinary day's mean, and the square metres that it sees.
        new("camera", Camera, [("usual_people", 8), ("area", 400)], Notices: [CityQuantity.PowerSupply]),
    ];

    private static byte TrafficCounter(ReadingDraft to)
    {
        double cars = Flow(to);
        to.Number("cars_per_hour"u8, to.Poisson(cars), 0, 0, 11_900);
        to.Number("heavy_vehicles_per_hour"u8, to.Poisson(cars * 0.05), 0, 0, 3900);
        to.Number("bicycles_per_hour"u8, to.Poisson(45 * (0.4 + (1.2 * to.Own(2))) * to.Sense(CityQuantity.Cycling)), 0, 0, 5900);
        to.Number("pedestrians_per_hour"u8, to.Poisson(90 * (0.3 + (1.4 * to.Own(3))) * to.Sense(CityQuantity.People)), 0, 0, 19_900);
        to.Number("car_speed_v85"u8, (to.Figure(1) * to.Sense(CityQuantity.TrafficSpeed)) + 4 + to.Noise(), 1, 3, 190);
        to.Number("uptime_fraction"u8, 0.96 + (0.035 * to.Even()), 3);
        return Condition.Well;
    }

    /// <summary>Vehicles an hour.</summary>
    private static double Flow(ReadingDraft to)
    {
        double traffic = to.Sense(CityQuantity.Traffic), speed = to.Sense(CityQuantity.TrafficSpeed);

        // In a jam fewer get through although more are there.
        double through = Math.Min(traffic, 1) * Math.Min(1, 0.25 + (1.4 * speed));
        return to.Figure(0) * (0.55 + (0.45 * to.Own(1))) * through * (1 + (0.07 * to.Drift(9, 0.4)));
    }

    private static byte Loop(ReadingDraft to)
    {
        double speed = Speed(to);
        double cars = to.Poisson(Flow(to) * to.IntervalInHours);
        to.Number("vehicle_speed"u8, speed, 1, 2, 240);
        to.Number("vehicles"u8, cars, 0, 0, 1450);

        // Two lanes; a car and its headway cover some 8 m.
        to.Number("lane_occupancy"u8, 100 * cars / to.IntervalInHours / 2 * 0.008 / Math.Max(4, speed), 1, 0, 95);
        return Condition.Well;
    }

    private static byte Road(ReadingDraft to)
    {
        double speed = Speed(to);
        double cars = to.Poisson(Flow(to) * to.IntervalInHours);
        to.Number("vehicle_speed"u8, speed, 1, 2, 240);
        to.Number("lane_occupancy"u8, (100 * cars / to.IntervalInHours * 0.007 / Math.Max(4, speed)) + (0.15 * Math.Abs(to.Noise())), 1, 0, 95);
        to.Number("vehicles"u8, cars, 0, 0, 1450);
        return Condition.Well;
    }

    private static double Speed(ReadingDraft to) =>
        (to.Figure(1) * (0.92 + (0.12 * to.Own(4))) * to.Sense(CityQuantity.TrafficSpeed) * (1 + (0.03 * to.Drift(5, 0.3)))) + (1.1 * to.Noise());

    private static byte Segment(ReadingDraft to)
    {
        double speed = Math.Max(3, to.Figure(1) * to.Sense(CityQuantity.TrafficSpeed));
        to.Number("travel_time"u8, (3600 * to.Figure(0) * (0.6 + (0.8 * to.Own(1))) / speed * (1 + (0.04 * to.Noise()))) + 10, 0, 5, 14_000);
        return Condition.Well;
    }

    private static byte PedestrianCounter(ReadingDraft to)
    {
        double mean = to.Figure(0) * (0.5 + to.Own(1)) * to.Sense(CityQuantity.People);
        to.Number("pedestrians_per_hour"u8, to.Poisson(mean * (1 + (0.05 * to.Noise()))), 0, 0, 49_000);
        return Condition.Well;
    }

    private static byte TrafficLight(ReadingDraft to)
    {
        bool dark = !to.HasPower;
        double hour = to.Now.Hour, traffic = to.Sense(CityQuantity.Traffic), speed = to.Sense(CityQuantity.TrafficSpeed);
        bool workday = to.Now.Kind == DayKind.Workday;
        (int program, int cycle) = hour is < 5.5 or >= 22 ? (0, 60)
            : workday && hour is >= 7 and < 9.25 ? (2, 100)
            : workday && hour is >= 16.25 and < 19 ? (3, 100)
            : (1, 80);
        bool flashes = !dark && ((program == 0 && to.Own(1) < 0.3) || to.Orders is { Flashes: true });
        to.State("signal"u8, dark ? "dark"u8 : flashes ? "flashing"u8 : "normal"u8, dark ? 2 : flashes ? 1 : 0);
        to.State("program"u8, program switch { 0 => "night"u8, 1 => "off_peak"u8, 2 => "morning_peak"u8, _ => "evening_peak"u8 }, program);
        to.Number("cycle_time"u8, dark || flashes ? 0 : cycle, 0);
        double queue = (18 + (30 * to.Own(2))) * traffic * traffic / Math.Max(0.15, speed) * 2.2 * (dark ? 1.8 : 1);
        to.Number("queue_length"u8, queue * Math.Exp(0.18 * to.Noise()), 0, 0, 4900);
        to.Number("vehicles"u8, to.Poisson(to.Figure(0) * (0.5 + (0.5 * to.Own(3))) * Math.Min(traffic, 1) * Math.Min(1, 0.25 + (1.4 * speed)) * to.IntervalInHours), 0, 0, 480);
        to.Number("lamp_faults"u8, Chance.Even(to.Lot(4, to.Now.Day / 20)) < 0.03 ? 1 : 0, 0);
        to.State("cabinet_door"u8, "closed"u8, 0);
        return dark ? Condition.Alarm : to.Last == Condition.Alarm ? Condition.Restored : Condition.Well;
    }

    private static byte Bollard(ReadingDraft to)
    {
        if (!to.HasPower)
        {
            // Without power it sinks, so that fire engines get through.
            to.State("position"u8, "down"u8, 1);
            to.Counter("passages"u8, to.Counted(Tally.Vehicles) * to.Figure(0) / 2, 0);
            return Condition.Mute;
        }

        double usual = to.Figure(0) * (0.4 + (1.2 * to.Own(1)));
        bool down = to.Even() < usual * Rhythm.Traffic(to.Now.Kind, to.Now.Hour) * 2 * 25 / 3600;
        to.State("position"u8, down ? "down"u8 : "up"u8, down ? 1 : 0);
        to.Counter("passages"u8, Math.Floor(to.Counted(Tally.Vehicles) * usual / 2), 0);
        return to.Last == Condition.Mute ? Condition.Restored : Condition.Well;
    }

    private static byte Camera(ReadingDraft to)
    {
        // Its head end still speaks when the camera has no power.
        bool sees = to.HasPower;
        double people = to.Figure(0) * (0.3 + (1.4 * to.Own(1))) * to.Sense(CityQuantity.People);
        int counted = sees ? to.Poisson(people * (1 + (0.1 * to.Drift(2, 0.2)))) : 0;
        bool dirty = sees && Chance.Even(to.Lot(3, to.Now.Day / 30)) < 0.01;
        to.State("view"u8, !sees ? "no_signal"u8 : dirty ? "dirty"u8 : "clear"u8, !sees ? 4 : dirty ? 1 : 0);
        to.Number("people"u8, counted, 0, 0, 4900);

        // People stand together in a part of what it sees, and the closer the more there are in town.
        to.Number("crowd_density"u8, counted * 2.5 / to.Figure(1) * Math.Min(3.5, 1 + (0.25 * to.Sense(CityQuantity.People))), 2, 0, 12);
        to.Number("vehicles"u8, sees ? to.Poisson(9 * (0.2 + to.Own(4)) * to.Sense(CityQuantity.Traffic)) : 0, 0, 0, 900);
        to.Number("frame_rate"u8, sees ? 25 - Math.Abs(0.15 * to.Noise()) : 0, 1);
        return !sees ? Condition.Alarm : to.Last == Condition.Alarm ? Condition.Restored : Condition.Well;
    }
}
