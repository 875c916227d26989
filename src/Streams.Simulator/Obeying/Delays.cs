using Streams.Domain.Dispatch;

namespace Streams.Simulator.Obeying;

/// <summary>
/// How long city systems take, in the city's time: of devices and areas from when they begin until it is done, of units the work at the place. The way there comes on top.
/// </summary>
/// <remarks>
/// Orders of magnitude, not measurements. Remote control: a telecontrol telegram and its answer take seconds, a controller that changes its signal plan ends its cycle of 60
/// to 120 s first. What people do with their hands (barriers, valves, breakers without telecontrol) takes a drive and some minutes. Units: German and French response-time
/// goals for engines and ambulances lie at 8 to 15 minutes from the call, of which some 2 are for turning out; network operators publish 30 to 90 minutes for a repair by
/// switching, and hours for a main.
/// </remarks>
internal static class Delays
{
    private const double S = 1000, M = 60_000;

    /// <summary>Of a unit that is not known where it stands: 3 to 12 minutes, as of one that is.</summary>
    public const double ShortestWayInMs = 3 * M, LongestWayInMs = 12 * M;

    /// <summary>Through a town with priority, turns included.</summary>
    public const double KilometresAnHour = 32;

    /// <summary>A way is longer than the line as the crow flies (1.2 to 1.4 in European towns).</summary>
    public const double Detour = 1.3;

    /// <summary>By system and action.</summary>
    private static readonly Dictionary<(string System, string Action), (double Least, double Most)> Work = new()
    {
        [("traffic-control", "green-wave")] = (20 * S, 90 * S),
        [("traffic-control", "normal-signals")] = (20 * S, 90 * S),
        [("traffic-control", "flash-amber")] = (5 * S, 60 * S),
        [("traffic-control", "close-road")] = (3 * M, 8 * M),
        [("traffic-control", "open-road")] = (3 * M, 8 * M),
        [("traffic-control", "reroute")] = (1 * M, 5 * M),
        [("traffic-control", "end-reroute")] = (1 * M, 4 * M),
        [("variable-signs", "show-message")] = (3 * S, 30 * S),
        [("variable-signs", "clear-message")] = (3 * S, 30 * S),
        [("street-lighting", "set-brightness")] = (3 * S, 40 * S),
        [("street-lighting", "undim")] = (3 * S, 40 * S),
        [("street-lighting", "automatic")] = (3 * S, 40 * S),
        [("street-lighting", "send-crew")] = (20 * M, 70 * M),
        [("cameras", "point-at")] = (2 * S, 12 * S),
        [("cameras", "preset-home")] = (2 * S, 12 * S),
        [("cameras", "record")] = (1 * S, 3 * S),
        [("cameras", "stop-recording")] = (1 * S, 3 * S),
        [("public-transport", "reroute-lines")] = (3 * M, 10 * M),
        [("public-transport", "restore-lines")] = (3 * M, 10 * M),
        [("public-transport", "set-frequency")] = (3 * M, 10 * M),
        [("public-transport", "restore-frequency")] = (3 * M, 10 * M),
        [("public-transport", "stop-lines")] = (1 * M, 3 * M),
        [("public-transport", "shuttle")] = (5 * M, 15 * M),
        [("police", "send-patrol")] = (2 * M, 8 * M),
        [("police", "cordon")] = (3 * M, 9 * M),
        [("police", "lift-cordon")] = (1 * M, 4 * M),
        [("fire-and-rescue", "send-engine")] = (4 * M, 10 * M),
        [("fire-and-rescue", "send-pump")] = (10 * M, 30 * M),
        [("fire-and-rescue", "send-hazmat")] = (10 * M, 30 * M),
        [("ambulance", "send-ambulance")] = (6 * M, 11 * M),
        [("ambulance", "stand-by")] = (10 * S, 1 * M),
        [("ambulance", "stand-down")] = (10 * S, 1 * M),
        [("cleaning", "send-crew")] = (20 * M, 90 * M),
        [("cleaning", "grit")] = (40 * M, 120 * M),
        [("waste-collection", "collect")] = (30 * M, 120 * M),
        [("waste-collection", "lock-inlets")] = (5 * S, 40 * S),
        [("waste-collection", "unlock-inlets")] = (5 * S, 40 * S),
        [("waste-collection", "clear-pipe")] = (30 * M, 120 * M),
        [("electricity", "send-crew")] = (15 * M, 60 * M),
        [("electricity", "shed-load")] = (20 * S, 2 * M),
        [("electricity", "restore-load")] = (1 * M, 8 * M),
        [("electricity", "isolate")] = (20 * S, 3 * M),
        [("electricity", "reconnect")] = (3 * M, 15 * M),
        [("water", "close-valves")] = (4 * M, 11 * M),
        [("water", "open-valves")] = (5 * M, 20 * M),
        [("water", "send-crew")] = (30 * M, 120 * M),
        [("water", "raise-pumps")] = (40 * S, 5 * M),
        [("water", "normal-pumps")] = (40 * S, 5 * M),
        [("gas", "shut-off")] = (3 * M, 10 * M),
        [("gas", "restore-gas")] = (60 * M, 150 * M),
        [("gas", "send-crew")] = (10 * M, 30 * M),
        [("heat", "send-crew")] = (40 * M, 150 * M),
        [("heat", "boost")] = (5 * M, 20 * M),
        [("heat", "normal-heat")] = (5 * M, 20 * M),
        [("ev-charging", "limit-power")] = (2 * S, 30 * S),
        [("ev-charging", "full-power")] = (2 * S, 30 * S),
        [("ev-charging", "send-crew")] = (20 * M, 80 * M),
        [("buildings", "evacuate")] = (5 * M, 14 * M),
        [("buildings", "readmit")] = (4 * M, 12 * M),
        [("buildings", "stop-ventilation")] = (10 * S, 2 * M),
        [("buildings", "normal-ventilation")] = (10 * S, 2 * M),
        [("buildings", "open-refuge")] = (20 * M, 70 * M),
        [("buildings", "close-refuge")] = (10 * M, 40 * M),
        [("buildings", "lock-down")] = (5 * S, 60 * S),
        [("public-information", "inform")] = (5 * S, 50 * S),
        [("public-information", "warn")] = (3 * S, 40 * S),
        [("public-information", "all-clear")] = (5 * S, 50 * S),
        [("connectivity", "send-crew")] = (20 * M, 90 * M),
        [("connectivity", "switch-uplink")] = (20 * S, 3 * M),
        [("connectivity", "first-uplink")] = (20 * S, 3 * M),
    };

    /// <summary>Of what the table does not know, by what it is done to.</summary>
    public static (double LeastInMs, double MostInMs) Of(string system, SystemAction action) =>
        Work.TryGetValue((system, action.Name), out (double, double) known) ? known : action.Target switch
        {
            ActionTarget.Devices => (2 * S, 30 * S),
            ActionTarget.Unit => (10 * M, 30 * M),
            _ => (1 * M, 5 * M),
        };

    /// <summary>From the acceptance until it begins: a telegram is sent, a desk is told, a crew gets into its vehicle.</summary>
    public static (double LeastInMs, double MostInMs) BeforeIt(ActionTarget target) => target switch
    {
        ActionTarget.Devices => (0.1 * S, 1 * S),
        ActionTarget.Unit => (20 * S, 90 * S),
        _ => (1 * S, 8 * S),
    };

    public static double Between((double Least, double Most) span, double share) => span.Least + ((span.Most - span.Least) * share);
}
