using System.Collections.Immutable;
using System.Globalization;
using Streams.Domain.Cities;
using Streams.Simulator.Obeying;

namespace Streams.Simulator.Living;

/// <summary>What single devices were told: each of their models heeds what concerns it.</summary>
/// <param name="BrightnessInPercent">Of a street light; null where it follows the dark.</param>
/// <param name="IsUndimmed">A street light that is lit is not dimmed at night.</param>
/// <param name="PowerShare">0 to 1 of what a charger would draw.</param>
/// <param name="Flashes">A traffic light flashes amber.</param>
/// <param name="CollectedAtInMs">When a container was emptied out of turn.</param>
internal sealed record DeviceOrders(double? BrightnessInPercent = null, bool IsUndimmed = false, double? PowerShare = null, bool Flashes = false, long? CollectedAtInMs = null);

/// <summary>
/// What city systems did that shows in the city by itself, whatever befalls it: until it is taken back, conditions of its area are others, and devices do as
/// they were told. Everything else shows through the scenarios that say what ends them.
/// </summary>
internal static class StandingDeeds
{
    /// <summary>Kept at once; the oldest go first.</summary>
    public const int MostKept = 1000;

    /// <summary>No container waits longer than four days for its next round.</summary>
    private const long CollectionCountsInMs = 5 * 86_400_000L;

    /// <summary>So long one that was taken back still dies down.</summary>
    private const long DiesInMs = 600_000;

    private static readonly TimeSpan Always = TimeSpan.FromDays(36_500);

    private delegate DeviceOrders Order(Deed deed, DeviceOrders before);

    /// <summary>By system and action. How long it takes to show is said by the rise: vehicles that join a line have to drive there first, drivers have to see the signs.</summary>
    private static readonly Dictionary<(string System, string Action), Func<Deed, ScenarioEffect.Condition>> Conditions = new()
    {
        // The same people in more vehicles.
        [("public-transport", "set-frequency")] = deed => Sets("transit_riders", 1 / Math.Clamp(Number(deed, "factor", 1), 0.1, 10), TimeSpan.FromMinutes(10)),
        [("electricity", "shed-load")] = deed => Sets("electricity_demand", 1 - (Math.Clamp(Number(deed, "share", 10), 0, 100) / 100), TimeSpan.FromSeconds(30)),

        // About one driver in seven follows signs that lead around (field studies of variable signs: 5 to 30 %).
        [("traffic-control", "reroute")] = _ => Sets("traffic", 0.85, TimeSpan.FromMinutes(10)),
    };

    private static readonly Dictionary<(string System, string Action), (string Type, Order Order)> Devices = new()
    {
        [("street-lighting", "set-brightness")] = ("street_light", static (deed, before) => before with { BrightnessInPercent = Math.Clamp(Number(deed, "brightness", 100), 0, 100) }),
        [("street-lighting", "undim")] = ("street_light", static (_, before) => before with { IsUndimmed = true }),
        [("ev-charging", "limit-power")] = ("ev_charger", static (deed, before) => before with { PowerShare = Math.Clamp(Number(deed, "share", 100), 0, 100) / 100 }),
        [("traffic-control", "flash-amber")] = ("traffic_light", static (_, before) => before with { Flashes = true }),
        [("waste-collection", "collect")] = ("waste_container", static (deed, before) => before with { CollectedAtInMs = deed.TimeInMs }),
    };

    public static bool IsKept(Deed deed) => Conditions.ContainsKey((deed.System, deed.Action)) || Devices.ContainsKey((deed.System, deed.Action));

    /// <summary>What stands after <paramref name="deed"/>, the oldest first; the same array where it changes nothing.</summary>
    public static ImmutableArray<Deed> After(ImmutableArray<Deed> standing, Deed deed)
    {
        if (standing.Any(each => each.CommandId == deed.CommandId))
        {
            return standing;
        }

        ImmutableArray<Deed> after = standing;
        bool named = deed.Compensates is not null && standing.Any(each => each.CommandId == deed.Compensates);
        foreach (Deed each in standing)
        {
            if (each.UndoneAtInMs is null && Deed.IsMeant(deed, named, each.CommandId, each.System, each.Action, each.Area))
            {
                after = after.Replace(each, each with { UndoneAtInMs = deed.TimeInMs });
            }
        }

        if (IsKept(deed))
        {
            // The same told anew, with other figures perhaps, takes its place.
            after = after.RemoveAll(each => each.System == deed.System && each.Action == deed.Action && each.Area == deed.Area && each.Targets.SequenceEqual(deed.Targets)).Add(deed);
        }

        if (after == standing)
        {
            return standing;
        }

        after = after.RemoveAll(each => deed.TimeInMs > each.UndoneAtInMs + DiesInMs || (each.Action == "collect" && deed.TimeInMs > each.TimeInMs + CollectionCountsInMs));
        return after.Length > MostKept ? after[^MostKept..] : after;
    }

    /// <summary>As something that befalls the area; null for what only devices show.</summary>
    public static (ScenarioEffect.Condition Effect, ScenarioRun Run)? HappeningOf(Deed deed) =>
        Conditions.TryGetValue((deed.System, deed.Action), out Func<Deed, ScenarioEffect.Condition>? condition)
            ? (condition(deed), new ScenarioRun(deed.CommandId, "", deed.Area, deed.TimeInMs, long.MaxValue, deed.UndoneAtInMs))
            : null;

    /// <summary>By device; null where none was told anything.</summary>
    public static DeviceOrders?[]? OrdersOf(IEnumerable<Deed> standing, City city, Ground ground)
    {
        DeviceOrders?[]? orders = null;
        foreach (Deed deed in standing)
        {
            if (deed.UndoneAtInMs is not null || !Devices.TryGetValue((deed.System, deed.Action), out (string Type, Order Order) told))
            {
                continue;
            }

            orders ??= new DeviceOrders?[city.Devices.Length];
            DeviceOrders nothing = new();
            DeviceOrders alone = told.Order(deed, nothing);
            foreach (int device in Meant(deed, told.Type, city, ground))
            {
                orders[device] = orders[device] is { } before ? told.Order(deed, before) : alone;
            }
        }

        return orders;
    }

    /// <summary>The devices it names; where it names none (or crews), all of the type in the area.</summary>
    private static IEnumerable<int> Meant(Deed deed, string type, City city, Ground ground)
    {
        if (deed.Units == 0 && deed.Targets.Length > 0)
        {
            return deed.Targets.Select(ground.DeviceOf).Where(device => device >= 0 && city.Devices[device].Type == type);
        }

        return ground.TryFind(deed.Area, out int area)
            ? ground.Within(area).Index().Where(each => each.Item).SelectMany(each => ground.DevicesIn[each.Index]).Where(device => city.Devices[device].Type == type)
            : [];
    }

    private static ScenarioEffect.Condition Sets(string quantity, double times, TimeSpan shows) => new(quantity, times, 0) { Lasts = Always, Rise = shows, Fall = shows };

    private static double Number(Deed deed, string name, double otherwise) =>
        deed.Parameters.TryGetValue(name, out string? text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) && double.IsFinite(number) ? number : otherwise;
}
