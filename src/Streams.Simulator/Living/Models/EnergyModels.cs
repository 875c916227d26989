using Streams.Domain.Cities;

namespace Streams.Simulator.Living.Models;

/// <summary>Electricity, gas, heat, lighting and public buildings.</summary>
internal static class EnergyModels
{
    public static readonly DeviceModel[] All =
    [
        new("street_light", StreetLight, [("rated_power", 70)], Notices: [CityQuantity.PowerSupply]),
        new("electricity_meter", ElectricityMeter, [("annual_use", 3600)], Notices: [CityQuantity.PowerSupply]),
        new("gas_meter", GasMeter, [("annual_use", 1100)]),
        new("gas_detector", GasDetector, [], Notices: [CityQuantity.GasLeak]),
        new("heat_meter", HeatMeter, [("rated_power", 180)]),
        new("substation", Substation, [("rated_power", 20), ("voltage", 20)], Notices: [CityQuantity.PowerSupply, CityQuantity.ElectricityDemand]),
        new("ev_charger", Charger, [("rated_power", 22)], Notices: [CityQuantity.PowerSupply]),
        new("solar_installation", Solar, [("rated_power", 40)], Notices: [CityQuantity.PowerSupply]),
        new("battery_storage", Battery, [("rated_power", 500)]),
        new("building", Building, [("rated_power", 90), ("capacity", 250)], Notices: [CityQuantity.PowerSupply]),
    ];

    private static double Voltage(ReadingDraft to) => 231 - (3 * (to.Sense(CityQuantity.ElectricityDemand) - 1)) + (2 * (to.Own(80) - 0.5)) + (0.8 * to.Noise());

    private static byte StreetLight(ReadingDraft to)
    {
        double rated = to.Figure(0) * (0.85 + (0.3 * to.Own(1)));
        double energy = to.Counted(Tally.Light) * rated / 1000;
        double tilt = (1.5 * to.Own(2)) + (0.05 * Math.Abs(to.Noise()));
        if (!to.HasPower)
        {
            Lamp("off"u8, 0, 0, 0);
            return Condition.Mute;
        }

        double voltage = Voltage(to);
        double? told = to.Orders?.BrightnessInPercent;
        bool lit = told is { } wanted ? wanted > 0 : to.SunElevation < -2 + to.Own(3);
        if (!lit)
        {
            Lamp("off"u8, 0, 0, voltage);
        }
        else if (IsFailed(to))
        {
            Lamp("failed"u8, 3, 0, voltage);
        }
        else if (told is { } brightness)
        {
            Lamp(brightness < 100 ? "dimmed"u8 : "on"u8, brightness < 100 ? 2 : 1, (int)Math.Round(brightness), voltage);
        }
        else if (to.Now.Hour is >= 23 or < 5 && to.Orders?.IsUndimmed != true)
        {
            Lamp("dimmed"u8, 2, 50, voltage);
        }
        else
        {
            Lamp("on"u8, 1, 100, voltage);
        }

        return to.Last == Condition.Mute ? Condition.Restored : Condition.Well;

        void Lamp(ReadOnlySpan<byte> state, int index, int brightness, double volts)
        {
            to.State("lamp"u8, state, index);
            to.Number("brightness"u8, brightness, 0);
            to.Number("power"u8, brightness > 0 ? rated * brightness / 100 * (1 + (0.015 * to.Noise())) : volts > 0 ? 0.6 : 0, 1);
            to.Counter("energy"u8, energy, 2);
            to.Number("voltage"u8, volts, 1);
            to.Number("tilt"u8, tilt, 1);
        }
    }

    /// <summary>A lamp fails every few years and waits some days for its repair: about one in a thousand at any time.</summary>
    private static bool IsFailed(ReadingDraft to)
    {
        if (to.Own(4) > to.Sense(CityQuantity.Lighting))
        {
            return true;
        }

        const int SlotInDays = 64;
        int at = to.Now.Day + (int)(to.Own(5) * SlotInDays);
        ulong lot = to.Lot(6, at / SlotInDays);
        return Chance.Even(lot) < 0.016 && at % SlotInDays < 2 + (int)(lot % 5);
    }

    private static byte ElectricityMeter(ReadingDraft to)
    {
        if (!to.HasPower)
        {
            to.State("supply"u8, "lost"u8, 1);
            to.Number("voltage"u8, 0, 0);
            return Condition.Mute;
        }

        double anHour = to.Figure(0) * (0.35 + (1.3 * to.Own(1))) / 8766;
        to.Number("energy_half_hour"u8, anHour * 0.5 * to.Sense(CityQuantity.ElectricityDemand) * Math.Exp(0.75 * to.Noise()) * 0.78, 3, 0, 49);
        bool restored = to.Last == Condition.Mute;
        to.State("supply"u8, restored ? "restored"u8 : "on"u8, restored ? 2 : 0);
        to.Number("voltage"u8, Voltage(to), 1, 0, 490);
        return restored ? Condition.Restored : Condition.Well;
    }

    private static byte GasMeter(ReadingDraft to)
    {
        to.Counter("volume"u8, to.Counted(Tally.Gas) * to.Figure(0) * (0.4 + (1.2 * to.Own(1))) / 8766, 2);
        to.Number("pressure"u8, 22 - (0.8 * to.Sense(CityQuantity.GasDemand)) + (0.15 * to.Noise()), 1, 0, 490);
        to.State("valve"u8, "open"u8, 0);
        return Condition.Well;
    }

    private static byte GasDetector(ReadingDraft to)
    {
        // How near the leak it is: half of the detectors smell next to nothing.
        double near = Math.Max(0, (1.8 * to.Own(1)) - 0.8);
        double methane = (to.Sense(CityQuantity.GasLeak) * near) + 0.4 + (0.15 * to.Noise());
        to.Number("methane"u8, methane, 1, -4, 100);
        bool due = to.Own(2) < 0.02 && to.Drift(3, 24 * 60) > 0.4;
        to.State("sensor_state"u8, due ? "service_due"u8 : "ok"u8, due ? 2 : 0);
        return methane >= 40 ? Condition.OtherAlarm : methane >= 10 ? Condition.Alarm : Condition.Well;
    }

    /// <summary>Water of so many degrees, of whose warmth a share arrives; without any it is as cold as the ground that the pipes lie in.</summary>
    private static double Cooled(double degrees, double share) => 15 + ((degrees - 15) * share);

    private static byte HeatMeter(ReadingDraft to)
    {
        double mean = to.Figure(0) * 0.25 * (0.6 + (0.8 * to.Own(1)));
        double arrives = Math.Clamp(to.Sense(CityQuantity.HeatSupply), 0, 1);
        double power = Math.Max(0, mean * to.Sense(CityQuantity.HeatDemand) * arrives * (1 + (0.05 * to.Noise())));
        double supply = Cooled(72 + (8 * Math.Min(2, to.Sense(CityQuantity.HeatDemand))), arrives) + (0.4 * to.Noise());
        double drop = arrives * (26 + (4 * to.Own(2)));
        double back = supply - drop + (0.3 * to.Noise());
        to.Counter("energy"u8, to.Counted(Tally.Heat) * mean, 1);
        to.Number("power"u8, power, 1, 0, 99_000);
        to.Number("flow"u8, drop > 1 ? power / (1.163 * (supply - back)) : 0, 3, 0, 4900);
        to.Number("supply_temperature"u8, supply, 1);
        to.Number("return_temperature"u8, back, 1);
        return Condition.Well;
    }

    private static byte Substation(ReadingDraft to)
    {
        double supply = to.Sense(CityQuantity.PowerSupply);
        bool tripped = supply < 0.9995 && to.Own(90) >= supply;
        double load = tripped ? 0 : 100 * (0.37 + (0.08 * to.Own(1))) * to.Sense(CityQuantity.ElectricityDemand) * (1 + (0.012 * to.Noise()));
        to.Number("load"u8, load, 1, -140, 290);
        to.Number("power"u8, to.Figure(0) * load / 100, 2, -490, 490);
        to.Number("voltage"u8, tripped ? 0 : to.Figure(1) * (1.01 - (0.0002 * load) + (0.002 * to.Noise())), 2, 0, 490);
        to.Number("oil_temperature"u8, to.Sense(CityQuantity.AirTemperature) + 8 + (38 * Math.Min(2.2, load / 100) * Math.Min(2.2, load / 100)) + (0.3 * to.Noise()), 1, -35, 190);
        to.State("breaker"u8, tripped ? "tripped"u8 : "closed"u8, tripped ? 2 : 0);
        return tripped ? Condition.Alarm : load > 100 ? Condition.OtherAlarm : Condition.Well;
    }

    /// <summary>Sessions begin in slots of three hours, and fill part of one.</summary>
    private static byte Charger(ReadingDraft to)
    {
        double rated = to.Figure(0);
        if (!to.HasPower)
        {
            to.State("charger"u8, "fault"u8, 4);
            to.Number("power"u8, 0, 0);
            return Condition.Mute;
        }

        const double SlotInHours = 3;
        int slot = (int)(to.Now.Hour / SlotInHours);
        double want = to.Sense(CityQuantity.Charging) / Rhythm.Charging(to.Now.Hour) * Rhythm.Charging((slot + 0.5) * SlotInHours);
        (double begin, double end, double draw) = Session(to, to.Now.Day, slot, want, rated);
        bool charges = to.Now.Hour >= begin && to.Now.Hour < end;
        bool stays = !charges && end > begin && to.Now.Hour >= end && to.Now.Hour < end + 0.4;
        double energy = 0;

        // Counts from Monday on, when its operator has read it.
        for (int day = to.Now.Day - ((to.Now.Day + 2) % 7); day <= to.Now.Day; day++)
        {
            int slots = day == to.Now.Day ? slot + 1 : (int)(24 / SlotInHours);
            for (int each = 0; each < slots; each++)
            {
                (double from, double until, double kilowatts) = Session(to, day, each, Rhythm.Charging((each + 0.5) * SlotInHours), rated);
                energy += Math.Max(0, (day == to.Now.Day ? Math.Min(until, to.Now.Hour) : until) - from) * kilowatts;
            }
        }

        to.State("charger"u8, charges ? "charging"u8 : stays ? "occupied"u8 : "available"u8, charges ? 2 : stays ? 1 : 0);
        to.Number("power"u8, charges ? draw * (to.Orders?.PowerShare ?? 1) * (1 + (0.01 * to.Noise())) : 0, 2, 0, 490);
        to.Counter("energy"u8, energy, 2);
        to.Number("connector_temperature"u8, to.Sense(CityQuantity.AirTemperature) + (charges ? 16 : 2) + (0.4 * to.Noise()), 1, -35, 85);
        return to.Last == Condition.Mute ? Condition.Restored : Condition.Well;
    }

    private static (double Begin, double End, double Power) Session(ReadingDraft to, int day, int slot, double share, double rated)
    {
        ulong lot = to.Lot(2, (day * 8L) + slot);
        if (Chance.Even(lot) >= share * 1.6)
        {
            return (0, 0, 0);
        }

        double begin = (slot * 3) + (0.8 * Chance.Even(Chance.Mix(lot, 1UL)));
        return (begin, begin + 0.6 + (1.2 * Chance.Even(Chance.Mix(lot, 2UL))), rated * (0.45 + (0.5 * Chance.Even(Chance.Mix(lot, 3UL)))));
    }

    private static byte Solar(ReadingDraft to)
    {
        double rated = to.Figure(0) * (0.7 + (0.6 * to.Own(1)));
        double sun = to.Sense(CityQuantity.Sun);
        bool on = to.HasPower;

        // Panels lose half a percent of their power with every degree.
        double warm = to.Sense(CityQuantity.AirTemperature) + (0.028 * sun);
        double power = on && sun > 8 ? rated * sun / 1000 * (0.88 - (0.004 * (warm - 25))) * (1 + (0.02 * to.Drift(2, 0.1)) + (0.01 * to.Noise())) : 0;
        to.Number("power"u8, Math.Max(0, power), 2, 0, 99_000);
        to.Counter("energy"u8, to.Counted(Tally.Sun) * rated * 0.86, 1);
        to.State("inverter"u8, power > 0 ? "producing"u8 : "standby"u8, power > 0 ? 1 : 0);
        to.Number("inverter_temperature"u8, to.Sense(CityQuantity.AirTemperature) + 6 + (24 * Math.Min(1, power / Math.Max(1, rated))) + (0.3 * to.Noise()), 1, -35, 110);
        return on ? to.Last == Condition.Alarm ? Condition.Restored : Condition.Well : Condition.Alarm;
    }

    /// <summary>Charges by night and at noon, feeds the evening.</summary>
    private static byte Battery(ReadingDraft to)
    {
        double rated = to.Figure(0), hour = to.Now.Hour;
        double share = (-0.42 * Rhythm.Hill(hour, 3, 1.6)) - (0.5 * Rhythm.Hill(hour, 13, 1.4)) + (0.78 * Rhythm.Hill(hour, 19.3, 1.5));
        bool idle = Math.Abs(share) < 0.06;
        double power = idle ? 0 : rated * share * (1 + (0.01 * to.Noise()));
        double charge = 38 + (26 * Rhythm.Hill(hour, 6.5, 3.4)) + (44 * Rhythm.Hill(hour, 16, 2.6)) - (12 * Rhythm.Hill(hour, 22, 2));
        to.Number("charge"u8, charge + (3 * to.Own(1)), 1, 5, 98);
        to.Number("power"u8, power, 1, -49_000, 49_000);
        to.Number("cell_temperature"u8, 22 + (0.2 * (to.Sense(CityQuantity.AirTemperature) - 12)) + (7 * Math.Abs(share)) + (0.15 * to.Noise()), 1, -35, 190);
        to.State("battery"u8, idle ? "idle"u8 : power < 0 ? "charging"u8 : "discharging"u8, idle ? 0 : power < 0 ? 1 : 2);
        return Condition.Well;
    }

    private static byte Building(ReadingDraft to)
    {
        double work = Rhythm.Work(to.Now.Kind, to.Now.Hour + (0.8 * (to.Own(1) - 0.5)));
        double rated = to.Figure(0) * (0.6 + (0.8 * to.Own(2)));
        bool on = to.HasPower;
        double mean = rated * 0.32;
        double warm = to.Sense(CityQuantity.AirTemperature);
        double power = on ? mean * ((0.45 + (1.5 * work)) * Tallies.LoadOf(warm)) * (1 + (0.03 * to.Drift(3, 0.5)) + (0.015 * to.Noise())) : 0;
        double people = to.Figure(1) * (0.35 + (0.4 * to.Own(4))) * work;
        to.Number("power"u8, power, 2, 0, 19_000);
        to.Counter("energy"u8, to.Counted(Tally.Electricity) * mean, 1);
        to.Counter("water_volume"u8, to.Counted(Tally.Water) * 0.12 * rated / 90, 2);
        to.Number("indoor_temperature"u8, 19 + (1.8 * work) + (0.1 * Math.Max(0, warm - 15)) + to.Own(5) + (0.06 * to.Noise()), 1, -25, 75);
        to.Number("carbon_dioxide"u8, 430 + (520 * work * (0.7 + (0.5 * to.Own(6)))) + (12 * to.Noise()), 0, 380, 19_000);
        to.Number("occupancy"u8, work > 0.06 ? to.Poisson(people) : 0, 0, 0, 49_000);
        to.State("fire_alarm"u8, "normal"u8, 0);
        bool armed = work < 0.03 || to.Now.Hour is < 6 or > 21.5;
        to.State("intrusion"u8, armed ? "armed"u8 : "disarmed"u8, armed ? 1 : 0);
        return on ? to.Last == Condition.Alarm ? Condition.Restored : Condition.Well : Condition.Alarm;
    }
}
