using Streams.Domain.Alerts;
using Streams.Domain.Windows;

namespace Streams.Domain.Areas;

public sealed partial class Area
{
    /// <summary>As many alerts as an area can have stand, and the last that are over.</summary>
    private const int MostIncidents = 1000;

    private readonly Dictionary<string, string> _incidentOf = new(StringComparer.Ordinal);
    private readonly Queue<string> _alertsOfIncidents = new();

    /// <summary>One of its alerts is an incident's: said with every state of it from now on.</summary>
    public AreaOutcome Belongs(string alert, string incident)
    {
        if (_incidentOf.TryGetValue(alert, out string? known) && known == incident)
        {
            return AreaOutcome.Quiet;
        }

        if (known is null)
        {
            _alertsOfIncidents.Enqueue(alert);
        }

        _incidentOf[alert] = incident;
        while (_alertsOfIncidents.Count > MostIncidents)
        {
            _incidentOf.Remove(_alertsOfIncidents.Dequeue());
        }

        return AreaOutcome.Speaks;
    }

    private Alert WithIncident(Alert alert) => _incidentOf.TryGetValue(alert.Id, out string? incident) ? alert with { IncidentId = incident } : alert;

    private void SaveIncidents(SnapshotWriter writer)
    {
        writer.Unsigned((ulong)_alertsOfIncidents.Count);
        foreach (string alert in _alertsOfIncidents)
        {
            writer.Text(alert);
            writer.Text(_incidentOf[alert]);
        }
    }

    private void ReadIncidents(ref SnapshotReader reader)
    {
        for (int left = reader.Count(MostIncidents); left > 0 && !reader.Failed; left--)
        {
            string alert = reader.Text();
            _alertsOfIncidents.Enqueue(alert);
            _incidentOf[alert] = reader.Text();
        }
    }
}
