using Streams.Domain.Cities;

namespace Streams.Simulator.Living.Models;

/// <summary>Everything that drives: buses and trams on their lines, the city's crews on their rounds, units on missions.</summary>
internal static class VehicleModels
{
    private const double ShiftBegins = 6, ShiftHours = 7.5;

    public static readonly DeviceModel[] All =
    [
        // Mean speed in km/h, stops included.
        new("bus", static to => Transit(to, stopsAnHour: 40), [("usual_speed", 17)], RouteInKm: 14),
        new("tram", static to => Transit(to, stopsAnHour: 44), [("usual_speed", 19)], RouteInKm: 14),
        new("street_sweeper", static to => Crew(to, ShiftBegins, fills: true), [("usual_speed", 7)], RouteInKm: 3),
        new("waste_truck", static to => Crew(to, ShiftBegins - 0.5, fills: true), [("usual_speed", 11)], RouteInKm: 5),
        new("service_vehicle", static to => Crew(to, ShiftBegins + 1.5, fills: false), [("usual_speed", 12)], RouteInKm: 6),
        new("police_unit", static to => Unit(to, busy: 0.34, to.Sense(CityQuantity.People), transports: false), [("usual_speed", 32)], RouteInKm: 5),
        new("fire_unit", static to => Unit(to, busy: 0.1, 1, transports: false), [("usual_speed", 42)], RouteInKm: 5),
        new("ambulance", static to => Unit(to, busy: 0.3, 1, transports: true), [("usual_speed", 38)], RouteInKm: 6),
    ];

    /// <summary>
    /// Round and round its line while in service. Between two stops it speeds up and slows down, so that what it says of its speed is what its
    /// positions show.
    /// </summary>
    private static byte Transit(ReadingDraft to, double stopsAnHour)
    {
        double usual = to.Figure(0) * (0.92 + (0.16 * to.Own(1)));
        double service = Tallies.Service(to.Now.Hour);
        double phase = (2 * Math.PI * stopsAnHour * to.TimeInMs / 3_600_000.0) + (6.28 * to.Own(2));
        double hours = to.Sum(Tally.Service, to.Now.Day, to.Now.Hour) + (service * 0.95 * Math.Sin(phase) / (2 * Math.PI * stopsAnHour));
        Route route = to.Route!;
        to.Position = service > 0 ? route.At((usual * hours) + (to.Own(3) * route.LengthInKm)) : route.Depot;

        bool broken = service > 0 && IsBrokenDown(to);
        double riders = service > 0 ? to.Sense(CityQuantity.TransitRiders) * (0.6 + (0.8 * Chance.Even(to.Lot(4, (long)(hours * 1.2))))) : 0;
        double delay = service > 0 ? (to.Sense(CityQuantity.TransitDelay) * (0.4 + (1.2 * Chance.Even(to.Lot(5, (long)hours))))) + (25 * to.Drift(6, 0.4)) : 0;
        double driven = to.Now.Hour >= 5 ? (to.Sum(Tally.Service, to.Now.Day, to.Now.Hour) - to.Sum(Tally.Service, to.Now.Day, 5)) / Tallies.ServiceHours : 0;
        double charge = to.Now.Hour >= 5 ? 96 - (58 * driven) : 38 + (58 * Math.Clamp((to.Now.Hour - 0.5) / 4.5, 0, 1));
        to.Number("delay"u8, delay + (broken ? 900 : 0), 0, -600, 14_000);
        to.Number("occupancy"u8, 100 * riders, 0, 0, 220);
        to.Number("speed"u8, Math.Max(0, usual * service * (1 + (0.95 * Math.Cos(phase)))), 1, 0, 120);
        to.Number("charge"u8, charge, 0, 12, 100);
        to.Counter("odometer"u8, to.Counted(Tally.Service) * usual, 1);
        to.State("service"u8, service <= 0 ? "depot"u8 : broken ? "broken_down"u8 : "in_service"u8, service <= 0 ? 0 : broken ? 2 : 1);
        return Condition.Well;
    }

    /// <summary>About once in two hundred days, for some forty minutes.</summary>
    private static bool IsBrokenDown(ReadingDraft to)
    {
        ulong lot = to.Lot(8, to.Now.Day);
        double begins = 6 + (14 * Chance.Even(Chance.Mix(lot, 1UL)));
        return Chance.Even(lot) < 0.005 && to.Now.Hour >= begins && to.Now.Hour < begins + 0.7;
    }

    /// <summary>One round a shift, Monday to Saturday, at walking pace where it works; parked at the depot for the rest of the time.</summary>
    private static byte Crew(ReadingDraft to, double begins, bool fills)
    {
        bool works = to.Now.Kind != DayKind.Sunday;
        double shift = works ? Math.Clamp(to.Now.Hour - begins - (0.7 * to.Own(1)), 0, ShiftHours) : 0;
        Route route = to.Route!;
        double usual = to.Figure(0) * (0.8 + (0.4 * to.Own(2)));
        double rounds = Math.Max(1, Math.Round(usual * ShiftHours / route.LengthInKm));
        double aDay = rounds * route.LengthInKm;
        double phase = 2 * Math.PI * 30 * shift;
        bool on = shift > 0 && shift < ShiftHours;
        double km = (aDay * shift / ShiftHours) + (on ? aDay / ShiftHours * 0.9 * Math.Sin(phase) / (2 * Math.PI * 30) : 0);
        to.Position = on ? route.At(Math.Clamp(km, 0, aDay)) : route.Depot;

        // A working day that is over is one more on the odometer.
        int days = (to.Now.Day + 2) / 7 * 6 + Math.Min(6, (to.Now.Day + 2) % 7);
        double loads = shift / ShiftHours * 2.2;
        bool driving = on && loads - Math.Floor(loads) > 0.9;
        to.State("status"u8, !on ? "parked"u8 : driving ? "driving"u8 : "working"u8, !on ? 0 : driving ? 1 : 2);
        to.Number("speed"u8, on ? Math.Max(0, aDay / ShiftHours * (1 + (0.9 * Math.Cos(phase)))) : 0, 1, 0, 140);
        to.Number("charge"u8, on ? 95 - (55 * shift / ShiftHours) : to.Now.Hour > begins + ShiftHours ? 40 + (55 * Math.Min(1, (to.Now.Hour - begins - ShiftHours) / 5)) : 95, 0, 5, 100);
        if (fills)
        {
            to.Number("hopper_level"u8, on ? 95 * (loads - Math.Floor(loads)) : 0, 0, 0, 140);
        }

        to.Counter("odometer"u8, (days * aDay) + Math.Max(0, km), 1);
        return Condition.Well;
    }

    /// <summary>
    /// Missions begin in slots of fifty minutes: out to a place, there for a while, (to the hospital,) and back. How many units are out follows
    /// the hour; who is out stays out until the mission is over.
    /// </summary>
    private static byte Unit(ReadingDraft to, double busy, double stir, bool transports)
    {
        const long SlotInMs = 50 * 60_000;
        long at = to.TimeInMs + (long)(to.Own(1) * SlotInMs);
        long slot = at / SlotInMs;
        ulong lot = to.Lot(2, slot);
        double minutes = at % SlotInMs / 60_000.0;
        double want = busy * (0.5 + (0.5 * Math.Min(2, stir)));
        bool mission = to.Last == Condition.Alarm || minutes < 2 || to.Last == Condition.Unknown ? Chance.Even(lot) < want || (to.Last == Condition.Alarm && minutes >= 2) : false;

        Route route = to.Route!;
        double speed = to.Figure(0) * (0.85 + (0.3 * Chance.Even(Chance.Mix(lot, 1UL))));
        double far = Math.Min(route.LengthInKm / 2, speed * (4 + (5 * Chance.Even(Chance.Mix(lot, 2UL)))) / 60);
        double there = far / speed * 60;
        double scene = 8 + (10 * Chance.Even(Chance.Mix(lot, 3UL)));
        double hospital = transports ? there * 0.7 : 0;
        double back = there + hospital;
        (int status, double km, double now) = !mission ? (0, 0, 0)
            : minutes < there ? (1, speed * minutes / 60, speed)
            : (minutes -= there) < scene ? (2, far, 0)
            : (minutes -= scene) < hospital ? (3, far + (speed * minutes / 60), speed)
            : (minutes -= hospital) < back ? (4, Math.Max(0, far + (speed * hospital / 60) - (speed * minutes / 60)), speed)
            : (0, 0.0, 0.0);
        to.Position = status == 0 ? route.Depot : route.At(km);
        to.State("status"u8, status switch { 0 => "available"u8, 1 => "dispatched"u8, 2 => "on_scene"u8, 3 => "transporting"u8, _ => "returning"u8 }, status);
        to.Number("speed"u8, now > 0 ? Math.Max(3, now + (2 * to.Noise())) : 0, 1, 0, 200);
        to.Counter("odometer"u8, to.Counted(Tally.Electricity) * busy * to.Figure(0) * 0.35, 1);
        return status == 0 ? Condition.Well : Condition.Alarm;
    }
}
