using Streams.Domain.Cities;

namespace Streams.Simulator.Living.Models;

/// <summary>Parking, shared bicycles, taxis, waste and radio.</summary>
internal static class PlaceModels
{
    public static readonly DeviceModel[] All =
    [
        new("parking_lot", CarPark, [("capacity", 350)]),
        new("bike_share_station", BikeStation, [("capacity", 18)]),
        new("taxi_fleet", Taxis, [("usual_flow", 250)]),
        new("waste_bin", Bin, [("capacity", 240)]),
        new("waste_container", Container, []),
        new("pneumatic_waste_inlet", Inlet, [], Notices: [CityQuantity.WasteSuction]),
        new("wifi_access_point", AccessPoint, [("capacity", 120)], Notices: [CityQuantity.PowerSupply, CityQuantity.Network]),
        new("cell_site", CellSite, [("capacity", 900)], Notices: [CityQuantity.PowerSupply, CityQuantity.Network]),
    ];

    private static byte CarPark(ReadingDraft to)
    {
        double capacity = to.Figure(0);
        double taken = capacity * to.Sense(CityQuantity.Parking) * (0.75 + (0.35 * to.Own(1))) * (1 + (0.06 * to.Drift(2, 1.2)));
        to.Number("free_spaces"u8, Math.Round(capacity - taken + to.Noise()), 0, 0, capacity);
        to.Number("capacity"u8, capacity, 0);
        return Condition.Well;
    }

    private static byte BikeStation(ReadingDraft to)
    {
        double docks = to.Figure(0);
        double bikes = Math.Clamp(Math.Round(docks * (to.Sense(CityQuantity.Bikes) + (0.3 * to.Drift(1, 7)) + (0.12 * to.Drift(2, 0.5)) + (0.2 * (to.Own(3) - 0.5)))), 0, docks);
        to.Number("bikes_available"u8, bikes, 0);
        to.Number("docks_available"u8, docks - bikes, 0);
        return Condition.Well;
    }

    private static byte Taxis(ReadingDraft to)
    {
        double wet = Math.Min(1, to.Sense(CityQuantity.Rain) / 4);
        to.Number("taxi_passengers_30min"u8, to.Poisson(to.Figure(0) * to.Sense(CityQuantity.People) * (1 + (0.3 * wet)) * to.IntervalInHours * 2), 0);
        return Condition.Well;
    }

    /// <summary>The collection day and hour of this container or bin: the last one before now, and how many there were.</summary>
    private static (int Day, double Hour, int Count) LastCollection(ReadingDraft to)
    {
        int every = 2 + (int)(to.Own(30) * 3);
        double hour = 6 + (5.5 * to.Own(31));
        int day = to.Now.Day + (int)(to.Own(32) * every);
        int since = (day % every) + (day % every == 0 && to.Now.Hour < hour ? every : 0);
        return (Math.Max(0, to.Now.Day - since), hour, ((day - since) / every) % 900);
    }

    /// <summary>Percent.</summary>
    private static double FillSince(ReadingDraft to, int day, double hour)
    {
        int every = 2 + (int)(to.Own(30) * 3);
        double usual = 48 + (30 * to.Own(33));
        double gathered = to.Sum(Tally.Waste, to.Now.Day, to.Now.Hour) - to.Sum(Tally.Waste, day, hour);
        return usual * gathered / (24 * every) * to.Sense(CityQuantity.Waste) * (1 + (0.08 * to.Drift(34, 40)));
    }

    private static byte Bin(ReadingDraft to)
    {
        (int day, double hour, int _) = LastCollection(to);
        double hoursAgo = ((to.Now.Day - day) * 24) + to.Now.Hour - hour;
        if (hoursAgo > to.IntervalInHours)
        {
            return Condition.Well;
        }

        int every = 2 + (int)(to.Own(30) * 3);
        double fill = Math.Clamp((48 + (30 * to.Own(33))) * to.Sense(CityQuantity.Waste) * (1 + (0.2 * to.Noise())) * (0.8 + (0.1 * every)), 5, 160);
        to.Number("fill_level_before_collection"u8, fill, 0);
        to.Number("fill_level_after_collection"u8, 1 + (3 * to.Even()), 0);
        to.Number("collected_volume"u8, fill * to.Figure(0) / 100, 0, 0, 19_000);
        to.Number("collected_weight"u8, fill * to.Figure(0) / 100 * 0.11, 1, 0, 9900);
        to.Number("sensor_confidence"u8, 90 + (8 * to.Even()), 0);
        return Condition.Well;
    }

    private static byte Container(ReadingDraft to)
    {
        (int day, double hour, int count) = LastCollection(to);
        if (to.Orders?.CollectedAtInMs is { } emptiedInMs && to.At(emptiedInMs) is var emptied && (emptied.Day, emptied.Hour).CompareTo((day, hour)) > 0)
        {
            // Its next regular round does not count, so that the counter never falls.
            (day, hour, count) = (emptied.Day, emptied.Hour, count + 1);
        }

        to.Number("fill_level"u8, FillSince(to, day, hour) + 2 + (0.6 * to.Noise()), 0, 0, 160);
        to.Number("temperature"u8, to.Sense(CityQuantity.AirTemperature) + 3 + (0.006 * to.Sense(CityQuantity.Sun)) + (0.3 * to.Noise()), 1, -35, 60);
        to.Counter("emptyings"u8, count, 0);
        to.Number("battery_voltage"u8, 3.5 + (0.1 * to.Own(35)) + (0.008 * to.Noise()), 2);
        return Condition.Well;
    }

    /// <summary>
    /// Sucked empty every few hours, more often where more is thrown in. One that the pipes cannot empty when it is due says that it is blocked, and
    /// goes on filling until they can. Its condition keeps which emptying was the first that it missed.
    /// </summary>
    private static byte Inlet(ReadingDraft to)
    {
        const int Kept = 64;
        double perDay = 4 + (3 * to.Own(1));
        double gathered = (to.Sum(Tally.Waste, to.Now.Day, to.Now.Hour) / 24 * perDay) + to.Own(2);
        double part = gathered - Math.Floor(gathered);
        long round = (long)gathered;
        bool due = part < to.Rate(Tally.Waste) * to.IntervalInHours / 24 * perDay;
        bool waited = to.Last is >= Condition.Alarm and < Condition.Alarm + Kept;
        bool blocked = to.Sense(CityQuantity.WasteSuction) is < 0.9995 and var suction && to.Own(72) >= suction && (waited || due);
        long first = waited ? to.Last - Condition.Alarm : round % Kept;
        long missed = blocked ? 1 + ((round - first) % Kept) : 0;
        bool empties = to.HasPower && !blocked && (waited || part < 0.02);
        double fill = (missed + part) * 78 * to.Sense(CityQuantity.Waste);
        bool full = fill > 100;
        to.Number("fill_level"u8, fill + (0.5 * Math.Abs(to.Noise())), 0, 0, 140);
        if (!to.HasPower)
        {
            to.State("inlet"u8, "fault"u8, 4);
        }
        else if (blocked)
        {
            to.State("inlet"u8, "blocked"u8, 3);
        }
        else
        {
            to.State("inlet"u8, empties ? "emptying"u8 : full ? "full"u8 : "ready"u8, empties ? 2 : full ? 1 : 0);
        }

        to.Number("vacuum"u8, empties ? 32 + (2 * to.Noise()) : 1.5 + (0.3 * Math.Abs(to.Noise())), 1, 0, 95);
        to.Counter("emptyings"u8, (round - missed) % 20_000, 0);
        return blocked ? (byte)(Condition.Alarm + first) : Condition.Well;
    }

    /// <summary>Whether the radio works here: wholly (0), in part (1) or not at all (2). Where the network is gone altogether, nobody's works in part.</summary>
    private static int Radio(ReadingDraft to, double network) => network > 0.9995 ? 0 : to.Own(70) < network ? 0 : to.Own(71) < network / 2 ? 1 : 2;

    private static byte AccessPoint(ReadingDraft to)
    {
        int radio = to.HasPower ? Radio(to, to.Sense(CityQuantity.Network)) : 2;
        double use = radio == 2 ? 0 : Math.Clamp(to.Sense(CityQuantity.NetworkUse) * (0.4 + (0.9 * to.Own(1))) * (1 + (0.12 * to.Noise())), 0, 1) * (radio == 1 ? 0.5 : 1);
        to.State("radio"u8, radio == 0 ? "up"u8 : radio == 1 ? "degraded"u8 : "down"u8, radio);
        to.Number("clients"u8, radio == 2 ? 0 : to.Poisson(to.Figure(0) * use * 0.5), 0, 0, 4900);
        to.Number("throughput"u8, 420 * use, 1, 0, 99_000);
        to.Number("channel_utilization"u8, 8 + (78 * use), 0, 0, 100);
        return !to.HasPower ? Condition.Mute : radio == 2 ? Condition.Alarm : radio == 1 ? Condition.OtherAlarm
            : to.Last >= Condition.Alarm && to.Last != Condition.Unknown ? Condition.Restored : Condition.Well;
    }

    private static byte CellSite(ReadingDraft to)
    {
        bool mains = to.HasPower;
        int radio = Radio(to, to.Sense(CityQuantity.Network));
        double use = radio == 2 ? 0 : Math.Clamp(to.Sense(CityQuantity.NetworkUse) * (0.75 + (0.5 * to.Own(1))) * (1 + (0.05 * to.Noise())), 0, 1) * (radio == 1 ? 0.5 : 1);
        to.State("radio"u8, radio == 0 ? "up"u8 : radio == 1 ? "degraded"u8 : "down"u8, radio);
        to.Number("users"u8, radio == 2 ? 0 : to.Poisson(to.Figure(0) * use), 0, 0, 49_000);
        to.Number("throughput"u8, 2600 * use, 0, 0, 99_000);
        to.Number("resource_utilization"u8, 100 * use, 1, 0, 100);
        to.State("power_source"u8, mains ? "mains"u8 : "battery"u8, mains ? 0 : 1);
        return radio == 2 ? Condition.Alarm : radio == 1 ? Condition.OtherAlarm : !mains ? Condition.ThirdAlarm
            : to.Last >= Condition.Alarm && to.Last < Condition.Unknown ? Condition.Restored : Condition.Well;
    }
}
