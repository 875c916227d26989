using Streams.Chaos.Load;
using Streams.Chaos.Truth;

namespace Streams.Chaos.Checks;

/// <summary>
/// I4 and I6 for alerts: states of an alert come one after the other (noted as they are seen), rest on anomalies that were decided, and in the
/// end an area's alert stands where, and only where, one of its devices is beyond its limit.
/// </summary>
internal sealed class AlertChecks(CityModel model, PublishedFacts facts, Violations violations)
{
    public int Alerts { get; private set; }

    public int States { get; private set; }

    /// <summary>Settled areas with devices of their own, and whether an alert is to stand there.</summary>
    private Dictionary<string, bool> Expected() => model.Devices.Values
        .Where(device => device.Actor.Device.Type == TestCity.SensorType && TestCity.IsSettled(device.Actor.Device.Area))
        .GroupBy(device => device.Actor.Device.Area)
        .ToDictionary(area => area.Key, area => area.Any(device => device.OpenLimits > 0));

    public bool IsComplete()
    {
        bool complete = true;
        facts.Locked(() => complete = Expected().All(area => Stands(area.Key) == area.Value));
        return complete;
    }

    public void Check()
    {
        HashSet<string> decided = [.. model.Devices.Values.SelectMany(device => device.Decisions).Select(decision => decision.EventId.Split('/')[0])];
        foreach ((string id, List<AlertState> states) in facts.Alerts)
        {
            Alerts++;
            States += states.Count;
            foreach ((AlertState state, string anomaly) in states.SelectMany(state => state.Evidence.Select(anomaly => (state, anomaly))).Where(each => !decided.Contains(each.anomaly)).Take(1))
            {
                violations.Add("I5", $"alert {id}", $"rests on anomaly {anomaly}", "which no device decided", state.Place);
            }
        }

        foreach ((string area, bool stands) in Expected().Where(area => Stands(area.Key) != area.Value))
        {
            violations.Add("I4", $"area {area}", stands ? "no alert stands" : "an alert stands", stands ? "one: a device is beyond its limit" : "none: no device is beyond its limit");
        }
    }

    private bool Stands(string area) => facts.Alerts.Values.Any(states => states[^1].Area == area && states[^1].State == "active");
}
