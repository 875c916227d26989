using System.Buffers;
using System.Text.Json;
using Streams.Domain.Alerts;
using Streams.Domain.Detection;
using Streams.Domain.Devices;

namespace Streams.Domain.Dispatch;

public sealed partial class Dispatcher
{
    /// <summary>
    /// The dispatcher as the API shows it: <c>area</c>, <c>system</c>, <c>units</c> (those that are configured, and those that are not any more but still under way), <c>queue</c>
    /// (what waits, the most urgent first), <c>holdings</c> (what is done or being done, to whom, for which requests), <c>commands</c> (on their way).
    /// </summary>
    public void WriteJson(IBufferWriter<byte> to)
    {
        using Utf8JsonWriter json = new(to, AnomalyJson.Options);
        json.WriteStartObject();
        json.WriteString("area"u8, Area);
        json.WriteString("system"u8, System);
        json.WriteString("title"u8, _map.Kind.Title);
        json.WriteString("absentBecause"u8, _map.AbsentBecause);
        json.WriteNumber("devices"u8, _map.Devices.Length);
        json.WriteNumber("devicesHeld"u8, _things.Keys.Count(asset => _things[asset][^1].Target == ActionTarget.Devices));
        json.WriteNumber("openRequests"u8, _open);
        json.WriteStartArray("units"u8);
        foreach (DispatchUnit unit in _map.Units)
        {
            WriteUnit(json, unit.Id, unit);
        }

        foreach (string gone in _units.Keys.Except(_map.Units.Select(unit => unit.Id)).Order(StringComparer.Ordinal))
        {
            WriteUnit(json, gone, null);
        }

        json.WriteEndArray();
        json.WriteStartArray("queue"u8);
        foreach (RequestRun run in _waiting)
        {
            json.WriteStartObject();
            WriteRequest(json, run);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteStartArray("holdings"u8);
        foreach (Holding holding in _holdings.Values)
        {
            Write(json, holding);
        }

        json.WriteEndArray();
        json.WriteStartArray("commands"u8);
        foreach (Holding holding in _holdings.Values)
        {
            foreach (CommandRun run in holding.Runs)
            {
                Write(json, holding, run);
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private void WriteUnit(Utf8JsonWriter json, string id, DispatchUnit? unit)
    {
        Holding? holding = _units.GetValueOrDefault(id);
        json.WriteStartObject();
        json.WriteString("id"u8, id);
        json.WriteString("state"u8, holding is not null ? Word(holding.State) : Rests(id, _lastInMs) ? "resting" : "free");
        json.WriteString("incidentId"u8, holding?.IncidentId);
        json.WriteString("commandId"u8, holding?.Id);
        json.WriteBoolean("isConfigured"u8, unit is not null);
        if (unit is not null)
        {
            json.WriteString("home"u8, unit.Home);
            json.WritePropertyName("location"u8);
            DeviceJson.Write(json, unit.Location);
            json.WriteStartArray("does"u8);
            foreach (string action in unit.Does)
            {
                json.WriteStringValue(action);
            }

            json.WriteEndArray();
        }

        if (_rests.TryGetValue(id, out (long UntilInMs, int Times) rest) && rest.UntilInMs > _lastInMs)
        {
            json.WriteString("restsUntil"u8, AlertJson.Time(rest.UntilInMs));
        }

        json.WriteEndObject();
    }

    private static void WriteRequest(Utf8JsonWriter json, RequestRun run)
    {
        json.WriteString("commandId"u8, run.Id);
        json.WriteString("incidentId"u8, run.Request.IncidentId);
        json.WriteString("step"u8, run.Request.Step);
        json.WriteString("action"u8, run.Request.Action);
        json.WriteString("place"u8, run.Request.Area);
        json.WriteNumber("priority"u8, run.Request.Priority);
        json.WriteNumber("wanting"u8, run.Left);
        json.WriteString("deadline"u8, AlertJson.Time(run.Request.DeadlineInMs));
    }

    private static void Write(Utf8JsonWriter json, Holding holding)
    {
        json.WriteStartObject();
        json.WriteString("commandId"u8, holding.Id);
        json.WriteString("incidentId"u8, holding.IncidentId);
        json.WriteString("action"u8, holding.Action);
        json.WriteString("place"u8, holding.Place);
        json.WriteString("state"u8, Word(holding.State));
        json.WriteNumber("priority"u8, holding.Priority);
        json.WriteStartArray("targets"u8);
        foreach (string target in holding.Targets)
        {
            json.WriteStringValue(target);
        }

        json.WriteEndArray();
        json.WriteStartArray("requests"u8);
        foreach (string request in holding.Members)
        {
            json.WriteStringValue(request);
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, Holding holding, CommandRun run)
    {
        json.WriteStartObject();
        json.WriteString("commandId"u8, run.Id);
        json.WriteString("incidentId"u8, holding.IncidentId);
        json.WriteString("action"u8, run.Action);
        json.WriteNumber("targets"u8, run.Targets.Length);
        json.WriteNumber("attempt"u8, run.Attempt);
        json.WriteString("status"u8, run.Status is { } status ? status.ToString().ToLowerInvariant() : "sent");
        json.WriteString("issuedAt"u8, AlertJson.Time(run.IssuedInMs));
        json.WriteString("deadline"u8, AlertJson.Time(run.DeadlineInMs));
        json.WriteEndObject();
    }

    private static string Word(HoldingState state) => state switch
    {
        HoldingState.Doing => "doing",
        HoldingState.Standing => "standing",
        HoldingState.Withdrawing => "being_withdrawn",
        HoldingState.Doubtful => "in_doubt",
        HoldingState.Undoing => "being_taken_back",
        _ => "to_be_taken_back",
    };
}
